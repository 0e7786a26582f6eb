import { charsetDecoder } from './charset.ts';
import { decodeWords, paramText } from './encoded-word.ts';
import { FoldedSearch } from './fold.ts';
import { fieldText, headerFields } from './header.ts';
import { maxTextPieceBytes } from './limits.ts';
import { type Part, walkParts } from './part.ts';
import { transferDecoder } from './transfer-encoding.ts';

/** Gives the bytes of the message from `start` to before `end`. */
export type ReadBytes = (start: number, end: number) => Uint8Array;

/** `body` leaves out the header of the message itself; `all` does not (RFC 9051 §6.4.4, BODY and TEXT). */
export type TextScope = 'body' | 'all';

/** A run of text; `continues` when it goes on where the one before ended. */
export interface TextPiece {
  readonly text: string;
  readonly continues: boolean;
}

/** The readable text of a message: header fields with encoded words decoded, and text bodies decoded to Unicode. */
export function* messageText(read: ReadBytes, root: Part, scope: TextScope): Generator<TextPiece> {
  for (const part of walkParts(root)) {
    if (part !== root || scope === 'all') yield* headerTexts(read(part.headerStart, part.bodyStart));
    if (part.type === 'text') yield* bodyText(read, part);
  }
}

/** The body of one text part in Unicode, in pieces; nothing when its transfer encoding is unknown. */
export function* bodyText(read: ReadBytes, part: Part): Generator<TextPiece> {
  const transfer = transferDecoder(part.encoding);
  if (transfer === undefined) return;
  const charset = charsetDecoder(paramText(part.params, 'charset') ?? '');
  for (let at = part.bodyStart; at < part.bodyEnd; at += maxTextPieceBytes) {
    const bytes = read(at, Math.min(part.bodyEnd, at + maxTextPieceBytes));
    yield { text: charset.write(transfer.write(bytes)), continues: at > part.bodyStart };
  }
  yield { text: charset.write(transfer.end()) + charset.end(), continues: true };
}

/** Whether the text of a message contains this text, case ignored. */
export function containsText(read: ReadBytes, root: Part, scope: TextScope, needle: string): boolean {
  const search = new FoldedSearch(needle);
  for (const { text, continues } of messageText(read, root, scope)) {
    if (!continues) search.separate();
    if (search.feed(text)) return true;
  }
  return search.found;
}

function* headerTexts(block: Uint8Array): Generator<TextPiece> {
  for (const field of headerFields(block)) {
    const name = field.name === '' ? '' : `${field.name}: `;
    yield { text: name + decodeWords(fieldText(block, field)), continues: false };
  }
}
