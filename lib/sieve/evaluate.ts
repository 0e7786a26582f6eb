import type { Action } from './actions.ts';
import { type SieveLimits, sieveLimits } from './limits.ts';
import type { SieveEnvironment, SieveMessage } from './message.ts';
import { SieveFailure, type SieveProblem } from './problem.ts';
import type { Answering } from './question.ts';
import { extensionOf } from './registry.ts';
import { Run, type Trace } from './run.ts';
import type { CompiledScript } from './script.ts';

/** What is to be done with a message. */
export interface Outcome {
  /** In the order of the script; the implicit keep, if it is in force, is the last one. Nothing means discard. */
  readonly actions: readonly Action[];
  /** Why the script did not come to its end; the actions are then the implicit keep alone. */
  readonly failure?: SieveProblem;
  /** Steps that the run has cost. */
  readonly steps: number;
  /** What was executed, when asked for. */
  readonly trace?: Trace;
}

export interface EvaluateOptions {
  readonly limits?: Partial<SieveLimits>;
  readonly trace?: boolean;
}

/**
 * Evaluates a script on a message (RFC 5228 §2.10). Pure: it asks for what it must know of the world and decides; who
 * calls it answers and acts. A script that fails has decided nothing but the implicit keep: mail is never lost.
 */
export function* evaluate(
  script: CompiledScript,
  message: SieveMessage,
  environment: SieveEnvironment,
  options: EvaluateOptions = {},
): Answering<Outcome> {
  const limits = { ...sieveLimits, ...options.limits };
  const run = new Run({ message, environment, limits, extensionOf, traced: options.trace === true });
  const trace = run.trace === undefined ? {} : { trace: run.trace };
  try {
    yield* run.script(script);
    const kept = run.actions.some(({ kind }) => kind === 'keep');
    if (run.implicitKeep && !kept) run.take(run.complete({ kind: 'keep', implicit: true }));
    return { actions: run.actions, steps: run.steps, ...trace };
  } catch (error) {
    if (!(error instanceof SieveFailure)) throw error;
    return { actions: [{ kind: 'keep', implicit: true }], failure: error.problem, steps: run.steps, ...trace };
  }
}
