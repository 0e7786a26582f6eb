import { RE2JS } from 're2js';
import type { Extension } from '../definition.ts';
import { anyPair } from '../match.ts';
import { regexSize } from '../regex-size.ts';
import { type Run, slot } from '../run.ts';

const compiledSlot = slot('regex', () => new Map<string, RE2JS>());

/** Expressions that one run keeps compiled. */
const kept = 64;

/** draft-ietf-sieve-regex-01: `:regex`, by an engine whose time is linear in the value whatever the expression. */
export const regex: Extension = {
  capability: 'regex',
  matchTypes: [
    {
      name: 'regex',
      substrings: true,
      checkKey: (key, limits) => {
        const wrong = tooLarge(key, limits.regexChars, limits.regexSize);
        if (wrong !== undefined) return wrong;
        const compiled = compile(key, false);
        return compiled instanceof RE2JS ? undefined : compiled.problem;
      },
      run: (values, keys, { comparator }, run) => {
        return anyPair(values, keys, run, (value, key) => {
          const expression = compiledIn(run, key, comparator.name !== 'i;octet');
          run.spend(0, value.length * (1 + regexSize(key) / 4));
          const matcher = expression.matcher(value);
          if (!matcher.find()) return false;
          const groups = Math.min(matcher.groupCount(), run.limits.captures);
          run.captures = Array.from({ length: groups + 1 }, (_, group) => matcher.group(group) ?? '');
          return true;
        });
      },
    },
  ],
  modifiers: [{ name: 'quoteregex', precedence: 20, apply: (text) => text.replace(/[\\^$.|?*+()[\]{}]/g, '\\$&') }],
};

function compiledIn(run: Run, key: string, caseless: boolean): RE2JS {
  const compiled = run.slot(compiledSlot);
  const name = `${caseless ? 'i' : ' '}${key}`;
  const known = compiled.get(name);
  if (known !== undefined) return known;
  const wrong = tooLarge(key, run.limits.regexChars, run.limits.regexSize);
  if (wrong !== undefined) run.fail(wrong);
  run.spend(1 + regexSize(key) / 8, key.length);
  const expression = compile(key, caseless);
  if (!(expression instanceof RE2JS)) run.fail(expression.problem);
  if (compiled.size >= kept) compiled.clear();
  compiled.set(name, expression);
  return expression;
}

function tooLarge(key: string, chars: number, size: number): string | undefined {
  if (key.length > chars) return `A regular expression may have ${chars} characters at most.`;
  return regexSize(key) > size ? 'This regular expression repeats too much.' : undefined;
}

/** As POSIX has it, of several matches the longest is taken (IEEE 1003.2). */
function compile(key: string, caseless: boolean): RE2JS | { readonly problem: string } {
  try {
    return RE2JS.compile(key, RE2JS.LONGEST_MATCH | (caseless ? RE2JS.CASE_INSENSITIVE : 0));
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^error parsing regexp: /, '') : 'it is not valid';
    return { problem: `"${key.slice(0, 64)}" is not a regular expression: ${reason}.` };
  }
}
