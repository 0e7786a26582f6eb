import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Budget, budgets } from '../../bench/cost/budget.ts';
import { DirectoryAuthenticator } from '../../lib/auth/authenticator.ts';
import { hashPassword } from '../../lib/auth/password.ts';
import { append } from '../../lib/store/append.ts';
import { Directory } from '../../lib/store/directory.ts';
import { addUser } from '../../lib/store/users.ts';
import { ImapClient } from '../support/imap-client.ts';
import { type ImapGateway, openImapGateway } from '../support/imap-gateway.ts';
import { openIn } from '../support/inbox.ts';
import { averageOf, expectWithin, homes, type MeteredStore, openMeteredStore } from '../support/metered-store.ts';

const MIB = 2 ** 20;
const IOS_BYTES = 10 * 1024;

describe.each(homes)('what IMAP commands cost, warm (%s)', (name) => {
  let home: MeteredStore;
  let gateway: ImapGateway;
  let client: ImapClient;

  beforeAll(async () => {
    home = await openMeteredStore(name);
    gateway = await openImapGateway({ ports: home.ports, users: ['anna', 'bob'] });
    client = await ImapClient.loggedIn(gateway.port);
    for (let i = 0; i < 3; i++) await client.append('INBOX', `Subject: ${i}\r\n\r\ntext\r\n`);
    await client.say('s', 'SELECT INBOX');
  });
  afterAll(async () => {
    client.close();
    await gateway[Symbol.asyncDispose]();
    await home.close();
  });

  async function costOf(command: string, by = client): Promise<Budget> {
    await gateway.store.close();
    home.costs.reset();
    const answer = (await by.say('a', command)).at(-1) ?? '';
    expect(answer).toMatch(/^a OK/);
    return averageOf(home.costs, 1);
  }

  it('what the session knows costs nothing', async () => {
    const nothing = { readRequests: 0, writeRequests: 0, blobPuts: 0, blobGets: 0 };
    expect(await costOf('UID FETCH 1:* FLAGS')).toMatchObject(nothing);
    expect(await costOf('FETCH 1:* (UID FLAGS MODSEQ RFC822.SIZE INTERNALDATE)')).toMatchObject(nothing);
    expect(await costOf('SEARCH UNSEEN UNDELETED')).toMatchObject(nothing);
  });

  it('NOOP, STATUS and SELECT: a unit for each of head, tree and overlay', async () => {
    expect(await costOf('NOOP')).toEqual(budgets.poll);
    expectWithin(await costOf('STATUS INBOX (MESSAGES UNSEEN)'), budgets.status);
    expectWithin(await costOf('SELECT INBOX'), budgets.select);
  });

  it('STORE: one write; the same again has nothing to write and rests on a fresh view', async () => {
    expectWithin(await costOf('STORE 1:3 +FLAGS.SILENT ($Work)'), {
      ...budgets.change,
      writeUnits: 1,
      writeRequests: 1,
    });
    expect(await costOf('STORE 1:3 +FLAGS.SILENT ($Work)')).toEqual(budgets.poll);
  });

  it('FETCH of octets: one GET for each message, and one write for \\Seen of all', async () => {
    expect(await costOf('FETCH 1 BODY.PEEK[]')).toEqual(budgets.body);
    const sections = await costOf('FETCH 2 (BODY.PEEK[HEADER] BODY.PEEK[TEXT])');
    expectWithin(sections, { ...budgets.body, readRequests: 1, readUnits: 0.5 });
    expectWithin(await costOf('FETCH 1:3 BODY[]'), { ...budgets.change, writeRequests: 1, writeUnits: 1, blobGets: 3 });
  });

  it('FETCH of a message of 9 MB in pieces of 256 KB: one GET for 4 MB', async () => {
    await client.append('INBOX', `Subject: large\r\n\r\n${'x'.repeat(9 * MIB)}`);
    await client.say('n', 'NOOP');
    await gateway.store.close();
    home.costs.reset();
    const bytes = 9 * MIB + 'Subject: large\r\n\r\n'.length;
    for (let at = 0; at < bytes; at += MIB / 4) {
      expect((await client.say('a', `FETCH 4 BODY.PEEK[]<${at}.${MIB / 4}>`)).at(-1)).toMatch(/^a OK/);
    }
    const { blobGets, blobOthers, readRequests, writeRequests } = home.costs;
    expect([blobGets, blobOthers, readRequests, writeRequests]).toEqual([Math.ceil(bytes / (4 * MIB)), 0, 0, 0]);
  });

  it('FETCH of a part of 10 MB in pieces of 10 KB, as iOS does: one GET for 4 MB', async () => {
    const part = 'x'.repeat(10 * MIB);
    const head = 'Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\ntext\r\n--b\r\n\r\n';
    expect((await client.append('INBOX', `${head}${part}\r\n--b--\r\n`)).at(-1)).toMatch(/^append OK/);
    await client.say('n', 'NOOP');
    await gateway.store.close();
    home.costs.reset();
    // Pipelined, some at a time: what counts is what they cost.
    const commands = Array.from(
      { length: Math.ceil(part.length / IOS_BYTES) },
      (_, i) => `p${i} FETCH * (BODY.PEEK[2]<${i * IOS_BYTES}.${IOS_BYTES}>)\r\n`,
    );
    let octets = 0;
    for (let i = 0; i < commands.length; i += 32) {
      const some = commands.slice(i, i + 32);
      client.send(some.join(''));
      for (const line of await client.until(`p${i + some.length - 1}`)) {
        octets += Number(/\{(\d+)\}\r\n/.exec(line)?.[1] ?? 0);
      }
    }
    expect(octets).toBe(part.length);
    const { blobGets, blobOthers, readRequests, writeRequests } = home.costs;
    expect([blobGets, blobOthers, writeRequests]).toEqual([Math.ceil(part.length / (4 * MIB)), 0, 0]);
    // Where the part is says the summary.
    expect(readRequests).toBeLessThanOrEqual(1);
  });

  it('LOGIN of who logged in lately: the directory', async () => {
    const directory = new Directory(home.index);
    const anna = await directory.find('anna');
    if (anna === undefined) throw new Error('anna is not there');
    await directory.update({ ...anna, verifier: await hashPassword('secret') });
    const authenticator = (): DirectoryAuthenticator => new DirectoryAuthenticator(gateway.store);
    await using other = await openImapGateway({ ports: home.ports, users: [], authenticator });
    const connect = async (): Promise<ImapClient> => {
      const connected = await ImapClient.connect(other.port);
      await connected.line();
      return connected;
    };
    const [first, second] = [await connect(), await connect()];
    expect((await first.say('a', 'LOGIN anna secret')).at(-1)).toMatch(/^a OK/);
    expectWithin(await costOf('LOGIN anna secret', second), budgets.login);
    first.close();
    second.close();
  });

  it("\\Seen in another's mailbox: one look at the head, the overlay twice, the log never", async () => {
    expect((await client.say('a', 'SETACL INBOX bob lrs')).at(-1)).toMatch(/^a OK/);
    const bob = await ImapClient.loggedIn(gateway.port, 'bob');
    await bob.say('s', 'SELECT "Other Users/anna/INBOX"');
    await bob.say('a', 'STORE 1 +FLAGS.SILENT (\\Seen)');
    const cost = await costOf('STORE 2:3 +FLAGS.SILENT (\\Seen)', bob);
    expectWithin(cost, budgets.privateSeen);
    expect(cost.writeRequests).toBe(2);
    expect(await costOf('NOOP', bob)).toEqual(budgets.privatePoll);
    expect(await costOf('UID FETCH 1:* FLAGS', bob)).toMatchObject({ readRequests: 0 });
    // What changed for bob did not for anna.
    expect(await costOf('NOOP')).toEqual(budgets.poll);
    bob.close();
  });
});

