import type { MailboxView } from '../../lib/store/mailbox-view.ts';
import { UidSet } from '../../lib/store/uid-set.ts';
import { BadSyntax } from './wire/bad-syntax.ts';
import { resolveSet, type SequenceRange } from './wire/sequence-set.ts';

/** What becomes of message numbers beyond the last one: RFC 7377 §2 wants searches to take them. */
export type Beyond = 'refused' | 'nothing';

/**
 * The messages as the client counts them: those of the view it was told last, and ghosts, which are expunged but could
 * not be told yet because a sequence number was in use (RFC 9051 §7.5.1). Immutable.
 */
export class Numbering {
  readonly view: MailboxView;
  readonly ghosts: UidSet;
  /** The ghosts' ranges, with how many ghosts are before each. */
  readonly #ranges: readonly { readonly from: number; readonly to: number; readonly before: number }[];
  readonly #ghostCount: number;

  constructor(view: MailboxView, ghosts: UidSet = UidSet.empty) {
    this.view = view;
    this.ghosts = ghosts;
    let before = 0;
    this.#ranges = [...ghosts.ranges()].map(([from, to]) => {
      const range = { from, to, before };
      before += to - from + 1;
      return range;
    });
    this.#ghostCount = before;
  }

  /** How many messages the client counts. */
  get exists(): number {
    return this.view.exists + this.#ghostCount;
  }

  /** The UID that `*` stands for; 0 when there is no message. */
  get lastUid(): number {
    return this.uidAt(this.exists) ?? 0;
  }

  /** UID of the message with this sequence number; undefined when there is none. */
  uidAt(sequence: number): number | undefined {
    if (this.#ghostCount === 0) return this.view.uidAt(sequence);
    if (sequence < 1 || sequence > this.exists) return undefined;
    let low = 1;
    let high = this.view.state.uidNext - 1;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (this.#countBelow(middle + 1) >= sequence) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** Sequence number of the message; 0 when the client does not count it. */
  sequenceOf(uid: number): number {
    if (this.#ghostCount === 0) return this.view.sequenceOf(uid);
    return this.view.has(uid) || this.ghosts.has(uid) ? this.#countBelow(uid) + 1 : 0;
  }

  /** The UIDs of a set of UIDs that the client counts; numbers of no message are left out (RFC 9051 §6.4.9). */
  byUid(set: readonly SequenceRange[]): UidSet {
    const ranges = resolveSet(set, this.lastUid).map(({ from, to }): [number, number] => [from, to]);
    return this.#known(UidSet.fromRanges(ranges));
  }

  /**
   * The UIDs behind sequence numbers. A number of no message is the client's error (RFC 9051 §9, seq-number).
   * Quirk (clients that look for new mail with `4:*`): a range to `*` may begin beyond the last message, which it then
   * means, and means nothing in an empty mailbox. In a search other numbers may go beyond, too, and mean nothing.
   */
  bySequence(set: readonly SequenceRange[], beyond: Beyond = 'refused'): UidSet {
    const { exists } = this;
    const isBeyond = set.some(({ from, to }) => from !== '*' && to !== '*' && Math.max(from, to) > exists);
    if (isBeyond && beyond === 'refused') throw new BadSyntax(`Invalid message number (there are ${exists} messages)`);
    const known = resolveSet(set, exists).filter(({ from }) => from <= exists || beyond === 'refused');
    const ranges = known.map(({ from, to }) => ({
      from: Math.min(from, exists),
      to: Math.min(to, exists),
    }));
    const [first] = ranges;
    if (this.#ghostCount === 0 && first?.from === 1 && first.to === exists) return this.view.allUids();
    const uids: number[] = [];
    for (const { from, to } of ranges) {
      for (let n = Math.max(1, from); n <= to; n++) {
        const uid = this.uidAt(n) ?? 0;
        // Clipped ranges may overlap at the last message.
        if (uid > (uids.at(-1) ?? 0)) uids.push(uid);
      }
    }
    return UidSet.fromSorted(uids);
  }

  /** Those of the set that are messages here. */
  #known(set: UidSet): UidSet {
    const present = this.view.present(set);
    return this.#ghostCount === 0 ? present : present.union(this.ghosts.minus(this.ghosts.minus(set)));
  }

  #countBelow(uid: number): number {
    return this.view.countBelow(uid) + this.#ghostsBelow(uid);
  }

  #ghostsBelow(uid: number): number {
    let low = 0;
    let high = this.#ranges.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#ranges[middle]?.to ?? 0) < uid) low = middle + 1;
      else high = middle;
    }
    const range = this.#ranges[low];
    if (range === undefined) return this.#ghostCount;
    return range.before + Math.max(0, uid - range.from);
  }
}
