import type { Block } from '../../lib/store/mailbox-block.ts';
import type { MailboxView } from '../../lib/store/mailbox-view.ts';
import { UidSet } from '../../lib/store/uid-set.ts';

/** What became of the messages of one view in a later one. */
export interface Changes {
  readonly gone: UidSet;
  /** Still there, and touched by a record since. */
  readonly changed: UidSet;
}

/** Whether a change of a message from one of its view's flag sets to one of the other's need not be told. */
export type IsKnown = (uid: number, was: number, is: number) => boolean;

/** Compares two views of a mailbox, leaving out what is known; blocks that both share cost nothing. */
export function changesBetween(before: MailboxView, after: MailboxView, isKnown: IsKnown = () => false): Changes {
  const gone: number[] = [];
  const changed: number[] = [];
  const [a, b] = [new Cursor(before.state.blocks), new Cursor(after.state.blocks)];
  while (!a.done) {
    const [was, is] = [a.blockAtStart, b.blockAtStart];
    if (was !== undefined && was.uids === is?.uids) {
      if (was !== is) compareRows(was, is, isKnown, changed);
      a.skipBlock();
      b.skipBlock();
    } else if (b.done || a.uid < b.uid) {
      gone.push(a.uid);
      a.next();
    } else if (a.uid > b.uid) b.next();
    else {
      if (a.seq !== b.seq && !isKnown(a.uid, a.flags, b.flags)) changed.push(a.uid);
      a.next();
      b.next();
    }
  }
  return { gone: UidSet.fromSorted(gone), changed: UidSet.fromSorted(changed) };
}

/** The same messages in both: a record that changes flags makes no other rows. */
function compareRows(was: Block, is: Block, isKnown: IsKnown, changed: number[]): void {
  for (let row = 0; row < was.uids.length; row++) {
    if (was.seqs[row] === is.seqs[row]) continue;
    const uid = was.uids[row] as number;
    if (!isKnown(uid, was.flags[row] as number, is.flags[row] as number)) changed.push(uid);
  }
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

  get flags(): number {
    return this.#blocks[this.#index]?.flags[this.#row] ?? 0;
  }

  /** The block at whose first row it is. */
  get blockAtStart(): Block | undefined {
    return this.#row === 0 ? this.#blocks[this.#index] : undefined;
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
