import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import type { Piece } from './blob-body.ts';
import { statusOf } from './errors.ts';
import { type RetryOptions, retrying } from './retry.ts';

/** S3 takes parts of 5 MB or more, and 10,000 of them. */
export const PART_BYTES = 8 * 1024 * 1024;
const PARTS = 10_000;
const PARTS_UNDER_WAY = 2;
const PUT_TIMEOUT_MS = 20_000;

/** Where an object is to be put if nothing is there, and by whom. */
export interface UploadTarget {
  readonly client: S3Client;
  readonly bucket: string;
  readonly key: string;
  readonly metadata: Record<string, string>;
  readonly retry: RetryOptions;
}

/** `taken`: an object is under the key; it may be our own, put by a request whose answer was lost. */
export type Outcome = 'created' | 'taken';

/** Puts a whole object in one request. */
export function putWhole(target: UploadTarget, bytes: Uint8Array): Promise<Outcome> {
  const command = new PutObjectCommand({
    Bucket: target.bucket,
    Key: target.key,
    Body: bytes,
    ContentLength: bytes.length,
    Metadata: target.metadata,
    IfNoneMatch: '*',
  });
  return conditional(target, 'put', () => target.client.send(command, { requestTimeout: PUT_TIMEOUT_MS }));
}

/**
 * Puts a large object in parts, of which few are in memory; `sizeBytes` is what the pieces had together. Whatever fails, the
 * parts are given up; those of a writer that died go by the bucket's lifecycle rule, and by `removeTorn`.
 */
export async function putInParts(
  target: UploadTarget,
  first: Piece,
  rest: AsyncIterable<Piece>,
): Promise<{ readonly outcome: Outcome; readonly sizeBytes: number }> {
  const { client, bucket, key, metadata } = target;
  const begin = new CreateMultipartUploadCommand({ Bucket: bucket, Key: key, Metadata: metadata });
  const { UploadId } = await repeating(target, 'begin of parts', () => client.send(begin));
  if (UploadId === undefined) throw new Error('S3 began an upload without an id');
  const upload = { Bucket: bucket, Key: key, UploadId };
  try {
    const { parts, sizeBytes } = await uploadParts(target, upload, first, rest);
    const end = new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts: parts }, IfNoneMatch: '*' });
    const outcome = await conditional(target, 'end of parts', () =>
      client.send(end, { requestTimeout: PUT_TIMEOUT_MS }),
    );
    if (outcome === 'taken') await abort(target, upload);
    return { outcome, sizeBytes };
  } catch (error) {
    await abort(target, upload);
    throw error;
  }
}

interface Upload {
  readonly Bucket: string;
  readonly Key: string;
  readonly UploadId: string;
}

async function uploadParts(target: UploadTarget, upload: Upload, first: Piece, rest: AsyncIterable<Piece>) {
  const parts: CompletedPart[] = [];
  const underWay: Promise<unknown>[] = [];
  let sizeBytes = 0;
  const start = ({ bytes }: Piece): void => {
    const PartNumber = parts.length + 1;
    if (PartNumber > PARTS) throw new RangeError(`an object of more than ${PARTS} parts of ${PART_BYTES} bytes`);
    const part: CompletedPart = { PartNumber };
    parts.push(part);
    sizeBytes += bytes.length;
    const sent = sendPart(target, upload, PartNumber, bytes).then((tag) => void (part.ETag = tag));
    // Awaited below; until then a failure is nobody's rejection.
    sent.catch(() => undefined);
    underWay.push(sent);
  };
  try {
    start(first);
    for await (const piece of rest) {
      if (underWay.length >= PARTS_UNDER_WAY) await underWay.shift();
      start(piece);
    }
    await Promise.all(underWay);
  } catch (error) {
    // A part that arrives after the abort would be left behind.
    await Promise.allSettled(underWay);
    throw error;
  }
  return { parts, sizeBytes };
}

async function sendPart(target: UploadTarget, upload: Upload, PartNumber: number, Body: Buffer): Promise<string> {
  const command = new UploadPartCommand({ ...upload, PartNumber, Body, ContentLength: Body.length });
  const { ETag } = await repeating(target, 'part', () =>
    target.client.send(command, { requestTimeout: PUT_TIMEOUT_MS }),
  );
  if (ETag === undefined) throw new Error('S3 took a part and gave it no tag');
  return ETag;
}

/** A lost race, and an upload that its own lost answer has ended, both mean: look what is there. */
async function conditional(target: UploadTarget, what: string, send: () => Promise<unknown>): Promise<Outcome> {
  try {
    await repeating(target, what, send);
    return 'created';
  } catch (error) {
    const gone = error instanceof Error && error.name === 'NoSuchUpload';
    if (gone || statusOf(error) === 412) return 'taken';
    throw error;
  }
}

async function abort(target: UploadTarget, upload: Upload): Promise<void> {
  // What is left costs space only, for a day.
  await repeating(target, 'abort of parts', () => target.client.send(new AbortMultipartUploadCommand(upload))).catch(
    () => undefined,
  );
}

function repeating<T>(target: UploadTarget, what: string, send: () => Promise<T>): Promise<T> {
  return retrying(`S3 ${what} of ${target.key}`, true, target.retry, send);
}
