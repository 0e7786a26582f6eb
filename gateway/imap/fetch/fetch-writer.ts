import type { ByteRange } from '../../../lib/message/section.ts';
import type { Summary } from '../../../lib/message/summary.ts';
import { gistOf } from '../../../lib/search/gist.ts';
import { threadId } from '../../../lib/search/thread-id.ts';
import { StoreError } from '../../../lib/store/errors.ts';
import type { ColdRow } from '../../../lib/store/mailbox-block.ts';
import type { MailboxView } from '../../../lib/store/mailbox-view.ts';
import { packedSummaries } from '../../../lib/store/messages.ts';
import { UidSet } from '../../../lib/store/uid-set.ts';
import { ConnectionClosed } from '../../net/connection.ts';
import type { Context } from '../context.ts';
import { BrokenLiteral } from '../errors.ts';
import { FlagTexts } from '../flag-texts.ts';
import { modSeqOf } from '../mod-seq.ts';
import type { FetchItem } from '../wire/fetch-item.ts';
import { bodyStructure } from '../wire/write/body-structure.ts';
import { envelope } from '../wire/write/envelope.ts';
import { binarySectionName, bodySectionName } from '../wire/write/fetch.ts';
import { dateTime, string } from '../wire/write/text.ts';
import { literalOf, writeLiteral } from './octet-writer.ts';
import { AHEAD_BYTES, ReadAhead, type Wanted } from './read-ahead.ts';
import { cut, type Facts, needsRow, needsSummary, octetsOf } from './sections.ts';

interface Message extends Facts {
  readonly row: ColdRow | undefined;
}

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

  constructor(context: Context, items: readonly FetchItem[], flagged: UidSet) {
    this.#context = context;
    this.#view = context.selected.view;
    this.#items = items;
    this.#flagged = flagged;
    this.#flagTexts = new FlagTexts(this.#view);
  }

  /** Writes the responses for some messages; those that are gone are left out. */
  async write(uids: readonly number[]): Promise<void> {
    const messages = await this.#load(uids);
    if (!this.#items.some(needsSummary)) return this.#writeAll(messages, messages.length);
    const { open } = this.#context.selected;
    const blobs = messages.flatMap(({ row }) => (row === undefined ? [] : [row.blob]));
    const unpack = await packedSummaries(open.store.context, open.space, blobs);
    const { structuresAtOnce } = this.#context.options.limits;
    for (let at = 0; at < messages.length; at += structuresAtOnce) {
      const some = messages.slice(at, at + structuresAtOnce);
      const known = await Promise.all(some.map((_, i) => unpack(at + i)));
      const whole = some.flatMap((message, i) => (known[i] === undefined ? [] : [{ ...message, summary: known[i] }]));
      if (whole.length < some.length) this.sawExpunged = true;
      await this.#writeAll(whole, messages.length);
    }
  }

  /** `together`: how many messages are asked for, these among them. */
  async #writeAll(messages: readonly Message[], together: number): Promise<void> {
    const { open, window } = this.#context.selected;
    const ahead = new ReadAhead(open, window, messages, (message) => this.#early(message, together));
    for (const [i, message] of messages.entries()) {
      await ahead.upTo(i);
      await this.#writeMessage(message);
      await this.#context.breathe();
    }
  }

  async #load(uids: readonly number[]): Promise<Message[]> {
    const { open } = this.#context.selected;
    if (!this.#items.some(needsRow)) {
      return uids.map((uid) => ({ uid, sizeBytes: 0, row: undefined, summary: undefined }));
    }
    const rows = await open.mailbox.cold(this.#view, UidSet.fromSorted(uids));
    const found = uids.flatMap((uid) => {
      const row = rows.get(uid);
      return row === undefined ? [] : [{ uid, row, sizeBytes: row.sizeBytes, summary: undefined }];
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
    if (span.end - span.start <= window.maxBytes) await window.read(row.blob, span, span.upTo);
    else await window.read(row.blob, { start: span.start, end: span.start + AHEAD_BYTES });
  }

  /** What is read before the message's turn: not when pieces of one message are asked for, which the window serves. */
  #early(message: Message, count: number): Wanted | undefined {
    const span = message.row && this.#span(message);
    if (message.row === undefined || span === undefined || count === 1 || span.upTo > span.end) return undefined;
    return { blob: message.row.blob, range: span };
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
    let text = `* ${this.#context.selected.numbering.sequenceOf(uid)} FETCH (`;
    let separator = '';
    const items: readonly FetchItem[] = this.#flagged.has(uid) ? withFlags(this.#items, this.#context) : this.#items;
    for (const item of items) {
      const value = this.#text(item, message);
      if (value !== undefined) {
        text += `${separator}${value}`;
        separator = ' ';
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
    this.#context.write(`${text})\r\n`);
  }

  /** Items that are text; undefined for those that are octets of the message. */
  #text(item: FetchItem, { uid, row, summary }: Message): string | undefined {
    const { dialect, style, selected } = this.#context;
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
      case 'THREADID':
        return summary && threadIdText(summary);
      case 'PREVIEW':
        return summary && `PREVIEW ${string(summary.preview, dialect)}`;
      case 'RFC822.SIZE':
        return `RFC822.SIZE ${row?.sizeBytes ?? 0}`;
      case 'ENVELOPE':
        return summary && `ENVELOPE ${envelope(summary.envelope, dialect)}`;
      case 'BODY':
      case 'BODYSTRUCTURE':
        return summary && `${item.item} ${bodyStructure(summary.structure, item.item, dialect)}`;
      default:
        return undefined;
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

/** RFC 8474 §5.2: NIL where nothing joins the message to others. */
function threadIdText(summary: Summary): string {
  const id = threadId(gistOf(summary));
  return `THREADID ${id === undefined ? 'NIL' : `(${id})`}`;
}

/** RFC 9051 §6.4.5: flags that change by the FETCH are told with it. */
function withFlags(items: readonly FetchItem[], { style }: Context): FetchItem[] {
  const missing = (['FLAGS', ...(style.condstore ? (['MODSEQ'] as const) : [])] as const).filter(
    (name) => !items.some(({ item }) => item === name),
  );
  return [...items, ...missing.map((item) => ({ item }))];
}
