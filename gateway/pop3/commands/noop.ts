import type { Context } from '../context.ts';
import { words } from '../wire/arguments.ts';

/** NOOP (RFC 1939 §5). */
export function noop(context: Context, rest: string): void {
  words(rest, 0, 0, 'NOOP');
  context.ok('Done');
}
