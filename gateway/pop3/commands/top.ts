import type { Context } from '../context.ts';
import { MessageWriter } from '../message-writer.ts';
import { parseNumber, words } from '../wire/arguments.ts';
import { LineCounter } from '../wire/line-counter.ts';

/** TOP (RFC 1939 §7): the header, a blank line, and some lines of the body. */
export async function top(context: Context, rest: string): Promise<void> {
  const [number, lines] = words(rest, 2, 2, SYNTAX);
  const message = context.maildrop.message(parseNumber(number, SYNTAX));
  const count = parseNumber(lines, SYNTAX);
  const { header, body } = await context.maildrop.opened(message);
  const writer = new MessageWriter(context, beginning(header, body, count));
  await writer.begin('Top of message follows');
  await writer.finish();
}

const SYNTAX = 'TOP message lines';

async function* beginning(header: Buffer, body: AsyncIterable<Buffer>, lines: number): AsyncGenerator<Buffer> {
  yield header;
  const counter = new LineCounter(lines);
  if (counter.isDone) return;
  for await (const piece of body) {
    yield counter.push(piece);
    if (counter.isDone) return;
  }
}
