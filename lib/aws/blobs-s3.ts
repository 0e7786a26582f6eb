import { randomBytes } from 'node:crypto';
import {
  AbortMultipartUploadCommand,
  CopyObjectCommand,
  DeleteObjectsCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutObjectTaggingCommand,
  S3Client,
  type S3ClientConfig,
} from '@aws-sdk/client-s3';
import { type Clock, systemClock } from '../base/clock.ts';
import { checkBlobKey, checkBlobMetadata, isBlobPrefix } from '../store/port-limits.ts';
import type { BlobInfo, BlobMetadata, Blobs, ByteRange } from '../store/ports.ts';
import { inPieces, type Piece } from './blob-body.ts';
import { blobMetadata, isWrittenBy, s3Metadata } from './blob-metadata.ts';
import { statusOf, unavailable } from './errors.ts';
import { tunedClient } from './http.ts';
import { defaultRetry, pause, type RetryOptions, retrying } from './retry.ts';
import { download } from './s3-download.ts';
import { PART_BYTES, putInParts, putWhole, type UploadTarget } from './s3-upload.ts';
import { deletedSince, restoreVersion, type VersionedBucket } from './s3-versions.ts';
import { PROCESSED } from './schema.ts';

const WINDOW_BYTES = 4 * 1024 * 1024;
const PIECE_BYTES = 1024 * 1024;
const PAGE_BLOBS = 1000;
const DELETE_KEYS = 1000;
/** CopyObject takes no more. */
const COPY_BYTES = 5 * 1024 ** 3;
const COPIES_AT_ONCE = 16;
const COPY_TIMEOUT_MS = 120_000;
const TORN_MS = 24 * 60 * 60 * 1000; /* Rule 9: never under 24 h */

export interface S3BlobsOptions {
  readonly bucket: string;
  /** Region, credentials, endpoint: what the SDK's own sources do not say. */
  readonly client?: Pick<S3ClientConfig, 'credentials' | 'endpoint' | 'forcePathStyle' | 'region'>;
  readonly retry?: RetryOptions;
  /** How long one request may take until its answer begins; those that carry or copy bytes have longer. Default 5 s. */
  readonly requestTimeoutMs?: number;
}

/** A client as the adapter uses it; see {@link tunedClient}. */
export function s3Client(options: Omit<S3BlobsOptions, 'bucket'> = {}): S3Client {
  return new S3Client({
    ...options.client,
    ...tunedClient(options.requestTimeoutMs ?? 5000),
    // Bodies are signed; a trailing checksum would wrap them, which not every server takes.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    // It would cost a round trip and a connection of its own for each large part.
    expectContinueHeader: false,
  });
}

/** The Blobs port on one S3 bucket (or what speaks its protocol). */
export class S3Blobs implements Blobs {
  readonly #client: S3Client;
  readonly #bucket: string;
  readonly #retry: RetryOptions;
  readonly #clock: Clock;

  constructor(options: S3BlobsOptions, clock: Clock = systemClock) {
    this.#client = s3Client(options);
    this.#bucket = options.bucket;
    this.#retry = options.retry ?? defaultRetry;
    this.#clock = clock;
  }

  async put(key: string, body: Uint8Array | AsyncIterable<Uint8Array>, metadata: BlobMetadata = {}) {
    checkBlobKey(key);
    checkBlobMetadata(metadata);
    const writer = randomBytes(6).toString('base64url');
    const target = this.#target(key, s3Metadata(metadata, writer));
    if (body instanceof Uint8Array && body.length <= PART_BYTES)
      return this.#settled(key, writer, await putWhole(target, body), body.length);
    const pieces = inPieces(body, PART_BYTES);
    try {
      const { value: first } = await pieces.next();
      if (first === undefined) throw new Error('a body has at least one piece');
      if (first.last) return this.#settled(key, writer, await putWhole(target, first.bytes), first.bytes.length);
      return await this.#putLarge(target, writer, first, pieces);
    } finally {
      // Lets go of a body that was not read to its end.
      await pieces.return();
    }
  }

