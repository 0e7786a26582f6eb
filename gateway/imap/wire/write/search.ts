import type { Dialect } from '../read/reader.ts';
import type { PartialRange } from '../search-key.ts';
import type { NumberRange } from '../sequence-set.ts';
import { formatRanges } from './sequence-set.ts';
import { mailbox, string } from './text.ts';

/**
 *     mailbox-data = "SEARCH" [1*(SP nz-number) [SP search-sort-mod-seq]]      ; RFC 3501 §9, RFC 7162 §7
 *
 * Also the untagged SORT. The modification sequence is the highest of the messages found, if the search was about it.
 */
export function searched(
  response: 'SEARCH' | 'SORT',
  numbers: readonly number[],
  highestModSeq: number | null,
): string {
  const modSeq = highestModSeq === null || numbers.length === 0 ? '' : ` (MODSEQ ${highestModSeq})`;
  return `* ${[response, ...numbers].join(' ')}${modSeq}\r\n`;
}

/** What an ESEARCH answers; null or absent is left out. */
export interface ExtendedResult {
  readonly tag: string;
  /** The mailbox that the search looked into, where it is not a matter of course (RFC 7377 §2.1). */
  readonly from?: { readonly mailbox: string; readonly uidValidity: number } | undefined;
  readonly uid: boolean;
  readonly min?: number | null;
  readonly max?: number | null;
  readonly count?: number | null;
  /** Left out when empty: `ALL` is a set, and a set holds something (RFC 9051 §7.3.4). */
  readonly all?: readonly NumberRange[] | null;
  /** The range as it was asked, and what is in it. */
  readonly partial?: { readonly range: PartialRange; readonly found: readonly NumberRange[] } | null;
  /** Scores of 1 to 100 of what is found, in its order (RFC 6203 §4). */
  readonly relevancy?: readonly number[] | null;
  readonly modSeq?: number | null;
}

/**
 *     esearch-response  = "ESEARCH" [search-correlator] [SP "UID"] *(SP search-return-data)      ; RFC 9051 §9
 *     search-correlator = SP "(" one-correlator *(SP one-correlator) ")"                       ; RFC 7377 §3
 *     one-correlator    = ("TAG" SP tag-string) / ("MAILBOX" SP astring) / ("UIDVALIDITY" SP nz-number)
 *     score-list        = "RELEVANCY" SP "(" [score *(SP score)] ")"                            ; RFC 6203 §6
 *     ret-data-partial  = "PARTIAL" SP "(" partial-range SP partial-results ")"                 ; RFC 9394 §4
 */
export function esearch(result: ExtendedResult, dialect: Dialect): string {
  const data: string[] = [];
  if (typeof result.min === 'number') data.push(`MIN ${result.min}`);
  if (typeof result.max === 'number') data.push(`MAX ${result.max}`);
  if (typeof result.count === 'number') data.push(`COUNT ${result.count}`);
  if (result.all && result.all.length > 0) data.push(`ALL ${formatRanges(result.all)}`);
  if (result.partial) data.push(partialText(result.partial));
  if (result.relevancy) data.push(`RELEVANCY (${result.relevancy.join(' ')})`);
  if (typeof result.modSeq === 'number') data.push(`MODSEQ ${result.modSeq}`);
  const { from } = result;
  const where = from ? ` MAILBOX ${mailbox(from.mailbox, dialect)} UIDVALIDITY ${from.uidValidity}` : '';
  const head = `* ESEARCH (TAG ${string(result.tag, dialect)}${where})${result.uid ? ' UID' : ''}`;
  return `${[head, ...data].join(' ')}\r\n`;
}

/** Messages at a place of a result, counted from 1; 0 where places mean nothing. */
export interface PlacedUids {
  readonly position: number;
  readonly numbers: readonly number[];
}

/**
 *     ret-data-addto      = "ADDTO" SP "(" context-position SP sequence-set *(SP context-position SP sequence-set) ")"
 *     ret-data-removefrom = "REMOVEFROM" SP "(" ... ")"   ; RFC 5267 §5
 */
export function searchUpdate(
  what: 'ADDTO' | 'REMOVEFROM',
  { tag, uid }: { readonly tag: string; readonly uid: boolean },
  places: readonly PlacedUids[],
): string {
  const pairs = places.map(({ position, numbers }) => `${position} ${formatRanges(rangesInOrder(numbers))}`);
  return `* ESEARCH (TAG "${tag}")${uid ? ' UID' : ''} ${what} (${pairs.join(' ')})\r\n`;
}

/** As a set in which the order counts (RFC 5267 §4.3): only what ascends is a range. */
export function rangesInOrder(numbers: readonly number[]): NumberRange[] {
  const ranges: { from: number; to: number }[] = [];
  for (const number of numbers) {
    const last = ranges.at(-1);
    if (last?.to === number - 1) last.to = number;
    else ranges.push({ from: number, to: number });
  }
  return ranges;
}

function partialText({ range, found }: NonNullable<ExtendedResult['partial']>): string {
  const sign = range.fromEnd ? '-' : '';
  const results = found.length === 0 ? 'NIL' : formatRanges(found);
  return `PARTIAL (${sign}${range.first}:${sign}${range.last} ${results})`;
}
