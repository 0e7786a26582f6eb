import { ImapClient } from '../client/imap.ts';
import { Pop3Client } from '../client/pop3.ts';
import { message } from '../mail.ts';
import { PASSWORD, READER, type Running } from '../peers/peer.ts';
import { type Bench, timed, type Workload } from './workload.ts';

/** Names of the mailboxes of {@link READER} that are filled before anything is measured. */
export const LARGE = 'large';
export const MEDIUM = 'medium';
export const BODIES = 'bodies';
const POP3_COUNT = 1000;
const BODY_COUNT = 200;
const BODY_BYTES = 250_000;
const SMALL_BYTES = 1024;

export async function login(running: Running, mailbox?: string, user = READER): Promise<ImapClient> {
  const client = await ImapClient.connect(running.imapPort);
  await client.command(`LOGIN ${user} ${PASSWORD}`);
  if (mailbox !== undefined) await client.command(`SELECT ${mailbox}`);
  return client;
}

/** Fills the mailboxes that the workloads read. */
export async function fill({ running, sizes }: Bench, say: (text: string) => void): Promise<void> {
  const client = await login(running);
  for (const [mailbox, count, bytes] of [
    ['INBOX', POP3_COUNT, 4096],
    [LARGE, sizes.large, SMALL_BYTES],
    [MEDIUM, sizes.medium, 4096],
    [BODIES, BODY_COUNT, BODY_BYTES],
  ] as const) {
    if (mailbox !== 'INBOX') await client.command(`CREATE ${mailbox}`);
    for (let done = 0; done < count; ) {
      const group = Math.min(1000, count - done);
      await multiAppend(client, mailbox, done, group, bytes);
      done += group;
      say(`${mailbox} ${done}/${count}`);
    }
  }
  await client.close();
}

async function multiAppend(
  client: ImapClient,
  mailbox: string,
  first: number,
  count: number,
  bytes: number,
): Promise<void> {
  const messages = Array.from({ length: count }, (_, i) => message(first + i, bytes));
  const [head, ...rest] = messages;
  if (head === undefined) return;
  // RFC 3502 with non-synchronising literals (RFC 7888).
  const tag = client.send(`APPEND ${mailbox} {${head.length}+}`);
  client.write(head);
  for (const one of rest) {
    client.write(` {${one.length}+}\r\n`);
    client.write(one);
  }
  client.write('\r\n');
  await client.answer(tag);
}

/** What is done around the work, outside of its time. */
interface Around {
  /** Once without the clock. */
  readonly warmUp?: boolean;
  readonly before?: (client: ImapClient, bench: Bench) => Promise<unknown>;
  readonly after?: (client: ImapClient, bench: Bench) => Promise<unknown>;
}

/** A workload of one session: what it takes, in milliseconds. */
function inMailbox(
  name: string,
  mailbox: string | undefined,
  work: (client: ImapClient, bench: Bench) => Promise<unknown>,
  { warmUp, before, after }: Around = {},
): Workload {
  return {
    name,
    unit: 'ms',
    better: 'less',
    run: async (bench) => {
      const client = await login(bench.running, mailbox);
      await before?.(client, bench);
      if (warmUp) await work(client, bench);
      const takenMs = await timed(() => work(client, bench));
      await after?.(client, bench);
      await client.close();
      return takenMs;
    },
  };
}

const METADATA = '(UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE)';
const fetchMetadata = (client: ImapClient, { sizes }: Bench): Promise<unknown> =>
  client.command(`FETCH 1:${sizes.medium} ${METADATA}`);

export const append: Workload = {
  name: 'APPEND one after another',
  unit: 'messages/s',
  better: 'more',
  run: async ({ running, round }) => {
    const client = await login(running);
    await client.command(`CREATE append${round}`);
    const count = 300;
    const takenMs = await timed(async () => {
      for (let i = 0; i < count; i++) await multiAppend(client, `append${round}`, i, 1, 4096);
    });
    await client.command(`DELETE append${round}`);
    await client.close();
    return (count / takenMs) * 1000;
  },
};

export const multiappend: Workload = {
  name: 'MULTIAPPEND of 1,000',
  unit: 'messages/s',
  better: 'more',
  run: async ({ running, round }) => {
    const client = await login(running);
    await client.command(`CREATE multi${round}`);
    const takenMs = await timed(() => multiAppend(client, `multi${round}`, 0, 1000, 4096));
    await client.command(`DELETE multi${round}`);
    await client.close();
    return (1000 / takenMs) * 1000;
  },
};

export const loginSelect: Workload = {
  name: 'LOGIN + SELECT + LOGOUT, 4 connections',
  unit: 'sessions/s',
  better: 'more',
  run: async ({ running }) => {
    const count = 400;
    let left = count;
    const one = async (): Promise<void> => {
      while (left-- > 0) await (await login(running, MEDIUM)).close();
    };
    const takenMs = await timed(() => Promise.all([one(), one(), one(), one()]));
    return (count / takenMs) * 1000;
  },
};

