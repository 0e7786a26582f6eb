import type { SieveLimits } from './limits.ts';
import type { Answering } from './question.ts';
import type { Run } from './run.ts';

/** How two strings are compared (RFC 4790); the registry has one row for each. */
export interface Comparator {
  readonly name: string;
  /** What `:contains` and `:matches` compare octet by octet. */
  readonly fold: (text: string) => string;
  readonly equal: (a: string, b: string) => boolean;
  /** Negative, 0 or positive, for `:value`. */
  readonly order: (a: string, b: string) => number;
  /** Whether parts of a string can be compared. */
  readonly substrings: boolean;
}

/** How values are matched against keys (RFC 5228 §2.7.1). */
export interface MatchType {
  readonly name: string;
  readonly substrings: boolean;
  /** It does not compare, so that a comparator with it is an error (RFC 6134 §2.2). */
  readonly compares?: false;
  /** Takes a relation, as `:value "gt"` does. */
  readonly relation?: (text: string) => string | undefined;
  /** Tells what is wrong with a key. */
  readonly checkKey?: (key: string, limits: SieveLimits) => string | undefined;
  readonly run: (
    values: readonly string[],
    keys: readonly string[],
    matching: Matching,
    run: Run,
  ) => boolean | Answering<boolean>;
}

/** The part of an address that is compared (RFC 5228 §2.7.4); undefined where the address has none. */
export interface AddressPart {
  readonly name: string;
  readonly of: (address: { readonly local: string; readonly domain: string }, separator: string) => string | undefined;
}

/** How a test compares. */
export interface Matching {
  /** What of it the script says; the rest are the defaults. */
  readonly given: ReadonlySet<'comparator' | 'part'>;
  readonly comparator: Comparator;
  readonly type: MatchType;
  /** The relation of `:count` and `:value`. */
  readonly relation: string;
  readonly part: AddressPart;
}

/** Whether any value matches any key; each comparison is counted. */
export function anyPair(
  values: readonly string[],
  keys: readonly string[],
  run: Run,
  matches: (value: string, key: string) => boolean,
): boolean {
  for (const value of values) {
    for (const key of keys) {
      run.spend(1, value.length + key.length);
      if (matches(value, key)) return true;
    }
  }
  return false;
}

/** Whether a text contains another, in time linear to both. */
export function contains(text: string, part: string): boolean {
  return indexOf(text, part, 0) >= 0;
}

/** What matching may cost beyond one look at the value: a run with `?` is tried at every place. */
export function globCost(value: string, glob: Glob): number {
  let pieces = 0;
  for (const run of glob)
    if (run.includes(undefined)) pieces += run.reduce((sum, piece) => sum + (piece?.length ?? 1), 0);
  return value.length * pieces;
}

/**
 * Matches a whole value against `*` and `?` (RFC 5228 §2.7.1), and gives what each wildcard stood for: `*` the shortest
 * that lets the rest match, from left to right (RFC 5229 §3.2). The cost is that of searching each run of the pattern
 * between stars once, whatever the pattern.
 */
export function globMatch(value: string, pattern: Glob, fold: (text: string) => string): readonly string[] | undefined {
  const { text, starts } = folded(value, fold);
  const captures: string[] = [];
  const cut = (from: number, to: number): string => value.slice(starts(from), starts(to));
  let at = 0;
  for (const [index, run] of pattern.entries()) {
    const last = index === pattern.length - 1;
    const found = index === 0 ? matchAt(text, 0, run) : last ? matchEnd(text, at, run) : search(text, at, run);
    if (found === undefined) return undefined;
    if (index > 0) captures.push(cut(at, found.start));
    for (const { from, to } of found.singles) captures.push(cut(from, to));
    at = found.end;
  }
  if (pattern.length === 1 && at !== text.length) return undefined;
  return captures;
}

/** The runs of a pattern between its stars; `undefined` in a run stands for one character. */
export type Glob = readonly (readonly (string | undefined)[])[];

/** Reads a pattern: a backslash makes the next character mean itself (RFC 5228 §2.7.1). */
export function readGlob(pattern: string, fold: (text: string) => string): Glob {
  const runs: (string | undefined)[][] = [[]];
  const push = (literal: string): void => {
    const run = runs.at(-1);
    const before = run?.at(-1);
    if (run !== undefined && before !== undefined) run[run.length - 1] = before + literal;
    else run?.push(literal);
  };
  for (const [literal] of pattern.matchAll(/\\[\s\S]|[*?]|[^*?\\]+|\\$/gu)) {
    if (literal === '*') runs.push([]);
    else if (literal === '?') runs.at(-1)?.push(undefined);
    else push(fold(literal.length > 1 && literal.startsWith('\\') ? literal.slice(1) : literal));
  }
  return runs;
}

interface Found {
  readonly start: number;
  readonly end: number;
  readonly singles: readonly { readonly from: number; readonly to: number }[];
}

function matchAt(text: string, start: number, run: Glob[number]): Found | undefined {
  const singles: { from: number; to: number }[] = [];
  let at = start;
  for (const piece of run) {
    if (piece === undefined) {
      if (at >= text.length) return undefined;
      const to = at + ((text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1);
      singles.push({ from: at, to });
      at = to;
    } else if (text.startsWith(piece, at)) at += piece.length;
    else return undefined;
  }
  return { start, end: at, singles };
}

function search(text: string, from: number, run: Glob[number]): Found | undefined {
  const first = run[0];
  for (let start = from; start <= text.length; start++) {
    if (first !== undefined) {
      start = indexOf(text, first, start);
      if (start < 0) return undefined;
    }
    const found = matchAt(text, start, run);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Where a part is found: long ones by Knuth, Morris and Pratt, as the engine's own search can be made quadratic. */
function indexOf(text: string, part: string, from: number): number {
  if (part.length <= 64 || text.length <= 1024) return text.indexOf(part, from);
  const borders = new Int32Array(part.length);
  for (let i = 1, border = 0; i < part.length; i++) {
    while (border > 0 && part.charCodeAt(i) !== part.charCodeAt(border)) border = borders[border - 1] ?? 0;
    if (part.charCodeAt(i) === part.charCodeAt(border)) border++;
    borders[i] = border;
  }
  for (let i = from, matched = 0; i < text.length; i++) {
    while (matched > 0 && text.charCodeAt(i) !== part.charCodeAt(matched)) matched = borders[matched - 1] ?? 0;
    if (text.charCodeAt(i) === part.charCodeAt(matched)) matched++;
    if (matched === part.length) return i - part.length + 1;
  }
  return -1;
}

/** The last run has to end where the value ends. */
function matchEnd(text: string, from: number, run: Glob[number]): Found | undefined {
  let start = text.length;
  for (const piece of run.toReversed()) {
    if (piece !== undefined) start -= piece.length;
    else start -= start > 1 && /[\ud800-\udbff][\udc00-\udfff]/.test(text.slice(start - 2, start)) ? 2 : 1;
  }
  if (start < from) return undefined;
  const found = matchAt(text, start, run);
  return found?.end === text.length ? found : undefined;
}

/** The folded text, and where in the value each of its places is: folding may change lengths. */
function folded(value: string, fold: (text: string) => string): { text: string; starts: (at: number) => number } {
  const text = fold(value);
  if (text.length === value.length) return { text, starts: (at) => at };
  const map: number[] = [];
  let joined = '';
  let offset = 0;
  for (const char of value) {
    const one = fold(char);
    for (let i = 0; i < one.length; i++) map.push(offset);
    joined += one;
    offset += char.length;
  }
  return { text: joined, starts: (at) => map[at] ?? value.length };
}
