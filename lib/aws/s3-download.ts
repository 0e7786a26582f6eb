import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import type { ByteRange } from '../store/ports.ts';
import { statusOf } from './errors.ts';

/** S3 sends nothing for this long: the connection is given up. */
const STALL_MS = 10_000;

export interface Downloaded {
  /** Size of the whole object; 0 when the range began behind its end. */
  readonly sizeBytes: number;
  /** What of the range there is. */
  readonly bytes: Buffer;
}

/** One GET of the object, or of a range that is not empty; undefined when there is no object. Throws what the SDK throws. */
export async function download(
  client: S3Client,
  bucket: string,
  key: string,
  range?: ByteRange,
): Promise<Downloaded | undefined> {
  try {
    const command = new GetObjectCommand({
      Bucket: bucket,
      Key: key,
      ...(range !== undefined && { Range: `bytes=${range.start}-${range.end - 1}` }),
    });
    const { Body, ContentRange, ContentLength = 0 } = await client.send(command);
    const bytes = await collected(Body as DestroyableBody, ContentLength);
    const [, whole = ContentLength] = /\/(\d+)$/.exec(ContentRange ?? '') ?? [];
    return { sizeBytes: Number(whole), bytes };
  } catch (error) {
    if (error instanceof Error && error.name === 'NoSuchKey') return undefined;
    if (statusOf(error) === 416) return { sizeBytes: 0, bytes: Buffer.alloc(0) };
    throw error;
  }
}

type DestroyableBody = AsyncIterable<Buffer> & { destroy(error?: Error): void };

/** The whole body; one that stalls or is cut off is an answer that was lost. */
async function collected(body: DestroyableBody, sizeBytes: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(sizeBytes);
  let received = 0;
  const stalled = (): void => body.destroy(incomplete());
  let timer = setTimeout(stalled, STALL_MS);
  try {
    for await (const chunk of body) {
      clearTimeout(timer);
      if (received + chunk.length > sizeBytes) throw incomplete();
      bytes.set(chunk, received);
      received += chunk.length;
      timer = setTimeout(stalled, STALL_MS);
    }
  } finally {
    clearTimeout(timer);
    body.destroy();
  }
  if (received !== sizeBytes) throw incomplete();
  return bytes;
}

function incomplete(): Error {
  return Object.assign(new Error('S3 sent another body than it announced'), { name: 'TimeoutError' });
}
