import { type Id, idFromBytes, idTimeMs } from '../base/ids.ts';
import type { Findings } from './doctor-findings.ts';
import { decodeHead, type Head } from './head.ts';
import { crossingKey, MESSAGES, SHARED_MESSAGES } from './keys.ts';
import { readHead } from './log-reader.ts';
import type { Item, Key } from './ports.ts';
import { LIST_BLOBS, type SweepRun } from './sweep-run.ts';

/** Partitions that this version knows (docs/store.md, Layout), by the first two bytes of their keys. */
const KINDS = new Set([...'MTOCSBGQUVNJKWI'].map((letter) => `${letter}#`).concat('SY', 'J!'));
/** Something young may be under way. */
const UNDER_WAY_MS = 3_600_000;

/** What no user leads to: items first, then objects. `owned`: trees and spaces of users. Holds some 200 bytes per tree. */
export async function examineIndex(run: SweepRun, findings: Findings, owned: ReadonlySet<Id>): Promise<void> {
  const spaces = new Set(owned);
  const doctor = new IndexDoctor(run, findings, owned, spaces);
  let after: Key | undefined;
  do {
    const page = await run.context.index.scan(after);
    for (const row of page.rows) {
      const where = `item ${row.pk.toString('latin1', 0, 2)}${row.pk.subarray(2).toString('hex')}`;
      await findings.probe(where, () => doctor.take(row));
    }
    after = page.next;
  } while (after !== undefined);
  doctor.finish();
  await examineObjects(run, findings, spaces);
}

class IndexDoctor {
  readonly #run: SweepRun;
  readonly #findings: Findings;
  readonly #owned: ReadonlySet<Id>;
  readonly #spaces: Set<Id>;
  readonly #unknown = new Map<string, number>();
  #log: Buffer | undefined;
  #leftovers = 0;

  constructor(run: SweepRun, findings: Findings, owned: ReadonlySet<Id>, spaces: Set<Id>) {
    this.#run = run;
    this.#findings = findings;
    this.#owned = owned;
    this.#spaces = spaces;
  }

  async take({ pk, sk, item }: Key & { readonly item: Item }): Promise<void> {
    const kind = pk.toString('latin1', 0, 2);
    if (!KINDS.has(kind)) this.#unknown.set(kind, (this.#unknown.get(kind) ?? 0) + 1);
    if ((kind !== 'M#' && kind !== 'T#') || pk.length !== 18) return;
    const id = idFromBytes(pk.subarray(2));
    if (sk.toString('latin1') !== 'H') await this.#part(kind === 'M#' ? 'M' : 'T', id, pk);
    else if (kind === 'T#') this.#tree(id, decodeHead(item));
    else await this.#mailbox(id, decodeHead(item));
  }

  #tree(id: Id, head: Head): void {
    this.#spaces.add(head.space);
    if (this.#owned.has(id) || this.#isYoung(id)) return;
    this.#findings.add('tree-unowned', `tree ${id}`, `it is ${head.state} and no user has it`);
  }

  async #mailbox(id: Id, head: Head): Promise<void> {
    if (this.#isYoung(id) || (await this.#isKnown(id, head))) return;
    const isCrossing = (await this.#run.context.index.get(crossingKey(id))) !== undefined;
    if (head.seq > 0 && !isCrossing)
      this.#findings.add('mailbox-unbound', `mailbox ${id}`, `tree ${head.owner} does not know it`);
    else this.#findings.add('unreferenced', `mailbox ${id}`, 'created and never bound');
  }

  async #isKnown(id: Id, { owner }: Head): Promise<boolean> {
    if ((await readHead(this.#run.context, 'T', owner)) === undefined) return false;
    const { state } = (await this.#run.store.tree(owner).refresh()).view;
    return state.deleted.has(id) || [...state.bindings.values()].some(({ mailbox }) => mailbox === id);
  }

  /** Records and pieces of a log without a head. */
  async #part(letter: 'M' | 'T', id: Id, pk: Buffer): Promise<void> {
    if (this.#log?.equals(pk)) return;
    this.#log = pk;
    if ((await readHead(this.#run.context, letter, id)) === undefined) this.#leftovers++;
  }

  finish(): void {
    if (this.#leftovers > 0)
      this.#findings.add('leftovers', 'index', `parts of ${this.#leftovers} logs without a head`);
    for (const [kind, count] of this.#unknown) {
      this.#findings.add('unknown-item', 'index', `${count} items of kind ${JSON.stringify(kind)}`);
    }
  }

  #isYoung(id: Id): boolean {
    return idTimeMs(id) > this.#run.nowMs - UNDER_WAY_MS;
  }
}

/** Spaces that no tree has. One look per space, whatever it holds. */
async function examineObjects(run: SweepRun, findings: Findings, spaces: ReadonlySet<Id>): Promise<void> {
  let after: string | undefined;
  for (;;) {
    const page: Awaited<ReturnType<typeof run.context.blobs.list>> = await run.context.blobs.list(MESSAGES, after, 1);
    const key = page.blobs[0]?.key;
    if (key === undefined) break;
    const space = key.split('/')[1] ?? '';
    if (!spaces.has(space as Id)) findings.add('leftovers', `space ${space}`, 'no tree has this space');
    after = `${MESSAGES}${space}/~`;
  }
  await examineShared(run, findings);
}

async function examineShared(run: SweepRun, findings: Findings): Promise<void> {
  let unheld = 0;
  let after: string | undefined;
  do {
    const page = await run.context.blobs.list(SHARED_MESSAGES, after, LIST_BLOBS);
    for (const { key } of page.blobs) {
      const id = key.slice(-32) as Id;
      if (idTimeMs(id) > run.nowMs - UNDER_WAY_MS) continue;
      const pk = Buffer.concat([Buffer.from('B#'), Buffer.from(id, 'hex')]);
      const holders = await run.context.index.query({ pk, limit: 1 });
      if (holders.rows.length === 0) unheld++;
    }
    after = page.next;
  } while (after !== undefined);
  if (unheld > 0) findings.add('unreferenced', 'shared messages', `${unheld} that nobody holds`);
}
