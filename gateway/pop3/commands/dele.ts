import type { Context } from '../context.ts';
import { parseNumber, words } from '../wire/arguments.ts';

/** DELE (RFC 1939 §5): marks; QUIT deletes. */
export function dele(context: Context, rest: string): void {
  const [number] = words(rest, 1, 1, SYNTAX);
  context.maildrop.mark(context.maildrop.message(parseNumber(number, SYNTAX)));
  context.ok('Marked as deleted');
}

const SYNTAX = 'DELE message';
