import type { Context } from '../context.ts';
import type { Message } from '../maildrop.ts';
import { parseNumber, words } from '../wire/arguments.ts';

/** LIST (RFC 1939 §5). */
export async function list(context: Context, rest: string): Promise<void> {
  const [number] = words(rest, 0, 1, SYNTAX);
  const { maildrop } = context;
  const text = (message: Message): string => `${message.number} ${message.sizeBytes}`;
  if (number !== undefined) return context.ok(text(maildrop.message(parseNumber(number, SYNTAX))));
  const { messages, sizeBytes } = maildrop.total;
  context.ok(`${messages} messages (${sizeBytes} octets)`);
  await writeList(context, text);
}

const SYNTAX = 'LIST [message]';

/** Writes a line for each message that is not marked, and the end of the list, while others run too. */
export async function writeList(context: Context, text: (message: Message) => string): Promise<void> {
  const { linesAtOnce } = context.options.limits;
  let lines: string[] = [];
  for (const message of context.maildrop.messages()) {
    lines.push(`${text(message)}\r\n`);
    if (lines.length < linesAtOnce) continue;
    context.write(lines.join(''));
    lines = [];
    await context.flow();
    await nextTurn();
  }
  context.write(`${lines.join('')}.\r\n`);
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
