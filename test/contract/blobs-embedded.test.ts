import { mkdir, readdir, readFile, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openWhole, Pace } from '../../lib/embedded/blob-file.ts';
import { FileBlobs } from '../../lib/embedded/blobs-files.ts';
import { startChild } from '../support/child.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { blobsContract } from './blobs.contract.ts';

blobsContract('embedded blobs', async () => {
  const folder = await temporaryFolder();
  return { blobs: new FileBlobs(folder.path), [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
});

describe('embedded blobs, files', () => {
  test('a file that lost any of its last bytes is no object, and stops being one only then', async () => {
    await using folder = await temporaryFolder();
    const blobs = new FileBlobs(folder.path);
    await blobs.put('s/a', Buffer.alloc(3000, 1), { to: 'someone' });
    const path = join(folder.path, 's/a.blob');
    const whole = await readFile(path);
    for (const length of [whole.length - 1, whole.length - 24, whole.length - 30, 3000, 10, 0]) {
      await truncate(path, length);
      expect(await blobs.get('s/a')).toBeUndefined();
      expect(await blobs.info('s/a')).toBeUndefined();
      expect(await blobs.stream('s/a')).toBeUndefined();
      expect((await blobs.list('')).blobs).toEqual([]);
      expect((await blobs.put('s/a', Buffer.from('x'))).created).toBe(false);
    }
    await writeFile(path, whole);
    expect((await blobs.info('s/a'))?.sizeBytes).toBe(3000);
    whole.writeUInt8((whole[3005] ?? 0) ^ 1, 3005);
    await writeFile(path, whole);
    expect(await blobs.info('s/a')).toBeUndefined();
  });

  test('nothing stays open where a range is refused', async () => {
    await using folder = await temporaryFolder();
    const blobs = new FileBlobs(folder.path);
    await blobs.put('s/large', Buffer.alloc(1_000_000, 1));
    const open = async (): Promise<number> => (await readdir('/proc/self/fd')).length;
    const before = await open();
    for (let i = 0; i < 100; i++) await expect(blobs.get('s/large', { start: 2, end: 1 })).rejects.toThrow(RangeError);
    expect(await open()).toBeLessThan(before + 50);
  });

  test('nothing stays open of a body that is not wanted, since its name is taken', async () => {
    await using folder = await temporaryFolder();
    const blobs = new FileBlobs(folder.path);
    for (const key of ['s/from', 's/taken']) await blobs.put(key, Buffer.alloc(1_000_000, key));
    const open = async (): Promise<number> => (await readdir('/proc/self/fd')).length;
    const before = await open();
    for (let i = 0; i < 100; i++) await blobs.copy('s/from', 's/taken');
    expect(await open()).toBeLessThan(before + 50);
    expect((await blobs.get('s/taken'))?.subarray(0, 7).toString()).toBe('s/taken');
  });

  test('a torn file whose body ends like an object is no object', async () => {
    await using folder = await temporaryFolder();
    const blobs = new FileBlobs(folder.path);
    await blobs.put('s/a', Buffer.from('message'));
    const file = await readFile(join(folder.path, 's/a.blob'));
    await writeFile(join(folder.path, 's/b.blob'), file, { flag: 'wx' });
    expect(await blobs.info('s/b')).toBeUndefined();
  });

  test('a file is read the same on the event loop and in threads, whatever its size', async () => {
    await using folder = await temporaryFolder();
    const blobs = new FileBlobs(folder.path);
    for (const size of [0, 1, 4096, 16 * 1024 - 26, 16 * 1024 - 25, 16 * 1024, 40_000]) {
      const body = Buffer.alloc(size, `${size} `);
      await blobs.put(`s/${size}`, body);
      for (const slowMs of [0, 1000]) {
        const pace = new Pace();
        pace.took(slowMs);
        const file = await openWhole(join(folder.path, `s/${size}.blob`), `s/${size}`, pace);
        expect(await file?.read(0, size)).toEqual(body);
        expect(await file?.read(size >> 1, size)).toEqual(body.subarray(size >> 1));
        await file?.close();
        expect(await openWhole(join(folder.path, 's/none.blob'), 's/none', pace)).toBeUndefined();
      }
    }
  });

  test('what was read stays as it was while others are read', async () => {
    await using folder = await temporaryFolder();
    const blobs = new FileBlobs(folder.path);
    // With its footer (2 bytes of metadata and the tail), one of these is exactly what is read at first.
    const sizes = [16 * 1024 - 26, 16 * 1024 - 27, 16 * 1024 - 25, 1, 0, 4096, 40_000];
    for (const size of sizes) await blobs.put(`s/${size}`, Buffer.alloc(size, `${size} `));
    const order = Array.from({ length: 10 }, () => sizes).flat();
    const read: (Buffer | undefined)[] = [];
    for (const size of order) read.push(await blobs.get(`s/${size}`));
    for (const [i, size] of order.entries()) expect(read[i]).toEqual(Buffer.alloc(size, `${size} `));
  });

  test('what is read into memory of the caller is what is read otherwise', async () => {
    await using folder = await temporaryFolder();
    const blobs = new FileBlobs(folder.path);
    const memory = Buffer.alloc(300_000);
    for (const size of [0, 1, 5000, 100_000, 600_000]) {
      const body = Buffer.from('0123456789'.repeat(size / 10 + 1)).subarray(0, size);
      await blobs.put(`s/${size}`, body);
      for (const [start, end] of [
        [0, 1000],
        [0, 300_000],
        [999, 1003],
        [99_000, 200_000],
        [590_000, 700_000],
        [7, 7],
      ] as const) {
        memory.fill(0);
        const length = (await blobs.readInto(`s/${size}`, { start, end }, memory)) ?? -1;
        expect(memory.subarray(0, length)).toEqual(body.subarray(start, end));
        expect(memory.subarray(length).every((byte) => byte === 0)).toBe(true);
      }
    }
    expect(await blobs.readInto('s/none', { start: 0, end: 1 }, memory)).toBeUndefined();
    await expect(blobs.readInto('s/1', { start: 2, end: 1 }, memory)).rejects.toThrow(RangeError);
  });

  test('after a read that waited for the disk, some are left to threads: more while it goes on', () => {
    const pace = new Pace();
    const leftToThreads = (): number => {
      let count = 0;
      while (pace.isSlow) count++;
      return count;
    };
    const afterSlow = (): number => {
      pace.took(3);
      return leftToThreads();
    };
    expect(leftToThreads()).toBe(0);
    pace.took(0.01);
    expect(leftToThreads()).toBe(0);
    expect(Array.from({ length: 6 }, afterSlow)).toEqual([4, 8, 16, 32, 64, 64]);
    for (let i = 0; i < 1000; i++) pace.took(0.01);
    expect(leftToThreads()).toBe(0);
    expect(afterSlow()).toBe(4);
  });

  test('a newer format is refused', async () => {
    await using folder = await temporaryFolder();
    const blobs = new FileBlobs(folder.path);
    await blobs.put('s/a', Buffer.from('message'));
    const path = join(folder.path, 's/a.blob');
    const file = await readFile(path);
    file[file.length - 1] = 2;
    await writeFile(path, file);
    await expect(blobs.get('s/a')).rejects.toMatchObject({ code: 'format' });
  });

  test('torn files go after a day, whole ones and other files stay', async () => {
    await using folder = await temporaryFolder();
    const blobs = new FileBlobs(folder.path);
    await blobs.put('s/whole', Buffer.from('x'));
    for (const name of ['young', 'old']) await writeFile(join(folder.path, `s/${name}.blob`), 'torn');
    await mkdir(join(folder.path, 'lost+found'));
    const longAgo = new Date(Date.now() - 25 * 3_600_000);
    await utimes(join(folder.path, 's/old.blob'), longAgo, longAgo);
    await utimes(join(folder.path, 's/whole.blob'), longAgo, longAgo);
    expect(await blobs.removeTorn()).toBe(1);
    expect((await readdir(join(folder.path, 's'))).sort()).toEqual(['whole.blob', 'young.blob']);
  });

  test('folders go with their last object and come back, in every process', async () => {
    await using folder = await temporaryFolder();
    const [one, two] = [new FileBlobs(folder.path), new FileBlobs(folder.path)];
    await one.put('a/b/c', Buffer.from('1'));
    await two.deleteMany(['a/b/c']);
    expect(await readdir(folder.path)).toEqual([]);
    expect((await one.put('a/b/d', Buffer.from('2'))).created).toBe(true);
    expect(await two.get('a/b/d')).toEqual(Buffer.from('2'));
  });

  test('what was acknowledged outlives the kill of its writer, and nothing torn is seen', async () => {
    await using folder = await temporaryFolder();
    const child = startChild('./blobs-child.ts', [folder.path]);
    const acknowledged: string[] = [];
    for await (const key of child.lines) {
      acknowledged.push(key);
      if (acknowledged.length === 100) child.process.kill('SIGKILL');
    }
    await child.ended;
    const blobs = new FileBlobs(folder.path);
    for (const key of acknowledged) expect(await blobs.get(key)).toEqual(Buffer.alloc(400_000, key));
    for (const { sizeBytes } of (await blobs.list('')).blobs) expect(sizeBytes).toBe(400_000);
  });

  test('a folder that cannot be written is the world being unwell', async () => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, 's'), 'a file where a folder should be');
    const blobs = new FileBlobs(folder.path);
    await expect(blobs.put('s/a', Buffer.from('x'))).rejects.toMatchObject({ code: 'unavailable' });
  });
});
