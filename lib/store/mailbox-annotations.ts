import { type ByteReader, ByteWriter, FormatError } from '../base/bytes.ts';
import type { AnnotationGroup, AnnotationKey } from './annotation-records.ts';
import type { LogContext } from './log.ts';
import { Moved } from './log-reader.ts';
import { chainItems } from './mailbox-columns.ts';
import type { Chain, MailboxView } from './mailbox-view.ts';
import { pack, unpack } from './packed.ts';
import { getPiece } from './pieces.ts';
import { UidSet } from './uid-set.ts';

/** How large each annotation of a message is, by key, in bytes. */
export type AnnotationSizes = ReadonlyMap<AnnotationKey, number>;

/** Annotations of a record. */
export interface RecentAnnotations {
  readonly seq: number;
  readonly groups: readonly AnnotationGroup[];
}

/**
 * The annotations of a mailbox's messages (RFC 5257): which there are, by UID, and the values that came after the snapshot.
 * Older values are in pieces of the snapshot, fetched when they are asked for.
 */
export interface Annotations {
  readonly sizes: ReadonlyMap<number, AnnotationSizes>;
  readonly recent: Chain<RecentAnnotations> | undefined;
}

export const NO_ANNOTATIONS: Annotations = { sizes: new Map(), recent: undefined };

interface Annotated {
  readonly annotations: Annotations;
  readonly annotationBytes: number;
}

/** With the groups' values for those messages that `has` knows. */
export function withAnnotations(
  { annotations, annotationBytes }: Annotated,
  { seq, groups }: RecentAnnotations,
  has: (uid: number) => boolean,
): Annotated {
  const sizes = new Map(annotations.sizes);
  let bytes = annotationBytes;
  for (const { uids, values } of groups) {
    for (const uid of uids) {
      if (!has(uid)) continue;
      const own = new Map(sizes.get(uid));
      for (const [key, value] of values) {
        bytes += (value?.length ?? 0) - (own.get(key) ?? 0);
        if (value === undefined) own.delete(key);
        else own.set(key, value.length);
      }
      if (own.size === 0) sizes.delete(uid);
      else sizes.set(uid, own);
    }
  }
  return {
    annotations: { sizes, recent: { item: { seq, groups }, older: annotations.recent } },
    annotationBytes: bytes,
  };
}

/** Without those of messages that are gone. */
export function withoutAnnotations(state: Annotated, gone: UidSet): Annotated {
  const { annotations, annotationBytes } = state;
  const touched = [...annotations.sizes.keys()].filter((uid) => gone.has(uid));
  if (touched.length === 0) return { annotations, annotationBytes };
  const sizes = new Map(annotations.sizes);
  let bytes = annotationBytes;
  for (const uid of touched) {
    for (const size of sizes.get(uid)?.values() ?? []) bytes -= size;
    sizes.delete(uid);
  }
  return { annotations: { ...annotations, sizes }, annotationBytes: bytes };
}

/** The values of messages, by UID; undefined of one that has none. */
export type ValuesByUid = ReadonlyMap<number, ReadonlyMap<AnnotationKey, Buffer>>;

/**
 * The values that the messages of the set have in the view. Throws {@link Moved} when the view's snapshot was tidied away.
 */
export async function annotationValues(context: LogContext, view: MailboxView, uids: UidSet): Promise<ValuesByUid> {
  const { sizes, recent } = view.state.annotations;
  const wanted = UidSet.fromSorted([...sizes.keys()].filter((uid) => uids.has(uid)).sort((a, b) => a - b));
  const found = new Map<number, Map<AnnotationKey, Buffer>>();
  for (const uid of wanted) found.set(uid, new Map());
  for (const piece of view.state.snapshot?.annotations ?? []) {
    if (!wanted.intersects(piece.fromUid, piece.toUid)) continue;
    const packed = await getPiece(context, 'M', view.state.id, piece);
    if (packed === undefined) throw new Moved(`piece ${piece.id}`);
    for (const [uid, values] of decodeAnnotations(packed)) {
      const own = found.get(uid);
      for (const [key, value] of values) own?.set(key, value);
    }
  }
  for (const { groups } of [...chainItems(recent)].reverse()) {
    for (const { uids: set, values } of groups) {
      for (const uid of set) {
        const own = found.get(uid);
        for (const [key, value] of values) if (value !== undefined) own?.set(key, value);
      }
    }
  }
  for (const [uid, own] of found) {
    for (const key of own.keys()) if (!sizes.get(uid)?.has(key)) own.delete(key);
  }
  return found;
}

const FORMAT = 1;

/** A table of the keys, then a row for each message, ascending by UID. */
function encodeRows<T>(
  rows: readonly (readonly [uid: number, own: ReadonlyMap<AnnotationKey, T>])[],
  write: (to: ByteWriter, value: T) => void,
): Buffer {
  const table = new Map<AnnotationKey, number>();
  for (const [, own] of rows) for (const key of own.keys()) if (!table.has(key)) table.set(key, table.size);
  const to = new ByteWriter(1024).varint(table.size);
  for (const key of table.keys()) to.string(key);
  to.varint(rows.length);
  let last = 0;
  for (const [uid, own] of rows) {
    to.varint(uid - last).varint(own.size);
    last = uid;
    for (const [key, value] of own) {
      to.varint(table.get(key) ?? 0);
      write(to, value);
    }
  }
  return pack(to, FORMAT);
}

function decodeRows<T>(from: ByteReader, read: () => T): Map<number, Map<AnnotationKey, T>> {
  const table = Array.from({ length: from.varint() }, () => from.string());
  const rows = new Map<number, Map<AnnotationKey, T>>();
  let uid = 0;
  for (let count = from.varint(); count > 0; count--) {
    uid += from.varint();
    const own = new Map<AnnotationKey, T>();
    for (let n = from.varint(); n > 0; n--) {
      const key = table[from.varint()];
      if (key === undefined) throw new FormatError('an annotation has a key that is not in the table');
      own.set(key, read());
    }
    rows.set(uid, own);
  }
  return rows;
}

export function encodeAnnotationSizes(rows: readonly (readonly [uid: number, own: AnnotationSizes])[]): Buffer {
  return encodeRows(rows, (to, size) => to.varint(size));
}

export function decodeAnnotationSizes(packed: Buffer): Map<number, AnnotationSizes> {
  const from = unpack(packed, FORMAT, 'a piece of sizes of annotations');
  return decodeRows(from, () => from.varint());
}

export function encodeAnnotations(
  rows: readonly (readonly [uid: number, own: ReadonlyMap<AnnotationKey, Buffer>])[],
): Buffer {
  return encodeRows(rows, (to, value) => to.bytes(value));
}

export function decodeAnnotations(packed: Buffer): Map<number, Map<AnnotationKey, Buffer>> {
  const from = unpack(packed, FORMAT, 'a piece of annotations');
  return decodeRows(from, () => Buffer.from(from.bytes()));
}
