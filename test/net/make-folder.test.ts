import { mkdirSync } from 'node:fs';
import { stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { makeFolder } from '../../gateway/net/make-folder.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

it('makes the parents too, and is content with what is there', async () => {
  await using folder = await temporaryFolder();
  const deep = join(folder.path, 'a', 'b', 'c');
  await makeFolder(deep);
  await makeFolder(deep);
  expect((await stat(deep)).isDirectory()).toBe(true);
});

it('does not mind another that makes its parents meanwhile, at whatever step', async () => {
  await using folder = await temporaryFolder();
  for (let round = 0; round < 200; round++) {
    const deep = join(folder.path, `${round}`, 'b', 'c');
    const made = makeFolder(deep);
    for (let turn = 0; turn < round % 20; turn++) await setImmediate();
    mkdirSync(dirname(deep), { recursive: true });
    await made;
    expect((await stat(deep)).isDirectory()).toBe(true);
  }
});

it('ends where a file system never makes a folder, or a file is in the way', async () => {
  await using folder = await temporaryFolder();
  await expect(makeFolder('/proc/nothing/here')).rejects.toThrow('ENOENT');
  await writeFile(join(folder.path, 'file'), '');
  await expect(makeFolder(join(folder.path, 'file'))).rejects.toThrow('EEXIST');
  await expect(makeFolder(join(folder.path, 'file', 'below'))).rejects.toThrow('ENOTDIR');
});
