import { setTimeout as sleep } from 'node:timers/promises';
import type { Blobs } from '../../lib/store/ports.ts';
import { receivedRecord } from '../lambdas/received-record.ts';
import { randomFrom } from '../support/fault-plan.ts';
import { bundleFunctions, FunctionProcess, openLambdaServer } from '../support/functions.ts';
import { openTestHome, type TestHome } from '../support/home.ts';
import { until } from '../support/until.ts';
import { Gateways } from './gateways.ts';
import { check, prepare } from './kill-check.ts';
import { type Acknowledged, appender, deliverer, type Load, mail, recipientsOf } from './kill-load.ts';

/** Processes of each function, as Lambda runs more than one. */
const OF_EACH = 2;
const MAILS_OF_A_BATCH = 4;

export interface FunctionKills {
  readonly acknowledged: number;
  readonly found: number;
  /** Messages that were acknowledged by `ingest`. */
  readonly ingested: number;
  readonly gatewayKills: number;
  readonly functionKills: number;
}

/**
 * Gateways whose LMTP delivers by the function `deliver`, and the function `ingest` on the mail of a queue, on one AWS home
 * under load, killed with SIGKILL at random moments, at least `kills` of either, side by side. Afterwards as {@link check} has it.
 */
export async function runFunctionKills(kills: number, seed: number): Promise<FunctionKills> {
  console.log(`kills of gateways and functions: seed ${seed}`);
  const random = randomFrom(seed);
  await using home = await openTestHome('aws');
  const [bundles] = await Promise.all([bundleFunctions(['deliver', 'ingest']), prepare(home)]);
  await using _bundles = bundles;
  await using deliver = new FunctionPool(bundles.pathOf('deliver'), home);
  await using ingest = new FunctionPool(bundles.pathOf('ingest'), home);
  await using server = await openLambdaServer({ deliver });
  const gateways = new Gateways(
    { ...home.environment, CIRRUS_AWS_DELIVER_FUNCTION: 'deliver', AWS_ENDPOINT_URL_LAMBDA: server.endpoint },
    2,
  );
  const acknowledged: Acknowledged[] = [];
  const run = { gateways, random, acknowledged, stop: false };
  const ports = await home.open();
  let functionKills = 0;
  const going = (): boolean => gateways.kills < kills || functionKills < kills;
  try {
    await gateways.startAll();
    const clients = [
      ...[0, 1, 2].map((n) => deliverer(run, n)),
      appender(run, 0),
      ...[0, 1].map((n) => ingester(run, n, { ingest, blobs: ports.blobs, home })),
    ];
    const killing = Promise.all([
      (async () => {
        while (going()) {
          await sleep(50 + random() * 400);
          await gateways.killOne(random);
        }
      })(),
      (async () => {
        for (const done = { lmtp: 0, ses: 0 }; going(); ) {
          const [way, pool] = random() < 0.5 ? (['lmtp', deliver] as const) : (['ses', ingest] as const);
          // A slow machine starts them slowly: who is killed again and again before it does anything shows nothing.
          await until(`${way} is acknowledged`, () => countOf(acknowledged, way) > done[way]);
          done[way] = countOf(acknowledged, way);
          await sleep(random() * 1000);
          functionKills += await pool.killOne(random);
        }
      })(),
    ]);
    const ended = killing.then(() => (run.stop = true));
    await Promise.all([ended, ...clients]);
  } finally {
    run.stop = true;
    await gateways.stopAll();
    await ports.close();
  }
  const found = await check(home, acknowledged);
  const ingested = countOf(acknowledged, 'ses');
  return { acknowledged: acknowledged.length, found, ingested, gatewayKills: gateways.kills, functionKills };
}

function countOf(acknowledged: readonly Acknowledged[], way: 'lmtp' | 'ses'): number {
  return acknowledged.filter(({ id }) => id.startsWith(way)).length;
}

/** One function in several processes, asked in turn. */
class FunctionPool implements AsyncDisposable {
  readonly #processes: readonly FunctionProcess[];
  #asked = 0;

  constructor(bundle: string, home: TestHome) {
    this.#processes = Array.from({ length: OF_EACH }, () => new FunctionProcess(bundle, home.environment));
  }

  async invoke(event: unknown): Promise<unknown> {
    return this.#processes[this.#asked++ % OF_EACH]?.invoke(event);
  }

  /** kill -9; answers 1, or 0 when that one did not run. */
  async killOne(random: () => number): Promise<number> {
    const one = this.#processes[Math.floor(random() * OF_EACH)];
    return (await one?.kill()) === true ? 1 : 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const one of this.#processes) await one.kill();
  }
}

interface Ingestion {
  readonly ingest: FunctionPool;
  readonly blobs: Blobs;
  readonly home: TestHome;
}

/**
 * Lays mail into the bucket as SES does and gives its records to the function as a queue does: in batches, now and then one
 * twice, again until the function says that it is done, and sometimes once more after that.
 */
async function ingester(run: Load, number: number, { ingest, blobs, home }: Ingestion): Promise<void> {
  const bucket = home.environment.CIRRUS_AWS_BUCKET ?? '';
  for (let count = 0; !run.stop; count++) {
    const mails = Array.from({ length: MAILS_OF_A_BATCH }, (_, i) => {
      const id = `ses${number}-${count}-${i}`;
      return { id, users: recipientsOf(count + i) };
    });
    await Promise.all(mails.map(({ id }) => blobs.put(`ses/${id}`, Buffer.from(mail(id), 'latin1'))));
    const records = mails.map(({ id, users }) =>
      receivedRecord(id, { bucket, id, recipients: users.map((user) => `${user}@example.com`) }),
    );
    const all = run.random() < 0.3 ? [...records, ...records.slice(0, 1)] : records;
    await untilDone(ingest, all);
    for (const { id, users } of mails) for (const user of users) run.acknowledged.push({ user, id, uid: undefined });
    if (run.random() < 0.2) await untilDone(ingest, all);
  }
}

/** Gives the records again until the function fails none of them. */
async function untilDone(ingest: FunctionPool, records: readonly ReturnType<typeof receivedRecord>[]): Promise<void> {
  let left = records;
  while (left.length > 0) {
    try {
      const { batchItemFailures } = (await ingest.invoke({ Records: left })) as {
        readonly batchItemFailures: readonly { readonly itemIdentifier: string }[];
      };
      const failed = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
      left = left.filter(({ messageId }) => failed.has(messageId));
    } catch {
      // Killed: what it was doing may or may not have happened.
      await sleep(20);
    }
  }
}
