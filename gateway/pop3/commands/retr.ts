import type { Context } from '../context.ts';
import { MessageWriter, writeWhole } from '../message-writer.ts';
import { parseNumber, words } from '../wire/arguments.ts';

/** RETR (RFC 1939 §5). */
export async function retr(context: Context, rest: string): Promise<void> {
  const [number] = words(rest, 1, 1, SYNTAX);
  const message = context.maildrop.message(parseNumber(number, SYNTAX));
  const octets = await context.maildrop.octets(message);
  const text = `${message.sizeBytes} octets`;
  if (Buffer.isBuffer(octets)) return writeWhole(context, text, octets);
  const writer = new MessageWriter(context, octets);
  await writer.begin(text);
  await writer.finish();
}

const SYNTAX = 'RETR message';
