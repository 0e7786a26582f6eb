import { type Account, type OpenMailbox, requireRight } from '../../../lib/store/account.ts';
import { append, type MessageToAppend, requireQuota } from '../../../lib/store/append.ts';
import { appendedOrigin } from '../../../lib/store/blob-origin.ts';
import { parseFlagNames } from '../../../lib/store/flag-names.ts';
import { storeMessage } from '../../../lib/store/messages.ts';
import { ConnectionClosed } from '../../net/connection.ts';
import type { Context } from '../context.ts';
import { asDestination, Refused } from '../errors.ts';
import { no, ok, type Reply } from '../reply.ts';
import { AHEAD_BYTES, StoringAhead } from '../storing-ahead.ts';
import { type AppendMessage, parseAppend, parseAppendEnd, parseNextMessage } from '../wire/append.ts';
import { BadSyntax } from '../wire/bad-syntax.ts';
import type { Frame, LiteralHead } from '../wire/frame.ts';
import type { FramerEvent } from '../wire/framer.ts';
import { appendUid } from '../wire/write/response-code.ts';

type NewMessage = Omit<MessageToAppend, 'flags'> & { readonly flags: readonly string[] };

/**
 * APPEND (RFC 9051 §6.3.12) and MULTIAPPEND (RFC 3502): each message streams into the store, then all get their UIDs in one
 * commit. What can be refused is refused before the client sends the message.
 */
export async function runAppend(
  context: Context,
  first: FramerEvent & { readonly kind: 'message' },
  account: Account | undefined,
  onTag: (tag: string) => void,
): Promise<Reply> {
  let isOver = false;
  try {
    const { tag, mailbox, message } = parseAppend(first.frame, context.dialect);
    onTag(tag);
    if (account === undefined) throw new BadSyntax('Please log in first');
    const open = await asDestination(account.open(mailbox, 'i'));
    await requireQuota(open);
    const { messages, end } = await takeMessages(context, open, message, first.literal);
    isOver = true;
    parseAppendEnd(end.frame, end.about, context.dialect);
    const { uidValidity, firstUid, count } = await asDestination(append(open, messages));
    return ok('Completed', appendUid(uidValidity, [{ from: firstUid, to: firstUid + count - 1 }]));
  } catch (error) {
    // What the client still sends of the command must not be read as commands.
    if (!isOver && !(error instanceof ConnectionClosed) && !(error instanceof LineRefused)) context.input.refuse();
    throw error instanceof LineRefused ? new BadSyntax(error.message) : error;
  }
}

/** The framer has refused a line within the command, and skips the rest by itself. */
class LineRefused extends Error {}

async function takeMessages(
  context: Context,
  open: OpenMailbox,
  first: AppendMessage,
  firstLiteral: LiteralHead,
): Promise<{
  readonly messages: NewMessage[];
  readonly end: { readonly frame: Frame; readonly about: AppendMessage };
}> {
  const { input, options, dialect } = context;
  const messages = new StoringAhead<NewMessage>();
  let [about, literal] = [first, firstLiteral];
  try {
    for (;;) {
      requireRight(open, 'i');
      await takeMessage(context, open, about, literal, messages);
      const event = await input.next();
      if (event?.kind === 'refused') throw new LineRefused('The command line is too long');
      if (event?.kind === 'command') return { messages: await messages.all(), end: { frame: event.frame, about } };
      if (event?.kind !== 'message') throw new ConnectionClosed('the client ended within an APPEND');
      if (messages.count >= options.limits.appendMessages) throw new Refused(no('Too many messages', 'LIMIT'));
      [about, literal] = [parseNextMessage(event.frame, about, dialect), event.literal];
    }
  } catch (error) {
    await messages.settled();
    throw error;
  }
}

async function takeMessage(
  context: Context,
  open: OpenMailbox,
  { flags, internalDateMs, inUtf8 }: AppendMessage,
  { sizeBytes, binary }: LiteralHead,
  messages: StoringAhead<NewMessage>,
): Promise<void> {
  const { input, options } = context;
  // RFC 3502 §5: a message of no octets cancels the command.
  if (sizeBytes === 0) throw new Refused(no('APPEND cancelled: the message is empty'));
  if (options.maxMessageBytes > 0 && sizeBytes > options.maxMessageBytes) {
    throw new Refused(no(`A message has at most ${options.maxMessageBytes} octets`, 'TOOBIG'));
  }
  if (inUtf8 && !binary) throw new BadSyntax('UTF8 needs a literal8');
  parseFlagNames(flags);
  const internalDate = Math.floor((internalDateMs ?? options.clock.now()) / 1000);
  const store = async (body: AsyncIterable<Buffer> | Buffer): Promise<NewMessage> => {
    const origin = appendedOrigin({
      owner: open.owner,
      mailbox: open.mailbox.id,
      name: open.path,
      internalDate,
      flags,
    });
    const { blob, sizeBytes: stored } = await storeMessage(open.store.context, [open.space], body, origin);
    return { blob, sizeBytes: stored, internalDate, flags };
  };
  const body = binary ? input.message() : withoutNul(input.message());
  const storing = store(sizeBytes <= AHEAD_BYTES ? await collected(body) : body);
  await messages.add(storing);
  // What streams must have been taken from the client before what follows it can be read.
  if (sizeBytes > AHEAD_BYTES) await storing;
}

async function collected(octets: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of octets) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** RFC 9051 §9: only a literal8 may hold NUL. */
async function* withoutNul(octets: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const chunk of octets) {
    if (chunk.includes(0)) throw new Refused(no('The message contains NUL: send it as a literal8 (~{...})'));
    yield chunk;
  }
}
