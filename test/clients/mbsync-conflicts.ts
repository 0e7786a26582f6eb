import { join } from 'node:path';
import { expect } from 'vitest';
import { type Gateway, startGateway } from './gateway.ts';
import { connect } from './imapflow.ts';
import { mailboxOf } from './mailboxes.ts';
import { addToMaildir, makeMaildir, readMaildir, removeFromMaildir, setLetters } from './maildir.ts';
import { configure, deliverMany, expectAlike, folderOf } from './mbsync.ts';
import { message } from './messages.ts';

/**
 * Synchronises so many messages, half of them from either side, then changes the same ones on both sides between two runs:
 * flags against flags, flags against deletion, deletion against deletion, and new mail on both. After one run both sides are
 * alike again, and after another nothing has changed.
 */
export async function synchronizeConflicts(count: number): Promise<void> {
  await using gateway = await startGateway(['sync']);
  const maildirs = join(gateway.workFolder, 'mail');
  const inbox = folderOf(maildirs, 'INBOX');
  const mbsync = await configure(gateway, 'sync', true, maildirs);
  await makeMaildir(inbox);
  const half = Math.floor(count / 2);
  await deliverMany(
    gateway,
    'sync',
    Array.from({ length: half }, (_, i) => message(`delivered ${i}`)),
  );
  for (let i = 0; i < count - half; i++) {
    await addToMaildir(inbox, `local-${i}`, i % 3 === 0 ? 'FS' : 'S', message(`local ${i}`));
  }
  await mbsync();
  expect(await mailboxOf(gateway, 'sync', 'INBOX')).toHaveLength(count);
  await expectAlike(gateway, 'sync', maildirs, ['INBOX']);

  const gone = await changeBothSides(gateway, inbox);
  await mbsync();
  await expectAlike(gateway, 'sync', maildirs, ['INBOX']);
  const after = await mailboxOf(gateway, 'sync', 'INBOX');
  // One more from each side.
  expect(after).toHaveLength(count - gone + 2);
  // Flags of both sides come together.
  const flaggedByBoth = after.filter(({ body }) => fateOf(body) === fates.flaggedHereAnsweredThere);
  expect(flaggedByBoth).toHaveLength(Math.floor(count / 10));
  for (const { flags } of flaggedByBoth) expect(flags).toEqual(expect.arrayContaining(['\\Answered', '\\Flagged']));
  await mbsync();
  expect(await mailboxOf(gateway, 'sync', 'INBOX')).toEqual(after);
}

/** The last digit of the number in the subject: what happens to a message, on both sides. */
const fates = {
  flaggedHereAnsweredThere: 0,
  removedHereFlaggedThere: 1,
  removedOnBoth: 2,
  answeredHereRemovedThere: 3,
  removedHere: 4,
  removedThere: 5,
  answeredOnBoth: 6,
} as const;

/** Answers how many messages one side or the other has deleted. */
async function changeBothSides(gateway: Gateway, inbox: string): Promise<number> {
  const local = await readMaildir(inbox);
  for (const each of local) {
    const fate = fateOf(each.body);
    if (isOneOf(fate, fates.removedHereFlaggedThere, fates.removedOnBoth, fates.removedHere))
      await removeFromMaildir(each);
    else if (fate === fates.flaggedHereAnsweredThere) await setLetters(each, 'FS');
    else if (isOneOf(fate, fates.answeredHereRemovedThere, fates.answeredOnBoth)) await setLetters(each, 'RS');
  }
  const remote = await mailboxOf(gateway, 'sync', 'INBOX');
  const uids = (...wanted: readonly number[]): number[] =>
    remote.filter(({ body }) => isOneOf(fateOf(body), ...wanted)).map(({ uid }) => uid);
  await using session = await connect(gateway, 'sync');
  const { imap } = session;
  await imap.mailboxOpen('INBOX');
  const byUid = { uid: true };
  await imap.messageFlagsAdd(uids(fates.flaggedHereAnsweredThere, fates.answeredOnBoth), ['\\Answered'], byUid);
  await imap.messageFlagsAdd(uids(fates.removedHereFlaggedThere), ['\\Flagged'], byUid);
  await imap.messageDelete(uids(fates.removedOnBoth, fates.answeredHereRemovedThere, fates.removedThere), byUid);
  await imap.append('INBOX', message('new there'), ['\\Flagged']);
  await addToMaildir(inbox, 'new-here', 'S', message('new here'));
  return remote.filter(
    ({ body }) => fateOf(body) > fates.flaggedHereAnsweredThere && fateOf(body) < fates.answeredOnBoth,
  ).length;
}

function fateOf(body: Buffer): number {
  return Number(/^Subject: \w+ \d*(\d)\r$/m.exec(body.toString('latin1'))?.[1]);
}

function isOneOf(fate: number, ...wanted: readonly number[]): boolean {
  return wanted.includes(fate);
}
