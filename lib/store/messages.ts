import { type Id, idIsShared, newId } from '../base/ids.ts';
import { messageLimits } from '../message/limits.ts';
import { StructureParser } from '../message/structure.ts';
import { type Summary, summarize } from '../message/summary.ts';
import { decodeSummary, encodeSummary } from '../message/summary-codec.ts';
import { encodeSpaces, MAX_SPACES, sharedOrigin } from './blob-origin.ts';
import { StoreError } from './errors.ts';
import { holderKey, holdersBlobKey, messageBlobKey, summaryKey } from './keys.ts';
import type { LogContext } from './log.ts';
import type { BlobMetadata, ByteRange } from './ports.ts';

/** A message that is stored and in no mailbox yet. */
export interface StoredMessage {
  readonly blob: Id;
  readonly sizeBytes: number;
  readonly summary: Summary;
  /** The message's own header block (cut at a limit). */
  readonly header: Buffer;
}

/** A message that is understood; it may be read, and a mailbox name it, when all of it is written. */
export interface MessageUnderWay {
  readonly stored: StoredMessage;
  /** Its failure is told to whoever awaits it, and nobody need. */
  readonly written: Promise<void>;
}

/**
 * Streams a message into one blob and puts its summary, both before any mailbox names them. `spaces`: who will hold it;
 * more than one makes it a shared blob, held by each before the first commit (Rule 12). A body that throws stores nothing.
 */
export async function storeMessage(...args: Parameters<typeof beginToStore>): Promise<StoredMessage> {
  const { stored, written } = await beginToStore(...args);
  await written;
  return stored;
}

/** The same, for who has something to do meanwhile: it resolves when the message is understood. */
export async function beginToStore(
  context: LogContext,
  spaces: readonly Id[],
  body: AsyncIterable<Uint8Array> | Uint8Array,
  metadata: BlobMetadata = {},
): Promise<MessageUnderWay> {
  const holders = [...new Set(spaces)];
  const [first] = holders;
  if (first === undefined) throw new RangeError('a message is stored for at least one space');
  const blob = newId(context.clock.now(), { shared: holders.length > 1 });
  const isShared = holders.length > 1;
  // What names all holders is there before the blob is.
  if (holders.length > MAX_SPACES) await context.blobs.put(holdersBlobKey(blob), encodeSpaces(holders));
  const origin = isShared ? { ...metadata, ...sharedOrigin(holders) } : metadata;
  const parser = new StructureParser();
  const putBlob = (source: AsyncIterable<Uint8Array> | Uint8Array): Promise<unknown> =>
    context.blobs.put(messageBlobKey(first, blob), source, origin);
  const putRest = (summary: Summary): readonly Promise<unknown>[] => {
    const item = summaryItem(summary);
    return isShared
      ? holders.map((space) => context.index.put(holderKey(blob, space), { ...HELD, ...item }))
      : [item && context.index.put(summaryKey(first, blob), item)].filter((put) => put !== undefined);
  };
  const source = await wholeIfSmall(body);
  // A small message is understood before it is written, so that all that is said of it is written beside it.
  if (source instanceof Uint8Array) {
    parser.feed(source);
    const structure = parser.finish();
    const summary = summarize(structure);
    const written = all([putBlob(source), ...putRest(summary)]);
    written.catch(() => undefined);
    return { stored: { blob, sizeBytes: structure.sizeBytes, summary, header: structure.header }, written };
  }
  await putBlob(observed(parser, source));
  // Counted here: a put that finds its own first try, whose answer was lost, may not tell the size.
  const structure = parser.finish();
  const summary = summarize(structure);
  const written = all(putRest(summary));
  written.catch(() => undefined);
  return { stored: { blob, sizeBytes: structure.sizeBytes, summary, header: structure.header }, written };
}

/** Waits for all to end, also when one fails: nothing of a failed message is still being written when that is told. */
async function all(writes: readonly Promise<unknown>[]): Promise<void> {
  const failed = (await Promise.allSettled(writes)).find(({ status }) => status === 'rejected');
  if (failed?.status === 'rejected') throw failed.reason;
}

/** A body up to this size is held in memory before it is written. */
const SMALL_BYTES = 256 * 1024;

/** The body as one buffer when it is small, else all of it as it comes. */
async function wholeIfSmall(
  body: AsyncIterable<Uint8Array> | Uint8Array,
): Promise<Uint8Array | AsyncIterable<Uint8Array>> {
  if (body instanceof Uint8Array) return body;
  const begun: Uint8Array[] = [];
  let bytes = 0;
  const pulls = body[Symbol.asyncIterator]();
  while (bytes <= SMALL_BYTES) {
    const { done, value } = await pulls.next();
    if (done === true) return begun.length === 1 && begun[0] !== undefined ? begun[0] : Buffer.concat(begun);
    begun.push(value);
    bytes += value.length;
  }
  return goOn(begun, pulls);
}

async function* goOn(begun: readonly Uint8Array[], pulls: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* begun;
    for (;;) {
      const { done, value } = await pulls.next();
      if (done === true) return;
      yield value;
    }
  } finally {
    await pulls.return?.();
  }
}

