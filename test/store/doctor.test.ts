import { truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Id } from '../../lib/base/ids.ts';
import { Account, type OpenMailbox } from '../../lib/store/account.ts';
import { append, appendTo } from '../../lib/store/append.ts';
import { closeMailbox } from '../../lib/store/delete-mailbox.ts';
import { examine, type FindingCode } from '../../lib/store/doctor.ts';
import { decodeHead, encodeHead, type Head } from '../../lib/store/head.ts';
import {
  headKey,
  holderKey,
  logPk,
  messageBlobKey,
  pieceSk,
  quotaKey,
  SEGMENT_PREFIX,
  segmentSeq,
  summaryKey,
} from '../../lib/store/keys.ts';
import { decodeCounts, encodeCounts } from '../../lib/store/mailbox-view.ts';
import { storeMessage } from '../../lib/store/messages.ts';
import { createMailbox, deleteMailbox, renameMailbox } from '../../lib/store/names.ts';
import { encodeRecord } from '../../lib/store/record.ts';
import { setFlags } from '../../lib/store/set-flags.ts';
import { runSweep } from '../../lib/store/sweep.ts';
import { bindRecord } from '../../lib/store/tree-records.ts';
import { UidSet } from '../../lib/store/uid-set.ts';
import { addUser, removeUser } from '../../lib/store/users.ts';
import { chosenHome } from '../support/home.ts';
import { deliver, expungeUids, messageText, openAs, userOf, World } from './sweep-support.ts';

let world: World;
let inbox: OpenMailbox;

/** A store with some of everything. */
beforeEach(async () => {
  world = await World.open();
  await addUser(world.store, { name: 'anna', verifier: undefined, quotaKib: 100 });
  await addUser(world.store, { name: 'bert', verifier: undefined });
  inbox = await openAs(world.store, 'anna', 'INBOX');
  await deliver(inbox, 12);
  await inbox.mailbox.compact();
  await deliver(inbox, 3);
  await setFlags(inbox, { operation: 'add', flags: ['\\Seen', '$Important'], uids: UidSet.of(1, 13) });
  for (let i = 0; i < 60; i++) {
    await setFlags(inbox, { operation: i % 2 === 0 ? 'add' : 'remove', flags: ['$X'], uids: UidSet.of(2) });
  }
  await expungeUids(inbox, 4, 14);
  const bert = await openAs(world.store, 'bert', 'INBOX');
  const { blob, sizeBytes } = await storeMessage(world.store.context, [inbox.space, bert.space], messageText());
  for (const open of [inbox, bert]) await append(open, [{ blob, sizeBytes, internalDate: 1e9, flags: [] }]);
  const account = new Account(world.store, await userOf(world.store, 'anna'));
  await createMailbox(account, 'Old');
  await deleteMailbox(account, 'Old');
  await renameMailbox(account, 'Archive', '2025/Archive');
  await world.store.quota.flush();
});
afterEach(() => world[Symbol.asyncDispose]());

/** What is found, whether the space is looked at in one range or in many. */
async function codes(): Promise<FindingCode[]> {
  const whole = await examine(world.process());
  const parts = await examine(world.process(), { rangeBlobs: 4 });
  expect(parts.counts).toEqual(whole.counts);
  return [...whole.counts.keys()].sort();
}

async function editHead(id: Id, edit: (head: Head) => Partial<Head>): Promise<void> {
  const item = await world.index.get(headKey('M', id));
  if (item === undefined) throw new Error('no head');
  const head = decodeHead(item);
  const next = { ...head, ...edit(head), rev: head.rev + 1 };
  await world.index.put(headKey('M', id), encodeHead(next, Buffer.concat(next.tail.map(encodeRecord))));
}

async function blobAt(uid: number): Promise<Id> {
  const { view } = await inbox.mailbox.refresh();
  const row = (await inbox.mailbox.cold(view, UidSet.of(uid))).get(uid);
  if (row === undefined) throw new Error(`no UID ${uid}`);
  return row.blob;
}

const fileOf = (key: string): string => join(world.folder, 'blobs', `${key}.blob`);

