import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OpenMailbox } from '../../lib/store/account.ts';
import { annotate } from '../../lib/store/annotate.ts';
import { append } from '../../lib/store/append.ts';
import { StoreError } from '../../lib/store/errors.ts';
import { expunge } from '../../lib/store/expunge.ts';
import { logPk } from '../../lib/store/keys.ts';
import { moveIntentRecord } from '../../lib/store/mailbox-records.ts';
import { finishMoves, INTENT_MS, moveMessages } from '../../lib/store/move.ts';
import { createMailbox, deleteMailbox } from '../../lib/store/names.ts';
import type { Index } from '../../lib/store/ports.ts';
import { setFlags } from '../../lib/store/set-flags.ts';
import { UidSet } from '../../lib/store/uid-set.ts';
import { addUser } from '../../lib/store/users.ts';
import { passing } from '../model/broken-rules.ts';
import { fill, newInbox, openIn } from '../support/inbox.ts';
import { openTestStore, type TestStore } from '../support/test-store.ts';

let home: TestStore;
/** Partition whose reads fail. */
let failing: Buffer | undefined;
let failingPuts: Buffer | undefined;

beforeAll(async () => {
  const wrapIndex = (index: Index): Index => ({
    ...passing(index),
    async get(key, options) {
      if (failing?.equals(key.pk)) throw new StoreError('unavailable', 'not just now');
      return index.get(key, options);
    },
    async put(key, item, condition) {
      if (failingPuts?.equals(key.pk)) throw new StoreError('unavailable', 'not just now');
      return index.put(key, item, condition);
    },
  });
  home = await openTestStore({ wrapIndex, random: () => 0 });
});
afterAll(() => home.close());

const exists = async ({ mailbox }: OpenMailbox): Promise<number> => (await mailbox.refresh()).view.exists;
const three = UidSet.fromRanges([[1, 3]]);

/** An INBOX with three messages that a process began to move to Archive when it died. */
async function interrupted() {
  const inbox = await newInbox(home, 3);
  const archive = await openIn(home.store, inbox.account.user, 'Archive');
  const intent = Buffer.from('intent00');
  const { head } = await archive.mailbox.refresh();
  const record = moveIntentRecord({ intent, destination: archive.mailbox.id, destinationSeq: head.seq, uids: three });
  await inbox.mailbox.commit(() => ({ record, reply: undefined }));
  return { inbox, archive };
}

describe('MOVE (Rule 24)', () => {
  it('tells which message became which, and leaves no intent', async () => {
    const inbox = await newInbox(home, 3);
    const archive = await openIn(home.store, inbox.account.user, 'Archive');
    await fill(home, archive, 2);
    const moved = await moveMessages(inbox, UidSet.of(1, 3, 99), archive);
    expect([moved.sourceUids.toString(), moved.destinationUids.toString()]).toEqual(['1,3', '3:4']);
    const { view } = await inbox.mailbox.refresh();
    expect(view.allUids().toString()).toBe('2');
    expect(view.state.intents.size).toBe(0);
  });

  it('tidies up an account that is at its limit, within which it stays (Rule 19)', async () => {
    const user = await addUser(home.store, { name: 'full', verifier: undefined, quotaKib: 1 });
    const inbox = await openIn(home.store, user);
    await append(inbox, [await home.message(inbox.space, 'x'.repeat(2000))]);
    await expect(fill(home, inbox, 1)).rejects.toMatchObject({ code: 'over-quota' });
    await moveMessages(inbox, UidSet.of(1), await openIn(home.store, user, 'Trash'));
    expect(await exists(inbox)).toBe(0);
  });

  it('of one message by two sessions at once makes one message', async () => {
    const inbox = await newInbox(home, 3);
    const other = await openIn(home.another(), inbox.account.user);
    const [archive, trash] = [
      await openIn(home.store, inbox.account.user, 'Archive'),
      await openIn(other.store, inbox.account.user, 'Trash'),
    ];
    await Promise.all([moveMessages(inbox, three, archive), moveMessages(other, three, trash)]);
    expect(await exists(inbox)).toBe(0);
    expect((await exists(archive)) + (await exists(trash))).toBe(3);
  });

  it('that was interrupted is left alone for a minute, then finished by whoever finds it', async () => {
    const { inbox, archive } = await interrupted();
    expect((await moveMessages(inbox, three, archive)).sourceUids.isEmpty).toBe(true);
    expect(await finishMoves(home.store, inbox.mailbox)).toBe(0);
    home.clock.advance(INTENT_MS);
    expect(await finishMoves(home.store, inbox.mailbox)).toBe(1);
    expect([await exists(inbox), await exists(archive)]).toEqual([0, 3]);
    expect(await finishMoves(home.store, inbox.mailbox)).toBe(0);
  });

  it('that somebody else finishes takes along what is private to the user whose it was (RFC 5257 §4.6)', async () => {
    const inbox = await newInbox(home, 3);
    const entries = (['private', 'shared'] as const).map((scope) => {
      return { entry: '/comment', scope, value: Buffer.from(scope) };
    });
    await annotate(inbox, { uids: UidSet.of(2), entries });
    const archive = await openIn(home.store, inbox.account.user, 'Archive');
    failingPuts = logPk('M', archive.mailbox.id);
    await expect(moveMessages(inbox, UidSet.of(2), archive)).rejects.toThrow(StoreError);
    failingPuts = undefined;
    expect(await exists(archive)).toBe(0);
    home.clock.advance(INTENT_MS);
    await inbox.mailbox.compact();
    const other = await openIn(home.another(), inbox.account.user);
    expect(await finishMoves(other.store, other.mailbox)).toBe(1);
    const { view } = await archive.mailbox.refresh();
    const [[, values] = []] = [...(await archive.mailbox.annotations(view, view.allUids()))];
    expect([...(values ?? [])].map(([, value]) => value.toString()).sort()).toEqual(['private', 'shared']);
  });

  it('is not given up because the destination cannot be read just now', async () => {
    const { inbox, archive } = await interrupted();
    home.clock.advance(INTENT_MS);
    const other = await openIn(home.another(), inbox.account.user);
    await other.mailbox.refresh();
    failing = logPk('M', archive.mailbox.id);
    await expect(finishMoves(other.store, other.mailbox)).rejects.toThrow(StoreError);
    failing = undefined;
    expect((await inbox.mailbox.refresh()).view.state.intents.size).toBe(1);
    expect(await finishMoves(other.store, other.mailbox)).toBe(1);
    expect([await exists(inbox), await exists(archive)]).toEqual([0, 3]);
  });

  it('into a mailbox that was deleted meanwhile ends where it began', async () => {
    const inbox = await newInbox(home, 3);
    await createMailbox(inbox.account, 'Project');
    const project = await openIn(home.store, inbox.account.user, 'Project');
    await deleteMailbox(inbox.account, 'Project');
    await expect(moveMessages(inbox, three, project)).rejects.toMatchObject({ code: 'gone' });
    const { view } = await inbox.mailbox.refresh();
    expect([view.exists, view.state.intents.size]).toEqual([3, 0]);
  });

  it('of messages that somebody expunged moves nothing and invents nothing', async () => {
    const { inbox, archive } = await interrupted();
    await setFlags(inbox, { operation: 'add', flags: ['\\Deleted'], uids: three });
    await expunge(inbox);
    home.clock.advance(INTENT_MS);
    await finishMoves(home.store, inbox.mailbox);
    expect([await exists(inbox), await exists(archive)]).toEqual([0, 0]);
    expect((await inbox.mailbox.refresh()).view.state.intents.size).toBe(0);
  });
});
