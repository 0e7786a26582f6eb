/** One value of every stored kind in format 1, with its codec. The bytes are in `test/fixtures/format-1` and stay. */
import type { Id } from '../../lib/base/ids.ts';
import * as annotation from '../../lib/store/annotation-records.ts';
import { type CheckpointPart, decodeWholeCheckpoint, encodePart } from '../../lib/store/checkpoint-format.ts';
import { FlagSets } from '../../lib/store/flag-sets.ts';
import { decodeHead, encodeHead, type Head } from '../../lib/store/head.ts';
import {
  decodeAnnotationSizes,
  decodeAnnotations,
  encodeAnnotationSizes,
  encodeAnnotations,
} from '../../lib/store/mailbox-annotations.ts';
import * as columns from '../../lib/store/mailbox-columns.ts';
import { decodeManifest, encodeManifest, type Manifest } from '../../lib/store/mailbox-manifest.ts';
import * as mailbox from '../../lib/store/mailbox-records.ts';
import { decodeRecords, encodeRecord, type StoredRecord } from '../../lib/store/record.ts';
import { decodeSummaryPiece, encodeSummaryPiece } from '../../lib/store/summary-pieces.ts';
import * as tree from '../../lib/store/tree-records.ts';
import { decodeTree, encodeTree } from '../../lib/store/tree-snapshot.ts';
import { TreeView } from '../../lib/store/tree-view.ts';
import { UidSet } from '../../lib/store/uid-set.ts';

export interface Fixture {
  readonly expected: unknown;
  readonly write: () => Buffer | Promise<Buffer>;
  /** The value, or a promise of it. */
  readonly read: (packed: Buffer) => unknown;
  /** Whether the first byte is the format. */
  readonly numbered: boolean;
}

const id = (digit: string): Id => digit.repeat(32) as Id;
const uids = UidSet.fromRanges([
  [1, 3],
  [70_000, 70_000],
]);
const nonce = Buffer.from('0123456789abcdef', 'hex');
const retired = [{ id: id('7'), isObject: false, timeMs: 1_795_000_000_000 }];
const folded = [{ seq: 88, timeMs: 1_795_000_000_001 }];

const records: StoredRecord[] = [
  { kind: 2, seq: 300, timeMs: 1_795_000_000_000, nonce, body: Buffer.from('body') },
  {
    kind: 1,
    seq: 301,
    timeMs: 1_795_000_000_001,
    nonce,
    body: { hash16: Buffer.alloc(16, 9), sizeBytes: 700, object: undefined },
  },
  {
    kind: 63,
    seq: 302,
    timeMs: 1_795_000_000_002,
    nonce,
    body: { hash16: Buffer.alloc(16, 8), sizeBytes: 9000, object: id('a') },
  },
];

const head: Head = {
  rev: 77,
  state: 'closed',
  space: id('1'),
  owner: id('2'),
  seq: 302,
  flushedSeq: 299,
  behindBytes: 4321,
  snapId: id('3'),
  snapSeq: 250,
  snapIsObject: true,
  extra: Buffer.from('extra'),
  tail: records,
  watchers: [{ address: '10.0.0.1:4000', expiresAtMs: 1_795_000_000_000 }],
};

const append: mailbox.AppendBody = {
  firstUid: 70_001,
  newKeywords: ['$Forwarded', 'Grüße'],
  messages: [
    { blob: id('b'), sizeBytes: 12_345, internalDate: 1_795_000_000, flags: { system: 5, keywords: [0, 127] } },
    { blob: id('c'), sizeBytes: 0, internalDate: -1, flags: { system: 0, keywords: [] } },
  ],
  delivered: true,
};
const manyMessages: mailbox.AppendBody = {
  ...append,
  delivered: false,
  messages: Array.from({ length: 20 }, (_, i) => ({
    blob: id(i.toString(16).slice(-1)),
    sizeBytes: i,
    internalDate: 1_700_000_000 - i,
    flags: { system: i % 2, keywords: [] },
  })),
};
const flags: mailbox.FlagsBody = {
  newKeywords: [],
  clear: { system: 8, keywords: 'all' },
  set: { system: 1, keywords: [3] },
  uids,
};
const expunge: mailbox.ExpungeBody = { reason: 'move', uids, sizeBytes: 4096, intent: nonce };
const replace: mailbox.ReplaceBody = {
  append: mailbox.appendRecord(append).body,
  expunge: mailbox.expungeRecord({ ...expunge, reason: 'expunge', intent: undefined }).body,
};
const intent: mailbox.MoveIntentBody = { intent: nonce, destination: id('d'), destinationSeq: 12, uids };
const usersIntent: mailbox.MoveIntentBody = { ...intent, user: id('a') };

