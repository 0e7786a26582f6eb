import { expect } from 'vitest';
import type { Budget } from '../../bench/cost/budget.ts';
import type { StorePorts } from '../../lib/store/mail-store.ts';
import { Costs, countingBlobs, countingIndex } from './counting-index.ts';
import { openMeteredDynamoDb } from './metered-dynamodb.ts';
import { noHints, noJobs, openTestStore, type TestStore } from './test-store.ts';

/** Where the index is: in a file, its costs reckoned by the size of items; in DynamoDB, which says them itself. */
export const homes = ['embedded', 'dynamodb'] as const;
export type MeteredHome = (typeof homes)[number];

export interface MeteredStore extends TestStore {
  readonly costs: Costs;
  /** What a gateway asks for. */
  readonly ports: StorePorts;
  /** Runs it so many times, and answers the average with all that it left to the background. */
  average(times: number, run: (i: number) => Promise<unknown>): Promise<Budget>;
  /** What it takes until it has been answered; what it leaves to the background is not its own. */
  once(run: () => Promise<unknown>): Promise<Budget>;
}

/** A store that counts what it asks of its index and its blobs, which are files in either home. */
export async function openMeteredStore(home: MeteredHome): Promise<MeteredStore> {
  const costs = new Costs();
  const dynamo = home === 'dynamodb' ? await openMeteredDynamoDb(costs) : undefined;
  const store = await openTestStore({
    wrapIndex: (index) => dynamo?.index ?? countingIndex(index, costs),
    wrapBlobs: (blobs) => countingBlobs(blobs, costs),
    standingClock: true,
  });
  return {
    ...store,
    costs,
    ports: { index: store.index, blobs: store.blobs, hints: noHints, jobs: noJobs },
    average: async (times, run) => {
      await store.store.close();
      costs.reset();
      for (let i = 0; i < times; i++) await run(i);
      await store.store.close();
      return averageOf(costs, times);
    },
    once: async (run) => {
      await store.store.close();
      costs.reset();
      await run();
      return averageOf(costs, 1);
    },
    close: async () => {
      await store.close();
      await dynamo?.[Symbol.asyncDispose]();
    },
  };
}

/** What one of so many took, as far as it has been counted. */
export function averageOf(costs: Costs, times: number): Budget {
  const { readRequests, readUnits, writeRequests, writeUnits, blobPuts, blobGets } = costs;
  return {
    readRequests: readRequests / times,
    readUnits: readUnits / times,
    writeRequests: writeRequests / times,
    writeUnits: writeUnits / times,
    blobPuts: blobPuts / times,
    blobGets: blobGets / times,
  };
}

/** Fails when any figure is above the budget's. */
export function expectWithin(cost: Budget, budget: Budget): void {
  const names = Object.keys(budget) as (keyof Budget)[];
  const above = names.filter((name) => cost[name] > budget[name]);
  expect(above.map((name) => `${name}: ${cost[name]}, budget ${budget[name]}`)).toEqual([]);
}
