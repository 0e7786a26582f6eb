import type { NameView } from '../../lib/store/name-view.ts';
import { INBOX, SEPARATOR } from '../../lib/store/tree-view.ts';
import type { NamePattern } from './wire/commands.ts';
import { decodeUtf7, encodeUtf7 } from './wire/utf7.ts';

/** More characters than a name can have: a longer pattern matches nothing. */
const MAX_PATTERN = 2000;

/** Tells which of the store's names match a pattern after its reference, as this client calls mailboxes. */
export function namesMatching(
  names: NameView,
  reference: NamePattern,
  pattern: NamePattern,
): (name: string) => boolean {
  if (typeof reference === 'string' && typeof pattern === 'string') {
    const glob = new ListPattern(names.fromPattern(`${reference}${pattern}`));
    return (name) => glob.matches(names.shown(name));
  }
  const whole = `${spelling(reference)}${spelling(pattern)}`;
  const decoded = decodeUtf7(whole);
  if (decoded !== null) return namesMatching(names, '', decoded);
  const glob = new ListPattern(names.fromPattern(whole));
  return (name) => glob.matches(encodeUtf7(names.shown(name)));
}

function spelling(pattern: NamePattern): string {
  return typeof pattern === 'string' ? encodeUtf7(pattern) : pattern.spelled;
}

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
