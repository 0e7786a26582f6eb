import { ImapClient } from '../client/imap.ts';
import { LmtpClient } from '../client/lmtp.ts';
import { message } from '../mail.ts';
import { PASSWORD, RECIPIENTS, type Running } from '../peers/peer.ts';
import { usage } from '../processes.ts';
import { type Bench, timed, type Workload } from './workload.ts';

const CONNECTIONS = 8;
const MESSAGE_BYTES = 4096;

/** LMTP over several connections to as many users; every 250 counted after its dot. */
export const lmtpDelivery: Workload = {
  name: `LMTP delivery, ${CONNECTIONS} connections`,
  unit: 'messages/s',
  better: 'more',
  run: async (bench) => (bench.sizes.deliveries / (await deliver(bench, CONNECTIONS))) * 1000,
};

/** One after another: what one delivery takes. */
export const lmtpLatency: Workload = {
  name: 'LMTP delivery, 1 connection',
  unit: 'ms each',
  better: 'less',
  run: async (bench) => {
    const few = { ...bench, sizes: { ...bench.sizes, deliveries: Math.ceil(bench.sizes.deliveries / 8) } };
    return (await deliver(few, 1)) / few.sizes.deliveries;
  },
};

/** Server time of all its processes. */
export const deliveryCpu: Workload = {
  name: 'server CPU per LMTP delivery',
  unit: 'ms',
  better: 'less',
  run: async (bench) => {
    await deliver({ ...bench, running: bench.running, sizes: { ...bench.sizes, deliveries: 1 } }, 1);
    const before = usage(bench.running.pid).cpuMs;
    await deliver(bench, CONNECTIONS);
    return (usage(bench.running.pid).cpuMs - before) / bench.sizes.deliveries;
  },
};

/** From the dot of a delivery to `EXISTS` in a session in IDLE, the median. */
export const dotToExists: Workload = {
  name: "LMTP's dot to EXISTS in IDLE",
  unit: 'ms',
  better: 'less',
  run: async ({ running }) => {
    const imap = await ImapClient.connect(running.imapPort);
    await imap.command(`LOGIN user0 ${PASSWORD}`);
    await imap.command('SELECT INBOX');
    imap.send('IDLE');
    await imap.line(/\+ .*\r\n/);
    const lmtp = await LmtpClient.connect(running.lmtpPort);
    const times: number[] = [];
    const first = unused();
    for (let i = 0; i < 100; i++) {
      const told = imap.line(/\* \d+ EXISTS\r\n/);
      const body = message(first + i, MESSAGE_BYTES);
      times.push(await timed(async () => void (await Promise.all([lmtp.deliver('user0', body), told]))));
    }
    imap.write('DONE\r\n');
    await Promise.all([imap.close(), lmtp.close()]);
    return times.sort((a, b) => a - b)[50];
  },
};

/** What people have: a few rules, one of which files this message, and nothing that is sent. */
const SCRIPT = `require ["fileinto", "imap4flags", "mailbox"];
if header :contains "X-Spam-Flag" "YES" { fileinto :create "Junk"; stop; }
if header :contains ["List-Id", "List-Post"] ["dev.example", "users.example"] { fileinto :create "Lists"; stop; }
if address :domain :is "from" ["friend.example", "family.example"] { addflag "\\\\Flagged"; }
elsif address :all :matches "from" "*@sender.example" { fileinto :create "Filed"; stop; }
if anyof (header :contains "subject" "invoice", size :over 5M) { addflag "$Work"; }
`;

/** The same with a script that files into a mailbox. */
export const sieveDelivery: Workload = {
  name: `LMTP delivery with a Sieve script, ${CONNECTIONS} connections`,
  unit: 'messages/s',
  better: 'more',
  run: async (bench) => {
    if (bench.running.useScript === undefined) return undefined;
    await bench.running.useScript(SCRIPT);
    await bench.restart();
    try {
      // Scripts are compiled and mailboxes made by one delivery after another.
      await deliverMany(bench.running, RECIPIENTS.length, 1);
      return (bench.sizes.deliveries / (await deliver(bench, CONNECTIONS))) * 1000;
    } finally {
      await bench.running.useScript?.('');
      await bench.restart();
    }
  },
};

let used = 1_000_000;

/** First of 100,000 numbers that no other round has used: duplicates are suppressed by Message-ID. */
function unused(): number {
  used += 100_000;
  return used;
}

/** A server delivers for weeks: what is measured is not its first seconds, which `bench/workloads/server.ts` measures. */
const WARM_UP_DELIVERIES = 4000;
const warm = new WeakSet<Running>();

/** Milliseconds that so many deliveries take, over so many connections, by a server that has delivered before. */
async function deliver({ running, sizes }: Bench, connections: number): Promise<number> {
  if (!warm.has(running)) await deliverMany(running, WARM_UP_DELIVERIES, CONNECTIONS);
  warm.add(running);
  return deliverMany(running, sizes.deliveries, connections);
}

async function deliverMany(running: Running, deliveries: number, connections: number): Promise<number> {
  const first = unused();
  const messages = Array.from({ length: deliveries }, (_, i) => message(first + i, MESSAGE_BYTES));
  const clients = await Promise.all(Array.from({ length: connections }, () => LmtpClient.connect(running.lmtpPort)));
  let next = 0;
  const takenMs = await timed(() =>
    Promise.all(
      clients.map(async (client) => {
        for (let i = next++; i < messages.length; i = next++) {
          await client.deliver(RECIPIENTS[i % RECIPIENTS.length] ?? '', messages[i] ?? Buffer.alloc(0));
        }
      }),
    ),
  );
  await Promise.all(clients.map((client) => client.close()));
  return takenMs;
}
