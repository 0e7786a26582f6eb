import type { Clock } from '../../lib/base/clock.ts';
import type { OpenMailbox } from '../../lib/store/account.ts';
import type { Binding, TreeView } from '../../lib/store/tree-view.ts';

/** Another process may have changed the ACL without a word: the tree is read again after so long. */
const LOOK_AGAIN_MS = 60_000;

/** An opened mailbox whose rights are those that its ACL gives now (RFC 4314 §4), not those of when it was opened. */
export class LiveRights {
  #open: OpenMailbox;
  readonly #clock: Clock;
  readonly #stop: () => void;
  #moved = false;
  #seq: number;
  #lookedAtMs: number;

  constructor(open: OpenMailbox, clock: Clock) {
    this.#open = open;
    this.#clock = clock;
    this.#seq = open.tree.cached?.view.seq ?? 0;
    this.#lookedAtMs = clock.now();
    this.#stop = open.store.onMoved(open.tree.id, () => (this.#moved = true));
  }

  get open(): OpenMailbox {
    return this.#open;
  }

  stop(): void {
    this.#stop();
  }

  /** Answers whether the rights are others than before; reads only when the tree has moved, and once a minute. */
  async refresh(): Promise<boolean> {
    const isDue = this.#clock.now() - this.#lookedAtMs >= LOOK_AGAIN_MS;
    if (!this.#moved && !isDue) return false;
    this.#moved = false;
    this.#lookedAtMs = this.#clock.now();
    const { tree } = this.#open;
    // What this process has committed it knows already.
    const known = isDue || tree.cached?.view.seq === this.#seq ? undefined : tree.cached?.view;
    const view = known ?? (await tree.refresh()).view;
    this.#seq = view.seq;
    const binding = bindingOf(view, this.#open);
    // One that is bound no more is deleted, and told as that.
    const rights = binding === undefined ? this.#open.rights : this.#open.account.rights(this.#open, binding);
    if (rights === this.#open.rights) return false;
    this.#open = { ...this.#open, rights };
    return true;
  }
}

/** The mailbox's binding, also when it has another name by now. */
function bindingOf({ state }: TreeView, { path, mailbox }: OpenMailbox): Binding | undefined {
  const there = state.bindings.get(path);
  if (there?.mailbox === mailbox.id) return there;
  return [...state.bindings.values()].find((binding) => binding.mailbox === mailbox.id);
}
