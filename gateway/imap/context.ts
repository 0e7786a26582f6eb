import type { SecureContext } from 'node:tls';
import type { Authenticator } from '../../lib/auth/authenticator.ts';
import type { Logins } from '../../lib/auth/logins.ts';
import type { Referrals } from '../../lib/auth/referrals.ts';
import type { Clock } from '../../lib/base/clock.ts';
import type { Networks } from '../../lib/base/config-networks.ts';
import type { Bytes } from '../../lib/base/config-values.ts';
import type { ImapLimits } from '../../lib/base/limits.ts';
import type { Log } from '../../lib/base/log.ts';
import type { Arrangements } from '../../lib/search/arrangements.ts';
import type { GistCache } from '../../lib/search/gist-cache.ts';
import type { KeyCache } from '../../lib/search/key-cache.ts';
import type { Threads } from '../../lib/search/threads.ts';
import type { Account, AccountOptions } from '../../lib/store/account.ts';
import type { User } from '../../lib/store/directory.ts';
import type { MailStore } from '../../lib/store/mail-store.ts';
import type { NameView } from '../../lib/store/name-view.ts';
import type { Connection } from '../net/connection.ts';
import type { Outbox } from './arrivals.ts';
import type { ImageProcess } from './convert/image-process.ts';
import type { Events } from './events.ts';
import type { SummaryTexts } from './fetch/summary-texts.ts';
import type { Input } from './input.ts';
import type { Notifier } from './notify/notifier.ts';
import type { Selected, Style, Telling } from './selected.ts';
import type { Dialect } from './wire/read/reader.ts';

/** What IMAP sessions are run with. */
export interface ImapOptions {
  readonly store: MailStore;
  readonly authenticator: Authenticator;
  /** Counts the sessions of users. */
  readonly logins: Logins;
  /** Our name, in the greeting. */
  readonly servername: string;
  /** Largest message that APPEND takes, 0 for any (`maxmessagesize`). */
  readonly maxMessageBytes: Bytes;
  /** Messages that one command may be about, 0 for any (`messagelimit`); */
  readonly messageLimit?: number;
  /** and that one COPY or APPEND may (`savelimit`), where other commands have no limit. */
  readonly saveLimit?: number;
  /** Passwords may be sent outside TLS (`allowplaintext`). */
  readonly allowPlaintext: boolean;
  /** Administrators and the domain of users without one (`admins`, `defaultdomain`). */
  readonly accounts?: AccountOptions;
  /** When SELECT warns of a quota (`quotawarn`, `quotawarnkb`); 90 % without. */
  readonly quotaWarning?: { readonly percent: number; readonly freeKib: number };
  /** Users that may resolve `submit+` URLs (`submitservers`). */
  readonly submitServers?: readonly string[];
  /** Who is served by other servers (`referrals`); nobody without. */
  readonly referrals?: Referrals | undefined;
  /** Capabilities that are not announced (`suppress_capabilities`). */
  readonly suppressed?: readonly string[];
  /** Whether ID is answered with who we are (`imapidresponse`); it is without. */
  readonly identify?: boolean;
  /** Where clients connect from that may say for whom they speak (`login_trusted_networks`); nowhere without. */
  readonly webmails?: Networks;
  /** Who is told of messages that are added and flags that change (RFC 6785); nobody without. */
  readonly events?: Events;
  /** Which mailbox sends what is put into it (`outbox`); none without. */
  readonly outbox?: Outbox | undefined;
  /** URL of ManageSieve; '' or none: there is none. */
  readonly manageSieve?: string;
  /** The certificate of the moment; STARTTLS is offered when it is given. */
  readonly secureContext?: () => SecureContext;
  readonly log: Log;
  readonly clock: Clock;
  readonly limits: ImapLimits;
  /** What SEARCH, SORT and THREAD have seen of messages, shared by all sessions. */
  readonly gists: GistCache;
  /** What SORT and THREAD have compared lately. */
  readonly keys: KeyCache;
  /** Into which threads THREAD has put messages lately, by algorithm; */
  readonly threads: Arrangements<Threads>;
  /** in which order SORT has, by criteria. */
  readonly orders: Arrangements<readonly number[]>;
  /** Pictures are converted here, for all sessions. */
  readonly images: ImageProcess;
  /** What FETCH has written of messages, shared by all sessions. */
  readonly summaryTexts: SummaryTexts;
}

/** Extensions that a client turns on (RFC 9051 §6.3.1, RFC 7162 §3.1, §3.2, RFC 9586, RFC 9755). */
export type Extension = 'CONDSTORE' | 'IMAP4REV2' | 'QRESYNC' | 'UIDONLY' | 'UTF8=ACCEPT';

/** What the commands see of the session. */
export interface Context {
  readonly options: ImapOptions;
  readonly connection: Connection;
  readonly input: Input;
  readonly log: Log;
  readonly enabled: Set<Extension>;
  readonly dialect: Dialect;
  readonly style: Style;
  readonly capabilities: readonly string[];
  /** Whether passwords may be sent now. */
  readonly passwordsAllowed: boolean;
  /** The user's mail; only asked for after login. */
  readonly account: Account;
  /** How that user calls mailboxes; commands hand on the store's names, patterns are about these. */
  readonly names: NameView;
  /** The selected mailbox; only asked for when one is selected. */
  readonly selected: Selected;
  readonly hasSelected: boolean;
  /** Adds to the output. */
  write(data: string | Uint8Array): void;
  /** Waits while the client lags behind in reading; throws `ConnectionClosed` when it is gone. */
  flow(): Promise<void>;
  /** Notes how much of the command is done, for a client that waits long. */
  progress(done: number, goal: number): void;
  /** Waits for the client when it lags, and lets other sessions run. */
  breathe(): Promise<void>;
  /** Writes untagged responses about the selected mailbox, from what this process knows. */
  tell(telling: Telling): Promise<void>;
  /** What NOTIFY asked for, while it lasts. */
  readonly notifier: Notifier | undefined;
  /** Replaces what NOTIFY asked for before. */
  setNotifier(notifier: Notifier | undefined): void;
  select(selected: Selected | undefined): void;
  /** Another IP address than the peer's is the client's; after login nothing is changed by it. */
  comesFrom(address: string): void;
  /** False: the user has as many sessions as may be. */
  logIn(user: User): boolean;
  /** Everything but TLS is as it was before login. */
  logOut(): void;
  /** Counts a failed login; too many end the session. */
  failLogin(): void;
  /** Says BYE; the session ends after the tagged response. */
  bye(text: string, code?: string): void;
}
