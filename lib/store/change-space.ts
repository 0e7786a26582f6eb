import { derivedId, type Id } from '../base/ids.ts';
import { type Crossing, getCrossing } from './crossing.ts';
import { closeMailbox } from './delete-mailbox.ts';
import { StoreError, type StoreErrorCode } from './errors.ts';
import { encodeHead, type Head } from './head.ts';
import { WRITER_MS } from './keep.ts';
import { crossingKey, headKey } from './keys.ts';
import { readHead } from './log-reader.ts';
import type { MailStore } from './mail-store.ts';
import type { Mailbox } from './mailbox.ts';
import type { ValuesByUid } from './mailbox-annotations.ts';
import { type Block, type ColdRow, coldColumns, coldRowAt } from './mailbox-block.ts';
import { foldMailbox } from './mailbox-fold.ts';
import { MailboxView } from './mailbox-view.ts';
import { copyMessage } from './messages.ts';
import { finishMoves } from './move.ts';
import { headOnSnapshot } from './raise.ts';
import { recounts } from './sweep-quota.ts';
import { SweepRun } from './sweep-run.ts';
import { annotateRecord, bindRecord, unbindRecord } from './tree-records.ts';
import type { TreeView } from './tree-view.ts';
import { UidSet } from './uid-set.ts';

const GIVEN_UP = 'another process has given up the move: try again';

/** Objects copied at a time. */
const AT_ONCE = 16;

/** Of a destination's head that nobody has written to since it was made. */
const BORN_REV = 1;

/** Why a mailbox stays where it is for good; after anything else the same crossing is gone on with. */
const REFUSALS: ReadonlySet<StoreErrorCode> = new Set(['already-exists', 'expunged', 'gone', 'too-many']);

/**
 * Moves a mailbox into another tree and space (Rule 12): copies what it has while it goes on, closes it for changes, copies
 * the rest, makes the destination with the same UIDs and flags in one write, binds that, and deletes the source, whose
 * objects stay for the grace. Every step can be repeated by anybody. A refusal opens the source again.
 */
export async function changeSpace(store: MailStore, crossing: Crossing): Promise<void> {
  const tree = store.tree(crossing.to.tree);
  if (!knows((await tree.refresh()).view, crossing.destination)) {
    try {
      await carryOver(store, crossing);
    } catch (error) {
      const isRefused = error instanceof StoreError && REFUSALS.has(error.code);
      // Another process may have bound it meanwhile: then it is there.
      if (!isRefused || !knows((await tree.refresh()).view, crossing.destination)) {
        if (isRefused) await giveUp(store, crossing);
        throw error;
      }
    }
  }
  await carryAnnotations(store, crossing);
  const isThere = await deleteSource(store, crossing);
  await store.quota.flush();
  for (const side of [crossing.from, crossing.to]) {
    for (const { root, counted } of await recounts(new SweepRun(store), side)) {
      await store.quota.recount(root, side.space, counted);
    }
  }
  await store.ports.index.delete(crossingKey(crossing.destination));
  if (!isThere) throw new StoreError('unavailable', GIVEN_UP);
}

/** A destination that was deleted since has been there. */
function knows({ state }: TreeView, mailbox: Id): boolean {
  return state.deleted.has(mailbox) || [...state.bindings.values()].some((binding) => binding.mailbox === mailbox);
}

/** Everything up to the moment from which the mailbox is there. */
async function carryOver(store: MailStore, crossing: Crossing): Promise<void> {
  const source = store.mailbox(crossing.source);
  const copied = new Set<Id>();
  if ((await source.refresh()).head.state === 'open') {
    await copyObjects(store, crossing, (await source.refresh()).view, copied);
    // A MOVE out of it ends where it began.
    await finishMoves(store, source);
  }
  await freeze(store, source, crossing.destination);
  const { head, view } = await source.refresh();
  // Another process has given up since: what is seen now may change.
  if (!isFrozenFor(head, crossing)) throw new StoreError('unavailable', GIVEN_UP);
  if (view.state.intents.size > 0) {
    await giveUp(store, crossing);
    throw new StoreError('unavailable', 'messages are being moved out of the mailbox: try again in a minute');
  }
  await copyObjects(store, crossing, view, copied);
  await putDestination(store, crossing, view, await source.annotations(view, view.allUids()));
  // A writer that took longer starts over: what it wrote first may have been swept (Rule 9).
  if (store.clock.now() - crossing.begunMs > WRITER_MS) throw new StoreError('gone', 'the move has taken too long');
  await store.tree(crossing.to.tree).commit((now) => {
    if (knows(now, crossing.destination)) return { reply: undefined };
    if (now.binding(crossing.to.path) !== undefined) throw new StoreError('already-exists', 'Mailbox already exists');
    const { destination: mailbox, acl, to } = crossing;
    return { record: bindRecord({ name: to.path, mailbox, specialUse: [], acl }), reply: undefined };
  });
}

