import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BlobInfo, Blobs } from '../../lib/store/ports.ts';
import { collectGarbage } from '../support/collect-garbage.ts';

export interface OpenedBlobs extends AsyncDisposable {
  readonly blobs: Blobs;
}

const MB = 1024 * 1024;
let spaces = 0;

/** Octets in buffers that somebody still holds: what the collector would take does not count, whenever it comes. */
function heldBytes(): number {
  collectGarbage();
  return process.memoryUsage().arrayBuffers;
}

/** Every adapter of the Blobs port passes these. Each test works under a prefix of its own. */
export function blobsContract(name: string, open: () => Promise<OpenedBlobs>): void {
  describe(name, () => {
    let opened: OpenedBlobs;
    beforeAll(async () => {
      opened = await open();
    });
    afterAll(() => opened[Symbol.asyncDispose]());
    puts(() => opened.blobs);
    reads(() => opened.blobs);
    bodies(() => opened.blobs);
    listing(() => opened.blobs);
    removal(() => opened.blobs);
  });
}

function space(): string {
  return `space-${process.pid}-${spaces++}`;
}

async function collect(stream: AsyncIterable<Buffer> | undefined): Promise<Buffer | undefined> {
  if (stream === undefined) return undefined;
  const pieces: Buffer[] = [];
  for await (const piece of stream) {
    expect(piece.length).toBeLessThanOrEqual(MB);
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

function puts(blobs: () => Blobs): void {
  test('an object comes back as it was put', async () => {
    const key = `${space()}/2026/a-1`;
    expect(await blobs().put(key, Buffer.from('hello'))).toEqual({ created: true, sizeBytes: 5 });
    expect(await blobs().get(key)).toEqual(Buffer.from('hello'));
    expect(await collect(await blobs().stream(key))).toEqual(Buffer.from('hello'));
    expect(await blobs().info(key)).toEqual({ key, sizeBytes: 5, metadata: {} });
  });

  test('an empty object', async () => {
    const key = `${space()}/empty`;
    expect(await blobs().put(key, Buffer.alloc(0))).toEqual({ created: true, sizeBytes: 0 });
    expect(await blobs().get(key)).toEqual(Buffer.alloc(0));
    expect(await collect(await blobs().stream(key))).toEqual(Buffer.alloc(0));
    expect(await blobs().get(key, { start: 0, end: 10 })).toEqual(Buffer.alloc(0));
  });

  test('a key may be the beginning of another', async () => {
    const at = space();
    for (const key of [`${at}/a/b`, `${at}/a`, `${at}/a/b/c`]) await blobs().put(key, Buffer.from(key));
    for (const key of [`${at}/a/b`, `${at}/a`, `${at}/a/b/c`]) expect(String(await blobs().get(key))).toBe(key);
  });

  test('the second put of a key changes nothing', async () => {
    const key = `${space()}/twice`;
    await blobs().put(key, Buffer.from('first'), { n: '1' });
    expect((await blobs().put(key, Buffer.from('second!'), { n: '2' })).created).toBe(false);
    expect(await blobs().get(key)).toEqual(Buffer.from('first'));
    expect((await blobs().info(key))?.metadata).toEqual({ n: '1' });
  });

  test('of 32 racers one creates', async () => {
    const key = `${space()}/race/r`;
    const body = (who: number): Buffer => Buffer.alloc(20_000, who);
    const results = await Promise.all(Array.from({ length: 32 }, (_, who) => blobs().put(key, body(who))));
    expect(results.filter((result) => result.created)).toHaveLength(1);
    expect(await blobs().get(key)).toEqual(body(results.findIndex((result) => result.created)));
  });

  test('200 concurrent puts into new folders', async () => {
    const at = space();
    const keys = Array.from({ length: 200 }, (_, i) => `${at}/${i % 7}/deep/${i}`);
    await Promise.all(keys.map((key) => blobs().put(key, Buffer.from(key))));
    for (const key of keys) expect(String(await blobs().get(key))).toBe(key);
  });

  test('metadata of 1.8 KB in any script; more is refused', async () => {
    const key = `${space()}/m`;
    const metadata = { from: 'Jürgen 😀 <j@example.org>', to: 'é'.repeat(800), q: '"\\ \t=?utf-8?q?x?=' };
    await blobs().put(key, Buffer.from('x'), metadata);
    expect((await blobs().info(key))?.metadata).toEqual(metadata);
    await expect(blobs().put(`${key}2`, Buffer.from('x'), { a: 'x'.repeat(1900) })).rejects.toThrow(RangeError);
    expect(await blobs().info(`${key}2`)).toBeUndefined();
  });

  test('keys that the contract does not allow', async () => {
    const bad = [
      '',
      '/',
      '/a',
      'a/',
      'a//b',
      '..',
      '../a',
      'a/../b',
      'a/./b',
      'A',
      'a b',
      'a\0',
      'ü',
      'a.blob',
      'a'.repeat(201),
    ];
    for (const key of bad) {
      await expect(blobs().put(key, Buffer.from('x'))).rejects.toThrow(RangeError);
      await expect(blobs().get(key)).rejects.toThrow(RangeError);
    }
    await blobs().put(`${'k'.repeat(190)}${space()}`.slice(-200), Buffer.from('x'));
  });
}

function reads(blobs: () => Blobs): void {
  test('what is not there', async () => {
    const key = `${space()}/none`;
    expect(await blobs().get(key)).toBeUndefined();
    expect(await blobs().get(key, { start: 0, end: 1 })).toBeUndefined();
    expect(await blobs().stream(key)).toBeUndefined();
    expect(await blobs().info(key)).toBeUndefined();
    expect(await blobs().copy(key, `${key}-copy`)).toBe(false);
    expect(await blobs().info(`${key}-copy`)).toBeUndefined();
  });

  test('ranges at all edges', async () => {
    const at = space();
    for (const size of [1, 10, 5000, 300_000]) {
      const body = randomBytes(size);
      await blobs().put(`${at}/${size}`, body);
      const edges = [0, 1, size - 1, size, size + 1, size * 2].filter((edge) => edge >= 0);
      for (const start of edges)
        for (const end of edges.filter((edge) => edge >= start)) {
          const expected = body.subarray(Math.min(start, size), Math.min(end, size));
          expect(await blobs().get(`${at}/${size}`, { start, end })).toEqual(expected);
          expect(await collect(await blobs().stream(`${at}/${size}`, { start, end }))).toEqual(expected);
        }
    }
    for (const range of [
      { start: -1, end: 1 },
      { start: 2, end: 1 },
      { start: 0.5, end: 1 },
    ])
      await expect(blobs().get(`${at}/1`, range)).rejects.toThrow(RangeError);
  });

  test('a stream can be left early, or never begun', async () => {
    const key = `${space()}/big`;
    await blobs().put(key, Buffer.alloc(3 * MB, 1));
    for (let i = 0; i < 20; i++) {
      const stream = await blobs().stream(key);
      if (stream === undefined) throw new Error('no stream');
      if (i % 2 === 0) continue;
      for await (const piece of stream) {
        expect(piece[0]).toBe(1);
        break;
      }
    }
  });

  test('copy keeps bytes and metadata, and does not replace', async () => {
    const at = space();
    const body = randomBytes(700_000);
    await blobs().put(`${at}/from`, body, { a: 'ä' });
    expect(await blobs().copy(`${at}/from`, `${at}/to/x`)).toBe(true);
    expect(await blobs().get(`${at}/to/x`)).toEqual(body);
    expect((await blobs().info(`${at}/to/x`))?.metadata).toEqual({ a: 'ä' });
    await blobs().put(`${at}/taken`, Buffer.from('taken'));
    expect(await blobs().copy(`${at}/from`, `${at}/taken`)).toBe(true);
    expect(await blobs().get(`${at}/taken`)).toEqual(Buffer.from('taken'));
  });
}

function bodies(blobs: () => Blobs): void {
  test('a streamed body, in pieces of any size', async () => {
    const key = `${space()}/streamed`;
    const whole = randomBytes(1_500_000);
    async function* body(): AsyncGenerator<Uint8Array> {
      for (let at = 0, size = 0; at < whole.length; at += size, size = (size * 7 + 1) % 100_000)
        yield whole.subarray(at, at + size);
    }
    expect(await blobs().put(key, body())).toEqual({ created: true, sizeBytes: whole.length });
    expect(await blobs().get(key)).toEqual(whole);
  });

  test('100 MB pass through in bounded memory', async () => {
    const key = `${space()}/large`;
    const total = 100 * MB;
    let produced = 0;
    let peak = 0;
    const base = heldBytes();
    const look = (at: number): void => {
      if (at % (8 * MB) === 0) peak = Math.max(peak, heldBytes() - base);
    };
    async function* body(): AsyncGenerator<Uint8Array> {
      for (; produced < total; produced += 64 * 1024) {
        yield Buffer.allocUnsafeSlow(64 * 1024).fill(produced / 65536);
        look(produced);
      }
    }
    expect(await blobs().put(key, body())).toEqual({ created: true, sizeBytes: total });
    let read = 0;
    for await (const piece of (await blobs().stream(key)) ?? []) {
      expect(piece.length).toBeLessThanOrEqual(MB);
      expect(piece[0]).toBe((read / 65536) % 256);
      read += piece.length;
      look(read);
    }
    expect(read).toBe(total);
    expect(peak).toBeLessThan(64 * MB);
    await blobs().deleteMany([key]);
  });

  test('a body that throws leaves nothing, and its error passes through', async () => {
    const key = `${space()}/thrown`;
    async function* body(): AsyncGenerator<Uint8Array> {
      yield Buffer.alloc(600_000);
      throw new Error('the client went away');
    }
    await expect(blobs().put(key, body())).rejects.toThrow('the client went away');
    expect(await blobs().info(key)).toBeUndefined();
    expect((await blobs().list(key)).blobs).toEqual([]);
  });

  test('nothing is visible before the whole is there', async () => {
    const key = `${space()}/half`;
    const seen: unknown[] = [];
    async function* body(): AsyncGenerator<Uint8Array> {
      for (let i = 0; i < 5; i++) {
        yield Buffer.alloc(500_000, i);
        seen.push(await blobs().get(key), await blobs().info(key), (await blobs().list(key)).blobs.length);
      }
    }
    await blobs().put(key, body());
    expect(seen).toEqual(Array.from({ length: 5 }, () => [undefined, undefined, 0]).flat());
    expect((await blobs().list(key)).blobs).toEqual([{ key, sizeBytes: 2_500_000 }]);
  });
}

async function listAll(blobs: Blobs, prefix: string, limit?: number): Promise<BlobInfo[]> {
  const found: BlobInfo[] = [];
  let after: string | undefined;
  for (;;) {
    const page = await blobs.list(prefix, after, limit);
    if (limit !== undefined) expect(page.blobs.length).toBeLessThanOrEqual(limit);
    found.push(...page.blobs);
    if (page.next === undefined) return found;
    after = page.next;
  }
}

function listing(blobs: () => Blobs): void {
  test('keys with a prefix, in ascending order, in pages of any size', async () => {
    const at = space();
    const names = ['a', 'a-', 'a-b', 'a/b', 'a/b/c', 'a/b-c', 'a0', 'ab', 'ab/x/y/z', 'b', 'b/1', 'b/10', 'b/2', 'c/d'];
    for (const name of [...names].reverse()) await blobs().put(`${at}/${name}`, Buffer.alloc(name.length));
    const prefixes = ['', 'a', 'a/', 'a/b', 'a/b/', 'a-', 'ab/x', 'b/1', 'b/10', 'c', 'd', 'a/b/c/d'];
    for (const prefix of prefixes)
      for (const limit of [undefined, 1, 2, 3]) {
        const expected = names.filter((name) => name.startsWith(prefix)).sort();
        const found = await listAll(blobs(), `${at}/${prefix}`, limit);
        expect(found.map((blob) => blob.key)).toEqual(expected.map((name) => `${at}/${name}`));
        for (const blob of found) expect(blob.sizeBytes).toBe(blob.key.length - at.length - 1);
      }
    for (const after of ['a', 'a/b', 'a/zz', 'b/1', 'zz', ''])
      expect((await blobs().list(`${at}/`, `${at}/${after}`)).blobs.map((blob) => blob.key)).toEqual(
        names
          .filter((name) => name > after)
          .sort()
          .map((name) => `${at}/${name}`),
      );
  });

  test('prefixes that no key has', async () => {
    for (const prefix of ['..', '../', '/', 'a//', 'X', '.', `${space()}/none`])
      expect(await blobs().list(prefix)).toEqual({ blobs: [] });
  });
}

function removal(blobs: () => Blobs): void {
  test('deletes many, absent ones too', async () => {
    const at = space();
    const keys = Array.from({ length: 60 }, (_, i) => `${at}/${i % 3}/${i}`);
    await Promise.all(keys.map((key) => blobs().put(key, Buffer.from('x'))));
    await blobs().deleteMany([...keys.slice(0, 50), `${at}/none/x`]);
    expect((await blobs().list(at)).blobs.map((blob) => blob.key).sort()).toEqual(keys.slice(50).sort());
    await blobs().deleteMany([]);
  });

  test('puts and deletes of neighbours do not disturb each other', async () => {
    const at = space();
    const work = Array.from({ length: 24 }, async (_, who) => {
      for (let i = 0; i < 12; i++) {
        const key = `${at}/${i % 2}/deep/${who}-${i}`;
        await blobs().put(key, Buffer.from(key));
        expect(String(await blobs().get(key))).toBe(key);
        await blobs().deleteMany([key]);
      }
    });
    await Promise.all(work);
    expect((await blobs().list(at)).blobs).toEqual([]);
  });
}
