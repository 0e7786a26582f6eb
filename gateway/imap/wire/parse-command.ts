import { decodeBase64 } from '../../../lib/base/base64.ts';
import { BadSyntax } from './bad-syntax.ts';
import type { ImapCommand } from './commands.ts';
import type { Frame } from './frame.ts';
import { aclCommands } from './read/acl.ts';
import { annotationsToStore } from './read/annotation.ts';
import { conversionsCommand, convertCommand } from './read/convert.ts';
import { esearch } from './read/esearch.ts';
import { fetchItems, fetchModifiers } from './read/fetch.ts';
import { flag, storeFlags } from './read/flag.ts';
import { listArguments, statusItems } from './read/list.ts';
import { listMailbox, listReference, mailbox } from './read/mailbox.ts';
import { metadataCommands } from './read/metadata.ts';
import { notify } from './read/notify.ts';
import { quotaCommands } from './read/quota.ts';
import { type Dialect, type ReadArguments, Reader, spaced } from './read/reader.ts';
import { searchProgram, searchReturns } from './read/search.ts';
import { selectParams } from './read/select.ts';
import { sequenceSet } from './read/sequence-set.ts';
import { sort, thread } from './read/sort.ts';
import { astring, list, nstring, number64, nzNumber, string, tag, word } from './read/text.ts';
import { urlAuthCommands } from './read/url-auth.ts';

export interface TaggedCommand {
  readonly tag: string;
  readonly command: ImapCommand;
}

/**
 * Reads a whole command (RFC 9051 §9 `command`); throws {@link BadSyntax}, with the tag if there was one. APPEND, whose
 * messages stream, is read by append.ts.
 */
export function parseCommand(frame: Frame, dialect: Dialect): TaggedCommand {
  const reader = new Reader(frame, dialect);
  let commandTag: string | null = null;
  try {
    commandTag = tag(reader);
    reader.sp();
    const command = readVerb(reader);
    reader.end();
    return { tag: commandTag, command };
  } catch (error) {
    throw error instanceof BadSyntax ? new BadSyntax(error.message, commandTag) : error;
  }
}

function readVerb(reader: Reader): ImapCommand {
  const name = word(reader, 'a command');
  if (name === 'UID') {
    reader.sp();
    const inner = uidVerbs.get(word(reader, 'a command after UID'));
    return inner === undefined ? reader.invalid('command after UID') : inner(reader);
  }
  const read = verbs.get(name);
  if (read === undefined) throw new BadSyntax('Unknown command');
  return read(reader);
}

const bareVerbs = [
  'CAPABILITY',
  'NOOP',
  'LOGOUT',
  'STARTTLS',
  'NAMESPACE',
  'IDLE',
  'CHECK',
  'CLOSE',
  'UNSELECT',
  'UNAUTHENTICATE',
] as const;

/** Verbs without the UID prefix; those with arguments begin by taking the space before them. */
const verbs: ReadonlyMap<string, ReadArguments> = new Map<string, ReadArguments>([
  ...bareVerbs.map((name): [string, ReadArguments] => [name, () => ({ name })]),
  ['ID', id],
  ['LOGIN', login],
  ['AUTHENTICATE', authenticate],
  ['NOTIFY', notify],
  ['COMPRESS', compress],
  ['LANGUAGE', language],
  ['COMPARATOR', comparator],
  ['CONVERSIONS', conversionsCommand],
  ['CONVERT', (reader) => convertCommand(reader, false)],
  ['ENABLE', enable],
  ['SELECT', (reader) => ({ name: 'SELECT', mailbox: spaced(reader, mailbox), ...selectParams(reader) })],
  ['EXAMINE', (reader) => ({ name: 'EXAMINE', mailbox: spaced(reader, mailbox), ...selectParams(reader) })],
  ['CREATE', create],
  ['DELETE', (reader) => ({ name: 'DELETE', mailbox: spaced(reader, mailbox) })],
  ['SUBSCRIBE', (reader) => ({ name: 'SUBSCRIBE', mailbox: spaced(reader, mailbox) })],
  ['UNSUBSCRIBE', (reader) => ({ name: 'UNSUBSCRIBE', mailbox: spaced(reader, mailbox) })],
  ['RENAME', (reader) => ({ name: 'RENAME', from: spaced(reader, mailbox), to: spaced(reader, mailbox) })],
  ['LIST', (reader) => spaced(reader, listArguments)],
  ['RLIST', rlist],
  ['XLIST', xlist],
  ['LSUB', (reader) => lsub(reader, false)],
  ['RLSUB', (reader) => lsub(reader, true)],
  ['STATUS', (reader) => ({ name: 'STATUS', mailbox: spaced(reader, mailbox), items: spaced(reader, statusItems) })],
  // With arguments, these are read by append.ts.
  ['APPEND', (reader) => reader.fail('a space')],
  ['REPLACE', (reader) => reader.fail('a space')],
  ['EXPUNGE', () => ({ name: 'EXPUNGE', uids: null })],
  ['SEARCH', (reader) => search(reader, false)],
  ['FETCH', (reader) => fetch(reader, false)],
  ['STORE', (reader) => store(reader, false)],
  ['COPY', (reader) => copy(reader, 'COPY', false)],
  ['MOVE', (reader) => copy(reader, 'MOVE', false)],
  ['SORT', (reader) => sort(reader, false)],
  ['THREAD', (reader) => thread(reader, false)],
  ['ESEARCH', esearch],
  ['CANCELUPDATE', cancelUpdate],
  ['UIDBATCHES', uidBatches],
  ...aclCommands,
  ...quotaCommands,
  ...metadataCommands,
  ...urlAuthCommands,
]);

