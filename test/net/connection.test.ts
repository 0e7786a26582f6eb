import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { deflateRawSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Connection, ConnectionClosed, type ConnectionOptions, IdleTimeout } from '../../gateway/net/connection.ts';

let server: Server;
const sockets: Socket[] = [];

beforeEach(async () => {
  server = createServer({ allowHalfOpen: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  server.close();
  await once(server, 'close');
});

async function pair(options?: ConnectionOptions): Promise<{ connection: Connection; client: Socket }> {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not listening');
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const client = connect({ port: address.port, host: '127.0.0.1', allowHalfOpen: true });
  const [socket] = await accepted;
  sockets.push(client, socket);
  const limits = { lingerMs: 50, ...options?.limits };
  return { connection: new Connection(socket, { ...options, limits }), client };
}

async function text(client: Socket, length: number): Promise<string> {
  let got = '';
  while (got.length < length) {
    const [chunk] = (await once(client, 'data')) as [Buffer];
    got += chunk.toString('latin1');
  }
  return got;
}

describe('input', () => {
  test('chunks come as sent, then undefined when the peer ends', async () => {
    const { connection, client } = await pair();
    client.end('hello');
    const chunks: string[] = [];
    for await (const chunk of connection) chunks.push(chunk.toString());
    expect(chunks.join('')).toBe('hello');
    expect(connection.bytesIn).toBe(5);
    expect(await connection.read()).toBeUndefined();
  });

  test('a peer that ended its side still gets its replies', async () => {
    const { connection, client } = await pair();
    client.end('a');
    await connection.read();
    await connection.read();
    connection.write('late reply');
    const closed = connection.close();
    expect(await text(client, 10)).toBe('late reply');
    await closed;
  });

  test('a reset is the end of input, and no error', async () => {
    const { connection, client } = await pair();
    const read = connection.read();
    client.resetAndDestroy();
    expect(await read).toBeUndefined();
    while (!connection.isClosed) await nextTurn();
    connection.write('into the void');
    await expect(connection.flush()).rejects.toThrow(ConnectionClosed);
    await connection.close();
  });

  test('an idle peer is told by an IdleTimeout, and the connection still works', async () => {
    const { connection, client } = await pair({ idleTimeoutMs: 20 });
    await expect(connection.read()).rejects.toThrow(IdleTimeout);
    connection.write('bye');
    await connection.flush();
    expect(await text(client, 3)).toBe('bye');
  });

  test('a second read at the same time is a mistake', async () => {
    const { connection } = await pair();
    const first = connection.read();
    await expect(connection.read()).rejects.toThrow('already waiting');
    await connection.close();
    expect(await first).toBeUndefined();
  });

  test('what nobody reads is not taken from the peer', async () => {
    const { connection, client } = await pair();
    const block = Buffer.alloc(1024 * 1024);
    let accepted = 0;
    while (client.write(block) || accepted < 64) {
      accepted++;
      if (accepted > 64) throw new Error('the server takes everything');
      if (client.writableNeedDrain) {
        const drained = once(client, 'drain').then(() => true);
        if (!(await Promise.race([drained, new Promise<boolean>((done) => setTimeout(done, 200, false))]))) break;
      }
    }
    expect(connection.bytesIn).toBe(0);
    expect(accepted).toBeLessThan(64);
  });
});

describe('output', () => {
  test('parts of all sizes come in their order, however they are put together', async () => {
    const { connection, client } = await pair();
    const sizes = [1, 70_000, 3, 16 * 1024, 16 * 1024 - 1, 5, 200_000, 0, 2, 2, 90_000, 16 * 1024];
    const parts = sizes.map((size, i) => Buffer.alloc(size, 97 + i));
    const whole = Buffer.concat([...parts, ...parts]).toString('latin1');
    const got = text(client, whole.length);
    for (const part of [...parts, ...parts]) if (!connection.write(part)) await connection.flush();
    await connection.flush();
    expect((await got) === whole).toBe(true);
    expect(connection.bytesOut).toBe(whole.length);
  });

  test('all replies to one read leave in one segment', async () => {
    const { connection, client } = await pair();
    const writes: string[] = [];
    client.on('data', (chunk: Buffer) => writes.push(chunk.toString()));
    client.write('x');
    await connection.read();
    for (let i = 0; i < 100; i++) connection.write(`* ${i}\r\n`);
    const next = connection.read();
    await once(client, 'data');
    expect(writes.length).toBe(1);
    expect(writes[0]?.endsWith('* 99\r\n')).toBe(true);
    await connection.close();
    await next;
  });

  test('text pushed while a read waits goes out at once', async () => {
    const { connection, client } = await pair();
    const read = connection.read();
    connection.write('* 1 EXISTS\r\n');
    expect(await text(client, 12)).toBe('* 1 EXISTS\r\n');
    await connection.close();
    await read;
  });

  test('flush waits for a slow reader and everything arrives in order', async () => {
    const { connection, client } = await pair();
    let full = false;
    for (let i = 0; i < 40; i++) full = !connection.write(Buffer.alloc(256 * 1024, i));
    expect(full).toBe(true);
    const flushed = connection.flush().then(() => connection.close());
    let bytes = 0;
    let last = 0;
    for await (const chunk of client as AsyncIterable<Buffer>) {
      for (const byte of chunk) {
        if (byte < last) throw new Error('out of order');
        last = byte;
      }
      bytes += chunk.length;
      if (bytes === 40 * 256 * 1024) break;
    }
    expect(bytes).toBe(40 * 256 * 1024);
    await flushed;
  });

  test('a reader that stands still is cut off', async () => {
    const { connection } = await pair({ limits: { outputStallMs: 50 } });
    for (let i = 0; i < 64; i++) connection.write(Buffer.alloc(512 * 1024));
    await expect(connection.flush()).rejects.toThrow(ConnectionClosed);
    expect(await connection.read()).toBeUndefined();
  });

  test('a reader that lets too much pile up is cut off', async () => {
    const { connection } = await pair({ limits: { outputBytes: 8 * 1024 * 1024 } });
    for (let i = 0; i < 64; i++) connection.write(Buffer.alloc(512 * 1024));
    await expect(connection.flush()).rejects.toThrow(ConnectionClosed);
  });

  test('no command is taken from a peer that does not read', async () => {
    const { connection, client } = await pair();
    for (let i = 0; i < 40; i++) connection.write(Buffer.alloc(512 * 1024));
    client.write('next');
    await new Promise((done) => setTimeout(done, 20));
    let settled = false;
    const read = connection.read().then((chunk) => {
      settled = true;
      return chunk;
    });
    await new Promise((done) => setTimeout(done, 50));
    expect(settled).toBe(false);
    client.resume();
    expect((await read)?.toString()).toBe('next');
  });
});

describe('end', () => {
  test('close sends what was written, and unread input does not reset it', async () => {
    const { connection, client } = await pair();
    client.write(Buffer.alloc(100_000));
    await connection.read();
    connection.write('* BYE\r\n');
    const closed = connection.close();
    let got = '';
    for await (const chunk of client as AsyncIterable<Buffer>) got += chunk.toString();
    expect(got).toBe('* BYE\r\n');
    client.end();
    await closed;
    expect(connection.isClosed).toBe(true);
  });

  test('a peer that never ends is cut off after the linger time', async () => {
    const { connection } = await pair({ limits: { lingerMs: 20 } });
    await connection.close();
    expect(connection.isClosed).toBe(true);
  });

  test('drain is told once, also to those who come late', async () => {
    const { connection } = await pair();
    let told = 0;
    connection.onDrain(() => told++);
    connection.drain();
    connection.drain();
    expect(told).toBe(1);
    connection.onDrain(() => told++);
    expect(told).toBe(2);
  });
});

test('compression does not outlive its peer', async () => {
  const { connection, client } = await pair();
  await connection.compress('go\n', Buffer.alloc(0));
  expect(connection.compressed).toBe(true);
  client.resetAndDestroy();
  await connection.read();
  expect(connection.isClosed).toBe(true);
  await expect(connection.decompress('never heard')).rejects.toThrow(ConnectionClosed);
});

test('what is not read is not inflated, however much it would be', async () => {
  const { connection, client } = await pair();
  await connection.compress('go\n', Buffer.alloc(0));
  const size = 200 * 1024 * 1024;
  const bomb = deflateRawSync(Buffer.alloc(size));
  expect(bomb.length).toBeLessThan(size / 500);
  const before = process.memoryUsage().arrayBuffers;
  client.write(bomb);
  client.end();
  let got = (await connection.read())?.length ?? 0;
  // All that it would inflate unasked comes by turns of the loop: enough of them to pass the bound many times.
  for (let i = 0; i < 2000; i++) await nextTurn();
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(size / 10);
  for await (const chunk of connection) {
    // What may wait: 16 KB here, 64 KB and a piece of 16 KB in the inflater.
    expect(chunk.length).toBeLessThanOrEqual(96 * 1024);
    got += chunk.length;
  }
  expect(got).toBe(size);
});

describe('sent', () => {
  test('what was written may be changed afterwards, however slowly the peer reads', async () => {
    const { connection, client } = await pair();
    client.pause();
    const memory = Buffer.alloc(256 * 1024);
    const received = (async () => {
      const chunks: Buffer[] = [];
      for (let bytes = 0; bytes < 40 * memory.length; bytes += chunks.at(-1)?.length ?? 0) {
        await nextTurn();
        const chunk: Buffer | null = client.read(64 * 1024) ?? client.read();
        if (chunk !== null) chunks.push(chunk);
        else await Promise.race([once(client, 'readable'), nextTurn()]);
      }
      return Buffer.concat(chunks);
    })();
    const sizes = Array.from({ length: 40 }, (_, i) => (i % 3 === 0 ? 1000 : memory.length));
    const expected: Buffer[] = [];
    for (let i = 0; i < 40; i++) {
      memory.fill(i + 1);
      const piece = memory.subarray(0, sizes[i]);
      expected.push(Buffer.from(piece));
      connection.write(piece);
      await connection.sent();
    }
    const rest = 40 * memory.length - expected.reduce((sum, piece) => sum + piece.length, 0);
    expected.push(Buffer.alloc(rest, 99));
    connection.write(Buffer.alloc(rest, 99));
    expect((await received).equals(Buffer.concat(expected))).toBe(true);
  });

  test('a peer that goes away ends the wait', async () => {
    const { connection, client } = await pair();
    client.pause();
    connection.write(Buffer.alloc(16 * 1024 * 1024));
    const sent = connection.sent();
    await nextTurn();
    client.destroy();
    await expect(sent).rejects.toThrow(ConnectionClosed);
    await expect(connection.sent()).rejects.toThrow(ConnectionClosed);
  });
});