describe('the doctor', () => {
  test('finds nothing in a healthy store', async () => {
    const findings = await examine(world.process());
    expect(findings.listed).toEqual([]);
    expect(findings.examined).toMatchObject({ users: 2, messages: 15 });
    world.clock.pass(3);
    await runSweep(world.process(), { audit: true, recountSettleMs: 0 });
    expect((await examine(world.process())).listed).toEqual([]);
  });

  test('raises no false alarm while others write', async () => {
    let writing = true;
    const other = await openAs(world.process(), 'anna', 'INBOX');
    const writer = (async () => {
      for (let i = 0; writing; i++) {
        const [uid = 0] = await deliver(other, 1);
        if (i % 3 === 0) await expungeUids(other, uid);
        if (i % 10 === 0) await other.mailbox.compact();
        if (i % 5 !== 0) continue;
        world.clock.pass(3);
        await runSweep(world.process(), { recountSettleMs: 0 });
      }
    })();
    for (let i = 0; i < 5; i++) {
      const { faults, listed } = await examine(world.process());
      expect([faults, listed.filter(({ severity }) => severity === 'fault')]).toEqual([0, []]);
    }
    writing = false;
    await writer;
  });

  const damages: Readonly<Record<string, readonly [code: FindingCode, damage: () => Promise<unknown>]>> = {
    'a missing blob': [
      'message-missing',
      async () => world.blobs.deleteMany([messageBlobKey(inbox.space, await blobAt(3))]),
    ],
    'a missing blob of an expunged message (Rule 9)': [
      'message-missing',
      async () => {
        const { view } = await inbox.mailbox.refresh();
        const row = view.state.expunged?.item.rows.get(14);
        if (row === undefined) throw new Error('UID 14 is not kept');
        await world.blobs.deleteMany([messageBlobKey(inbox.space, row.blob)]);
      },
    ],
    'a blob of another size': [
      'message-size',
      async () => {
        const key = messageBlobKey(inbox.space, await blobAt(3));
        await world.blobs.deleteMany([key]);
        await world.blobs.put(key, Buffer.from('short'));
      },
    ],
    'a wrong count in a head': [
      'head-differs',
      () =>
        editHead(inbox.mailbox.id, ({ extra }) => {
          const counts = decodeCounts(extra);
          return { extra: encodeCounts({ ...counts, unseen: counts.unseen + 1 }) };
        }),
    ],
    'a UID that would be used again (Rule 4)': [
      'head-differs',
      () =>
        editHead(inbox.mailbox.id, ({ extra }) => {
          const counts = decodeCounts(extra);
          return { extra: encodeCounts({ ...counts, uidNext: counts.uidNext - 1 }) };
        }),
    ],
    'a missing segment (Rule 2)': [
      'log-damaged',
      async () => {
        const pk = logPk('M', inbox.mailbox.id);
        const { head } = await inbox.mailbox.refresh();
        const { rows } = await world.index.query({ pk, prefix: SEGMENT_PREFIX });
        const next = rows.find(({ sk }) => segmentSeq(sk) > head.snapSeq);
        if (next === undefined || segmentSeq(next.sk) >= (head.tail[0]?.seq ?? 0)) throw new Error('no segment');
        await world.index.delete({ pk, sk: next.sk });
      },
    ],
    'a missing record in a head': [
      'log-damaged',
      () => editHead(inbox.mailbox.id, ({ tail }) => ({ tail: tail.filter((_record, i) => i !== tail.length - 2) })),
    ],
    'a lost newest record': [
      'log-damaged',
      () => editHead(inbox.mailbox.id, ({ tail }) => ({ tail: tail.slice(0, -1) })),
    ],
    'a missing snapshot (Rule 7)': [
      'log-damaged',
      async () => {
        const { head } = await inbox.mailbox.refresh();
        if (head.snapId === undefined) throw new Error('no snapshot');
        await world.index.delete({ pk: logPk('M', inbox.mailbox.id), sk: pieceSk(head.snapId) });
      },
    ],
    'a newer format (Rule 23)': [
      'format',
      async () => {
        const item = await world.index.get(headKey('M', inbox.mailbox.id));
        if (!(item?.h instanceof Uint8Array)) throw new Error('no head');
        await world.index.put(headKey('M', inbox.mailbox.id), { ...item, h: Buffer.from([99, ...item.h.slice(1)]) });
      },
    ],
    'a missing mailbox (Rule 5)': ['mailbox-missing', () => world.index.delete(headKey('M', inbox.mailbox.id))],
    'a missing tree': [
      'tree-missing',
      async () => world.index.delete(headKey('T', (await userOf(world.store, 'bert')).tree)),
    ],
    'a mailbox bound twice (Rule 6)': [
      'bound-twice',
      () =>
        inbox.tree.commit(() => {
          const bind = { name: 'Twice', mailbox: inbox.mailbox.id, specialUse: [], acl: new Map() };
          return { record: bindRecord(bind), reply: undefined };
        }),
    ],
    'an INBOX that takes no mail (Rule 5)': ['mailbox-closed', () => closeMailbox(world.store, inbox.mailbox.id)],
    'a mailbox of another space (Rule 12)': [
      'mailbox-owner',
      async () => {
        const { space } = await userOf(world.store, 'bert');
        const sent = await openAs(world.store, 'anna', 'Sent');
        await editHead(sent.mailbox.id, () => ({ space }));
      },
    ],
    'a shared blob without its holder (Rule 12)': [
      'message-unheld',
      async () => world.index.delete(holderKey(await blobAt(16), inbox.space)),
    ],
    'a delivery made twice (Rule 13)': [
      'delivered-twice',
      async () => {
        const { blob, sizeBytes } = await storeMessage(world.store.context, [inbox.space], messageText());
        const message = { blob, sizeBytes, internalDate: 1e9, flags: { system: 0, keywords: [] } };
        for (let i = 0; i < 2; i++) {
          const nonce = Buffer.from('the same');
          await inbox.mailbox.commit((view) => ({ ...appendTo(view, [message], true), reply: undefined }), { nonce });
          await inbox.mailbox.compact();
        }
        await inbox.store.quota.flush();
      },
    ],
    'a DELETE half done (Rule 5)': [
      'delete-unfinished',
      async () => closeMailbox(world.store, (await openAs(world.store, 'anna', 'Junk')).mailbox.id),
    ],
    'a missing summary': ['summary-missing', async () => world.index.delete(summaryKey(inbox.space, await blobAt(3)))],
    'usage that drifted (Rule 19)': [
      'quota-drift',
      () => world.index.add(quotaKey(inbox.quotaRoot?.id ?? inbox.space, inbox.space), { b: 7, r: 1 }),
    ],
    'a blob that nobody references': [
      'unreferenced',
      async () => {
        await storeMessage(world.store.context, [inbox.space], messageText());
        world.clock.pass(1);
      },
    ],
    'the tree of a removed user': [
      'tree-unowned',
      async () => {
        await removeUser(world.store, 'bert');
        world.clock.pass(1);
      },
    ],
    'items of an unknown kind (Rule 23)': [
      'unknown-item',
      () => world.index.put({ pk: Buffer.from('?#x'), sk: Buffer.from('-') }, { r: 1 }),
    ],
  };

  test.each(Object.entries(damages))('finds %s', async (_name, [code, damage]) => {
    await damage();
    expect(await codes()).toContain(code);
  });

  const alone: readonly FindingCode[] = [
    'message-missing',
    'message-size',
    'quota-drift',
    'summary-missing',
    'head-differs',
    'log-damaged',
    'format',
  ];
  test.each(Object.entries(damages).filter(([, [code]]) => alone.includes(code)))(
    'finds %s and nothing else',
    async (_name, [code, damage]) => {
      await damage();
      world.clock.pass(0.1);
      expect(await codes()).toEqual([code]);
    },
  );

  test('takes a delivery under way for no orphan', async () => {
    world.clock.pass(1);
    await storeMessage(world.store.context, [inbox.space], messageText());
    expect(await codes()).toEqual([]);
  });

  test('lists a bounded number of findings, and counts all', async () => {
    await deliver(inbox, 230);
    const { view } = await inbox.mailbox.refresh();
    const rows = [...(await inbox.mailbox.cold(view, view.allUids())).values()];
    await world.blobs.deleteMany(rows.map(({ blob }) => messageBlobKey(inbox.space, blob)));
    await world.store.quota.flush();
    const findings = await examine(world.process());
    expect(findings.faults).toBeGreaterThanOrEqual(243);
    expect(findings.listed).toHaveLength(200);
  });

  test.runIf(chosenHome === 'embedded')('takes a file that is no object, or not whole, for none', async () => {
    const file = fileOf(messageBlobKey(inbox.space, await blobAt(3)));
    await truncate(file, 10);
    expect(await codes()).toEqual(['message-missing']);
    await writeFile(file, 'rubbish');
    expect(await codes()).toEqual(['message-missing']);
  });
});
