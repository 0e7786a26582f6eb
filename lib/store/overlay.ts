import { setTimeout as sleep } from 'node:timers/promises';
import { ByteReader, ByteWriter } from '../base/bytes.ts';
import { type Id, idFromBytes, idToBytes } from '../base/ids.ts';
import type { OpenMailbox } from './account.ts';
import { StoreError } from './errors.ts';
import { assertFormat } from './head.ts';
import { overlayKey } from './keys.ts';
import type { LogContext } from './log.ts';
import { readHead } from './log-reader.ts';
import { emptyRecord } from './mailbox-records.ts';
import { deletePiece, getPiece, type PieceRef, putPiece } from './pieces.ts';
import type { Item } from './ports.ts';
import { UidSet } from './uid-set.ts';

/** Mod-sequences: a shared change has seq x 2^16; private changes after it have the numbers between (Rule 16). */
export const MODSEQ_STEP = 2 ** 16;

/** A private change of \Seen: these messages have had this mod-sequence since. */
export interface PrivateChange {
  readonly modSeq: number;
  readonly uids: UidSet;
}

/** What one user has of a mailbox besides its log (Rule 16). */
export interface Overlay {
  readonly rev: number;
  /** Messages from this UID on are recent for the next session that asks. */
  readonly recentFrom: number;
  readonly seen: UidSet;
  /** Newest last; at most {@link MAX_CHANGES}, older ones merged into the first. */
  readonly changes: readonly PrivateChange[];
  /** A change is under way since then; 0: none. */
  readonly changingMs: number;
}

const FORMAT = 1;
/** Of a user who was never here. */
export const NO_OVERLAY: Overlay = { rev: 0, recentFrom: 1, seen: UidSet.empty, changes: [], changingMs: 0 };
const MAX_CHANGES = 32;
/** An overlay larger than this has its set in a piece of its own. */
const INLINE_BYTES = 900;
/** A change under way longer than this was left by its process. */
const TAKE_OVER_MS = 2000;

/** Watches a change that is under way, by this process's own time too: the clock of its maker may be hours ahead. */
class Patience {
  #rev = -1;
  #sinceMs = 0;

  /** Whether the change may be taken over now. */
  isOver({ rev, changingMs }: Overlay, nowMs: number): boolean {
    if (rev !== this.#rev) [this.#rev, this.#sinceMs] = [rev, nowMs];
    return nowMs - Math.min(changingMs, this.#sinceMs) > TAKE_OVER_MS;
  }
}
const WAIT_MS = 25;
const TRIES = 200;

/** An overlay and where its sets are, when they are too large for its item. */
export interface StoredOverlay {
  readonly overlay: Overlay;
  readonly piece: PieceRef | undefined;
}

async function load(context: LogContext, user: Id, mailbox: Id): Promise<StoredOverlay> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const stored = await decodeOverlay(context, user, await context.index.get(overlayKey(user, mailbox)));
    if (stored !== undefined) return stored;
  }
  throw new StoreError('unavailable', 'the private state of the mailbox is being changed');
}

/** What the item says; undefined when its set was replaced meanwhile. */
export async function decodeOverlay(
  context: LogContext,
  user: Id,
  item: Item | undefined,
): Promise<StoredOverlay | undefined> {
  if (item === undefined) return { overlay: NO_OVERLAY, piece: undefined };
  if (!(item.o instanceof Uint8Array) || typeof item.r !== 'number') {
    throw new StoreError('format', 'an overlay lacks o or r');
  }
  const from = new ByteReader(item.o);
  assertFormat(from.u8(), FORMAT, 'an overlay');
  const recentFrom = from.varint();
  const changingMs = from.varint();
  const where = from.u8();
  const piece = where === 0 ? undefined : { id: idFromBytes(from.fixed(16)), isObject: where === 2 };
  const packed = piece === undefined ? from : await pieceReader(context, user, piece);
  if (packed === undefined) return undefined;
  const seen = UidSet.read(packed);
  const changes = Array.from({ length: packed.varint() }, () => ({
    modSeq: packed.varint(),
    uids: UidSet.read(packed),
  }));
  return { overlay: { rev: item.r, recentFrom, changingMs, seen, changes }, piece };
}

async function pieceReader(context: LogContext, user: Id, piece: PieceRef): Promise<ByteReader | undefined> {
  const packed = await getPiece(context, 'O', user, piece);
  return packed === undefined ? undefined : new ByteReader(packed);
}

