// The thread of lib/embedded/commit-thread.ts: takes groups of writes, answers each when it is durable.
import { workerData } from 'node:worker_threads';
import { CommitHere, type WriterOptions } from './index-writer.ts';
import type { Written } from './index-writes.ts';
import { answerQuestions } from './own-thread.ts';
import { type PackedWrites, unpackWrites } from './packed-writes.ts';

const committing = new CommitHere(workerData as WriterOptions);

answerQuestions<PackedWrites, readonly Written[]>(
  (packed) => committing.commit(unpackWrites(packed)),
  () => committing.close(),
);
