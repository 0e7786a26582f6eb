import { saslMechanisms } from '../../lib/auth/sasl/table.ts';

/** What the session offers depends on these. */
export interface Offers {
  readonly loggedIn: boolean;
  /** A certificate is there and TLS has not begun. */
  readonly startTls: boolean;
  /** Passwords may be sent now: TLS protects them, or the configuration says so. */
  readonly passwords: boolean;
  /** What goes over the connection is deflated already. */
  readonly compressed: boolean;
  /** Octets, 0 for any (`maxmessagesize`). */
  readonly maxMessageBytes: number;
  /** Messages that one command may be about, and those that a COPY or APPEND may; 0: any (`messagelimit`, `savelimit`). */
  readonly messageLimit: number;
  readonly saveLimit: number;
  /** Some users are served elsewhere (RFC 2193, RFC 2221). */
  readonly referrals: boolean;
  /** URL of ManageSieve, perhaps ''; undefined: no script runs for what IMAP does (RFC 6785 §2.1). */
  readonly manageSieve: string | undefined;
  /** The mailbox that sends what is put into it, as the user calls it; undefined: there is none. */
  readonly outbox: string | undefined;
}

const always = ['IMAP4rev1', 'IMAP4rev2', 'LITERAL+', 'ID', 'ENABLE'];

const afterLogin = [
  'UTF8=ACCEPT',
  'IDLE',
  'INPROGRESS',
  'NAMESPACE',
  'UNSELECT',
  'UIDPLUS',
  'MOVE',
  'MULTIAPPEND',
  'BINARY',
  'CHILDREN',
  'LIST-EXTENDED',
  'LIST-STATUS',
  'SPECIAL-USE',
  'CREATE-SPECIAL-USE',
  'STATUS=SIZE',
  'ESEARCH',
  'PARTIAL',
  'CONTEXT=SEARCH',
  'CONTEXT=SORT',
  'MULTISEARCH',
  'SEARCH=FUZZY',
  'OBJECTID',
  'SEARCHRES',
  'WITHIN',
  'FILTERS',
  'SAVEDATE',
  'PREVIEW',
  'SORT',
  'SORT=DISPLAY',
  'ESORT',
  'THREAD=ORDEREDSUBJECT',
  'THREAD=REFERENCES',
  'THREAD=REFS',
  'I18NLEVEL=2',
  'CONDSTORE',
  'QRESYNC',
  'UIDONLY',
  'UIDBATCHES',
  'ACL',
  'RIGHTS=texkn',
  'LIST-MYRIGHTS',
  'QUOTA',
  'QUOTASET',
  'QUOTA=RES-STORAGE',
  'QUOTA=RES-MESSAGE',
  'QUOTA=RES-MAILBOX',
  'QUOTA=RES-ANNOTATION-STORAGE',
  'ANNOTATE-EXPERIMENT-1',
  'METADATA',
  'METADATA-SERVER',
  'LIST-METADATA',
  'ANNOTATEMORE',
  'NOTIFY',
  'REPLACE',
  'CONVERT',
  'CATENATE',
  'URLAUTH',
  'URLAUTH=BINARY',
  'URL-PARTIAL',
  'UNAUTHENTICATE',
  'LANGUAGE',
];

/** Quirk (cyradm 3.6): it looks once, before it has logged in, and sets no annotations on servers that do not say this. */
const beforeLogin = ['METADATA'];

/** The capabilities, always in this order (RFC 9051 §6.1.1). Before login only what helps to log in. */
export function capabilities(offers: Offers): string[] {
  const { loggedIn, startTls, passwords, compressed, maxMessageBytes } = offers;
  // RFC 7889 §3: without a number, STATUS is to be asked (and answers that there is none).
  const limit = [maxMessageBytes > 0 ? `APPENDLIMIT=${maxMessageBytes}` : 'APPENDLIMIT'];
  if (loggedIn) {
    const deflate = compressed ? [] : ['COMPRESS=DEFLATE'];
    const scripts = offers.manageSieve === undefined ? [] : [`IMAPSIEVE=${offers.manageSieve}`];
    const elsewhere = offers.referrals ? ['MAILBOX-REFERRALS'] : [];
    // As Courier tells it.
    const outbox = offers.outbox === undefined ? [] : [`XCOURIEROUTBOX=${offers.outbox}`];
    const configured = [...messageLimits(offers), ...scripts, ...elsewhere, ...outbox];
    return [...always, ...afterLogin, ...deflate, ...limit, ...configured];
  }
  const mechanisms = saslMechanisms({ plaintextAllowed: passwords }).map((name) => `AUTH=${name}`);
  const login = passwords ? [] : ['LOGINDISABLED'];
  const tls = startTls ? ['STARTTLS'] : [];
  const elsewhere = offers.referrals ? ['LOGIN-REFERRALS'] : [];
  return [...always, ...tls, 'SASL-IR', ...mechanisms, ...login, ...beforeLogin, ...elsewhere];
}

/** RFC 9738 §3: SAVELIMIT only where no other command has a limit. */
function messageLimits({ messageLimit, saveLimit }: Offers): string[] {
  if (messageLimit > 0) return [`MESSAGELIMIT=${messageLimit}`];
  return saveLimit > 0 ? [`SAVELIMIT=${saveLimit}`] : [];
}
