import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * Makes everything durable that has been written to the file system of a folder (syncfs(2), which Node does not offer, by
 * coreutils' `sync`): thousands of files for the price of one wait. Throws where there is no such program.
 */
export async function syncFileSystem(folder: string): Promise<void> {
  await run('sync', ['-f', folder]);
}
