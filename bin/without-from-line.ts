const LF = 0x0a;
const FROM = Buffer.from('From ');
/** A first line longer than this is not that of an mbox. */
const LINE_BYTES = 1000;

/** The input without a first line that begins `From ` (as Postfix' pipe(8) writes it with flags=F). */
export async function* withoutFromLine(input: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let held: Buffer | undefined = Buffer.alloc(0);
  for await (const piece of input) {
    if (held === undefined) {
      yield piece;
      continue;
    }
    held = Buffer.concat([held, piece]);
    const rest = afterFromLine(held);
    if (rest === undefined) continue;
    held = undefined;
    if (rest.length > 0) yield rest;
  }
  if (held !== undefined && held.length > 0) yield held;
}

/** What follows the line; everything when it is another line; undefined when more is needed to tell. */
function afterFromLine(bytes: Buffer): Buffer | undefined {
  const head = bytes.subarray(0, FROM.length);
  if (!head.equals(FROM.subarray(0, head.length))) return bytes;
  const end = bytes.indexOf(LF);
  if (end >= 0 && bytes.length >= FROM.length) return bytes.subarray(end + 1);
  return bytes.length > LINE_BYTES ? bytes : undefined;
}
