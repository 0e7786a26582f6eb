import type { Context } from '../context.ts';
import { words } from '../wire/arguments.ts';

/** RSET (RFC 1939 §5). */
export function rset(context: Context, rest: string): void {
  words(rest, 0, 0, 'RSET');
  context.maildrop.unmarkAll();
  context.ok('Nothing is marked any more');
}
