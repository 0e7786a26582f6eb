import { GetObjectTaggingCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { hashPassword } from '../../lib/auth/password.ts';
import { s3Client } from '../../lib/aws/blobs-s3.ts';
import { Directory } from '../../lib/store/directory.ts';
import { SWEEP_LEASE } from '../../lib/store/keys.ts';
import { readHead } from '../../lib/store/log-reader.ts';
import { MailStore } from '../../lib/store/mail-store.ts';
import { INBOX } from '../../lib/store/tree-view.ts';
import { addUser } from '../../lib/store/users.ts';
import { Gateways } from '../kills/gateways.ts';
import { LineClient, Lost } from '../kills/line-client.ts';
import { bundleFunctions, FunctionProcess, openLambdaServer } from '../support/functions.ts';
import { type OpenPorts, openTestHome, type TestHome } from '../support/home.ts';
import { describeWithS3 } from '../support/s3.ts';
import { until } from '../support/until.ts';
import { receivedRecord } from './received-record.ts';

const NAMES = ['deliver', 'ingest', 'expire', 'compact'] as const;

describeWithS3('the functions, bundled, on the AWS home', () => {
  let bundles: Awaited<ReturnType<typeof bundleFunctions>>;
  let home: TestHome;
  let ports: OpenPorts;
  let store: MailStore;
  const functions = {} as Record<(typeof NAMES)[number], FunctionProcess>;

  beforeAll(async () => {
    [bundles, home] = await Promise.all([bundleFunctions(NAMES), openTestHome('aws')]);
    ports = await home.open();
    store = new MailStore(ports);
    const verifier = await hashPassword('secret');
    for (const name of ['anna', 'bert', 'carla']) await addUser(store, { name, verifier });
    for (const name of NAMES) functions[name] = new FunctionProcess(bundles.pathOf(name), home.environment);
  });
  afterAll(async () => {
    for (const name of NAMES) await functions[name]?.kill();
    await store.close();
    await ports.close();
    await home[Symbol.asyncDispose]();
    await bundles[Symbol.asyncDispose]();
  });

  /** What a user reads over IMAP from a gateway: Message-IDs in order, with how often they are there. */
  async function readInbox(port: number, user: string): Promise<string[]> {
    const client = await LineClient.open(port);
    await client.until('* OK');
    client.send(
      `a LOGIN ${user} secret\r\nb EXAMINE INBOX\r\nc FETCH 1:* (BODY.PEEK[HEADER.FIELDS (Message-ID)])\r\nd NOOP\r\n`,
    );
    const ids: string[] = [];
    for (;;) {
      const line = await client.line();
      const [, id] = /^Message-ID: <(.*)>/i.exec(line) ?? [];
      if (id !== undefined) ids.push(id);
      if (line.startsWith('d ')) break;
    }
    client.close();
    return ids.sort();
  }

  test('mail from SES is delivered once, whatever comes twice, out of order or to an end in the middle', async () => {
    const bucket = home.environment.CIRRUS_AWS_BUCKET ?? '';
    const mails = Array.from({ length: 12 }, (_, i) => ({
      id: `ses${i}`,
      recipients: i % 3 === 0 ? ['anna@example.com', 'bert@example.com'] : ['Anna@example.com', 'nobody@example.com'],
    }));
    for (const { id } of mails) await ports.blobs.put(`ses/${id}`, message(id));
    const records = [...mails, ...mails].map(({ id, recipients }, i) =>
      receivedRecord(`${i}`, { bucket, id, recipients }),
    );
    records.reverse();
    const lost = receivedRecord('lost', { bucket, id: 'never-came', recipients: ['anna@example.com'] });
    const foreign = receivedRecord('foreign', { bucket: 'another', id: 'ses0', recipients: ['anna@example.com'] });
    const processed = () => Promise.all(mails.map(({ id }) => isProcessed(`ses/${id}`)));
    const garbled = { ...foreign, messageId: 'garbled', body: '{"Type":"Notification"}' };
    const { ingest } = functions;
    const answer = await ingest.invoke({ Records: [records[0], lost, foreign, garbled] });
    const failed = ['foreign', 'garbled', 'lost'].map((itemIdentifier) => expect.objectContaining({ itemIdentifier }));
    expect(answer).toEqual({ batchItemFailures: expect.arrayContaining(failed) });
    expect(answer).toMatchObject({ batchItemFailures: { length: 3 } });
    // Ended at any moment, the queue gives the same messages again.
    for (let at = 0; at < records.length; at += 8) {
      const event = { Records: records.slice(at, at + 8) };
      const before = await annasMessages();
      const cut = ingest.invoke(event).catch(() => undefined);
      await until('something is done', async () => (await annasMessages()) > before || at > 8);
      await ingest.kill();
      await cut;
      expect(await ingest.invoke(event)).toEqual({ batchItemFailures: [] });
    }
    await using gateways = await serving();
    const expected = (who: string) =>
      mails.filter(({ recipients }) => recipients.some((address) => address.toLowerCase().startsWith(who)));
    for (const who of ['anna', 'bert'])
      expect(await readInbox(gateways.port, who)).toEqual(
        expected(who)
          .map(({ id }) => id)
          .sort(),
      );
    expect((await ports.blobs.list('ses/')).blobs).toHaveLength(12);
    // Rule 15: only what all its recipients have is marked; the other may be wanted still.
    expect(await processed()).toEqual(mails.map(({ recipients }) => !recipients.includes('nobody@example.com')));
  });

  /** Whether an object bears the mark by which its lifecycle may end. */
  async function isProcessed(key: string): Promise<boolean> {
    const {
      AWS_ACCESS_KEY_ID: accessKeyId = '',
      AWS_SECRET_ACCESS_KEY: secretAccessKey = '',
      CIRRUS_AWS_BUCKET: Bucket,
      CIRRUS_AWS_S3_ENDPOINT: endpoint = '',
    } = home.environment;
    const credentials = { accessKeyId, secretAccessKey };
    const client = s3Client({ client: { endpoint, region: 'us-east-1', forcePathStyle: true, credentials } });
    try {
      const { TagSet } = await client.send(new GetObjectTaggingCommand({ Bucket, Key: key }));
      return TagSet?.some(({ Key, Value }) => Key === 'cirrus' && Value === 'processed') ?? false;
    } finally {
      client.destroy();
    }
  }

  async function annasMessages(): Promise<number> {
    return (await store.mailbox(await inboxOf('anna')).refresh()).view.exists;
  }

  async function inboxOf(name: string) {
    const user = await new Directory(ports.index).find(name);
    if (user === undefined) throw new Error(`no ${name}`);
    const { view } = await store.tree(user.tree).refresh();
    const id = view.binding(INBOX)?.mailbox;
    if (id === undefined) throw new Error('no INBOX');
    return id;
  }

  async function serving(environment: Record<string, string> = {}) {
    const gateways = new Gateways({ ...home.environment, ...environment }, 1);
    await gateways.startAll();
    const [first] = gateways.all();
    return {
      port: first?.imap ?? 0,
      lmtp: first?.lmtp ?? 0,
      [Symbol.asyncDispose]: () => gateways.stopAll(),
    };
  }

  test('a gateway has a function deliver what it takes, in batches; a killed one loses and doubles nothing', async () => {
    const { deliver } = functions;
    await using server = await openLambdaServer({ deliver });
    const environment = { CIRRUS_AWS_DELIVER_FUNCTION: 'deliver', AWS_ENDPOINT_URL_LAMBDA: server.endpoint };
    await using gateways = await serving(environment);
    const idler = await LineClient.open(gateways.port);
    await idler.until('* OK');
    idler.send('a LOGIN carla secret\r\nb SELECT INBOX\r\nc IDLE\r\n');
    await idler.until('+ ');
    const sent = Array.from({ length: 24 }, (_, i) => `lmtp${i}`);
    const heard = (async () => {
      while (!/^\* \d+ EXISTS/.test(await idler.line()));
    })();
    let done = 0;
    const all = Promise.all(
      sent.map(async (id) => {
        await deliverUntilTaken(gateways.lmtp, id, ['bert', 'carla']);
        done++;
      }),
    );
    await until('some are delivered', () => server.sizes.length > 0);
    await deliver.kill();
    await all;
    await heard;
    idler.close();
    expect(done).toBe(24);
    for (const who of ['bert', 'carla']) {
      const ids = (await readInbox(gateways.port, who)).filter((id) => id.startsWith('lmtp'));
      expect(ids).toEqual([...sent].sort());
    }
    expect(Math.max(...server.sizes)).toBeGreaterThan(1);
  });

  test('logs are folded by one function, and another sweeps', async () => {
    const { compact, expire } = functions;
    const mailbox = await inboxOf('bert');
    const good = { messageId: 'good', body: JSON.stringify({ kind: 'compact', mailbox }) };
    const bad = { messageId: 'bad', body: '{}' };
    expect(await compact.invoke({ Records: [good, bad] })).toEqual({ batchItemFailures: [{ itemIdentifier: 'bad' }] });
    const head = await readHead(ports, 'M', mailbox);
    expect(head?.snapSeq).toBe(head?.seq);
    await expire.invoke({ task: 'expire' });
    expect(Number((await ports.index.get(SWEEP_LEASE))?.e)).toBeGreaterThan(Date.now() - 300_000);
  });
});

function message(id: string): Buffer {
  const lines = ['Received: from a by b; Fri, 20 Nov 2026 10:00:00 +0000', `Message-ID: <${id}>`, `Subject: ${id}`];
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${'x'.repeat(2000)}\r\n`);
}

/** As an MTA does: the same message again until each recipient has its 250. */
async function deliverUntilTaken(port: number, id: string, users: readonly string[]): Promise<void> {
  const pending = new Set(users);
  while (pending.size > 0) {
    const client = await LineClient.open(port);
    try {
      await client.until('220 ');
      const to = [...pending];
      client.send('LHLO c\r\nMAIL FROM:<s@example.org>\r\n');
      for (const user of to) client.send(`RCPT TO:<${user}@example.com>\r\n`);
      client.send('DATA\r\n');
      await client.until('354 ');
      client.send(`${message(id).toString('latin1')}.\r\n`);
      for (const user of to) {
        const reply = await client.until('250 ', '4', '5');
        expect(reply[0]).not.toBe('5');
        if (reply.startsWith('250')) pending.delete(user);
      }
    } catch (error) {
      if (!(error instanceof Lost)) throw error;
    } finally {
      client.close();
    }
  }
}
