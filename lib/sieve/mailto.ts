import { checkAddress } from './headers.ts';

/** What a `mailto:` URI says (RFC 6068 §2, RFC 5436 §2). */
export interface Mailto {
  readonly to: readonly string[];
  readonly cc: readonly string[];
  readonly bcc: readonly string[];
  readonly subject: string | undefined;
  readonly body: string | undefined;
}

/** Characters of a URI that is read. */
const longest = 2000;

/** Reads a `mailto:` URI; undefined when it is something else, has a mistake, or nobody to write to. */
export function parseMailto(uri: string): Mailto | undefined {
  const match = /^mailto:([^?#]*)(?:\?([^#]*))?$/i.exec(uri);
  if (match === null || uri.length > longest) return undefined;
  const fields: [name: string, value: string][] = [['to', match[1] ?? '']];
  for (const pair of match[2] === undefined || match[2] === '' ? [] : match[2].split(/&(?:amp;)?/)) {
    const equals = pair.indexOf('=');
    if (equals < 1) return undefined;
    fields.push([pair.slice(0, equals).toLowerCase(), pair.slice(equals + 1)]);
  }
  const lists = new Map<string, string[]>([
    ['to', []],
    ['cc', []],
    ['bcc', []],
  ]);
  let subject: string | undefined;
  let body: string | undefined;
  for (const [name, encoded] of fields) {
    const list = lists.get(name);
    if (list !== undefined) {
      for (const one of encoded === '' ? [] : encoded.split(',')) {
        const address = decoded(one);
        if (address === undefined || checkAddress(address) !== undefined) return undefined;
        list.push(address);
      }
      continue;
    }
    const value = decoded(encoded);
    if (value === undefined) return undefined;
    if (name === 'subject') subject ??= value.replace(/[\r\n\0]+/g, ' ');
    if (name === 'body') body ??= value;
  }
  const { to = [], cc = [], bcc = [] } = Object.fromEntries(lists);
  return to.length + cc.length + bcc.length === 0 ? undefined : { to, cc, bcc, subject, body };
}

/** Percents undone; undefined when they are none, or not UTF-8. */
function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
