import type { Context } from '../context.ts';
import { parseNumber, words } from '../wire/arguments.ts';
import { writeList } from './list.ts';

/** UIDL (RFC 1939 §7). */
export async function uidl(context: Context, rest: string): Promise<void> {
  const [number] = words(rest, 0, 1, SYNTAX);
  const { maildrop } = context;
  if (number !== undefined) {
    const message = maildrop.message(parseNumber(number, SYNTAX));
    return context.ok(`${message.number} ${maildrop.uniqueId(message)}`);
  }
  context.ok('Unique ids follow');
  await writeList(context, (message) => `${message.number} ${maildrop.uniqueId(message)}`);
}

const SYNTAX = 'UIDL [message]';
