import { type FileHandle, open } from 'node:fs/promises';
import { decodeFooter, type Footer, metadataBytes, TAIL_BYTES } from './blob-footer.ts';
import { isErrno } from './errors.ts';

/** Enough for the tail and the metadata of nearly all objects in one read. */
const END_BYTES = 4096;

/** An open file that holds a whole object. */
export interface WholeFile {
  readonly footer: Footer;
  /** Bytes of the body; both bounds lie within it. */
  read(start: number, end: number): Promise<Buffer>;
  close(): Promise<void>;
}

/** Opens the file of an object; undefined when there is none or it is torn. */
export async function openWhole(path: string, key: string): Promise<WholeFile | undefined> {
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
  try {
    const { size } = await file.stat();
    const end = await readAt(file, Math.max(0, size - END_BYTES), size);
    const footer = await footerOf(file, key, size, end);
    if (footer !== undefined) return wholeFile(file, footer, size - end.length, end);
  } catch (error) {
    await file.close();
    throw error;
  }
  await file.close();
  return undefined;
}

async function footerOf(file: FileHandle, key: string, size: number, end: Buffer): Promise<Footer | undefined> {
  const length = metadataBytes(end.subarray(-TAIL_BYTES), size);
  if (length === undefined) return undefined;
  const bytes = length + TAIL_BYTES;
  return decodeFooter(key, bytes <= end.length ? end.subarray(-bytes) : await readAt(file, size - bytes, size));
}

function wholeFile(file: FileHandle, footer: Footer, endAt: number, end: Buffer): WholeFile {
  return {
    footer,
    // A small object is wholly in what was read for its footer.
    read: async (from, to) => (from >= endAt ? end.subarray(from - endAt, to - endAt) : readAt(file, from, to)),
    close: () => file.close(),
  };
}

async function readAt(file: FileHandle, start: number, end: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafeSlow(end - start);
  let length = 0;
  while (length < buffer.length) {
    const { bytesRead } = await file.read(buffer, length, buffer.length - length, start + length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return buffer.subarray(0, length);
}
