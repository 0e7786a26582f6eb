import type { CommandOf } from '../command-of.ts';
import type { Context } from '../context.ts';
import type { Reply } from '../reply.ts';
import type { ImapCommandName } from '../wire/commands.ts';
import { deleteAcl, getAclCommand, listRightsCommand, myRightsCommand, setAclCommand } from './acl.ts';
import { getAnnotation, setAnnotation } from './annotation.ts';
import { authenticate } from './authenticate.ts';
import { cancelUpdate } from './cancelupdate.ts';
import { capability } from './capability.ts';
import { close, unselect } from './close.ts';
import { comparator } from './comparator.ts';
import { compress } from './compress.ts';
import { conversionsCommand } from './conversions.ts';
import { convert } from './convert.ts';
import { copy } from './copy.ts';
import { create } from './create.ts';
import { deleteCommand } from './delete.ts';
import { enable } from './enable.ts';
import { esearch } from './esearch.ts';
import { expungeCommand } from './expunge.ts';
import { fetch } from './fetch.ts';
import { id } from './id.ts';
import { idle } from './idle.ts';
import { language } from './language.ts';
import { list } from './list.ts';
import { login } from './login.ts';
import { logout } from './logout.ts';
import { lsub } from './lsub.ts';
import { getMetadata, setMetadataCommand } from './metadata.ts';
import { move } from './move.ts';
import { namespace } from './namespace.ts';
import { noop } from './noop.ts';
import { notify } from './notify.ts';
import { getQuotaCommand, getQuotaRootCommand, setQuotaCommand } from './quota.ts';
import { rename } from './rename.ts';
import { search } from './search.ts';
import { select } from './select.ts';
import { sort } from './sort.ts';
import { startTls } from './starttls.ts';
import { status } from './status.ts';
import { store } from './store.ts';
import { subscribe } from './subscribe.ts';
import { thread } from './thread.ts';
import { uidBatches } from './uidbatches.ts';
import { unauthenticate } from './unauthenticate.ts';
import { genUrlAuth, resetKey, urlFetch } from './url-auth.ts';
import { xlist } from './xlist.ts';

/** How a verb is run. */
export interface Row<C = never> {
  /** When it is allowed (RFC 9051 §3). */
  readonly state: 'any' | 'before-login' | 'logged-in' | 'selected';
  /**
   * `used`: the client counts messages while this runs (unless it is the UID form), so that no EXPUNGE may be told
   * (RFC 9051 §7.5.1); `free`: what is new is told at its end.
   */
  readonly numbers: 'free' | 'used';
  /** Without an answer when it has given the tagged response itself. */
  run(context: Context, command: C, tag: string): Promise<Reply | undefined>;
}

type Table = { readonly [N in ImapCommandName]?: Row<CommandOf<N>> };

