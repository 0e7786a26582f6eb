import { fold } from '../../../lib/message/fold.ts';
import type { TextField } from '../../../lib/search/gist.ts';
import { ANSWERED, DELETED, DRAFT, FLAGGED, KEYWORD_SHIFT, SEEN } from '../../../lib/store/flag-sets.ts';
import { UidSet } from '../../../lib/store/uid-set.ts';
import { seqFrom } from '../mod-seq.ts';
import type { Selected } from '../selected.ts';
import { type AttributeScope, matchesEntry } from '../wire/annotation.ts';
import type { CalendarDate, SearchFlag, SearchKey } from '../wire/search-key.ts';

/** What must be loaded to answer a question: the view has it, the message's row, its gist, its header, its text. */
export type Cost = 'view' | 'row' | 'annotations' | 'gist' | 'header' | 'text';

/** A search key with everything looked up that can be before the first message (RFC 9051 §6.4.4). */
export type Question =
  | { readonly ask: 'constant'; readonly value: boolean }
  | { readonly ask: 'and' | 'or'; readonly all: readonly Question[] }
  | { readonly ask: 'not'; readonly inner: Question }
  | { readonly ask: 'uids'; readonly uids: UidSet }
  | { readonly ask: 'bits'; readonly bits: bigint }
  | { readonly ask: 'recent' }
  | { readonly ask: 'seq'; readonly atLeast: number }
  | { readonly ask: 'size'; readonly above: number; readonly below: number }
  /** Days since 1970, `from` to before `before`. */
  | { readonly ask: 'internal-day' | 'saved-day' | 'sent-day'; readonly from: number; readonly before: number }
  /** INTERNALDATE in seconds since 1970. */
  | { readonly ask: 'internal'; readonly atLeast: number; readonly atMost: number }
  | { readonly ask: 'field'; readonly field: TextField; readonly needle: string }
  | { readonly ask: 'header'; readonly name: string; readonly needle: string }
  | {
      readonly ask: 'annotation';
      readonly isMeant: (entry: string) => boolean;
      readonly scope: AttributeScope;
      readonly user: string;
      readonly needle: string;
    }
  | { readonly ask: 'email' | 'thread'; readonly id: string }
  | { readonly ask: 'text'; readonly scope: 'body' | 'all'; readonly needle: string };

const flagBits: Readonly<Record<Exclude<SearchFlag, '\\Recent'>, number>> = {
  '\\Answered': ANSWERED,
  '\\Deleted': DELETED,
  '\\Draft': DRAFT,
  '\\Flagged': FLAGGED,
  '\\Seen': SEEN,
};

/** How close a text must be to what a FUZZY key asks for: the very phrase, all its words, or what its words begin with. */
export type Closeness = 'phrase' | 'words' | 'stems';

/** What the meaning of a search key depends on. */
export interface Meaning {
  readonly selected: Selected;
  /** Gives the text of the client's bytes. */
  readonly decode: (bytes: Buffer) => string;
  readonly nowMs: number;
  readonly closeness: Closeness;
  /** The key is within a FUZZY one. */
  readonly isFuzzy: boolean;
}