const hot: columns.HotRow[] = [
  { uid: 1, bits: 1n, seq: 5 },
  { uid: 900, bits: 1n << 100n, seq: 4 },
];
const cold = [
  [1, { blob: id('e'), sizeBytes: 10, internalDate: 20, savedDate: 30 }],
  [900, { blob: id('f'), sizeBytes: 11, internalDate: 19, savedDate: 31 }],
] as const;
const expunged = [{ seq: 9, timeMs: 1_795_000_000_000, uids, rows: new Map() }];
const marks = [{ seq: 9, timeMs: 1_795_000_000_000, nonce }];

const manifest: Manifest = {
  mailbox: id('4'),
  seq: 250,
  counts: {
    uidNext: 901,
    exists: 2,
    unseen: 1,
    deleted: 0,
    bytes: 21,
    lastAppendMs: 1_795_000_000_000,
    annotationBytes: 0,
  },
  keywords: ['$Forwarded', 'Grüße'],
  hot: [{ id: id('5'), isObject: false, fromUid: 1, toUid: 900, rows: 2 }],
  cold: [{ id: id('6'), isObject: true, fromUid: 1, toUid: 900, rows: 2 }],
  summaries: [],
  expunged: { id: id('8'), isObject: false },
  expungedKnownSince: 3,
  purged: uids,
  nonces: [{ id: id('9'), isObject: false, newestMs: 1_795_000_000_000, toSeq: 240 }],
  intents: [{ ...intent, seq: 200, timeMs: 1_795_000_000_000 }],
  annotationSizes: undefined,
  annotations: [],
  retired,
  folded,
};

const annotatedManifest: Manifest = {
  ...manifest,
  counts: { ...manifest.counts, annotationBytes: 9 },
  annotationSizes: { id: id('a'), isObject: false },
  annotations: [{ id: id('b'), isObject: true, fromUid: 1, toUid: 900, rows: 2 }],
};

const annotations = new Map([
  [
    1,
    new Map([
      ['\0/comment', Buffer.from('Grüße')],
      [`${id('1')}\0/1.2/flags/seen`, Buffer.from('1')],
    ]),
  ],
  [900, new Map([['\0/comment', Buffer.alloc(0)]])],
]);
const annotationSizes = new Map(
  [...annotations].map(([uid, own]) => [uid, new Map([...own].map(([key, value]) => [key, value.length]))]),
);
const groups: annotation.AnnotationGroup[] = [
  { uids, values: new Map([['\0/comment', Buffer.from('x'.repeat(300))]]) },
  { uids: UidSet.fromSorted([5]), values: new Map([[`${id('1')}\0/altsubject`, undefined]]) },
];
const annotatedAppend = { append: mailbox.appendRecord(append).body, groups };
const manifestWithSummaries: Manifest = {
  ...annotatedManifest,
  summaries: [{ id: id('e'), isObject: true, fromUid: 1, toUid: 901, rows: 2 }],
};
const summaries = [
  [1, Buffer.from('packed')],
  [900, Buffer.from('another')],
] as const;

