import type { Partial } from './fetch-item.ts';

/** `convert-att` of RFC 5259 §10. */
export type ConvertItem =
  | { readonly item: 'UID' }
  | { readonly item: 'BODYPARTSTRUCTURE' | 'BINARY.SIZE' | 'AVAILABLECONVERSIONS'; readonly part: readonly number[] }
  | { readonly item: 'BINARY'; readonly part: readonly number[]; readonly partial: Partial | null }
  /** A header whose encoded words are converted. */
  | { readonly item: 'BODY'; readonly part: readonly number[]; readonly text: 'header' | 'mime' };
