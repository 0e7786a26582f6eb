import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { Listener } from '../../gateway/net/listener.ts';
import { netstring } from '../../gateway/smmapd/netstring.ts';
import { type SmmapdOptions, serveSmmapd, smmapdRefusal } from '../../gateway/smmapd/session.ts';
import { smmapdLimits } from '../../lib/base/limits.ts';
import { openLog } from '../../lib/base/log.ts';
import { StoreDelivery } from '../../lib/delivery/deliver.ts';
import { addUser } from '../../lib/store/users.ts';
import { CollectingDelivery } from '../lmtp/support.ts';
import { openTestStore } from '../support/test-store.ts';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function open(options: Partial<SmmapdOptions> = {}): Promise<{ listener: Listener; port: number }> {
  const log = openLog('silent');
  const whole = { delivery: new CollectingDelivery(), overQuotaIsPermanent: false, log, ...options };
  const listener = await Listener.open({
    protocol: 'smmapd',
    address: { host: '127.0.0.1', port: 0 },
    serve: serveSmmapd(whole),
    refusal: smmapdRefusal,
    log,
  });
  closers.push(() => listener.drain());
  return { listener, port: 'port' in listener.address ? listener.address.port : 0 };
}

async function dial(port: number): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port });
  await once(socket, 'connect');
  closers.push(async () => void socket.destroy());
  return socket;
}

/** All that comes until the server ends; `said` is sent in pieces that end at `cuts`. */
async function tell(port: number, said: string, cuts: readonly number[] = []): Promise<string> {
  const socket = await dial(port);
  let heard = '';
  socket.on('data', (chunk: Buffer) => (heard += chunk.toString('utf8')));
  for (const [i, from] of [0, ...cuts].entries()) socket.write(Buffer.from(said).subarray(from, cuts[i]));
  socket.end();
  await once(socket, 'close');
  return heard;
}

const ask = (...addresses: string[]): string => addresses.map((address) => netstring(`cyrus ${address}`)).join('');

test('what RCPT would answer, for a real store', async () => {
  const home = await openTestStore();
  closers.push(() => home.close());
  await addUser(home.store, { name: 'geeko', verifier: undefined });
  await addUser(home.store, { name: 'full', verifier: undefined, quotaKib: 0 });
  const delivery = new StoreDelivery(home.store);
  const { port } = await open({ delivery });
  const asked = ask(
    'geeko',
    'Geeko@example.com',
    'geeko+lists@example.com',
    'nobody',
    '@example.com',
    'full',
    'a\nb',
    '',
  );
  expect(await tell(port, asked)).toBe(
    [
      'OK geeko',
      'OK Geeko@example.com',
      'OK geeko+lists@example.com',
      'NOTFOUND Mailbox does not exist',
      'NOTFOUND Mailbox does not exist',
      'TEMP Over quota',
      'NOTFOUND Mailbox does not exist',
      'NOTFOUND Mailbox does not exist',
    ]
      .map(netstring)
      .join(''),
  );
  const { port: strict } = await open({ delivery, overQuotaIsPermanent: true });
  expect(await tell(strict, ask('full'))).toBe(netstring('PERM Over quota'));
});

test('the same wherever the input is cut', async () => {
  const { port } = await open();
  const said = ask('geeko', 'ünknown@example.com', 'unknown');
  const heard = ['OK geeko', 'OK ünknown@example.com', 'NOTFOUND some text'].map(netstring).join('');
  for (let at = 1; at < Buffer.byteLength(said); at++) expect([at, await tell(port, said, [at])]).toEqual([at, heard]);
});

test.each([
  ['closed', 'PERM some text'],
  ['ill', 'TEMP try\r\n250 later'],
  ['many', 'TEMP some text'],
])('%s: %s', async (address, heard) => {
  const { port } = await open();
  expect(await tell(port, ask(address))).toBe(netstring(heard));
});

test('an error of ours is temporary, and is not told', async () => {
  const { port } = await open();
  expect(await tell(port, ask('bug@example.com', 'geeko'))).toMatch(
    /^\d+:TEMP Internal error [0-9a-f-]{36},8:OK geeko,$/,
  );
});

const long = 'x'.repeat(smmapdLimits.requestBytes - 'cyrus '.length);

test.each([
  ['no netstring', 'cyrus geeko\n', 'no length'],
  ['no length', ':cyrus geeko,', 'no length'],
  ['a length that begins with 0', '011:cyrus geeko,', 'no length'],
  ['no comma', '11:cyrus geeko;', 'no comma at its end'],
  ['a request that is too long (requestBytes)', ask(`${long}x`), 'too long'],
  ['a length without end', '1'.repeat(20), 'too long'],
])('%s ends the session', async (_what, said, why) => {
  const { port } = await open();
  expect(await tell(port, `${said}${ask('geeko')}`)).toBe(netstring(`PERM This is no socketmap request: ${why}`));
});

test('the longest request that is taken', async () => {
  const { port } = await open();
  expect(await tell(port, ask(long))).toBe(netstring(`OK ${long}`));
  expect(await tell(port, netstring('cyrus'))).toBe(netstring('PERM A request is the name of a map and an address'));
});

test('silence ends the session (idleMs), and so does a server that stops', async () => {
  const { port } = await open({ limits: { idleMs: 30 } });
  const idle = await dial(port);
  idle.resume();
  await once(idle, 'end');
  const { listener, port: other } = await open();
  const waiting = await dial(other);
  waiting.write(ask('geeko'));
  await once(waiting, 'data');
  const drained = listener.drain();
  await once(waiting, 'end');
  await drained;
});