const uidVerbs: ReadonlyMap<string, ReadArguments> = new Map<string, ReadArguments>([
  ['EXPUNGE', (reader) => ({ name: 'EXPUNGE', uids: spaced(reader, sequenceSet) })],
  ['SEARCH', (reader) => search(reader, true)],
  ['FETCH', (reader) => fetch(reader, true)],
  ['STORE', (reader) => store(reader, true)],
  ['CONVERT', (reader) => convertCommand(reader, true)],
  ['ESEARCH', esearch],
  ['COPY', (reader) => copy(reader, 'COPY', true)],
  ['MOVE', (reader) => copy(reader, 'MOVE', true)],
  ['SORT', (reader) => sort(reader, true)],
  ['THREAD', (reader) => thread(reader, true)],
]);

/**
 *     id             = "ID" SP id-params-list              ; RFC 2971 §4
 *     id-params-list = "(" [string SP nstring *(SP string SP nstring)] ")" / nil
 */
function id(reader: Reader): ImapCommand {
  reader.sp();
  if (reader.skip('NIL')) return { name: 'ID', params: [] };
  const params = list(reader, (inner): [string, string | null] => [string(inner), spaced(inner, nstring)], true);
  return { name: 'ID', params };
}

/**
 *     login = "LOGIN" SP userid SP password               ; RFC 9051 §9
 */
function login(reader: Reader): ImapCommand {
  const user = spaced(reader, (inner) => astring(inner, 'a user name'));
  return { name: 'LOGIN', user, password: spaced(reader, (inner) => astring(inner, 'a password')) };
}

/**
 *     authenticate = "AUTHENTICATE" SP auth-type [SP initial-resp] *(CRLF base64)     ; RFC 9051 §9
 *     initial-resp = base64 / "="
 */
function authenticate(reader: Reader): ImapCommand {
  const mechanism = spaced(reader, (inner) => word(inner, 'a mechanism'));
  if (!reader.skip(' ')) return { name: 'AUTHENTICATE', mechanism, initialResponse: null };
  const text = reader.match(/=$|[A-Za-z0-9+/=]+/y) ?? reader.fail('base64');
  const initialResponse = text === '=' ? Buffer.alloc(0) : decodeBase64(text);
  return { name: 'AUTHENTICATE', mechanism, initialResponse: initialResponse ?? reader.invalid('base64') };
}

/**
 *     compress  = "COMPRESS" SP algorithm                 ; RFC 4978 §5
 *     algorithm = "DEFLATE"
 */
function compress(reader: Reader): ImapCommand {
  return { name: 'COMPRESS', mechanism: spaced(reader, (inner) => word(inner, 'a mechanism')) };
}

/**
 *     language-cmd = "LANGUAGE" *(SP lang-range-quoted)   ; RFC 5255 §3.2
 *     lang-range-quoted = astring
 */
function language(reader: Reader): ImapCommand {
  const ranges: string[] = [];
  while (reader.skip(' ')) ranges.push(astring(reader, 'a language'));
  return { name: 'LANGUAGE', ranges };
}

/**
 *     comparator-cmd    = "COMPARATOR" *(SP comp-order-quoted)      ; RFC 5255 §4.10
 *     comp-order-quoted = astring
 */
function comparator(reader: Reader): ImapCommand {
  const orders: string[] = [];
  // Quirk (the RFC's own `i;*` without quotes would be no astring): in names of comparators wildcards are let in.
  while (reader.skip(' ')) orders.push(reader.match(/[A-Za-z0-9;=.*-]+(?= |$)/y) ?? astring(reader, 'a comparator'));
  return { name: 'COMPARATOR', orders };
}

/**
 *     enable = "ENABLE" 1*(SP capability)                 ; RFC 9051 §9
 */
function enable(reader: Reader): ImapCommand {
  const capabilities: string[] = [];
  do capabilities.push(spaced(reader, (inner) => word(inner, 'a capability')));
  while (reader.peek() === ' ');
  return { name: 'ENABLE', capabilities };
}

/**
 *     create   = "CREATE" SP mailbox [SP "(" create-param *(SP create-param) ")"]     ; RFC 4466 §2.2
 *     use-param = "USE" SP "(" [use-attr *(SP use-attr)] ")"                          ; RFC 6154 §6
 */
