/** A part of at least so many bytes is not worth copying: to hand on another part costs about as much as to copy this. */
const LARGE_PART_BYTES = 16 * 1024;

/** The parts in their order, small neighbours as one: a socket takes far longer for many than for their bytes. */
export function gathered(parts: readonly Buffer[]): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < parts.length; ) {
    let end = at;
    while (end < parts.length && (parts[end] as Buffer).length < LARGE_PART_BYTES) end++;
    if (end - at > 1) pieces.push(Buffer.concat(parts.slice(at, end)));
    else pieces.push(parts[at] as Buffer);
    at = Math.max(end, at + 1);
  }
  return pieces;
}
