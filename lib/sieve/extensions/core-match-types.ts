import { anyPair, contains, type Glob, globCost, globMatch, type MatchType, readGlob } from '../match.ts';

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
    run: (values, keys, { comparator }, run) => {
      const globs = new Map<string, Glob>();
      return anyPair(values, keys, run, (value, key) => {
        let glob = globs.get(key);
        if (glob === undefined) globs.set(key, (glob = readGlob(key, comparator.fold)));
        run.spend(0, globCost(value, glob));
        const captures = globMatch(value, glob, comparator.fold);
        if (captures === undefined) return false;
        run.captures = [value, ...captures].slice(0, run.limits.captures + 1);
        return true;
      });
    },
  },
];
