import { type Account, type OpenMailbox, requireRight } from '../../../lib/store/account.ts';
import { valuesToSet } from '../../../lib/store/annotate.ts';
import type { AnnotationValues } from '../../../lib/store/annotation-records.ts';
import { type Appended, append, type NamedMessage, requireQuota } from '../../../lib/store/append.ts';
import { parseFlagNames } from '../../../lib/store/flag-names.ts';
import { storeMessage } from '../../../lib/store/messages.ts';
import { requireMessageAnnotationQuota } from '../../../lib/store/quota-roots.ts';
import { UidSet } from '../../../lib/store/uid-set.ts';
import { ConnectionClosed } from '../../net/connection.ts';
import { type AppendEvent, AppendInput } from '../append-input.ts';
import { arrive, mayKnowUids } from '../arrivals.ts';
import type { Context } from '../context.ts';
import { asDestination, Refused } from '../errors.ts';
import { messageOfUrl, octetsOfUrl } from '../fetch/url-message.ts';
import { requireWithinSaveLimit } from '../message-limit.ts';
import { referNames } from '../referrals.ts';
import { no, ok, type Reply } from '../reply.ts';
import { rangesOf } from '../selected.ts';
import { AHEAD_BYTES, StoringAhead } from '../storing-ahead.ts';
import type { AnnotationToStore } from '../wire/annotation.ts';
import type { AppendMessage } from '../wire/append.ts';
import { BadSyntax } from '../wire/bad-syntax.ts';
import { parseImapUrl } from '../wire/imap-url.ts';
import { appendUid, badUrl } from '../wire/write/response-code.ts';
import { replace, replacedUid } from './replace.ts';
import { entryChanges, withAnnotateCodes } from './store-annotation.ts';

/**
 * APPEND (RFC 9051 §6.3.12) with MULTIAPPEND (RFC 3502) and CATENATE (RFC 4469), and REPLACE (RFC 8508): each message
 * streams into the store, then all get their UIDs in one commit. What can be refused is refused before the client sends the
 * message.
 */
export async function runAppend(
  context: Context,
  first: AppendEvent,
  account: Account | undefined,
  onTag: (tag: string) => void,
): Promise<Reply> {
  const input = new AppendInput(context.input, context.dialect);
  try {
    const { tag, mailbox, replaced } = input.start(first);
    onTag(tag);
    if (account === undefined) throw new BadSyntax('Please log in first');
    const elsewhere = referNames(context, [mailbox]);
    if (elsewhere !== undefined) throw new Refused(elsewhere);
    const old = replaced === null ? undefined : replacedUid(context, replaced);
    const open = await asDestination(account.open(mailbox, 'i'));
    if (old !== undefined) {
      const [message, ...more] = await takeMessages(context, input, open, 1);
      if (message === undefined || more.length > 0) throw new BadSyntax('REPLACE takes one message');
      if (message.annotations !== undefined) throw new BadSyntax('REPLACE takes no ANNOTATION');
      return await replace(context, old, open, message);
    }
    await requireQuota(open);
    const messages = await takeMessages(context, input, open, context.options.limits.appendMessages);
    const uidsOf = ({ firstUid, count }: Appended) => UidSet.fromRanges([[firstUid, firstUid + count - 1]]);
    const appended = await arrive(context, open, {
      cause: 'APPEND',
      count: messages.length,
      messages: async () => messages.map(({ blob, sizeBytes }) => ({ space: open.space, blob, sizeBytes })),
      put: () => asDestination(append(open, messages)),
      uidsOf,
    });
    const code = mayKnowUids(open) ? appendUid(appended.uidValidity, rangesOf(uidsOf(appended))) : null;
    return ok('Completed', code);
  } catch (error) {
    if (!(error instanceof ConnectionClosed)) input.abandon();
    throw error;
  }
}

async function takeMessages(
  context: Context,
  input: AppendInput,
  open: OpenMailbox,
  most: number,
): Promise<NamedMessage[]> {
  const messages = new StoringAhead<NamedMessage>();
  try {
    for (let step = await input.next(); step !== undefined; step = await input.next()) {
      if (step.kind !== 'message') throw new Error(`unexpected ${step.kind} between messages`);
      requireWithinSaveLimit(context, messages.count + 1);
      if (messages.count >= most) throw new Refused(no('Too many messages', 'LIMIT'));
      requireRight(open, 'i');
      await takeMessage(context, input, open, step, messages);
    }
    return await messages.all();
  } catch (error) {
    await messages.settled();
    throw error;
  }
}

