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

function oneLine(text: string): string {
  return isAscii(text)
    ? text
        .replace(/[\x00-\x20\x7f]+/g, ' ')
        .trim()
        .slice(0, maxPreviewChars)
        .trim()
    : oneVisibleLine(text);
}

/** Most mail is, and needs no table of characters: those were a tenth of what a delivery costs. */
function isAscii(text: string): boolean {
  return !/[^\x00-\x7f]/.test(text);
}

function oneVisibleLine(text: string): string {
  // What cannot be seen is no preview: controls, zero-width and filler characters, and a character cut off at the end.
  const visible = text
    .replace(/\ufffd{1,4}$/, '')
    .replace(/[\p{Cc}\p{Z}]+/gu, ' ')
    .replace(/\p{Cf}|\u034f/gu, '');
  const line = visible.replace(/ {2,}/g, ' ').trim();
  return Array.from(line.slice(0, 2 * maxPreviewChars))
    .slice(0, maxPreviewChars)
    .join('')
    .trim();
}
