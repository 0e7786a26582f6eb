import type { Appendable } from './append-view.ts';
import { StoreError } from './errors.ts';
import {
  ANSWERED,
  DELETED,
  DRAFT,
  FLAGGED,
  type Flags,
  flagsOf,
  MAX_KEYWORDS,
  SEEN,
  SYSTEM_MASK,
} from './flag-sets.ts';
import type { MailboxView } from './mailbox-view.ts';
import { hasRight } from './rights.ts';

const SYSTEM_FLAGS: readonly (readonly [name: string, bit: number])[] = [
  ['\\Answered', ANSWERED],
  ['\\Flagged', FLAGGED],
  ['\\Deleted', DELETED],
  ['\\Seen', SEEN],
  ['\\Draft', DRAFT],
];

/** Longest keyword, bytes. */
export const MAX_KEYWORD_BYTES = 200;

/** Flags by name, split into system bits and keyword names. `\Recent` is the store's own and is left out. */
export interface FlagNames {
  readonly system: number;
  readonly keywords: readonly string[];
}

/** Fails with `cannot` for a system flag that does not exist. */
export function parseFlagNames(names: readonly string[]): FlagNames {
  let system = 0;
  const keywords: string[] = [];
  for (const name of names) {
    if (!name.startsWith('\\')) {
      if (Buffer.byteLength(name) > MAX_KEYWORD_BYTES) {
        throw new StoreError('cannot', `a keyword has at most ${MAX_KEYWORD_BYTES} bytes`);
      }
      keywords.push(name);
      continue;
    }
    const lower = name.toLowerCase();
    if (lower === '\\recent') continue;
    const known = SYSTEM_FLAGS.find(([flag]) => flag.toLowerCase() === lower);
    if (known === undefined) throw new StoreError('cannot', `there is no system flag ${name}`);
    system |= known[1];
  }
  return { system, keywords };
}

/** The flags' names, system flags first. */
export function flagNames(view: MailboxView, bits: bigint): string[] {
  const { system, keywords } = flagsOf(bits);
  const names = SYSTEM_FLAGS.filter(([, bit]) => (system & bit) !== 0).map(([name]) => name);
  for (const keyword of keywords) {
    const name = view.state.keywords[keyword];
    if (name !== undefined) names.push(name);
  }
  return names;
}

/** The names as the view's table numbers them, with what the table lacks; `too-many` when it would grow too long. */
export function toFlags(
  view: Appendable,
  names: FlagNames,
): { readonly flags: Flags; readonly newKeywords: readonly string[] } {
  const { numbers, added } = view.keywordNumbers(names.keywords);
  if (view.state.keywords.length + added.length > MAX_KEYWORDS) {
    throw new StoreError('too-many', `a mailbox has at most ${MAX_KEYWORDS} keywords`);
  }
  return { flags: { system: names.system, keywords: numbers }, newKeywords: added };
}

/** System flags that the rights let their holder change: s for \Seen, t for \Deleted, w for the rest (RFC 4314 §4). */
export function systemMask(rights: string): number {
  let mask = 0;
  if (hasRight(rights, 's')) mask |= SEEN;
  if (hasRight(rights, 't')) mask |= DELETED;
  if (hasRight(rights, 'w')) mask |= SYSTEM_MASK & ~(SEEN | DELETED);
  return mask;
}

/** Those of the flags that the rights let their holder set. */
export function permitted(names: FlagNames, rights: string): FlagNames {
  return { system: names.system & systemMask(rights), keywords: hasRight(rights, 'w') ? names.keywords : [] };
}
