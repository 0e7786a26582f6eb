import { afterEach, beforeEach, expect, test } from 'vitest';
import { DirectoryAuthenticator, type DirectoryAuthenticatorOptions } from '../../lib/auth/authenticator.ts';
import { throttleLimits } from '../../lib/auth/limits.ts';
import { hashPassword } from '../../lib/auth/password.ts';
import { Networks } from '../../lib/base/config-networks.ts';
import { openEmbedded } from '../../lib/embedded/open.ts';
import { Directory, type User } from '../../lib/store/directory.ts';
import { StoreError } from '../../lib/store/errors.ts';
import { MailStore } from '../../lib/store/mail-store.ts';
import type { Index } from '../../lib/store/ports.ts';
import { addUser } from '../../lib/store/users.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const MINUTE = 60_000;
const FAR = '192.0.2.1';
const cheap = '$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$';

let cleanUp: AsyncDisposableStack;
let store: MailStore;
let now: number;
let waits: number[];

beforeEach(async () => {
  cleanUp = new AsyncDisposableStack();
  const folder = cleanUp.use(await temporaryFolder());
  const home = await openEmbedded(folder.path);
  cleanUp.defer(() => home.close());
  store = new MailStore(home);
  cleanUp.defer(() => store.close());
  now = 1_800_000_000_000;
  waits = [];
  await addUser(store, { name: 'anna', verifier: await hashPassword('geheim'), withoutMailboxes: true });
  await addUser(store, { name: 'bert@example.org', verifier: await hashPassword('berts'), withoutMailboxes: true });
  await addUser(store, { name: 'nologin', verifier: undefined, withoutMailboxes: true });
});
afterEach(() => cleanUp.disposeAsync());

/** A gateway's authenticator; several share the store. */
function authenticator(options: DirectoryAuthenticatorOptions = {}, on: MailStore = store): DirectoryAuthenticator {
  return new DirectoryAuthenticator(on, {
    clock: { now: () => now },
    wait: async (ms) => void waits.push(ms),
    ...options,
  });
}

/** The store with some methods of its index replaced. */
function storeWith(changed: (index: Index) => Partial<Index>): MailStore {
  const { index } = store.ports;
  const changes = new Map(Object.entries(changed(index)));
  const proxy = new Proxy(index, {
    get: (target, name) => changes.get(String(name)) ?? Reflect.get(target, name).bind(target),
  });
  return new MailStore({ ...store.ports, index: proxy });
}

test('who may come in, and who not', async () => {
  const auth = authenticator();
  expect(await auth.authenticate('anna', 'geheim', FAR)).toMatchObject({ name: 'anna' });
  expect(await auth.authenticate('ANNA', 'geheim', FAR)).toMatchObject({ name: 'anna' });
  expect(await auth.authenticate('anna', 'Geheim', FAR)).toBeUndefined();
  expect(await auth.authenticate('anna', '', FAR)).toBeUndefined();
  expect(await auth.authenticate('nobody', 'geheim', FAR)).toBeUndefined();
  expect(await auth.authenticate('', '', FAR)).toBeUndefined();
  expect(await auth.authenticate('nologin', '', FAR)).toBeUndefined();
  expect(await auth.authenticate('bert', 'berts', FAR)).toBeUndefined();
  expect(await auth.authenticate('a\u0000b\r\n', 'x', 'not an address')).toBeUndefined();
});

test('the default domain may be left out, or given to those who have none', async () => {
  const auth = authenticator({ defaultDomain: 'example.org' });
  expect(await auth.authenticate('Bert', 'berts', FAR)).toMatchObject({ name: 'bert@example.org' });
  expect(await auth.authenticate('anna@example.org', 'geheim', FAR)).toMatchObject({ name: 'anna' });
  expect(await auth.authenticate('anna@example.com', 'geheim', FAR)).toBeUndefined();
});

