import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rename, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const STARTS_MS = 280_000;

/**
 * The endpoint of the Ceph RGW that serves all files of the run whose process is `run`, as soon as it answers. Whoever comes
 * first starts it.
 */
export async function rgwEndpoint(run: number): Promise<string> {
  const shared = await startRgw(run);
  const end = Date.now() + STARTS_MS;
  for (;;) {
    const folder = await readIfThere(pointerIn(shared));
    const endpoint = folder && (await readIfThere(join(folder, 'endpoint')));
    if (endpoint) return endpoint;
    const failed = await readIfThere(join(shared, 'failed'));
    if (failed !== undefined) throw new Error(`Ceph RGW did not start: ${failed}`);
    if (Date.now() > end) throw new Error(`Ceph RGW did not start within ${STARTS_MS / 1000} s`);
    await sleep(100);
  }
}

/** Starts the keeper of the run's RGW, if nobody has; it ends with the run. Answers the folder by which the run finds it. */
export async function startRgw(run: number): Promise<string> {
  const shared = join(tmpdir(), `cirrus-rgw-of-${run}`);
  if (!(await isFirst(shared))) return shared;
  const folder = await mkdtemp(join(tmpdir(), 'cirrus-rgw-'));
  const keeper = fileURLToPath(new URL('./rgw-child.ts', import.meta.url));
  // Nothing inherited: the run would wait for the end of a pipe that the keeper holds.
  spawn(process.execPath, [keeper, folder, String(run), shared], { detached: true, stdio: 'ignore' }).unref();
  const pointer = pointerIn(shared);
  await writeFile(`${pointer}.new`, folder);
  await rename(`${pointer}.new`, pointer);
  return shared;
}

function pointerIn(shared: string): string {
  return join(shared, 'folder');
}

async function isFirst(shared: string): Promise<boolean> {
  try {
    await mkdir(shared, { mode: 0o700 });
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    return undefined;
  }
}
