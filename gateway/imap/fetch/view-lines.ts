import type { Block } from '../../../lib/store/mailbox-block.ts';
import { firstUid, lastUid } from '../../../lib/store/mailbox-block.ts';
import type { UidSet } from '../../../lib/store/uid-set.ts';
import type { Context } from '../context.ts';
import { FlagTexts } from '../flag-texts.ts';
import { modSeqOf } from '../mod-seq.ts';
import type { FetchItem } from '../wire/fetch-item.ts';
import { LineBytes } from './line-bytes.ts';

type ViewItem = FetchItem & { readonly item: 'UID' | 'FLAGS' | 'MODSEQ' };

/** Whether all that is asked for is in the view. */
export function areInView(items: readonly FetchItem[]): items is readonly ViewItem[] {
  return items.every(({ item }) => item === 'UID' || item === 'FLAGS' || item === 'MODSEQ');
}

/**
 * Writes FETCH responses (RFC 9051 §7.5.2) of what the view holds, a block at a time and as bytes: every client asks for the
 * flags of all its messages, and a text of its own for each number would be most of what that costs.
 */
export async function writeViewLines(context: Context, items: readonly ViewItem[], uids: UidSet): Promise<void> {
  const lines = new ViewLines(context, items);
  for (const block of context.selected.view.state.blocks) {
    if (!uids.intersects(firstUid(block), lastUid(block))) continue;
    lines.add(block, uids);
    const bytes = lines.take();
    if (bytes.length > 0) context.write(bytes);
    await context.breathe();
  }
}

class ViewLines {
  readonly #context: Context;
  readonly #items: readonly ViewItem[];
  readonly #flagTexts: FlagTexts;
  readonly #out = new LineBytes();

  constructor(context: Context, items: readonly ViewItem[]) {
    this.#context = context;
    this.#items = items;
    this.#flagTexts = new FlagTexts(context.selected.view);
  }

  take(): Buffer {
    return this.#out.take();
  }

  /** The lines of those of the block's messages that are in the set. */
  add(block: Block, uids: UidSet): void {
    const { numbering } = this.#context.selected;
    const { uidOnly } = this.#context.style;
    const out = this.#out;
    // Without ghosts the numbers of a block follow each other.
    const before = numbering.ghosts.isEmpty ? numbering.sequenceOf(firstUid(block)) : undefined;
    for (let row = 0; row < block.uids.length; row++) {
      const uid = block.uids[row] as number;
      if (!uids.has(uid)) continue;
      out.text('* ');
      // RFC 9586 §3.3
      out.number(uidOnly ? uid : before === undefined ? numbering.sequenceOf(uid) : before + row);
      out.text(uidOnly ? ' UIDFETCH (' : ' FETCH (');
      for (let nth = 0; nth < this.#items.length; nth++) {
        if (nth > 0) out.text(' ');
        this.#addItem((this.#items[nth] as ViewItem).item, block, row);
      }
      out.text(')\r\n');
    }
  }

  #addItem(item: ViewItem['item'], { uids, flags, seqs }: Block, row: number): void {
    const uid = uids[row] as number;
    const { selected, style } = this.#context;
    if (item === 'UID') {
      this.#out.text('UID ');
      this.#out.number(uid);
    } else if (item === 'FLAGS') {
      this.#out.text(this.#flagTexts.ofSet(flags[row] as number, !style.rev2 && selected.isRecent(uid)));
    } else {
      this.#out.text(`MODSEQ (${modSeqOf(seqs[row] as number)})`);
    }
  }
}
