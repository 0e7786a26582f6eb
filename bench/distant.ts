// `npm run bench -- --distant`: what a gateway takes when its stores are as far away as they are on AWS.
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { imapRefusal, serveImap } from '../gateway/imap/serve.ts';
import { lmtpRefusal, serveLmtp } from '../gateway/lmtp/session.ts';
import { Listener } from '../gateway/net/listener.ts';
import { newId } from '../lib/base/ids.ts';
import { openLog } from '../lib/base/log.ts';
import { StoreDelivery } from '../lib/delivery/deliver.ts';
import { openEmbedded } from '../lib/embedded/open.ts';
import { Account } from '../lib/store/account.ts';
import { append } from '../lib/store/append.ts';
import { Directory, type User } from '../lib/store/directory.ts';
import { MailStore } from '../lib/store/mail-store.ts';
import { setFlags } from '../lib/store/set-flags.ts';
import { UidSet } from '../lib/store/uid-set.ts';
import { addUser } from '../lib/store/users.ts';
import { ImapClient } from './client/imap.ts';
import { LmtpClient } from './client/lmtp.ts';
import { Distance, type Latencies } from './distance.ts';
import { message } from './mail.ts';
import { median } from './report.ts';

/** What was asked of a store that is far away. */
export interface Travelled {
  readonly name: string;
  readonly takenMs: number;
  /** Of these, what the way alone takes. */
  readonly wayMs: number;
  readonly limitMs: number;
}

export interface DistantOptions {
  /** Where the store's folder is made, and removed again. */
  readonly parent: string;
  readonly latencies: Latencies;
  readonly isFelt: boolean;
  /** Messages in the mailbox that is selected. */
  readonly messages: number;
}

const MESSAGES_AT_ONCE = 5000;
const FLAG_CHANGES = 12;
const USER = 'anna';

/** Scatters numbers (Knuth's multiplicative hash). */
const hash = (value: number): number => Math.imul(value, 2_654_435_761) >>> 16;

/** Asks a gateway that has just started on stores that are far away, and one that has served the user before. */
export async function travel({ parent, latencies, isFelt, messages }: DistantOptions): Promise<readonly Travelled[]> {
  const folder = await mkdtemp(join(parent, 'distant-'));
  const ports = await openEmbedded(folder);
  const distance = new Distance(latencies, isFelt);
  const far = { ...ports, index: distance.index(ports.index), blobs: distance.blobs(ports.blobs) };
  const travelled: Travelled[] = [];
  const measure = async (name: string, limitMs: number, run: () => Promise<unknown>): Promise<void> => {
    distance.reset();
    const begunMs = performance.now();
    await run();
    travelled.push({ name, limitMs, takenMs: performance.now() - begunMs, wayMs: distance.wayMs });
  };
  try {
    await fill(new MailStore(ports), messages);
    const store = new MailStore(far);
    const gateway = await serve(store);
    const imap = await ImapClient.connect(gateway.imapPort);
    await imap.command(`LOGIN ${USER} secret`);
    await measure(`SELECT of ${messages} messages, cold`, 200, () => imap.command('SELECT INBOX'));
    await measure(`SELECT of the same, warm`, 200, () => imap.command('SELECT INBOX'));
    await imap.close();
    const lmtp = await LmtpClient.connect(gateway.lmtpPort);
    const deliver = (user: string) => (): Promise<void> => lmtp.deliver(user, message(1));
    // The first one of a process waits for its code to be compiled.
    await deliver('carl')();
    await measure('LMTP delivery to a user who is not known here', 100, deliver('bert'));
    await measure('LMTP delivery to the same', 100, deliver('bert'));
    await deliver(USER)();
    await measure('LMTP delivery to a mailbox that is open', 100, deliver(USER));
    await lmtp.close();
    await gateway.close();
    await store.close();
  } finally {
    await ports.close();
    await rm(folder, { recursive: true, force: true });
  }
  return travelled;
}

/** Users and a folded mailbox, by a process of before. */
async function fill(store: MailStore, messages: number): Promise<void> {
  const user = await addUser(store, { name: USER, verifier: undefined });
  for (const name of ['bert', 'carl']) await addUser(store, { name, verifier: undefined });
  const inbox = await new Account(store, user).open('INBOX');
  for (let at = 0; at < messages; at += MESSAGES_AT_ONCE) {
    const some = Array.from({ length: Math.min(MESSAGES_AT_ONCE, messages - at) }, (_, i) => {
      return { blob: newId(store.clock.now()), sizeBytes: 1000 + i, internalDate: 1_700_000_000 + i, flags: [] };
    });
    await append(inbox, some);
  }
  // Columns of a mailbox that is used are not as regular as those of one that was just filled.
  for (let i = 1; i < FLAG_CHANGES; i++) {
    const uids = Array.from({ length: messages }, (_, at) => at + 1).filter((uid) => hash(uid * i) % 4 === 0);
    const flags = [i % 2 === 0 ? '\\Seen' : `k${i}`];
    await setFlags(inbox, { operation: 'add', flags, uids: UidSet.fromSorted(uids) });
  }
  await store.close();
  await inbox.mailbox.compact();
}

async function serve(store: MailStore): Promise<{ imapPort: number; lmtpPort: number; close(): Promise<void> }> {
  const log = openLog('error', { write: (line) => void process.stderr.write(line) });
  const directory = new Directory(store.ports.index);
  // How long a password takes to check is no matter of distance.
  const find = (name: string): Promise<User | undefined> => directory.find(name);
  const shared = { servername: 'bench.example', log, maxMessageBytes: 0 };
  const address = { host: '127.0.0.1', port: 0 };
  const imap = await Listener.open({
    protocol: 'imap',
    address,
    serve: serveImap({
      ...shared,
      store,
      authenticator: { authenticate: find, authorize: (_, name) => find(name) },
      allowPlaintext: true,
      messageLimit: 0,
      saveLimit: 0,
    }),
    refusal: imapRefusal,
    log,
  });
  const lmtp = await Listener.open({
    protocol: 'lmtp',
    address,
    serve: serveLmtp({
      ...shared,
      access: 'everybody',
      delivery: new StoreDelivery(store),
      overQuotaIsPermanent: false,
    }),
    refusal: lmtpRefusal,
    log,
  });
  const portOf = (listener: Listener): number => ('port' in listener.address ? listener.address.port : 0);
  return {
    imapPort: portOf(imap),
    lmtpPort: portOf(lmtp),
    close: async () => void (await Promise.all([imap.drain(), lmtp.drain()])),
  };
}

/** As a Markdown table of medians over the rounds, with the least and the most. */
export function distantReport(rounds: readonly (readonly Travelled[])[]): string {
  const [first = []] = rounds;
  const lines = first.map(({ name, wayMs, limitMs }, i) => {
    const taken = rounds.flatMap((round) => round[i]?.takenMs ?? []).sort((a, b) => a - b);
    const text = [median(taken), taken[0], taken.at(-1)].map((ms = Number.NaN) => ms.toFixed(0));
    return `| ${name} | ${text[0]} (${text[1]} to ${text[2]}) | ${wayMs} | ${limitMs} |`;
  });
  return ['| | taken (ms) | of that the way (ms) | limit (ms) |', '|---|---:|---:|---:|', ...lines].join('\n');
}
