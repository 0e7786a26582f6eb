import { readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import { isSafeSqlite } from '../../lib/embedded/index-file.ts';
import { openSqliteIndex } from '../../lib/embedded/index-sqlite.ts';
import type { Key } from '../../lib/store/ports.ts';
import { linesOf, startChild } from '../support/child.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { indexContract } from './index.contract.ts';

for (const commitHere of [false, true]) {
  indexContract(`embedded index, commits ${commitHere ? 'here' : 'in a thread'}`, async () => {
    const folder = await temporaryFolder();
    const index = await openSqliteIndex(join(folder.path, 'index'), { commitHere });
    return {
      index,
      async [Symbol.asyncDispose]() {
        await index.close();
        await folder[Symbol.asyncDispose]();
      },
    };
  });
}

const key = (sk: string): Key => ({ pk: Buffer.from('children'), sk: Buffer.from(sk) });

describe('embedded index, several processes', () => {
  test('a put if absent has one winner in three processes', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'index');
    const children = ['a', 'b', 'c'].map((name) => startChild('./index-child.ts', [path, 'race', name, '300']));
    const won = (await Promise.all(children.map(linesOf))).flat();
    expect(won).toHaveLength(300);
    expect(new Set(won).size).toBe(300);
  });

  test('adds and revisions of three processes all count', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'index');
    const index = await openSqliteIndex(path);
    await index.put(key('set'), { r: 0 });
    const children = ['a', 'b', 'c'].map((name) => startChild('./index-child.ts', [path, 'count', name, '100']));
    await Promise.all(children.map(linesOf));
    expect(await index.get(key('added'))).toEqual({ n: 300 });
    expect(await index.get(key('set'))).toEqual({ r: 300 });
    await index.close();
  });

  test('what another process acknowledged is seen at once, and outlives its kill', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'index');
    const index = await openSqliteIndex(path);
    for (const round of ['a', 'b', 'c']) {
      const child = startChild('./index-child.ts', [path, 'endless', round]);
      const acknowledged: number[] = [];
      for await (const line of child.lines) {
        const i = Number(line);
        expect(await index.get(key(`${round}-${i}`))).toBeDefined();
        acknowledged.push(i);
        if (i === 200) child.process.kill('SIGKILL');
      }
      await child.ended;
      expect(acknowledged.length).toBeGreaterThan(200);
      expect(await index.put(key('survivor'), { r: 1 })).toEqual({ ok: true });
      for (const i of acknowledged) expect((await index.get(key(`${round}-${i}`)))?.v).toEqual(Buffer.alloc(300, i));
    }
    await index.close();
    const again = await openSqliteIndex(path);
    expect(await again.get(key('a-0'))).toBeDefined();
    await again.close();
  });
});

