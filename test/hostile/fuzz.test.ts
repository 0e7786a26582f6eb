import { afterAll, beforeAll, describe, it } from 'vitest';
import { expectSound, fuzzImap, fuzzLmtp } from './fuzz.ts';
import { type HostileGateway, startHostileGateway, USER } from './gateway.ts';
import { LmtpClient } from './lmtp-client.ts';
import { Random } from './random.ts';

/** Memory while hostile sessions come and go. */
const PEAK_MB = 400;

let gateway: HostileGateway;
beforeAll(async () => {
  gateway = await startHostileGateway();
  const client = await LmtpClient.connect(gateway.lmtpPort);
  for (let i = 0; i < 5; i++) {
    await client.begin(USER);
    await client.data([
      Buffer.from(`From: a@example.com\r\nSubject: ${i}\r\nContent-Type: text/plain\r\n\r\nbody ${i}\r\n`),
    ]);
  }
  client.close();
});
afterAll(() => gateway[Symbol.asyncDispose]());

describe('fuzz', () => {
  it('IMAP: no internal error, no hang, whatever the octets', async () => {
    await fuzzImap(gateway, new Random('IMAP'), 800);
    await expectSound(gateway, PEAK_MB);
  });

  it('LMTP: no internal error, no hang, whatever the octets', async () => {
    await fuzzLmtp(gateway, new Random('LMTP'), 600);
    await expectSound(gateway, PEAK_MB);
  });
});
