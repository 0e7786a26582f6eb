import type { Id } from '../base/ids.ts';
import type { Change, CommitOptions, Committed } from './commit-plan.ts';
import { compact, isDue } from './compact.ts';
import type { Head } from './head.ts';
import { Log } from './log.ts';
import type { MailboxContext } from './mailbox.ts';
import { foldTree, treeType } from './tree-snapshot.ts';
import type { TreeView } from './tree-view.ts';

/** An account's tree in one process. */
export class Tree {
  readonly id: Id;
  readonly #context: MailboxContext;
  readonly #log: Log<TreeView>;
  #compacting = false;

  constructor(context: MailboxContext, id: Id) {
    this.id = id;
    this.#context = context;
    this.#log = new Log(context, treeType(context), id);
  }

  get cached(): { readonly head: Head; readonly view: TreeView } | undefined {
    return this.#log.cached;
  }

  /** What it holds in memory, in messages or names. */
  get weight(): number {
    return this.#log.cached?.view.state.bindings.size ?? 0;
  }

  get inUse(): boolean {
    return this.#log.busy || this.#compacting;
  }

  /** The newest view: one small read when nothing changed. */
  async refresh(): Promise<{ readonly head: Head; readonly view: TreeView }> {
    return this.#log.read();
  }

  async offer(head: Head): Promise<TreeView> {
    return (await this.#log.offer(head)).view;
  }

  async commit<R>(change: Change<TreeView, R>, options?: CommitOptions<TreeView>): Promise<Committed<R>> {
    const committed = await this.#log.commit(change, options);
    this.#context.committed?.(this.id);
    this.#compactWhenDue();
    return committed;
  }

  editHead(edit: (head: Head) => Partial<Head> | undefined): Promise<Head> {
    return this.#log.editHead(edit);
  }

  compact(): Promise<'moved' | 'lost' | 'nothing'> {
    return compact(this.#log, (view) => foldTree(this.#context, view));
  }

  #compactWhenDue(): void {
    const head = this.#log.cached?.head;
    if (head === undefined || !isDue(head) || this.#compacting) return;
    this.#compacting = true;
    this.#context.background(`compact tree ${this.id}`, async () => {
      try {
        await this.compact();
      } finally {
        this.#compacting = false;
      }
    });
  }
}
