import { expect, test } from 'vitest';
import { sentFrom } from '../../lib/message/sent-from.ts';

const sent = (text: string): string =>
  sentFrom(Buffer.from(text.replaceAll('\n', '\r\n')), 'postmaster@example.org')
    .toString('utf8')
    .replaceAll('\r\n', '\n');

test('a message of the own domain, or of one below it, goes as it is', () => {
  for (const host of ['example.org', 'EXAMPLE.org', 'lists.example.org']) {
    const text = `Subject: Hi\nFrom: Anna <anna@${host}>\nDKIM-Signature: v=1\n\nbody\n`;
    expect(sent(text)).toBe(text);
  }
});

test('a message from elsewhere is sent from the own address and answered to its author', () => {
  const text =
    'Return-Path: <x@elsewhere.net>\nReceived: by a\nDKIM-Signature: v=1;\n b=abc\nFrom: "Smith, John" <john@elsewhere.net>\nSender: s@elsewhere.net\nTo: anna@example.org\nSubject: Hi\n\nFrom: in the body\n';
  expect(sent(text)).toBe(
    'From: Smith John (john@elsewhere.net) <postmaster@example.org>\nX-Original-From: "Smith, John" <john@elsewhere.net>\nReply-To: "Smith, John" <john@elsewhere.net>\nReceived: by a\nTo: anna@example.org\nSubject: Hi\n\nFrom: in the body\n',
  );
});

test('a Reply-To stays, and a name that is not ASCII is read and written as encoded words', () => {
  const text = 'From: =?utf-8?Q?J=C3=B6rg?= <j@elsewhere.net>\nReply-To: list@elsewhere.net\n\n';
  expect(sent(text)).toBe(
    'From: =?utf-8?B?SsO2cmc=?= (j@elsewhere.net) <postmaster@example.org>\nX-Original-From: =?utf-8?Q?J=C3=B6rg?= <j@elsewhere.net>\nReply-To: list@elsewhere.net\n\n',
  );
});

test('no domain that only ends alike is the own one, nor an author among others, nor none', () => {
  for (const from of ['a@notexample.org', 'a@example.org, b@elsewhere.net', 'a@example.org.elsewhere.net'])
    expect(sent(`From: ${from}\n\n`)).toMatch(/^From: \([^)]*\) <postmaster@example\.org>\n/);
  expect(sent('Subject: x\n\nbody')).toBe('From: <postmaster@example.org>\nSubject: x\n\nbody');
  expect(sent('From: a@example.org\nSender: b@elsewhere.net\n\n')).not.toContain('Sender');
});

test('what a name or an address smuggles in stays in the name', () => {
  const evil = 'From: "x)> <evil@example.org>" <"a) <b@c>"@elsewhere.net>\n\n';
  const [line = ''] = sent(evil).split('\n');
  expect(line.match(/<[^>]*>/g)?.at(-1)).toBe('<postmaster@example.org>');
  expect(line).not.toContain('<evil');
});
