import { asBuffer } from '../base/bytes.ts';

const lf = 0x0a;
const cr = 0x0d;
const colon = 0x3a;

/** One field of a header block: offsets into the block, `end` after its last line end. */
export interface HeaderField {
  /** In lower case; empty for a line that is no field at all (no colon, or a name that cannot be one). */
  readonly name: string;
  readonly start: number;
  readonly valueStart: number;
  readonly end: number;
}

/** The fields of a header block up to its blank line, each with the lines folded under it (RFC 5322 §2.2). */
export function* headerFields(block: Uint8Array): Generator<HeaderField> {
  const bytes = asBuffer(block);
  let start = 0;
  while (start < bytes.length && !isBlankLine(bytes, start)) {
    const firstLineEnd = lineEnd(bytes, start);
    let end = firstLineEnd;
    while (end < bytes.length && isBlank(bytes[end])) end = lineEnd(bytes, end);
    const nameEnd = endOfName(bytes, start, firstLineEnd);
    const name = bytes.toString('latin1', start, nameEnd).toLowerCase();
    yield { name, start, valueStart: name === '' ? start : afterColon(bytes, nameEnd), end };
    start = end;
  }
}

/** How many fields of this name (lower case) there are; not counted beyond `most`. */
export function countFields(block: Uint8Array, name: string, most: number): number {
  let count = 0;
  for (const field of headerFields(block)) if (field.name === name && ++count === most) break;
  return count;
}

/** The field's value as text: unfolded, trimmed, free of CR, LF and NUL. */
export function fieldText(block: Uint8Array, field: HeaderField): string {
  return unfold(headerText(block.subarray(field.valueStart, field.end)));
}

/** The value of the first field of this name (lower case), or undefined. */
export function firstValue(block: Uint8Array, name: string): string | undefined {
  for (const field of headerFields(block)) if (field.name === name) return fieldText(block, field);
  return undefined;
}

/** The values of all fields of this name (lower case), in order. */
export function allValues(block: Uint8Array, name: string): string[] {
  const values: string[] = [];
  for (const field of headerFields(block)) if (field.name === name) values.push(fieldText(block, field));
  return values;
}

/**
 * The bytes of the fields named (`only`), or of all others (`except`), and of the blank line if there is one: a
 * subset keeps the delimiting blank line (RFC 9051 §6.4.5.1). Names are compared without case.
 */
export function pickFields(block: Uint8Array, names: readonly string[], which: 'only' | 'except'): Buffer {
  const wanted = new Set(names.map((name) => name.toLowerCase()));
  const picked: Uint8Array[] = [];
  let end = 0;
  for (const field of headerFields(block)) {
    end = field.end;
    if (wanted.has(field.name) === (which === 'only')) picked.push(block.subarray(field.start, field.end));
  }
  if (end < block.length) picked.push(block.subarray(end, lineEnd(block, end)));
  return Buffer.concat(picked);
}

/** Header bytes as text: UTF-8 (RFC 6532) when they are that, otherwise one character for each byte. */
export function headerText(bytes: Uint8Array): string {
  const buffer = asBuffer(bytes);
  const text = buffer.toString('latin1');
  if (!/[\x80-\xff]/.test(text)) return text;
  try {
    return strictUtf8.decode(buffer);
  } catch {
    return text;
  }
}

/** Unfolds (RFC 5322 §2.2.3) and trims; line ends and NULs cannot be part of a value. */
export function unfold(raw: string): string {
  const line = raw.endsWith('\r\n') ? raw.slice(0, -2) : raw;
  const flat = /[\r\n\0]/.test(line) ? line.replace(/\r?\n|\0/g, '').replace(/\r/g, ' ') : line;
  return flat.replace(/^[ \t]+/, '').trimEnd();
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Where the name ends that the line begins with; at its start when that is none. RFC 5322 §3.6.8: printable US-ASCII without
 * colon; white space before the colon is obsolete syntax (§4.5).
 */
function endOfName(bytes: Buffer, start: number, lineEnd: number): number {
  let end = start;
  while (end < lineEnd && isOfName(bytes[end] ?? 0)) end++;
  return bytes[afterBlanks(bytes, end)] === colon && afterBlanks(bytes, end) < lineEnd ? end : start;
}

function isOfName(byte: number): boolean {
  return byte > 0x20 && byte < 0x7f && byte !== colon;
}

function afterColon(bytes: Buffer, nameEnd: number): number {
  return afterBlanks(bytes, nameEnd) + 1;
}

function afterBlanks(bytes: Buffer, from: number): number {
  let at = from;
  while (isBlank(bytes[at])) at++;
  return at;
}

function lineEnd(block: Uint8Array, from: number): number {
  const at = block.indexOf(lf, from);
  return at < 0 ? block.length : at + 1;
}

function isBlankLine(block: Uint8Array, at: number): boolean {
  return block[at] === lf || (block[at] === cr && block[at + 1] === lf);
}

function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09;
}
