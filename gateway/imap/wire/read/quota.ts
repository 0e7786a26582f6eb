import type { ImapCommand } from '../commands.ts';
import { mailbox } from './mailbox.ts';
import { type ReadArguments, type Reader, spaced } from './reader.ts';
import { astring, list, number64, word } from './text.ts';

/** The commands of RFC 9208 §4.1. */
export const quotaCommands: readonly (readonly [verb: string, read: ReadArguments])[] = [
  ['GETQUOTA', (reader) => ({ name: 'GETQUOTA', root: spaced(reader, astring) })],
  ['GETQUOTAROOT', (reader) => ({ name: 'GETQUOTAROOT', mailbox: spaced(reader, mailbox) })],
  ['SETQUOTA', setQuota],
];

/**
 *     setquota       = "SETQUOTA" SP quota-root-name SP setquota-list   ; RFC 9208 §7
 *     setquota-list  = "(" [setquota-resource *(SP setquota-resource)] ")"
 *     setquota-resource = resource-name SP resource-limit
 */
function setQuota(reader: Reader): ImapCommand {
  const root = spaced(reader, astring);
  const limit = (inner: Reader): [string, number] => [word(inner, 'a resource'), spaced(inner, number64)];
  return { name: 'SETQUOTA', root, limits: spaced(reader, (inner) => list(inner, limit, true)) };
}
