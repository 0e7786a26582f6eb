import fs from 'node:fs';
import { promisify } from 'node:util';
import type { ByteRange } from '../store/ports.ts';
import { decodeFooter, type Footer, metadataBytes, TAIL_BYTES } from './blob-footer.ts';
import { isErrno } from './errors.ts';

/** The first read: all of most messages, and so nothing more is asked of the disk for them. */
const FIRST_BYTES = 16 * 1024;

/** More is always left to a thread. */
const HERE_BYTES = 256 * 1024;

/** Enough for the tail and the metadata of nearly all larger objects in one read. */
const END_BYTES = 4096;

/** An open file that holds a whole object. */
export interface WholeFile {
  readonly footer: Footer;
  /** All of a small one, which has nothing to close. */
  readonly body: Buffer | undefined;
  /** Bytes of the body; both bounds lie within it. */
  read(start: number, end: number): Promise<Buffer>;
  /** Reads the bytes of the body from `start` on into memory, all of which lies within the body; answers how many. */
  fill(into: Buffer, start: number): Promise<number>;
  close(): Promise<void>;
}

// File descriptors by callbacks: of small files `fs/promises` takes twice the time.
const openFile = promisify(fs.open);
const readFile = promisify(fs.read);

/** A read that takes longer had to wait for the disk. */
const SLOW_MS = 0.5;

/** After a slow one, so many are left to threads, several at a time: more when it happens again soon. */
const FEWEST_IN_THREADS = 4;
const MOST_IN_THREADS = 64;

/**
 * Where small files are read. What the system has in its memory is read in a part of the time that it takes to ask a thread
 * for it; what must wait for a disk must not stop everybody else.
 */
export class Pace {
  #inThreads = 0;
  /** How many it is after the next slow one: a single one may be chance, when somebody else had the core. */
  #nextInThreads = FEWEST_IN_THREADS;