/** Writes the overlay if nobody has since `rev` and answers it as it is stored; undefined otherwise. */
async function store(
  context: LogContext,
  user: Id,
  mailbox: Id,
  before: StoredOverlay,
  next: Overlay,
): Promise<StoredOverlay | undefined> {
  const sets = new ByteWriter(256);
  next.seen.write(sets);
  sets.varint(next.changes.length);
  for (const { modSeq, uids } of next.changes) {
    sets.varint(modSeq);
    uids.write(sets);
  }
  const packed = sets.finish();
  const sameSets = next.seen === before.overlay.seen && next.changes === before.overlay.changes;
  const piece =
    packed.length <= INLINE_BYTES
      ? undefined
      : sameSets && before.piece !== undefined
        ? before.piece
        : await putPiece(context, 'O', user, packed);
  const to = new ByteWriter(128).u8(FORMAT).varint(next.recentFrom).varint(next.changingMs);
  to.u8(piece === undefined ? 0 : piece.isObject ? 2 : 1).fixed(piece === undefined ? packed : idToBytes(piece.id));
  const { rev } = before.overlay;
  const item = { r: rev + 1, o: to.finish() };
  const result = await context.index.put(overlayKey(user, mailbox), item, rev === 0 ? 'absent' : { rev });
  // The set that was replaced is nobody's now; a reader that misses it reads the overlay again.
  if (result.ok && before.piece !== undefined && before.piece.id !== piece?.id) {
    await deletePiece(context, 'O', user, before.piece);
  }
  return result.ok ? { overlay: { ...next, rev: rev + 1 }, piece } : undefined;
}

/**
 * The messages that are recent for a session that selects the mailbox now: those from the answered UID on. They are
 * recent for no later session (RFC 3501 §2.3.2). Only sessions that are told of \Recent should ask.
 */
export async function claimRecent(open: OpenMailbox, uidNext: number): Promise<number> {
  const { context, overlays } = open.store;
  const [user, mailbox] = [open.account.user.id, open.mailbox.id];
  for (let attempt = 0; attempt < TRIES; attempt++) {
    // It only grows: one that is high enough was true, however old it is.
    const known = overlays.get(user, mailbox);
    const before = known?.stored ?? (await load(context, user, mailbox));
    const headSeq = known?.headSeq ?? 0;
    const { recentFrom } = before.overlay;
    if (recentFrom >= uidNext) {
      overlays.note(user, mailbox, before, headSeq);
      return recentFrom;
    }
    const stored = await store(context, user, mailbox, before, { ...before.overlay, recentFrom: uidNext });
    if (stored !== undefined) {
      overlays.note(user, mailbox, stored, headSeq);
      return recentFrom;
    }
    overlays.forget(user, mailbox);
  }
  throw new StoreError('unavailable', 'the recent messages are being claimed by too many sessions');
}

/**
 * A user's private state that belongs with a mailbox at `seq`, read after the mailbox's head. `'ahead'`: it rests on a
 * newer head; read that and ask again. While a change is under way the reader waits, and takes over after 2 s (Rule 16).
 */
export async function readOverlay(context: LogContext, user: Id, mailbox: Id, seq: number): Promise<Overlay | 'ahead'> {
  const stored = await readStored(context, user, mailbox, seq);
  return stored === 'ahead' ? stored : stored.overlay;
}

/** Whether an overlay rests on a newer head than that at `seq`. */
export function isAhead({ changes }: Overlay, seq: number): boolean {
  return Math.floor((changes.at(-1)?.modSeq ?? 0) / MODSEQ_STEP) > seq;
}

/** As {@link readOverlay}, with where its sets are. */
export async function readStored(
  context: LogContext,
  user: Id,
  mailbox: Id,
  seq: number,
): Promise<StoredOverlay | 'ahead'> {
  const patience = new Patience();
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const stored = await load(context, user, mailbox);
    const { overlay } = stored;
    if (overlay.changingMs === 0) return isAhead(overlay, seq) ? 'ahead' : stored;
    if (patience.isOver(overlay, context.clock.now())) {
      await store(context, user, mailbox, stored, { ...overlay, changingMs: 0 });
      continue;
    }
    await sleep(WAIT_MS);
  }
  throw new StoreError('unavailable', 'the private state of the mailbox is being changed');
}

