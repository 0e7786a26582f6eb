const LF = 0x0a;

/** Where the next LF is, or -1. For lines as short as those of mail a loop is as fast as `indexOf`, and for shorter ones far faster. */
export function nextLf(bytes: Buffer, from: number): number {
  const { length } = bytes;
  for (let at = from; at < length; at++) {
    if (bytes[at] === LF) return at;
  }
  return -1;
}