test('a success spares argon2 for five minutes, at this address, while the verifier is the same', async () => {
  const auth = authenticator();
  const cost = async (work: () => Promise<unknown>): Promise<number> => {
    const before = process.cpuUsage();
    await work();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  };
  await auth.authenticate('anna', 'geheim', FAR);
  const warm = await cost(async () => {
    for (let i = 0; i < 20; i++) await auth.authenticate('anna', 'geheim', FAR);
  });
  now += 5 * MINUTE;
  const cold = await cost(async () => {
    for (let i = 0; i < 20; i++) {
      await auth.authenticate('anna', 'geheim', FAR);
      now += 5 * MINUTE;
    }
  });
  // Twenty times argon2id is most of a second of processor time; twenty reads are milliseconds.
  expect(warm * 4).toBeLessThan(cold);

  const directory = new Directory(store.ports.index);
  const user = (await directory.find('anna')) as User;
  await directory.update({ ...user, verifier: await hashPassword('neu') });
  expect(await auth.authenticate('anna', 'geheim', FAR)).toBeUndefined();
  expect(await auth.authenticate('anna', 'neu', FAR)).toBeDefined();
});

test('a warm login is one read and no write', async () => {
  const calls: string[] = [];
  const noted = <A extends unknown[], R>(name: string, method: (...args: A) => R) => {
    return (...args: A): R => {
      calls.push(name);
      return method(...args);
    };
  };
  const counted = storeWith((index) => ({
    get: noted('get', index.get.bind(index)),
    batchGet: noted('batchGet', index.batchGet.bind(index)),
    put: noted('put', index.put.bind(index)),
  }));
  const auth = authenticator({}, counted);
  await auth.authenticate('anna', 'geheim', FAR);
  expect(calls).toEqual(['get', 'batchGet']);
  calls.length = 0;
  await auth.authenticate('anna', 'geheim', FAR);
  expect(calls).toEqual(['get']);
});

test('a user’s failures are slowed, then refused, whatever the gateway and the address, then forgiven', async () => {
  const [one, two] = [authenticator(), authenticator()];
  for (let i = 0; i < throttleLimits.userFailures; i++) {
    const gateway = i % 2 === 0 ? one : two;
    expect(await gateway.authenticate('anna', `guess ${i}`, `198.51.100.${i}`)).toBeUndefined();
  }
  expect(waits.length).toBe(throttleLimits.userFailures - throttleLimits.free);
  expect(waits.slice(0, 3)).toEqual([500, 1000, 2000]);
  expect(waits.at(-1)).toBe(throttleLimits.lastDelayMs);
  // Refused unseen: even the right password.
  expect(await authenticator().authenticate('anna', 'geheim', FAR)).toBeUndefined();
  // Other users do not notice.
  expect(await two.authenticate('bert@example.org', 'berts', FAR)).toBeDefined();
  now += throttleLimits.userForgiveMs;
  expect(await one.authenticate('anna', 'geheim', FAR)).toBeDefined();
});

test('who is logged in already stays so while others guess', async () => {
  const auth = authenticator();
  await auth.authenticate('anna', 'geheim', FAR);
  for (let i = 0; i < 25; i++) await auth.authenticate('anna', `guess ${i}`, '198.51.100.9');
  expect(await auth.authenticate('anna', 'geheim', FAR)).toBeDefined();
  expect(await auth.authenticate('anna', 'geheim', '198.51.100.9')).toBeUndefined();
});

test('an address that tries many names is refused, with its whole IPv6 network; loopback is not', async () => {
  const limits = { addressFailures: 6, userFailures: 6 };
  const auth = authenticator({ limits });
  for (let i = 0; i < 6; i++) await auth.authenticate(`name${i}`, 'x', `2001:db8:0:7::${i}`);
  expect(await auth.authenticate('anna', 'geheim', '2001:db8:0:7:ffff::1')).toBeUndefined();
  expect(await auth.authenticate('anna', 'geheim', '2001:db8:0:8::1')).toBeDefined();
  for (let i = 0; i < 6; i++) await auth.authenticate(`other${i}`, 'x', '127.0.0.1');
  expect(await auth.authenticate('anna', 'geheim', '127.0.0.1')).toBeDefined();
  const strict = authenticator({ limits, countLoopback: true });
  for (let i = 0; i < 6; i++) await strict.authenticate(`third${i}`, 'x', '127.0.0.1');
  expect(await strict.authenticate('bert@example.org', 'berts', '127.0.0.1')).toBeUndefined();
});

