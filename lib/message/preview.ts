import { decodeCharset } from './charset.ts';
import { paramText } from './encoded-word.ts';
import { htmlToText } from './html.ts';
import { maxPreviewChars } from './limits.ts';
import type { BodySample } from './structure.ts';
import { decodeTransfer } from './transfer-encoding.ts';

/**
 * The first words of a message, on one line (RFC 8970 §3): of its plain text, else of its HTML without the markup;
 * empty when it has neither.
 */
export function previewOf(samples: readonly BodySample[]): string {
  const plainFirst = [...samples].sort((a, b) => rank(a) - rank(b));
  for (const sample of plainFirst) {
    const preview = oneLine(sampleText(sample));
    if (preview !== '') return preview;
  }
  return '';
}

function rank(sample: BodySample): number {
  return sample.part.subtype === 'plain' ? 0 : 1;
}

function sampleText({ part, bytes }: BodySample): string {
  const decoded = decodeTransfer(bytes, part.encoding);
  if (decoded === undefined) return '';
  const text = decodeCharset(decoded, paramText(part.params, 'charset') ?? '');
  return part.subtype === 'html' ? htmlToText(text) : text;
}

/** Of most texts a little is enough; of one that begins with much white space all is looked at. */
function oneLine(text: string): string {
  const line = visibleLine(text.slice(0, BEGINNING_CHARS));
  const whole = text.length <= BEGINNING_CHARS || line.length > ENOUGH_CHARS ? line : visibleLine(text);
  return firstCharacters(whole, maxPreviewChars).trim();
}

function firstCharacters(text: string, count: number): string {
  let end = 0;
  for (let i = 0; i < count && end < text.length; i++) end += (text.codePointAt(end) ?? 0) > 0xffff ? 2 : 1;
  return text.slice(0, end);
}

/** A character is one or two UTF-16 units. */
const ENOUGH_CHARS = 2 * maxPreviewChars;
const BEGINNING_CHARS = 2 * ENOUGH_CHARS;

function visibleLine(text: string): string {
  if (isAscii(text)) return text.replace(/[\x00-\x20\x7f]+/g, ' ').trim();
  // What cannot be seen is no preview: controls, zero-width and filler characters, and a character cut off at the end.
  const visible = text
    .replace(/\ufffd{1,4}$/, '')
    .replace(/[\p{Cc}\p{Z}]+/gu, ' ')
    .replace(/\p{Cf}|\u034f/gu, '');
  return visible.replace(/ {2,}/g, ' ').trim();
}

/** Most mail is, and needs no table of characters: those were a tenth of what a delivery costs. */
function isAscii(text: string): boolean {
  return !/[^\x00-\x7f]/.test(text);
}
