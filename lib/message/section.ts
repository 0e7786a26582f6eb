import type { Part } from './part.ts';

/** What of a part is meant: all of it, the header or text of a message, or the MIME header of a part. */
export type SectionKind = 'full' | 'header' | 'text' | 'mime';

/** A range of bytes in the message, `end` excluded. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * The part a part number names (RFC 9051 §6.4.5.1). Numbers count the children of a multipart; the parts of a message
 * inside a message go on from its number, and the only part of a message that is no multipart is 1.
 */
export function findPart(root: Part, path: readonly number[]): Part | undefined {
  let part: Part | undefined;
  let body: Part | undefined = root;
  for (const number of path) {
    if (body === undefined) return undefined;
    if (body.type === 'multipart') part = body.children[number - 1];
    else part = number === 1 ? body : undefined;
    if (part === undefined) return undefined;
    body = part.type === 'multipart' ? part : part.message?.body;
  }
  return part;
}

/** The bytes of a section, or undefined when the message has no such section. */
export function findSection(root: Part, path: readonly number[], kind: SectionKind): ByteRange | undefined {
  if (path.length === 0) return messageRange(root, kind);
  const part = findPart(root, path);
  if (part === undefined) return undefined;
  if (kind === 'full') return { start: part.bodyStart, end: part.bodyEnd };
  if (kind === 'mime') return { start: part.headerStart, end: part.bodyStart };
  return part.message === undefined ? undefined : messageRange(part.message.body, kind);
}

function messageRange(message: Part, kind: SectionKind): ByteRange | undefined {
  switch (kind) {
    case 'full':
      return { start: message.headerStart, end: message.bodyEnd };
    case 'header':
      return { start: message.headerStart, end: message.bodyStart };
    case 'text':
      return { start: message.bodyStart, end: message.bodyEnd };
    case 'mime':
      return undefined;
  }
}
