import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Bystander } from '../hostile/bystander.ts';
import { expectSound, fuzzImap, fuzzLmtp } from '../hostile/fuzz.ts';
import { type HostileGateway, startHostileGateway } from '../hostile/gateway.ts';
import { ImapClient } from '../hostile/imap-client.ts';
import * as messages from '../hostile/messages.ts';
import { Random } from '../hostile/random.ts';
import { send, ways } from '../hostile/send.ts';
import { verifyLast } from '../hostile/verify.ts';

const HOUR = 3_600_000;
const PEAK_MB = 512;
/** What may be resident more after all repetitions than after the first one. */
const GROWTH_MB = 60;

let gateway: HostileGateway;
beforeAll(async () => {
  gateway = await startHostileGateway();
});
afterAll(() => gateway[Symbol.asyncDispose]());

const huge = [
  messages.bigAttachment(200),
  messages.oneLine(200),
  messages.manyFields(1_000_000),
  messages.bigHeader(60),
  messages.manyParts(1_000_000),
  messages.hugeLists(200_000),
];

describe.each(ways)('huge messages by $name', (way) => {
  it.each(huge)('$name comes back byte for byte', { timeout: HOUR }, async (message) => {
    gateway.forgetPeak();
    await using bystander = await Bystander.join(gateway.imapPort);
    const client = await ImapClient.loggedIn(gateway.imapPort, 'INBOX');
    await send(gateway, client, way, message);
    await verifyLast(client, message, way.stored(message), way.origin);
    client.close();
    expect(gateway.peakMb()).toBeLessThan(PEAK_MB);
    expect(bystander.slowestMs).toBeLessThan(5_000);
    expect(gateway.faults).toEqual([]);
  });
});

describe('again and again', () => {
  it('hostile shapes leave nothing in memory', { timeout: HOUR }, async () => {
    const shapes = [messages.manyParts(50_000), messages.sameBoundary(10_000), messages.hugeLists(10_000)];
    const [way] = ways;
    if (way === undefined) throw new Error('no way');
    const resident: number[] = [];
    for (let round = 0; round < 12; round++) {
      for (const message of [...shapes, messages.bigAttachment(20)]) {
        const client = await ImapClient.loggedIn(gateway.imapPort, 'INBOX');
        await send(gateway, client, way, message);
        await verifyLast(client, message, way.stored(message), way.origin);
        client.close();
      }
      resident.push(gateway.residentMb());
    }
    console.log(`resident after each round: ${resident.map((mb) => mb.toFixed(0)).join(' ')} MB`);
    expect(Math.max(...resident.slice(6))).toBeLessThan(Math.max(...resident.slice(0, 6)) + GROWTH_MB);
  });
});

describe('fuzz', () => {
  it('IMAP', { timeout: HOUR }, async () => {
    for (let round = 0; round < 10; round++) {
      await fuzzImap(gateway, new Random('IMAP'), 2_000);
      await expectSound(gateway, PEAK_MB);
    }
  });

  it('LMTP', { timeout: HOUR }, async () => {
    for (let round = 0; round < 10; round++) {
      await fuzzLmtp(gateway, new Random('LMTP'), 2_000);
      await expectSound(gateway, PEAK_MB);
    }
  });
});