/** From here on the source changes no more, and says who takes its place. */
async function freeze(store: MailStore, source: Mailbox, destination: Id): Promise<void> {
  const head = await source.editHead(({ state }) =>
    state === 'open' ? { state: 'moving', movesTo: destination } : undefined,
  );
  if (head.state === 'closed') throw new StoreError('gone', 'the mailbox was deleted');
  if (head.movesTo !== destination) throw new StoreError('unavailable', 'the mailbox is being moved already');
  tell(store, source, head);
}

function tell(store: MailStore, { id }: Mailbox, { rev, watchers }: Head): void {
  const addresses = watchers.map(({ address }) => address);
  store.ports.hints.send({ id, rev }, addresses);
  store.moved(id, rev);
}

/** Opens the source again. What was copied is nobody's, and goes by the sweep. */
async function giveUp(
  store: MailStore,
  { source, destination }: Pick<Crossing, 'source' | 'destination'>,
): Promise<void> {
  if ((await readHead(store.context, 'M', source)) === undefined) return;
  await store
    .mailbox(source)
    .editHead(({ state, movesTo }) =>
      state === 'moving' && movesTo === destination ? { state: 'open', movesTo: undefined } : undefined,
    );
}

/** The object that a message has at the destination: whoever copies it, and however often, the same one. */
function copyOf({ destination, begunMs }: Crossing, blob: Id): Id {
  return derivedId(begunMs, destination, blob);
}

async function copyObjects(store: MailStore, crossing: Crossing, view: MailboxView, copied: Set<Id>): Promise<void> {
  const { from, to } = crossing;
  const wanted = new Set<Id>();
  for (const { blob } of (await store.mailbox(crossing.source).cold(view, view.allUids())).values()) {
    if (!copied.has(blob)) wanted.add(blob);
  }
  const blobs = [...wanted];
  for (let at = 0; at < blobs.length; at += AT_ONCE) {
    const group = blobs.slice(at, at + AT_ONCE);
    await Promise.all(
      group.map((blob) => copyMessage(store.context, from.space, to.space, blob, copyOf(crossing, blob))),
    );
    for (const blob of group) copied.add(blob);
  }
}

/** The destination comes into being with all its messages: one snapshot, then the head that names it. */
async function putDestination(
  store: MailStore,
  crossing: Crossing,
  view: MailboxView,
  values: ValuesByUid,
): Promise<void> {
  const { destination, to } = crossing;
  const next = carriedView(crossing, view, values);
  const { ref } = await foldMailbox(store.context, next, { limits: store.context.foldLimits, space: to.space });
  const begun = { rev: BORN_REV, state: 'open', space: to.space, owner: to.tree, watchers: [] } as const;
  const head: Head = { ...begun, ...headOnSnapshot(next, ref) };
  const put = await store.ports.index.put(headKey('M', destination), encodeHead(head, Buffer.alloc(0)), 'absent');
  if (put.ok) return;
  // One that is there already is the same, unless another process had made it, given up, and the source has changed since.
  const there = await readHead(store.context, 'M', destination);
  if (there?.seq !== next.seq) throw new StoreError('gone', 'the mailbox has changed since another process gave up');
}

/**
 * The view as the destination's: the same messages under the same UIDs, their objects in the other space. What was expunged
 * stays with the source.
 */
function carriedView(crossing: Crossing, { state }: MailboxView, values: ValuesByUid): MailboxView {
  const seq = state.seq + 1;
  const groups = [...values].map(([uid, own]) => ({ uids: UidSet.of(uid), values: own }));
  return new MailboxView({
    ...state,
    id: crossing.destination,
    seq,
    blocks: state.blocks.map((block) => carriedBlock(crossing, block)),
    expunged: undefined,
    expungedKnownSince: seq,
    purged: UidSet.empty,
    deliveries: undefined,
    annotations: {
      sizes: state.annotations.sizes,
      recent: groups.length === 0 ? undefined : { item: { seq, groups }, older: undefined },
    },
    snapshot: undefined,
    snapshotRef: undefined,
  });
}

