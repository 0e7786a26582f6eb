import { inSlices } from '../../../lib/search/slices.ts';
import { type ThreadAlgorithm, threadMessages } from '../../../lib/search/thread.ts';
import type { Threads } from '../../../lib/search/threads.ts';
import type { CommandOf } from '../command-of.ts';
import type { Context } from '../context.ts';
import { bad, ok, type Reply } from '../reply.ts';
import { checkCharset } from '../search/charset.ts';
import { withFilters } from '../search/filters.ts';
import { requireSearchWithinLimit } from '../search/limited.ts';
import { runProgram } from '../search/program.ts';
import { sortables } from '../search/sortables.ts';
import { threaded } from '../wire/write/thread.ts';

const algorithms: ReadonlyMap<string, ThreadAlgorithm> = new Map(
  (['ORDEREDSUBJECT', 'REFERENCES', 'REFS'] as const).map((name) => [name, name]),
);

/** THREAD (RFC 5256 §3). */
export async function thread(context: Context, given: CommandOf<'THREAD'>): Promise<Reply> {
  checkCharset(context, given);
  const command = await withFilters(context, given);
  const algorithm = algorithms.get(command.algorithm);
  if (algorithm === undefined) return bad('Unknown threading algorithm');
  requireSearchWithinLimit(context, command.key);
  const { uids } = await runProgram(context, command);
  const threads = await arranged(context, algorithm, uids);
  const { numbering } = context.selected;
  for (const piece of threaded(threads, (uid) => (command.uid ? uid : numbering.sequenceOf(uid)))) {
    context.write(piece);
    await context.flow();
  }
  return ok();
}

/** The threads of messages as they were made last time, when these are the same. */
async function arranged(context: Context, algorithm: ThreadAlgorithm, uids: readonly number[]): Promise<Threads> {
  const { options, selected } = context;
  const { id } = selected.open.mailbox;
  const known = options.threads.get(id, algorithm, uids);
  if (known !== undefined) return known;
  const messages = await sortables(context, uids, { keys: true, annotations: false });
  const threads = await inSlices(threadMessages(messages, algorithm, options.limits), () => context.breathe());
  options.threads.put(id, algorithm, uids, threads);
  return threads;
}
