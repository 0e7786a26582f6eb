import type { CommandOf } from '../command-of.ts';
import type { Context } from '../context.ts';
import { no, ok, type Reply } from '../reply.ts';
import { activeComparator } from '../wire/write/response.ts';

/** How SEARCH, SORT and THREAD compare (RFC 5051), the only one there is, as RFC 5255 §4.4 allows. */
const COMPARATOR = 'i;unicode-casemap';

/** COMPARATOR (RFC 5255 §4.7): tells how texts are compared, if that is one of what the client would like. */
export async function comparator(context: Context, { orders }: CommandOf<'COMPARATOR'>): Promise<Reply> {
  if (orders.length > 0 && !orders.some(isMatched)) {
    return no(`The only comparator is ${COMPARATOR}`, 'BADCOMPARATOR');
  }
  context.write(activeComparator(COMPARATOR));
  return ok(`Compared by ${COMPARATOR}`);
}

/** Whether the collation order, with `*` for any characters (RFC 4790 §3.2), names the comparator. */
function isMatched(order: string): boolean {
  if (order.toLowerCase() === 'default') return true;
  const parts = order.toLowerCase().split('*');
  const [first = '', last = ''] = [parts[0], parts.at(-1)];
  if (parts.length === 1) return first === COMPARATOR;
  if (!COMPARATOR.startsWith(first) || !COMPARATOR.endsWith(last)) return false;
  let at = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = COMPARATOR.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return at + last.length <= COMPARATOR.length;
}
