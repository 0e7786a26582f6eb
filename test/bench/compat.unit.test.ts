import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { inOrder, plainPop3, plainResponse } from '../../bench/compat/plain.ts';
import { parseScript } from '../../bench/compat/script.ts';

const root = join(import.meta.dirname, '../..');
const folder = join(root, 'bench/compat/scripts');

it('each known difference has its row in docs/compat.md, and each row a difference', () => {
  const scripts = readdirSync(folder).map((name) => parseScript(readFileSync(join(folder, name), 'utf8')));
  const differences = scripts.flatMap(({ steps }) => steps.flatMap(({ differs }) => [...differs]));
  expect([...new Set(differences.map(([peer]) => peer))].sort()).toEqual(['cyrus', 'dovecot']);
  const table = readFileSync(join(root, 'docs/compat.md'), 'utf8');
  const rows = [...table.matchAll(/^\| ([\w-]+) \|/gm)].map(([, name]) => name).filter((name) => name !== 'name');
  expect(rows).toEqual(rows.toSorted());
  expect([...new Set(differences.flatMap(([, reasons]) => reasons))].sort()).toEqual(rows);
});

describe('what is compared of a response', () => {
  it.each([
    ['t1 OK [READ-WRITE] Completed', 't2 OK [READ-WRITE] Select completed (0.001 secs).'],
    ['a OK [APPENDUID 1 5] x', 'a OK [APPENDUID 99 5] y'],
    ['* 1 FETCH (UID 2 FLAGS (\\Seen Work))', '* 1 FETCH (FLAGS (Work \\Seen) UID 2)'],
    ['* 1 FETCH (BODY[TEXT] {3}\r\na)b)', '* 1 FETCH (BODY[TEXT] "a)b")'],
    ['* 1 FETCH (BINARY[1] ~{2}\r\nab)', '* 1 FETCH (BINARY[1] "ab")'],
    [
      '* 1 FETCH (BODY ("TEXT" "PLAIN" NIL NIL NIL "7BIT" 1 1))',
      '* 1 FETCH (BODY ("text" "plain" NIL NIL NIL "7bit" 1 1))',
    ],
    ['* 1 FETCH (INTERNALDATE " 1-Jan-2020 12:00:00 +0000")', '* 1 FETCH (INTERNALDATE "01-Jan-2020 13:00:00 +0100")'],
    ['* LIST (\\HasNoChildren \\Sent) "/" Sent', '* LIST (\\Sent \\HasNoChildren) "/" "Sent"'],
    ['* STATUS INBOX (MESSAGES 1 UNSEEN 0)', '* STATUS "INBOX" (UNSEEN 0 MESSAGES 1)'],
    [
      '* METADATA "INBOX" (/private/comment "a b" /shared/x NIL)',
      '* METADATA INBOX ("/shared/x" NIL "/private/comment" "a b")',
    ],
    ['* ACL box anna lrs bob lr', '* ACL "box" bob rl anna srl'],
    ['* MYRIGHTS box lrs', '* MYRIGHTS "box" srl'],
    ['* LISTRIGHTS box bob "" l r s', '* LISTRIGHTS "box" bob "" s l r'],
    ['* ESEARCH (TAG "a") UID MIN 1 COUNT 2', '* ESEARCH (TAG "a") UID COUNT 2 MIN 1'],
  ])('%s is as good as %s', (one, other) => {
    expect(plainResponse(one)).toBe(plainResponse(other));
  });

  it.each([
    ['t OK Completed', 't NO Completed'],
    ['t NO [NONEXISTENT] x', 't NO x'],
    ['a OK [APPENDUID 1 5] x', 'a OK [APPENDUID 1 6] x'],
    ['* 1 FETCH (FLAGS (\\Seen))', '* 2 FETCH (FLAGS (\\Seen))'],
    ['* 1 FETCH (BODY[4] NIL)', '* 1 FETCH (BODY[4] "")'],
    ['* 1 FETCH (INTERNALDATE " 1-Jan-2020 12:00:00 +0000")', '* 1 FETCH (INTERNALDATE " 1-Jan-2020 12:00:00 +0100")'],
    ['* LIST (\\Sent) "/" Sent', '* LIST (\\Sent) "/" sent'],
    ['* METADATA INBOX (/private/x "NIL")', '* METADATA INBOX (/private/x NIL)'],
    ['* ACL box anna lrs bob lr', '* ACL box anna lr bob lrs'],
    ['* MYRIGHTS box lrs', '* MYRIGHTS box lr'],
    ['* LISTRIGHTS box bob l r s', '* LISTRIGHTS box bob "" l r s'],
  ])('%s is another than %s', (one, other) => {
    expect(plainResponse(one)).not.toBe(plainResponse(other));
  });

  it('POP3: the status with its code, and what clients read', () => {
    expect(plainPop3('+OK Goodbye')).toBe(plainPop3('+OK Bye-bye.'));
    expect(plainPop3('-ERR [IN-USE] x')).not.toBe(plainPop3('-ERR x'));
    expect(plainPop3('+OK 2 320')).not.toBe(plainPop3('+OK 2 321'));
    expect(plainPop3('1 000000015f2b')).toBe(plainPop3('1 5.1'));
    expect(plainPop3('1 120')).toBe('1 120');
  });

  it('the order of what was sent counts for EXPUNGE alone', () => {
    const [one, two] = [
      inOrder(['* 4 EXPUNGE', '* 2 EXPUNGE', '* 1 EXISTS']),
      inOrder(['* 1 EXISTS', '* 4 EXPUNGE', '* 2 EXPUNGE']),
    ];
    expect(one).toEqual(two);
    expect(inOrder(['* 2 EXPUNGE', '* 4 EXPUNGE'])).not.toEqual(inOrder(['* 4 EXPUNGE', '* 2 EXPUNGE']));
  });
});
