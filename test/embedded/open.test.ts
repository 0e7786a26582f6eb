import { chmod, mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openEmbedded } from '../../lib/embedded/open.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

test('a data folder is made for its owner only, and opens again with what it held', async () => {
  await using folder = await temporaryFolder();
  const root = join(folder.path, 'deep', 'data');
  const key = { pk: Buffer.from('p'), sk: Buffer.from('s') };
  const store = await openEmbedded(root);
  await store.index.put(key, { r: 1 });
  await store.blobs.put('s/a', Buffer.from('body'));
  for (const path of ['', 'blobs', 'blobs/s', 'run']) expect((await stat(join(root, path))).mode & 0o777).toBe(0o700);
  for (const path of ['index', 'index-wal', 'index-shm', 'blobs/s/a.blob', `run/${store.hints.address}`])
    expect((await stat(join(root, path))).mode & 0o777).toBe(0o600);
  await store.close();
  expect(await readdir(join(root, 'run'))).toEqual([]);
  const again = await openEmbedded(root);
  expect(await again.index.get(key)).toEqual({ r: 1 });
  expect(String(await again.blobs.get('s/a'))).toBe('body');
  await again.close();
});

test('an existing folder keeps its mode', async () => {
  await using folder = await temporaryFolder();
  const root = join(folder.path, 'data');
  await mkdir(root);
  await chmod(root, 0o750);
  await (await openEmbedded(root)).close();
  expect((await stat(root)).mode & 0o777).toBe(0o750);
});

test.runIf(process.platform === 'linux')('where no folder can be made, opening fails and does not hang', async () => {
  await expect(openEmbedded('/proc/cirrus/data')).rejects.toMatchObject({ code: 'unavailable' });
});

test('a file in the place of the folder', async () => {
  await using folder = await temporaryFolder();
  await writeFile(join(folder.path, 'data'), '');
  await expect(openEmbedded(join(folder.path, 'data'))).rejects.toMatchObject({ code: 'unavailable' });
});