const snapshotRef = { id: id('0'), isObject: false };
const treeState = {
  id: id('a'),
  seq: 12,
  bindings: new Map([
    ['INBOX', { mailbox: id('b'), uidValidity: 1_795_000_000, specialUse: [], acl: new Map() }],
    [
      'Gesendet/Älter',
      { mailbox: id('c'), uidValidity: 1_795_000_001, specialUse: ['\\Sent'], acl: new Map([['anyone', 'lrs']]) },
    ],
  ]),
  subscriptions: new Set(['INBOX']),
  lastUidValidity: 1_795_000_001,
  pastUidValidity: new Map([['old', 1_700_000_000]]),
  quotaRoots: new Map([['', { id: id('d'), storageKib: 1024, messages: undefined }]]),
  annotations: new Map([['INBOX\0/private/comment', 'mine']]),
  deleted: new Map([[id('e'), { name: 'gone', timeMs: 1_795_000_000_000 }]]),
  scripts: new Map(),
  activeScript: undefined,
  snapshotRef,
  retired,
  folded,
};

const putScript = { name: 'Ferien ☀', piece: { id: id('3'), isObject: true }, sizeBytes: 32_768 };
const treeWithScripts = {
  ...treeState,
  scripts: new Map([
    ['main', { piece: { id: id('4'), isObject: false }, sizeBytes: 120 }],
    ['Ferien ☀', { piece: { id: id('3'), isObject: true }, sizeBytes: 32_768 }],
  ]),
  activeScript: 'main',
};

const checkpoint: readonly CheckpointPart[] = [
  {
    kind: 'account',
    timeMs: 1_795_000_000_000,
    isRemoved: false,
    name: 'änne@example.com',
    tree: id('a'),
    space: id('b'),
    user: Buffer.from('user'),
    view: encodeTree(new TreeView(treeWithScripts)),
  },
  { kind: 'script', piece: id('4'), text: Buffer.from('keep;') },
  {
    kind: 'mailbox',
    id: id('c'),
    state: 'closed',
    seq: 2 ** 33,
    beganSeq: 2 ** 33 - 1,
    uidNext: 901,
    lastAppendMs: 1_795_000_000_000,
    keywords: ['$Forwarded', 'Grüße'],
  },
  { kind: 'hot', packed: columns.encodeHot(hot) },
  { kind: 'cold', packed: columns.encodeCold(cold) },
  { kind: 'expunged', packed: columns.encodeExpunged(expunged) },
  { kind: 'overlay', mailbox: id('d'), recentFrom: 12, seen: uids },
  { kind: 'end', parts: 7 },
];

const annotatedCheckpoint: readonly CheckpointPart[] = [
  ...checkpoint.slice(2, 5),
  { kind: 'annotations', packed: encodeAnnotations([...annotations]) },
  { kind: 'end', parts: 4 },
];

const bind = {
  name: 'Project/α',
  mailbox: id('1'),
  specialUse: ['\\Archive'],
  acl: new Map([
    ['bert', 'lr'],
    ['-carl', 'w'],
  ]),
};
const rename = { from: 'INBOX', to: 'Old', newInbox: id('2') };

function headBytes(): Buffer {
  const item = encodeHead(head, Buffer.concat(records.map(encodeRecord)));
  const attributes = [item.h, item.t, item.w].map((value) => Buffer.from(value as Uint8Array).toString('hex'));
  return Buffer.from(JSON.stringify([item.r, ...attributes]));
}

function readHeadBytes(packed: Buffer): Head {
  const [r, h, t, w] = JSON.parse(packed.toString()) as [number, string, string, string];
  return decodeHead({ r, h: Buffer.from(h, 'hex'), t: Buffer.from(t, 'hex'), w: Buffer.from(w, 'hex') });
}

const plain = (expected: unknown, write: () => Buffer, read: (packed: Buffer) => unknown): Fixture => {
  return { expected, write, read, numbered: false };
};
const numbered = (expected: unknown, write: Fixture['write'], read: (packed: Buffer) => unknown): Fixture => {
  return { expected, write, read, numbered: true };
};

