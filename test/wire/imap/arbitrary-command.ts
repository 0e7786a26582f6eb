import fc from 'fast-check';
import type { ImapCommand, StatusItem } from '../../../gateway/imap/wire/commands.ts';
import type { FetchItem, Section } from '../../../gateway/imap/wire/fetch-item.ts';
import type { SearchKey } from '../../../gateway/imap/wire/search-key.ts';
import type { SequenceSet } from '../../../gateway/imap/wire/sequence-set.ts';

const text = fc
  .string({ unit: 'grapheme', maxLength: 20 })
  .filter((value) => !value.includes('\0') && value.isWellFormed());
const nzNumber = fc.integer({ min: 1, max: 0xffff_ffff });
const number64 = fc.maxSafeNat();
const atom = fc.stringMatching(/^[A-Za-z0-9$_.-]{1,12}$/).filter((word) => !/^nil$/i.test(word));
const capital = fc.stringMatching(/^[A-Z0-9=_-]{1,12}$/);

export const mailboxName = fc
  .oneof(
    fc.constant('INBOX'),
    fc.string({ unit: 'grapheme', maxLength: 20 }),
    fc.constantFrom('a&b', 'Entwürfe', '日本語', '😀/x', 'a "b\\'),
  )
  .filter(
    (name) =>
      name.isWellFormed() && !/[\x00-\x1f\x7f]/.test(name) && (name === 'INBOX' || name.toUpperCase() !== 'INBOX'),
  );

const bound = fc.oneof(nzNumber, fc.constant('*' as const));
const range = fc.oneof(
  bound.map((at) => ({ from: at, to: at })),
  fc.record({ from: bound, to: bound }),
);
export const sequenceSet: fc.Arbitrary<SequenceSet> = fc.oneof(
  { weight: 5, arbitrary: fc.array(range, { minLength: 1, maxLength: 5 }) },
  { weight: 1, arbitrary: fc.constant('$' as const) },
);
const knownSet = fc.array(fc.record({ from: nzNumber, to: nzNumber }), { minLength: 1, maxLength: 4 });

const systemFlag = fc.constantFrom('\\Answered', '\\Deleted', '\\Draft', '\\Flagged', '\\Seen');
const flag = fc.oneof(
  systemFlag,
  atom.filter((word) => !word.startsWith('\\')),
);
const bytes = text.map((value) => Buffer.from(value));

const date = fc
  .date({ min: new Date('0001-01-01T00:00:00Z'), max: new Date('9999-12-31T00:00:00Z'), noInvalidDate: true })
  .map((at) => ({ year: at.getUTCFullYear(), month: at.getUTCMonth() + 1, day: at.getUTCDate() }));

const entry = fc.constantFrom('/comment', '/altsubject', '/vendor/foobar/label', '/1/comment', '/2.10/flags/seen');
const entryMatch = fc.oneof(entry, fc.constantFrom('*', '/%', '/vendor/*', '/1/%/seen'));
const ownScope = fc.constantFrom('private' as const, 'shared' as const);
const anyScope = fc.constantFrom('private' as const, 'shared' as const, 'both' as const);

