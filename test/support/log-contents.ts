import type { Id } from '../../lib/base/ids.ts';
import { flagNames } from '../../lib/store/flag-names.ts';
import { decodeHead, type Head } from '../../lib/store/head.ts';
import { headKey } from '../../lib/store/keys.ts';
import { type LogStorage, recordsAfter } from '../../lib/store/log-reader.ts';
import type { Mailbox } from '../../lib/store/mailbox.ts';
import * as kinds from '../../lib/store/mailbox-records.ts';
import { decodeCounts, type MailboxView } from '../../lib/store/mailbox-view.ts';
import type { LogRecord } from '../../lib/store/record.ts';

/** Head and records from the first on, read without the engine's cache. */
export async function wholeLog(
  storage: LogStorage,
  mailbox: Id,
): Promise<{ readonly head: Head; readonly records: readonly LogRecord[] }> {
  const item = await storage.index.get(headKey('M', mailbox));
  if (item === undefined) throw new Error('the mailbox has no head');
  const head = decodeHead(item);
  const records = await recordsAfter(storage, 'M', mailbox, head, 0);
  if (records === undefined) throw new Error('the log has a gap');
  return { head, records };
}

interface PlainMessage {
  readonly blob: Id;
  readonly sizeBytes: number;
  flags: Set<string>;
}

/** A mailbox as plainly as can be: what the records say, one after the other. */
export class PlainMailbox {
  readonly messages = new Map<number, PlainMessage>();
  readonly everUsed = new Set<number>();
  keywords: string[] = [];
  uidNext = 1;

  apply(record: LogRecord): void {
    switch (record.kind) {
      case kinds.APPEND: {
        const body = kinds.readAppend(record.body);
        this.keywords = [...this.keywords, ...body.newKeywords];
        body.messages.forEach(({ blob, sizeBytes, flags }, i) => {
          const uid = body.firstUid + i;
          if (this.everUsed.has(uid)) throw new Error(`UID ${uid} is used twice`);
          if (uid !== this.uidNext) throw new Error(`UID ${uid} where ${this.uidNext} was next`);
          this.everUsed.add(uid);
          this.uidNext = uid + 1;
          this.messages.set(uid, { blob, sizeBytes, flags: this.#names(flags.system, flags.keywords) });
        });
        break;
      }
      case kinds.FLAGS: {
        const { newKeywords, clear, set, uids } = kinds.readFlags(record.body);
        this.keywords = [...this.keywords, ...newKeywords];
        const gone = this.#names(clear.system, clear.keywords === 'all' ? [...this.keywords.keys()] : clear.keywords);
        const come = this.#names(set.system, set.keywords);
        for (const uid of uids) {
          const message = this.messages.get(uid);
          if (message === undefined) throw new Error(`flags of UID ${uid}, which is not there`);
          message.flags = new Set([...message.flags].filter((name) => !gone.has(name)).concat([...come]));
        }
        break;
      }
      case kinds.EXPUNGE:
        for (const uid of kinds.readExpunge(record.body).uids) {
          if (!this.messages.delete(uid)) throw new Error(`UID ${uid} is expunged and was not there`);
        }
        break;
      default:
    }
  }

  #names(system: number, keywords: readonly number[]): Set<string> {
    const names = ['\\Seen', '\\Answered', '\\Flagged', '\\Deleted', '\\Draft'].filter((_, i) => system & (1 << i));
    return new Set([...names, ...keywords.map((k) => this.keywords[k] ?? `unknown ${k}`)]);
  }

  get counts() {
    const all = [...this.messages.values()];
    return {
      uidNext: this.uidNext,
      exists: all.length,
      unseen: all.filter(({ flags }) => !flags.has('\\Seen')).length,
      deleted: all.filter(({ flags }) => flags.has('\\Deleted')).length,
      bytes: all.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    };
  }
}

/** What there is to see of a view, comparably. */
export async function seenThrough(mailbox: Mailbox, view: MailboxView) {
  const cold = await mailbox.cold(view, view.allUids());
  const { uidNext, exists, unseen, deleted, bytes } = view.state;
  const messages = [...view.allUids()].map((uid) => {
    const row = cold.get(uid);
    return [uid, flagNames(view, view.bitsOf(uid) ?? 0n).sort(), row?.blob, row?.sizeBytes] as const;
  });
  return { counts: { uidNext, exists, unseen, deleted, bytes }, messages };
}

/** The same of the plain mailbox. */
export function seenPlainly(plain: PlainMailbox): Awaited<ReturnType<typeof seenThrough>> {
  const messages = [...plain.messages].map(([uid, { flags, blob, sizeBytes }]) => {
    return [uid, [...flags].sort(), blob, sizeBytes] as const;
  });
  return { counts: plain.counts, messages };
}

/** The counts in a head. */
export function headCounts(head: Head) {
  const { uidNext, exists, unseen, deleted, bytes } = decodeCounts(head.extra);
  return { uidNext, exists, unseen, deleted, bytes };
}
