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
  let start = 0;
  while (start < block.length && !isBlankLine(block, start)) {
    const firstLineEnd = lineEnd(block, start);
    let end = firstLineEnd;
    while (end < block.length && isBlank(block[end])) end = lineEnd(block, end);
    const at = block.subarray(start, firstLineEnd).indexOf(colon);
    const name = at < 0 ? '' : fieldName(block.subarray(start, start + at));
    yield { name, start, valueStart: name === '' ? start : start + at + 1, end };
    start = end;
  }
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
  return raw
    .replace(/\r?\n|\0/g, '')
    .replace(/\r/g, ' ')
    .replace(/^[ \t]+/, '')
    .trimEnd();
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** RFC 5322 §3.6.8: printable US-ASCII without colon; white space before the colon is obsolete syntax (§4.5). */
function fieldName(bytes: Uint8Array): string {
  let end = bytes.length;
  while (end > 0 && isBlank(bytes[end - 1])) end--;
  for (let i = 0; i < end; i++) {
    const byte = bytes[i] ?? 0;
    if (byte <= 0x20 || byte >= 0x7f) return '';
  }
  return asBuffer(bytes).toString('latin1', 0, end).toLowerCase();
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
