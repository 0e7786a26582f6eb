import { expect, test } from 'vitest';
import { SieveClient } from './client.ts';
import { openSieveGateway } from './gateway.ts';

const literal = (lines: readonly string[]): string => {
  const text = lines.map((line) => `${line}\r\n`).join('');
  return `{${text.length}+}\r\n${text}`;
};

// As printed, its two scripts use `envelope` without requiring it, which RFC 5228 §3.2 forbids: these require it.
const SENT = [
  'require ["fileinto", "envelope"];',
  '',
  'if envelope :contains "to" "tmartin+sent" {',
  '  fileinto "INBOX.sent";',
  '}',
];
const FORWARD = [
  'require ["fileinto", "envelope"];',
  'redirect "111@example.net";',
  '',
  'if size :under 10k {',
  '    redirect "mobile@cell.example.com";',
  '}',
  '',
  'if envelope :contains "to" "tmartin+lists" {',
  '    redirect "lists@groups.example.com";',
  '}',
];

test('the examples of RFC 5804 §2', async () => {
  await using gateway = await openSieveGateway();
  const client = await SieveClient.open(gateway.port);
  await client.answer();
  const talk = async (lines: readonly (readonly [string, string | RegExp])[]): Promise<void> => {
    for (const [said, heard] of lines) {
      const answer = await client.say(said);
      if (typeof heard === 'string') expect([said, answer]).toEqual([said, heard]);
      else expect(answer).toMatch(heard);
    }
  };
  await talk([
    // §2.1
    ['Authenticate "PLAIN" "QJIrweAPyo6Q1T9xu"', /^NO "/],
    [`Authenticate "PLAIN" "${Buffer.from('\0anna\0secret').toString('base64')}"`, 'OK'],
    // §2.5
    ['HAVESPACE "myscript" 999999', /^NO \(QUOTA\/MAXSIZE\) "/],
    ['HAVESPACE "foobar" 435', 'OK'],
    // §2.6
    [`PUTSCRIPT "foo" ${literal(['#comment', 'InvalidSieveCommand'])}`, /^NO "line 3, column 1: /],
    [`Putscript "mysievescript" ${literal(SENT.with(0, 'require ["fileinto"];'))}`, /^NO ".*needs require ..envelope/],
    [`Putscript "myforwards" ${literal(FORWARD.slice(1))}`, /^NO ".*needs require ..envelope/],
    ['Putscript "none" ""', 'NO "The script is empty"'],
    [`Putscript "mysievescript" ${literal(SENT)}`, 'OK'],
    [`Putscript "myforwardscript" ${literal(FORWARD)}`, 'OK'],
    // §2.8
    ['Setactive "mysievescript"', 'OK'],
    ['Setactive "baz"', /^NO \(NONEXISTENT\) "/],
    // §2.7
    ['Listscripts', '"mysievescript" ACTIVE\r\n"myforwardscript"\r\nOK'],
    // §2.9
    ['Getscript "mysievescript"', `${literal(SENT).replace('+', '')}\r\nOK`],
    // §2.10
    ['Deletescript "myforwardscript"', 'OK'],
    ['Deletescript "mysievescript"', /^NO \(ACTIVE\) "/],
    // §2.11
    ['Renamescript "mysievescript" "vacation"', 'OK'],
    ['Renamescript "none" "other"', /^NO \(NONEXISTENT\) "/],
    ['Listscripts', '"vacation" ACTIVE\r\nOK'],
    // §2.12
    [`CheckScript ${literal(['#comment', 'InvalidSieveCommand'])}`, /^NO "line 3, column 1: /],
    [`CheckScript ${literal(SENT)}`, 'OK'],
    // §2.13
    ['NOOP', 'OK'],
    ['NOOP "STARTTLS-SYNC-42"', 'OK (TAG "STARTTLS-SYNC-42")'],
    // §2.14
    ['Unauthenticate', 'OK'],
    // §2.3
    ['Logout', 'OK'],
  ]);
  expect(await client.answer()).toBe('END');
  expect(gateway.errors).toEqual([]);
});
