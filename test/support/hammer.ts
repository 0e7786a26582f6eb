import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import type { Id } from '../../lib/base/ids.ts';
import { Account } from '../../lib/store/account.ts';
import { deliverOnce } from '../../lib/store/claims.ts';
import { MailStore } from '../../lib/store/mail-store.ts';
import * as kinds from '../../lib/store/mailbox-records.ts';
import { messageBytes } from '../../lib/store/messages.ts';
import { finishMoves, INTENT_MS } from '../../lib/store/move.ts';
import { addUser } from '../../lib/store/users.ts';
import { type Child, startChild } from './child.ts';
import { randomFrom } from './fault-plan.ts';
import { openTestHome } from './home.ts';
import { headCounts, PlainMailbox, seenPlainly, seenThrough, wholeLog } from './log-contents.ts';

/** What a child process says that the store has answered. */
export type Acknowledged =
  | { readonly did: 'append'; readonly box: string; readonly firstUid: number; readonly blobs: readonly Id[] }
  | { readonly did: 'try' | 'deliver'; readonly delivery: string; readonly blob: Id }
  | { readonly did: 'flags' | 'expunge'; readonly box: string; readonly uids: string }
  | { readonly did: 'fail'; readonly what: string };

/** Kills that many of four processes that work on one home, then checks what they were told. */
export async function hammer(kills: number, seed: number): Promise<{ readonly acknowledged: number }> {
  await using home = await openTestHome();
  const random = randomFrom(seed);
  const ports = await home.open();
  // A minute later: every interrupted MOVE is due.
  const store = new MailStore(ports, { clock: { now: () => Date.now() + INTENT_MS } });
  const user = await addUser(store, { name: 'anna', verifier: undefined });
  const said: Acknowledged[] = [];
  let children = 0;
  const start = (): { readonly child: Child; readonly busy: Promise<void>; readonly read: Promise<void> } => {
    const child = startChild('./store-child.ts', [String(seed * 1000 + children++)], home.environment);
    let begun = (): void => undefined;
    const busy = new Promise<void>((resolve) => {
      begun = resolve;
    });
    const read = (async () => {
      for await (const line of child.lines) {
        begun();
        // The last line of a killed process may be cut off: nobody was told that.
        if (line.endsWith('}')) said.push(JSON.parse(line) as Acknowledged);
      }
    })();
    return { child, busy: Promise.race([busy, child.ended]), read };
  };
  const running = Array.from({ length: 4 }, start);
  try {
    for (let i = 0; i < kills; i++) {
      const at = Math.floor(random() * running.length);
      const one = running[at];
      if (one === undefined) continue;
      await one.busy;
      await sleep(random() * 200);
      expect(one.child.process.exitCode, 'a child ended by itself').toBeNull();
      one.child.process.kill('SIGKILL');
      await one.read;
      running[at] = start();
    }
  } finally {
    for (const { child } of running) child.process.kill('SIGKILL');
    await Promise.all(running.map(({ read }) => read));
  }
  await check(store, new Account(store, user), said);
  await store.close();
  await ports.close();
  return { acknowledged: said.length };
}

