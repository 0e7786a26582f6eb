import { constants } from 'node:os';
import type { Log } from '../lib/base/log.ts';

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

export interface StopSignals {
  /** Resolves with the first signal, which asks to stop. */
  readonly first: Promise<NodeJS.Signals>;
  /** Signals do again what they do by default. */
  done(): void;
}

/** Waits for SIGTERM or SIGINT; a second one ends the process at once. */
export function onStopSignals(log: Log): StopSignals {
  let asked = false;
  const { promise, resolve } = Promise.withResolvers<NodeJS.Signals>();
  const take = (signal: NodeJS.Signals): void => {
    if (!asked) {
      asked = true;
      resolve(signal);
      return;
    }
    log.warn({ signal }, 'ended at once');
    process.exit(128 + constants.signals[signal]);
  };
  for (const signal of SIGNALS) process.on(signal, take);
  return {
    first: promise,
    done: () => {
      for (const signal of SIGNALS) process.off(signal, take);
    },
  };
}
