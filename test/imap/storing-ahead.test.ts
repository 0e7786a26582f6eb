import { expect, test } from 'vitest';
import type { Blobs } from '../../lib/store/ports.ts';
import { openTestHome } from '../support/home.ts';
import { ImapClient } from '../support/imap-client.ts';
import { openImapGateway } from '../support/imap-gateway.ts';

const COUNT = 20;

/** Blobs of which no message is written before so many are begun. */
function together(blobs: Blobs, count: number): Blobs {
  const { promise: allBegun, resolve } = Promise.withResolvers<void>();
  let begun = 0;
  return {
    async put(key, body, metadata) {
      if (body.toString().includes('together')) {
        if (++begun === count) resolve();
        await allBegun;
      }
      return blobs.put(key, body, metadata);
    },
    get: (...args) => blobs.get(...args),
    stream: (...args) => blobs.stream(...args),
    info: (...args) => blobs.info(...args),
    copy: (...args) => blobs.copy(...args),
    deleteMany: (...args) => blobs.deleteMany(...args),
    list: (...args) => blobs.list(...args),
    close: () => blobs.close(),
  };
}

test('small messages of a MULTIAPPEND are stored side by side, and keep their order', async () => {
  await using home = await openTestHome();
  const ports = await home.open();
  await using gateway = await openImapGateway({ ports: { ...ports, blobs: together(ports.blobs, COUNT) } });
  const client = await ImapClient.loggedIn(gateway.port);
  const messages = Array.from({ length: COUNT }, (_, i) => `Subject: together ${i}\r\n\r\n${'x'.repeat(i)}`);
  client.send(`a APPEND INBOX ${messages.map((text) => `{${text.length}+}\r\n${text}`).join(' ')}\r\n`);
  expect((await client.until('a')).at(-1)).toMatch(/^a OK \[APPENDUID \d+ 1:20\]/);
  await client.say('s', 'SELECT INBOX');
  const sizes = (await client.say('f', 'FETCH 1:* RFC822.SIZE')).slice(0, -1);
  expect(sizes).toEqual(messages.map((text, i) => `* ${i + 1} FETCH (RFC822.SIZE ${text.length})`));
  client.close();
  await ports.close();
});