function create(reader: Reader): ImapCommand {
  const name = spaced(reader, mailbox);
  const use: string[] = [];
  if (reader.skip(' (')) {
    reader.expect('USE ');
    use.push(...list(reader, useAttribute, true));
    reader.expect(')');
  }
  return { name: 'CREATE', mailbox: name, use };
}

function useAttribute(reader: Reader): string {
  return reader.peek() === '\\' ? flag(reader) : reader.fail('a special use');
}

/** RFC 2193 §5.1: LIST, with mailboxes of other servers. RFC 5258 §3.1 has an option for it. */
function rlist(reader: Reader): ImapCommand {
  const command = spaced(reader, listArguments);
  return { ...command, select: [...command.select, 'REMOTE'] };
}

function lsub(reader: Reader, remote: boolean): ImapCommand {
  return { name: 'LSUB', reference: spaced(reader, listReference), pattern: spaced(reader, listMailbox), remote };
}

/** `XLIST`, which Gmail had before LIST could tell special uses: the arguments are LIST's of RFC 3501. */
function xlist(reader: Reader): ImapCommand {
  return { name: 'XLIST', reference: spaced(reader, listReference), pattern: spaced(reader, listMailbox) };
}

/** `"UIDBATCHES" SP nz-number [SP nz-number ":" nz-number]` (draft-ietf-mailmaint-imap-uidbatches) */
function uidBatches(reader: Reader): ImapCommand {
  const size = spaced(reader, (inner) => nzNumber(inner, 'the size of a batch'));
  if (!reader.skip(' ')) return { name: 'UIDBATCHES', size, batches: null };
  const from = nzNumber(reader);
  reader.expect(':');
  return { name: 'UIDBATCHES', size, batches: { from, to: nzNumber(reader) } };
}

/** `"CANCELUPDATE" 1*(SP quoted)` (RFC 5267 §5) */
function cancelUpdate(reader: Reader): ImapCommand {
  const tags: string[] = [];
  do tags.push(spaced(reader, (inner) => string(inner, 'the tag of a search')));
  while (reader.peek() === ' ');
  return { name: 'CANCELUPDATE', tags };
}

/** `search = "SEARCH" [search-return-opts] SP search-program` (RFC 9051 §9) */
function search(reader: Reader, uid: boolean): ImapCommand {
  reader.sp();
  const returns = searchReturns(reader);
  return { name: 'SEARCH', uid, returns, ...searchProgram(reader) };
}

/** `fetch` with its modifiers; VANISHED needs UID FETCH and CHANGEDSINCE (RFC 7162 §3.2.6), PARTIAL UID FETCH (RFC 9394 §3.3). */
function fetch(reader: Reader, uid: boolean): ImapCommand {
  const set = spaced(reader, sequenceSet);
  const items = spaced(reader, fetchItems);
  const modifiers = fetchModifiers(reader);
  if (modifiers.vanished && (!uid || modifiers.changedSince === null)) {
    reader.invalid('VANISHED (needs UID FETCH and CHANGEDSINCE)');
  }
  if (modifiers.partial !== null && !uid) reader.invalid('PARTIAL (needs UID FETCH)');
  return { name: 'FETCH', uid, set, items, ...modifiers };
}

/**
 *     store           = "STORE" SP sequence-set [store-modifiers] SP store-att-flags     ; RFC 9051 §9, RFC 4466 §2.5
 *     store-modifiers = SP "(" "UNCHANGEDSINCE" SP mod-sequence-valzer ")"               ; RFC 7162 §7
 */
function store(reader: Reader, uid: boolean): ImapCommand {
  const set = spaced(reader, sequenceSet);
  reader.sp();
  let unchangedSince = unchangedSinceOf(reader);
  if (unchangedSince !== null) reader.sp();
  if (/^A$/i.test(reader.peek())) {
    const annotations = annotationsToStore(reader);
    return { name: 'STORE', uid, set, unchangedSince, mode: 'add', silent: true, flags: [], annotations };
  }
  const change = storeFlags(reader);
  // Quirk (imapflow 2.0): the modifier behind the flags. Taken for nothing, it would let a stale change through.
  if (unchangedSince === null && reader.skip(' ')) unchangedSince = unchangedSinceOf(reader);
  return { name: 'STORE', uid, set, unchangedSince, ...change, annotations: null };
}

function unchangedSinceOf(reader: Reader): number | null {
  if (!reader.skip('(')) return null;
  reader.expect('UNCHANGEDSINCE ');
  const modSeq = number64(reader, 'a mod-sequence');
  reader.expect(')');
  return modSeq;
}

function copy(reader: Reader, name: 'COPY' | 'MOVE', uid: boolean): ImapCommand {
  return { name, uid, set: spaced(reader, sequenceSet), mailbox: spaced(reader, mailbox) };
}
