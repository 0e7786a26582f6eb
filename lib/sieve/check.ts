import { compileCalls } from './compile.ts';
import { type SieveLimits, sieveLimits } from './limits.ts';
import { parseScript, scriptText } from './parser.ts';
import { type SieveProblem, SieveSyntaxError } from './problem.ts';
import type { CompiledScript } from './script.ts';

export { problemText, type SieveProblem } from './problem.ts';
export { sieveCapabilities } from './registry.ts';
export type { CompiledScript } from './script.ts';

export interface CheckOptions {
  readonly limits?: Partial<SieveLimits>;
}

/** What is wrong with a script, in the order of its lines; empty when it can be used. */
export function checkScript(source: string | Uint8Array, options: CheckOptions = {}): readonly SieveProblem[] {
  const result = compileScript(source, options);
  return 'problems' in result ? result.problems : [];
}

/** Makes a script ready to be evaluated, or tells what is wrong with it. */
export function compileScript(
  source: string | Uint8Array,
  options: CheckOptions = {},
): { readonly script: CompiledScript } | { readonly problems: readonly SieveProblem[] } {
  const limits = { ...sieveLimits, ...options.limits };
  try {
    const parsed = parseScript(scriptText(source, limits), limits);
    if ('problems' in parsed) return parsed;
    const { script, problems } = compileCalls(parsed.calls, limits);
    return problems.length > 0 ? { problems } : { script };
  } catch (error) {
    if (error instanceof SieveSyntaxError) return { problems: [error.problem] };
    throw error;
  }
}
