import { afterAll, beforeAll, expect, test } from 'vitest';
import { ImapClient } from '../support/imap-client.ts';
import { type ImapGateway, openImapGateway } from '../support/imap-gateway.ts';

/** A word in each charset that BADCHARSET names but US-ASCII: what a person types, and the octets that a client sends for it. */
const words: readonly (readonly [charset: string, word: string, octets: string])[] = [
  ['UTF-8', 'Grüße', '4772c3bcc39f65'],
  ['ISO-8859-1', 'München', '4dfc6e6368656e'],
  ['ISO-8859-15', '20 €', '323020a4'],
  ['WINDOWS-1252', '“so”', '93736f94'],
  ['KOI8-R', 'привет', 'd0d2c9d7c5d4'],
  ['SHIFT_JIS', '日本', '93fa967b'],
  ['GB18030', '中国', 'd6d0b9fa'],
  ['BIG5', '中文', 'a4a4a4e5'],
  ['EUC-KR', '한국', 'c7d1b1b9'],
];

let gateway: ImapGateway;
let client: ImapClient;
beforeAll(async () => {
  gateway = await openImapGateway();
  client = await ImapClient.loggedIn(gateway.port);
  for (const [charset, word] of words) {
    const head = `Subject: =?utf-8?b?${Buffer.from(word).toString('base64')}?=\r\nContent-Type: text/plain; charset=utf-8`;
    const body = Buffer.from(`${charset}: ${word}.`).toString('latin1');
    const answer = await client.append('INBOX', `${head}\r\nContent-Transfer-Encoding: 8bit\r\n\r\n${body}\r\n`);
    expect(answer.at(-1)).toMatch(/^append OK/);
  }
  await client.say('s', 'SELECT INBOX');
});
afterAll(async () => {
  client.close();
  await gateway[Symbol.asyncDispose]();
});

/** Says a command whose last argument is a literal of these octets. */
async function ask(command: string, octets: string): Promise<string[]> {
  client.send(`a ${command} {${octets.length / 2}+}\r\n`);
  client.send(Buffer.from(octets, 'hex'));
  client.send('\r\n');
  return client.until('a');
}

test.each(words)('SEARCH, SORT and THREAD in %s find %s (RFC 9051 §6.4.4)', async (charset, _word, octets) => {
  const number = words.findIndex(([each]) => each === charset) + 1;
  const done = 'a OK Completed';
  expect(await ask(`SEARCH CHARSET ${charset} BODY`, octets)).toEqual([`* SEARCH ${number}`, done]);
  expect(await ask(`SEARCH CHARSET ${charset.toLowerCase()} SUBJECT`, octets)).toEqual([`* SEARCH ${number}`, done]);
  expect(await ask(`UID SORT (REVERSE DATE) ${charset} TEXT`, octets)).toEqual([`* SORT ${number}`, done]);
  expect(await ask(`THREAD REFERENCES ${charset} BODY`, octets)).toEqual([`* THREAD (${number})`, done]);
});

test('the octets of one charset are nothing, or another word, in others', async () => {
  const [, , munich = ''] = words[1] ?? [];
  for (const charset of ['KOI8-R', 'BIG5', 'WINDOWS-1252']) {
    const found = charset === 'WINDOWS-1252' ? '* SEARCH 2' : '* SEARCH';
    expect(await ask(`SEARCH CHARSET ${charset} BODY`, munich)).toEqual([found, 'a OK Completed']);
  }
});
