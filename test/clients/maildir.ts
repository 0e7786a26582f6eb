import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A message in a Maildir. Mail programs keep lines that end with LF there. */
export interface MaildirMessage {
  /** Where the file is. */
  readonly path: string;
  /** Such as `FS`: flagged and seen. */
  readonly letters: string;
  /** With CRLF. */
  readonly body: Buffer;
}

export async function makeMaildir(folder: string): Promise<void> {
  for (const part of ['cur', 'new', 'tmp']) await mkdir(join(folder, part), { recursive: true });
}

export async function addToMaildir(folder: string, name: string, letters: string, body: Buffer): Promise<void> {
  await writeFile(
    join(folder, 'cur', `${name}:2,${letters}`),
    body.toString('latin1').replaceAll('\r\n', '\n'),
    'latin1',
  );
}

/** The messages, sorted by the names of their files. */
export async function readMaildir(folder: string): Promise<readonly MaildirMessage[]> {
  const found: MaildirMessage[] = [];
  for (const part of ['cur', 'new']) {
    for (const name of (await readdir(join(folder, part))).sort()) {
      const path = join(folder, part, name);
      const [, letters = ''] = name.split(':2,');
      const text = await readFile(path, 'latin1');
      found.push({ path, letters, body: Buffer.from(text.replaceAll('\n', '\r\n'), 'latin1') });
    }
  }
  return found;
}

export async function setLetters({ path }: MaildirMessage, letters: string): Promise<void> {
  await rename(path, path.replace(/\/(new|cur)\/([^/]*?)(:2,\w*)?$/, `/cur/$2:2,${letters}`));
}

export async function removeFromMaildir({ path }: MaildirMessage): Promise<void> {
  await rm(path);
}
