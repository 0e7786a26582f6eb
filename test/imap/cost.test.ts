import { expect, test } from 'vitest';
import { ImapClient } from '../support/imap-client.ts';
import { type ImapGateway, openImapGateway } from '../support/imap-gateway.ts';

/** Counts requests at the ports. */
function countRequests({ store }: ImapGateway): () => { reads: number; writes: number; blobs: number } {
  const { index, blobs } = store.ports;
  let count = { reads: 0, writes: 0, blobs: 0 };
  const counted = (port: object, names: readonly string[], kind: keyof typeof count): void => {
    for (const name of names) {
      const method = Reflect.get(port, name).bind(port);
      const counting = (...args: unknown[]): unknown => {
        count[kind]++;
        return method(...args);
      };
      Reflect.set(port, name, counting);
    }
  };
  counted(index, ['get', 'batchGet', 'query'], 'reads');
  counted(index, ['put', 'delete', 'add'], 'writes');
  counted(blobs, ['get', 'stream', 'put', 'copy', 'info', 'list'], 'blobs');
  return () => {
    const last = count;
    count = { reads: 0, writes: 0, blobs: 0 };
    return last;
  };
}

test('requests per command, warm', async () => {
  await using gateway = await openImapGateway();
  const client = await ImapClient.loggedIn(gateway.port);
  for (let i = 0; i < 3; i++) await client.append('INBOX', `Subject: ${i}\r\n\r\ntext\r\n`);
  await client.say('s', 'SELECT INBOX');
  const requests = countRequests(gateway);
  const cost = async (command: string): Promise<string> => {
    const answer = (await client.say('a', command)).at(-1) ?? '';
    expect(answer).toMatch(/^a OK/);
    const { reads, writes, blobs } = requests();
    return `${reads} ${writes} ${blobs}`;
  };
  expect(await cost('UID FETCH 1:* FLAGS')).toBe('0 0 0');
  expect(await cost('FETCH 1:* (UID FLAGS MODSEQ RFC822.SIZE INTERNALDATE)')).toBe('0 0 0');
  expect(await cost('NOOP')).toBe('1 0 0');
  expect(await cost('SEARCH UNSEEN UNDELETED')).toBe('0 0 0');
  expect(await cost('FETCH 1:* ENVELOPE')).toBe('1 0 0');
  expect(await cost('FETCH 1 BODY.PEEK[]')).toBe('0 0 1');
  expect(await cost('FETCH 2 (BODY.PEEK[HEADER] BODY.PEEK[TEXT])')).toBe('1 0 1');
  expect(await cost('STORE 1:3 +FLAGS.SILENT ($Work)')).toBe('0 1 0');
  // The same again has nothing to write, and rests on a fresh view.
  expect(await cost('STORE 1:3 +FLAGS.SILENT ($Work)')).toBe('1 0 0');
  expect(await cost('FETCH 1:3 BODY[]')).toBe('0 1 3');
  expect(await cost('STATUS INBOX (MESSAGES)')).toBe('2 0 0');
  expect(await cost('SELECT INBOX')).toBe('3 0 0');
  client.close();
});
