import { constants } from 'node:os';
import type { Log } from '../lib/base/log.ts';

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/** The same signal so soon again is the first one: npm hands on a Ctrl-C that the terminal has sent us already. */
const ECHO_MS = 500;

export interface StopSignals {
  /** Resolves with the first signal, which asks to stop. */
  readonly first: Promise<NodeJS.Signals>;
  /** Signals do again what they do by default. */
  done(): void;
}

export interface StopSignalsOptions {
  /** Milliseconds since whenever. */
  readonly now?: () => number;
  /** Ends the process. */
  readonly end?: (code: number) => void;
}

/** Waits for SIGTERM or SIGINT; a second one ends the process at once. */
export function onStopSignals(log: Log, options: StopSignalsOptions = {}): StopSignals {
  const { now = () => performance.now(), end = (code) => process.exit(code) } = options;
  let asked: { readonly signal: NodeJS.Signals; readonly atMs: number } | undefined;
  const { promise, resolve } = Promise.withResolvers<NodeJS.Signals>();
  const take = (signal: NodeJS.Signals): void => {
    if (asked === undefined) {
      asked = { signal, atMs: now() };
      resolve(signal);
      return;
    }
    if (signal === asked.signal && now() - asked.atMs < ECHO_MS) return;
    log.warn({ signal }, 'ended at once');
    end(128 + constants.signals[signal]);
  };
  for (const signal of SIGNALS) process.on(signal, take);
  return {
    first: promise,
    done: () => {
      for (const signal of SIGNALS) process.off(signal, take);
    },
  };
}
