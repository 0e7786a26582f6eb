import type { ByteRange } from '../../../lib/message/section.ts';
import type { Summary } from '../../../lib/message/summary.ts';
import { StoreError } from '../../../lib/store/errors.ts';
import type { ValuesByUid } from '../../../lib/store/mailbox-annotations.ts';
import type { ColdRow } from '../../../lib/store/mailbox-block.ts';
import type { MailboxView } from '../../../lib/store/mailbox-view.ts';
import { mailboxSummaries } from '../../../lib/store/summary-pieces.ts';
import { UidSet } from '../../../lib/store/uid-set.ts';
import { ConnectionClosed } from '../../net/connection.ts';
import { annotationsShown } from '../annotations-shown.ts';
import type { Context } from '../context.ts';
import { BrokenLiteral } from '../errors.ts';
import { FlagTexts } from '../flag-texts.ts';
import { modSeqOf } from '../mod-seq.ts';
import type { FetchItem } from '../wire/fetch-item.ts';
import { annotationPieces } from '../wire/write/annotation.ts';
import { binarySectionName, bodySectionName } from '../wire/write/fetch.ts';
import { fetchedHead } from '../wire/write/fetched.ts';
import { dateTime } from '../wire/write/text.ts';
import { literalOf, writeLiteral } from './octet-writer.ts';
import { AHEAD_BYTES, ReadAhead, type Wanted } from './read-ahead.ts';
import { cut, type Facts, hasOctets, needsRow, needsSummary, octetsOf, pieceOf, rangeOf } from './sections.ts';
import { isSummaryText } from './summary-texts.ts';

interface Message extends Facts {
  readonly row: ColdRow | undefined;
  /** Of each item, where it is made of the summary, its text. */
  readonly texts?: readonly (string | undefined)[] | undefined;
}

/** Text is handed on in pieces of about this many characters. */
const PIECE_CHARS = 16 * 1024;

/** Messages that are written before others are asked. */
const AT_ONCE = 16;

interface Span extends ByteRange {
  /** As far as a client that asks for pieces will ask next. */
  readonly upTo: number;
}

/** Writes FETCH responses (RFC 9051 §7.5.2): data is loaded for many messages together, octets stream. */
export class FetchWriter {
  /** Some message turned out to be gone. */
  sawExpunged = false;
  /** Some part has a transfer encoding that nobody knows. */
  sawUnknownEncoding = false;
  readonly #context: Context;
  readonly #view: MailboxView;
  readonly #items: readonly FetchItem[];
  /** Whose flags are new by this very command: they are told with the rest. */
  readonly #flagged: UidSet;
  readonly #flagTexts: FlagTexts;
  /** Of the messages at hand. */
  #annotations: ValuesByUid = new Map();
  /** Of summaries, nothing but texts is asked for. */
  readonly #needsOnlyTexts: boolean;

  constructor(context: Context, items: readonly FetchItem[], flagged: UidSet) {
    this.#context = context;
    this.#view = context.selected.view;
    this.#items = items;
    this.#flagged = flagged;
    this.#flagTexts = new FlagTexts(this.#view);
    this.#needsOnlyTexts = items.every((item) => isSummaryText(item) || !needsSummary(item));
  }

