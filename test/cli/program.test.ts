import { copyFile, mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { run } from '../clients/run.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const program = fileURLToPath(new URL('../../bin/cirrus', import.meta.url));

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(() => folder[Symbol.asyncDispose]());

/** As a mail server or a service manager runs it: another folder, and nothing of ours in the PATH. */
const runFrom = (file: string, path = '/usr/bin:/bin') =>
  run('env', ['-i', '-C', folder.path, `PATH=${path}`, file, 'user', 'list']);

test('the program is found through a link, and brings its own Node', async () => {
  const link = join(folder.path, 'cirrus');
  await symlink(program, link);
  const { code, stderr } = await runFrom(link);
  expect({ code, stderr }).toEqual({
    code: 66,
    stderr: `cirrus: there is no mail store in ${join(folder.path, 'data')} (see -C and configdirectory)\n`,
  });
});

test('without packages, or with a Node that is too old, it says so, and a mail server keeps its mail', async () => {
  await mkdir(join(folder.path, 'bin'));
  const copy = join(folder.path, 'bin/cirrus');
  await copyFile(program, copy);
  expect(await runFrom(copy)).toMatchObject({
    code: 75,
    stderr: `cirrus: its packages are not installed: run npm ci --ignore-scripts in ${folder.path}\n`,
  });
  await mkdir(join(folder.path, 'node_modules'));
  // A folder of the few programs that the script itself needs.
  const poor = join(folder.path, 'poor');
  await mkdir(poor);
  for (const name of ['dirname', 'readlink']) await symlink(`/usr/bin/${name}`, join(poor, name));
  expect(await runFrom(copy, poor)).toMatchObject({
    code: 75,
    stderr: `cirrus: needs Node 24: in the PATH is none, and none among the packages (npm ci --ignore-scripts in ${folder.path}; on Linux it brings one)\n`,
  });
  await symlink('/bin/false', join(poor, 'node'));
  expect(await runFrom(copy, poor)).toMatchObject({ code: 75 });
});