  /** Whether the next one is for a thread. */
  get isSlow(): boolean {
    if (this.#inThreads === 0) return false;
    this.#inThreads--;
    return true;
  }

  /** Notes how long one took that was not left to a thread. */
  took(ms: number): void {
    if (ms > SLOW_MS) {
      this.#inThreads = this.#nextInThreads;
      this.#nextInThreads = Math.min(2 * this.#nextInThreads, MOST_IN_THREADS);
    } else if (this.#nextInThreads > FEWEST_IN_THREADS) this.#nextInThreads--;
  }
}

/** Opens the file of an object; undefined when there is none or it is torn. A small one that is not left to a thread is there at once. */
export function openWhole(
  path: string,
  key: string,
  pace: Pace,
): WholeFile | undefined | Promise<WholeFile | undefined> {
  return pace.isSlow ? openInThread(path, key, pace) : openHere(path, key, pace);
}

/** Small files that are read here share memory: to be given some for each takes longer than to read it. */
const SHARED_BYTES = 4 * FIRST_BYTES;
let shared = Buffer.alloc(0);
let sharedAt = 0;

/** The first bytes of a file, in memory that the next one is read into unless {@link keep} says that they are needed. */
function firstBytes(file: number): Buffer {
  if (sharedAt + FIRST_BYTES > shared.length) {
    shared = Buffer.allocUnsafeSlow(SHARED_BYTES);
    sharedAt = 0;
  }
  return shared.subarray(sharedAt, sharedAt + fs.readSync(file, shared, sharedAt, FIRST_BYTES, 0));
}

function keep(first: Buffer): void {
  sharedAt += first.length;
}

function openHere(path: string, key: string, pace: Pace): WholeFile | undefined | Promise<WholeFile | undefined> {
  const begun = performance.now();
  let file: number;
  try {
    file = fs.openSync(path, 'r');
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
  let isLarge = false;
  try {
    const first = firstBytes(file);
    pace.took(performance.now() - begun);
    const small = smallFile(first, key);
    if (small !== undefined) keep(first);
    isLarge = small === undefined;
    return small ?? largeFile(file, key, pace);
  } finally {
    // What was only read waits for no disk.
    if (!isLarge) fs.closeSync(file);
  }
}

async function openInThread(path: string, key: string, pace: Pace): Promise<WholeFile | undefined> {
  let file: number;
  try {
    file = await openFile(path, 'r');
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
  let isLarge = false;
  try {
    const first = Buffer.allocUnsafeSlow(FIRST_BYTES);
    const { bytesRead } = await readFile(file, first, 0, FIRST_BYTES, 0);
    const small = smallFile(first.subarray(0, bytesRead), key);
    isLarge = small === undefined;
    return small ?? (await largeFile(file, key, pace));
  } finally {
    if (!isLarge) fs.closeSync(file);
  }
}

/** An object whose file was read to its end; should the read have stopped before that, there is no tail, and no object. */
function smallFile(bytes: Buffer, key: string): WholeFile | undefined {
  const length = metadataBytes(bytes, bytes.length);
  const footer = length === undefined ? undefined : decodeFooter(key, bytes, bytes.length - length - TAIL_BYTES);
  if (footer === undefined) return undefined;
  const body = bytes.subarray(0, footer.bodyBytes);
  return {
    footer,
    body,
    read: async (from, to) => body.subarray(from, to),
    fill: async (into, from) => body.copy(into, 0, from),
    close: async () => undefined,
  };
}

/** The file is closed by whoever closes the object, or here when it is none. */
async function largeFile(file: number, key: string, pace: Pace): Promise<WholeFile | undefined> {
  let found: WholeFile | undefined;
  try {
    found = await wholeOf(file, key, pace);
  } finally {
    if (found === undefined) fs.closeSync(file);
  }
  return found;
}

async function wholeOf(file: number, key: string, pace: Pace): Promise<WholeFile | undefined> {
  // The system knows the size of what is open: no disk is waited for.
  const { size } = fs.fstatSync(file);
  const endAt = Math.max(0, size - END_BYTES);
  const end = await readAt(file, { start: endAt, end: size }, pace);
  const footer = await footerOf(file, key, { size, end, pace });
  return (
    footer && {
      footer,
      body: undefined,
      read: async (from, to) =>
        from >= endAt ? end.subarray(from - endAt, to - endAt) : readAt(file, { start: from, end: to }, pace),
      fill: (into, from) => fill(file, into, from, pace),
      close: async () => fs.closeSync(file),
    }
  );
}

/** `end`: the last bytes of the file. */
async function footerOf(
  file: number,
  key: string,
  { size, end, pace }: { readonly size: number; readonly end: Buffer; readonly pace: Pace },
): Promise<Footer | undefined> {
  const length = metadataBytes(end, size);
  if (length === undefined) return undefined;
  const bytes = length + TAIL_BYTES;
  if (bytes <= end.length) return decodeFooter(key, end, end.length - bytes);
  return decodeFooter(key, await readAt(file, { start: size - bytes, end: size }, pace), 0);
}

/** The bytes of a range, or to the end of the file. */
async function readAt(file: number, { start, end }: ByteRange, pace: Pace): Promise<Buffer> {
  const buffer = Buffer.allocUnsafeSlow(end - start);
  return buffer.subarray(0, await fill(file, buffer, start, pace));
}

/** Reads from `start` on until the memory is full or the file ends; answers how many bytes. */
async function fill(file: number, into: Buffer, start: number, pace: Pace): Promise<number> {
  const isHere = into.length <= HERE_BYTES && !pace.isSlow;
  const begun = performance.now();
  let length = 0;
  while (length < into.length) {
    const [left, at] = [into.length - length, start + length];
    const bytesRead = isHere
      ? fs.readSync(file, into, length, left, at)
      : (await readFile(file, into, length, left, at)).bytesRead;
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  if (isHere) pace.took(performance.now() - begun);
  return length;
}