  /** Writes the responses for some messages; those that are gone are left out. */
  async write(uids: readonly number[]): Promise<void> {
    const messages = await this.#load(uids);
    await this.#loadAnnotations(uids);
    if (!this.#items.some(needsSummary)) return this.#writeAll(messages, messages.length);
    const pieces = this.#piecesKnown(messages);
    if (pieces !== undefined) return this.#writeAll([pieces], 1);
    const { open } = this.#context.selected;
    const unread = messages.filter(({ texts }) => texts === undefined);
    const wanted = unread.flatMap(({ uid, row }) => (row === undefined ? [] : [{ uid, blob: row.blob }]));
    const unpack = await mailboxSummaries(open, this.#view, wanted);
    const { structuresAtOnce } = this.#context.options.limits;
    let read = 0;
    for (let at = 0; at < messages.length; ) {
      const some: Message[] = [];
      for (const end = read + structuresAtOnce; at < messages.length && read < end; at++) {
        const message = messages[at] as Message;
        const whole = message.texts === undefined ? await this.#withSummary(message, unpack(read++)) : message;
        if (whole === undefined) this.sawExpunged = true;
        else some.push(whole);
      }
      await this.#writeAll(some, messages.length);
    }
  }

  async #loadAnnotations(uids: readonly number[]): Promise<void> {
    if (!this.#items.some(({ item }) => item === 'ANNOTATION')) return;
    const { mailbox } = this.#context.selected.open;
    this.#annotations = await mailbox.annotations(this.#view, UidSet.fromSorted(uids));
  }

  /** The message, when pieces of it are asked for and where they are is known from a command before. */
  #piecesKnown([message, ...others]: readonly Message[]): Message | undefined {
    const blob = message?.row?.blob;
    if (message === undefined || blob === undefined || others.length > 0) return undefined;
    const { sections } = this.#context.selected;
    const isKnown = (item: FetchItem): boolean => {
      const section = pieceOf(item);
      return section === undefined ? !needsSummary(item) : sections.get(blob, section) !== undefined;
    };
    if (!this.#items.every(isKnown)) return undefined;
    return { ...message, known: (section) => sections.get(blob, section) };
  }

  #holdPieces({ blob }: ColdRow, { structure }: Summary): void {
    for (const item of this.#items) {
      const section = pieceOf(item);
      const range = section && rangeOf(structure, section);
      if (section !== undefined && range !== undefined) this.#context.selected.sections.hold(blob, section, range);
    }
  }

  async #withSummary(message: Message, unpacking: Promise<Summary | undefined>): Promise<Message | undefined> {
    const [summary, { row }] = [await unpacking, message];
    if (summary === undefined || row === undefined) return undefined;
    this.#holdPieces(row, summary);
    const { dialect, options } = this.#context;
    const texts = this.#items.map((item) =>
      isSummaryText(item) ? options.summaryTexts.make(item, row.blob, summary, dialect) : undefined,
    );
    return { ...message, summary, texts };
  }

  /** The texts of a message that were written before; undefined when its summary is needed. */
  #knownTexts({ blob }: ColdRow): (string | undefined)[] | undefined {
    if (!this.#needsOnlyTexts) return undefined;
    const { dialect, options } = this.#context;
    const texts: (string | undefined)[] = [];
    for (const item of this.#items) {
      const text = isSummaryText(item) ? options.summaryTexts.get(item, blob, dialect) : undefined;
      if (text === undefined && isSummaryText(item)) return undefined;
      texts.push(text);
    }
    return texts;
  }

  /** `together`: how many messages are asked for, these among them. */
  async #writeAll(messages: readonly Message[], together: number): Promise<void> {
    if (!this.#items.some(hasOctets)) return this.#writeTexts(messages);
    const { open, window } = this.#context.selected;
    const ahead = new ReadAhead(open, window, messages, (message) => this.#early(message, together));
    for (const [i, message] of messages.entries()) {
      await ahead.upTo(i);
      await this.#writeMessage(message);
      await this.#context.breathe();
    }
  }

  /** Writes messages of which no octets are asked for: nothing is waited for but the client. */
  async #writeTexts(messages: readonly Message[]): Promise<void> {
    const { numbering } = this.#context.selected;
    const { uidOnly } = this.#context.style;
    const flagged = withFlags(this.#items, this.#context);
    let text = '';
    for (const [i, message] of messages.entries()) {
      const items = this.#flagged.has(message.uid) ? flagged : this.#items;
      text += fetchedHead(uidOnly, message.uid, (uid) => numbering.sequenceOf(uid));
      for (let nth = 0; nth < items.length; nth++) {
        const value = this.#text(items[nth] as FetchItem, nth, message);
        text += nth === 0 ? value : ` ${value}`;
      }
      text += ')\r\n';
      if (text.length >= PIECE_CHARS) {
        this.#context.write(text);
        text = '';
      }
      if (i % AT_ONCE === AT_ONCE - 1) await this.#context.breathe();
    }
    if (text !== '') this.#context.write(text);
    await this.#context.breathe();
  }

  async #load(uids: readonly number[]): Promise<Message[]> {
    const { open } = this.#context.selected;
    if (!this.#items.some(needsRow)) {
      return uids.map((uid) => ({ uid, sizeBytes: 0, row: undefined, summary: undefined }));
    }
    const rows = await open.mailbox.cold(this.#view, UidSet.fromSorted(uids));
    const found = uids.flatMap((uid) => {
      const row = rows.get(uid);
      if (row === undefined) return [];
      return [{ uid, row, sizeBytes: row.sizeBytes, summary: undefined, texts: this.#knownTexts(row) }];
    });
    if (found.length < uids.length) this.sawExpunged = true;
    return found;
  }

  async #writeMessage(message: Message): Promise<void> {
    try {
      await this.#readFirst(message);
    } catch (error) {
      if (!(error instanceof StoreError && error.code === 'expunged')) throw error;
      this.sawExpunged = true;
      return;
    }
    try {
      await this.#writeItems(message);
    } catch (error) {
      if (error instanceof ConnectionClosed || error instanceof BrokenLiteral) throw error;
      throw new BrokenLiteral('a FETCH response could not be completed', { cause: error });
    }
  }

  /** Reads octets of the message before anything is written of it: afterwards there is no way back. */
  async #readFirst(message: Message): Promise<void> {
    const { row } = message;
    const span = row && this.#span(message);
    if (row === undefined || span === undefined) return;
    const { window } = this.#context.selected;
    if (this.#isLent(message, row)) await window.read(row.blob, { start: span.start, end: span.start + 1 });
    else if (span.end - span.start <= window.maxBytes) await window.read(row.blob, span, span.upTo);
    else await window.read(row.blob, { start: span.start, end: span.start + AHEAD_BYTES });
  }

  /** What is read before the message's turn: not when pieces of one message are asked for, which the window serves. */
  #early(message: Message, count: number): Wanted | undefined {
    const span = message.row && this.#span(message);
    if (message.row === undefined || span === undefined || count === 1 || span.upTo > span.end) return undefined;
    if (this.#isLent(message, message.row)) return undefined;
    return { blob: message.row.blob, range: span };
  }

  /** Whether all octets asked for are one range, which is read as it goes out. */
  #isLent(message: Message, { blob }: ColdRow): boolean {
    const [octets, ...others] = this.#items.flatMap((item) => octetsOf(item, message) ?? []);
    if (octets === undefined || others.length > 0 || octets.how.kind !== 'as-is' || octets.partial !== null)
      return false;
    return this.#context.selected.window.lends(blob, octets.range);
  }

  /** The range that covers all octets asked for. */
  #span(message: Message): Span | undefined {
    let [start, end, upTo] = [Number.POSITIVE_INFINITY, 0, 0];
    for (const item of this.#items) {
      const octets = octetsOf(item, message);
      if (octets === undefined) continue;
      const range = octets.how.kind === 'as-is' ? cut(octets.range, octets.partial) : octets.range;
      if (range.end <= range.start) continue;
      start = Math.min(start, range.start);
      end = Math.max(end, range.end);
      upTo = Math.max(upTo, octets.partial === null ? range.end : octets.range.end);
    }
    return end > start ? { start, end, upTo } : undefined;
  }

  async #writeItems(message: Message): Promise<void> {
    const { uid } = message;
    const { selected, style } = this.#context;
    let text = fetchedHead(style.uidOnly, uid, (one) => selected.numbering.sequenceOf(one));
    let separator = '';
    const items: readonly FetchItem[] = this.#flagged.has(uid) ? withFlags(this.#items, this.#context) : this.#items;
    for (const [nth, item] of items.entries()) {
      const value = this.#text(item, nth, message);
      if (value !== undefined) {
        text += `${separator}${value}`;
        separator = ' ';
        continue;
      }
      if (item.item === 'ANNOTATION') {
        const shown = annotationsShown(item, this.#annotations.get(uid), selected.open.account.user.id);
        if (shown.length === 0) continue;
        this.#context.write(text + separator);
        for (const piece of annotationPieces(shown, item.attributes, this.#context.dialect)) this.#context.write(piece);
        [text, separator] = ['', ' '];
        continue;
      }
      const octets = octetsOf(item, message);
      const name = `${separator}${this.#octetsName(item)} `;
      const literal =
        octets && message.row && (await literalOf(this.#context.selected.window, message.row.blob, octets));
      if (octets !== undefined && literal === undefined) {
        // RFC 3516 §4.3: the item is left out, and the command answered with UNKNOWN-CTE.
        this.sawUnknownEncoding = true;
        continue;
      }
      separator = ' ';
      if (item.item === 'BINARY.SIZE[]') text += `${name}${literal?.sizeBytes ?? 0}`;
      else if (literal === undefined) text += `${name}NIL`;
      else if (literal.sizeBytes === 0) text += `${name}""`;
      else {
        this.#context.write(text + name);
        text = '';
        await writeLiteral(this.#context, literal);
      }
    }
    // RFC 5257 §4.4: of a pattern that nothing matches nothing is said.
    if (separator !== '') this.#context.write(`${text})\r\n`);
  }

  /** Items that are text; undefined for those that are octets of the message. */
  #text(item: FetchItem, nth: number, { uid, row, texts }: Message): string | undefined {
    const { style, selected } = this.#context;
    switch (item.item) {
      case 'UID':
        return `UID ${uid}`;
      case 'FLAGS':
        return this.#flagTexts.of(uid, !style.rev2 && selected.isRecent(uid));
      case 'MODSEQ':
        return `MODSEQ (${modSeqOf(this.#view.seqOf(uid))})`;
      case 'INTERNALDATE':
        return `INTERNALDATE ${dateTime((row?.internalDate ?? 0) * 1000)}`;
      case 'SAVEDATE':
        return `SAVEDATE ${dateTime((row?.savedDate ?? 0) * 1000)}`;
      case 'EMAILID':
        return `EMAILID (${row?.blob ?? ''})`;
      case 'RFC822.SIZE':
        return `RFC822.SIZE ${row?.sizeBytes ?? 0}`;
      default:
        return texts?.[nth];
    }
  }

  #octetsName(item: FetchItem): string {
    switch (item.item) {
      case 'BODY[]':
        return bodySectionName(item.section, item.partial, this.#context.dialect);
      case 'BINARY[]':
        return binarySectionName('BINARY', item.part, item.partial);
      case 'BINARY.SIZE[]':
        return binarySectionName('BINARY.SIZE', item.part, null);
      default:
        return item.item;
    }
  }
}

/** RFC 9051 §6.4.5: flags that change by the FETCH are told with it. */
function withFlags(items: readonly FetchItem[], { style }: Context): FetchItem[] {
  const missing = (['FLAGS', ...(style.condstore ? (['MODSEQ'] as const) : [])] as const).filter(
    (name) => !items.some(({ item }) => item === name),
  );
  return [...items, ...missing.map((item) => ({ item }))];
}
