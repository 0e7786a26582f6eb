import { decodeCharset, knowsCharset } from '../../../lib/message/charset.ts';
import { enableCondstore } from '../commands/enable.ts';
import type { Context } from '../context.ts';
import { Refused } from '../errors.ts';
import { no } from '../reply.ts';
import type { SearchProgram } from '../wire/commands.ts';
import { decodeText } from '../wire/read/text.ts';
import type { SearchKey } from '../wire/search-key.ts';
import { badCharset } from '../wire/write/response-code.ts';
import { questionOf } from './question.ts';
import { runSearch } from './run-search.ts';

/** Of the charsets that are understood, those a client should choose from. */
const CHARSETS = [
  'US-ASCII',
  'UTF-8',
  'ISO-8859-1',
  'ISO-8859-15',
  'WINDOWS-1252',
  'KOI8-R',
  'SHIFT_JIS',
  'GB18030',
  'BIG5',
  'EUC-KR',
];

/** What a search programme found. */
export interface Found {
  /** Ascending. */
  readonly uids: readonly number[];
  /** The search asked about modification sequences: the answer tells the highest (RFC 7162 §3.1.5). */
  readonly aboutModSeq: boolean;
}

/** Runs what SEARCH, SORT and THREAD have in common (RFC 9051 §6.4.4, RFC 5256 §3). */
export async function runProgram(context: Context, { charset, key }: SearchProgram): Promise<Found> {
  if (charset !== null && !knowsCharset(charset)) throw new Refused(no('Unknown charset', badCharset(CHARSETS)));
  const aboutModSeq = asksModSeq(key);
  if (aboutModSeq) enableCondstore(context);
  const isPlain = charset === null || charset === 'US-ASCII' || charset === 'UTF-8';
  const decode = isPlain ? decodeText : (bytes: Buffer) => decodeCharset(bytes, charset);
  const question = questionOf(key, context.selected, decode, context.options.clock.now());
  return { uids: await runSearch(context, question), aboutModSeq };
}

function asksModSeq(key: SearchKey): boolean {
  switch (key.key) {
    case 'modseq':
      return true;
    case 'and':
      return key.keys.some(asksModSeq);
    case 'or':
      return asksModSeq(key.left) || asksModSeq(key.right);
    case 'not':
      return asksModSeq(key.inner);
    default:
      return false;
  }
}
