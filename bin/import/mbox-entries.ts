import type { FileHandle } from 'node:fs/promises';
import { parseFromLine } from './mbox-from-line.ts';

/** Where a message lies in an mbox file. */
export interface MboxEntry {
  /** The line that separates it from the one before, without its end. */
  readonly fromLine: string;
  /** Seconds since 1970. */
  readonly date: number;
  /** First byte of the header, and the byte after the message. */
  readonly start: number;
  readonly end: number;
}

const READ_BYTES = 1024 * 1024;
/** A separator longer than this is none. */
const LINE_BYTES = 1000;
const LF = 0x0a;
const CR = 0x0d;
const SEPARATOR = Buffer.from('\nFrom ');

/**
 * The messages of an mbox file (RFC 4155), in order. A message begins at a line `From ` with a date, at the beginning of
 * the file or after an empty line. Content-Length is not believed: it is wrong too often.
 */
export async function* mboxEntries(file: FileHandle): AsyncGenerator<MboxEntry> {
  let open: Omit<MboxEntry, 'end'> | undefined;
  // The window begins with an LF that is not in the file, as if an empty line were before it.
  let window = Buffer.from('\n\n');
  let offset = -window.length;
  let atEnd = false;
  let from = 0;
  while (!atEnd) {
    const piece = Buffer.allocUnsafe(READ_BYTES);
    const { bytesRead } = await file.read(piece, 0, READ_BYTES, offset + window.length);
    atEnd = bytesRead === 0;
    window = Buffer.concat([window, piece.subarray(0, bytesRead)]);
    for (;;) {
      const at = window.indexOf(SEPARATOR, from);
      if (at === -1) break;
      const lineEnd = window.indexOf(LF, at + SEPARATOR.length);
      const isCut = lineEnd === -1 && !atEnd && window.length - at <= LINE_BYTES;
      if (isCut) break;
      from = at + 1;
      const found = separatorAt(window, at, lineEnd === -1 ? window.length : lineEnd);
      if (found === undefined) continue;
      if (open !== undefined) yield { ...open, end: Math.max(open.start, offset + found.messageEnd) };
      const start = offset + (lineEnd === -1 ? window.length : lineEnd + 1);
      open = { fromLine: found.line, date: found.date, start };
    }
    // What may be the beginning of a separator stays, with the empty line before it.
    const keep = Math.max(0, window.length - LINE_BYTES - 4);
    offset += keep;
    from = Math.max(0, from - keep);
    window = window.subarray(keep);
  }
  if (open !== undefined) yield { ...open, end: offset + window.length - trailingLine(window, offset, open.start) };
}

function separatorAt(
  window: Buffer,
  at: number,
  lineEnd: number,
): { readonly line: string; readonly date: number; readonly messageEnd: number } | undefined {
  if (lineEnd - at > LINE_BYTES) return undefined;
  // `at` is the LF of the line before, which must be empty.
  const emptyLine = window[at - 1] === CR ? at - 1 : at;
  if (window[emptyLine - 1] !== LF) return undefined;
  const line = window.toString('latin1', at + 1, lineEnd).replace(/\r$/, '');
  const date = parseFromLine(line);
  return date === undefined ? undefined : { line, date, messageEnd: emptyLine };
}

/** Bytes of the empty line that ends the last message. */
function trailingLine(window: Buffer, offset: number, start: number): number {
  const tail = window.subarray(Math.max(0, start - offset));
  if (tail.length >= 2 && tail.at(-1) === LF && tail.at(-2) === LF) return 1;
  return tail.length >= 4 && tail.toString('latin1', tail.length - 4) === '\r\n\r\n' ? 2 : 0;
}