async function check(store: MailStore, account: Account, said: readonly Acknowledged[]): Promise<void> {
  expect(said.filter(({ did }) => did === 'fail')).toEqual([]);
  const inbox = await account.open('INBOX');
  const deliveries = new Map<string, Id>();
  for (const one of said) if (one.did === 'try') deliveries.set(one.delivery, one.blob);
  // Every retry answers as the first try would have, whether that had come through or not.
  const message = { sizeBytes: 1, internalDate: 1, flags: { system: 0, keywords: [] } };
  for (const [delivery, blob] of deliveries) {
    const deliveryId = Buffer.from(delivery);
    const delivering = { deliveryId, messageKey: undefined, suppressMs: 0, message: { ...message, blob } };
    await deliverOnce(store, inbox.mailbox.id, delivering);
  }
  const appended = new Map<string, { readonly blob: Id; readonly moved: boolean }>();
  const expunged = new Map<Id, number>();
  const alive = new Map<Id, number>();
  for (const name of ['INBOX', 'Archive']) await finishMoves(store, (await account.open(name)).mailbox);
  for (const name of ['INBOX', 'Archive', 'Junk']) {
    const { mailbox, space } = await account.open(name);
    const { head, records } = await wholeLog(store.ports, mailbox.id);
    const plain = new PlainMailbox();
    const blobs = new Map<number, Id>();
    for (const record of records) {
      plain.apply(record);
      if (record.kind === kinds.APPEND) {
        const { firstUid, messages, delivered } = kinds.readAppend(record.body);
        messages.forEach(({ blob }, i) => {
          blobs.set(firstUid + i, blob);
          appended.set(`${name} ${firstUid + i}`, { blob, moved: delivered });
        });
      }
      if (record.kind === kinds.EXPUNGE) {
        const { reason, uids } = kinds.readExpunge(record.body);
        if (reason !== 'move') for (const uid of uids) count(expunged, blobs.get(uid) as Id);
      }
    }
    expect(headCounts(head)).toEqual(plain.counts);
    const { view } = await mailbox.refresh();
    expect(view.state.intents.size).toBe(0);
    expect(await seenThrough(mailbox, view)).toEqual(seenPlainly(plain));
    for (const { blob } of plain.messages.values()) {
      expect((await messageBytes(store.context, space, blob)).length).toBeGreaterThan(0);
      if (name !== 'Junk') count(alive, blob);
    }
    for (const did of ['flags', 'expunge'] as const) checkSets(records, said, name, did);
  }
  checkMessages(said, appended, alive, expunged);
  for (const blob of deliveries.values()) {
    const times = [...appended.entries()].filter(([at, one]) => at.startsWith('INBOX') && one.blob === blob);
    expect(times.length, `delivery ${blob}`).toBeGreaterThanOrEqual(1);
    expect(alive.get(blob) ?? 0, `delivery ${blob}`).toBeLessThanOrEqual(1);
    expect((alive.get(blob) ?? 0) + (expunged.get(blob) ?? 0), `delivery ${blob}`).toBeGreaterThanOrEqual(1);
  }
}

/** Acknowledged appends are there under the UIDs that were told, and every message is in one mailbox or was expunged. */
function checkMessages(
  said: readonly Acknowledged[],
  appended: ReadonlyMap<string, { readonly blob: Id }>,
  alive: ReadonlyMap<Id, number>,
  expunged: ReadonlyMap<Id, number>,
): void {
  for (const one of said) {
    if (one.did !== 'append') continue;
    one.blobs.forEach((blob, i) => {
      expect(appended.get(`${one.box} ${one.firstUid + i}`)?.blob).toBe(blob);
      expect(alive.get(blob) ?? 0).toBeLessThanOrEqual(1);
      expect((alive.get(blob) ?? 0) + (expunged.get(blob) ?? 0)).toBeGreaterThanOrEqual(1);
    });
  }
}

/** As many records with a set of UIDs as acknowledgements of it, at least. */
function checkSets(
  records: Awaited<ReturnType<typeof wholeLog>>['records'],
  said: readonly Acknowledged[],
  box: string,
  did: 'flags' | 'expunge',
): void {
  const kind = did === 'flags' ? kinds.FLAGS : kinds.EXPUNGE;
  const found = new Map<string, number>();
  for (const record of records) {
    if (record.kind !== kind) continue;
    const { uids } = did === 'flags' ? kinds.readFlags(record.body) : kinds.readExpunge(record.body);
    count(found, uids.toString());
  }
  const told = new Map<string, number>();
  for (const one of said) if (one.did === did && one.box === box && one.uids !== '') count(told, one.uids);
  for (const [uids, times] of told) expect(found.get(uids) ?? 0, `${did} ${uids}`).toBeGreaterThanOrEqual(times);
}

function count<K>(map: Map<K, number>, key: K): void {
  map.set(key, (map.get(key) ?? 0) + 1);
}
