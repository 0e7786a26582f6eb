import type { Context } from '../context.ts';
import { MessageWriter } from '../message-writer.ts';
import { parseNumber, words } from '../wire/arguments.ts';

/** RETR (RFC 1939 §5). */
export async function retr(context: Context, rest: string): Promise<void> {
  const [number] = words(rest, 1, 1, SYNTAX);
  const message = context.maildrop.message(parseNumber(number, SYNTAX));
  const writer = new MessageWriter(context, await context.maildrop.octets(message));
  await writer.begin(`${message.sizeBytes} octets`);
  await writer.finish();
}

const SYNTAX = 'RETR message';
