import type { Id } from '../base/ids.ts';
import type { Findings } from './doctor-findings.ts';
import { DELETED, SEEN } from './flag-sets.ts';
import type { Head } from './head.ts';
import { DAY_MS, NONCE_KEEP_MS } from './keep.ts';
import { type LogLetter, logPk, SEGMENT_PREFIX, segmentSk } from './keys.ts';
import type { LogContext } from './log.ts';
import { catchUp, Moved, readHead, recordsAfter, withHead } from './log-reader.ts';
import { deliveriesAfter, mailboxType } from './mailbox-snapshot.ts';
import { decodeCounts, type MailboxCounts, type MailboxView } from './mailbox-view.ts';
import { type MessageRow, rowsOf } from './sweep-rows.ts';

/** A finding that waits until the mailbox was read to its end without moving. */
export type Pending = Parameters<Findings['add']>;

/**
 * The records from the snapshot to the head: contiguous, with their bodies, in the head and in segments (Rule 2). Throws
 * {@link Moved} when one is missing, so that the caller reads the head again before it believes it (Rule 11).
 */
export async function examineLog(
  context: LogContext,
  letter: LogLetter,
  id: Id,
  head: Head,
  where: string,
): Promise<Pending[]> {
  const pending: Pending[] = [];
  const [first] = head.tail;
  for (const [i, { seq }] of head.tail.entries()) {
    if (seq !== (first?.seq ?? 0) + i)
      pending.push(['log-damaged', where, `record ${seq} is out of order in the head`]);
  }
  const last = head.tail.at(-1)?.seq ?? head.flushedSeq;
  if (last !== head.seq) pending.push(['log-damaged', where, `the head is at ${head.seq}, its records end at ${last}`]);
  if ((first?.seq ?? head.seq + 1) > head.flushedSeq + 1) {
    pending.push(['log-damaged', where, `records ${head.flushedSeq + 1} to ${(first?.seq ?? 0) - 1} are nowhere`]);
  } else if ((await recordsAfter(context, letter, id, head, head.snapSeq)) === undefined) {
    throw new Moved(`segments after ${head.snapSeq}`);
  }
  const ahead = await context.index.query({
    pk: logPk(letter, id),
    prefix: SEGMENT_PREFIX,
    after: segmentSk(head.flushedSeq),
  });
  // A commit under way puts its segment before it moves the head.
  if (ahead.rows.length > 0 && (await readHead(context, letter, id))?.rev === head.rev) {
    pending.push(['segment-ahead', where, `${ahead.rows.length} segments of commits that did not come to be`]);
  }
  return pending;
}

/** Whether the log cannot be read to its end. */
export function isDamaged(pending: readonly Pending[]): boolean {
  return pending.some(([code]) => code === 'log-damaged');
}

/** What one mailbox has, as it was when it was read. */
export interface ExaminedMailbox {
  readonly pending: readonly Pending[];
  readonly messages: number;
  readonly bytes: number;
}

/**
 * Reads one mailbox whole. `visit` gets every message that exists or is kept, in groups; it may get them again when the
 * mailbox moves meanwhile. Undefined when it has no head.
 */
export async function examineMailbox(
  context: LogContext,
  id: Id,
  where: string,
  check: (head: Head) => Pending[],
  visit: (rows: readonly MessageRow[]) => void,
): Promise<ExaminedMailbox | undefined> {
  return withHead(context, 'M', id, async (head) => {
    const pending = [...check(head), ...(await examineLog(context, 'M', id, head, where))];
    if (isDamaged(pending)) return { pending, messages: 0, bytes: 0 };
    const { view } = await catchUp(context, mailboxType(context), id, head, undefined);
    let [bytes, messages] = [0, 0];
    for await (const rows of rowsOf(context, view)) {
      for (const { expungedMs, sizeBytes } of rows) {
        if (expungedMs === undefined) [bytes, messages] = [bytes + sizeBytes, messages + 1];
      }
      visit(rows);
    }
    pending.push(...compareCounts(head, view, messages, bytes, where), ...examineUids(view, where));
    pending.push(...doubled(await deliveriesAfter(context, view, 0), where));
    return { pending, messages, bytes };
  });
}

/** The head's counts, the view's, and what the messages themselves add up to. */
function compareCounts(head: Head, view: MailboxView, messages: number, bytes: number, where: string): Pending[] {
  let [unseen, deleted] = [0, 0];
  view.forEach(undefined, (_uid, flagIndex) => {
    const system = view.state.flagSets.systemAt(flagIndex);
    if ((system & SEEN) === 0) unseen++;
    if ((system & DELETED) !== 0) deleted++;
  });
  const stored = decodeCounts(head.extra);
  let annotationBytes = 0;
  for (const [uid, sizes] of view.state.annotations.sizes) {
    if (view.has(uid)) for (const size of sizes.values()) annotationBytes += size;
  }
  const counted: MailboxCounts = { ...view.state, exists: messages, unseen, deleted, bytes, annotationBytes };
  const names = ['uidNext', 'exists', 'unseen', 'deleted', 'bytes', 'lastAppendMs', 'annotationBytes'] as const;
  const wrong = names.filter((name) => stored[name] !== counted[name] || view.state[name] !== counted[name]);
  const text = wrong.map((name) => `${name} is ${stored[name]}, counted ${counted[name]}`).join('; ');
  return wrong.length === 0 ? [] : [['head-differs', where, text]];
}

function examineUids(view: MailboxView, where: string): Pending[] {
  const pending: Pending[] = [];
  let last = 0;
  view.forEach(undefined, (uid) => {
    if (uid <= last && pending.length === 0) pending.push(['uid-order', where, `UID ${uid} comes after ${last}`]);
    last = uid;
  });
  if (last >= view.state.uidNext) {
    pending.push(['uid-order', where, `UID ${last} exists, the next one is ${view.state.uidNext}`]);
  }
  return pending;
}

/** Two deliveries with one nonce are one delivery, made twice (Rule 13); far apart they are two. */
function doubled(marks: readonly { readonly timeMs: number; readonly nonce: Buffer }[], where: string): Pending[] {
  const times = new Map<string, number>();
  const pending: Pending[] = [];
  for (const { timeMs, nonce } of marks) {
    const key = nonce.toString('latin1');
    const other = times.get(key);
    times.set(key, timeMs);
    if (other === undefined || Math.abs(other - timeMs) > NONCE_KEEP_MS - DAY_MS) continue;
    pending.push(['delivered-twice', where, `by the nonce ${nonce.toString('hex')}`]);
  }
  return pending;
}
