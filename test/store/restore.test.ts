import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { examine } from '../../lib/store/doctor.ts';
import { removeMessages } from '../../lib/store/expunge.ts';
import { DAY_MS } from '../../lib/store/keep.ts';
import { messageBlobKey } from '../../lib/store/keys.ts';
import { MailStore } from '../../lib/store/mail-store.ts';
import { createMailbox } from '../../lib/store/names.ts';
import { RAISE } from '../../lib/store/raise.ts';
import { requireWhole } from '../../lib/store/reconstruct.ts';
import { restore } from '../../lib/store/restore.ts';
import { setFlags } from '../../lib/store/set-flags.ts';
import { runSweep } from '../../lib/store/sweep.ts';
import { SWEEP_HOLD } from '../../lib/store/sweep-run.ts';
import { UidSet } from '../../lib/store/uid-set.ts';
import { live, openWorld, type World } from '../support/lost-index.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

let world: World;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;

beforeEach(async () => {
  folder = await temporaryFolder();
  world = await openWorld(folder.path);
});
afterEach(async () => {
  await world.close();
  await folder[Symbol.asyncDispose]();
});

/** What happens after the copy of the index was made. */
async function liveOn(): Promise<void> {
  world.clock.advance(3_600_000);
  const anna = await world.account('anna');
  await world.fill('anna', 'Sent', 2, ['\\Seen', '$Later']);
  await createMailbox(anna, 'New');
  await world.fill('anna', 'New', 1);
  await world.deliver('shared', 'anna', 'carl@example.com');
  await world.deliver('alone', 'bert');
  const inbox = await anna.open('INBOX');
  await setFlags(inbox, { operation: 'replace', flags: ['\\Answered'], uids: UidSet.fromRanges([[1, 40]]) });
  await removeMessages(inbox, () => UidSet.of(41, 42), 'expunge');
  await world.store.quota.flush();
}

describe('restore (Rule 21)', () => {
  test('an index of before is fit to be served: newer mail is there, and no number comes again', async () => {
    await live(world, 300);
    const inbox = await (await world.account('anna')).open('INBOX');
    await inbox.mailbox.compact();
    const [before = []] = await world.pictures(['anna']);
    await world.backUp();
    const pointMs = world.clock.now();
    await liveOn();
    const seen = await world.numbers('anna', 'INBOX');
    await world.putBack();
    const tally = await restore(world.store, { pointMs });
    expect(tally).toMatchObject({ accounts: 3, adopted: 6, lost: 0, homeless: 0 });
    await requireWhole(world.home);
    expect(await world.home.index.get(SWEEP_HOLD)).toBeUndefined();
    await world.reopen();
    expect((await world.subjects('anna', 'INBOX')).slice(-2).sort()).toEqual(['New 0', 'shared']);
    expect((await world.subjects('carl@example.com', 'INBOX')).at(-1)).toBe('shared');
    expect((await world.subjects('bert', 'INBOX')).at(-1)).toBe('alone');
    expect((await world.subjects('anna', 'Sent')).slice(-2).sort()).toEqual(['Sent 0', 'Sent 1']);
    const now = await world.numbers('anna', 'INBOX');
    expect(now.validity).toBe(seen.validity);
    expect(now.uidNext).toBeGreaterThan(seen.uidNext + RAISE / 2);
    expect(now.highest).toBeGreaterThan(seen.highest + (RAISE / 2) * 2 ** 16);
    const [after = []] = await world.pictures(['anna']);
    // All that was there is there as it was; counts apart.
    const rows = (picture: readonly string[]) => picture.filter((line) => /^\* \d+ FETCH/.test(line));
    const withoutNumber = (line: string) => line.replace(/^\* \d+ /, '');
    expect(rows(after).map(withoutNumber)).toEqual(expect.arrayContaining(rows(before).map(withoutNumber)));
    expect((await examine(world.store)).faults).toBe(0);
    for (let audit = 0; audit < 2; audit++) {
      world.clock.advance(3 * DAY_MS);
      await runSweep(world.store, { audit: true, recountSettleMs: 1 });
    }
    expect((await examine(world.store)).listed).toEqual([]);
    expect((await world.pictures(['anna']))[0]).toEqual(after);
  });

  test('may be cut short and run again: nothing comes twice, and nobody is served before its end', async () => {
    await live(world, 200);
    await world.backUp();
    const pointMs = world.clock.now();
    await liveOn();
    await world.putBack();
    for (let budget = 40; ; budget *= 2) {
      let left = budget;
      const { index } = world.home;
      const failing = new Proxy(index, {
        get: (target, name) => {
          if (name === 'put' && left-- <= 0) throw new Error('cut short');
          const value: unknown = Reflect.get(target, name);
          return typeof value === 'function' ? value.bind(target) : value;
        },
      });
      const store = new MailStore({ ...world.home, index: failing }, { clock: world.clock });
      const error = await restore(store, { pointMs }).then(
        () => undefined,
        (thrown: unknown) => String(thrown),
      );
      left = 1000;
      await store.close();
      if (error === undefined) break;
      expect(error).toContain('cut short');
      await expect(requireWhole(world.home)).rejects.toMatchObject({ code: 'unavailable' });
    }
    await world.reopen();
    const subjects = await world.subjects('anna', 'INBOX');
    expect(subjects.filter((text) => text === 'shared' || text === 'New 0')).toHaveLength(2);
    expect((await examine(world.store)).faults).toBe(0);
  });

  test('messages that were removed for good since leave their mailboxes when asked for', async () => {
    await live(world, 200);
    await world.backUp();
    const pointMs = world.clock.now();
    const inbox = await (await world.account('bert')).open('INBOX');
    const { view } = await inbox.mailbox.refresh();
    const row = (await inbox.mailbox.cold(view, UidSet.of(4))).get(4);
    await world.home.blobs.deleteMany([messageBlobKey(inbox.space, row?.blob ?? inbox.space)]);
    await world.putBack();
    expect(await restore(world.store, { pointMs })).toMatchObject({ lost: 1, adopted: 0 });
    await world.reopen();
    expect((await examine(world.store)).counts.get('message-missing')).toBe(1);
    expect(await restore(world.store, { pointMs, dropLost: true })).toMatchObject({ lost: 1 });
    await world.reopen();
    expect((await examine(world.store)).faults).toBe(0);
    expect(await world.subjects('bert', 'INBOX')).not.toContain('INBOX 3');
  });

  test('refuses a time that has not come', async () => {
    await expect(restore(world.store, { pointMs: world.clock.now() + 60_000 })).rejects.toMatchObject({
      code: 'cannot',
    });
  });
});
