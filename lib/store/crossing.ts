import { ByteReader, ByteWriter } from '../base/bytes.ts';
import { type Id, idFromBytes, idToBytes } from '../base/ids.ts';
import { assertFormat } from './head.ts';
import { crossingKey } from './keys.ts';
import type { Index, Item } from './ports.ts';
import { readAcl, writeAcl } from './tree-records.ts';
import type { Acl } from './tree-view.ts';

/**
 * A mailbox on its way into another space (Rule 12). Both sides name each other until it is there: the head of `source` says
 * `moving` and names `destination`, this is an item of `destination`.
 */
export interface Crossing {
  readonly source: Id;
  readonly destination: Id;
  readonly from: { readonly tree: Id; readonly space: Id };
  readonly to: { readonly tree: Id; readonly space: Id; readonly path: string };
  /** What the destination is born with. */
  readonly acl: Acl;
  readonly begunMs: number;
}

const FORMAT = 1;

export async function putCrossing(index: Index, crossing: Crossing): Promise<void> {
  await index.put(crossingKey(crossing.destination), { b: encodeCrossing(crossing) });
}

/** Undefined: there is none, or it has come to its end. */
export async function getCrossing(index: Index, destination: Id): Promise<Crossing | undefined> {
  const item = await index.get(crossingKey(destination));
  return item === undefined ? undefined : decodeCrossing(destination, item);
}

export function encodeCrossing({ source, from, to, acl, begunMs }: Crossing): Buffer {
  const packed = new ByteWriter(128).u8(FORMAT);
  for (const id of [source, from.tree, from.space, to.tree, to.space]) packed.fixed(idToBytes(id));
  packed.string(to.path).varint(begunMs);
  writeAcl(packed, acl);
  return packed.finish();
}

export function decodeCrossing(destination: Id, { b }: Item): Crossing {
  const packed = new ByteReader(b instanceof Uint8Array ? b : Buffer.alloc(1));
  assertFormat(packed.u8(), FORMAT, 'a move into another space');
  const id = (): Id => idFromBytes(packed.fixed(16));
  const source = id();
  const from = { tree: id(), space: id() };
  const [tree, space] = [id(), id()];
  const to = { tree, space, path: packed.string() };
  const begunMs = packed.varint();
  return { source, destination, from, to, begunMs, acl: readAcl(packed) };
}