  async get(key: string, range?: ByteRange): Promise<Buffer | undefined> {
    checkBlobKey(key);
    if (range !== undefined && isEmpty(range)) return (await this.#head(key)) && Buffer.alloc(0);
    return (await this.#download(key, range))?.bytes;
  }

  /** A window is read at a time and whole, so that a reader who waits holds no connection. */
  async stream(key: string, range?: ByteRange): Promise<AsyncIterable<Buffer> | undefined> {
    checkBlobKey(key);
    const { start, end } = range ?? { start: 0, end: Number.MAX_SAFE_INTEGER };
    if (isEmpty({ start, end })) return (await this.#head(key)) && inSlices(Buffer.alloc(0));
    const first = await this.#download(key, window(start, end));
    return first && this.#windows(key, first.bytes, start, Math.min(end, first.sizeBytes));
  }

  async info(key: string) {
    checkBlobKey(key);
    const head = await this.#head(key);
    return head && { key, sizeBytes: head.sizeBytes, metadata: blobMetadata(head.stored) };
  }

  /**
   * S3 copies under no condition. A copy that races another puts the same bytes once more: a key is only ever written with
   * one content.
   */
  async copy(from: string, to: string): Promise<boolean> {
    checkBlobKey(from);
    checkBlobKey(to);
    const [source, there] = await Promise.all([this.#head(from), this.#head(to)]);
    if (source === undefined) return false;
    if (there !== undefined) return true;
    if (source.sizeBytes > COPY_BYTES) return this.#copyByReading(from, to, blobMetadata(source.stored));
    const command = new CopyObjectCommand({
      Bucket: this.#bucket,
      Key: to,
      CopySource: `${this.#bucket}/${from}`,
      MetadataDirective: 'COPY',
    });
    try {
      await this.#repeating(`copy of ${from}`, () => this.#client.send(command, { requestTimeout: COPY_TIMEOUT_MS }));
      return true;
    } catch (error) {
      if (statusOf(error) === 404 && error instanceof Error && error.name === 'NoSuchKey') return false;
      throw error;
    }
  }

  async deleteMany(keys: readonly string[]): Promise<void> {
    for (const key of keys) checkBlobKey(key);
    const distinct = [...new Set(keys)];
    for (let at = 0; at < distinct.length; at += DELETE_KEYS) await this.#delete(distinct.slice(at, at + DELETE_KEYS));
  }

  async list(prefix: string, after = '', limit = PAGE_BLOBS) {
    if (!isBlobPrefix(prefix)) return { blobs: [] };
    const command = new ListObjectsV2Command({
      Bucket: this.#bucket,
      Prefix: prefix,
      MaxKeys: Math.min(limit, PAGE_BLOBS),
      ...(after !== '' && { StartAfter: after }),
    });
    const page = await this.#repeating('list', () => this.#client.send(command));
    const blobs: BlobInfo[] = [];
    for (const { Key, Size } of page.Contents ?? [])
      if (Key !== undefined) blobs.push({ key: Key, sizeBytes: Size ?? 0 });
    const last = blobs.at(-1);
    return page.IsTruncated === true && last !== undefined ? { blobs, next: last.key } : { blobs };
  }

  /**
   * Marks an object that somebody else laid into the bucket as done with (Rule 15): a lifecycle rule may remove it from now
   * on. The mark replaces whatever tags it has.
   */
  async markProcessed(key: string): Promise<void> {
    checkBlobKey(key);
    const TagSet = Object.entries(PROCESSED).map(([Key, Value]) => ({ Key, Value }));
    const command = new PutObjectTaggingCommand({ Bucket: this.#bucket, Key: key, Tagging: { TagSet } });
    await this.#repeating(`mark of ${key}`, () => this.#client.send(command));
  }

  /** Brings back what old versions of the bucket still hold; none where it keeps none. */
  async bringBack(prefix: string, pointMs: number): Promise<number> {
    if (!isBlobPrefix(prefix)) return 0;
    let count = 0;
    const underWay = new Set<Promise<void>>();
    for await (const old of deletedSince(this.#versions, prefix, pointMs)) {
      const copy = restoreVersion(this.#versions, old).finally(() => underWay.delete(copy));
      underWay.add(copy);
      count++;
      if (underWay.size >= COPIES_AT_ONCE) await Promise.race(underWay);
    }
    await Promise.all(underWay);
    return count;
  }

  /**
   * Gives up parts of writers that died, 24 h after their first byte; answers how many. A lifecycle rule does the same in AWS;
   * servers of one's own may have none.
   */
  async removeTorn(): Promise<number> {
    let removed = 0;
    let marker: { readonly KeyMarker?: string | undefined; readonly UploadIdMarker?: string | undefined } = {};
    for (;;) {
      const command = new ListMultipartUploadsCommand({ Bucket: this.#bucket, ...marker });
      const page = await this.#repeating('list of uploads', () => this.#client.send(command));
      for (const { Key, UploadId, Initiated } of page.Uploads ?? []) {
        if (Initiated === undefined || this.#clock.now() - Initiated.getTime() < TORN_MS) continue;
        await this.#giveUp(Key, UploadId);
        removed++;
      }
      if (page.IsTruncated !== true) return removed;
      marker = { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker };
    }
  }

  async close(): Promise<void> {
    this.#client.destroy();
  }

  async #putLarge(target: UploadTarget, writer: string, first: Piece, rest: AsyncIterable<Piece>) {
    // Not to send it all in vain; and some servers do not know the condition at the end of parts.
    const there = await this.#head(target.key);
    if (there !== undefined) return { created: false, sizeBytes: there.sizeBytes };
    const { outcome, sizeBytes } = await putInParts(target, first, rest);
    return this.#settled(target.key, writer, outcome, sizeBytes);
  }

  /** What a put came to: an object that is there may be its own, if an answer was lost (Rule 3). */
  async #settled(key: string, writer: string, outcome: 'created' | 'taken', sizeBytes: number) {
    if (outcome === 'created') return { created: true, sizeBytes };
    const there = await this.#head(key);
    return { created: isWrittenBy(there?.stored, writer), sizeBytes: there?.sizeBytes ?? 0 };
  }

  async *#windows(key: string, first: Buffer, start: number, end: number): AsyncGenerator<Buffer, void, undefined> {
    yield* inSlices(first);
    for (let at = start + first.length; at < end; ) {
      const next = await this.#download(key, window(at, end));
      if (next === undefined || next.bytes.length === 0)
        throw unavailable(new Error('it was removed while it was read'), `S3 get of ${key}`);
      yield* inSlices(next.bytes);
      at += next.bytes.length;
    }
  }

  async #copyByReading(from: string, to: string, metadata: BlobMetadata): Promise<boolean> {
    const body = await this.stream(from);
    if (body === undefined) return false;
    await this.put(to, body, metadata);
    return true;
  }

  async #delete(keys: readonly string[]): Promise<void> {
    let left = keys;
    for (let attempt = 1; left.length > 0; attempt++) {
      const command = new DeleteObjectsCommand({
        Bucket: this.#bucket,
        Delete: { Objects: left.map((Key) => ({ Key })), Quiet: true },
      });
      const { Errors = [] } = await this.#repeating('delete', () => this.#client.send(command));
      const failed = Errors.filter(({ Code }) => Code !== 'NoSuchKey');
      left = failed.flatMap(({ Key }) => (Key === undefined ? [] : [Key]));
      if (left.length === 0) return;
      const [one] = failed;
      if (attempt >= this.#retry.attempts) throw unavailable(new Error(`${one?.Code}: ${one?.Message}`), 'S3 delete');
      await pause(attempt, this.#retry);
    }
  }

  async #giveUp(Key: string | undefined, UploadId: string | undefined): Promise<void> {
    const command = new AbortMultipartUploadCommand({ Bucket: this.#bucket, Key, UploadId });
    try {
      await this.#repeating('abort of parts', () => this.#client.send(command));
    } catch (error) {
      if (!(error instanceof Error && error.name === 'NoSuchUpload')) throw error;
    }
  }

  async #head(key: string) {
    const command = new HeadObjectCommand({ Bucket: this.#bucket, Key: key });
    try {
      const { ContentLength = 0, Metadata = {} } = await this.#repeating(`head of ${key}`, () =>
        this.#client.send(command),
      );
      return { sizeBytes: ContentLength, stored: Metadata };
    } catch (error) {
      if (statusOf(error) === 404) return undefined;
      throw error;
    }
  }

  get #versions(): VersionedBucket {
    return { client: this.#client, bucket: this.#bucket, repeating: (what, send) => this.#repeating(what, send) };
  }

  #download(key: string, range: ByteRange | undefined) {
    return this.#repeating(`get of ${key}`, () => download(this.#client, this.#bucket, key, range));
  }

  #target(key: string, metadata: Record<string, string>): UploadTarget {
    return { client: this.#client, bucket: this.#bucket, key, metadata, retry: this.#retry };
  }

  #repeating<T>(what: string, send: () => Promise<T>): Promise<T> {
    return retrying(`S3 ${what}`, true, this.#retry, send);
  }
}

/** Whether the range asks for no byte; throws a RangeError when it is none. */
function isEmpty({ start, end }: ByteRange): boolean {
  if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end) || start < 0 || end < start)
    throw new RangeError(`byte range ${start} to ${end}`);
  return start === end;
}

function window(start: number, end: number): ByteRange {
  return { start, end: Math.min(end, start + WINDOW_BYTES) };
}

async function* inSlices(bytes: Buffer): AsyncGenerator<Buffer, void, undefined> {
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) yield bytes.subarray(at, at + PIECE_BYTES);
}
