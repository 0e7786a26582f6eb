// `npm run bench`: Cirrus beside Dovecot and Cyrus, in one run, as ratios. See docs/benchmark.md.
import { mkdirSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { IN_REGION } from './distance.ts';
import { distantReport, type Travelled, travel } from './distant.ts';
import { cirrus } from './peers/cirrus.ts';
import { cyrus } from './peers/cyrus.ts';
import { dovecot } from './peers/dovecot.ts';
import type { Peer, Running } from './peers/peer.ts';
import { type Measured, report } from './report.ts';
import * as delivery from './workloads/delivery.ts';
import * as mailbox from './workloads/mailbox.ts';
import * as server from './workloads/server.ts';
import type { Bench, Sizes, Workload } from './workloads/workload.ts';

const HELP = `npm run bench -- [--rounds 3] [--only TEXT] [--peers TEXT] [--large 100000] [--medium 10000] [--deliveries 1600] [--cache FOLDER]

--only, --peers  those whose name contains one of the comma-separated texts
--distant        instead: Cirrus alone, its stores as far away as DynamoDB and S3 are
--cache          where the peers are unpacked and serve from (default ./data/bench)`;

/** In this order in every round: some work on what the one before left. */
const WORKLOADS: readonly Workload[] = [
  delivery.lmtpDelivery,
  delivery.lmtpLatency,
  delivery.deliveryCpu,
  delivery.dotToExists,
  delivery.sieveDelivery,
  mailbox.append,
  mailbox.multiappend,
  mailbox.loginSelect,
  mailbox.selectLarge,
  mailbox.fetchFlags,
  mailbox.metadataCold,
  mailbox.metadataWarm,
  mailbox.bodies,
  mailbox.storeFlags,
  mailbox.copy,
  mailbox.move,
  mailbox.expunge,
  mailbox.search,
  mailbox.searchBody,
  mailbox.sort,
  mailbox.thread,
  mailbox.pop3,
  server.idleMemory,
  server.startToGreeting,
];

const { values } = parseArgs({
  options: {
    help: { type: 'boolean' },
    distant: { type: 'boolean' },
    rounds: { type: 'string', default: '3' },
    only: { type: 'string', default: '' },
    peers: { type: 'string', default: '' },
    large: { type: 'string', default: '100000' },
    medium: { type: 'string', default: '10000' },
    deliveries: { type: 'string', default: '1600' },
    cache: { type: 'string', default: join(import.meta.dirname, '../data/bench') },
  },
});

if (values.help) console.log(HELP);
else if (values.distant) await distant();
else await main();

/** A peer that serves, and may be another process after a workload. */
interface Contestant {
  readonly peer: Peer;
  running: Running;
}

async function distant(): Promise<void> {
  mkdirSync(values.cache, { recursive: true });
  const options = { parent: values.cache, latencies: IN_REGION, isFelt: true, messages: Number(values.large) };
  const rounds: (readonly Travelled[])[] = [];
  // The first one also loads the code.
  for (let round = 0; round <= Number(values.rounds); round++) {
    const travelled = await travel(options);
    if (round > 0) rounds.push(travelled);
  }
  const { indexMs, blobsMs } = IN_REGION;
  console.log(`A request of the index takes ${indexMs} ms more, one of blobs ${blobsMs} ms; ${values.rounds} rounds\n`);
  console.log(distantReport(rounds));
}

async function main(): Promise<void> {
  const sizes: Sizes = {
    large: Number(values.large),
    medium: Number(values.medium),
    deliveries: Number(values.deliveries),
  };
  mkdirSync(values.cache, { recursive: true });
  const all = [
    cirrus(values.cache),
    dovecot(values.cache, 'mdbox'),
    dovecot(values.cache, 'maildir'),
    cyrus(values.cache),
  ];
  const workloads = WORKLOADS.filter(chosen(values.only));
  const contestants: Contestant[] = [];
  const measured = new Map<string, { workload: Workload; peer: string; values: number[]; failure?: string }>();
  try {
    for (const peer of all.filter(chosen(values.peers))) {
      await peer.remove();
      say(`${peer.name}: starting`);
      const contestant = { peer, running: await peer.start() };
      contestants.push(contestant);
      await mailbox.fill(benchOf(contestant, sizes, 0), (text) => say(`${peer.name}: filling, ${text}`));
    }
    for (let round = 1; round <= Number(values.rounds); round++) {
      for (const workload of workloads) {
        // Each round begins with another peer, so that none is always the one after a pause.
        for (let i = 0; i < contestants.length; i++) {
          const contestant = contestants[(i + round) % contestants.length];
          if (contestant === undefined) continue;
          const key = `${workload.name}/${contestant.peer.name}`;
          const entry = measured.get(key) ?? { workload, peer: contestant.peer.name, values: [] };
          measured.set(key, entry);
          try {
            const value = await workload.run(benchOf(contestant, sizes, round));
            if (value !== undefined) entry.values.push(value);
            say(
              `round ${round}, ${workload.name}, ${contestant.peer.name}: ${value?.toFixed(2) ?? 'not offered'} ${workload.unit}`,
            );
          } catch (error) {
            entry.failure = error instanceof Error ? error.message : String(error);
            say(`round ${round}, ${workload.name}, ${contestant.peer.name} failed: ${entry.failure}`);
          }
        }
      }
    }
  } finally {
    for (const { peer, running } of contestants) {
      await running.stop();
      await peer.remove();
    }
  }
  const inOrder = contestants.flatMap(({ peer }) =>
    [...measured.values()].filter((m): m is Measured & typeof m => m.peer === peer.name),
  );
  console.log(
    `\n${availableParallelism()} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}; ${values.rounds} rounds; medians (least to most); large ${sizes.large}, medium ${sizes.medium} messages\n`,
  );
  console.log(report(inOrder));
}

function benchOf(contestant: Contestant, sizes: Sizes, round: number): Bench {
  return {
    get running() {
      return contestant.running;
    },
    sizes,
    round,
    restart: async () => {
      await contestant.running.stop();
      contestant.running = await contestant.peer.start();
      return contestant.running;
    },
  };
}

function chosen(texts: string): (named: { readonly name: string }) => boolean {
  const wanted = texts.split(',').filter((text) => text !== '');
  return ({ name }) => wanted.length === 0 || wanted.some((text) => name.toLowerCase().includes(text.toLowerCase()));
}

function say(text: string): void {
  console.error(text);
}
