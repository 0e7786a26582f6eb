import { FormatError } from '../base/bytes.ts';
import type { Id } from '../base/ids.ts';
import { DELETED, SEEN } from './flag-sets.ts';
import type { Head } from './head.ts';
import type { LogType, LogView } from './log-reader.ts';
import { APPEND, readAppend } from './mailbox-records.ts';
import { decodeCounts, encodeCounts, type MailboxCounts } from './mailbox-view.ts';
import type { LogRecord } from './record.ts';

/** What an append needs to know of a mailbox. */
export interface Appendable {
  readonly state: { readonly uidNext: number; readonly keywords: readonly string[] };
  readonly exists: number;
  keywordNumbers(names: readonly string[]): { readonly numbers: number[]; readonly added: string[] };
}

/**
 * A mailbox as its head alone shows it: enough to append messages without keywords, so that a delivery need not read the
 * messages that are there. Always made from a head, never from records.
 */
export class AppendView implements LogView<AppendView>, Appendable {
  readonly seq: number;
  readonly state: MailboxCounts & { readonly keywords: readonly string[] };

  constructor(seq: number, counts: MailboxCounts) {
    this.seq = seq;
    this.state = { ...counts, keywords: [] };
  }

  get exists(): number {
    return this.state.exists;
  }

  keywordNumbers(names: readonly string[]): { readonly numbers: number[]; readonly added: string[] } {
    if (names.length > 0) throw new FormatError('the head alone does not tell a mailbox’s keywords');
    return { numbers: [], added: [] };
  }

  headExtra(): Buffer {
    return encodeCounts(this.state);
  }

  apply(record: LogRecord): AppendView {
    if (record.kind !== APPEND) throw new FormatError(`record of kind ${record.kind} on a view made for appending`);
    const { messages } = readAppend(record.body);
    const count = (flag: number): number => messages.filter(({ flags }) => (flags.system & flag) !== 0).length;
    return new AppendView(record.seq, {
      uidNext: this.state.uidNext + messages.length,
      exists: this.state.exists + messages.length,
      unseen: this.state.unseen + messages.length - count(SEEN),
      deleted: this.state.deleted + count(DELETED),
      bytes: this.state.bytes + messages.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
      lastAppendMs: record.timeMs,
      annotationBytes: this.state.annotationBytes,
    });
  }
}

function fromHead(head: Head): AppendView {
  return new AppendView(head.seq, decodeCounts(head.extra));
}

export const appendType: LogType<AppendView> = {
  letter: 'M',
  empty: (_id: Id) => {
    throw new FormatError('a view made for appending comes from a head');
  },
  load: async (_id, head) => fromHead(head),
  fromHead: (_id, head) => fromHead(head),
};