export const selectLarge = inMailbox(
  'SELECT of the large mailbox, warm',
  undefined,
  (c) => c.command(`SELECT ${LARGE}`),
  {
    warmUp: true,
  },
);

export const fetchFlags = inMailbox(
  'FETCH 1:* (UID FLAGS) of the large mailbox, warm',
  LARGE,
  (c) => c.command('FETCH 1:* (UID FLAGS)'),
  {
    warmUp: true,
  },
);

export const metadataWarm = inMailbox('FETCH of metadata, warm', MEDIUM, fetchMetadata, { warmUp: true });

export const metadataCold: Workload = {
  name: 'FETCH of metadata, server just started',
  unit: 'ms',
  better: 'less',
  run: async (bench) => {
    const client = await login(await bench.restart(), MEDIUM);
    const takenMs = await timed(() => fetchMetadata(client, bench));
    await client.close();
    return takenMs;
  },
};

export const bodies: Workload = {
  name: 'FETCH BODY.PEEK[] of 50 MB',
  unit: 'MB/s',
  better: 'more',
  run: async ({ running }) => {
    const client = await login(running, BODIES);
    const before = client.received;
    const takenMs = await timed(() => client.command('FETCH 1:* BODY.PEEK[]'));
    const megabytes = (client.received - before) / 1e6;
    await client.close();
    return (megabytes / takenMs) * 1000;
  },
};

export const storeFlags = inMailbox(
  'STORE 1:* +FLAGS.SILENT of the large mailbox',
  LARGE,
  (c) => c.command('STORE 1:* +FLAGS.SILENT (\\Seen)'),
  { after: (c) => c.command('STORE 1:* -FLAGS.SILENT (\\Seen)') },
);

/** COPY, MOVE and EXPUNGE of a round work on what the one before made. */
export const copy = inMailbox(
  'COPY of the medium mailbox',
  MEDIUM,
  (c, { round }) => c.command(`COPY 1:* copy${round}`),
  {
    before: (c, { round }) => c.command(`CREATE copy${round}`),
  },
);

export const move = inMailbox('MOVE of the copy', undefined, (c, { round }) => c.command(`MOVE 1:* moved${round}`), {
  before: async (c, { round }) => {
    await c.command(`CREATE moved${round}`);
    await c.command(`SELECT copy${round}`);
  },
  after: (c, { round }) => c.command(`DELETE copy${round}`),
});

export const expunge = inMailbox('EXPUNGE of all of it', undefined, (c) => c.command('EXPUNGE'), {
  before: async (c, { round }) => {
    await c.command(`SELECT moved${round}`);
    await c.command('STORE 1:* +FLAGS.SILENT (\\Deleted)');
  },
  after: async (c, { round }) => {
    await c.command('UNSELECT');
    await c.command(`DELETE moved${round}`);
  },
});

export const search = inMailbox(
  'SEARCH SUBJECT in the medium mailbox',
  MEDIUM,
  (c) => c.command('SEARCH SUBJECT "quarterly"'),
  { warmUp: true },
);
export const searchBody = inMailbox('SEARCH BODY in the medium mailbox', MEDIUM, (c) =>
  c.command('SEARCH BODY "holiday contract"'),
);

/** SORT and THREAD: measured where they are offered. */
function ifOffered(capability: string, workload: Workload): Workload {
  return {
    ...workload,
    run: async (bench) => {
      const client = await login(bench.running);
      client.send('CAPABILITY');
      const [line] = await client.line(/\* CAPABILITY .*\r\n/);
      client.write('');
      await client.close();
      return line.includes(` ${capability}`) ? workload.run(bench) : undefined;
    },
  };
}

export const sort = ifOffered(
  'SORT',
  inMailbox('SORT (SUBJECT DATE) of the medium mailbox', MEDIUM, (c) => c.command('SORT (SUBJECT DATE) UTF-8 ALL'), {
    warmUp: true,
  }),
);
export const thread = ifOffered(
  'THREAD=REFERENCES',
  inMailbox('THREAD REFERENCES of the medium mailbox', MEDIUM, (c) => c.command('THREAD REFERENCES UTF-8 ALL'), {
    warmUp: true,
  }),
);

/** Before what is measured: the first thousands of a process are read by code that is not compiled. */
const POP3_WARM_UPS = 20;

export const pop3: Workload = {
  name: 'POP3 RETR of 1,000',
  unit: 'messages/s',
  better: 'more',
  run: async ({ running }) => {
    const retrieveAll = async (): Promise<number> => {
      const client = await Pop3Client.login(running.pop3Port, READER, PASSWORD);
      const takenMs = await timed(() => client.retrieve(POP3_COUNT, 20));
      await client.close();
      return takenMs;
    };
    for (let i = 0; i < POP3_WARM_UPS; i++) await retrieveAll();
    return (POP3_COUNT / (await retrieveAll())) * 1000;
  },
};
