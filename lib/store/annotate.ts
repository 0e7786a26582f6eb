import { noPermission, type OpenMailbox } from './account.ts';
import {
  type AnnotationGroup,
  type AnnotationKey,
  type AnnotationValues,
  annotateRecord,
} from './annotation-records.ts';
import { StoreError } from './errors.ts';
import type { Annotations } from './mailbox-annotations.ts';
import { requireMessageAnnotationQuota } from './quota-roots.ts';
import { hasRight } from './rights.ts';
import { UidSet } from './uid-set.ts';

/** Limits of annotations of messages (RFC 5257 §4.1): one value, and how many a message has for all and for each user. */
export const MAX_ANNOTATION_BYTES = 16 * 1024;
export const MAX_MESSAGE_ANNOTATIONS = 50;
/** Messages of one mailbox that have annotations: which they are is held in memory. */
export const MAX_ANNOTATED_MESSAGES = 100_000;
/** Values that one COPY, MOVE or APPEND takes along: they are one record. */
export const MAX_ANNOTATIONS_AT_ONCE_BYTES = 8 * 1024 * 1024;
/** The name of an entry. */
const MAX_ENTRY_BYTES = 250;

/** Whose a value is: the user's who asks, or everybody's (RFC 5257 §3.3). */
export type AnnotationScope = 'private' | 'shared';

/** An entry to set, `/comment`, or with undefined to remove. */
export interface EntryChange {
  readonly entry: string;
  readonly scope: AnnotationScope;
  readonly value: Buffer | undefined;
}

export function annotationKey(user: string, { entry, scope }: Pick<EntryChange, 'entry' | 'scope'>): AnnotationKey {
  return `${scope === 'shared' ? '' : user}\0${entry}`;
}

/** Whose the annotation is as the user sees it, and which; undefined: another user's. */
export function annotationSeenBy(user: string, key: AnnotationKey): Pick<EntryChange, 'entry' | 'scope'> | undefined {
  const at = key.indexOf('\0');
  const [whose, entry] = [key.slice(0, at), key.slice(at + 1)];
  if (whose === '') return { entry, scope: 'shared' };
  return whose === user ? { entry, scope: 'private' } : undefined;
}

const PART = '[1-9][0-9]{0,9}(?:\\.[1-9][0-9]{0,9})*';
const VENDOR = 'vendor(?:/[^/]+)+';
const ENTRY = new RegExp(
  `^/(?:comment|altsubject|${VENDOR}|${PART}/(?:comment|flags/(?:seen|answered|flagged|forwarded)|${VENDOR}))$`,
);

/** The part that an entry is about, `[1, 2]`; undefined: the whole message. */
export function partOfEntry(entry: string): readonly number[] | undefined {
  const part = new RegExp(`^/(${PART})(?:/|$)`).exec(entry)?.[1];
  return part?.split('.').map(Number);
}

/**
 * Which values a change is about, once the rights and limits of each are looked at: r for private and n for shared ones (RFC
 * 5257 §3.4). Errors: `no-permission`, `too-big`, `cannot`.
 */
export function valuesToSet(open: OpenMailbox, changes: readonly EntryChange[]): AnnotationValues {
  const values = new Map<AnnotationKey, Buffer | undefined>();
  for (const change of changes) {
    const { entry, scope, value } = change;
    if (!hasRight(open.rights, scope === 'shared' ? 'n' : 'r')) throw noPermission();
    if (!ENTRY.test(entry) || entry.length > MAX_ENTRY_BYTES)
      throw new StoreError('cannot', `There is no entry ${entry}`);
    if ((value?.length ?? 0) > MAX_ANNOTATION_BYTES) {
      throw new StoreError('too-big', `An annotation has at most ${MAX_ANNOTATION_BYTES} bytes`);
    }
    // RFC 5257 §3.2.1
    if (
      /\/flags\//.test(entry) &&
      !/\/vendor\//.test(entry) &&
      value !== undefined &&
      !/^[01]$/.test(value.toString('latin1'))
    ) {
      throw new StoreError('cannot', `The value of ${entry} is 1, 0 or NIL`);
    }
    values.set(annotationKey(open.account.user.id, change), value);
  }
  return values;
}

export interface AnnotationChange {
  readonly uids: UidSet;
  readonly entries: readonly EntryChange[];
  /** Only messages not changed since (RFC 7162 §3.1.3): a record's seq; undefined: all. */
  readonly unchangedSince?: number;
}

/**
 * STORE ANNOTATION for any number of messages: one record (RFC 5257 §4.5). Answers the messages that were left alone because
 * of `unchangedSince`. Errors: those of {@link valuesToSet}, `too-many`, `over-quota`.
 */
export async function annotate(open: OpenMailbox, change: AnnotationChange): Promise<UidSet> {
  const values = valuesToSet(open, change.entries);
  const grows = [...values.values()].some((value) => value !== undefined && value.length > 0);
  if (grows) await requireMessageAnnotationQuota(open);
  const { reply } = await open.mailbox.commit((view) => {
    const [touched, modified]: [number[], number[]] = [[], []];
    const { sizes } = view.state.annotations;
    view.forEach(change.uids, (uid, _flags, seq) => {
      if (change.unchangedSince !== undefined && seq > change.unchangedSince) modified.push(uid);
      else if (grows || [...values].some(([key, value]) => value !== undefined || sizes.get(uid)?.has(key))) {
        touched.push(uid);
      }
    });
    const left = UidSet.fromSorted(modified);
    if (touched.length === 0) return { reply: left };
    const group = { uids: UidSet.fromSorted(touched), values };
    requireRoom(view.state.annotations, [group]);
    return { record: annotateRecord([group]), reply: left };
  });
  return reply;
}

/** Fails with `too-many` when the groups would leave a message, or the mailbox, with more annotations than it may have. */
export function requireRoom({ sizes }: Annotations, groups: readonly AnnotationGroup[]): void {
  let fresh = 0;
  for (const { uids, values } of groups) {
    for (const uid of uids) {
      const own = sizes.get(uid);
      if (own === undefined) fresh++;
      const after = new Set(own?.keys());
      for (const [key, value] of values) if (value !== undefined) after.add(key);
      if (after.size > MAX_MESSAGE_ANNOTATIONS) requireFew(after);
    }
  }
  if (fresh > 0 && sizes.size + fresh > MAX_ANNOTATED_MESSAGES) {
    throw new StoreError('too-many', `At most ${MAX_ANNOTATED_MESSAGES} messages of a mailbox have annotations`);
  }
}

function requireFew(keys: Iterable<AnnotationKey>): void {
  const counts = new Map<string, number>();
  for (const key of keys) {
    const whose = key.slice(0, key.indexOf('\0'));
    const count = (counts.get(whose) ?? 0) + 1;
    counts.set(whose, count);
    if (count > MAX_MESSAGE_ANNOTATIONS) {
      throw new StoreError('too-many', `A message has at most ${MAX_MESSAGE_ANNOTATIONS} annotations`);
    }
  }
}
