import type { Context } from '../context.ts';
import { words } from '../wire/arguments.ts';

/** UTF8 (RFC 6856 §2.1): messages are never changed on their way, so that there is nothing to do but to agree. */
export function utf8(context: Context, rest: string): void {
  words(rest, 0, 0, 'UTF8');
  context.utf8 = true;
  context.ok('UTF-8 it is');
}
