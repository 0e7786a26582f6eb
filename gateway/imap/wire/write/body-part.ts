import type { Part } from '../../../../lib/message/part.ts';
import { findPart } from '../../../../lib/message/section.ts';
import { bodyStructure } from './body-structure.ts';

/** What a part is when its transfer encoding is taken off. */
export interface DecodedPart {
  readonly sizeBytes: number;
  readonly lines: number;
}

/** The body structure of one part, or with an empty path of the whole message: as it is, or as it is sent (RFC 5524 §3.2). */
export function findPartStructure(
  structure: Part | undefined,
  path: readonly number[],
  decoded?: DecodedPart,
): string | undefined {
  const part = structure && (path.length === 0 ? structure : findPart(structure, path));
  if (part === undefined) return undefined;
  const { bodyStart } = part;
  const sent = decoded && {
    encoding: 'binary',
    bodyEnd: bodyStart + decoded.sizeBytes,
    lines: decoded.lines,
  };
  return bodyStructure({ ...part, ...sent }, 'BODYSTRUCTURE', { utf8: false });
}
