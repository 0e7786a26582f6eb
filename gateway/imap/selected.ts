import type { Clock } from '../../lib/base/clock.ts';
import type { OpenMailbox } from '../../lib/store/account.ts';
import { annotationSeenBy } from '../../lib/store/annotate.ts';
import { StoreError } from '../../lib/store/errors.ts';
import type { Head } from '../../lib/store/head.ts';
import { chainItems } from '../../lib/store/mailbox-columns.ts';
import type { MailboxView } from '../../lib/store/mailbox-view.ts';
import { claimRecent } from '../../lib/store/overlay.ts';
import { PrivateSeen } from '../../lib/store/private-seen.ts';
import { UidSet } from '../../lib/store/uid-set.ts';
import { changesBetween } from './changes.ts';
import { ConversionCache } from './convert/conversion-cache.ts';
import { MessageWindow } from './fetch/message-window.ts';
import { SectionRanges } from './fetch/section-ranges.ts';
import { FlagTexts, flagsLine, permanentFlagsCode } from './flag-texts.ts';
import { LiveRights } from './live-rights.ts';
import { modSeqOf } from './mod-seq.ts';
import { type Beyond, Numbering } from './numbering.ts';
import { SearchUpdates } from './search/updates.ts';
import type { NumberRange, SequenceSet } from './wire/sequence-set.ts';
import { changedAnnotations } from './wire/write/annotation.ts';
import { fetchedHead } from './wire/write/fetched.ts';
import { condition, numbered, vanished } from './wire/write/response.ts';
import { numberCode } from './wire/write/response-code.ts';

/** How a session wants to hear of changes. */
export interface Style {
  /** IMAP4rev2 is enabled: no \Recent. */
  readonly rev2: boolean;
  /** Modification sequences are told (RFC 7162 §3.1). */
  readonly condstore: boolean;
  /** VANISHED instead of EXPUNGE (RFC 7162 §3.2.10). */
  readonly qresync: boolean;
  /** There are no message numbers (RFC 9586). */
  readonly uidOnly: boolean;
}

/** `flags`: but not the new modification sequence; `all`: or it is told by the command itself. */
export type Known = 'nothing' | 'flags' | 'all';

/** A change of flags that the client made: of which messages, and what it knows of one whose flags went from `before` to `after`. */
export interface OwnChange {
  readonly uids: UidSet;
  of(before: bigint, after: bigint): Known;
}

/** What may and must be told now. */
export interface Telling {
  readonly expunges: boolean;
  /** FETCH responses have the UID: the command was a UID command (RFC 9051 §6.4.9). */
  readonly withUid: boolean;
  /** Annotations that changed are told, though SELECT did not ask for them. */
  readonly annotations?: boolean;
  /** The flags of these are told even when they did not change. */
  readonly always?: UidSet;
  /** What the client knows of a change of flags because it made it: nothing without this. */
  readonly knows?: OwnChange;
}

/** Text is handed on in pieces of about this many characters. */
const PIECE_CHARS = 32 * 1024;

/** How a mailbox is selected. */
export interface SelectOptions {
  /** By EXAMINE: nothing can be changed, whatever the rights. */
  readonly examined: boolean;
  readonly windowBytes: number;
  readonly clock: Clock;
}

/** The selected mailbox as this session's client knows it: what it was told is a view, and the truth a newer one. */
export class Selected {
  readonly #rights: LiveRights;
  readonly #examined: boolean;
  /** The part of the message at hand that FETCH keeps. */
  readonly window: MessageWindow;
  /** Where the sections are from which FETCH reads pieces. */
  readonly sections = new SectionRanges();
  /** `$`: the result of the last SEARCH RETURN (SAVE) (RFC 5182). */
  saved: UidSet = UidSet.empty;
  /** Searches whose results the client is kept told of. */
  readonly updates: SearchUpdates;
  /** What was converted last (RFC 5259). */
  readonly conversions = new ConversionCache();
  /** Changes of annotations are told (RFC 5257 §4.2). */
  tellsAnnotations = false;
  #numbering: Numbering;
  /** Of what the records up to this seq have done the client was told everything, expunges too. */
  #wholeSeq: number;
  /** The client was told of modification sequences after that one. */
  #isAhead = false;
  #recent: UidSet = UidSet.empty;
  #recentUpTo = 0;
  /** Where \Seen is the user's own (Rule 16). */
  readonly #privateSeen: PrivateSeen | undefined;
  readonly #release: () => void;

