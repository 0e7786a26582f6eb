import { inSlices } from '../../../lib/search/slices.ts';
import { sortMessages } from '../../../lib/search/sort.ts';
import type { MailboxView } from '../../../lib/store/mailbox-view.ts';
import { UidSet } from '../../../lib/store/uid-set.ts';
import { changesBetween } from '../changes.ts';
import type { Context } from '../context.ts';
import { Refused } from '../errors.ts';
import { FetchWriter } from '../fetch/fetch-writer.ts';
import type { Numbering } from '../numbering.ts';
import type { Selected } from '../selected.ts';
import type { SearchProgram } from '../wire/commands.ts';
import type { FetchItem } from '../wire/fetch-item.ts';
import type { SearchKey, SortCriterion } from '../wire/search-key.ts';
import { condition } from '../wire/write/response.ts';
import { noUpdate } from '../wire/write/response-code.ts';
import { type PlacedUids, searchUpdate } from '../wire/write/search.ts';
import { runProgram } from './program.ts';
import { needsOf, sortables } from './sortables.ts';

/** A search whose result the client is kept told of (RFC 5267 §4.3). */
interface Updating {
  readonly tag: string;
  readonly uid: boolean;
  readonly program: SearchProgram;
  /** Undefined for SEARCH: then no place in the result means anything. */
  readonly criteria: readonly SortCriterion[] | undefined;
  /** What is fetched of new messages that come to the result. */
  readonly fetch: readonly FetchItem[];
  /** What the client has, in order. */
  uids: readonly number[];
}

/** The searches with UPDATE of a selected mailbox; they end with it. */
export class SearchUpdates {
  readonly #all = new Map<string, Updating>();
  #upTo: MailboxView;

  constructor(view: MailboxView) {
    this.#upTo = view;
  }

  get size(): number {
    return this.#all.size;
  }

  has(tag: string): boolean {
    return this.#all.has(tag);
  }

  /** Message numbers in the programme mean the messages that have them now. */
  add(updating: Updating, selected: Selected): void {
    if (this.#all.size === 0) this.#upTo = selected.view;
    const key = fixed(updating.program.key, selected);
    this.#all.set(updating.tag, { ...updating, program: { ...updating.program, key } });
  }

  /** Whether there was one. */
  cancel(tag: string): boolean {
    return this.#all.delete(tag);
  }

  /** Before messages are told to be gone: they go from the results, while their numbers still mean something. */
  *expunged(uids: UidSet, numbering: Numbering): Generator<string> {
    for (const one of this.#all.values()) {
      const gone = one.uids.filter((uid) => uids.has(uid));
      if (gone.length > 0) yield this.#removed(one, new Set(gone), numbering);
    }
  }

  /** After the client was told of changes: what they change in the results. */
  async refresh(context: Context, selected: Selected): Promise<void> {
    const [before, { view, numbering }] = [this.#upTo, selected];
    this.#upTo = view;
    if (this.#all.size === 0 || before === view) return;
    const { changed } = changesBetween(before, view);
    const fresh = UidSet.fromRanges([[before.state.uidNext, Math.max(before.state.uidNext, view.state.uidNext - 1)]]);
    const touched = view.present(changed.union(fresh));
    if (touched.isEmpty) return;
    for (const one of [...this.#all.values()]) {
      try {
        const { uids } = await runProgram(context, one.program, selected, undefined, touched);
        const found = new Set(uids);
        const had = new Set(one.uids);
        const lost = new Set([...touched].filter((uid) => had.has(uid) && !found.has(uid)));
        if (lost.size > 0) context.write(this.#removed(one, lost, numbering));
        const won = new Set(uids.filter((uid) => !had.has(uid)));
        // RFC 5465 §7: EXISTS, then these, then ADDTO.
        const come = one.fetch.length > 0 ? [...won].filter((uid) => fresh.has(uid)) : [];
        if (come.length > 0) await new FetchWriter(context, one.fetch, UidSet.empty).write(come);
        if (won.size > 0) context.write(await this.#added(context, one, won, selected));
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        this.#all.delete(one.tag);
        context.write(condition(null, 'NO', noUpdate(one.tag), error.reply.text));
      }
    }
  }

  #removed(one: Updating, lost: ReadonlySet<number>, numbering: Numbering): string {
    const number = numberIn(one, numbering);
    const places: PlacedUids[] = [];
    // From the last to the first, so that no removal moves another.
    for (let at = one.uids.length - 1; at >= 0; at--) {
      const uid = one.uids[at] as number;
      if (lost.has(uid)) places.push({ position: at + 1, numbers: [number(uid)] });
    }
    one.uids = one.uids.filter((uid) => !lost.has(uid));
    return searchUpdate('REMOVEFROM', one, one.criteria ? places : unplaced(places));
  }

  async #added(context: Context, one: Updating, won: ReadonlySet<number>, selected: Selected): Promise<string> {
    one.uids = await ordered(
      context,
      [...one.uids, ...won].sort((a, b) => a - b),
      one.criteria,
    );
    const number = numberIn(one, selected.numbering);
    const places: { position: number; numbers: number[] }[] = [];
    for (const [at, uid] of one.uids.entries()) {
      if (!won.has(uid)) continue;
      const last = places.at(-1);
      if (last !== undefined && last.position + last.numbers.length === at + 1) last.numbers.push(number(uid));
      else places.push({ position: at + 1, numbers: [number(uid)] });
    }
    return searchUpdate('ADDTO', one, one.criteria ? places : unplaced(places));
  }
}

/** Position 0: the order means nothing (RFC 5267 §4.3.2). */
function unplaced(places: readonly PlacedUids[]): PlacedUids[] {
  return [{ position: 0, numbers: places.flatMap(({ numbers }) => numbers).sort((a, b) => a - b) }];
}

function numberIn({ uid }: Updating, numbering: Numbering): (one: number) => number {
  return (one) => (uid ? one : numbering.sequenceOf(one));
}

async function ordered(
  context: Context,
  uids: readonly number[],
  criteria: readonly SortCriterion[] | undefined,
): Promise<readonly number[]> {
  if (criteria === undefined) return uids;
  const messages = await sortables(context, uids, needsOf(criteria));
  return inSlices(sortMessages(messages, criteria), () => context.breathe());
}

function fixed(key: SearchKey, selected: Selected): SearchKey {
  switch (key.key) {
    case 'sequence': {
      const set = [...selected.named(key.set, false, 'nothing').uids.ranges()].map(([from, to]) => ({ from, to }));
      return set.length === 0 ? { key: 'not', inner: { key: 'all' } } : { key: 'uid', set };
    }
    case 'and':
      return { key: 'and', keys: key.keys.map((inner) => fixed(inner, selected)) };
    case 'or':
      return { key: 'or', left: fixed(key.left, selected), right: fixed(key.right, selected) };
    case 'not':
    case 'fuzzy':
      return { key: key.key, inner: fixed(key.inner, selected) };
    default:
      return key;
  }
}
