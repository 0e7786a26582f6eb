import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openLmdbIndex } from '../../lib/embedded/index-lmdb.ts';
import { StoreError } from '../../lib/store/errors.ts';
import type { Key } from '../../lib/store/ports.ts';
import { linesOf, startChild } from '../support/child.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { indexContract } from './index.contract.ts';

indexContract('embedded index', async () => {
  const folder = await temporaryFolder();
  const index = openLmdbIndex(join(folder.path, 'index'));
  return {
    index,
    async [Symbol.asyncDispose]() {
      await index.close();
      await folder[Symbol.asyncDispose]();
    },
  };
});

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
    const index = openLmdbIndex(path);
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
    const index = openLmdbIndex(path);
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
    const again = openLmdbIndex(path);
    expect(await again.get(key('a-0'))).toBeDefined();
    await again.close();
  });
});

describe('embedded index, refusals', () => {
  test('a file that is not ours', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'index');
    await writeFile(path, 'not an index'.repeat(1000));
    expect(() => openLmdbIndex(path)).toThrow(expect.objectContaining({ code: 'format' }));
  });

  test('a folder that is not there, and a closed index', async () => {
    await using folder = await temporaryFolder();
    expect(() => openLmdbIndex(join(folder.path, 'no', 'index'))).toThrow(StoreError);
    const index = openLmdbIndex(join(folder.path, 'index'));
    await index.close();
    await expect(index.get(key('a'))).rejects.toMatchObject({ code: 'unavailable' });
    await expect(index.put(key('a'), { r: 1 })).rejects.toMatchObject({ code: 'unavailable' });
  });
});
