import { afterAll, beforeAll, expect, it } from 'vitest';
import { hashPassword } from '../../lib/auth/password.ts';
import { MailStore } from '../../lib/store/mail-store.ts';
import { addUser } from '../../lib/store/users.ts';
import { openTestHome, type TestHome } from '../support/home.ts';
import { Gateways, type Ports } from './gateways.ts';
import { LineClient } from './line-client.ts';

let home: TestHome;
let gateways: Gateways;
let serving: readonly Ports[];

beforeAll(async () => {
  home = await openTestHome();
  const ports = await home.open();
  const store = new MailStore(ports);
  await addUser(store, { name: 'anna', verifier: await hashPassword('secret') });
  await store.close();
  await ports.close();
  gateways = new Gateways(home.environment, 2);
  await gateways.startAll();
  serving = gateways.all();
});
afterAll(async () => {
  await gateways.stopAll();
  await home[Symbol.asyncDispose]();
});

async function session(gateway: number): Promise<LineClient> {
  const client = await LineClient.open(serving[gateway]?.imap ?? 0);
  await client.until('* OK');
  client.send('a LOGIN anna secret\r\nb SELECT INBOX\r\n');
  expect(await client.until('b ')).toMatch(/^b OK/);
  return client;
}

/** Sends a command and answers its lines, the tagged one last. */
async function ask(client: LineClient, command: string): Promise<string[]> {
  client.send(`t ${command}\r\n`);
  const lines: string[] = [];
  do lines.push(await client.line());
  while (!lines.at(-1)?.startsWith('t '));
  return lines;
}

it('a client that idles at one gateway hears at once of what happens at another (Rule 20)', async () => {
  const [idler, other] = [await session(0), await session(1)];
  idler.send('i IDLE\r\n');
  await idler.until('+ ');
  // The watcher's address reaches the head a moment after "+": change until it is heard, well before the poll of a minute.
  const heard = idler.until('* 1 EXISTS');
  const append = 'APPEND INBOX {14+}\r\nSubject: x\r\n\r\n';
  expect((await ask(other, append)).at(-1)).toMatch(/^t OK/);
  await heard;
  expect((await ask(other, 'STORE 1 +FLAGS (\\Flagged)')).at(-1)).toMatch(/^t OK/);
  await idler.until('* 1 FETCH (FLAGS (\\Flagged');
  expect((await ask(other, 'STORE 1 +FLAGS (\\Deleted)')).at(-1)).toMatch(/^t OK/);
  expect((await ask(other, 'EXPUNGE')).at(-1)).toMatch(/^t OK/);
  await idler.until('* 1 EXPUNGE');
  idler.close();
  other.close();
}, 45_000);

it('what one gateway has acknowledged the other serves with the next command', async () => {
  const [one, two] = [await session(0), await session(1)];
  for (let round = 0; round < 20; round++) {
    const [writer, reader] = round % 2 === 0 ? [one, two] : [two, one];
    const answer = await ask(writer, `APPEND INBOX {14+}\r\nSubject: ${round % 10}\r\n\r\n`);
    const uid = /APPENDUID \d+ (\d+)/.exec(answer.at(-1) ?? '')?.[1] ?? '';
    await ask(reader, 'NOOP');
    expect(await ask(reader, `UID FETCH ${uid} (UID)`)).toHaveLength(2);
  }
  one.close();
  two.close();
});

it('a mailbox deleted at one gateway ends the sessions on it at the other (Rule 5)', async () => {
  const [one, two] = [await session(0), await session(1)];
  await ask(one, 'CREATE Gone');
  expect((await ask(two, 'SELECT Gone')).at(-1)).toMatch(/^t OK/);
  expect((await ask(one, 'DELETE Gone')).at(-1)).toMatch(/^t OK/);
  two.send('t NOOP\r\n');
  expect(await two.until('* BYE')).toMatch(/deleted/);
  one.close();
  two.close();
});
