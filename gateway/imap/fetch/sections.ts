import type { Part } from '../../../lib/message/part.ts';
import { type ByteRange, findPart, findSection, type SectionKind } from '../../../lib/message/section.ts';
import type { Summary } from '../../../lib/message/summary.ts';
import type { FetchItem, Partial, Section } from '../wire/fetch-item.ts';

/** A message about to be answered. */
export interface Facts {
  readonly uid: number;
  readonly sizeBytes: number;
  /** There when an item needs it. */
  readonly summary: Summary | undefined;
  /** Where a section is, when that is known without the summary. */
  readonly known?: (section: Section) => ByteRange | undefined;
}

/** Which octets of a message an item is about, and what is done to them. */
export interface Octets {
  readonly range: ByteRange;
  /** The part of what is done that was asked for; null: all. */
  readonly partial: Partial | null;
  readonly how:
    | { readonly kind: 'as-is' }
    | { readonly kind: 'fields'; readonly names: readonly string[]; readonly which: 'only' | 'except' }
    | { readonly kind: 'decoded'; readonly encoding: string };
}

const whole: Section = { part: [], text: { kind: 'all' } };

/** The section that an item asks for; undefined when it asks for no octets of the message as it is. */
export function sectionOf(item: FetchItem): Section | undefined {
  switch (item.item) {
    case 'BODY[]':
      return item.section;
    case 'RFC822':
      return whole;
    case 'RFC822.HEADER':
      return { part: [], text: { kind: 'header' } };
    case 'RFC822.TEXT':
      return { part: [], text: { kind: 'text' } };
    default:
      return undefined;
  }
}

/** Whether an item sets \Seen (RFC 9051 §6.4.5, RFC 3501 §6.4.5, RFC 3516 §4.2). */
export function setsSeen(item: FetchItem): boolean {
  if (item.item === 'BODY[]' || item.item === 'BINARY[]') return !item.peek;
  return item.item === 'RFC822' || item.item === 'RFC822.TEXT';
}

/** Whether an item is octets, of the message or of its annotations. */
export function hasOctets(item: FetchItem): boolean {
  if (item.item === 'ANNOTATION') return true;
  return item.item === 'BINARY[]' || item.item === 'BINARY.SIZE[]' || sectionOf(item) !== undefined;
}

/** Whether an item needs the message's structure. */
export function needsSummary(item: FetchItem): boolean {
  if (item.item === 'ENVELOPE' || item.item === 'BODY' || item.item === 'BODYSTRUCTURE') return true;
  if (item.item === 'PREVIEW' || item.item === 'THREADID') return true;
  if (item.item === 'BINARY[]' || item.item === 'BINARY.SIZE[]') return item.part.length > 0;
  const section = sectionOf(item);
  return section !== undefined && !isWhole(section);
}

/** Whether an item needs the message's size, date or blob. */
export function needsRow(item: FetchItem): boolean {
  return !['FLAGS', 'UID', 'MODSEQ', 'ANNOTATION'].includes(item.item);
}

/** The section of which an item asks for a piece. */
export function pieceOf(item: FetchItem): Section | undefined {
  return item.item === 'BODY[]' && item.partial !== null && !isWhole(item.section) ? item.section : undefined;
}

/** The octets of an item; undefined when the message has no such part, or the item has no octets. */
export function octetsOf(item: FetchItem, facts: Facts): Octets | undefined {
  if (item.item === 'BINARY[]' || item.item === 'BINARY.SIZE[]') {
    const partial = item.item === 'BINARY[]' ? item.partial : null;
    if (item.part.length === 0) return { range: wholeRange(facts), partial, how: { kind: 'as-is' } };
    const part = facts.summary && findPart(facts.summary.structure, item.part);
    if (part === undefined) return undefined;
    const range = { start: part.bodyStart, end: part.bodyEnd };
    return { range, partial, how: { kind: 'decoded', encoding: part.encoding } };
  }
  const section = sectionOf(item);
  if (section === undefined) return undefined;
  const partial = item.item === 'BODY[]' ? item.partial : null;
  if (isWhole(section)) return { range: wholeRange(facts), partial, how: { kind: 'as-is' } };
  const { text } = section;
  const range = facts.known?.(section) ?? (facts.summary && rangeOf(facts.summary.structure, section));
  if (range === undefined) return undefined;
  if (text.kind !== 'fields' && text.kind !== 'fields-not') return { range, partial, how: { kind: 'as-is' } };
  const which = text.kind === 'fields' ? 'only' : 'except';
  return { range, partial, how: { kind: 'fields', names: text.names, which } };
}

/** What of a range a partial asks for (RFC 9051 §6.4.5: cut where the octets end). */
export function cut({ start, end }: ByteRange, partial: Partial | null): ByteRange {
  if (partial === null) return { start, end };
  const from = Math.min(end, start + partial.offset);
  return { start: from, end: Math.min(end, from + partial.count) };
}

function isWhole({ part, text }: Section): boolean {
  return part.length === 0 && text.kind === 'all';
}

function wholeRange({ sizeBytes }: Facts): ByteRange {
  return { start: 0, end: sizeBytes };
}

/** Where a section is in a message of this structure; undefined when there is none. */
export function rangeOf(structure: Part, { part, text }: Section): ByteRange | undefined {
  return findSection(structure, part, sectionKinds[text.kind]);
}

const sectionKinds = {
  all: 'full',
  header: 'header',
  fields: 'header',
  'fields-not': 'header',
  text: 'text',
  mime: 'mime',
} as const satisfies Record<string, SectionKind>;
