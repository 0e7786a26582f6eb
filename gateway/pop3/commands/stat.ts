import type { Context } from '../context.ts';
import { words } from '../wire/arguments.ts';

/** STAT (RFC 1939 §5): what is not marked. */
export function stat(context: Context, rest: string): void {
  words(rest, 0, 0, 'STAT');
  const { messages, sizeBytes } = context.maildrop.total;
  context.ok(`${messages} ${sizeBytes}`);
}
