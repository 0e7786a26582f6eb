import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Gateway, startGateway } from '../../gateway/main.ts';
import { readProxyHeader } from '../../gateway/net/behind-proxy.ts';
import type { Connection } from '../../gateway/net/connection.ts';
import { Listener, type ListenerOptions } from '../../gateway/net/listener.ts';
import { loadConfig } from '../../lib/base/config.ts';
import { Networks } from '../../lib/base/config-networks.ts';
import { openLog } from '../../lib/base/log.ts';
import { throttleKey } from '../../lib/store/keys.ts';
import { addUsers } from '../support/add-users.ts';
import { ImapClient } from '../support/imap-client.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { until } from '../support/until.ts';

/** Addresses of this machine, of which each is somebody else to the gateway. */
const PROXY = '127.0.0.2';
const WEBMAIL = '127.0.0.3';
const ANYBODY = '127.0.0.4';
const header = (client: string): string => `PROXY TCP4 ${client} 198.51.100.1 40000 143\r\n`;

const clients: Socket[] = [];

async function from(localAddress: string, port: number, first = ''): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port, localAddress });
  clients.push(socket);
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  if (first !== '') socket.write(first);
  return socket;
}

async function all(socket: Socket): Promise<string> {
  let got = '';
  for await (const chunk of socket as AsyncIterable<Buffer>) got += chunk.toString();
  return got;
}

async function chunk(socket: Socket): Promise<string> {
  const [data] = (await once(socket, 'data')) as [Buffer];
  return data.toString();
}

