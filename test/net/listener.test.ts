import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer, type NetConnectOpts, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import type { Connection } from '../../gateway/net/connection.ts';
import { Listener, type ListenerOptions, openListeners } from '../../gateway/net/listener.ts';
import { openLog } from '../../lib/base/log.ts';

const dir = mkdtempSync(join(tmpdir(), 'cirrus-net-'));
const listeners: Listener[] = [];
const clients: Socket[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  await Promise.all(listeners.splice(0).map((listener) => listener.drain()));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const loopback = { host: '127.0.0.1', port: 0 };

async function echo(connection: Connection): Promise<void> {
  connection.onDrain(() => {
    connection.write('bye\n');
    void connection.close();
  });
  for await (const chunk of connection) connection.write(chunk);
}

async function open(options: Partial<ListenerOptions> = {}): Promise<Listener> {
  const listener = await Listener.open({
    protocol: 'echo',
    address: loopback,
    serve: echo,
    refusal: 'full\n',
    log: openLog('silent'),
    ...options,
  });
  listeners.push(listener);
  return listener;
}

function client(listener: Listener): Socket {
  const { address } = listener;
  const target: NetConnectOpts =
    'path' in address ? { path: address.path } : { port: address.port, host: address.host ?? '127.0.0.1' };
  const socket = connect(target);
  socket.on('error', () => {});
  clients.push(socket);
  return socket;
}

async function all(socket: Socket): Promise<string> {
  let got = '';
  for await (const chunk of socket as AsyncIterable<Buffer>) got += chunk.toString();
  return got;
}

async function says(socket: Socket, text: string): Promise<string> {
  socket.write(text);
  const [chunk] = (await once(socket, 'data')) as [Buffer];
  return chunk.toString();
}

describe('limits', () => {
  test('connections in total', async () => {
    const listener = await open({ limits: { connections: 2 } });
    expect(await says(client(listener), 'a')).toBe('a');
    const second = client(listener);
    expect(await says(second, 'b')).toBe('b');
    expect(await all(client(listener))).toBe('full\n');
    second.destroy();
    while (listener.connections > 1) await new Promise((done) => setTimeout(done, 5));
    expect(await says(client(listener), 'c')).toBe('c');
  });

  test('connections per address, loopback only when asked', async () => {
    const limits = { connectionsPerAddress: 1 };
    const listener = await open({ limits, countLoopback: true });
    const first = client(listener);
    await says(first, 'a');
    expect(await all(client(listener))).toBe('full\n');
    first.destroy();
    while (listener.connections > 0) await new Promise((done) => setTimeout(done, 5));
    expect(await says(client(listener), 'b')).toBe('b');

    const lenient = await open({ limits });
    await says(client(lenient), 'a');
    expect(await says(client(lenient), 'b')).toBe('b');
  });
});

test('a session that throws ends its own connection only, and is logged', async () => {
  const lines: string[] = [];
  const listener = await open({
    log: openLog('error', { write: (line: string) => void lines.push(line) }),
    serve: async (connection) => {
      const chunk = await connection.read();
      if (chunk?.toString() === 'boom') throw new Error('a bug');
      if (chunk) connection.write(chunk);
      await connection.read();
    },
  });
  const good = client(listener);
  await says(good, 'ok');
  const bad = client(listener);
  bad.write('boom');
  expect(await all(bad)).toBe('');
  expect(good.destroyed).toBe(false);
  expect(lines.length).toBe(1);
  expect(lines[0]).toContain('a bug');
});

describe('drain', () => {
  test('no more connections; sessions say goodbye', async () => {
    const listener = await open();
    const socket = client(listener);
    await says(socket, 'x');
    const rest = all(socket);
    await listener.drain();
    expect(await rest).toBe('bye\n');
    const late = client(listener);
    const [error] = (await once(late, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('ECONNREFUSED');
  });

  test('sessions that do not end are cut off', async () => {
    const listener = await open({
      limits: { drainMs: 30 },
      serve: async (connection) => {
        for await (const chunk of connection) connection.write(chunk);
      },
    });
    const socket = client(listener);
    await says(socket, 'x');
    const rest = all(socket).catch(() => 'cut');
    await listener.drain();
    await rest;
    expect(listener.connections).toBe(0);
  });
});

describe('addresses', () => {
  test('a port in use is one clear sentence', async () => {
    const first = await open();
    await expect(open({ address: first.address })).rejects.toThrow(
      /^echo: cannot listen on 127\.0\.0\.1:\d+: it is already in use by another program \(listen_echo\)$/,
    );
  });

  test('an address of another machine', async () => {
    await expect(open({ address: { host: '192.0.2.1', port: 0 } })).rejects.toThrow(
      'this machine does not have that address',
    );
  });

  test('several at once, or none', async () => {
    const options = { protocol: 'echo', serve: echo, refusal: '', log: openLog('silent') };
    const both = await openListeners([loopback, { path: join(dir, 'several') }], options);
    listeners.push(...both);
    expect(both.length).toBe(2);
    const free = { path: join(dir, 'free') };
    await expect(openListeners([free, both[0]?.address ?? loopback], options)).rejects.toThrow('already in use');
    expect(existsSync(free.path)).toBe(false);
  });
});

describe('Unix sockets', () => {
  test('mode 660, removed at the end', async () => {
    const path = join(dir, 'run', 'sub', 'lmtp');
    const listener = await open({ address: { path } });
    expect(statSync(path).mode & 0o777).toBe(0o660);
    expect(await says(client(listener), 'x')).toBe('x');
    for (const socket of clients) socket.destroy();
    await listener.drain();
    expect(existsSync(path)).toBe(false);
  });

  test('the socket of a killed process is replaced, one in use is not', async () => {
    const path = join(dir, 'stale');
    const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => console.log('up'))`;
    const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    await expect(open({ address: { path } })).rejects.toThrow('already in use');
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(existsSync(path)).toBe(true);
    expect(await says(client(await open({ address: { path } })), 'x')).toBe('x');
  });

  test('other files are left alone', async () => {
    const path = join(dir, 'file');
    writeFileSync(path, 'precious');
    await expect(open({ address: { path } })).rejects.toThrow('not a socket');
    expect(existsSync(path)).toBe(true);
  });

  test('a path that is too long is named', async () => {
    await expect(open({ address: { path: join(dir, 'x'.repeat(120)) } })).rejects.toThrow('longer than 107 bytes');
  });
});

test('a foreign server on the port is seen as such', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const address = other.address();
  if (address === null || typeof address === 'string') throw new Error('not listening');
  await expect(open({ address: { host: '127.0.0.1', port: address.port } })).rejects.toThrow('in use');
  other.close();
});