export const FORMAT_1: Readonly<Record<string, Fixture>> = {
  head: plain(head, headBytes, readHeadBytes),
  records: plain(records, () => Buffer.concat(records.map(encodeRecord)), decodeRecords),
  append: plain(append, () => mailbox.appendRecord(append).body, mailbox.readAppend),
  'append-many': plain(manyMessages, () => mailbox.appendRecord(manyMessages).body, mailbox.readAppend),
  flags: plain(flags, () => mailbox.flagsRecord(flags).body, mailbox.readFlags),
  expunge: plain(expunge, () => mailbox.expungeRecord(expunge).body, mailbox.readExpunge),
  replace: plain(replace, () => mailbox.replaceRecord(replace).body, mailbox.readReplace),
  annotate: plain(groups, () => annotation.annotateRecord(groups).body, annotation.readAnnotate),
  'annotated-append': plain(
    annotatedAppend,
    () => annotation.annotatedAppendRecord(annotatedAppend).body,
    annotation.readAnnotatedAppend,
  ),
  purge: plain(uids, () => mailbox.purgeRecord(uids).body, mailbox.readPurge),
  'move-intent': plain(intent, () => mailbox.moveIntentRecord(intent).body, mailbox.readMoveIntent),
  'move-intent-of-user': plain(usersIntent, () => mailbox.moveIntentRecord(usersIntent).body, mailbox.readMoveIntent),
  bind: plain(bind, () => tree.bindRecord(bind).body, tree.readBind),
  rename: plain(rename, () => tree.renameRecord(rename).body, tree.readRename),
  'put-script': plain(putScript, () => tree.putScriptRecord(putScript).body, tree.readPutScript),
  'rename-script': plain({ from: 'a', to: 'ä' }, () => tree.renameScriptRecord('a', 'ä').body, tree.readRenameScript),
  'tree-scripts': numbered(
    treeWithScripts,
    () => encodeTree(new TreeView(treeWithScripts)),
    (packed) => decodeTree(treeState.id, packed, snapshotRef).state,
  ),
  checkpoint: numbered(
    checkpoint,
    () => Buffer.concat([Buffer.of(1), ...checkpoint.map(encodePart)]),
    decodeWholeCheckpoint,
  ),
  'annotated-checkpoint': numbered(
    annotatedCheckpoint,
    () => Buffer.concat([Buffer.of(1), ...annotatedCheckpoint.map(encodePart)]),
    decodeWholeCheckpoint,
  ),
  hot: numbered(
    hot,
    () => columns.encodeHot(hot),
    (packed) => {
      const flagSets = new FlagSets();
      const [block] = columns.decodeHot(packed, flagSets);
      return [...(block?.uids ?? [])].map((uid, i) => {
        return { uid, bits: flagSets.bitsAt(block?.flags[i] ?? -1), seq: block?.seqs[i] };
      });
    },
  ),
  cold: numbered(
    cold,
    () => columns.encodeCold(cold),
    (packed) => [...columns.decodeCold(packed)],
  ),
  expunged: numbered(expunged, () => columns.encodeExpunged(expunged), columns.decodeExpunged),
  nonces: numbered(marks, () => columns.encodeNonces(marks), columns.decodeNonces),
  annotations: numbered(annotations, () => encodeAnnotations([...annotations]), decodeAnnotations),
  'annotation-sizes': numbered(
    annotationSizes,
    () => encodeAnnotationSizes([...annotationSizes]),
    decodeAnnotationSizes,
  ),
  'annotated-manifest': numbered(annotatedManifest, () => encodeManifest(annotatedManifest), decodeManifest),
  manifest: numbered(manifest, () => encodeManifest(manifest), decodeManifest),
  'manifest-with-summaries': numbered(
    manifestWithSummaries,
    () => encodeManifest(manifestWithSummaries),
    decodeManifest,
  ),
  summaries: numbered(
    summaries,
    () => encodeSummaryPiece(summaries),
    async (packed) => {
      const piece = await decodeSummaryPiece(packed);
      return [...piece.uids].map((uid) => [uid, piece.get(uid)]);
    },
  ),
  tree: numbered(
    treeState,
    () => encodeTree(new TreeView(treeState)),
    (packed) => decodeTree(treeState.id, packed, snapshotRef).state,
  ),
};
