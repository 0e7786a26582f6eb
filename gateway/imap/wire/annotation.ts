/** Whose values an attribute's name means (RFC 5257 §3.2.2): without a suffix both. */
export type AttributeScope = 'private' | 'shared' | 'both';

/** `value`, `value.priv`, `size.shared` and so on. */
export interface AnnotationAttribute {
  readonly name: 'value' | 'size';
  readonly scope: AttributeScope;
}

/** One value that STORE or APPEND sets; null: it is removed. */
export interface AnnotationToStore {
  readonly entry: string;
  readonly scope: 'private' | 'shared';
  readonly value: Buffer | null;
}

/** What FETCH asks for: entries, which may have wildcards, and attributes of each. */
export interface AnnotationsAsked {
  readonly entries: readonly string[];
  readonly attributes: readonly AnnotationAttribute[];
}

/** Whether the entry is one that the pattern means: `*` is anything, `%` anything without a slash (RFC 5257 §4.3). */
export function matchesEntry(pattern: string): (entry: string) => boolean {
  // Several stars mean what one means: without the others a match costs no more than the entry is long.
  const source = pattern
    .replace(/[*%]*\*[*%]*/g, '*')
    .replace(/%+/g, '%')
    .replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const matcher = new RegExp(`^${source.replaceAll('\\*', '.*').replaceAll('%', '[^/]*')}$`);
  return (entry) => matcher.test(entry);
}

export function hasWildcard(pattern: string): boolean {
  return /[*%]/.test(pattern);
}
