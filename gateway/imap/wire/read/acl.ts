import type { ImapCommand } from '../commands.ts';
import { mailbox } from './mailbox.ts';
import { type ReadArguments, type Reader, spaced } from './reader.ts';
import { astring } from './text.ts';

/** The commands of RFC 4314 §3. */
export const aclCommands: readonly (readonly [verb: string, read: ReadArguments])[] = [
  ['GETACL', (reader) => ({ name: 'GETACL', mailbox: spaced(reader, mailbox) })],
  ['MYRIGHTS', (reader) => ({ name: 'MYRIGHTS', mailbox: spaced(reader, mailbox) })],
  ['SETACL', setAcl],
  ['DELETEACL', (reader) => aboutIdentifier(reader, 'DELETEACL')],
  ['LISTRIGHTS', (reader) => aboutIdentifier(reader, 'LISTRIGHTS')],
];

/**
 *     setacl     = "SETACL" SP mailbox SP identifier SP mod-rights      ; RFC 4314 §3.1
 *     mod-rights = astring      ; "+" adds, "-" takes away, else the rights are replaced
 */
function setAcl(reader: Reader): ImapCommand {
  const name = spaced(reader, mailbox);
  const identifier = spaced(reader, (inner) => astring(inner, 'an identifier'));
  const rights = spaced(reader, (inner) => astring(inner, 'rights'));
  if (rights.startsWith('+'))
    return { name: 'SETACL', mailbox: name, identifier, mode: 'add', rights: rights.slice(1) };
  if (rights.startsWith('-'))
    return { name: 'SETACL', mailbox: name, identifier, mode: 'remove', rights: rights.slice(1) };
  return { name: 'SETACL', mailbox: name, identifier, mode: 'replace', rights };
}

function aboutIdentifier(reader: Reader, name: 'DELETEACL' | 'LISTRIGHTS'): ImapCommand {
  return {
    name,
    mailbox: spaced(reader, mailbox),
    identifier: spaced(reader, (inner) => astring(inner, 'an identifier')),
  };
}
