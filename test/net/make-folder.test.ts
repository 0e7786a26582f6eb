import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { makeFolder } from '../../gateway/net/make-folder.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

it('makes the parents too, and is content with what is there', async () => {
  await using folder = await temporaryFolder();
  const deep = join(folder.path, 'a', 'b', 'c');
  await Promise.all([makeFolder(deep), makeFolder(deep)]);
  await makeFolder(deep);
  expect((await stat(deep)).isDirectory()).toBe(true);
});

it('ends where a file system never makes a folder, or a file is in the way', async () => {
  await using folder = await temporaryFolder();
  await expect(makeFolder('/proc/nothing/here')).rejects.toThrow('ENOENT');
  await writeFile(join(folder.path, 'file'), '');
  await expect(makeFolder(join(folder.path, 'file'))).rejects.toThrow('EEXIST');
  await expect(makeFolder(join(folder.path, 'file', 'below'))).rejects.toThrow('ENOTDIR');
});
