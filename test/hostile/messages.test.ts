import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Bystander } from './bystander.ts';
import { readEverything } from './fresh-store.ts';
import { type HostileGateway, startHostileGateway, USER } from './gateway.ts';
import { ImapClient } from './imap-client.ts';
import type { HostileMessage } from './messages.ts';
import * as messages from './messages.ts';
import { send, ways } from './send.ts';
import { verifyLast } from './verify.ts';

/** What the process may hold, whatever is sent to it. An idle one has about 110 MB; V8 lets garbage lie for a while. */
const PEAK_MB = 512;

let gateway: HostileGateway;
beforeAll(async () => {
  gateway = await startHostileGateway();
});
afterAll(() => gateway[Symbol.asyncDispose]());

const shapes: readonly HostileMessage[] = [
  messages.manyParts(50_000),
  messages.deepMultipart(10_000),
  messages.deepMessages(10_000),
  messages.sameBoundary(10_000),
  messages.manyFields(20_000),
  messages.bigHeader(2),
  messages.hugeLists(10_000),
  messages.bigAttachment(5),
  messages.oneLine(5),
  ...messages.brokenMessages(),
];

describe.each(ways)('by $name', (way) => {
  let client: ImapClient;
  let bystander: Bystander;
  beforeAll(async () => {
    client = await ImapClient.loggedIn(gateway.imapPort, 'INBOX');
    bystander = await Bystander.join(gateway.imapPort);
  });
  afterAll(async () => {
    client.close();
    await bystander[Symbol.asyncDispose]();
  });

  it.each([...shapes, ...(way.takesNul ? messages.withNul() : [])])(
    '$name comes back byte for byte',
    async (message) => {
      gateway.forgetPeak();
      const answeredBefore = bystander.answered;
      await send(gateway, client, way, message);
      await verifyLast(client, message, way.stored(message), way.origin);
      expect(gateway.peakMb()).toBeLessThan(PEAK_MB);
      await bystander.answeredMoreThan(answeredBefore);
      expect(gateway.faults).toEqual([]);
    },
  );
});

describe.each(ways.filter(({ takesNul }) => !takesNul))('by $name', ({ name }) => {
  it('NUL is refused, and the session goes on', async () => {
    const client = await ImapClient.loggedIn(gateway.imapPort, 'INBOX');
    for (const { chunks } of messages.withNul()) {
      const head = name.replace('n', String(messages.sizeOf(chunks())));
      const { status, text } = await client.append('INBOX', head, chunks());
      expect(`${status} ${text}`).toMatch(/^NO .*NUL/);
      await client.ok('NOOP');
    }
    client.close();
  });
});

describe('after all of them', () => {
  it('a process that has seen nothing reads the store whole', async () => {
    expect(await readEverything(gateway.data, USER)).toBeGreaterThan(shapes.length * ways.length);
  });
});
