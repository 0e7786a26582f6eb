import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isKeyword } from './source.ts';

/** Keywords of a message, by its file's name before the colon and the letters after `:2,`. */
export type KeywordsOf = (base: string, letters: readonly string[]) => readonly string[];

/** What Dovecot (`dovecot-keywords`) and Courier (`courierimapkeywords/:list`) know of the keywords in a folder. */
export async function readKeywords(folder: string): Promise<KeywordsOf> {
  const dovecot = dovecotNames(await readText(join(folder, 'dovecot-keywords')));
  const courier = courierKeywords(await readText(join(folder, 'courierimapkeywords', ':list')));
  return (base, letters) => [...letters.flatMap((letter) => dovecot.get(letter) ?? []), ...(courier.get(base) ?? [])];
}

/** Lines `0 $Label1`: the letter `a` is number 0. */
function dovecotNames(text: string): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, digits = '', name = ''] = /^(\d{1,2}) (\S+)\s*$/.exec(line) ?? [];
    if (digits !== '' && Number(digits) < 26 && isKeyword(name)) {
      names.set(String.fromCharCode('a'.charCodeAt(0) + Number(digits)), name);
    }
  }
  return names;
}

/** Names, one a line, then an empty line, then lines `file:0 2`, numbers of the names. */
function courierKeywords(text: string): ReadonlyMap<string, readonly string[]> {
  const lines = text.split('\n');
  const end = lines.indexOf('');
  const names = end < 0 ? [] : lines.slice(0, end);
  const keywords = new Map<string, readonly string[]>();
  for (const line of lines.slice(names.length + 1)) {
    const colon = line.lastIndexOf(':');
    if (colon < 1) continue;
    const found = line
      .slice(colon + 1)
      .split(' ')
      .flatMap((number) => (/^\d+$/.test(number) ? (names[Number(number)] ?? []) : []));
    keywords.set(line.slice(0, colon), found.filter(isKeyword));
  }
  return keywords;
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    // Most Maildirs have no such file; one that cannot be read must not cost its keywords in silence.
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return '';
    throw error;
  }
}
