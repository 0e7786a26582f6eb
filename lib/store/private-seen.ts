import type { OpenMailbox } from './account.ts';
import { SEEN } from './flag-sets.ts';
import { decodeHead } from './head.ts';
import { headKey, overlayKey } from './keys.ts';
import { type Block, firstUid, lastUid } from './mailbox-block.ts';
import { MailboxView } from './mailbox-view.ts';
import { decodeOverlay, isAhead, MODSEQ_STEP, NO_OVERLAY, type Overlay, readStored } from './overlay.ts';

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
      const stored = await readStored(store.context, account.user.id, mailbox.id, view.seq);
      if (stored !== 'ahead') {
        store.overlays.note(account.user.id, mailbox.id, stored, view.seq);
        return this.#take(stored.overlay);
      }
      ({ view } = await mailbox.refresh());
    }
  }

  /**
   * What this process knows the user to have seen, where that was read after the newest head that it knows; else it is read. What
   * another process has changed since is found when the mailbox is looked at.
   */
  async recall(): Promise<void> {
    const { mailbox, store, account } = this.#open;
    const known = store.overlays.get(account.user.id, mailbox.id);
    const seq = mailbox.cached?.view.seq;
    const isWhole = known !== undefined && seq !== undefined && known.headSeq >= seq;
    if (!isWhole || isAhead(known.stored.overlay, seq)) return this.refresh();
    this.#take(known.stored.overlay);
  }

  /**
   * Looks at mailbox and overlay, both in one request. A batch has no order: the overlay counts as read after the head only
   * where the head is still as it was known before; a mailbox that has moved is read one after the other (Rule 16).
   */
  async poll(): Promise<void> {
    const { mailbox, store, account } = this.#open;
    const { user } = account;
    const before = mailbox.cached?.head;
    if (before?.state !== 'open') {
      await mailbox.refresh();
      return this.refresh();
    }
    const { index } = store.context;
    const [item, overlay] = await index.batchGet([headKey('M', mailbox.id), overlayKey(user.id, mailbox.id)]);
    const head = item && decodeHead(item);
    const stored = head?.rev === before.rev ? await decodeOverlay(store.context, user.id, overlay) : undefined;
    const isSettled = stored?.overlay.changingMs === 0 && !isAhead(stored.overlay, before.seq);
    if (stored === undefined || !isSettled) {
      await (head === undefined ? mailbox.refresh() : mailbox.offer(head));
      return this.refresh();
    }
    store.overlays.note(user.id, mailbox.id, stored, before.seq);
    this.#take(stored.overlay);
  }

  #take(overlay: Overlay): void {
    if (overlay.rev !== this.#overlay.rev) this.#blocks = new WeakMap();
    this.#overlay = overlay;
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
