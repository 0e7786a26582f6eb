import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import type { Gateways } from './gateways.ts';
import { LineClient, Lost } from './line-client.ts';

export const USERS = ['anna', 'bert', 'carla'];
export const PASSWORD = 'secret';
/** To whom all messages say that they are. */
export const CORRESPONDENT = 'carla';

/** What clients were told is there: message by its id, with the UID where they were told one. */
export interface Acknowledged {
  readonly user: string;
  readonly id: string;
  readonly uid: number | undefined;
}

/** Gateways under load, until it is told to stop. */
export interface Load {
  readonly gateways: Gateways;
  readonly random: () => number;
  readonly acknowledged: Acknowledged[];
  stop: boolean;
}

/** Who gets the message of that number. */
export function recipientsOf(count: number): readonly string[] {
  return USERS.filter((_, i) => i === count % USERS.length || count % 5 === 0);
}

/** Who sends the message with that id: of every fifth, which goes to all, somebody else. */
export function senderOf(id: string): string {
  return Number(id.split('.').at(-1)) % 5 === 0 ? `${id}@sender.example` : 'client@example.com';
}

/** The bytes of the message with that id. */
export function mail(id: string): string {
  return [
    'Received: from client by mta; Fri, 20 Nov 2026 10:00:00 +0000',
    'From: client@example.com',
    `To: ${CORRESPONDENT}@example.com`,
    `Message-ID: <${id}@kill>`,
    'Date: Fri, 20 Nov 2026 10:00:00 +0000',
    '',
    'x'.repeat(500),
    '',
  ].join('\r\n');
}

/** Hands in messages as an MTA does: the same one again, to any gateway, until each recipient has its 250. */
export async function deliverer(run: Load, number: number): Promise<void> {
  for (let count = 0; !run.stop; count++) {
    const id = `lmtp${number}.${count}`;
    const pending = new Set(recipientsOf(count));
    while (pending.size > 0) {
      const ports = run.gateways.pick(run.random);
      if (ports === undefined) {
        await sleep(20);
        continue;
      }
      try {
        await deliverOnce(ports.lmtp, id, pending, (user) => {
          run.acknowledged.push({ user, id, uid: undefined });
        });
      } catch (error) {
        if (!(error instanceof Lost)) throw error;
        await sleep(20);
      }
    }
  }
}

async function deliverOnce(
  port: number,
  id: string,
  pending: Set<string>,
  done: (user: string) => void,
): Promise<void> {
  const client = await LineClient.open(port);
  try {
    await client.until('220 ');
    client.send('LHLO client\r\n');
    await client.until('250 ');
    client.send(`MAIL FROM:<${senderOf(id)}>\r\n`);
    await client.until('250 ', '4');
    const accepted: string[] = [];
    for (const user of [...pending]) {
      client.send(`RCPT TO:<${user}@example.com>\r\n`);
      const reply = await client.until('250 ', '4', '5');
      expect(reply[0]).not.toBe('5');
      if (reply.startsWith('250')) accepted.push(user);
    }
    if (accepted.length === 0) return;
    client.send('DATA\r\n');
    await client.until('354 ');
    client.send(`${mail(id)}.\r\n`);
    for (const user of accepted) {
      const reply = await client.until('250 ', '4', '5');
      expect(reply[0]).not.toBe('5');
      if (!reply.startsWith('250')) continue;
      pending.delete(user);
      done(user);
    }
  } finally {
    client.close();
  }
}

/** Appends over IMAP; an answer that does not come leaves the outcome open. */
export async function appender(run: Load, number: number): Promise<void> {
  const user = USERS[number % USERS.length] ?? '';
  for (let session = 0; !run.stop; session++) {
    const ports = run.gateways.pick(run.random);
    if (ports === undefined) {
      await sleep(20);
      continue;
    }
    let client: LineClient | undefined;
    try {
      client = await LineClient.open(ports.imap);
      await client.until('* OK');
      client.send(`a LOGIN ${user} ${PASSWORD}\r\n`);
      expect(await client.until('a ')).toMatch(/^a OK/);
      for (let count = 0; !run.stop && count < 200; count++) {
        const id = `append${number}.${session}.${count}`;
        const text = mail(id);
        client.send(`b APPEND INBOX {${text.length}+}\r\n${text}\r\n`);
        const [, uid] = /^b OK \[APPENDUID \d+ (\d+)\]/.exec(await client.until('b ')) ?? [];
        if (uid !== undefined) run.acknowledged.push({ user, id, uid: Number(uid) });
      }
    } catch (error) {
      if (!(error instanceof Lost)) throw error;
      await sleep(20);
    } finally {
      client?.close();
    }
  }
}
