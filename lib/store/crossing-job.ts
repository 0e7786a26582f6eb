import { type Id, idFromBytes, idToBytes } from '../base/ids.ts';
import { CROSSING_MS, changeSpace, finishCrossing } from './change-space.ts';
import { type Crossing, putCrossing } from './crossing.ts';
import { JobPostponed, StoreError } from './errors.ts';
import type { MailStore } from './mail-store.ts';

const KIND = 'change-space';

/** Moves a mailbox into another space; a job goes on with it when this process does not (Rule 12). */
export async function startCrossing(store: MailStore, crossing: Crossing): Promise<void> {
  const { jobs, index } = store.ports;
  await putCrossing(index, crossing);
  const body = Buffer.concat([idToBytes(crossing.source), idToBytes(crossing.destination)]);
  await jobs.enqueue({ kind: KIND, id: crossing.destination, body }, CROSSING_MS);
  await changeSpace(store, crossing);
}

/** Ends crossings that other processes left, until `stop()`. */
export function runCrossingJobs(store: MailStore): { stop(): Promise<void> } {
  return store.ports.jobs.run({ [KIND]: async ({ body }) => goOn(store, body) }, 1);
}

async function goOn(store: MailStore, body: Uint8Array): Promise<void> {
  const [source, destination]: readonly [Id, Id] = [idFromBytes(body), idFromBytes(body.subarray(16))];
  let againMs: number | undefined;
  try {
    againMs = await finishCrossing(store, source, destination);
  } catch (error) {
    if (!(error instanceof StoreError) || error.code === 'format') throw error;
    // Refused: the mailbox is where it was. Unwell: as often as it takes, for the mailbox takes no mail meanwhile.
    if (error.code !== 'unavailable') return;
    throw new JobPostponed(CROSSING_MS, error.message, { cause: error });
  }
  if (againMs !== undefined) throw new JobPostponed(againMs, 'the mailbox is being moved');
}
