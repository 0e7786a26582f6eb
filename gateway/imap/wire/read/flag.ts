import type { Reader } from './reader.ts';
import { atom, list } from './text.ts';

const systemFlags = new Map(
  ['\\Answered', '\\Deleted', '\\Draft', '\\Flagged', '\\Recent', '\\Seen'].map((flag) => [flag.toLowerCase(), flag]),
);

/**
 *     flag           = "\Answered" / "\Flagged" / "\Deleted" / "\Seen" / "\Draft" / flag-keyword / flag-extension
 *     flag-extension = "\" atom                           ; RFC 9051 §9
 *     flag-keyword   = "$MDNSent" / "$Forwarded" / ... / atom
 *
 * A system flag is given in the RFC's spelling, a keyword as the client wrote it.
 */
export function flag(reader: Reader): string {
  const name = reader.skip('\\') ? `\\${atom(reader, 'a flag')}` : atom(reader, 'a flag');
  return systemFlags.get(name.toLowerCase()) ?? name;
}

/**
 *     flag-list = "(" [flag *(SP flag)] ")"               ; RFC 9051 §9
 */
export function flagList(reader: Reader): string[] {
  return list(reader, flag, true);
}

/**
 *     store-att-flags = (["+" / "-"] "FLAGS" [".SILENT"]) SP (flag-list / (flag *(SP flag)))     ; RFC 9051 §9
 */
export function storeFlags(reader: Reader): {
  readonly mode: 'replace' | 'add' | 'remove';
  readonly silent: boolean;
  readonly flags: readonly string[];
} {
  const mode = reader.skip('+') ? 'add' : reader.skip('-') ? 'remove' : 'replace';
  reader.expect('FLAGS');
  const silent = reader.skip('.SILENT');
  reader.sp();
  if (reader.peek() === '(') return { mode, silent, flags: flagList(reader) };
  const flags: string[] = [];
  do flags.push(flag(reader));
  while (reader.skip(' '));
  return { mode, silent, flags };
}