test('an address of many people is not counted, and keeps nobody from guessing at one user', async () => {
  const limits = { addressFailures: 6, userFailures: 8 };
  const auth = authenticator({ limits, uncounted: new Networks(['192.0.2.0/28', '2001:db8::/32']) });
  for (const webmail of ['192.0.2.7', '::ffff:192.0.2.8', '2001:db8:7::1']) {
    for (let i = 0; i < 7; i++) await auth.authenticate(`${webmail} ${i}`, 'x', webmail);
    expect(await auth.authenticate('anna', 'geheim', webmail)).toBeDefined();
  }
  for (let i = 0; i < 7; i++) await auth.authenticate(`name${i}`, 'x', '192.0.2.16');
  expect(await auth.authenticate('anna', 'geheim', '192.0.2.16')).toBeUndefined();
  for (let i = 0; i < 8; i++) await auth.authenticate('bert@example.org', `guess ${i}`, '192.0.2.7');
  expect(await auth.authenticate('bert@example.org', 'berts', '192.0.2.7')).toBeUndefined();
});

test('many guesses at once do not get past the limit', async () => {
  const verifier = `${cheap}${Buffer.alloc(24, 1).toString('base64')}`;
  const directory = new Directory(store.ports.index);
  await directory.update({ ...((await directory.find('anna')) as User), verifier });
  const auth = authenticator();
  await Promise.all(Array.from({ length: 100 }, (_, i) => auth.authenticate('anna', `guess ${i}`, FAR)));
  const item = await store.ports.index.get({
    pk: Buffer.from(`N#u${(await directory.find('anna'))?.id}`),
    sk: Buffer.from('-'),
  });
  // Each guess that was looked at counted: none beyond the limit was.
  expect(Number(item?.n)).toBeLessThanOrEqual(throttleLimits.userFailures * 1000);
  expect(Number(item?.r)).toBeLessThanOrEqual(throttleLimits.userFailures);
});

test('one client that opens many connections at once is checked once', async () => {
  let batches = 0;
  const counted = storeWith((index) => ({
    batchGet: (...args) => {
      batches++;
      return index.batchGet(...args);
    },
  }));
  const auth = authenticator({}, counted);
  const users = await Promise.all(Array.from({ length: 30 }, () => auth.authenticate('anna', 'geheim', FAR)));
  expect(users.every((user) => user?.name === 'anna')).toBe(true);
  expect(batches).toBe(1);
});

test('names that nobody has fill no more than their share of the index', async () => {
  const auth = authenticator({ limits: { unknownNames: 4, addressFailures: 1000 } });
  for (let i = 0; i < 40; i++) await auth.authenticate(`made-up-${i}`, 'x', '');
  let counters = 0;
  for (const { pk } of (await store.ports.index.scan()).rows) if (pk.toString().startsWith('N#')) counters++;
  expect(counters).toBeLessThanOrEqual(4);
});

test('when failures cannot be counted, logins go on, and somebody is told', async () => {
  const told: unknown[] = [];
  const unwell = async (): Promise<never> => {
    throw new StoreError('unavailable', 'throttled');
  };
  const broken = storeWith(() => ({ batchGet: unwell, put: unwell }));
  const auth = authenticator({ onError: (error) => told.push(error) }, broken);
  expect(await auth.authenticate('anna', 'geheim', FAR)).toBeDefined();
  expect(await auth.authenticate('anna', 'falsch', FAR)).toBeUndefined();
  expect(told.length).toBeGreaterThan(1);
});

test('when the directory cannot be read, that is said', async () => {
  const broken = storeWith(() => ({
    get: async () => {
      throw new StoreError('unavailable', 'no network');
    },
  }));
  await expect(authenticator({}, broken).authenticate('anna', 'geheim', FAR)).rejects.toMatchObject({
    code: 'unavailable',
  });
});

test('an unknown user costs what a known one costs', async () => {
  const auth = authenticator({ limits: { userFailures: 1e6, addressFailures: 1e6, free: 1e6 } });
  const cpuOf = async (name: string): Promise<number> => {
    const before = process.cpuUsage();
    for (let i = 0; i < 15; i++) await auth.authenticate(name, `guess ${i}`, FAR);
    const { user, system } = process.cpuUsage(before);
    return user + system;
  };
  await cpuOf('anna');
  const [known, unknown] = [await cpuOf('anna'), await cpuOf('nobody')];
  expect(unknown / known).toBeGreaterThan(0.5);
  expect(unknown / known).toBeLessThan(2);
});
