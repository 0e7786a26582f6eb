import {
  anyPair,
  contains,
  type Glob,
  globCost,
  globMatch,
  type Matching,
  type MatchType,
  readGlob,
} from '../match.ts';

/** `:is`, `:contains` and `:matches` (RFC 5228 §2.7.1). */
export const coreMatchTypes: readonly MatchType[] = [
  {
    name: 'is',
    substrings: false,
    run: (values, keys, { comparator }, run) => {
      return anyPair(values, keys, run, (value, key) => comparator.equal(value, key));
    },
  },
  {
    name: 'contains',
    substrings: true,
    run: (values, keys, { comparator }, run) => {
      return anyPair(values, keys, run, (value, key) => contains(comparator.fold(value), comparator.fold(key)));
    },
  },
  {
    name: 'matches',
    substrings: true,
    run: (values, keys, matching, run) => {
      const { comparator } = matching;
      return anyPair(values, keys, run, (value, key) => {
        const glob = globOf(matching, key);
        run.spend(0, globCost(value, glob));
        const captures = globMatch(value, glob, comparator.fold);
        if (captures === undefined) return false;
        run.captures = [value, ...captures].slice(0, run.limits.captures + 1);
        return true;
      });
    },
  },
];

/** Patterns as they were read for a test: most never change, and a test runs for every message. */
const globs = new WeakMap<Matching, Map<string, Glob>>();

/** Patterns that are kept for one test. */
const keptGlobs = 16;

function globOf(matching: Matching, key: string): Glob {
  let known = globs.get(matching);
  if (known === undefined) globs.set(matching, (known = new Map()));
  const before = known.get(key);
  if (before !== undefined) return before;
  const glob = readGlob(key, matching.comparator.fold);
  if (known.size < keptGlobs) known.set(key, glob);
  return glob;
}
