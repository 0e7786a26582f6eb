import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, lstat, open, readdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeUtf7 } from '../../gateway/imap/wire/utf7.ts';
import { LineEndings } from '../../lib/message/line-endings.ts';
import { CommandError, exitCode } from '../exit-codes.ts';
import { importLimits } from './limits.ts';
import { type KeywordsOf, readKeywords } from './maildir-keywords.ts';
import { type SourceFolder, type SourceMessage, withLineEndings } from './source.ts';

/** Letters after `:2,` in a file name (maildir(5)); `P` is what clients call forwarded. */
const FLAGS: ReadonlyMap<string, string> = new Map([
  ['D', '\\Draft'],
  ['F', '\\Flagged'],
  ['P', '$Forwarded'],
  ['R', '\\Answered'],
  ['S', '\\Seen'],
  ['T', '\\Deleted'],
]);

/** Files looked at together. */
const LOOK_AT_ONCE = 64;

/**
 * The folders of a Maildir: itself, which becomes `into`, and its Maildir++ subfolders (`.Sent.2024` is `Sent/2024`), which
 * become mailboxes of their names, below `into` unless that is INBOX.
 */
export async function readMaildir(path: string, into: string): Promise<readonly SourceFolder[]> {
  const root = await realpath(path).catch(() => undefined);
  const names = root === undefined ? undefined : await readdir(root).catch(() => undefined);
  if (root === undefined || names === undefined || !(names.includes('cur') || names.includes('new'))) {
    throw new CommandError(exitCode.noInput, `${path} is not a Maildir: it has no folders cur and new`);
  }
  const folders = [await readFolder(root, into)];
  for (const name of names.sort()) {
    const mailbox = mailboxOf(name, into);
    if (mailbox === undefined) continue;
    const inside = (await readdir(join(root, name)).catch(absent)) ?? [];
    if (inside.includes('cur') || inside.includes('new')) folders.push(await readFolder(join(root, name), mailbox));
  }
  return folders;
}

/** The mailbox of a Maildir++ subfolder; undefined when the name is not one. */
export function mailboxOf(folder: string, into: string): string | undefined {
  const parts = folder
    .split('.')
    .slice(1)
    .filter((part) => part !== '');
  if (!folder.startsWith('.') || parts.length === 0) return undefined;
  // Separators and wildcards cannot be in a part of a name.
  const names = parts.map((part) => decoded(part).replace(/[/*%\u0000-\u001f\u007f-\u009f]/g, '_'));
  return [...(into === 'INBOX' ? [] : [into]), ...names].join('/');
}

/** Modified UTF-7, as Maildir++ has it; a `.`, which would separate, is `&AC4-`. */
function decoded(part: string): string {
  const pieces = part.split('&AC4-').map((piece) => decodeUtf7(piece) ?? piece);
  return pieces.join('.');
}

interface File {
  readonly folder: 'cur' | 'new';
  readonly name: string;
}

async function readFolder(path: string, mailbox: string): Promise<SourceFolder> {
  const files: File[] = [];
  for (const folder of ['cur', 'new'] as const) {
    const names = (await readdir(join(path, folder)).catch(absent)) ?? [];
    for (const name of names) if (!name.startsWith('.')) files.push({ folder, name });
  }
  const order = (a: File, b: File): number =>
    (arrivalOf(a.name) ?? 0) - (arrivalOf(b.name) ?? 0) || (a.name < b.name ? -1 : 1);
  files.sort(order);
  return {
    mailbox,
    source: path,
    total: files.length,
    weight: () => 1,
    messages: () => messagesOf(path, files),
  };
}

async function* messagesOf(path: string, files: readonly File[]): AsyncGenerator<SourceMessage> {
  const keywords = await readKeywords(path);
  for (let at = 0; at < files.length; at += LOOK_AT_ONCE) {
    const group = files.slice(at, at + LOOK_AT_ONCE).map((file) => messageOf(path, file, keywords));
    for (const message of await Promise.all(group)) if (message !== undefined) yield message;
  }
}

/** Undefined for what is no plain file: a link could lead to what the owner of the Maildir may not read. */
async function messageOf(path: string, file: File, keywords: KeywordsOf): Promise<SourceMessage | undefined> {
  const there = await lstat(join(path, file.folder, file.name)).catch(() => undefined);
  if (there !== undefined && !there.isFile()) return undefined;
  const { base, letters } = splitName(file.name);
  const modified = Math.floor((there?.mtimeMs ?? 0) / 1000);
  return {
    identity: createHash('sha256').update(base).digest().toString('latin1', 0, 16),
    sizeBytes: there?.size ?? 0,
    // A copy has a later time than the arrival in its name; a message appended with a date of its own an earlier one.
    internalDate: Math.min(modified > 0 ? modified : Number.POSITIVE_INFINITY, arrivalOf(base) ?? modified),
    flags: [...new Set([...letters.flatMap((letter) => FLAGS.get(letter) ?? []), ...keywords(base, letters)])],
    open: () => openMessage(path, file, there?.size ?? 0),
  };
}

/** `1700000000.M1P2.host,S=99:2,FS` is the name before the colon, and the flags after `2,`. */
export function splitName(name: string): { readonly base: string; readonly letters: readonly string[] } {
  const [, base = name, info = ''] = /^(.*?)(?:[:;!]([12],.*))?$/s.exec(name) ?? [];
  // `1,` are experiments without a meaning that is agreed on.
  return { base, letters: info.startsWith('2,') ? [...info.slice(2)] : [] };
}

/** Seconds since 1970 at the beginning of the name. */
function arrivalOf(name: string): number | undefined {
  const digits = /^(\d{8,10})[._]/.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** `size` is what the file had when it was listed. */
async function openMessage(
  path: string,
  file: File,
  size: number,
): Promise<Uint8Array | AsyncIterable<Uint8Array> | undefined> {
  const handle = await openFile(path, file);
  if (handle === undefined) return undefined;
  if (size > importLimits.wholeBytes) return withLineEndings(handle.createReadStream());
  try {
    return new LineEndings().push(await readWhole(handle, size));
  } finally {
    await handle.close();
  }
}

/** The file in one read. What a program still appends to it is not looked for: messages are complete when they get here. */
async function readWhole(handle: FileHandle, size: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(size);
  const { bytesRead } = await handle.read(bytes, 0, size, 0);
  return bytes.subarray(0, bytesRead);
}

/** The file, also when a client has given it other flags meanwhile. */
async function openFile(path: string, { folder, name }: File): Promise<FileHandle | undefined> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const found = await open(join(path, folder, name), flags).catch(absent);
  if (found !== undefined) return found;
  const { base } = splitName(name);
  const names = await readdir(join(path, 'cur'));
  const now = names.find((other) => splitName(other).base === base);
  return now === undefined ? undefined : open(join(path, 'cur', now), flags).catch(absent);
}

/** Undefined for what is not there, or is no folder; what is there and cannot be read is not passed over in silence. */
function absent(error: unknown): undefined {
  if (!(error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')))
    throw error;
}
