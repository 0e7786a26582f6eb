import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { hashPassword } from '../../lib/auth/password.ts';
import { Account } from '../../lib/store/account.ts';
import { Directory } from '../../lib/store/directory.ts';
import { examine } from '../../lib/store/doctor.ts';
import { MailStore } from '../../lib/store/mail-store.ts';
import { messageBytes } from '../../lib/store/messages.ts';
import { addUser } from '../../lib/store/users.ts';
import { randomFrom } from '../support/fault-plan.ts';
import { type HomeName, openTestHome, type TestHome } from '../support/home.ts';
import { Gateways } from './gateways.ts';
import { LineClient, Lost } from './line-client.ts';

const USERS = ['anna', 'bert', 'carla'];
const PASSWORD = 'secret';

/** What clients were told is there: message by its id, with the UID where they were told one. */
interface Acknowledged {
  readonly user: string;
  readonly id: string;
  readonly uid: number | undefined;
}

/**
 * Gateways on one home under load from LMTP and APPEND clients, killed with SIGKILL at random moments. Afterwards every
 * acknowledged message is there exactly once with its UID, UIDs ascend, and the doctor finds nothing.
 */
export async function runKills(
  kills: number,
  seed: number,
  { count = 4, homeName }: { readonly count?: number; readonly homeName?: HomeName } = {},
): Promise<{ acknowledged: number; found: number }> {
  console.log(`gateway kills: seed ${seed}`);
  const random = randomFrom(seed);
  await using home = await openTestHome(homeName);
  await prepare(home);
  const gateways = new Gateways(home.environment, count);
  const acknowledged: Acknowledged[] = [];
  const run = { gateways, random, acknowledged, stop: false };
  try {
    await gateways.startAll();
    const clients = [0, 1, 2, 3].flatMap((n) => [deliverer(run, n), appender(run, n)]);
    while (gateways.kills < kills) {
      await sleep(50 + random() * 400);
      await gateways.killOne(random);
    }
    run.stop = true;
    await Promise.all(clients);
  } finally {
    run.stop = true;
    await gateways.stopAll();
  }
  return { acknowledged: acknowledged.length, found: await check(home, acknowledged) };
}

type Run = { readonly gateways: Gateways; random: () => number; acknowledged: Acknowledged[]; stop: boolean };

async function prepare(home: TestHome): Promise<void> {
  const ports = await home.open();
  const store = new MailStore(ports);
  const verifier = await hashPassword(PASSWORD);
  for (const name of USERS) await addUser(store, { name, verifier });
  await store.close();
  await ports.close();
}

function mail(id: string): string {
  return [
    'Received: from client by mta; Fri, 20 Nov 2026 10:00:00 +0000',
    'From: client@example.com',
    `Message-ID: <${id}@kill>`,
    'Date: Fri, 20 Nov 2026 10:00:00 +0000',
    '',
    'x'.repeat(500),
    '',
  ].join('\r\n');
}

/** Hands in messages as an MTA does: the same one again, to any gateway, until each recipient has its 250. */
async function deliverer(run: Run, number: number): Promise<void> {
  for (let count = 0; !run.stop; count++) {
    const id = `lmtp${number}.${count}`;
    const pending = new Set(USERS.filter((_, i) => i === count % USERS.length || count % 5 === 0));
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
    client.send('MAIL FROM:<client@example.com>\r\n');
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
async function appender(run: Run, number: number): Promise<void> {
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

/** Reads everything back with a fresh store; answers how many messages there are. */
async function check(home: TestHome, acknowledged: readonly Acknowledged[]): Promise<number> {
  const ports = await home.open();
  const store = new MailStore(ports);
  let found = 0;
  try {
    for (const name of USERS) {
      const user = await new Directory(ports.index).find(name);
      if (user === undefined) throw new Error(`user ${name} is gone`);
      const open = await new Account(store, user).open('INBOX');
      const { view } = await open.mailbox.refresh();
      const rows = await open.mailbox.cold(view, view.allUids());
      const uids = new Map<string, number[]>();
      let last = 0;
      for (const [uid, { blob }] of rows) {
        expect(uid).toBeGreaterThan(last);
        last = uid;
        const text = (await messageBytes(store.context, user.space, blob)).toString('latin1');
        const id = /^Message-ID: <(.*)@kill>/m.exec(text)?.[1] ?? '';
        expect(text.endsWith(mail(id))).toBe(true);
        uids.set(id, [...(uids.get(id) ?? []), uid]);
        found++;
      }
      const doubled = [...uids].filter(([id, list]) => id.startsWith('lmtp') && list.length > 1);
      expect(doubled).toEqual([]);
      for (const { user: to, id, uid } of acknowledged) {
        if (to !== name) continue;
        const there = uids.get(id) ?? [];
        expect([id, there.length]).toEqual([id, 1]);
        if (uid !== undefined) expect([id, there[0]]).toEqual([id, uid]);
      }
    }
    expect((await examine(store)).listed.filter(({ severity }) => severity === 'fault')).toEqual([]);
  } finally {
    await store.close();
    await ports.close();
  }
  return found;
}
