import { type Id, idFromBytes, idTimeMs } from '../base/ids.ts';
import { Directory } from './directory.ts';
import { decodeHead, type Head } from './head.ts';
import { DAY_MS, GRACE_MS, WRITER_MS } from './keep.ts';
import { headKey } from './keys.ts';
import { readHead } from './log-reader.ts';
import type { Item, Key } from './ports.ts';
import { deleteMailboxRest } from './sweep-delete.ts';
import { isGranted } from './sweep-grants.ts';
import { NOTE, OrphanNotes } from './sweep-notes.ts';
import type { SweepRun } from './sweep-run.ts';
import { removeTree } from './sweep-tree.ts';
import type { TreeView } from './tree-view.ts';

type Row = Key & { readonly item: Item };

/**
 * Reads the whole index for what no user leads to: trees of removed users, mailboxes that were never bound (Rule 5),
 * private state of mailboxes that are no more, grants that no tree gives (Rule 18), and
 * items that have outlived their use. Holds about 200 bytes per tree. Answers the spaces of trees that no user has.
 */
export async function auditIndex(run: SweepRun): Promise<ReadonlySet<Id>> {
  const scan = new IndexAudit(run);
  let after: Key | undefined;
  do {
    const page = await run.context.index.scan(after);
    for (const row of page.rows) await scan.take(row);
    after = page.next;
  } while (after !== undefined);
  return scan.finish();
}

class IndexAudit {
  readonly #run: SweepRun;
  readonly #trees = new Map<Id, Head>();

  constructor(run: SweepRun) {
    this.#run = run;
  }

  async take(row: Row): Promise<void> {
    try {
      await this.#take(row);
    } catch (error) {
      this.#run.caught(`item ${row.pk.toString('latin1', 0, 2)}${row.pk.subarray(2).toString('hex')}`, error);
    }
  }

  async #take(row: Row): Promise<void> {
    const { pk, sk, item } = row;
    const kind = pk.toString('latin1', 0, 2);
    if (isExpired(item, this.#run.nowMs)) return this.#expire(row);
    if (kind === 'G#') return this.#grant(row);
    if (pk.length !== 18) return;
    const id = idFromBytes(pk.subarray(2));
    if (kind === 'O#' && sk.length === 16) return this.#overlay(row, idFromBytes(sk));
    if (sk.toString('latin1') !== 'H') return;
    if (kind === 'T#') this.#trees.set(id, decodeHead(item));
    if (kind === 'M#') await this.#mailbox(id, decodeHead(item));
  }

  /** The store may drop an item past its time; not all stores do (Rule 22). A day more, for clocks that differ. */
  async #expire({ pk, sk, item }: Row): Promise<void> {
    await this.#run.mayDelete();
    const { index } = this.#run.context;
    if (typeof item.r === 'number') await index.delete({ pk, sk }, { rev: item.r });
    else {
      const now = await index.get({ pk, sk });
      if (now === undefined || !isExpired(now, this.#run.nowMs)) return;
      await index.delete({ pk, sk });
    }
    this.#run.tally.items++;
  }

  /** A head comes before all else of its mailbox, and ids are never used again: without one it is gone, or lost. */
  async #overlay({ pk, sk }: Row, mailbox: Id): Promise<void> {
    if (this.#run.tally.alarms > 0) return;
    if (!this.#isOld(mailbox) || (await readHead(this.#run.context, 'M', mailbox)) !== undefined) return;
    await this.#run.deleteItems([{ pk, sk }]);
    this.#run.tally.items++;
  }

  async #grant({ pk, sk, item }: Row): Promise<void> {
    const identifier = pk.subarray(2).toString('utf8');
    const tree = idFromBytes(sk);
    const notes = new OrphanNotes(this.#run.context, tree, NOTE.grant);
    const key = pk.subarray(2).toString('hex');
    const given = isGranted(await this.#treeView(tree), identifier);
    const ripe = await notes.settleOne(key, !given);
    if (!ripe) return;
    await this.#run.mayDelete();
    await this.#run.context.index.delete({ pk, sk }, typeof item.r === 'number' ? { rev: item.r } : undefined);
    // Who grants again finds the item there and leaves it: look once more, now that it is gone.
    if (isGranted(await this.#treeView(tree), identifier))
      await this.#run.context.index.put({ pk, sk }, item, 'absent');
    else this.#run.tally.items++;
    await notes.remove([key]);
  }

  /** A mailbox that was created and never bound (Rule 5). One with records must have been bound: it is kept. */
  async #mailbox(id: Id, head: Head): Promise<void> {
    const knows = (view: TreeView | undefined): boolean =>
      view !== undefined &&
      (view.state.deleted.has(id) || [...view.state.bindings.values()].some(({ mailbox }) => mailbox === id));
    const notes = new OrphanNotes(this.#run.context, id, NOTE.mailbox);
    const unbound = this.#isOld(id) && !knows(await this.#treeView(head.owner));
    const ripe = await notes.settleOne(id, unbound);
    if (!unbound) return;
    if (head.seq > 0) throw new Error('no tree knows the mailbox, and it has records');
    if (!ripe || knows(await this.#treeView(head.owner))) return;
    await this.#run.mayDelete();
    const result = await this.#run.context.index.delete(headKey('M', id), { rev: head.rev });
    if (result.ok) await deleteMailboxRest(this.#run, { id: head.owner }, id);
  }

  async #treeView(id: Id): Promise<TreeView | undefined> {
    if ((await readHead(this.#run.context, 'T', id)) === undefined) return undefined;
    return (await this.#run.store.tree(id).refresh()).view;
  }

  #isOld(id: Id): boolean {
    return idTimeMs(id) <= this.#run.nowMs - GRACE_MS - WRITER_MS;
  }

  /** Trees that no user has: those of removed users go when two audits a grace apart found them closed. */
  async finish(): Promise<ReadonlySet<Id>> {
    for await (const { tree } of new Directory(this.#run.context.index).list()) {
      const head = this.#trees.get(tree);
      this.#trees.delete(tree);
      if (head !== undefined) await new OrphanNotes(this.#run.context, tree, NOTE.tree).settleOne(tree, false);
    }
    const spaces = new Set<Id>();
    for (const [tree, head] of this.#trees) {
      spaces.add(head.space);
      const closed = head.state === 'closed';
      try {
        const ripe = await new OrphanNotes(this.#run.context, tree, NOTE.tree).settleOne(tree, closed);
        if (ripe && closed) await removeTree(this.#run, tree);
      } catch (error) {
        this.#run.caught(`tree ${tree}`, error);
      }
    }
    return spaces;
  }
}

function isExpired({ x }: Item, nowMs: number): boolean {
  return typeof x === 'number' && x * 1000 < nowMs - DAY_MS;
}
