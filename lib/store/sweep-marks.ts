import type { Id } from '../base/ids.ts';
import { decodeHead, type Head } from './head.ts';
import { headKey } from './keys.ts';
import { CorruptionError } from './log-reader.ts';
import { decodeCounts } from './mailbox-view.ts';
import { rowsOf, withMailbox } from './sweep-rows.ts';
import type { SpaceOwner, SweepRun } from './sweep-run.ts';

const HEADS_AT_ONCE = 100;

/**
 * The mark of a space, turned around: instead of collecting all that is referenced, it strikes what is referenced from a
 * bounded set of candidates. First every mailbox is read; after the purge, every head again and what came meanwhile
 * (Rule 10). A reference cannot hide between the two: a blob that was live or kept anywhere when the candidates were
 * purged is still so in the same mailbox for a grace, wherever it is copied.
 */
export class SpaceMarks {
  readonly #run: SweepRun;
  readonly #owner: SpaceOwner;
  readonly #without: ReadonlySet<Id>;
  /** Up to which UID (exclusive) a mailbox was compared. */
  readonly #compared = new Map<Id, number>();

  /** `without`: mailboxes that are being removed and reference nothing any more. */
  constructor(run: SweepRun, owner: SpaceOwner, without: ReadonlySet<Id> = new Set()) {
    this.#run = run;
    this.#owner = owner;
    this.#without = without;
  }

  /** Strikes from `blobs` what any mailbox references; `isCandidate` tells which references do not count. */
  async compare(blobs: Set<Id>, isCandidate: (mailbox: Id, uid: number) => boolean = () => false): Promise<void> {
    for (const id of (await spaceMailboxes(this.#run, this.#owner)).all) {
      if (!this.#without.has(id)) await this.#strike(id, 1, blobs, isCandidate);
    }
  }

  /** Reads every head again and strikes what came since {@link compare}. */
  async compareAgain(blobs: Set<Id>): Promise<void> {
    if (blobs.size === 0) return;
    const { all } = await spaceMailboxes(this.#run, this.#owner);
    const ids = [...all].filter((id) => !this.#without.has(id));
    for (let at = 0; at < ids.length; at += HEADS_AT_ONCE) {
      const group = ids.slice(at, at + HEADS_AT_ONCE);
      const heads = await readHeads(this.#run, group);
      for (const [i, id] of group.entries()) {
        const head = heads[i];
        const known = this.#compared.get(id);
        if (head !== undefined && known !== undefined && decodeCounts(head.extra).uidNext === known) continue;
        await this.#strike(id, known ?? 1, blobs, () => false);
      }
    }
  }

  /** The mailbox's candidates could not be purged: all it names is referenced. */
  forget(mailbox: Id): void {
    this.#compared.delete(mailbox);
  }

  async #strike(
    id: Id,
    fromUid: number,
    blobs: Set<Id>,
    isCandidate: (mailbox: Id, uid: number) => boolean,
  ): Promise<void> {
    this.#run.proceed();
    const uidNext = await withMailbox(this.#run.context, id, async (head, view) => {
      requireSpace(this.#owner, id, head);
      for await (const rows of rowsOf(this.#run.context, view, { fromUid })) {
        for (const { blob, uid } of rows) if (!isCandidate(id, uid)) blobs.delete(blob);
      }
      return view.state.uidNext;
    });
    if (uidNext !== undefined) this.#compared.set(id, uidNext);
    else await requireDeleted(this.#run, this.#owner, id);
  }
}

/** The mailboxes that a space's tree knows: bound ones, and deleted ones that may still be brought back. */
export async function spaceMailboxes(
  run: SweepRun,
  { tree }: Pick<SpaceOwner, 'tree'>,
): Promise<{ readonly all: ReadonlySet<Id>; readonly deleted: ReadonlyMap<Id, number> }> {
  const { view } = await run.store.tree(tree).refresh();
  const bound = new Set([...view.state.bindings.values()].map(({ mailbox }) => mailbox));
  const unbound = [...view.state.deleted].filter(([id]) => !bound.has(id));
  const deleted = new Map(unbound.map(([id, { timeMs }]) => [id, timeMs]));
  return { all: new Set([...bound, ...deleted.keys()]), deleted };
}

export async function readHeads(run: SweepRun, ids: readonly Id[]): Promise<readonly (Head | undefined)[]> {
  const items = await run.context.index.batchGet(ids.map((id) => headKey('M', id)));
  return items.map((item) => (item === undefined ? undefined : decodeHead(item)));
}

/** A mailbox that is on its way to another space is named by both sides; nothing is deleted until it is there (Rule 12). */
function requireSpace(owner: SpaceOwner, id: Id, head: Head): void {
  if (head.space === owner.space && head.state !== 'moving') return;
  throw new CorruptionError(`mailbox ${id} of ${owner.name} is ${head.state} in space ${head.space}`);
}

/** A mailbox without a head is one that the sweep has begun to remove; a bound one must have it. */
async function requireDeleted(run: SweepRun, owner: SpaceOwner, id: Id): Promise<void> {
  const { view } = await run.store.tree(owner.tree).refresh();
  for (const [name, { mailbox }] of view.state.bindings) {
    if (mailbox === id) throw new CorruptionError(`${owner.name}: mailbox ${name} (${id}) has no head`);
  }
}
