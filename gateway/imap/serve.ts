import { Logins } from '../../lib/auth/logins.ts';
import { systemClock } from '../../lib/base/clock.ts';
import { type ImapLimits, imapLimits } from '../../lib/base/limits.ts';
import { GistCache } from '../../lib/search/gist-cache.ts';
import { KeyCache } from '../../lib/search/key-cache.ts';
import type { Connection } from '../net/connection.ts';
import type { ImapOptions } from './context.ts';
import { ImageProcess } from './convert/image-process.ts';
import { SummaryTexts } from './fetch/summary-texts.ts';
import { Session } from './session.ts';

/** What a client beyond the connection limits is told. */
export const imapRefusal = '* BYE [UNAVAILABLE] Too many connections\r\n';

/** Makes the `serve` of a listener: each connection becomes an IMAP session (RFC 9051, RFC 3501). */
export function serveImap(
  options: Omit<ImapOptions, 'clock' | 'limits' | 'logins' | 'gists' | 'keys' | 'summaryTexts' | 'images'> & {
    readonly clock?: ImapOptions['clock'];
    /** Without: sessions of users are not limited. */
    readonly logins?: Logins;
    limits?: Partial<ImapLimits>;
  },
): (connection: Connection) => Promise<void> {
  const limits = { ...imapLimits, ...options.limits };
  const gists = new GistCache(limits.gistBytes);
  const keys = new KeyCache(limits.keyBytes);
  const summaryTexts = new SummaryTexts(limits.summaryTextBytes);
  const whole = {
    clock: systemClock,
    logins: new Logins(0),
    ...options,
    limits,
    gists,
    keys,
    summaryTexts,
    images: new ImageProcess(limits),
  };
  return (connection) => new Session(connection, whole).run();
}