async function takeMessage(
  context: Context,
  input: AppendInput,
  open: OpenMailbox,
  { flags, internalDateMs, annotations, data }: AppendMessage,
  messages: StoringAhead<NamedMessage>,
): Promise<void> {
  parseFlagNames(flags);
  const values = annotations.length === 0 ? undefined : await annotationsOf(open, annotations);
  const internalDate = Math.floor((internalDateMs ?? context.options.clock.now()) / 1000);
  const store = async (body: AsyncIterable<Buffer> | Buffer): Promise<NamedMessage> => {
    const { blob, sizeBytes } = await storeMessage(open.store.context, [open.space], body);
    return { blob, sizeBytes, internalDate, flags, annotations: values };
  };
  const rest = octets(context, input, open, data);
  // Its begin is asked for here, so that nothing is begun to be stored for what is refused.
  const { begun, isWhole } = await beginOf(rest);
  const sizeBytes = begun.reduce((sum, { length }) => sum + length, 0);
  if (sizeBytes === 0) throw new Refused(no('APPEND cancelled: the message is empty'));
  if (isWhole) return messages.add(store(Buffer.concat(begun)), sizeBytes);
  // What streams must have been taken from the client before what follows it can be read.
  const stored = store(resumed(begun, rest));
  await stored;
  return messages.add(stored, 0);
}

/** RFC 5257 §4.7 */
async function annotationsOf(open: OpenMailbox, annotations: readonly AnnotationToStore[]): Promise<AnnotationValues> {
  return withAnnotateCodes(
    requireMessageAnnotationQuota(open).then(() => valuesToSet(open, entryChanges(annotations))),
  );
}

/** What a message begins with: all of it when it is small. */
async function beginOf(octets: AsyncGenerator<Buffer, void>): Promise<{ begun: Buffer[]; isWhole: boolean }> {
  const begun: Buffer[] = [];
  for (let bytes = 0; bytes <= AHEAD_BYTES; ) {
    const { done, value } = await octets.next();
    if (done) return { begun, isWhole: true };
    begun.push(value);
    bytes += value.length;
  }
  return { begun, isWhole: false };
}

async function* resumed(begun: readonly Buffer[], rest: AsyncGenerator<Buffer, void>): AsyncGenerator<Buffer> {
  try {
    yield* begun;
    yield* rest;
  } finally {
    await rest.return();
  }
}

/** The octets of one message, up to its end: of its literals, and of what its URLs name. */
async function* octets(
  context: Context,
  input: AppendInput,
  open: OpenMailbox,
  data: AppendMessage['data'],
): AsyncGenerator<Buffer, void> {
  const { maxMessageBytes } = context.options;
  let total = 0;
  const count = (sizeBytes: number): void => {
    total += sizeBytes;
    if (maxMessageBytes > 0 && total > maxMessageBytes) {
      throw new Refused(no(`A message has at most ${maxMessageBytes} octets`, 'TOOBIG'));
    }
  };
  for (let step = await input.next(); step?.kind !== 'end'; step = await input.next()) {
    if (step?.kind === 'url') {
      const { sizeBytes, chunks } = await urlOctets(context, open, step.url);
      count(sizeBytes);
      yield* await chunks();
    } else if (step?.kind === 'literal') {
      const { sizeBytes, binary } = input.literal;
      // RFC 3502 §5: a message of no octets cancels the command.
      if (sizeBytes === 0 && data !== 'catenate') throw new Refused(no('APPEND cancelled: the message is empty'));
      count(sizeBytes);
      if (data === 'utf8' && !binary) throw new BadSyntax('UTF8 needs a literal8');
      yield* binary ? context.input.message() : withoutNul(context.input.message());
    } else throw new Error('a message without an end');
  }
}

/** RFC 4469 §3: a URL of this server, with or without its name, that the user may read. */
async function urlOctets(context: Context, { account }: OpenMailbox, text: string) {
  const { servername, limits } = context.options;
  const url = parseImapUrl(text);
  const isOurs = url !== undefined && (url.host === null || url.host.toLowerCase() === servername.toLowerCase());
  const reader = { account, names: context.names, windowBytes: limits.windowBytes };
  const message = isOurs ? await messageOfUrl(reader, url) : undefined;
  const found = url && message && (await octetsOfUrl(message, url));
  if (found === undefined) throw new Refused(no('The URL names nothing that can be read here', badUrl(text)));
  return found;
}

/** RFC 9051 §9: only a literal8 may hold NUL. */
async function* withoutNul(octets: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const chunk of octets) {
    if (chunk.includes(0)) throw new Refused(no('The message contains NUL: send it as a literal8 (~{...})'));
    yield chunk;
  }
}
