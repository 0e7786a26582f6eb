import { randomBytes } from 'node:crypto';
import { FormatError } from '../base/bytes.ts';
import { systemKey } from '../store/keys.ts';
import type { Index, Item } from '../store/ports.ts';

const HINTS = systemKey('HINTS');
const KEY_BYTES = 32;

/**
 * The key that gateways mark their hints with. Whoever can read the table has all mail already, so it is kept there: the
 * first gateway makes it, and nobody needs to hand it around.
 */
export async function hintsKey(index: Index): Promise<Uint8Array> {
  const there = await index.get(HINTS);
  if (there !== undefined) return keyOf(there);
  const key = randomBytes(KEY_BYTES);
  const result = await index.put(HINTS, { r: 1, k: key }, 'absent');
  if (result.ok) return key;
  const current = result.current ?? (await index.get(HINTS));
  if (current === undefined) throw new FormatError('no hint key');
  return keyOf(current);
}

function keyOf({ k }: Item): Uint8Array {
  if (!(k instanceof Uint8Array) || k.length !== KEY_BYTES) throw new FormatError('hint key');
  return k;
}
