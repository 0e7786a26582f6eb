import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { checkpointsOf } from '../../lib/store/checkpoint.ts';
import { runCheckpoints } from '../../lib/store/checkpoint-run.ts';
import { Directory } from '../../lib/store/directory.ts';
import { examine } from '../../lib/store/doctor.ts';
import { DAY_MS } from '../../lib/store/keep.ts';
import { checkpointKey, headKey, messageBlobKey } from '../../lib/store/keys.ts';
import { MailStore } from '../../lib/store/mail-store.ts';
import { createMailbox } from '../../lib/store/names.ts';
import { RAISE } from '../../lib/store/raise.ts';
import { reconstruct, requireWhole } from '../../lib/store/reconstruct.ts';
import { getScript, listScripts } from '../../lib/store/scripts.ts';
import { runSweep } from '../../lib/store/sweep.ts';
import { SWEEP_HOLD } from '../../lib/store/sweep-run.ts';
import { UidSet } from '../../lib/store/uid-set.ts';
import { removeUser } from '../../lib/store/users.ts';
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

describe('reconstruct (Rule 21)', () => {
  test('brings back every account, folder, UID, flag, right and script; all numbers are new', async () => {
    await live(world, 1000);
    const before = await world.pictures();
    const numbers = await world.numbers('anna', 'INBOX');
    await runCheckpoints(world.store, { now: true });
    await world.reopen({ withoutIndex: true });
    const tally = await reconstruct(world.store);
    expect(tally).toMatchObject({ accounts: 3, rebuilt: 3, adopted: 0, lost: 0, failed: 0 });
    const findings = await examine(world.store);
    expect(findings.listed.filter(({ code }) => code !== 'unreferenced')).toEqual([]);
    expect(await world.pictures()).toEqual(before);
    const raised = await world.numbers('anna', 'INBOX');
    expect(raised).toEqual({
      uidNext: numbers.uidNext + RAISE,
      highest: numbers.highest + RAISE * 2 ** 16,
      validity: numbers.validity,
    });
    const anna = await world.account('anna');
    expect(anna.user.verifier).toBe('hash of anna');
    expect((await listScripts(anna)).map(({ name, isActive }) => [name, isActive])).toEqual([
      ['main', true],
      ['large', false],
    ]);
    expect((await getScript(anna, 'large')).length).toBe(9000);
    expect(await world.home.index.get(SWEEP_HOLD)).toBeUndefined();
    // What snapshots have left of objects goes as all else does; then nothing is to be found.
    for (let audit = 0; audit < 2; audit++) {
      world.clock.advance(3 * DAY_MS);
      await runSweep(world.store, { audit: true, recountSettleMs: 1 });
    }
    expect((await examine(world.store)).listed).toEqual([]);
    expect(await world.pictures()).toEqual(before);
  }, 120_000);

  test('newer mail goes to the mailbox it was put into, or to INBOX of all its recipients', async () => {
    await live(world, 200);
    await runCheckpoints(world.store, { now: true });
    world.clock.advance(3_600_000);
    await world.fill('anna', 'Sent', 2, ['\\Seen', '$Later']);
    await createMailbox(await world.account('anna'), 'New');
    await world.fill('anna', 'New', 1);
    await world.deliver('shared', 'anna', 'carl@example.com');
    await world.deliver('alone', 'bert');
    const held = await world.numbers('anna', 'INBOX');
    await world.reopen({ withoutIndex: true });
    const tally = await reconstruct(world.store);
    expect(tally).toMatchObject({ rebuilt: 3, adopted: 6, lost: 0 });
    expect((await world.subjects('anna', 'INBOX')).slice(-2).sort()).toEqual(['New 0', 'shared']);
    expect((await world.subjects('carl@example.com', 'INBOX')).at(-1)).toBe('shared');
    expect((await world.subjects('bert', 'INBOX')).at(-1)).toBe('alone');
    expect((await world.subjects('anna', 'Sent')).slice(-2).sort()).toEqual(['Sent 0', 'Sent 1']);
    const [picture = []] = await world.pictures(['anna']);
    expect(picture.filter((line) => line.includes('$Later'))).not.toEqual([]);
    expect((await world.numbers('anna', 'INBOX')).uidNext).toBeGreaterThan(held.uidNext + RAISE / 2);
    const { faults, listed } = await examine(world.store);
    expect([faults, listed.filter(({ code }) => code !== 'unreferenced')]).toEqual([0, []]);
  }, 120_000);

  test('leaves out what was removed for good since, and users who were removed', async () => {
    await live(world, 200);
    await runCheckpoints(world.store, { now: true });
    world.clock.advance(1000);
    const inbox = await (await world.account('bert')).open('INBOX');
    const { view } = await inbox.mailbox.refresh();
    const row = (await inbox.mailbox.cold(view, UidSet.of(4))).get(4);
    await world.home.blobs.deleteMany([messageBlobKey(inbox.space, row?.blob ?? inbox.space)]);
    await removeUser(world.store, 'carl@example.com');
    await world.reopen({ withoutIndex: true });
    expect(await reconstruct(world.store)).toMatchObject({ accounts: 2, rebuilt: 2, lost: 1 });
    expect(await world.subjects('bert', 'INBOX')).not.toContain('INBOX 3');
    expect((await examine(world.store)).faults).toBe(0);
  }, 120_000);

  test('refuses an index that has users; told so, it rebuilds only who is missing', async () => {
    await live(world, 200);
    const before = await world.pictures();
    await runCheckpoints(world.store, { now: true });
    await expect(reconstruct(world.store)).rejects.toMatchObject({ code: 'in-use' });
    const { user } = await world.account('bert');
    await new Directory(world.home.index).remove(user);
    await world.home.index.delete(headKey('T', user.tree));
    await world.reopen();
    expect(await reconstruct(world.store, { onlyMissing: true })).toMatchObject({ rebuilt: 1, before: 2 });
    await world.reopen();
    expect(await world.pictures()).toEqual(before);
  }, 120_000);

  test('goes on where it was cut short; until then nobody is served', async () => {
    await live(world, 200);
    const before = await world.pictures();
    await runCheckpoints(world.store, { now: true });
    await world.reopen({ withoutIndex: true });
    for (let budget = 60; ; budget = Math.ceil(budget * 1.7)) {
      let left = budget;
      const { index } = world.home;
      const failing = {
        ...Object.fromEntries(
          (['get', 'batchGet', 'delete', 'add', 'query', 'scan', 'close'] as const).map((name) => [
            name,
            (...args: never[]) => (index[name] as (...all: never[]) => unknown)(...args),
          ]),
        ),
        put: (...args: Parameters<typeof index.put>) => {
          if (left-- <= 0) throw new Error('cut short');
          return index.put(...args);
        },
      } as unknown as typeof index;
      const store = new MailStore({ ...world.home, index: failing }, { clock: world.clock });
      const done = await reconstruct(store).then(
        () => true,
        (error: unknown) => {
          expect(String(error)).toContain('cut short');
          return false;
        },
      );
      await store.close();
      if (done) break;
      await expect(requireWhole(world.home)).rejects.toMatchObject({ code: 'unavailable' });
    }
    await requireWhole(world.home);
    await world.reopen();
    expect(await world.pictures()).toEqual(before);
    expect((await examine(world.store)).faults).toBe(0);
  }, 120_000);

  test('takes the checkpoint before one that is damaged', async () => {
    await live(world, 200);
    const before = await world.pictures();
    await runCheckpoints(world.store, { now: true });
    const { tree } = (await world.account('anna')).user;
    const newest = (await checkpointsOf(world.store, tree)).at(-1);
    world.clock.advance(DAY_MS);
    const bytes = await world.home.blobs.get(checkpointKey(tree, newest ?? tree));
    const damaged = checkpointKey(tree, world.store.newId());
    await world.home.blobs.put(damaged, bytes?.subarray(0, -20) ?? Buffer.alloc(0));
    await world.reopen({ withoutIndex: true });
    const warnings: string[] = [];
    const tally = await reconstruct(world.store, { onWarning: (text) => warnings.push(text) });
    expect(tally).toMatchObject({ rebuilt: 3, failed: 0 });
    expect(warnings.join()).toContain('the one before is taken');
    expect(await world.pictures()).toEqual(before);
  }, 120_000);
});