/** Makes the question of a search key. */
export function questionOf(key: SearchKey, meaning: Meaning): Question {
  const { selected, nowMs } = meaning;
  const of = (inner: SearchKey): Question => questionOf(inner, meaning);
  switch (key.key) {
    case 'all':
      return { ask: 'constant', value: true };
    case 'and':
      return { ask: 'and', all: key.keys.map(of) };
    case 'or':
      return { ask: 'or', all: [of(key.left), of(key.right)] };
    case 'not':
      return { ask: 'not', inner: of(key.inner) };
    case 'fuzzy':
      return questionOf(key.inner, { ...meaning, isFuzzy: true });
    case 'sequence':
      return { ask: 'uids', uids: selected.named(key.set, false, 'nothing').uids };
    case 'uid':
      return { ask: 'uids', uids: selected.named(key.set, true).uids };
    case 'uid-between':
      return { ask: 'uids', uids: uidsBetween(key) };
    case 'flag':
      return key.flag === '\\Recent' ? { ask: 'recent' } : { ask: 'bits', bits: BigInt(flagBits[key.flag]) };
    case 'keyword':
      return keywordQuestion(key.keyword, selected);
    case 'filter':
      throw new Error('a filter was not looked up');
    case 'annotation': {
      const { scope } = key;
      const user = selected.open.account.user.id;
      const isMeant = matchesEntry(key.entry);
      return textQuestion(key.value, meaning, (needle) => ({ ask: 'annotation', isMeant, scope, user, needle }));
    }
    case 'emailid':
      return { ask: 'email', id: key.id };
    case 'threadid':
      return { ask: 'thread', id: key.id };
    case 'modseq':
      return { ask: 'seq', atLeast: seqFrom(key.atLeast) };
    case 'larger':
      return { ask: 'size', above: key.sizeBytes, below: Number.POSITIVE_INFINITY };
    case 'smaller':
      return { ask: 'size', above: -1, below: key.sizeBytes };
    case 'older':
      return { ask: 'internal', atLeast: Number.NEGATIVE_INFINITY, atMost: nowMs / 1000 - key.seconds };
    case 'younger':
      return { ask: 'internal', atLeast: nowMs / 1000 - key.seconds, atMost: Number.POSITIVE_INFINITY };
    case 'before':
    case 'on':
    case 'since':
      return dayQuestion(key);
    case 'contains':
      return textQuestion(key.value, meaning, (needle) => {
        if (key.field === 'body') return { ask: 'text', scope: 'body', needle };
        if (key.field === 'text') return { ask: 'text', scope: 'all', needle };
        return { ask: 'field', field: key.field, needle };
      });
    case 'header': {
      const name = key.field.toLowerCase();
      return textQuestion(key.value, meaning, (needle) => ({ ask: 'header', name, needle }));
    }
  }
}

/** The UIDs that UIDAFTER and UIDBEFORE mean (RFC 9738 §3.2). */
export function uidsBetween({ from, to }: SearchKey & { readonly key: 'uid-between' }): UidSet {
  return from > to ? UidSet.empty : UidSet.fromRanges([[from, to]]);
}

/** RFC 6203 §3: a FUZZY text may be there in parts and in other forms; which is our choice. */
function textQuestion(value: Buffer, meaning: Meaning, ask: (needle: string) => Question): Question {
  const text = fold(meaning.decode(value));
  const words = text.split(/\s+/).filter((word) => word !== '');
  if (!meaning.isFuzzy || meaning.closeness === 'phrase' || words.length === 0) return ask(text);
  return { ask: 'and', all: words.map((word) => ask(meaning.closeness === 'stems' ? stemOf(word) : word)) };
}

/** Without the endings that most languages of Latin script bend words by; a short word is left alone. */
function stemOf(word: string): string {
  return word.length < 5 ? word : word.replace(/(?:ing|ed|es|en|er|s|e|y)$/, '');
}

function keywordQuestion(keyword: string, { view }: Selected): Question {
  const { numbers, added } = view.keywordNumbers([keyword]);
  const [number] = numbers;
  if (number === undefined || added.length > 0) return { ask: 'constant', value: false };
  return { ask: 'bits', bits: 1n << BigInt(KEYWORD_SHIFT + number) };
}

function dayQuestion(key: SearchKey & { readonly key: 'before' | 'on' | 'since' }): Question {
  const day = dayNumber(key.date);
  const from = key.key === 'before' ? Number.NEGATIVE_INFINITY : day;
  const before = key.key === 'since' ? Number.POSITIVE_INFINITY : key.key === 'on' ? day + 1 : day;
  return { ask: `${key.of}-day`, from, before };
}

/** `Date.UTC` takes the years 0 to 99 for 1900 to 1999. */
function dayNumber({ year, month, day }: CalendarDate): number {
  return new Date(0).setUTCFullYear(year, month - 1, day) / 86_400_000;
}
