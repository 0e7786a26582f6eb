import { headerText } from '../message/header.ts';
import type { Part } from '../message/part.ts';
import { bodyText } from '../message/text.ts';
import type { Answering } from './question.ts';
import { type Run, slot } from './run.ts';

/** Texts of parts that were decoded in this run, and how many bytes of the message may still be. */
const decodedSlot = slot('decoded', () => ({ texts: new Map<Part, string>(), bytes: 0 }));

/** Whether there is a body at all, be it empty: a header alone has none (RFC 5173 §4). */
export function hasBody(run: Run): boolean {
  const { header, root } = run.message;
  return root.bodyStart < root.bodyEnd || /(?:^|\n)\r?\n$/.test(headerText(header.subarray(-4)));
}

/** The body as it came, up to the limit. */
export function* rawBody(run: Run): Answering<string> {
  const { root } = run.message;
  return yield* bytesText(root.bodyStart, root.bodyEnd, run);
}

/** A leaf decoded to Unicode, up to the limit of all that is decoded in a run; empty when it cannot be decoded. */
export function* partText(part: Part, run: Run): Answering<string> {
  const decoded = run.slot(decodedSlot);
  const known = decoded.texts.get(part);
  if (known !== undefined) return known;
  const read = yield* run.content();
  const left = Math.max(0, run.limits.bodyBytes - decoded.bytes);
  const end = Math.min(part.bodyEnd, part.bodyStart + left);
  decoded.bytes += end - part.bodyStart;
  run.spend(1, end - part.bodyStart);
  const text = bodyText(read, { ...part, bodyEnd: end });
  decoded.texts.set(part, text);
  return text;
}

/** What stands before the first part of a multipart and behind its last, without the delimiters. */
export function* multipartTexts(part: Part, run: Run): Answering<readonly [prologue: string, epilogue: string]> {
  const first = part.children[0];
  const last = part.children.at(-1);
  if (first === undefined || last === undefined) return [yield* bytesText(part.bodyStart, part.bodyEnd, run), ''];
  const before = yield* bytesText(part.bodyStart, first.headerStart, run);
  const after = yield* bytesText(last.bodyEnd, part.bodyEnd, run);
  return [before.replace(/(?:^|\r?\n)--[^\n]*\r?\n?$/, ''), after.replace(/^(?:\r?\n)?--[^\n]*(?:\r?\n|$)/, '')];
}

/** The header of the message inside a message/rfc822, as one text. */
export function* nestedHeader(part: Part, run: Run): Answering<string> {
  const inner = part.message?.body;
  return inner === undefined ? '' : yield* bytesText(inner.headerStart, inner.bodyStart, run);
}

function* bytesText(start: number, end: number, run: Run): Answering<string> {
  const to = Math.min(end, start + run.limits.bodyBytes);
  if (to <= start) return '';
  const read = yield* run.content();
  run.spend(1, to - start);
  return headerText(read(start, to));
}