/** Every verb that is answered, but APPEND, whose messages stream. */
export const commands = {
  // RFC 9051 §6.1: any state
  CAPABILITY: { state: 'any', numbers: 'free', run: capability },
  NOOP: { state: 'any', numbers: 'free', run: noop },
  LOGOUT: { state: 'any', numbers: 'free', run: logout },
  ID: { state: 'any', numbers: 'free', run: id },
  // RFC 5255 §3.2
  LANGUAGE: { state: 'any', numbers: 'free', run: language },
  // RFC 5255 §4.7
  COMPARATOR: { state: 'logged-in', numbers: 'free', run: comparator },
  // RFC 9051 §6.2: not authenticated
  STARTTLS: { state: 'before-login', numbers: 'free', run: startTls },
  AUTHENTICATE: { state: 'before-login', numbers: 'free', run: authenticate },
  LOGIN: { state: 'before-login', numbers: 'free', run: login },
  // RFC 9051 §6.3: authenticated
  ENABLE: { state: 'logged-in', numbers: 'free', run: enable },
  SELECT: { state: 'logged-in', numbers: 'free', run: select },
  EXAMINE: { state: 'logged-in', numbers: 'free', run: select },
  CREATE: { state: 'logged-in', numbers: 'free', run: create },
  DELETE: { state: 'logged-in', numbers: 'free', run: deleteCommand },
  RENAME: { state: 'logged-in', numbers: 'free', run: rename },
  SUBSCRIBE: { state: 'logged-in', numbers: 'free', run: subscribe },
  UNSUBSCRIBE: { state: 'logged-in', numbers: 'free', run: subscribe },
  LIST: { state: 'logged-in', numbers: 'free', run: list },
  XLIST: { state: 'logged-in', numbers: 'free', run: xlist },
  LSUB: { state: 'logged-in', numbers: 'free', run: lsub },
  NAMESPACE: { state: 'logged-in', numbers: 'free', run: namespace },
  STATUS: { state: 'logged-in', numbers: 'free', run: status },
  IDLE: { state: 'logged-in', numbers: 'free', run: idle },
  // RFC 5465 §3
  NOTIFY: { state: 'logged-in', numbers: 'free', run: notify },
  // RFC 4467 §7
  GENURLAUTH: { state: 'logged-in', numbers: 'free', run: genUrlAuth },
  RESETKEY: { state: 'logged-in', numbers: 'free', run: resetKey },
  URLFETCH: { state: 'logged-in', numbers: 'free', run: urlFetch },
  // RFC 4978 §3, RFC 8437 §3
  COMPRESS: { state: 'logged-in', numbers: 'free', run: compress },
  UNAUTHENTICATE: { state: 'logged-in', numbers: 'free', run: unauthenticate },
  // RFC 4314 §3
  SETACL: { state: 'logged-in', numbers: 'free', run: setAclCommand },
  DELETEACL: { state: 'logged-in', numbers: 'free', run: deleteAcl },
  GETACL: { state: 'logged-in', numbers: 'free', run: getAclCommand },
  LISTRIGHTS: { state: 'logged-in', numbers: 'free', run: listRightsCommand },
  MYRIGHTS: { state: 'logged-in', numbers: 'free', run: myRightsCommand },
  // RFC 9208 §4.1
  GETQUOTA: { state: 'logged-in', numbers: 'free', run: getQuotaCommand },
  GETQUOTAROOT: { state: 'logged-in', numbers: 'free', run: getQuotaRootCommand },
  SETQUOTA: { state: 'logged-in', numbers: 'free', run: setQuotaCommand },
  // RFC 5464 §4, and its draft
  GETMETADATA: { state: 'logged-in', numbers: 'free', run: getMetadata },
  SETMETADATA: { state: 'logged-in', numbers: 'free', run: setMetadataCommand },
  GETANNOTATION: { state: 'logged-in', numbers: 'free', run: getAnnotation },
  SETANNOTATION: { state: 'logged-in', numbers: 'free', run: setAnnotation },
  // RFC 5259 §5.1
  CONVERSIONS: { state: 'logged-in', numbers: 'free', run: conversionsCommand },
  // RFC 9051 §6.4: selected
  CHECK: { state: 'selected', numbers: 'free', run: noop },
  CLOSE: { state: 'selected', numbers: 'free', run: close },
  UNSELECT: { state: 'selected', numbers: 'free', run: unselect },
  EXPUNGE: { state: 'selected', numbers: 'free', run: expungeCommand },
  SEARCH: { state: 'selected', numbers: 'used', run: search },
  // draft-ietf-mailmaint-imap-uidbatches
  UIDBATCHES: { state: 'selected', numbers: 'free', run: uidBatches },
  // RFC 5267 §4.3.5
  CANCELUPDATE: { state: 'selected', numbers: 'free', run: cancelUpdate },
  // RFC 7377
  ESEARCH: { state: 'logged-in', numbers: 'used', run: esearch },
  // RFC 5256 §3
  SORT: { state: 'selected', numbers: 'used', run: sort },
  THREAD: { state: 'selected', numbers: 'used', run: thread },
  // RFC 5259 §6
  CONVERT: { state: 'selected', numbers: 'used', run: convert },
  FETCH: { state: 'selected', numbers: 'used', run: fetch },
  STORE: { state: 'selected', numbers: 'used', run: store },
  COPY: { state: 'selected', numbers: 'free', run: copy },
  MOVE: { state: 'selected', numbers: 'free', run: move },
} satisfies Table;
