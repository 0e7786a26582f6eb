import { expect, it } from 'vitest';
import type { ImapCommand } from '../../../gateway/imap/wire/commands.ts';
import { parseCommand } from '../../../gateway/imap/wire/parse-command.ts';
import type { SearchKey } from '../../../gateway/imap/wire/search-key.ts';
import { frameOf } from './frames.ts';

const contains = (field: 'text', value: string): SearchKey => ({ key: 'contains', field, value: Buffer.from(value) });

function parse(line: string): ImapCommand {
  return parseCommand(frameOf(line), { utf8: false }).command;
}

it.each<[string, string, ImapCommand]>([
  [
    'RFC 5256 §3',
    'A283 SORT (SUBJECT REVERSE DATE) UTF-8 ALL',
    {
      name: 'SORT',
      uid: false,
      returns: null,
      criteria: [
        { by: 'SUBJECT', reverse: false },
        { by: 'DATE', reverse: true },
      ],
      charset: 'UTF-8',
      key: { key: 'all' },
    },
  ],
  [
    'RFC 5267 §4.3',
    'C01 UID SORT RETURN (PARTIAL 23500:24000 COUNT) (REVERSE DISPLAYFROM) UTF-8 ALL',
    {
      name: 'SORT',
      uid: true,
      returns: [{ fromEnd: false, first: 23500, last: 24000 }, 'COUNT'],
      criteria: [{ by: 'DISPLAYFROM', reverse: true }],
      charset: 'UTF-8',
      key: { key: 'all' },
    },
  ],
  [
    'RFC 9394 §3.1',
    'A02 SEARCH RETURN (PARTIAL -1:-100) UNDELETED',
    {
      name: 'SEARCH',
      uid: false,
      returns: [{ fromEnd: true, first: 1, last: 100 }],
      charset: null,
      key: { key: 'not', inner: { key: 'flag', flag: '\\Deleted' } },
    },
  ],
  [
    'RFC 5256 §3',
    'A UID THREAD REFERENCES US-ASCII TEXT gewp',
    { name: 'THREAD', uid: true, algorithm: 'REFERENCES', charset: 'US-ASCII', key: contains('text', 'gewp') },
  ],
])('%s: %s', (_, line, command) => expect(parse(line)).toEqual(command));

it.each([
  'a SORT () UTF-8 ALL',
  'a SORT (REVERSE) UTF-8 ALL',
  'a SORT (COLOUR) UTF-8 ALL',
  'a SORT (DATE) ALL',
  'a SEARCH RETURN (PARTIAL 0:5) ALL',
  'a SEARCH RETURN (PARTIAL -1:5) ALL',
  'a SEARCH RETURN (PARTIAL 1:5 PARTIAL 6:9) ALL',
  'a SEARCH RETURN (PARTIAL 1:5 ALL) ALL',
  'a THREAD REFERENCES UTF-8',
])('is refused: %s', (line) => expect(() => parse(line)).toThrow());
