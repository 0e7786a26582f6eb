import middy from '@middy/core';
import type { Context } from 'aws-lambda';
import { sweepOnce } from '../lib/store/sweep-job.ts';
import { type FunctionHome, functionHome, settling } from './open.ts';

/** So long before its end a function stops what it does; the next one goes on. */
const RESERVE_MS = 30_000;
const HOUR_MS = 3_600_000;

/** What is done by the clock. One part that fails keeps no other from its work, and is told when all have ended. */
async function expire(_event: unknown, context: Context): Promise<void> {
  const home = await functionHome();
  for (const ended of await Promise.allSettled([announceOverdue(home), sweep(home, context)])) {
    if (ended.status === 'rejected') throw ended.reason;
  }
}

/** Outgoing mail that the queue has lost is announced again (Rule 14). */
async function announceOverdue({ announcedJobs, log }: FunctionHome): Promise<void> {
  const announced = (await announcedJobs?.announceOverdue()) ?? 0;
  if (announced > 0) log.warn({ announced }, 'jobs that are an hour late are announced again');
}

/** Expires and sweeps once (Rule 9), unless it was done not long ago; what is left when time is up is done next time. */
async function sweep({ log, store }: FunctionHome, context: Context): Promise<void> {
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
