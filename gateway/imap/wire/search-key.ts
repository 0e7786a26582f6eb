import type { AttributeScope } from './annotation.ts';
import type { FetchItem } from './fetch-item.ts';
import type { SequenceSet } from './sequence-set.ts';

/** A day without a time zone: RFC 9051 §6.4.4 compares dates "disregarding time and timezone". Month 1 to 12. */
export interface CalendarDate {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

/** The system flags a search key names by a word of its own. */
export type SearchFlag = '\\Answered' | '\\Deleted' | '\\Draft' | '\\Flagged' | '\\Recent' | '\\Seen';

/** Where a substring is looked for by BCC, BODY, CC, FROM, SUBJECT, TEXT and TO. */
export type SearchField = 'bcc' | 'body' | 'cc' | 'from' | 'subject' | 'text' | 'to';

/** Which of a message's dates is compared: its internal date, when it came into the mailbox (RFC 8514), or its Date header. */
export type SearchDate = 'internal' | 'saved' | 'sent';

/**
 * `search-key` of RFC 3501 §6.4.4, RFC 9051 §6.4.4, RFC 7162 §3.1.5, RFC 8474 §6, RFC 6203 §3 and RFC 5032 as a small algebra: UNSEEN is `not` of
 * `\Seen`, NEW is `\Recent` and not `\Seen`. Substrings are the client's bytes, still in the charset the command names.
 */
export type SearchKey =
  | { readonly key: 'all' }
  | { readonly key: 'and'; readonly keys: readonly SearchKey[] }
  | { readonly key: 'or'; readonly left: SearchKey; readonly right: SearchKey }
  /** `fuzzy`: what it is about may be there nearly, too (RFC 6203 §3). */
  | { readonly key: 'not' | 'fuzzy'; readonly inner: SearchKey }
  | { readonly key: 'sequence'; readonly set: SequenceSet }
  | { readonly key: 'uid'; readonly set: SequenceSet }
  /** UIDs between these, both included (RFC 9738 §3.2). */
  | { readonly key: 'uid-between'; readonly from: number; readonly to: number }
  | { readonly key: 'flag'; readonly flag: SearchFlag }
  | { readonly key: 'keyword'; readonly keyword: string }
  | { readonly key: 'contains'; readonly field: SearchField; readonly value: Buffer }
  | { readonly key: 'header'; readonly field: string; readonly value: Buffer }
  | { readonly key: 'before' | 'on' | 'since'; readonly of: SearchDate; readonly date: CalendarDate }
  | { readonly key: 'larger' | 'smaller'; readonly sizeBytes: number }
  | { readonly key: 'older' | 'younger'; readonly seconds: number }
  | { readonly key: 'modseq'; readonly atLeast: number }
  /** A search that the user has stored under this name (RFC 5466 §3.1). */
  | { readonly key: 'filter'; readonly name: string }
  /** RFC 5257 §4.8; the entry may have wildcards. */
  | { readonly key: 'annotation'; readonly entry: string; readonly scope: AttributeScope; readonly value: Buffer }
  | { readonly key: 'emailid' | 'threadid'; readonly id: string };

/** `search-return-opts`; RFC 9051 §6.4.4: an empty list means ALL, and so the reader gives it. */
export type SearchReturn =
  | 'MIN'
  | 'MAX'
  | 'ALL'
  | 'COUNT'
  | 'SAVE'
  | 'RELEVANCY'
  | 'CONTEXT'
  | 'UPDATE'
  | UpdateFetch
  | PartialRange;

/** Beside UPDATE: what is fetched of new messages that come to the result (RFC 5465 §7). */
export interface UpdateFetch {
  readonly fetch: readonly FetchItem[];
}

export function isUpdateFetch(option: SearchReturn): option is UpdateFetch {
  return typeof option === 'object' && 'fetch' in option;
}

export function isRange(option: SearchReturn): option is PartialRange {
  return typeof option === 'object' && !('fetch' in option);
}

/** PARTIAL: the results from the `first` to the `last`, counted from 1; from the end with `fromEnd` (RFC 9394 §3.1). */
export interface PartialRange {
  readonly fromEnd: boolean;
  readonly first: number;
  readonly last: number;
}

/** `sort-criterion` of RFC 5256 §3, RFC 5957 §3, RFC 6203 §5 and RFC 5257 §4.9. */
export interface SortCriterion {
  readonly by:
    | 'ANNOTATION'
    | 'ARRIVAL'
    | 'CC'
    | 'DATE'
    | 'DISPLAYFROM'
    | 'DISPLAYTO'
    | 'FROM'
    | 'RELEVANCY'
    | 'SIZE'
    | 'SUBJECT'
    | 'TO';
  readonly reverse: boolean;
  /** Which value, by ANNOTATION. */
  readonly annotation?: { readonly entry: string; readonly scope: 'private' | 'shared' };
}
