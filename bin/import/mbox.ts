import { createHash } from 'node:crypto';
import { type FileHandle, open, realpath } from 'node:fs/promises';
import { LineEndings } from '../../lib/message/line-endings.ts';
import { CommandError, exitCode } from '../exit-codes.ts';
import { importLimits } from './limits.ts';
import { type MboxEntry, mboxEntries } from './mbox-entries.ts';
import { hashableHeader, isFolderData, mboxFlags, splitHeader } from './mbox-header.ts';
import { type SourceFolder, type SourceMessage, withLineEndings } from './source.ts';
import { Unquote } from './unquote.ts';

const PIECE_BYTES = 256 * 1024;

/** The one folder of an mbox file, which becomes the mailbox `into`. */
export async function readMbox(path: string, into: string): Promise<SourceFolder> {
  const source = await realpath(path).catch(() => undefined);
  const file = source === undefined ? undefined : await open(source, 'r').catch(() => undefined);
  if (source === undefined || file === undefined) throw new CommandError(exitCode.noInput, `${path} cannot be read`);
  const stat = await file.stat();
  const beginning = stat.isFile() ? await readRange(file, 0, Math.min(stat.size, 4096)) : undefined;
  await file.close();
  if (beginning === undefined) throw new CommandError(exitCode.noInput, `${path} is not an mbox: it is not a file`);
  if (stat.size > 0 && !/^\s*From /.test(beginning.toString('latin1'))) {
    throw new CommandError(exitCode.noInput, `${path} is not an mbox: it does not begin with "From "`);
  }
  return {
    mailbox: into,
    source,
    total: stat.size,
    weight: ({ sizeBytes }) => sizeBytes,
    messages: () => messagesOf(source),
  };
}

async function* messagesOf(path: string): AsyncGenerator<SourceMessage> {
  const file = await open(path, 'r');
  const seen = new Map<string, number>();
  try {
    for await (const entry of mboxEntries(file)) {
      const message = await messageOf(file, entry, seen);
      if (message !== undefined) yield message;
    }
  } finally {
    await file.close();
  }
}

/** Undefined for what is no message: the folder's own data, as some programs keep it in front. */
async function messageOf(
  file: FileHandle,
  entry: MboxEntry,
  seen: Map<string, number>,
): Promise<SourceMessage | undefined> {
  const isSmall = entry.end - entry.start <= importLimits.wholeBytes;
  const whole = isSmall ? await readRange(file, entry.start, entry.end) : undefined;
  const first = whole ?? (await readRange(file, entry.start, entry.start + importLimits.headerBytes));
  const { header, bodyAt } = splitHeader(first.subarray(0, importLimits.headerBytes));
  if (isFolderData(header)) return undefined;

  // Clients change Status and the like in place: a message is the same message without them.
  const hash = createHash('sha256').update(entry.fromLine).update(hashableHeader(header));
  if (whole !== undefined) hash.update(whole.subarray(bodyAt));
  else for await (const piece of pieces(file, entry.start + bodyAt, entry.end)) hash.update(piece);
  const content = hash.digest().toString('latin1', 0, 16);
  const count = seen.get(content) ?? 0;
  seen.set(content, count + 1);
  const again = createHash('sha256').update(content, 'latin1').update(String(count));
  return {
    identity: count === 0 ? content : again.digest().toString('latin1', 0, 16),
    sizeBytes: entry.end - entry.start,
    internalDate: entry.date,
    flags: mboxFlags(header),
    open: async () =>
      whole === undefined ? withLineEndings(unquoted(file, entry.start, entry.end)) : converted(whole),
  };
}

function converted(whole: Buffer): Uint8Array {
  const unquote = new Unquote();
  return new LineEndings().push(Buffer.concat([unquote.push(whole), unquote.end()]));
}

async function* unquoted(file: FileHandle, start: number, end: number): AsyncGenerator<Buffer> {
  const unquote = new Unquote();
  for await (const piece of pieces(file, start, end)) yield unquote.push(piece);
  yield unquote.end();
}

async function* pieces(file: FileHandle, start: number, end: number): AsyncGenerator<Buffer> {
  for (let at = start; at < end; at += PIECE_BYTES) yield await readRange(file, at, Math.min(end, at + PIECE_BYTES));
}

async function readRange(file: FileHandle, start: number, end: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(end - start);
  const { bytesRead } = await file.read(bytes, 0, bytes.length, start);
  return bytes.subarray(0, bytesRead);
}