  constructor(
    open: OpenMailbox,
    privateSeen: PrivateSeen | undefined,
    { examined, windowBytes, clock }: SelectOptions,
  ) {
    this.#rights = new LiveRights(open, clock);
    this.#privateSeen = privateSeen;
    this.#examined = examined;
    this.window = new MessageWindow(open.store.context, open.space, windowBytes);
    this.#numbering = new Numbering(this.#newest.view);
    this.#wholeSeq = this.view.seq;
    this.updates = new SearchUpdates(this.view);
    // While somebody listens, the process keeps this mailbox, and all its sessions share one.
    this.#release = open.mailbox.listen(() => undefined);
  }

  /** The mailbox as it is now, which was read into its cache before. */
  static async open(open: OpenMailbox, options: SelectOptions): Promise<Selected> {
    const privateSeen = open.privateSeen ? new PrivateSeen(open) : undefined;
    await privateSeen?.refresh();
    return new Selected(open, privateSeen, options);
  }

  /** Looks at the mailbox: one request, also where what the user has seen is not in its log (Rule 16). */
  async poll(): Promise<void> {
    await (this.#privateSeen?.poll() ?? this.open.mailbox.refresh());
  }

  /** Takes in what this process knows the user to have seen, where that is not in the mailbox's log. */
  async recallSeen(): Promise<void> {
    await this.#privateSeen?.recall();
  }

  /** With the rights of now. */
  get open(): OpenMailbox {
    return this.#rights.open;
  }

  get readOnly(): boolean {
    return this.#examined || !/[istwen]/.test(this.open.rights);
  }

  /** Takes in what the ACL has become; answers what the client is told of it. */
  async refreshRights(): Promise<readonly string[]> {
    const permanent = () => permanentFlagsCode(this.open, this.view, this.readOnly);
    const before = { readOnly: this.readOnly, flags: permanent() };
    if (!(await this.#rights.refresh())) return [];
    const flags = permanent();
    const lines = flags === before.flags ? [] : [condition(null, 'OK', flags, 'Permanent flags')];
    // RFC 9051 §7.1, READ-ONLY: the permission to write has changed.
    if (before.readOnly !== this.readOnly) {
      lines.push(condition(null, 'OK', this.readOnly ? 'READ-ONLY' : 'READ-WRITE', 'The rights have changed'));
    }
    return lines;
  }

  /** The session has left the mailbox. */
  release(): void {
    this.#rights.stop();
    this.#release();
  }

  /** The messages as the client counts them. */
  get numbering(): Numbering {
    return this.#numbering;
  }

  /** What the client was told last. */
  get view(): MailboxView {
    return this.#numbering.view;
  }

  /** Whether the mailbox is still there, as far as this process knows. */
  get isOpen(): boolean {
    return this.#newest.head.state === 'open';
  }

  get #newest(): { readonly head: Head; readonly view: MailboxView } {
    const newest = this.open.mailbox.cached;
    if (newest === undefined) throw new StoreError('gone', 'the mailbox is not known any more');
    if (this.#privateSeen === undefined) return newest;
    return { head: newest.head, view: this.#privateSeen.viewOf(newest.view) };
  }

  /** Whether {@link tell} has something to say. */
  get isBehind(): boolean {
    return this.#newest.view.seq > this.view.seq;
  }

  isRecent(uid: number): boolean {
    return this.#recent.has(uid);
  }

  get recent(): number {
    return this.view.present(this.#recent).size;
  }

  /** Makes the messages that came since the last time \Recent for this session, and for no later one. */
  async claimRecent(): Promise<void> {
    const { uidNext } = this.#newest.view.state;
    if (this.readOnly || uidNext <= this.#recentUpTo) return;
    const from = Math.max(await claimRecent(this.open, uidNext), this.#recentUpTo);
    this.#recentUpTo = uidNext;
    if (from < uidNext) this.noteRecent(from, uidNext);
  }

  /** The messages from one UID to before another are \Recent here. */
  noteRecent(from: number, before: number): void {
    if (from < before) this.#recent = this.#recent.union(UidSet.fromRanges([[from, before - 1]]));
  }

  /**
   * The messages that a set names, and whether some of them are known to be expunged. Not among those named by UID: there a
   * message that is not there is passed over (RFC 9051 §6.4.9).
   */
  named(set: SequenceSet, byUid: boolean, beyond?: Beyond): { readonly uids: UidSet; readonly expunged: boolean } {
    const counted = this.counted(set, byUid, beyond);
    const { ghosts } = this.#numbering;
    const uids = counted.minus(ghosts);
    return { uids, expunged: !byUid && !ghosts.isEmpty && uids.size < counted.size };
  }

  /** The messages that a set names, ghosts included. */
  counted(set: SequenceSet, byUid: boolean, beyond?: Beyond): UidSet {
    if (set === '$') return this.view.present(this.saved);
    return byUid ? this.#numbering.byUid(set) : this.#numbering.bySequence(set, beyond);
  }

  /** Brings the client up to what this process knows of the mailbox: untagged responses, in pieces. */
  *tell(style: Style, telling: Telling): Generator<string> {
    const before = this.#numbering;
    const { view } = this.#newest;
    const { always = UidSet.empty, expunges } = telling;
    const isNews = view !== before.view || (expunges && !before.ghosts.isEmpty);
    if (!isNews && always.isEmpty) return;
    const known = new KnownChanges(before.view, view, telling.knows);
    const { gone, changed } = changesBetween(before.view, view, (uid, was, is) => {
      const knows = known.of(uid, was, is);
      // RFC 7162 §3.1.3: even a silent STORE tells the new modification sequence.
      return knows === 'all' || (knows === 'flags' && !style.condstore);
    });
    const missing = before.ghosts.union(gone);
    this.#numbering = new Numbering(view, expunges ? UidSet.empty : missing);
    if (this.#numbering.ghosts.isEmpty) this.#wholeSeq = view.seq;
    if (expunges) {
      yield* this.updates.expunged(missing, before);
      yield* expungeTexts(before, missing, style);
    }
    if (view.state.keywords.length > before.view.state.keywords.length) {
      yield flagsLine(view);
      yield condition(null, 'OK', permanentFlagsCode(this.open, view, this.readOnly), 'Permanent flags');
    }
    // RFC 9051 §7.4.1: EXPUNGE alone tells the new number of messages.
    if (this.#numbering.exists > before.exists - (expunges ? missing.size : 0)) {
      yield numbered(this.#numbering.exists, 'EXISTS');
      if (!style.rev2) yield numbered(this.recent, 'RECENT');
    }
    yield* this.#flagTexts(before.view, changed, style, { ...telling, known });
  }

  /**
   * How far the client is with everything, after a command during which expunges could not be told, and once more when they
   * have been: else it would take the modification sequences that it saw for that, and miss the expunges if it goes away now
   * (RFC 7162 §3.2, §6). Undefined when it is not ahead.
   */
  howFar(style: Style): string | undefined {
    const wasAhead = this.#isAhead;
    this.#isAhead = style.condstore && !this.#numbering.ghosts.isEmpty;
    if (!wasAhead && !this.#isAhead) return undefined;
    return condition(null, 'OK', numberCode('HIGHESTMODSEQ', modSeqOf(this.#wholeSeq)), 'Highest');
  }

  *#flagTexts(
    before: MailboxView,
    changed: UidSet,
    style: Style,
    telling: Telling & { readonly known: KnownChanges },
  ): Generator<string> {
    const { always = UidSet.empty, known } = telling;
    const { view } = this;
    const texts = new FlagTexts(view);
    const asks = this.tellsAnnotations || telling.annotations === true;
    const annotated = asks ? annotatedSince(view, before.seq, this.open.account.user.id) : undefined;
    let text = '';
    for (const uid of view.present(changed.union(always))) {
      const knowsOf = always.has(uid) ? 'nothing' : known.of(uid, before.flagSetOf(uid), view.flagSetOf(uid));
      const items: string[] = [];
      if (!style.uidOnly && (telling.withUid || style.condstore || style.rev2)) items.push(`UID ${uid}`);
      if (knowsOf === 'nothing') items.push(texts.of(uid, !style.rev2 && this.isRecent(uid)));
      const entries = knowsOf === 'nothing' ? annotated?.get(uid) : undefined;
      if (entries !== undefined) items.push(changedAnnotations(entries, { utf8: false }));
      if (style.condstore) items.push(`MODSEQ (${modSeqOf(view.seqOf(uid))})`);
      const head = fetchedHead(style.uidOnly, uid, (one) => this.#numbering.sequenceOf(one));
      text += `${head}${items.join(' ')})\r\n`;
      if (text.length < PIECE_CHARS) continue;
      yield text;
      text = '';
    }
    if (text !== '') yield text;
  }
}

/** What the client knows, asked once for each pair of flag sets: a STORE of all messages has few of them. */
class KnownChanges {
  readonly #before: MailboxView;
  readonly #after: MailboxView;
  readonly #own: OwnChange | undefined;
  readonly #known = new Map<number, Map<number, Known>>();
  /** The pair that was asked for last: neighbours mostly have the same flags. */
  #last = { was: -1, is: -1, known: 'nothing' as Known };

  constructor(before: MailboxView, after: MailboxView, own: OwnChange | undefined) {
    this.#before = before;
    this.#after = after;
    this.#own = own;
  }

  /** `was`, `is`: the message's flag sets in the two views; undefined where it is not. */
  of(uid: number, was: number | undefined, is: number | undefined): Known {
    if (was === undefined || is === undefined) return 'nothing';
    if (this.#own === undefined || !this.#own.uids.has(uid)) return 'nothing';
    if (was !== this.#last.was || is !== this.#last.is) this.#last = { was, is, known: this.#pair(this.#own, was, is) };
    return this.#last.known;
  }

  #pair(own: OwnChange, was: number, is: number): Known {
    let from = this.#known.get(was);
    if (from === undefined) this.#known.set(was, (from = new Map()));
    let known = from.get(is);
    if (known === undefined) {
      const bits = this.#before.state.flagSets.bitsAt(was);
      from.set(is, (known = own.of(bits, this.#after.state.flagSets.bitsAt(is))));
    }
    return known;
  }
}

/**
 * The entries of annotations that a user may see and that records after a seq have changed, by message. Of what a snapshot has
 * taken in meanwhile the entries are not known any more: then the client is told that the message has changed, but not what.
 */
function annotatedSince({ state }: MailboxView, seq: number, user: string): Map<number, Set<string>> {
  const found = new Map<number, Set<string>>();
  for (const recent of chainItems(state.annotations.recent)) {
    if (recent.seq <= seq) break;
    for (const { uids, values } of recent.groups) {
      const entries = [...values.keys()].flatMap((key) => annotationSeenBy(user, key)?.entry ?? []);
      if (entries.length === 0) continue;
      for (const uid of uids) found.set(uid, new Set([...(found.get(uid) ?? []), ...entries]));
    }
  }
  return found;
}

/** The set as ranges to write. */
export function rangesOf(uids: UidSet): NumberRange[] {
  return [...uids.ranges()].map(([from, to]) => ({ from, to }));
}

/** EXPUNGE from the last message to the first, so that no number moves another; VANISHED names UIDs. */
function* expungeTexts(numbering: Numbering, uids: UidSet, style: Style): Generator<string> {
  if (style.qresync || style.uidOnly) {
    const text = vanished(rangesOf(uids), false);
    if (text !== '') yield text;
    return;
  }
  const numbers: number[] = [];
  for (const uid of uids) numbers.push(numbering.sequenceOf(uid));
  let text = '';
  for (const number of numbers.reverse()) {
    text += numbered(number, 'EXPUNGE');
    if (text.length < PIECE_CHARS) continue;
    yield text;
    text = '';
  }
  if (text !== '') yield text;
}
