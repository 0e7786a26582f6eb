import { type CharsetDecoder, charsetDecoder } from './charset.ts';
import { decodeWords, paramText } from './encoded-word.ts';
import { FoldedSearch } from './fold.ts';
import { fieldText, headerFields } from './header.ts';
import { maxSearchedHeaderBytes, maxTextPieceBytes } from './limits.ts';
import { type Part, walkParts } from './part.ts';
import { transferDecoder } from './transfer-encoding.ts';

/** Gives the bytes of the message from `start` to before `end`. */
export type ReadBytes = (start: number, end: number) => Uint8Array;

/** `body` leaves out the header of the message itself; `all` does not (RFC 9051 §6.4.4, BODY and TEXT). */
export type TextScope = 'body' | 'all';

/** The bytes that are needed next; those up to `upTo` will follow unless the search ends before. */
export interface BytesWanted {
  readonly start: number;
  readonly end: number;
  readonly upTo: number;
}

/**
 * Whether the readable text of a message contains this text, case ignored: header fields with encoded words decoded, and
 * text bodies decoded to Unicode. Asks for bytes in ascending order, for at most 1 MB at a time.
 */
export function* findText(root: Part, scope: TextScope, needle: string): Generator<BytesWanted, boolean, Uint8Array> {
  const search = new FoldedSearch(needle);
  if (search.found) return true;
  for (const part of walkParts(root)) {
    if ((part !== root || scope === 'all') && (yield* findInHeader(part, search))) return true;
    if (part.type === 'text' && (yield* findInBody(part, search))) return true;
  }
  return false;
}

/** {@link findText} where all bytes are at hand. */
export function containsText(read: ReadBytes, root: Part, scope: TextScope, needle: string): boolean {
  const search = findText(root, scope, needle);
  let step = search.next();
  while (!step.done) step = search.next(read(step.value.start, step.value.end));
  return step.value;
}

/** The body of one text part in Unicode; empty when its transfer encoding is unknown. */
export function bodyText(read: ReadBytes, part: Part): string {
  const decoder = bodyDecoder(part);
  if (decoder === undefined) return '';
  let text = '';
  for (let at = part.bodyStart; at < part.bodyEnd; at += maxTextPieceBytes) {
    text += decoder.write(read(at, Math.min(part.bodyEnd, at + maxTextPieceBytes)));
  }
  return text + decoder.end();
}

function bodyDecoder({ encoding, params }: Part): CharsetDecoder | undefined {
  const transfer = transferDecoder(encoding);
  if (transfer === undefined) return undefined;
  const charset = charsetDecoder(paramText(params, 'charset') ?? '');
  return {
    write: (bytes) => charset.write(transfer.write(bytes)),
    end: () => charset.write(transfer.end()) + charset.end(),
  };
}

function* findInHeader(part: Part, search: FoldedSearch): Generator<BytesWanted, boolean, Uint8Array> {
  const end = Math.min(part.bodyStart, part.headerStart + maxSearchedHeaderBytes);
  if (end === part.headerStart) return false;
  const block = yield { start: part.headerStart, end, upTo: part.bodyEnd };
  for (const field of headerFields(block)) {
    const name = field.name === '' ? '' : `${field.name}: `;
    search.separate();
    if (search.feed(name + decodeWords(fieldText(block, field)))) return true;
  }
  return false;
}

/** Nothing is found in a part whose transfer encoding is unknown. */
function* findInBody(part: Part, search: FoldedSearch): Generator<BytesWanted, boolean, Uint8Array> {
  const decoder = bodyDecoder(part);
  if (decoder === undefined) return false;
  search.separate();
  for (let at = part.bodyStart; at < part.bodyEnd; at += maxTextPieceBytes) {
    const bytes = yield { start: at, end: Math.min(part.bodyEnd, at + maxTextPieceBytes), upTo: part.bodyEnd };
    if (search.feed(decoder.write(bytes))) return true;
  }
  return search.feed(decoder.end());
}
