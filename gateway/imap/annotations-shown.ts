import { annotationSeenBy } from '../../lib/store/annotate.ts';
import type { ValuesByUid } from '../../lib/store/mailbox-annotations.ts';
import { type AnnotationsAsked, hasWildcard, matchesEntry } from './wire/annotation.ts';
import type { AnnotationShown } from './wire/write/annotation.ts';

/** What FETCH answers of a message's annotations: an entry that is named, and those that are there of a pattern. */
export function annotationsShown(
  { entries, attributes }: AnnotationsAsked,
  values: ReturnType<ValuesByUid['get']>,
  user: string,
): AnnotationShown[] {
  const there = new Map<string, AnnotationShown>();
  for (const [key, value] of values ?? []) {
    const seen = annotationSeenBy(user, key);
    if (seen === undefined) continue;
    const { entry, scope } = seen;
    there.set(entry, { ...(there.get(entry) ?? { entry, private: undefined, shared: undefined }), [scope]: value });
  }
  const isAsked = (one: AnnotationShown): boolean =>
    attributes.some(({ scope }) =>
      scope === 'both' ? (one.private ?? one.shared) !== undefined : one[scope] !== undefined,
    );
  const sorted = [...there.values()].sort((a, b) => (a.entry < b.entry ? -1 : 1)).filter(isAsked);
  const shown = new Map<string, AnnotationShown>();
  for (const pattern of entries) {
    if (!hasWildcard(pattern)) {
      shown.set(pattern, there.get(pattern) ?? { entry: pattern, private: undefined, shared: undefined });
      continue;
    }
    const isMeant = matchesEntry(pattern);
    for (const one of sorted) if (isMeant(one.entry)) shown.set(one.entry, one);
  }
  return [...shown.values()];
}

/** Whether a message's annotations hold the text, as SEARCH compares it (RFC 5257 §4.8); `fold`: how. */
export function annotationContains(
  values: ReturnType<ValuesByUid['get']>,
  isMeant: (entry: string) => boolean,
  scope: 'private' | 'shared' | 'both',
  user: string,
  holds: (value: Buffer) => boolean,
): boolean {
  for (const [key, value] of values ?? []) {
    const seen = annotationSeenBy(user, key);
    if (seen === undefined || (scope !== 'both' && seen.scope !== scope) || !isMeant(seen.entry)) continue;
    if (holds(value)) return true;
  }
  return false;
}
