import { setTimeout as sleep } from 'node:timers/promises';
import { unavailable, verdictOf } from './errors.ts';

export interface RetryOptions {
  readonly attempts: number;
  readonly firstDelayMs: number;
  readonly longestDelayMs: number;
}

export const defaultRetry: RetryOptions = { attempts: 6, firstDelayMs: 25, longestDelayMs: 1600 };

/**
 * Sends a request until it is answered, waiting longer each time, with full jitter. A request that may have been applied is
 * repeated only if that does no harm (`repeatable`): a repeated put ends the same, or fails its condition (Rule 3).
 */
export async function retrying<T>(
  doing: string,
  repeatable: boolean,
  options: RetryOptions,
  send: () => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await send();
    } catch (error) {
      const verdict = verdictOf(error);
      if (verdict === 'bug') throw error;
      const again = verdict === 'refused' || (verdict === 'unsure' && repeatable);
      if (!again || attempt >= options.attempts) throw unavailable(error, doing);
      await pause(attempt, options);
    }
  }
}

/** Waits a random time below a bound that doubles with each attempt. */
export async function pause(attempt: number, options: RetryOptions): Promise<void> {
  const bound = Math.min(options.longestDelayMs, options.firstDelayMs * 2 ** (attempt - 1));
  await sleep(Math.random() * bound);
}
