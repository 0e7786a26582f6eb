import { Logins } from '../../lib/auth/logins.ts';
import { systemClock } from '../../lib/base/clock.ts';
import { type ImapLimits, imapLimits } from '../../lib/base/limits.ts';
import { Arrangements } from '../../lib/search/arrangements.ts';
import { GistCache } from '../../lib/search/gist-cache.ts';
import { KeyCache } from '../../lib/search/key-cache.ts';
import { threadsBytes } from '../../lib/search/threads.ts';
import type { Connection } from '../net/connection.ts';
import type { ImapOptions } from './context.ts';
import { ImageProcess } from './convert/image-process.ts';
import { SummaryTexts } from './fetch/summary-texts.ts';
import { Session } from './session.ts';

/** What a client beyond the connection limits is told. */
export const imapRefusal = '* BYE [UNAVAILABLE] Too many connections\r\n';

/** What the sessions of a process have in common. */
type Shared = 'gists' | 'keys' | 'orders' | 'threads' | 'summaryTexts' | 'images';

/** Makes the `serve` of a listener: each connection becomes an IMAP session (RFC 9051, RFC 3501). */
export function serveImap(
  options: Omit<ImapOptions, 'clock' | 'limits' | 'logins' | Shared> & {
    readonly clock?: ImapOptions['clock'];
    /** Without: sessions of users are not limited. */
    readonly logins?: Logins;
    limits?: Partial<ImapLimits>;
  },
): (connection: Connection) => Promise<void> {
  const limits = { ...imapLimits, ...options.limits };
  const shared: Pick<ImapOptions, Shared> = {
    gists: new GistCache(limits.gistBytes),
    keys: new KeyCache(limits.keyBytes),
    orders: new Arrangements(limits.orderBytes, (uids) => ORDER_BYTES * uids.length),
    threads: new Arrangements(limits.threadBytes, threadsBytes),
    summaryTexts: new SummaryTexts(limits.summaryTextBytes),
    images: new ImageProcess(limits),
  };
  const whole = { clock: systemClock, logins: new Logins(0), ...options, limits, ...shared };
  return (connection) => new Session(connection, whole).run();
}

/** A UID in a list. */
const ORDER_BYTES = 8;
