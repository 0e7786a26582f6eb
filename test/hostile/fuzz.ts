import { expect } from 'vitest';
import { readEverything } from './fresh-store.ts';
import { imapStates, imapStream, type Outcome, runSession } from './fuzz-imap.ts';
import { lmtpStates, lmtpStream } from './fuzz-lmtp.ts';
import { type HostileGateway, USER } from './gateway.ts';
import { ImapClient } from './imap-client.ts';
import type { Random } from './random.ts';

/** Sessions at the same time. */
const AT_ONCE = 8;

/** Runs so many hostile IMAP sessions, some of them at once, in every state in turn. */
export function fuzzImap(gateway: HostileGateway, random: Random, sessions: number): Promise<void> {
  const states = Object.entries(imapStates);
  return fuzz(gateway, sessions, (i) => {
    const [state, opening] = states[i % states.length] ?? ['', ''];
    const sent = random.chance(0.05) ? random.bytes(2000) : imapStream(random, 1 + random.below(40));
    return runSession(gateway.imapPort, state, opening, sent, random);
  });
}

export function fuzzLmtp(gateway: HostileGateway, random: Random, sessions: number): Promise<void> {
  const states = Object.entries(lmtpStates);
  return fuzz(gateway, sessions, (i) => {
    const [state, opening] = states[i % states.length] ?? ['', ''];
    return runSession(gateway.lmtpPort, state, opening, lmtpStream(random, 1 + random.below(40)), random);
  });
}

async function fuzz(gateway: HostileGateway, sessions: number, run: (i: number) => Promise<Outcome>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < sessions) {
      const { state, sent, said, ended } = await run(next++);
      const octets = (): string => `${state}: ${JSON.stringify(sent.toString('latin1'))}`;
      if (!ended) throw new Error(`the session did not end after its client had\n${octets()}`);
      if (/SERVERBUG|internal error/i.test(said)) throw new Error(`${said.slice(-500)}\n${octets()}`);
      if (gateway.faults.length > 0) throw new Error(`${gateway.faults.join('\n')}\namong the last: ${octets()}`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

/** After all that was done to it: the server lives, serves, and what it keeps can be read. */
export async function expectSound(gateway: HostileGateway, peakMb: number): Promise<void> {
  expect(gateway.isAlive).toBe(true);
  const client = await ImapClient.loggedIn(gateway.imapPort, 'INBOX');
  const before = (await client.ok('UID SEARCH ALL')).length;
  expect(before).toBe(1);
  client.close();
  await readEverything(gateway.data, USER);
  expect(gateway.faults).toEqual([]);
  expect(gateway.peakMb()).toBeLessThan(peakMb);
}
