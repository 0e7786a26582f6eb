import { findPart } from '../../../lib/message/section.ts';
import { annotate, type EntryChange, partOfEntry } from '../../../lib/store/annotate.ts';
import { StoreError } from '../../../lib/store/errors.ts';
import { packedSummaries } from '../../../lib/store/messages.ts';
import { UidSet } from '../../../lib/store/uid-set.ts';
import type { CommandOf } from '../command-of.ts';
import type { Context } from '../context.ts';
import { Refused } from '../errors.ts';
import { someAreGone, tellLimit, withinLimit } from '../message-limit.ts';
import { seqKnownAt } from '../mod-seq.ts';
import { modifiedCode } from '../modified-code.ts';
import { no, ok, type Reply } from '../reply.ts';
import type { AnnotationToStore } from '../wire/annotation.ts';
import { BadSyntax } from '../wire/bad-syntax.ts';

/** STORE ANNOTATION (RFC 5257 §4.5): silent, but for the new modification sequences. */
export async function storeAnnotations(
  context: Context,
  command: CommandOf<'STORE'>,
  annotations: readonly AnnotationToStore[],
): Promise<Reply> {
  const { selected } = context;
  const { uids: named, expunged } = selected.named(command.set, command.uid);
  const { uids, code } = withinLimit(context, named);
  const entries = entryChanges(annotations);
  await requireParts(context, uids, entries);
  const unchangedSince = command.unchangedSince === null ? {} : { unchangedSince: seqKnownAt(command.unchangedSince) };
  const left = await withAnnotateCodes(annotate(selected.open, { uids, entries, ...unchangedSince }));
  const touched = uids.minus(left);
  await context.tell({
    expunges: command.uid,
    withUid: command.uid,
    knows: { uids: touched, of: (before, after) => (before === after ? 'flags' : 'nothing') },
  });
  if (left.isEmpty) return expunged ? someAreGone(context, code) : ok('Completed', code);
  if (code !== null) tellLimit(context, code);
  return ok('Conditional STORE failed for some', modifiedCode(selected, left, command.uid));
}

export function entryChanges(annotations: readonly AnnotationToStore[]): EntryChange[] {
  return annotations.map(({ entry, scope, value }) => ({ entry, scope, value: value ?? undefined }));
}

/** RFC 5257 §4.5: the two limits have codes of their own. */
export async function withAnnotateCodes<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof StoreError && error.code === 'too-big')
      throw new Refused(no(error.message, 'ANNOTATE TOOBIG'));
    if (error instanceof StoreError && error.code === 'too-many') {
      throw new Refused(no(error.message, 'ANNOTATE TOOMANY'));
    }
    throw error;
  }
}

/** RFC 5257 §3.2.1: a part that a message does not have is the client's error. */
async function requireParts(context: Context, uids: UidSet, entries: readonly EntryChange[]): Promise<void> {
  const parts = entries.flatMap(({ entry }) => {
    const part = partOfEntry(entry);
    return part === undefined ? [] : [part];
  });
  if (parts.length === 0) return;
  const { open, view } = context.selected;
  const { batchMessages } = context.options.limits;
  const all = [...view.present(uids)];
  for (let at = 0; at < all.length; at += batchMessages) {
    const rows = [...(await open.mailbox.cold(view, UidSet.fromSorted(all.slice(at, at + batchMessages)))).values()];
    const blobs = rows.map(({ blob }) => blob);
    const unpack = await packedSummaries(open.store.context, open.space, blobs);
    for (const i of rows.keys()) {
      const summary = await unpack(i);
      const lacks = summary && parts.some((part) => findPart(summary.structure, part) === undefined);
      if (lacks) throw new BadSyntax('A message has no such part');
    }
    await context.breathe();
  }
}
