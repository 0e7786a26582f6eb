import type { Id } from '../../../lib/base/ids.ts';
import { pickFields } from '../../../lib/message/header.ts';
import { transferDecoder } from '../../../lib/message/transfer-encoding.ts';
import type { Context } from '../context.ts';
import { BrokenLiteral } from '../errors.ts';
import type { Partial } from '../wire/fetch-item.ts';
import { literalHead } from '../wire/write/fetch.ts';
import type { MessageWindow } from './message-window.ts';
import { cut, type Octets } from './sections.ts';

type Chunks = AsyncIterable<Buffer> | Iterable<Buffer>;

/** Octets ready to be written. */
export interface Literal {
  readonly sizeBytes: number;
  /** They hold NUL: only a literal8 may (RFC 3516 §4.2). */
  readonly hasNul: boolean;
  /** Line ends among them, counted when they are decoded. */
  readonly lines?: number;
  readonly chunks: () => Promise<Chunks>;
  /** Each chunk is in the memory of the one before. */
  readonly isLent?: boolean;
}

/** The literal of an item; undefined when nobody knows the part's transfer encoding. */
export async function literalOf(window: MessageWindow, blob: Id, octets: Octets): Promise<Literal | undefined> {
  const { range, partial, how } = octets;
  switch (how.kind) {
    case 'as-is': {
      const { start, end } = cut(range, partial);
      const isLent = partial === null && window.lends(blob, range);
      const chunks = async (): Promise<Chunks> =>
        isLent ? window.lend(blob, range) : window.stream(blob, { start, end });
      return { sizeBytes: end - start, hasNul: false, chunks, isLent };
    }
    case 'fields': {
      // Of an absurdly long header only the beginning is searched for fields.
      const end = Math.min(range.end, range.start + window.maxBytes);
      const picked = pickFields(await window.read(blob, { start: range.start, end }), how.names, how.which);
      const within = cut({ start: 0, end: picked.length }, partial);
      const bytes = picked.subarray(within.start, within.end);
      return { sizeBytes: bytes.length, hasNul: false, chunks: async () => [bytes] };
    }
    case 'decoded': {
      if (transferDecoder(how.encoding) === undefined) return undefined;
      const chunks = async (): Promise<Chunks> =>
        clipped(decoded(await window.stream(blob, range), how.encoding), partial);
      // The size must be known before the first octet is sent: large parts are decoded twice, never held.
      let [sizeBytes, hasNul, lines] = [0, false, 0];
      for await (const chunk of await chunks()) {
        sizeBytes += chunk.length;
        hasNul ||= chunk.includes(0);
        lines += lineEnds(chunk);
      }
      return { sizeBytes, hasNul, lines, chunks };
    }
  }
}

function lineEnds(chunk: Buffer): number {
  let count = 0;
  for (let at = chunk.indexOf(LF); at >= 0; at = chunk.indexOf(LF, at + 1)) count++;
  return count;
}

const LF = 0x0a;

/** Writes a literal with back-pressure; throws {@link BrokenLiteral} when the octets are not what was announced. */
export async function writeLiteral(context: Context, { sizeBytes, hasNul, chunks, isLent }: Literal): Promise<void> {
  context.write(literalHead(sizeBytes, hasNul));
  const { pieceBytes } = context.options.limits;
  let left = sizeBytes;
  for await (const chunk of await chunks()) {
    left -= chunk.length;
    if (left < 0) break;
    for (let at = 0; at < chunk.length; at += pieceBytes) {
      context.write(chunk.subarray(at, at + pieceBytes));
      await context.flow();
    }
    if (isLent) await context.connection.sent();
  }
  if (left !== 0) throw new BrokenLiteral(`a literal of ${sizeBytes} octets is off by ${left}`);
}

async function* decoded(chunks: Chunks, encoding: string): AsyncGenerator<Buffer> {
  const decoder = transferDecoder(encoding);
  if (decoder === undefined) return;
  for await (const chunk of chunks) yield decoder.write(chunk);
  yield decoder.end();
}

async function* clipped(chunks: Chunks, partial: Partial | null): AsyncGenerator<Buffer> {
  if (partial === null) {
    yield* chunks;
    return;
  }
  let at = 0;
  const end = partial.offset + partial.count;
  for await (const chunk of chunks) {
    const piece = chunk.subarray(Math.max(0, partial.offset - at), Math.max(0, end - at));
    if (piece.length > 0) yield piece;
    at += chunk.length;
    if (at >= end) return;
  }
}
