import { createHash } from 'node:crypto';
import { type Id, idFromBytes, newId } from '../base/ids.ts';
import { type CheckpointPart, encodeCheckpoint } from './checkpoint-format.ts';
import { encodeUser, type User } from './directory.ts';
import { decodeHead, type Head } from './head.ts';
import { CHECKPOINTS, checkpointKey, checkpointStateKey, headKey, logPk } from './keys.ts';
import type { LogContext } from './log.ts';
import type { MailStore } from './mail-store.ts';
import { annotationValues, encodeAnnotations } from './mailbox-annotations.ts';
import { encodeCold, encodeExpunged, encodeHot, type HotRow } from './mailbox-columns.ts';
import { decodeCounts, type MailboxView } from './mailbox-view.ts';
import { storedOverlay } from './overlay.ts';
import { getPiece } from './pieces.ts';
import { keptGraves, rowsOf, withMailbox } from './sweep-rows.ts';
import { idOfBlobKey, sortKeys } from './sweep-run.ts';
import { encodeTree } from './tree-snapshot.ts';
import type { TreeView } from './tree-view.ts';
import { UidSet } from './uid-set.ts';

const HOT_ROWS = 65_536;
const COLD_ROWS = 8192;
/** A part of annotations is closed when its values are this long together. */
const ANNOTATION_BYTES = 1024 * 1024;

/**
 * Writes one checkpoint of an account (Rule 21): the directory entry, the tree with its scripts, every mailbox with UIDs,
 * flags and blobs, and what is private to the user. Answers its id. Memory is bounded by one mailbox: its view and some
 * 25 bytes a message, and its annotations. `began`: seqs of the mailboxes from before, if they are known. Mailboxes are read one after the other, each as it is then; see the reader for MOVEs between them.
 */
export async function writeCheckpoint(store: MailStore, user: User, began?: ReadonlyMap<Id, number>): Promise<Id> {
  const id = store.newId();
  await store.ports.blobs.put(checkpointKey(user.tree, id), encodeCheckpoint(partsOf(store, user, began)), {
    user: user.name,
  });
  return id;
}

/** Writes that the user is no more, so that a rebuilt index does not bring the account back. */
export async function writeRemoval(store: MailStore, user: User): Promise<void> {
  const account = accountPart(user, store.clock.now(), Buffer.alloc(0), true);
  const parts: CheckpointPart[] = [account, { kind: 'end', parts: 1 }];
  const key = checkpointKey(user.tree, newId(store.clock.now()));
  await store.ports.blobs.put(key, encodeCheckpoint(parts), { user: user.name });
}

function accountPart(user: User, timeMs: number, view: Buffer, isRemoved: boolean): CheckpointPart {
  const { name, tree, space } = user;
  return { kind: 'account', timeMs, isRemoved, name, tree, space, user: encodeUser(user).d, view };
}

async function* partsOf(store: MailStore, user: User, began?: ReadonlyMap<Id, number>): AsyncGenerator<CheckpointPart> {
  let parts = 0;
  for await (const part of contentsOf(store, user, began)) {
    yield part;
    parts++;
  }
  yield { kind: 'end', parts };
}

async function* contentsOf(
  store: MailStore,
  user: User,
  known?: ReadonlyMap<Id, number>,
): AsyncGenerator<CheckpointPart> {
  const timeMs = store.clock.now();
  const { view } = await store.tree(user.tree).refresh();
  yield accountPart(user, timeMs, encodeTree(view), false);
  for (const { piece } of view.state.scripts.values()) {
    const text = await getPiece(store.context, 'T', user.tree, piece);
    if (text !== undefined) yield { kind: 'script', piece: piece.id, text };
  }
  const began = known ?? (await seqsOf(store, mailboxesOf(view)));
  // Of one that was made since, all counts as changed meanwhile.
  for (const mailbox of mailboxesOf(view)) yield* await mailboxParts(store, mailbox, began.get(mailbox) ?? 0);
  for await (const sks of sortKeys(store.context, logPk('O', user.id))) {
    for (const sk of sks.filter(({ length }) => length === 16)) {
      const mailbox = idFromBytes(sk);
      const { recentFrom, seen } = await storedOverlay(store.context, user.id, mailbox);
      yield { kind: 'overlay', mailbox, recentFrom, seen };
    }
  }
}

/** Mailboxes that a tree knows: bound ones, and deleted ones that may be brought back. */
export function mailboxesOf({ state }: TreeView): ReadonlySet<Id> {
  return new Set([...[...state.bindings.values()].map(({ mailbox }) => mailbox), ...state.deleted.keys()]);
}

async function seqsOf({ ports: { index } }: MailStore, mailboxes: Iterable<Id>): Promise<ReadonlyMap<Id, number>> {
  const ids = [...mailboxes];
  // One of a moment ago does no harm: more would come back that was expunged just then.
  const items = await index.batchGet(
    ids.map((id) => headKey('M', id)),
    { consistent: false },
  );
  return new Map(ids.map((id, i) => [id, items[i] === undefined ? 0 : decodeHead(items[i]).seq]));
}