/** A stored message as {@link storeMessage} answered it, read again. `StoreError('expunged')` when the blob is gone. */
export async function storedMessage(
  context: LogContext,
  space: Id,
  blob: Id,
  sizeBytes: number,
): Promise<StoredMessage> {
  const [summary] = await summaries(context, space, [blob]);
  if (summary === undefined) throw new StoreError('expunged', 'the message is not there any more');
  const parser = new StructureParser();
  const end = Math.min(summary.headerBytes, messageLimits.maxHeaderBytes);
  parser.feed(await messageBytes(context, space, blob, { start: 0, end }));
  return { blob, sizeBytes, summary, header: parser.finish().header };
}

/** A summary larger than an item may be (hostile structures) is not kept: it is made again when it is asked for. */
const MAX_SUMMARY_BYTES = 256 * 1024;

function summaryItem(summary: Summary): { readonly b: Buffer } | undefined {
  const encoded = encodeSummary(summary);
  return encoded.length <= MAX_SUMMARY_BYTES ? { b: encoded } : undefined;
}

/** By which a space holds a shared blob; with the summary beside it. */
const HELD = { r: 1 } as const;

/** Makes the space a holder of a shared blob, if it is none. */
export async function hold({ index }: Pick<LogContext, 'index'>, space: Id, blob: Id): Promise<void> {
  await index.put(holderKey(blob, space), HELD, 'absent');
}

/** Puts a summary that was made again. A space that has let go of a shared blob does not hold it by that (Rule 12). */
async function putAgain({ index }: LogContext, space: Id, blob: Id, summary: Summary): Promise<void> {
  const item = summaryItem(summary);
  if (item === undefined) return;
  if (idIsShared(blob)) await index.put(holderKey(blob, space), { ...HELD, ...item }, { rev: HELD.r });
  else await index.put(summaryKey(space, blob), item);
}

async function* observed(parser: StructureParser, body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) {
    parser.feed(chunk);
    yield chunk;
  }
}

/**
 * The summaries of messages, in the order asked. A missing one, or one of another format, is made again from the blob: it
 * is only a cache. `undefined`: the blob is gone too.
 */
export async function summaries(
  context: LogContext,
  space: Id,
  blobs: readonly Id[],
): Promise<readonly (Summary | undefined)[]> {
  const unpack = await packedSummaries(context, space, blobs);
  return Promise.all(Array.from(blobs, (_, i) => unpack(i)));
}

/**
 * The same, read at once and unpacked one by one, by index: that of a hostile message takes a thousand times more memory
 * unpacked than packed.
 */
export async function packedSummaries(
  context: LogContext,
  space: Id,
  blobs: readonly Id[],
): Promise<(index: number) => Promise<Summary | undefined>> {
  const stored = await storedSummaries(context, space, blobs);
  return async (index) => {
    const [packed, blob] = [stored[index], blobs[index]];
    const known = packed && decodeSummary(packed);
    return known ?? (blob && rebuildSummary(context, space, blob));
  };
}

/** The packed summaries that are stored, in the order asked; none is made. */
export async function storedSummaries(
  { index }: Pick<LogContext, 'index'>,
  space: Id,
  blobs: readonly Id[],
): Promise<readonly (Buffer | undefined)[]> {
  const items = await index.batchGet(
    blobs.map((blob) => summaryKey(space, blob)),
    { consistent: false },
  );
  return items.map((item) => (item?.b instanceof Uint8Array ? Buffer.from(item.b) : undefined));
}

async function rebuildSummary(context: LogContext, space: Id, blob: Id): Promise<Summary | undefined> {
  const chunks = await context.blobs.stream(messageBlobKey(space, blob));
  if (chunks === undefined) return undefined;
  const parser = new StructureParser();
  for await (const chunk of chunks) parser.feed(chunk);
  const summary = summarize(parser.finish());
  await putAgain(context, space, blob, summary);
  return summary;
}

/** Bytes of a message. `StoreError('expunged')` when the blob is gone. */
export async function messageBytes(context: LogContext, space: Id, blob: Id, range?: ByteRange): Promise<Buffer> {
  const bytes = await context.blobs.get(messageBlobKey(space, blob), range);
  if (bytes === undefined) throw new StoreError('expunged', 'the message is not there any more');
  return bytes;
}

/** The same, into memory of the caller's: how many; only where the store has `readInto`. */
export async function messageInto(
  { blobs }: LogContext,
  space: Id,
  blob: Id,
  { range, into }: { readonly range: ByteRange; readonly into: Buffer },
): Promise<number> {
  const length = await blobs.readInto?.(messageBlobKey(space, blob), range, into);
  if (length === undefined) throw new StoreError('expunged', 'the message is not there any more');
  return length;
}

/** Bytes of a message in pieces of at most 1 MB. `StoreError('expunged')` when the blob is gone. */
export async function messageStream(
  context: LogContext,
  space: Id,
  blob: Id,
  range?: ByteRange,
): Promise<AsyncIterable<Buffer>> {
  const chunks = await context.blobs.stream(messageBlobKey(space, blob), range);
  if (chunks === undefined) throw new StoreError('expunged', 'the message is not there any more');
  return chunks;
}

/** Copies a message into another space (Rule 12: a crossing after birth copies the object), as `copy`. */
export async function copyMessage(
  context: LogContext,
  from: Id,
  to: Id,
  blob: Id,
  copy: Id = newId(context.clock.now()),
): Promise<Id> {
  if (!(await context.blobs.copy(messageBlobKey(from, blob), messageBlobKey(to, copy)))) {
    throw new StoreError('expunged', 'the message is not there any more');
  }
  const [summary] = await storedSummaries(context, from, [blob]);
  if (summary !== undefined) await context.index.put(summaryKey(to, copy), { b: summary });
  return copy;
}
