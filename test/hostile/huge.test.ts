import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Bystander } from './bystander.ts';
import { type HostileGateway, startHostileGateway } from './gateway.ts';
import { ImapClient } from './imap-client.ts';
import { bigAttachment, bigHeader, oneLine } from './messages.ts';
import { send, ways } from './send.ts';
import { verifyLast } from './verify.ts';

/** What the process may hold while messages of 200 MB come and go. An idle one has about 110 MB. */
const PEAK_MB = 400;

let gateway: HostileGateway;
beforeAll(async () => {
  gateway = await startHostileGateway();
});
afterAll(() => gateway[Symbol.asyncDispose]());

const cases = [
  { way: 'DATA', message: bigAttachment(200) },
  { way: '{n+}', message: oneLine(50) },
  { way: 'BDAT', message: bigHeader(60) },
] as const;

describe('huge messages', () => {
  it.each(cases)('$message.name by $way comes back byte for byte', async ({ way: name, message }) => {
    const way = ways.find((one) => one.name === name);
    if (way === undefined) throw new Error(name);
    gateway.forgetPeak();
    await using bystander = await Bystander.join(gateway.imapPort);
    const client = await ImapClient.loggedIn(gateway.imapPort, 'INBOX');
    await send(gateway, client, way, message);
    await verifyLast(client, message, way.stored(message), way.origin);
    client.close();
    expect(gateway.peakMb()).toBeLessThan(PEAK_MB);
    // Others are served all the while, and none of them waits for seconds.
    expect(bystander.answered).toBeGreaterThan(20);
    expect(bystander.slowestMs).toBeLessThan(5_000);
    expect(gateway.faults).toEqual([]);
  });
});
