import { expungedSince } from '../../../lib/store/expunged-since.ts';
import { SEEN } from '../../../lib/store/flag-sets.ts';
import { maySetSeen, setFlags } from '../../../lib/store/set-flags.ts';
import { UidSet } from '../../../lib/store/uid-set.ts';
import type { CommandOf } from '../command-of.ts';
import type { Context } from '../context.ts';
import { FetchWriter } from '../fetch/fetch-writer.ts';
import { setsSeen } from '../fetch/sections.ts';
import { areInView, writeViewLines } from '../fetch/view-lines.ts';
import { requireWithinLimit, someAreGone, withinLimit } from '../message-limit.ts';
import { seqKnownAt } from '../mod-seq.ts';
import { inPartialRange } from '../partial-range.ts';
import { bad, no, ok, type Reply } from '../reply.ts';
import { within } from '../resync.ts';
import { rangesOf } from '../selected.ts';
import type { FetchItem } from '../wire/fetch-item.ts';
import { resolveSet } from '../wire/sequence-set.ts';
import { vanished } from '../wire/write/response.ts';
import { enableCondstore } from './enable.ts';

/** FETCH (RFC 9051 §6.4.5), with CHANGEDSINCE and VANISHED (RFC 7162 §3.1.4, §3.2.6), PARTIAL (RFC 9394 §3.3) and BINARY (RFC 3516). */
export async function fetch(context: Context, command: CommandOf<'FETCH'>): Promise<Reply> {
  const { selected } = context;
  const items = itemsOf(command, context.style.uidOnly);
  if (command.vanished && !context.style.qresync) return bad('QRESYNC is not enabled');
  if (items.some(({ item }) => item === 'MODSEQ')) enableCondstore(context);
  const { uids: named, expunged } = selected.named(command.set, command.uid);
  // RFC 9394 §3.4: first the range, then what has changed of it.
  const ranged = command.partial === null ? named : UidSet.fromSorted(inPartialRange([...named], command.partial));
  const asked = command.changedSince === null ? ranged : changedSince(context, ranged, command.changedSince);
  // RFC 9738 §3.1: who asks for a range has chosen how many.
  if (command.partial !== null) requireWithinLimit(context, asked.size);
  const { uids, code } = withinLimit(context, asked);
  if (command.vanished && command.changedSince !== null) writeVanished(context, command, command.changedSince);
  if (areInView(items)) {
    await writeViewLines(context, items, uids);
    return answer(context, expunged, code);
  }
  const seen = await markSeen(context, uids, items, command.uid);
  const writer = new FetchWriter(context, items, seen);
  let batch: number[] = [];
  for (const uid of seen.isEmpty ? uids : selected.view.present(uids)) {
    batch.push(uid);
    if (batch.length < context.options.limits.batchMessages) continue;
    await writer.write(batch);
    batch = [];
  }
  if (batch.length > 0) await writer.write(batch);
  if (writer.sawUnknownEncoding) return no('A part has an unknown transfer encoding', 'UNKNOWN-CTE');
  return answer(context, expunged || (writer.sawExpunged && !command.uid), code);
}

function answer(context: Context, isGone: boolean, limit: string | null): Reply {
  return isGone ? someAreGone(context, limit) : ok('Completed', limit);
}

/** The items, each once; a UID FETCH has the UID (RFC 9051 §6.4.9), CHANGEDSINCE the MODSEQ (RFC 7162 §3.1.4.1). */
function itemsOf({ items, uid, changedSince }: CommandOf<'FETCH'>, uidOnly: boolean): FetchItem[] {
  const once = new Map<string, FetchItem>();
  // RFC 9586 §3.3: the response begins with it.
  if (uid && !uidOnly) once.set('{"item":"UID"}', { item: 'UID' });
  for (const item of items) once.set(JSON.stringify(item), item);
  if (changedSince !== null) once.set('{"item":"MODSEQ"}', { item: 'MODSEQ' });
  return [...once.values()];
}

function changedSince({ selected }: Context, among: UidSet, modSeq: number): UidSet {
  const since = seqKnownAt(modSeq);
  const uids: number[] = [];
  selected.view.forEach(among, (uid, _flags, seq) => {
    if (seq > since) uids.push(uid);
  });
  return UidSet.fromSorted(uids);
}

function writeVanished(context: Context, { set }: CommandOf<'FETCH'>, modSeq: number): void {
  const { selected } = context;
  const { view } = selected;
  const asked =
    set === '$'
      ? selected.saved
      : UidSet.fromRanges(resolveSet(set, view.state.uidNext - 1).map(({ from, to }) => [from, to]));
  const text = vanished(rangesOf(within(expungedSince(view, seqKnownAt(modSeq)), asked)), true);
  if (text !== '') context.write(text);
}

/** Sets \Seen on what is about to be read, in one commit; answers the messages that had not had it. */
async function markSeen(context: Context, uids: UidSet, items: readonly FetchItem[], uid: boolean): Promise<UidSet> {
  const { selected } = context;
  if (selected.readOnly || !maySetSeen(selected.open) || !items.some(setsSeen)) return UidSet.empty;
  const { flagSets } = selected.view.state;
  const unseen: number[] = [];
  selected.view.forEach(uids, (one, index) => {
    if ((flagSets.systemAt(index) & SEEN) === 0) unseen.push(one);
  });
  if (unseen.length === 0) return UidSet.empty;
  const { changed } = await setFlags(selected.open, {
    operation: 'add',
    flags: ['\\Seen'],
    uids: UidSet.fromSorted(unseen),
  });
  // RFC 6785 §2.2.3: as if it were stored; a private \Seen is not the message's.
  if (!selected.open.privateSeen) {
    const changes = [{ uids: changed, changedFlags: ['\\Seen'] }];
    await context.options.events?.happened(selected.open, 'FLAG', () => changes);
  }
  const seen = BigInt(SEEN);
  await context.tell({
    expunges: uid,
    withUid: uid,
    knows: { uids: changed, of: (before, after) => (after === (before | seen) ? 'all' : 'nothing') },
  });
  return changed;
}