/** Empty when the sweep has removed it. */
async function mailboxParts({ context }: MailStore, id: Id, beganSeq: number): Promise<CheckpointPart[]> {
  const parts = await withMailbox(context, id, async ({ state }, view) => {
    const { seq, uidNext, lastAppendMs, keywords } = view.state;
    const mailbox: CheckpointPart = { kind: 'mailbox', id, state, seq, beganSeq, uidNext, lastAppendMs, keywords };
    const columns: CheckpointPart[] = [...hotParts(view)];
    for await (const rows of rowsOf(context, view)) {
      const sorted = [...rows].sort((a, b) => a.uid - b.uid);
      for (let at = 0; at < sorted.length; at += COLD_ROWS) {
        const group = sorted.slice(at, at + COLD_ROWS).map((row) => [row.uid, row] as const);
        columns.push({ kind: 'cold', packed: encodeCold(group) });
      }
    }
    const graves = keptGraves(view).map(({ entry, uids }) => ({ ...entry, uids }));
    if (graves.length > 0) columns.push({ kind: 'expunged', packed: encodeExpunged(graves.reverse()) });
    for await (const packed of annotationPieces(context, view)) columns.push({ kind: 'annotations', packed });
    return [mailbox, ...columns];
  });
  return parts ?? [];
}

function* hotParts(view: MailboxView): Generator<CheckpointPart> {
  let rows: HotRow[] = [];
  for (const { uids, flags, seqs } of view.state.blocks) {
    for (const [row, uid] of uids.entries()) {
      rows.push({ uid, bits: view.state.flagSets.bitsAt(flags[row] as number), seq: seqs[row] as number });
    }
    if (rows.length < HOT_ROWS) continue;
    yield { kind: 'hot', packed: encodeHot(rows) };
    rows = [];
  }
  if (rows.length > 0) yield { kind: 'hot', packed: encodeHot(rows) };
}

/** The annotations of a view's messages, ascending by UID. Throws `Moved` when its snapshot was tidied away. */
async function* annotationPieces(context: LogContext, view: MailboxView): AsyncGenerator<Buffer> {
  const { sizes } = view.state.annotations;
  let [batch, bytes]: [number[], number] = [[], 0];
  const uids = [...sizes.keys()].filter((uid) => view.has(uid)).sort((a, b) => a - b);
  for (const [i, uid] of uids.entries()) {
    batch.push(uid);
    for (const size of sizes.get(uid)?.values() ?? []) bytes += size;
    if (bytes < ANNOTATION_BYTES && i < uids.length - 1) continue;
    yield encodeAnnotations([...(await annotationValues(context, view, UidSet.fromSorted(batch)))]);
    [batch, bytes] = [[], 0];
  }
}

/** The checkpoints of an account that are there, oldest first. */
export async function checkpointsOf({ ports: { blobs } }: Pick<MailStore, 'ports'>, tree: Id): Promise<readonly Id[]> {
  const ids: Id[] = [];
  let after: string | undefined;
  do {
    const page = await blobs.list(`${CHECKPOINTS}${tree}/`, after);
    for (const { key } of page.blobs) ids.push(...[idOfBlobKey(key)].filter((id) => id !== undefined));
    after = page.next;
  } while (after !== undefined);
  return ids;
}

/** What the last checkpoint of an account was made of. */
export interface CheckpointState {
  readonly rev: number;
  readonly timeMs: number;
  /** Of all that a checkpoint has: equal, and nothing has changed. */
  readonly digest: Buffer;
}

export async function readCheckpointState(store: MailStore, { space }: User): Promise<CheckpointState> {
  const item = await store.ports.index.get(checkpointStateKey(space), { consistent: false });
  const number = (value: unknown): number => (typeof value === 'number' ? value : 0);
  const digest = item?.d instanceof Uint8Array ? Buffer.from(item.d) : Buffer.alloc(0);
  return { rev: number(item?.r), timeMs: number(item?.t), digest };
}

/** Notes a checkpoint; when somebody else has meanwhile, theirs stays. */
export async function noteCheckpoint(store: MailStore, { space }: User, state: CheckpointState): Promise<void> {
  const item = { r: state.rev + 1, t: state.timeMs, d: state.digest };
  await store.ports.index.put(checkpointStateKey(space), item, state.rev === 0 ? 'absent' : { rev: state.rev });
}

const HEADS_AT_ONCE = 100;

/** What a mailbox has that earlier checkpoints were without: with it the next one is written, though nothing has changed. */
function contentsMark({ extra }: Head): string {
  return decodeCounts(extra).annotationBytes > 0 ? ' annotated' : '';
}

/** A hash of the revisions of all that a checkpoint has, and the seqs of the mailboxes: heads and items, no message is read. */
export async function accountDigest(
  store: MailStore,
  user: User,
): Promise<{ readonly digest: Buffer; readonly seqs: ReadonlyMap<Id, number> }> {
  const hash = createHash('sha256').update(`${user.name} ${user.rev}\n`);
  const { head, view } = await store.tree(user.tree).refresh();
  hash.update(encodeUser(user).d).update(`${head.seq} ${head.state}\n`);
  const mailboxes = [...mailboxesOf(view)].sort();
  const seqs = new Map<Id, number>();
  for (let at = 0; at < mailboxes.length; at += HEADS_AT_ONCE) {
    const group = mailboxes.slice(at, at + HEADS_AT_ONCE);
    const items = await store.ports.index.batchGet(
      group.map((id) => headKey('M', id)),
      { consistent: false },
    );
    for (const [i, id] of group.entries()) {
      const item = items[i];
      const head = item === undefined ? undefined : decodeHead(item);
      seqs.set(id, head?.seq ?? 0);
      // Compaction and watchers write heads too: what counts is the newest record, and whether it is open.
      hash.update(`${id} ${head === undefined ? 'gone' : `${head.seq} ${head.state}${contentsMark(head)}`}\n`);
    }
  }
  let after: Buffer | undefined;
  do {
    const pk = logPk('O', user.id);
    const page = await store.ports.index.query({ pk, consistent: false, ...(after && { after }) });
    for (const { sk, item } of page.rows) if (sk.length === 16) hash.update(`${sk.toString('hex')} ${item.r}\n`);
    after = page.next;
  } while (after !== undefined);
  return { digest: hash.digest(), seqs };
}