describe('a listener', () => {
  const cleanUp = new AsyncDisposableStack();
  afterAll(async () => {
    for (const client of clients.splice(0)) client.destroy();
    await cleanUp.disposeAsync();
  });

  /** Says who is there, then gives back what it gets. */
  async function echo(connection: Connection): Promise<void> {
    connection.write(`${connection.remoteAddress} ${connection.remotePort}\n`);
    for await (const got of connection) connection.write(got);
  }

  async function open(options: Partial<ListenerOptions> = {}): Promise<number> {
    const listener = await Listener.open({
      protocol: 'echo',
      address: { host: '127.0.0.1', port: 0 },
      serve: echo,
      refusal: 'full\n',
      log: openLog('silent'),
      proxies: new Networks([PROXY]),
      ...options,
      // A busy machine is no failure.
      limits: { proxyHeaderMs: 600_000, ...options.limits },
    });
    cleanUp.defer(() => listener.drain());
    return 'port' in listener.address ? listener.address.port : 0;
  }

  test('serves the client of whom a proxy speaks, whose first bytes come with the header or later', async () => {
    const port = await open();
    const together = await from(PROXY, port, `${header('192.0.2.7')}hello`);
    let got = '';
    together.on('data', (data) => (got += data));
    await until('greeting and echo', () => got === '192.0.2.7 40000\nhello');
    const split = await from(PROXY, port);
    for (const byte of header('192.0.2.8')) {
      split.write(byte);
      await new Promise((done) => setImmediate(done));
    }
    expect(await chunk(split)).toBe('192.0.2.8 40000\n');
    const own = await from(PROXY, port, 'PROXY UNKNOWN\r\n');
    expect(await chunk(own)).toMatch(/^127\.0\.0\.2 \d+\n$/);
    for (const socket of [together, split, own]) socket.destroy();
  });

  test('cuts off a proxy that says nothing, or something else, or too little in time (proxyHeaderMs)', async () => {
    const lines: string[] = [];
    const log = openLog('warn', { write: (line: string) => void lines.push(line) });
    const soon = await open({ log, limits: { proxyHeaderMs: 100 } });
    // What is wrong is seen at once, however long it might have taken.
    const late = await open({ log });
    expect(await all(await from(PROXY, soon))).toBe('');
    expect(await all(await from(PROXY, late, 'a LOGIN anna secret\r\n'))).toBe('');
    const dripping = await from(PROXY, soon);
    const timer = setInterval(() => dripping.write('PROXY'.at(dripping.bytesWritten) ?? ''), 30);
    expect(await all(dripping)).toBe('');
    clearInterval(timer);
    const gone = await from(PROXY, late, 'PROXY TCP4');
    gone.end();
    expect(await all(gone)).toBe('');
    const reasons = lines.map((line) => (JSON.parse(line) as { reason: string }).reason);
    expect(reasons).toEqual([
      'no PROXY header came in time',
      'the proxy sent no PROXY header',
      'no PROXY header came in time',
      'the connection ended before its PROXY header',
    ]);
  });

  test('takes what others say for what it is: input', async () => {
    const port = await open();
    const socket = await from(ANYBODY, port);
    expect(await chunk(socket)).toMatch(/^127\.0\.0\.4 \d+\n$/);
    socket.write(header('192.0.2.7'));
    expect(await chunk(socket)).toBe(header('192.0.2.7'));
    socket.destroy();
  });

  test('counts the clients of a proxy, not the proxy, and no address of many people', async () => {
    const limits = { connectionsPerAddress: 1 };
    const port = await open({ limits, countLoopback: true, uncounted: new Networks([WEBMAIL, '192.0.2.64/26']) });
    const greeting = async (where: string, first = ''): Promise<string> => await chunk(await from(where, port, first));
    expect(await greeting(PROXY, header('192.0.2.7'))).toBe('192.0.2.7 40000\n');
    expect(await greeting(PROXY, header('192.0.2.8'))).toBe('192.0.2.8 40000\n');
    expect(await greeting(PROXY, header('192.0.2.7'))).toBe('full\n');
    for (let i = 0; i < 2; i++) expect(await greeting(PROXY, header('192.0.2.65'))).toBe('192.0.2.65 40000\n');
    for (let i = 0; i < 2; i++) expect(await greeting(WEBMAIL)).toMatch(/^127\.0\.0\.3/);
    const first = await from(ANYBODY, port);
    expect(await chunk(first)).toMatch(/^127\.0\.0\.4/);
    expect(await greeting(ANYBODY)).toBe('full\n');
    first.destroy();
    await until('there is room again', async () => (await greeting(ANYBODY)).startsWith('127.0.0.4'));
  });

  test('loopback that a proxy elsewhere tells of is not this machine', async () => {
    const seen: string[] = [];
    const serve = async (connection: Connection): Promise<void> => {
      connection.remoteAddress = '203.0.113.5';
      await readProxyHeader(connection, 10_000);
      seen.push(connection.remoteAddress);
    };
    const port = await open({ serve });
    for (const client of ['127.0.0.1', '192.0.2.7']) await all(await from(ANYBODY, port, header(client)));
    await all(await from(ANYBODY, port, 'PROXY TCP6 ::1 ::1 1 2\r\n'));
    await all(await from(ANYBODY, port, 'PROXY TCP6 ::ffff:127.0.0.1 ::1 1 2\r\n'));
    expect(seen).toEqual(['203.0.113.5', '192.0.2.7', '203.0.113.5', '203.0.113.5']);
  });
});

