import { setTimeout as sleep } from 'node:timers/promises';
import type { Id } from '../base/ids.ts';
import { quotaKey } from './keys.ts';
import { decodeCounts } from './mailbox-view.ts';
import type { Usage } from './quota.ts';
import { readHeads } from './sweep-marks.ts';
import type { SpaceOwner, SweepRun } from './sweep-run.ts';

/** Twice as long as processes batch what they add. */
const SETTLE_MS = 2000;

/** What a quota root should and does say. */
export interface Recount {
  readonly root: Id;
  readonly counted: Usage;
  readonly stored: Usage;
  /** Of the stored usage; undefined: there is none. */
  readonly rev: number | undefined;
}

/**
 * Recounts the usage of every quota root from the heads, and writes what differs if it has not been changed since it was
 * read (Rule 19). A process may still hold adds for commits that the heads show already: what differs must differ in the
 * same way a little later.
 */
export async function recountQuota(run: SweepRun, owner: SpaceOwner): Promise<void> {
  await run.store.quota.flush();
  const before = (await recounts(run, owner)).filter(differs);
  if (before.length === 0) return;
  await sleep(run.options.recountSettleMs ?? SETTLE_MS);
  for (const now of (await recounts(run, owner)).filter(differs)) {
    const was = before.find(({ root }) => root === now.root);
    if (was === undefined || was.rev !== now.rev || was.counted.bytes !== now.counted.bytes) continue;
    const item = { b: now.counted.bytes, n: now.counted.messages, r: (now.rev ?? 0) + 1 };
    const condition = now.rev === undefined ? 'absent' : { rev: now.rev };
    await run.context.index.put(quotaKey(now.root, owner.space), item, condition);
  }
}

/** Stored usage, read before the heads, and counted usage of every root of the tree. */
export async function recounts(run: SweepRun, owner: Pick<SpaceOwner, 'tree' | 'space'>): Promise<readonly Recount[]> {
  const { view } = await run.store.tree(owner.tree).refresh();
  const roots = [...new Set([...view.state.quotaRoots.values()].map(({ id }) => id))];
  const items = await run.context.index.batchGet(roots.map((root) => quotaKey(root, owner.space)));
  const names = [...view.state.bindings];
  const heads = await readHeads(
    run,
    names.map(([, { mailbox }]) => mailbox),
  );
  const sums = new Map(roots.map((root) => [root, { bytes: 0, messages: 0 }]));
  for (const [i, [name]] of names.entries()) {
    const root = view.quotaRootOf(name)?.root.id;
    const [sum, head] = [root === undefined ? undefined : sums.get(root), heads[i]];
    if (sum === undefined || head === undefined) continue;
    const { bytes, exists } = decodeCounts(head.extra);
    sum.bytes += bytes;
    sum.messages += exists;
  }
  return roots.map((root, i) => {
    const item = items[i];
    const number = (value: unknown): number => (typeof value === 'number' ? value : 0);
    return {
      root,
      counted: sums.get(root) ?? { bytes: 0, messages: 0 },
      stored: { bytes: number(item?.b), messages: number(item?.n) },
      rev: typeof item?.r === 'number' ? item.r : undefined,
    };
  });
}

export function differs({ counted, stored }: Recount): boolean {
  return counted.bytes !== stored.bytes || counted.messages !== stored.messages;
}
