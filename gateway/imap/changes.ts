import type { Block } from '../../lib/store/mailbox-block.ts';
import type { MailboxView } from '../../lib/store/mailbox-view.ts';
import { UidSet } from '../../lib/store/uid-set.ts';

/** What became of the messages of one view in a later one. */
export interface Changes {
  readonly gone: UidSet;
  /** Still there, and touched by a record since. */
  readonly changed: UidSet;
}

/** Compares two views of a mailbox; blocks that both share cost nothing. */
export function changesBetween(before: MailboxView, after: MailboxView): Changes {
  const gone: number[] = [];
  const changed: number[] = [];
  const [a, b] = [new Cursor(before.state.blocks), new Cursor(after.state.blocks)];
  while (!a.done) {
    if (a.atStartOf(b)) {
      a.skipBlock();
      b.skipBlock();
    } else if (b.done || a.uid < b.uid) {
      gone.push(a.uid);
      a.next();
    } else if (a.uid > b.uid) b.next();
    else {
      if (a.seq !== b.seq) changed.push(a.uid);
      a.next();
      b.next();
    }
  }
  return { gone: UidSet.fromSorted(gone), changed: UidSet.fromSorted(changed) };
}

/** Walks the rows of a list of blocks. */
class Cursor {
  readonly #blocks: readonly Block[];
  #index = 0;
  #row = 0;

  constructor(blocks: readonly Block[]) {
    this.#blocks = blocks;
  }

  get done(): boolean {
    return this.#index >= this.#blocks.length;
  }

  get uid(): number {
    return this.#blocks[this.#index]?.uids[this.#row] ?? 0;
  }

  get seq(): number {
    return this.#blocks[this.#index]?.seqs[this.#row] ?? 0;
  }

  atStartOf(other: Cursor): boolean {
    const same = this.#row === 0 && other.#row === 0 && !this.done;
    return same && this.#blocks[this.#index] === other.#blocks[other.#index];
  }

  next(): void {
    this.#row++;
    if (this.#row >= (this.#blocks[this.#index]?.uids.length ?? 0)) this.skipBlock();
  }

  skipBlock(): void {
    this.#index++;
    this.#row = 0;
  }
}
