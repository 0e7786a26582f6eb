import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type HostileGateway, startHostileGateway } from './gateway.ts';
import { ImapClient } from './imap-client.ts';
import { deepMultipart, hugeLists, manyParts, sameBoundary, sizeOf } from './messages.ts';

/** Memory while one command asks for the structures of hundreds of hostile messages. */
const PEAK_MB = 700;
const COPIES = 128;

let gateway: HostileGateway;
beforeAll(async () => {
  gateway = await startHostileGateway();
});
afterAll(() => gateway[Symbol.asyncDispose]());

describe('a mailbox full of hostile messages', () => {
  it.each([manyParts(3_000), sameBoundary(3_000), deepMultipart(100), hugeLists(3_000)])('$name', async (message) => {
    const client = await ImapClient.loggedIn(gateway.imapPort);
    const box = `box${message.name.replace(/\W/g, '')}`;
    await client.ok(`CREATE ${box}`);
    const { status } = await client.append(box, `{${sizeOf(message.chunks())}}`, message.chunks());
    expect(status).toBe('OK');
    await client.ok(`SELECT ${box}`);
    for (let i = 1; i < COPIES; i *= 2) await client.ok(`COPY 1:* ${box}`);
    gateway.forgetPeak();
    const tag = client.nextTag();
    await client.wire.write(`${tag} FETCH 1:* (ENVELOPE BODYSTRUCTURE)\r\n`);
    let answers = 0;
    for (;;) {
      const line = await client.wire.line();
      if (line === undefined || line.startsWith(tag)) break;
      if (/^\* \d+ FETCH /.test(line)) answers++;
    }
    expect(answers).toBe(COPIES);
    await client.ok('SEARCH OR FROM nowhere HEADER X-None nothing');
    client.close();
    expect(gateway.peakMb()).toBeLessThan(PEAK_MB);
    expect(gateway.faults).toEqual([]);
  });
});
