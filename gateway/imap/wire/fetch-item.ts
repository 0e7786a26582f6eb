import type { AnnotationsAsked } from './annotation.ts';

/**
 * `section`: which octets of a message or part. `part` is the path of part numbers, empty for the message itself; `text`
 * is what of it: everything, its header, its header cut to (or without) some fields, its text, or the part's MIME header.
 */
export interface Section {
  readonly part: readonly number[];
  readonly text: SectionText;
}

export type SectionText =
  | { readonly kind: 'all' | 'header' | 'text' | 'mime' }
  | { readonly kind: 'fields' | 'fields-not'; readonly names: readonly string[] };

/** `partial`: `<offset.count>`, in octets. */
export interface Partial {
  readonly offset: number;
  readonly count: number;
}

/** `fetch-att` of RFC 3501, RFC 9051 §6.4.5, RFC 3516, RFC 7162, RFC 8474, RFC 8514 and RFC 8970; the macros ALL, FAST and FULL are already spelled out. */
export type FetchItem =
  | {
      readonly item:
        | 'BODY'
        | 'BODYSTRUCTURE'
        | 'EMAILID'
        | 'ENVELOPE'
        | 'FLAGS'
        | 'INTERNALDATE'
        | 'MODSEQ'
        | 'RFC822'
        | 'RFC822.HEADER'
        | 'RFC822.SIZE'
        | 'RFC822.TEXT'
        | 'SAVEDATE'
        | 'THREADID'
        | 'UID';
    }
  /** RFC 5257 §4.3. */
  | ({ readonly item: 'ANNOTATION' } & AnnotationsAsked)
  /** `lazy`: only if it is there already (RFC 8970 §3.1); here it always is. */
  | { readonly item: 'PREVIEW'; readonly lazy: boolean }
  | { readonly item: 'BODY[]'; readonly peek: boolean; readonly section: Section; readonly partial: Partial | null }
  | {
      readonly item: 'BINARY[]';
      readonly peek: boolean;
      readonly part: readonly number[];
      readonly partial: Partial | null;
    }
  | { readonly item: 'BINARY.SIZE[]'; readonly part: readonly number[] };
