import type { OpenMailbox } from './account.ts';
import { SEEN } from './flag-sets.ts';
import { type Block, firstUid, lastUid } from './mailbox-block.ts';
import { MailboxView } from './mailbox-view.ts';
import { MODSEQ_STEP, NO_OVERLAY, type Overlay, readOverlay } from './overlay.ts';

/**
 * A mailbox as one user sees it who has \Seen of the own (Rule 16): views whose flags have it from the user's overlay. A
 * private change counts as a record between two: its `seq` has a fraction, n times 2^-16.
 */
export class PrivateSeen {
  readonly #open: OpenMailbox;
  #overlay: Overlay = NO_OVERLAY;
  #last: { readonly base: MailboxView; readonly rev: number; readonly view: MailboxView } | undefined;
  #blocks = new WeakMap<Block, Block>();

  constructor(open: OpenMailbox) {
    this.#open = open;
  }

  /** Reads what the user has seen by now; the head it rests on is read first. */
  async refresh(): Promise<void> {
    const { mailbox, store, account } = this.#open;
    let { view } = mailbox.cached ?? (await mailbox.refresh());
    for (;;) {
      const overlay = await readOverlay(store.context, account.user.id, mailbox.id, view.seq);
      if (overlay !== 'ahead') {
        if (overlay.rev !== this.#overlay.rev) this.#blocks = new WeakMap();
        this.#overlay = overlay;
        return;
      }
      ({ view } = await mailbox.refresh());
    }
  }

  /** The view as the user sees it; the same one as long as nothing changes. */
  viewOf(base: MailboxView): MailboxView {
    const { rev } = this.#overlay;
    if (this.#last?.base !== base || this.#last.rev !== rev) this.#last = { base, rev, view: this.#made(base) };
    return this.#last.view;
  }

  #made(base: MailboxView): MailboxView {
    const { seen, changes } = this.#overlay;
    const { flagSets } = base.state;
    const personal = new Map<number, readonly [unseen: number, seen: number]>();
    const indexes = (index: number): readonly [number, number] => {
      let both = personal.get(index);
      if (both === undefined) {
        const bits = flagSets.bitsAt(index) & ~BigInt(SEEN);
        personal.set(index, (both = [flagSets.indexOf(bits), flagSets.indexOf(bits | BigInt(SEEN))]));
      }
      return both;
    };
    let unseen = 0;
    const blocks = base.state.blocks.map((block) => {
      let own = this.#blocks.get(block);
      if (own === undefined) {
        own = {
          ...block,
          flags: block.flags.map((index, row) => indexes(index)[seen.has(block.uids[row] ?? 0) ? 1 : 0]),
        };
        own = { ...own, seqs: this.#seqs(block) };
        this.#blocks.set(block, own);
      }
      for (const uid of block.uids) if (!seen.has(uid)) unseen++;
      return own;
    });
    const seq = Math.max(base.seq, (changes.at(-1)?.modSeq ?? 0) / MODSEQ_STEP);
    return new MailboxView({ ...base.state, blocks, unseen, seq });
  }

  #seqs(block: Block): Float64Array {
    const changes = this.#overlay.changes.filter(({ uids }) => uids.intersects(firstUid(block), lastUid(block)));
    if (changes.length === 0) return block.seqs;
    return block.seqs.map((seq, row) => {
      const uid = block.uids[row] ?? 0;
      const change = changes.find(({ uids }) => uids.has(uid));
      return Math.max(seq, (change?.modSeq ?? 0) / MODSEQ_STEP);
    });
  }
}

/** The newest view of the mailbox as the user who opened it sees it. */
export async function personalView(open: OpenMailbox): Promise<MailboxView> {
  const { view } = await open.mailbox.refresh();
  if (!open.privateSeen) return view;
  const seen = new PrivateSeen(open);
  await seen.refresh();
  return seen.viewOf(open.mailbox.cached?.view ?? view);
}