const { key: searchKey } = fc.letrec<{ key: SearchKey }>((tie) => ({
  key: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constant<SearchKey>({ key: 'all' }),
    fc.record({
      key: fc.constant('flag' as const),
      flag: fc.constantFrom('\\Answered', '\\Deleted', '\\Draft', '\\Flagged', '\\Recent', '\\Seen'),
    }),
    fc.record({ key: fc.constant('keyword' as const), keyword: atom }),
    fc.record({ key: fc.constantFrom('sequence', 'uid'), set: sequenceSet }),
    fc.record({
      key: fc.constant('contains' as const),
      field: fc.constantFrom('bcc', 'body', 'cc', 'from', 'subject', 'text', 'to'),
      value: bytes,
    }),
    fc.record({ key: fc.constant('header' as const), field: text, value: bytes }),
    fc.record({
      key: fc.constantFrom('before', 'on', 'since'),
      of: fc.constantFrom('internal', 'saved', 'sent'),
      date,
    }),
    fc.record({ key: fc.constantFrom('larger', 'smaller'), sizeBytes: number64 }),
    fc.record({ key: fc.constantFrom('older', 'younger'), seconds: nzNumber }),
    fc.record({ key: fc.constant('modseq' as const), atLeast: number64 }),
    fc.record({ key: fc.constant('annotation' as const), entry: entryMatch, scope: anyScope, value: bytes }),
    nzNumber.map((uid) => ({ key: 'uid-between' as const, from: uid + 1, to: 2 ** 32 - 1 })),
    nzNumber.map((uid) => ({ key: 'uid-between' as const, from: 1, to: uid - 1 })),
    fc.record({ key: fc.constant('filter' as const), name: atom }),
    fc.record({ key: fc.constantFrom('emailid', 'threadid'), id: fc.stringMatching(/^[A-Za-z0-9_-]{1,20}$/) }),
    fc.record({ key: fc.constantFrom('not', 'fuzzy'), inner: tie('key') }),
    fc.record({ key: fc.constant('or' as const), left: tie('key'), right: tie('key') }),
    fc.record({ key: fc.constant('and' as const), keys: fc.array(tie('key'), { minLength: 2, maxLength: 4 }) }),
  ) as fc.Arbitrary<SearchKey>,
}));

const part = fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 4 });
const sectionText = fc.oneof(
  fc.record({ kind: fc.constantFrom('all', 'header', 'text') }),
  fc.record({ kind: fc.constantFrom('fields', 'fields-not'), names: fc.array(text, { minLength: 1, maxLength: 3 }) }),
);
const section = fc.oneof(
  fc.record({ part: fc.constant<number[]>([]), text: sectionText }),
  fc.record({ part, text: fc.oneof(sectionText, fc.constant({ kind: 'mime' })) }),
) as fc.Arbitrary<Section>;
const partial = fc.option(fc.record({ offset: number64, count: fc.integer({ min: 1 }) }));
const plainItem = fc.constantFrom(
  ...([
    'BODY',
    'BODYSTRUCTURE',
    'EMAILID',
    'ENVELOPE',
    'FLAGS',
    'INTERNALDATE',
    'MODSEQ',
    'RFC822',
    'RFC822.HEADER',
    'RFC822.SIZE',
    'RFC822.TEXT',
    'SAVEDATE',
    'THREADID',
    'UID',
  ] as const),
);
const fetchItem = fc.oneof(
  plainItem.map((item) => ({ item })),
  fc.record({
    item: fc.constant('ANNOTATION'),
    entries: fc.array(entryMatch, { minLength: 1, maxLength: 3 }),
    attributes: fc.array(fc.record({ name: fc.constantFrom('value', 'size'), scope: anyScope }), {
      minLength: 1,
      maxLength: 3,
    }),
  }),
  fc.record({ item: fc.constant('PREVIEW'), lazy: fc.boolean() }),
  fc.record({ item: fc.constant('BODY[]'), peek: fc.boolean(), section, partial }),
  fc.record({ item: fc.constant('BINARY[]'), peek: fc.boolean(), part, partial }),
  fc.record({ item: fc.constant('BINARY.SIZE[]'), part }),
) as fc.Arbitrary<FetchItem>;

const statusItems = fc.subarray<StatusItem>(
  ['MESSAGES', 'RECENT', 'UIDNEXT', 'UIDVALIDITY', 'UNSEEN', 'DELETED', 'SIZE', 'HIGHESTMODSEQ', 'MAILBOXID'],
  { minLength: 1 },
);
const qresync = fc.record({
  uidValidity: nzNumber,
  modSeq: number64,
  knownUids: fc.option(knownSet),
  match: fc.option(fc.record({ sequence: knownSet, uids: knownSet })),
});
const list = fc
  .record({
    name: fc.constant('LIST' as const),
    select: fc.constantFrom(
      [],
      ['SUBSCRIBED'],
      ['REMOTE', 'SUBSCRIBED'],
      ['SUBSCRIBED', 'RECURSIVEMATCH'],
      ['SPECIAL-USE'],
    ),
    reference: mailboxName,
    patterns: fc.array(mailboxName, { minLength: 1, maxLength: 3 }),
    returns: fc.subarray(['SUBSCRIBED', 'CHILDREN', 'SPECIAL-USE', 'MYRIGHTS']),
    status: fc.option(statusItems),
  })
  .map((command) => ({
    ...command,
    extended:
      command.select.length + command.returns.length > 0 || command.status !== null || command.patterns.length > 1,
  }));