describe.each(homes)('what FETCH ENVELOPE costs, cold (%s)', (name) => {
  const MESSAGES = 400;

  it('of 10,000 compacted messages: at most 4 reads and 12 objects', async () => {
    const home = await openMeteredStore(name);
    try {
      const user = await addUser(home.store, { name: 'anna', verifier: undefined });
      const inbox = await openIn(home.store, user);
      // Nothing of one is like another: together they are as large as those of real mail.
      const text = (): string => `Subject: ${randomBytes(250).toString('hex')}\r\n\r\ntext\r\n`;
      const stored = await Promise.all(Array.from({ length: 100 }, () => home.message(inbox.space, text())));
      for (let i = 0; i < 10; i++) await append(inbox, Array.from({ length: 10 }, () => stored).flat());
      await home.store.close();
      await inbox.mailbox.compact();
      // Texts are not remembered: the messages share some blobs, and each is to be read.
      await using gateway = await openImapGateway({ ports: home.ports, users: [], limits: { summaryTextBytes: 0 } });
      const cold = await ImapClient.loggedIn(gateway.port);
      await cold.say('s', 'EXAMINE INBOX');
      home.costs.reset();
      expect(await cold.say('a', 'FETCH 1:* (UID ENVELOPE BODYSTRUCTURE RFC822.SIZE)')).toHaveLength(10_001);
      const cost = averageOf(home.costs, 1);
      expectWithin(cost, budgets.envelopes);
      expect(cost.readRequests + cost.blobGets).toBeLessThanOrEqual(8);
      cold.close();
    } finally {
      await home.close();
    }
  });

  it('a batch of summaries for a hundred messages', async () => {
    const home = await openMeteredStore(name);
    try {
      await using first = await openImapGateway({ ports: home.ports });
      const client = await ImapClient.loggedIn(first.port);
      const literals = Array.from({ length: MESSAGES }, (_, i) => `Subject: ${i}\r\n\r\ntext\r\n`);
      client.send(`m APPEND INBOX ${literals.map((each) => `{${each.length}+}\r\n${each}`).join(' ')}\r\n`);
      expect((await client.until('m')).at(-1)).toMatch(/^m OK/);
      client.close();
      await using gateway = await openImapGateway({ ports: home.ports, users: [] });
      const cold = await ImapClient.loggedIn(gateway.port);
      await cold.say('s', 'EXAMINE INBOX');
      home.costs.reset();
      expect(await cold.say('a', 'FETCH 1:* ENVELOPE')).toHaveLength(MESSAGES + 1);
      expectWithin(averageOf(home.costs, MESSAGES), budgets.envelope);
      cold.close();
    } finally {
      await home.close();
    }
  });
});
