import { INBOX, SEPARATOR } from '../../lib/store/tree-view.ts';

/** More characters than a name can have: a longer pattern matches nothing. */
const MAX_PATTERN = 2000;

/**
 * A LIST pattern: `*` stands for anything, `%` for anything without the separator (RFC 9051 §6.3.9). Matching takes at
 * most pattern times name steps, whatever the pattern.
 */
export class ListPattern {
  readonly #pattern: string;

  constructor(pattern: string) {
    // Neighbouring wildcards are one; the first part of a name is INBOX in any case (RFC 9051 §5.1).
    this.#pattern = pattern
      .replace(/[*%]*\*[*%]*/g, '*')
      .replace(/%+/g, '%')
      .replace(/^inbox(?=$|\/)/i, INBOX);
  }

  /** INBOX is matched in any case (RFC 9051 §6.3.9). */
  matches(name: string): boolean {
    if (this.#pattern.length > MAX_PATTERN) return false;
    return matchesPattern(this.#pattern, name) || (name === INBOX && matchesPattern(this.#pattern.toUpperCase(), name));
  }
}

function matchesPattern(pattern: string, name: string): boolean {
  // Positions of the pattern that the name read so far can have led to.
  let at = skipWildcards(pattern, new Set([0]));
  for (const character of name) {
    const next = new Set<number>();
    for (const position of at) {
      const wanted = pattern[position];
      if (wanted === '*' || (wanted === '%' && character !== SEPARATOR)) next.add(position);
      else if (wanted !== '%' && pattern.startsWith(character, position)) next.add(position + character.length);
    }
    if (next.size === 0) return false;
    at = skipWildcards(pattern, next);
  }
  return at.has(pattern.length);
}

/** A wildcard may also stand for nothing. */
function skipWildcards(pattern: string, positions: Set<number>): Set<number> {
  for (const position of positions) {
    const wanted = pattern[position];
    if (wanted === '*' || wanted === '%') positions.add(position + 1);
  }
  return positions;
}
