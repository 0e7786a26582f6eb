import { expect, it } from 'vitest';
import { Directory } from '../../lib/store/directory.ts';
import { EXPUNGED_KEEP_MS } from '../../lib/store/keep.ts';
import { purgeRecord } from '../../lib/store/mailbox-records.ts';
import { UidSet } from '../../lib/store/uid-set.ts';
import { ImapClient } from '../support/imap-client.ts';
import { openImapGateway } from '../support/imap-gateway.ts';
import { openIn } from '../support/inbox.ts';
import { TestClock } from '../support/test-store.ts';

// The example of RFC 7162 §3.2.5.2, a thousand times smaller: the server remembers no expunges, and every third message is there.
it('sequence match data spare what the client knows to be gone (RFC 7162 §3.2.5.2)', async () => {
  const clock = new TestClock();
  await using gateway = await openImapGateway({ clock });
  const client = await ImapClient.loggedIn(gateway.port);
  await client.append('INBOX', 'Subject: x\r\n\r\n');
  await client.say('a', 'SELECT INBOX');
  for (const set of ['1', '1:2', '1:4', '1:8', '1:14']) await client.say('b', `COPY ${set} INBOX`);
  await client.say('c', 'UID STORE 1:2,4:5,7:8,10:11,13:14,16:17,19:20,22:23,25:26,28:29 +FLAGS.SILENT (\\Deleted)');
  await client.say('d', 'EXPUNGE');
  const user = await new Directory(gateway.store.ports.index).find('anna');
  if (user === undefined) throw new Error('no user');
  const inbox = await openIn(gateway.store, user);
  const { view } = await inbox.mailbox.refresh();
  const { seq, state } = view;
  const gone = UidSet.fromRanges([[1, state.uidNext - 1]]).minus(view.allUids());
  await inbox.mailbox.commit(() => ({ record: purgeRecord(gone), reply: undefined }));
  clock.advance(EXPUNGED_KEEP_MS + 1);
  await inbox.mailbox.compact();
  expect((await inbox.mailbox.refresh()).view.state.expungedKnownSince).toBe(seq);
  await client.say('e', 'UID STORE 3,27 +FLAGS.SILENT (\\Seen $Important)');
  client.close();

  const resync = async (parameters: string): Promise<string[]> => {
    const again = await ImapClient.loggedIn(gateway.port);
    await again.say('a', 'ENABLE QRESYNC');
    const lines = await again.say('b', `SELECT INBOX (QRESYNC (${uidValidity} ${parameters}))`);
    again.close();
    return lines.filter((line) => /VANISHED|FETCH|^b /.test(line));
  };
  const other = await ImapClient.loggedIn(gateway.port);
  const uidValidity = /UIDVALIDITY (\d+)/.exec((await other.say('a', 'STATUS INBOX (UIDVALIDITY)')).join())?.[1];
  other.close();
  const changed = [
    expect.stringMatching(/^\* 1 FETCH \(UID 3 FLAGS \(\\Seen \$Important\) MODSEQ \(\d+\)\)$/),
    expect.stringMatching(/^\* 9 FETCH \(UID 27 FLAGS \(\\Seen \$Important\) MODSEQ \(\d+\)\)$/),
    expect.stringMatching(/^b OK \[READ-WRITE\]/),
  ];
  const before = seq * 65_536 - 65_536;
  const every = '* VANISHED (EARLIER) 1:2,4:5,7:8,10:11,13:14,16:17,19:20,22:23,25:26';
  expect(await resync(`${before} 1:27`)).toEqual([every, ...changed]);
  expect(await resync(`${before} 1:27 (3,5,8:9 9,15,24,27)`)).toEqual(changed);
  // Up to the last pair that is still so.
  const rest = '* VANISHED (EARLIER) 16:17,19:20,22:23,25:26';
  expect(await resync(`${before} 1:27 (3,5,9:10 9,15,28,30)`)).toEqual([rest, ...changed]);
  expect(gateway.errors).toEqual([]);
});
