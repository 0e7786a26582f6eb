// The thread of lib/embedded/commit-thread.ts: takes groups of writes, answers each when it is durable.
import { workerData } from 'node:worker_threads';
import { CommitHere, type WriterOptions } from './index-writer.ts';
import type { Write, Written } from './index-writes.ts';
import { answerQuestions } from './own-thread.ts';

const committing = new CommitHere(workerData as WriterOptions);

answerQuestions<readonly Write[], readonly Written[]>(
  (writes) => committing.commit(writes),
  () => committing.close(),
);
