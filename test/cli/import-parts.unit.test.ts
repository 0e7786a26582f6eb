import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mailboxOf, splitName } from '../../bin/import/maildir.ts';
import { mboxEntries } from '../../bin/import/mbox-entries.ts';
import { parseFromLine } from '../../bin/import/mbox-from-line.ts';
import { hashableHeader, mboxFlags, splitHeader } from '../../bin/import/mbox-header.ts';
import { Unquote } from '../../bin/import/unquote.ts';
import { withoutFromLine } from '../../bin/without-from-line.ts';

const AT = Date.UTC(2026, 10, 20, 13, 10) / 1000;

describe('From_ lines (RFC 4155)', () => {
  test.each([
    ['From anna@example.com Fri Nov 20 13:10:00 2026', AT],
    ['From anna Fri Nov 20 13:10:00 2026', AT],
    ['From - Fri Nov 20 13:10 2026', AT],
    ['From "a b"@example.com  Fri Nov 20 13:10:00 2026 remote from there', AT],
    ['From anna@example.com Fri Nov 20 13:10:00 2026 +0100', AT - 3600],
    ['From anna@example.com Fri Nov 20 13:10:00 GMT 2026', AT],
    ['From anna@example.com Fri Nov  2 03:04:05 2007', Date.UTC(2007, 10, 2, 3, 4, 5) / 1000],
    ['From here on it went down', undefined],
    ['From: anna@example.com Fri Nov 20 13:10:00 2026', undefined],
    ['From ', undefined],
    [`From ${'x '.repeat(400)}`, undefined],
  ])('%s', (line, date) => {
    expect(parseFromLine(line)).toBe(date);
  });
});

describe('mbox entries', () => {
  async function entriesOf(text: string): Promise<string[]> {
    const folder = await mkdtemp(join(tmpdir(), 'cirrus-test-'));
    const path = join(folder, 'mbox');
    await writeFile(path, text, 'latin1');
    const file = await open(path);
    const found: string[] = [];
    for await (const { start, end } of mboxEntries(file)) found.push(text.slice(start, end));
    await file.close();
    await rm(folder, { recursive: true });
    return found;
  }
  const FROM = 'From a@b Fri Nov 20 13:10:00 2026';

  test('are what lies between separators, without the empty line that ends each', async () => {
    expect(await entriesOf(`${FROM}\nA: 1\n\none\n\n${FROM}\nB: 2\n\ntwo\n\n`)).toEqual([
      'A: 1\n\none\n',
      'B: 2\n\ntwo\n',
    ]);
    expect(await entriesOf(`${FROM}\r\nA: 1\r\n\r\none\r\n\r\n${FROM}\r\nB: 2\r\n\r\n2\r\n\r\n`)).toEqual([
      'A: 1\r\n\r\none\r\n',
      'B: 2\r\n\r\n2\r\n',
    ]);
    expect(await entriesOf('')).toEqual([]);
    expect(await entriesOf(`${FROM}\nA: 1\n\nno end of line`)).toEqual(['A: 1\n\nno end of line']);
    expect(await entriesOf(`${FROM}\n`)).toEqual(['']);
  });

  test('do not begin in the middle of a paragraph, nor without a date', async () => {
    const body = `text\n${FROM}\nmore\n\nFrom here on\n`;
    expect(await entriesOf(`${FROM}\nA: 1\n\n${body}\n`)).toEqual([`A: 1\n\n${body}`]);
  });

  test('are found wherever the reads end', async () => {
    const sizes = [1, 17, 1000, 1024 * 1024 - 40, 1024 * 1024 - 20, 1024 * 1024 + 3, 2_500_000];
    const messages = sizes.map((size, i) => `N: ${i}\n\n${'x'.repeat(size)}\n`);
    expect(await entriesOf(messages.map((message) => `${FROM}\n${message}\n`).join(''))).toEqual(messages);
  });
});

test('quoting of From is undone, one > from each line, wherever the pieces end', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom('From ', '>From ', '>>From ', '>', 'F', 'Fro', 'x', '\n', '\r\n'), { maxLength: 30 }),
      fc.array(fc.nat(5), { maxLength: 40 }),
      (words, cuts) => {
        const original = words.join('');
        const quoted = original.replace(/^(>*From )/gm, '>$1');
        const unquote = new Unquote();
        let rest = Buffer.from(quoted);
        let text = '';
        for (const cut of cuts) {
          text += unquote.push(rest.subarray(0, cut)).toString();
          rest = rest.subarray(cut);
        }
        expect(text + unquote.push(rest).toString() + unquote.end().toString()).toBe(original);
      },
    ),
  );
});

test('a first line of an mbox is taken off a delivered message, wherever the pieces end', async () => {
  const taken = async (text: string, size: number): Promise<string> => {
    async function* pieces(): AsyncGenerator<Buffer> {
      for (let at = 0; at < text.length; at += size) yield Buffer.from(text.slice(at, at + size));
    }
    let out = '';
    for await (const piece of withoutFromLine(pieces())) out += piece.toString();
    return out;
  };
  for (const size of [1, 3, 5, 7, 1000]) {
    expect(await taken('From anna Fri\nA: 1\n\nFrom x\n', size)).toBe('A: 1\n\nFrom x\n');
    expect(await taken('From: anna\n\nx', size)).toBe('From: anna\n\nx');
    expect(await taken('Fro', size)).toBe('Fro');
    expect(await taken('', size)).toBe('');
  }
});

test('state of an mbox message: flags, keywords, and a header that does not depend on them', () => {
  const { header, bodyAt } = splitHeader(
    Buffer.from('Subject: x\nStatus: RO\nX-Status: AF\nX-Keywords: Work,\n $Label1 bad(\nTo: y\n\nStatus: R\n'),
  );
  expect(bodyAt).toBe(header.length);
  expect(mboxFlags(header)).toEqual(['\\Seen', '\\Answered', '\\Flagged', 'Work', '$Label1']);
  expect(hashableHeader(header)).toBe('Subject: x\nTo: y\n\n');
  expect(mboxFlags('X-Status: DT\n\n')).toEqual(['\\Deleted', '\\Draft']);
  expect(splitHeader(Buffer.from('no header at all')).bodyAt).toBe(16);
});

describe('Maildir names', () => {
  test.each([
    ['1700000000.M1P2.host,S=9:2,FS', '1700000000.M1P2.host,S=9', 'FS'],
    ['1700000000.M1P2.host', '1700000000.M1P2.host', ''],
    ['1700000000.M1P2.host:1,x', '1700000000.M1P2.host', ''],
    ['1700000000.M1P2.host;2,S', '1700000000.M1P2.host', 'S'],
    ['odd:name', 'odd:name', ''],
  ])('%s', (name, base, letters) => {
    expect(splitName(name)).toEqual({ base, letters: [...letters] });
  });

  test.each([
    ['.Sent', 'INBOX', 'Sent'],
    ['.Sent.2024', 'INBOX', 'Sent/2024'],
    ['.Entw&APw-rfe', 'INBOX', 'Entwürfe'],
    ['.Sent', 'Old/anna', 'Old/anna/Sent'],
    ['.a..b', 'INBOX', 'a/b'],
    ['.a/b*c', 'INBOX', 'a_b_c'],
    ['cur', 'INBOX', undefined],
    ['..', 'INBOX', undefined],
  ])('%s below %s is %s', (folder, into, mailbox) => {
    expect(mailboxOf(folder, into)).toBe(mailbox);
  });
});
