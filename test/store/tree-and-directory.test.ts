import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../lib/base/ids.ts';
import { Directory } from '../../lib/store/directory.ts';
import type { RecordDraft } from '../../lib/store/record.ts';
import { bindRecord, renameRecord } from '../../lib/store/tree-records.ts';
import { emptyTree } from '../../lib/store/tree-snapshot.ts';
import { MAX_PAST_NAMES, TreeView } from '../../lib/store/tree-view.ts';
import { addUser, removeUser } from '../../lib/store/users.ts';
import { FaultPlan } from '../support/fault-plan.ts';
import { faultyIndex } from '../support/faulty-index.ts';
import { openTestStore, type TestStore } from '../support/test-store.ts';

let home: TestStore;
let twice = false;
beforeAll(async () => {
  // What an adapter does after a lost answer: the same request again.
  const plan = new FaultPlan(({ name }) => (twice && name !== 'index.add' ? 'twice' : undefined));
  home = await openTestStore({ wrapIndex: (index) => faultyIndex(index, plan) });
});
afterAll(() => home.close());

describe('UIDVALIDITY (Rule 6)', () => {
  it('is new for a name that may have been forgotten, also when remembered names were bound again', () => {
    const mailbox = newId(0);
    const { state } = emptyTree(newId(0));
    const names = Array.from({ length: MAX_PAST_NAMES }, (_, i) => [`past${i}`, 1000 + i] as const);
    let view = new TreeView({
      ...state,
      lastUidValidity: 20_000,
      pastUidValidity: new Map(names),
      bindings: new Map([['old', { mailbox, uidValidity: 100, specialUse: [], acl: new Map() }]]),
    });
    const apply = (record: RecordDraft): void => {
      view = view.apply({ ...record, seq: view.seq + 1, timeMs: 0, nonce: Buffer.alloc(8) });
    };
    for (const name of ['past1', 'past2', 'past3'])
      apply(bindRecord({ name, mailbox, specialUse: [], acl: new Map() }));
    apply(renameRecord({ from: 'old', to: 'forgotten', newInbox: undefined }));
    expect(view.binding('forgotten')?.uidValidity).toBeGreaterThan(20_000);
  });
});

describe('the directory', () => {
  it('does not remove a user whom somebody else has changed meanwhile', async () => {
    const directory = new Directory(home.index);
    const read = await addUser(home.store, { name: 'anna', verifier: undefined });
    await directory.update({ ...read, groups: ['staff'] });
    await expect(directory.remove(read)).rejects.toMatchObject({ code: 'in-use' });
    await removeUser(home.store, 'anna');
    expect(await directory.find('anna')).toBeUndefined();
  });

  it('takes a change whose answer was lost for its own (Rule 3)', async () => {
    const directory = new Directory(home.index);
    const read = await addUser(home.store, { name: 'bert', verifier: undefined });
    twice = true;
    const changed = await directory.update({ ...read, groups: ['staff'] });
    expect((await directory.find('bert'))?.rev).toBe(changed.rev);
    await directory.remove(changed);
    twice = false;
    expect(await directory.find('bert')).toBeUndefined();
  });
});
