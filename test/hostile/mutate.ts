import type { Random } from './random.ts';

/** Breaks octets in a few places: flips, cuts, doubles, moves them, and puts tokens of the grammar where they do not belong. */
export function mutated(bytes: Buffer, random: Random, tokens: readonly string[]): Buffer {
  let result = bytes;
  for (let edits = 1 + random.below(6); edits > 0; edits--) {
    const at = random.below(result.length + 1);
    const [before, after] = [result.subarray(0, at), result.subarray(at)];
    const count = random.below(random.chance(0.8) ? 8 : 400);
    switch (random.below(6)) {
      case 0:
        result = Buffer.concat([before, random.bytes(count), after.subarray(count)]);
        break;
      case 1:
        result = Buffer.concat([before, after.subarray(count)]);
        break;
      case 2:
        result = Buffer.concat([before, after.subarray(0, count), after]);
        break;
      case 3:
        result = Buffer.concat([after.subarray(0, count), before, after.subarray(count)]);
        break;
      default:
        result = Buffer.concat([before, Buffer.from(random.pick(tokens), 'latin1'), after]);
    }
  }
  return result;
}

/** The same octets in pieces: whole, in small ones, or octet by octet. */
export function* chunked(bytes: Buffer, random: Random): Generator<Buffer> {
  const most = random.pick([1, 7, 100, 1500, bytes.length || 1]);
  // Octet by octet only where it matters most: at the beginning.
  const slow = most === 1 ? Math.min(bytes.length, 300) : bytes.length;
  for (let at = 0; at < slow; ) {
    const size = 1 + random.below(most);
    yield bytes.subarray(at, Math.min(slow, at + size));
    at += size;
  }
  if (slow < bytes.length) yield bytes.subarray(slow);
}