const named = <const N extends string>(...names: N[]) => fc.constantFrom<N>(...names);
const partialRange = fc
  .tuple(fc.boolean(), fc.integer({ min: 1, max: 0xffff }), fc.integer({ min: 0, max: 0xffff }))
  .map(([fromEnd, first, more]) => ({ fromEnd, first, last: first + more }));
const searchReturns = fc.option(
  fc
    .tuple(
      fc.subarray(['MIN', 'MAX', 'COUNT', 'SAVE', 'RELEVANCY', 'UPDATE'] as const),
      fc.array(fetchItem, { maxLength: 2 }),
      fc.oneof(fc.constant('ALL' as const), partialRange),
    )
    .map(([options, fetch, what]) =>
      options.includes('UPDATE') && fetch.length > 0 ? [...options, { fetch }, what] : [...options, what],
    ),
);

const program = { uid: fc.boolean(), key: searchKey };
const mode = fc.constantFrom('replace', 'add', 'remove');

/** Any command but APPEND. */
export const arbitraryCommand = fc.oneof(
  fc.record({
    name: named('CAPABILITY', 'NOOP', 'LOGOUT', 'STARTTLS', 'NAMESPACE', 'IDLE', 'CHECK', 'CLOSE', 'UNSELECT'),
  }),
  fc.record({ name: named('ID'), params: fc.array(fc.tuple(text, fc.option(text)), { maxLength: 4 }) }),
  fc.record({ name: named('LOGIN'), user: text, password: text }),
  fc.record({
    name: named('AUTHENTICATE'),
    mechanism: capital,
    initialResponse: fc.option(fc.uint8Array({ maxLength: 20 }).map((octets) => Buffer.from(octets))),
  }),
  fc.record({ name: named('ENABLE'), capabilities: fc.array(capital, { minLength: 1, maxLength: 3 }) }),
  fc.record({
    name: named('SELECT', 'EXAMINE'),
    mailbox: mailboxName,
    condstore: fc.boolean(),
    qresync: fc.option(qresync),
    annotate: fc.boolean(),
  }),
  fc.record({
    name: named('CREATE'),
    mailbox: mailboxName,
    use: fc.array(fc.constantFrom('\\Drafts', '\\Sent', '\\Trash'), { maxLength: 2 }),
  }),
  fc.record({
    name: named('DELETE', 'SUBSCRIBE', 'UNSUBSCRIBE', 'GETACL', 'MYRIGHTS', 'GETQUOTAROOT'),
    mailbox: mailboxName,
  }),
  fc.record({ name: named('RENAME'), from: mailboxName, to: mailboxName }),
  list,
  fc.record({ name: named('LSUB'), reference: mailboxName, pattern: mailboxName, remote: fc.boolean() }),
  fc.record({ name: named('STATUS'), mailbox: mailboxName, items: statusItems }),
  fc.record({ name: named('EXPUNGE'), uids: fc.option(sequenceSet) }),
  fc.record({
    name: named('SEARCH'),
    ...program,
    returns: searchReturns,
    charset: fc.option(capital),
  }),
  fc.record({
    name: named('UIDBATCHES'),
    size: nzNumber,
    batches: fc.option(fc.record({ from: nzNumber, to: nzNumber })),
  }),
  fc.record({ name: named('CANCELUPDATE'), tags: fc.array(capital, { minLength: 1, maxLength: 3 }) }),
  fc.record({
    name: named('ESEARCH'),
    ...program,
    uid: fc.constant(true),
    sources: fc.array(
      fc.oneof(
        fc.record({ kind: fc.constantFrom('SELECTED', 'INBOXES', 'PERSONAL', 'SUBSCRIBED') }),
        fc.record({
          kind: fc.constantFrom('SUBTREE', 'SUBTREE-ONE', 'MAILBOXES'),
          names: fc.array(mailboxName, { minLength: 1, maxLength: 3 }),
        }),
      ),
      { minLength: 1, maxLength: 3 },
    ),
    returns: searchReturns.map((returns) => ['ALL', ...(returns ?? []).filter((one) => one === 'MIN')]),
    charset: fc.option(capital),
  }),
  fc
    .record({
      name: named('FETCH'),
      uid: fc.boolean(),
      set: sequenceSet,
      items: fc.array(fetchItem, { minLength: 1, maxLength: 4 }),
      changedSince: fc.option(number64),
      vanished: fc.boolean(),
      partial: fc.option(partialRange),
    })
    .map((command) => ({
      ...command,
      vanished: command.vanished && command.uid && command.changedSince !== null,
      partial: command.uid ? command.partial : null,
    })),
  fc.record({
    name: named('STORE'),
    uid: fc.boolean(),
    set: sequenceSet,
    unchangedSince: fc.option(number64),
    mode,
    silent: fc.boolean(),
    flags: fc.array(flag, { maxLength: 4 }),
    annotations: fc.constant(null),
  }),
  fc.record({
    name: named('STORE'),
    uid: fc.boolean(),
    set: sequenceSet,
    unchangedSince: fc.option(number64),
    mode: fc.constant('add' as const),
    silent: fc.constant(true),
    flags: fc.constant([]),
    annotations: fc.array(fc.record({ entry, scope: ownScope, value: fc.option(bytes) }), {
      minLength: 1,
      maxLength: 3,
    }),
  }),
  fc.record({
    name: named('CONVERSIONS'),
    from: fc.constantFrom('*', 'text/*', 'image/gif'),
    to: fc.constantFrom('*', 'text/*', 'image/png'),
  }),
  fc.record({
    name: named('CONVERT'),
    uid: fc.boolean(),
    set: sequenceSet,
    to: fc.constantFrom(null, 'text/plain', 'IMAGE/JPEG'),
    params: fc.array(fc.tuple(fc.constantFrom('charset', 'pix-x', 'image-interleave'), text), { maxLength: 3 }),
    items: fc.array(
      fc.oneof(
        fc.record({ item: fc.constant('UID') }),
        fc.record({ item: fc.constantFrom('BODYPARTSTRUCTURE', 'BINARY.SIZE', 'AVAILABLECONVERSIONS'), part }),
        fc.record({ item: fc.constant('BINARY'), part, partial }),
        fc.record({ item: fc.constant('BODY'), part, text: fc.constantFrom('header', 'mime') }),
      ),
      { minLength: 1, maxLength: 3 },
    ),
  }),
  fc.record({ name: named('COMPARATOR'), orders: fc.array(text, { maxLength: 3 }) }),
  fc.record({ name: named('COPY', 'MOVE'), uid: fc.boolean(), set: sequenceSet, mailbox: mailboxName }),
  fc.record({ name: named('DELETEACL', 'LISTRIGHTS'), mailbox: mailboxName, identifier: text }),
  fc.record({
    name: named('SETACL'),
    mailbox: mailboxName,
    identifier: text,
    mode,
    rights: fc.stringMatching(/^[a-z0-9]{0,12}$/),
  }),
  fc.record({ name: named('GETQUOTA'), root: text }),
  fc.record({ name: named('SETQUOTA'), root: text, limits: fc.array(fc.tuple(capital, number64), { maxLength: 3 }) }),
  fc.record({
    name: named('SORT'),
    returns: searchReturns,
    ...program,
    charset: capital,
    criteria: fc.array(
      fc.oneof(
        fc.record({
          by: fc.constant('ANNOTATION'),
          reverse: fc.boolean(),
          annotation: fc.record({ entry, scope: ownScope }),
        }),
        fc.record({
          by: fc.constantFrom(
            'ARRIVAL',
            'CC',
            'DATE',
            'DISPLAYFROM',
            'DISPLAYTO',
            'FROM',
            'RELEVANCY',
            'SIZE',
            'SUBJECT',
            'TO',
          ),
          reverse: fc.boolean(),
        }),
      ),
      { minLength: 1, maxLength: 3 },
    ),
  }),
  fc.record({ name: named('THREAD'), ...program, charset: capital, algorithm: capital }),
) as fc.Arbitrary<ImapCommand>;
