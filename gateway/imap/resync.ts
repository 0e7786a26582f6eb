import { expungedSince } from '../../lib/store/expunged-since.ts';
import type { MailboxView } from '../../lib/store/mailbox-view.ts';
import { UidSet } from '../../lib/store/uid-set.ts';
import type { Context } from './context.ts';
import { FlagTexts } from './flag-texts.ts';
import { modSeqOf, seqKnownAt } from './mod-seq.ts';
import { rangesOf } from './selected.ts';
import type { Qresync } from './wire/commands.ts';
import { resolveSet, type SequenceSet } from './wire/sequence-set.ts';
import { fetchedHead } from './wire/write/fetched.ts';
import { vanished } from './wire/write/response.ts';

/** Quick resynchronisation (RFC 7162 §3.2.5): what vanished and what changed since the client was here. */
export async function resync(context: Context, { modSeq, knownUids, match }: Qresync): Promise<void> {
  const { selected } = context;
  const { view, numbering } = selected;
  const since = seqKnownAt(modSeq);
  const known = knownUids === null ? undefined : setOf(knownUids);
  const gone = expungedSince(view, since).minus(beforeMatch(view, since, match));
  const vanishedText = vanished(rangesOf(known === undefined ? gone : within(gone, known)), true);
  if (vanishedText !== '') context.write(vanishedText);
  const changed: number[] = [];
  view.forEach(known, (uid, _flags, seq) => {
    if (seq > since) changed.push(uid);
  });
  const texts = new FlagTexts(view);
  for (const uid of changed) {
    const flags = texts.of(uid, !context.style.rev2 && selected.isRecent(uid));
    const modSeqItem = `MODSEQ (${modSeqOf(view.seqOf(uid))})`;
    const head = fetchedHead(context.style.uidOnly, uid, (one) => numbering.sequenceOf(one));
    context.write(`${head}${context.style.uidOnly ? '' : `UID ${uid} `}${flags} ${modSeqItem})\r\n`);
    await context.breathe();
  }
}

/** What is in both sets. */
export function within(uids: UidSet, other: UidSet): UidSet {
  return uids.minus(uids.minus(other));
}

/**
 * RFC 7162 §3.2.5.2: where the client's sequence numbers still match, nothing was expunged before. That only helps when
 * expunges have been forgotten, and a superset would be answered.
 */
function beforeMatch(view: MailboxView, since: number, match: Qresync['match']): UidSet {
  if (match === null || since >= view.state.expungedKnownSince) return UidSet.empty;
  const uids = numbersOf(match.uids, view.state.uidNext);
  let last = 0;
  for (const sequence of numbersOf(match.sequence, view.exists)) {
    const uid = uids.next();
    if (uid.done || view.uidAt(sequence) !== uid.value) break;
    last = uid.value;
  }
  return last === 0 ? UidSet.empty : UidSet.fromRanges([[1, last]]);
}

function* numbersOf(set: SequenceSet, upTo: number): Generator<number, undefined> {
  for (const [from, to] of setOf(set).ranges()) {
    for (let number = from; number <= Math.min(to, upTo); number++) yield number;
  }
  return undefined;
}

function setOf(set: SequenceSet): UidSet {
  return set === '$' ? UidSet.empty : UidSet.fromRanges(resolveSet(set, 0).map(({ from, to }) => [from, to]));
}