describe('a gateway', () => {
  const cleanUp = new AsyncDisposableStack();
  const lines: { msg: string; peer?: string; name?: string }[] = [];
  let gateway: Gateway;
  beforeAll(async () => {
    const folder = cleanUp.use(await temporaryFolder());
    await addUsers(folder.path, ['anna'], 'secret');
    const { config } = loadConfig({
      env: {
        CIRRUS_CONFIGDIRECTORY: folder.path,
        ...Object.fromEntries(
          ['IMAP', 'IMAPS', 'POP3', 'POP3S', 'SIEVE', 'LMTP'].map((name) => [`CIRRUS_LISTEN_${name}`, '127.0.0.1:0']),
        ),
        CIRRUS_LISTEN_LMTP_UNIX: 'off',
        CIRRUS_ALLOWPLAINTEXT: 'on',
        CIRRUS_LOGIN_TRUSTED_NETWORKS: `${WEBMAIL}, 192.0.2.64/26`,
        CIRRUS_HAPROXY_TRUSTED_NETWORKS: PROXY,
      },
    });
    gateway = await startGateway(
      config,
      openLog('info', { write: (line: string) => void lines.push(JSON.parse(line)) }),
    );
    cleanUp.defer(() => gateway.stop());
  });
  afterAll(() => cleanUp.disposeAsync());

  const portOf = (protocol: string): number => {
    const address = gateway.addresses.find((each) => each.protocol === protocol)?.address;
    return address !== undefined && 'port' in address ? address.port : 0;
  };
  /** An IMAP client whose greeting was read. */
  const imap = async (where: string, first = ''): Promise<ImapClient> => {
    const client = new ImapClient(await from(where, portOf('imap'), first));
    expect(await client.line()).toMatch(/^\* OK /);
    return client;
  };
  const counted = async (address: string): Promise<boolean> =>
    (await gateway.store.ports.index.get(throttleKey(`a${address}`))) !== undefined;
  /** What the log calls whoever failed to log in under a name. */
  const peer = (name: string): string | undefined =>
    lines.find((line) => line.msg === 'login failed' && line.name === name)?.peer;

  test('counts and logs the failed logins of clients behind a proxy', async () => {
    const client = await imap(PROXY, header('192.0.2.7'));
    expect((await client.say('a', 'LOGIN one wrong')).at(-1)).toMatch(/^a NO /);
    expect(await counted('192.0.2.7')).toBe(true);
    expect(peer('one')).toBe('192.0.2.7');
    client.close();
  });

  test('does so for whom a webmail says it speaks, before login; nobody else is believed', async () => {
    const told = 'ID ("name" "webmail" "X-Originating-IP" "192.0.2.8")';
    const webmail = await imap(WEBMAIL);
    expect((await webmail.say('a', 'ID ("x-originating-ip" "not an address")')).at(-1)).toMatch(/^a OK /);
    expect((await webmail.say('a', 'ID ("x-originating-ip" NIL)')).at(-1)).toMatch(/^a OK /);
    expect((await webmail.say('a', 'LOGIN nobodys wrong')).at(-1)).toMatch(/^a NO /);
    expect(peer('nobodys')).toBe(WEBMAIL);
    expect((await webmail.say('a', told)).at(-1)).toMatch(/^a OK /);
    expect((await webmail.say('a', 'LOGIN two wrong')).at(-1)).toMatch(/^a NO /);
    expect(await counted('192.0.2.8')).toBe(true);
    expect(peer('two')).toBe('192.0.2.8');

    const stranger = await imap(ANYBODY);
    await stranger.say('a', told.replace('192.0.2.8', '192.0.2.9'));
    await stranger.say('a', 'LOGIN three wrong');
    expect(await counted('192.0.2.9')).toBe(false);
    expect(peer('three')).toBe(ANYBODY);

    const late = await imap(WEBMAIL);
    expect((await late.say('a', 'LOGIN anna secret')).at(-1)).toMatch(/^a OK /);
    await late.say('b', told.replace('192.0.2.8', '192.0.2.10'));
    await late.say('c', 'UNAUTHENTICATE');
    await late.say('d', 'LOGIN four wrong');
    expect(peer('four')).toBe(WEBMAIL);
    for (const client of [webmail, stranger, late]) client.close();
  });

  test('does not count a webmail behind a proxy by address', async () => {
    const client = await imap(PROXY, header('192.0.2.70'));
    expect((await client.say('a', 'LOGIN five wrong')).at(-1)).toMatch(/^a NO /);
    expect(peer('five')).toBe('192.0.2.70');
    expect(await counted('192.0.2.70')).toBe(false);
    client.close();
  });

  test('greets behind a proxy by POP3 and ManageSieve, inside TLS whose hello comes with the header, and an MTA as ever', async () => {
    const greetings = { pop3: /^\+OK /, sieve: /^"IMPLEMENTATION"/ };
    for (const [protocol, greeting] of Object.entries(greetings)) {
      const socket = await from(PROXY, portOf(protocol), header('192.0.2.7'));
      expect(await chunk(socket)).toMatch(greeting);
      socket.destroy();
    }
    for (const [protocol, greeting] of [
      ['imaps', /^\* OK /],
      ['pop3s', /^\+OK /],
    ] as const) {
      const socket = await from(PROXY, portOf(protocol));
      socket.cork();
      socket.write(header('192.0.2.7'));
      const secure = connectTls({ socket, rejectUnauthorized: false });
      setImmediate(() => socket.uncork());
      expect(await chunk(secure)).toMatch(greeting);
      secure.destroy();
    }
    const mta = await from(PROXY, portOf('lmtp'));
    expect(await chunk(mta)).toMatch(/^220 /);
    mta.destroy();
  });
});
