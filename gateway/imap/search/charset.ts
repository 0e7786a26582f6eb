import type { CommandOf } from '../command-of.ts';
import type { Context } from '../context.ts';
import { Refused } from '../errors.ts';
import { bad } from '../reply.ts';

type Searching = CommandOf<'SEARCH' | 'ESEARCH' | 'SORT' | 'THREAD'>;

/** RFC 9755 §3: with UTF8=ACCEPT no charset is named, and where one must be (SORT, THREAD), it is UTF-8. */
export function checkCharset(context: Context, { name, charset }: Pick<Searching, 'name' | 'charset'>): void {
  if (charset === null || !context.enabled.has('UTF8=ACCEPT')) return;
  if (charset === 'UTF-8' && (name === 'SORT' || name === 'THREAD')) return;
  throw new Refused(bad('With UTF8=ACCEPT the charset is UTF-8'));
}
