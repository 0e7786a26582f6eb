import middy from '@middy/core';
import type { Context } from 'aws-lambda';
import { sweepOnce } from '../lib/store/sweep-job.ts';
import { functionHome, settling } from './open.ts';

/** So long before its end a function stops what it does; the next one goes on. */
const RESERVE_MS = 30_000;
const HOUR_MS = 3_600_000;

/** Expires and sweeps once (Rule 9), unless it was done not long ago; what is left when time is up is done next time. */
async function expire(_event: unknown, context: Context): Promise<void> {
  const { log, store } = await functionHome();
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), Math.max(0, context.getRemainingTimeInMillis() - RESERVE_MS));
  try {
    await sweepOnce(
      store,
      {
        intervalMs: HOUR_MS,
        onSwept: (tally) => log.info({ tally }, 'swept'),
        onAlarm: (where, err) =>
          log.error({ where, err }, 'the sweep met damage and keeps everything: see cirrus doctor'),
      },
      stop.signal,
    );
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    log.warn('the sweep ended early: time is up; the next one goes on');
  } finally {
    clearTimeout(timer);
  }
}

export const handler = middy(expire).use(settling());
