import type { Part } from '../../../../lib/message/part.ts';
import { findPart } from '../../../../lib/message/section.ts';
import { bodyStructure } from './body-structure.ts';

/** The body structure of one part, or with an empty path of the whole message (RFC 5524 §3.2). */
export function findPartStructure(structure: Part | undefined, path: readonly number[]): string | undefined {
  const part = structure && (path.length === 0 ? structure : findPart(structure, path));
  return part && bodyStructure(part, 'BODYSTRUCTURE', { utf8: false });
}