describe('embedded index, the thread that writes', () => {
  test('while another process writes, writes wait, reads and the event loop do not', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'index');
    const index = await openSqliteIndex(path);
    await index.put(key('a'), { r: 1 });
    const other = new DatabaseSync(path);
    other.exec('BEGIN IMMEDIATE');
    let done = false;
    const put = index.put(key('a'), { r: 2 }, { rev: 1 }).finally(() => (done = true));
    for (let i = 0; i < 50; i++) {
      expect(await index.get(key('a'))).toEqual({ r: 1 });
      await sleep(2);
    }
    expect(done).toBe(false);
    other.exec('COMMIT');
    other.close();
    expect(await put).toEqual({ ok: true });
    expect(await index.get(key('a'))).toEqual({ r: 2 });
    await index.close();
  });

  test('who waits too long is told, and nothing of the group was written', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'index');
    const index = await openSqliteIndex(path, { waitMs: 100 });
    const other = new DatabaseSync(path);
    other.exec('BEGIN IMMEDIATE');
    const names = ['a', 'b', 'c'];
    const puts = await Promise.allSettled(names.map((name) => index.put(key(name), { r: 1 })));
    for (const put of puts) expect(put).toMatchObject({ status: 'rejected', reason: { code: 'unavailable' } });
    other.exec('ROLLBACK');
    other.close();
    expect(await index.batchGet(names.map(key))).toEqual([undefined, undefined, undefined]);
    expect(await index.put(key('a'), { r: 1 }, 'absent')).toEqual({ ok: true });
    await index.close();
  });

  test('one that ends is reported, its writes are answered, and the next write has a new one', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'index');
    const threads: Worker[] = [];
    const started = (thread: Worker): number => threads.push(thread);
    process.on('worker', started);
    const errors: unknown[] = [];
    const index = await openSqliteIndex(path, { onError: (error) => errors.push(error) });
    await index.put(key('a'), { r: 1 });
    const other = new DatabaseSync(path);
    other.exec('BEGIN IMMEDIATE');
    const put = index.put(key('a'), { r: 2 });
    // The group leaves in this turn of the event loop.
    await setImmediate();
    await setImmediate();
    await Promise.all([
      expect(put).rejects.toMatchObject({ code: 'unavailable' }),
      threads[0]?.terminate().then(() => other.exec('ROLLBACK')),
    ]);
    other.close();
    expect(errors).toMatchObject([{ code: 'unavailable' }]);
    expect(await index.put(key('a'), { r: 3 }, { rev: 1 })).toEqual({ ok: true });
    process.off('worker', started);
    expect(threads).toHaveLength(2);
    await index.close();
    expect(threads.map(({ threadId }) => threadId)).toEqual([-1, -1]);
  });

  test('a group is judged write by write, in order', async () => {
    await using folder = await temporaryFolder();
    const index = await openSqliteIndex(join(folder.path, 'index'));
    const results = await Promise.all([
      index.put(key('a'), { r: 1 }, 'absent'),
      index.put(key('a'), { r: 2 }, { rev: 1 }),
      index.put(key('a'), { r: 9 }, { rev: 1 }),
      index.add(key('a'), { r: 3 }),
      index.delete(key('a'), { rev: 2 }),
      index.delete(key('a'), { rev: 5 }),
      index.put(key('a'), { r: 7 }, 'absent'),
    ]);
    expect(results).toEqual([
      { ok: true },
      { ok: true },
      { ok: false, current: { r: 2 } },
      { r: 5 },
      { ok: false, current: { r: 5 } },
      { ok: true },
      { ok: true },
    ]);
    await expect(index.add(key('a'), { r: Number.MAX_SAFE_INTEGER })).rejects.toThrow(RangeError);
    expect(await index.get(key('a'))).toEqual({ r: 7 });
    await index.close();
  });

  test('closing writes what waits, ends the thread and leaves one file', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'index');
    const index = await openSqliteIndex(path);
    const puts = Array.from({ length: 1200 }, (_, i) => index.put(key(`${i}`), { r: i, v: Buffer.alloc(6000) }));
    await index.close();
    expect(await Promise.all(puts)).toEqual(puts.map(() => ({ ok: true })));
    expect(await readdir(folder.path)).toEqual(['index']);
    const again = await openSqliteIndex(path);
    expect((await again.batchGet(puts.map((_, i) => key(`${i}`)))).map((item) => item?.r)).toEqual(
      puts.map((_, i) => i),
    );
    await again.close();
  });

  test('the log does not grow with what is written while others read', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'index');
    const index = await openSqliteIndex(path);
    let reading = true;
    const reads = (async () => {
      while (reading) {
        await index.query({ pk: key('').pk });
        await sleep(1);
      }
    })();
    for (let i = 0; i < 200; i++)
      await Promise.all(
        Array.from({ length: 20 }, (_, k) => index.put(key(`${k}`), { r: i, v: Buffer.alloc(8000, i) })),
      );
    reading = false;
    await reads;
    // 32 MB were written.
    expect((await stat(`${path}-wal`)).size).toBeLessThan(16 * 1024 * 1024);
    await index.close();
  });
});

describe('embedded index, refusals', () => {
  test('an index of another layout, another database, an empty file', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'index');
    await (await openSqliteIndex(path)).close();
    const database = new DatabaseSync(path);
    database.exec('PRAGMA user_version = 2');
    database.close();
    await expect(openSqliteIndex(path)).rejects.toMatchObject({
      code: 'format',
      message: expect.stringContaining('layout 2'),
    });
    const other = new DatabaseSync(join(folder.path, 'other'));
    other.exec('CREATE TABLE items (a)');
    other.close();
    await expect(openSqliteIndex(join(folder.path, 'other'))).rejects.toMatchObject({ code: 'format' });
    await writeFile(join(folder.path, 'empty'), '');
    await expect(openSqliteIndex(join(folder.path, 'empty'))).rejects.toMatchObject({ code: 'format' });
  });

  test('a SQLite that may damage a file which processes share', () => {
    expect(['3.51.3', '3.52.0', '4.0.0', process.versions.sqlite ?? ''].map(isSafeSqlite)).toEqual([
      true,
      true,
      true,
      true,
    ]);
    expect(['3.51.2', '3.50.4', '3.7.17', ''].map(isSafeSqlite)).toEqual([false, false, false, false]);
  });

  test('a file that is not ours', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'index');
    await writeFile(path, 'not an index'.repeat(1000));
    await expect(openSqliteIndex(path)).rejects.toMatchObject({ code: 'format' });
  });

  test('a folder that is not there, and a closed index', async () => {
    await using folder = await temporaryFolder();
    await expect(openSqliteIndex(join(folder.path, 'no', 'index'))).rejects.toMatchObject({ code: 'unavailable' });
    const index = await openSqliteIndex(join(folder.path, 'index'));
    await index.close();
    await expect(index.get(key('a'))).rejects.toMatchObject({ code: 'unavailable' });
    await expect(index.put(key('a'), { r: 1 })).rejects.toMatchObject({ code: 'unavailable' });
  });
});
