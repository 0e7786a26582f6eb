import { expect, test } from 'vitest';
import { MAX_ANNOTATION_BYTES, MAX_MESSAGE_ANNOTATIONS } from '../../lib/store/annotate.ts';
import { ImapClient } from '../support/imap-client.ts';
import { openImapGateway } from '../support/imap-gateway.ts';

test('values of annotations are any octets, and their limits have codes of their own (RFC 5257 §3.2.2, §4.5)', async () => {
  await using gateway = await openImapGateway();
  const client = await ImapClient.loggedIn(gateway.port);
  await client.append('INBOX', 'Subject: x\r\n\r\nx');
  await client.say('a', 'SELECT INBOX');
  const store = (entry: string, value: string): Promise<string[]> =>
    client.say('b', `STORE 1 ANNOTATION (${entry} (value.shared ${value}))`);
  const literal = (octets: string, binary = ''): string =>
    `${binary}{${Buffer.byteLength(octets, 'latin1')}+}\r\n${octets}`;
  expect(await store('/comment', literal('two\r\nlines'))).toEqual(['b OK Completed']);
  expect(await store('/altsubject', literal('\0\x01', '~'))).toEqual(['b OK Completed']);
  expect((await store('/altsubject', literal('\0\x01'))).at(-1)).toMatch(/^b BAD /);
  expect(await client.say('c', 'FETCH 1 (ANNOTATION (/% value.shared))')).toEqual([
    '* 1 FETCH (ANNOTATION (/altsubject (value.shared ~{2}\r\n\0\x01) /comment (value.shared {10}\r\ntwo\r\nlines)))',
    'c OK Completed',
  ]);
  expect((await store('/comment', literal('x'.repeat(MAX_ANNOTATION_BYTES + 1)))).at(-1)).toBe(
    `b NO [ANNOTATE TOOBIG] An annotation has at most ${MAX_ANNOTATION_BYTES} bytes`,
  );
  const many = Array.from({ length: MAX_MESSAGE_ANNOTATIONS + 1 }, (_, i) => `/vendor/a/${i} (value.priv "x")`);
  expect(await client.say('d', `STORE 1 ANNOTATION (${many.join(' ')})`)).toEqual([
    `d NO [ANNOTATE TOOMANY] A message has at most ${MAX_MESSAGE_ANNOTATIONS} annotations`,
  ]);
  client.close();
  expect(gateway.errors).toEqual([]);
});
