// The thread of lib/embedded/commit-thread.ts: takes groups of writes, answers each when it is durable.
import { parentPort, workerData } from 'node:worker_threads';
import { StoreError } from '../store/errors.ts';
import type { FromThread, ToThread } from './commit-thread.ts';
import { failed } from './index-file.ts';
import type { WriterOptions } from './index-writer.ts';
import { IndexWrites } from './index-writes.ts';

const { path, waitMs } = workerData as WriterOptions;
let writes: IndexWrites | undefined;

parentPort?.on('message', (message: ToThread) => {
  if (message === 'close') {
    writes?.close();
    parentPort?.close();
    return;
  }
  try {
    writes ??= IndexWrites.open(path, waitMs);
    parentPort?.postMessage({ written: writes.commit(message) } satisfies FromThread);
  } catch (error) {
    const reason = failed(error, writes === undefined ? `opening ${path}` : 'writing the index');
    // An error loses its class on the way to another thread.
    const code = reason instanceof StoreError ? reason.code : undefined;
    parentPort?.postMessage({
      failed: { code, text: reason instanceof Error ? reason.message : String(reason) },
    } satisfies FromThread);
  }
});