function carriedBlock(crossing: Crossing, block: Block): Block {
  const { columns } = block.cold;
  const rows = [...block.uids].map((uid, i): ColdRow => {
    const row = columns && coldRowAt(columns, i);
    if (row === undefined) throw new StoreError('expunged', `the data of UID ${uid} are not there`);
    return { ...row, blob: copyOf(crossing, row.blob) };
  });
  return { ...block, cold: { columns: coldColumns(rows) } };
}

/** Annotations of the mailbox are kept by its name in the tree. */
async function carryAnnotations(store: MailStore, { source, destination, from, to }: Crossing): Promise<void> {
  const { view } = await store.tree(from.tree).refresh();
  const name = nameOf(view, source);
  for (const [key, value] of name === undefined ? [] : view.state.annotations) {
    const [of, entry = ''] = key.split('\0');
    // A limit of the source's is not one here.
    if (of !== name || entry.startsWith('/quota/')) continue;
    await store.tree(to.tree).commit((now) => {
      const path = nameOf(now, destination);
      return path === undefined
        ? { reply: undefined }
        : { record: annotateRecord(path, entry, value), reply: undefined };
    });
  }
}

/** Whether the source waits for this crossing: the one item that decides between going on and giving up. */
function isFrozenFor({ state, movesTo }: Pick<Head, 'state' | 'movesTo'>, { destination }: Crossing): boolean {
  return state === 'moving' && movesTo === destination;
}

/**
 * Closes the source, then unbinds it (Rule 5): from then on it is a deleted mailbox like others. One that another process
 * has opened again stays what it is, and the destination goes: false.
 */
async function deleteSource(store: MailStore, crossing: Crossing): Promise<boolean> {
  const { source, from } = crossing;
  if ((await readHead(store.context, 'M', source)) === undefined) return true;
  const head = await store
    .mailbox(source)
    .editHead((now) => (isFrozenFor(now, crossing) ? { state: 'closed', movesTo: undefined } : undefined));
  if (head.state === 'open') return !(await deleteDestination(store, crossing));
  if (head.state !== 'closed') return true;
  // It is told to those who watch.
  await closeMailbox(store, source);
  await store.tree(from.tree).commit((view) => {
    const name = nameOf(view, source);
    return name === undefined ? { reply: undefined } : { record: unbindRecord(name), reply: undefined };
  });
  return true;
}

/**
 * Takes back a binding that came after another process had given up, so that the mail is not there twice. A destination that
 * anybody has written to since stays: two copies are better than a lost message. Answers whether it went.
 */
async function deleteDestination(store: MailStore, crossing: Crossing): Promise<boolean> {
  const { destination, to } = crossing;
  if ((await readHead(store.context, 'M', destination)) === undefined) return true;
  const head = await store
    .mailbox(destination)
    .editHead(({ rev, state }) => (state === 'open' && rev === BORN_REV ? { state: 'closed' } : undefined));
  if (head.state !== 'closed') return false;
  await closeMailbox(store, destination);
  await store.tree(to.tree).commit((view) => {
    const name = nameOf(view, destination);
    return name === undefined ? { reply: undefined } : { record: unbindRecord(name), reply: undefined };
  });
  return true;
}

function nameOf({ state }: TreeView, mailbox: Id): string | undefined {
  for (const [name, binding] of state.bindings) if (binding.mailbox === mailbox) return name;
  return undefined;
}

/** A crossing older than this is gone on with by whoever finds it. */
export const CROSSING_MS = 60_000;

/**
 * Goes on with a crossing that its process left: to the end, or, before it has taken hold or when it has taken too long,
 * back. Answers after how many ms to look again, undefined when there is nothing more to do.
 */
export async function finishCrossing(store: MailStore, source: Id, destination: Id): Promise<number | undefined> {
  const head = await readHead(store.context, 'M', source);
  const isFrozen = head?.state === 'moving' && head.movesTo === destination;
  const crossing = await getCrossing(store.ports.index, destination);
  if (crossing === undefined) {
    // Swept away a grace ago: nobody can be at it any more.
    if (isFrozen) await giveUp(store, { source, destination });
    return undefined;
  }
  const ageMs = store.clock.now() - crossing.begunMs;
  if (ageMs < CROSSING_MS) return CROSSING_MS - ageMs;
  const { view } = await store.tree(crossing.to.tree).refresh();
  const isThere = knows(view, destination);
  // Its process still copies what there is, or has given up; nobody's mail waits for it.
  if (!isThere && !isFrozen) return ageMs < WRITER_MS ? 10 * CROSSING_MS : undefined;
  await changeSpace(store, crossing);
  return undefined;
}
