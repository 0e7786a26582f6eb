import { type Id, idTimeMs } from '../base/ids.ts';
import { GRACE_MS, WRITER_MS } from './keep.ts';
import { sweepNoteSk, sweepPk } from './keys.ts';
import type { LogContext } from './log.ts';
import type { SweepRun } from './sweep-run.ts';

/** What can be unreferenced. Letters are stored: never change one. */
export const NOTE = {
  /** A message's blob or summary, in its space. */
  message: 'b',
  /** A snapshot piece as an item, as an object; the body of a large record. */
  piece: 'p',
  object: 'o',
  body: 'x',
  /** A mailbox that its tree does not know. */
  mailbox: 'm',
  /** The tree of a user who was removed. */
  tree: 't',
  /** A space that holds a shared blob which none of its mailboxes names. */
  holder: 'h',
  /** A shared blob that no space holds. */
  unheld: 's',
  /** A grant that the tree does not give. */
  grant: 'g',
} as const;

const AT_ONCE = 32;

/**
 * What audits found unreferenced, and when first. What is never referenced has no time from which a grace could count, so
 * it goes only when two audits a grace apart found it so (Rule 9).
 */
export class OrphanNotes {
  readonly #context: LogContext;
  readonly #pk: Buffer;
  readonly #kind: string;

  constructor(context: LogContext, owner: Id, kind: (typeof NOTE)[keyof typeof NOTE]) {
    this.#context = context;
    this.#pk = sweepPk(owner);
    this.#kind = kind;
  }

  /**
   * Takes in what an audit found unreferenced between two ids (hex; `after` exclusive, `upTo` inclusive): new ones are
   * noted, notes of what is referenced again are dropped. Answers those that an audit a grace ago had found already.
   */
  async settle(found: ReadonlySet<string>, after?: string, upTo?: string): Promise<Set<string>> {
    const { index, clock } = this.#context;
    const nowMs = clock.now();
    const ripe = new Set<string>();
    const known = new Set<string>();
    const wrong: string[] = [];
    let from: Buffer | undefined = after === undefined ? undefined : sweepNoteSk(this.#kind, after);
    do {
      const page = await index.query({
        pk: this.#pk,
        prefix: Buffer.from(this.#kind),
        ...(from && { after: from }),
        ...(upTo !== undefined && { upTo: sweepNoteSk(this.#kind, upTo) }),
      });
      for (const { sk, item } of page.rows) {
        const id = sk.subarray(1).toString('hex');
        if (!found.has(id)) wrong.push(id);
        else {
          known.add(id);
          if (typeof item.t === 'number' && item.t <= nowMs - GRACE_MS) ripe.add(id);
        }
      }
      from = page.next;
    } while (from !== undefined);
    await this.remove(wrong);
    const fresh = [...found].filter((id) => !known.has(id));
    await inGroups(fresh, (id) => index.put({ pk: this.#pk, sk: sweepNoteSk(this.#kind, id) }, { t: nowMs }, 'absent'));
    return ripe;
  }

  /** The same for one thing; true when it was unreferenced a grace ago and still is. */
  async settleOne(id: string, unreferenced: boolean): Promise<boolean> {
    const { index, clock } = this.#context;
    const key = { pk: this.#pk, sk: sweepNoteSk(this.#kind, id) };
    const item = await index.get(key);
    if (!unreferenced) {
      if (item !== undefined) await index.delete(key);
      return false;
    }
    if (item === undefined) await index.put(key, { t: clock.now() }, 'absent');
    return typeof item?.t === 'number' && item.t <= clock.now() - GRACE_MS;
  }

  /** Forgets what is deleted now. */
  async remove(ids: Iterable<string>): Promise<void> {
    await inGroups([...ids], (id) => this.#context.index.delete({ pk: this.#pk, sk: sweepNoteSk(this.#kind, id) }));
  }
}

/** Those of the unreferenced that two audits found so, and that are older than any writer may be (Rule 9). */
export async function ripeIds(
  run: SweepRun,
  notes: OrphanNotes,
  found: ReadonlySet<Id>,
  after?: Id,
  upTo?: Id,
): Promise<Set<Id>> {
  const ripe = await notes.settle(found, after, upTo);
  const bornMs = run.nowMs - GRACE_MS - WRITER_MS;
  return new Set([...ripe].map((id) => id as Id).filter((id) => idTimeMs(id) <= bornMs));
}

async function inGroups<T>(items: readonly T[], run: (item: T) => Promise<unknown>): Promise<void> {
  for (let at = 0; at < items.length; at += AT_ONCE) await Promise.all(items.slice(at, at + AT_ONCE).map(run));
}