/** A user's private state of a mailbox as it is stored; a change under way is not waited for. */
export async function storedOverlay(context: LogContext, user: Id, mailbox: Id): Promise<Overlay> {
  return (await load(context, user, mailbox)).overlay;
}

/** Puts private state in the place of what is there, if anything is. */
export async function putOverlay(
  context: LogContext,
  user: Id,
  mailbox: Id,
  state: Pick<Overlay, 'recentFrom' | 'seen'>,
): Promise<void> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const before = await load(context, user, mailbox);
    const next = { ...before.overlay, ...state, changes: [], changingMs: 0 };
    if (await store(context, user, mailbox, before, next)) return;
  }
  throw new StoreError('unavailable', 'the private state of the mailbox is being changed');
}

/**
 * Changes which messages the user has seen: marks the overlay "changing", reads the head strongly, then commits with the
 * next mod-sequence after it (Rule 16). Answers the overlay after the change. What this process knows of the overlay is tried
 * first: when it is old, the mark fails and nothing has happened.
 */
export async function setPrivateSeen(
  open: OpenMailbox,
  change: (overlay: Overlay) => { readonly add: UidSet; readonly remove: UidSet },
): Promise<Overlay> {
  const { context, overlays } = open.store;
  const [user, mailbox] = [open.account.user.id, open.mailbox.id];
  const patience = new Patience();
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const before = overlays.get(user, mailbox)?.stored ?? (await load(context, user, mailbox));
    overlays.forget(user, mailbox);
    if (before.overlay.changingMs !== 0 && !patience.isOver(before.overlay, context.clock.now())) {
      await sleep(WAIT_MS * (0.5 + context.random()));
      continue;
    }
    const marked: Overlay = { ...before.overlay, changingMs: Math.max(1, context.clock.now()) };
    const mine = await store(context, user, mailbox, before, marked);
    if (mine === undefined) continue;
    const { next, headSeq } = await changed(open, mine.overlay, change);
    const stored = await store(context, user, mailbox, mine, next);
    if (stored === undefined) continue;
    overlays.note(user, mailbox, stored, headSeq);
    return stored.overlay;
  }
  throw new StoreError('unavailable', 'the private state of the mailbox is being changed');
}

async function changed(
  open: OpenMailbox,
  overlay: Overlay,
  change: (overlay: Overlay) => { readonly add: UidSet; readonly remove: UidSet },
): Promise<{ readonly next: Overlay; readonly headSeq: number }> {
  const { add, remove } = change(overlay);
  const added = add.minus(overlay.seen);
  const removed = remove.minus(remove.minus(overlay.seen));
  const uids = added.union(removed);
  if (uids.isEmpty) return { next: { ...overlay, changingMs: 0 }, headSeq: 0 };
  const seen = overlay.seen.minus(removed).union(added);
  const { modSeq, headSeq } = await nextModSeq(open, overlay);
  const changes = [...overlay.changes.map((c) => ({ ...c, uids: c.uids.minus(uids) })), { modSeq, uids }].filter(
    (entry) => !entry.uids.isEmpty,
  );
  while (changes.length > MAX_CHANGES) {
    // The two oldest become one under the newer number: a client may be told again of what it knows, never too little.
    const [first, second] = changes.splice(0, 2);
    if (first !== undefined && second !== undefined) {
      changes.unshift({ modSeq: second.modSeq, uids: first.uids.union(second.uids) });
    }
  }
  return { next: { ...overlay, seen, changes, changingMs: 0 }, headSeq };
}

async function nextModSeq(
  { store: { context }, mailbox }: OpenMailbox,
  overlay: Overlay,
): Promise<{ readonly modSeq: number; readonly headSeq: number }> {
  const newest = overlay.changes.at(-1)?.modSeq ?? 0;
  for (;;) {
    const head = await readHead(context, 'M', mailbox.id);
    if (head === undefined) throw new StoreError('gone', 'the mailbox does not exist any more');
    const modSeq = Math.max(head.seq * MODSEQ_STEP, newest) + 1;
    if (modSeq < (head.seq + 1) * MODSEQ_STEP) {
      // Whoever looks at the overlay next need not look at the head first.
      if (mailbox.cached !== undefined) await mailbox.offer(head);
      return { modSeq, headSeq: head.seq };
    }
    // All numbers between this seq and the next are taken: an empty record makes room.
    await mailbox.commit(() => ({ record: emptyRecord(), reply: undefined }));
  }
}
