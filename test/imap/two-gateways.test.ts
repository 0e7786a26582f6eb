import { expect, test } from 'vitest';
import { ImapClient } from '../support/imap-client.ts';
import { openImapGateway } from '../support/imap-gateway.ts';

test('what happens through one gateway is told by another: by a hint or a poll in IDLE, by NOOP otherwise', async () => {
  await using first = await openImapGateway({ limits: { pollMs: 50 } });
  await using second = await openImapGateway({ home: first.home });
  const idler = await ImapClient.loggedIn(first.port);
  await idler.say('s', 'SELECT INBOX');
  const sleeper = await ImapClient.loggedIn(first.port);
  await sleeper.say('s', 'SELECT INBOX');
  idler.send('i IDLE\r\n');
  expect(await idler.line()).toBe('+ idling');

  const other = await ImapClient.loggedIn(second.port);
  await other.say('s', 'SELECT INBOX');
  await other.append('INBOX', 'Subject: 1\r\n\r\nx\r\n');
  expect(await idler.line()).toBe('* 1 EXISTS');
  expect(await idler.line()).toMatch(/^\* \d RECENT$/);
  await other.say('f', 'STORE 1 +FLAGS (\\Deleted)');
  expect(await idler.line()).toMatch(/^\* 1 FETCH \(FLAGS \(\\Deleted/);
  await other.say('x', 'EXPUNGE');
  expect(await idler.line()).toBe('* 1 EXPUNGE');
  expect(await sleeper.say('n', 'NOOP')).toEqual(['n OK Completed']);

  // Both write at once: UIDs are in the order of commits, and none is used twice.
  const uids = await Promise.all(
    [sleeper, other].flatMap((client) => [client.append('INBOX', 'Subject: 2\r\n\r\nx\r\n')]),
  );
  const given = uids.map((lines) => /APPENDUID \d+ (\d+)/.exec(lines.at(-1) ?? '')?.[1]);
  expect(given.sort()).toEqual(['2', '3']);

  // A mailbox that is deleted elsewhere ends the session.
  await other.say('c', 'CREATE doomed');
  const doomed = await ImapClient.loggedIn(first.port);
  expect((await doomed.say('s', 'SELECT doomed')).at(-1)).toBe('s OK [READ-WRITE] Completed');
  await other.say('d', 'DELETE doomed');
  expect(await doomed.say('n', 'NOOP')).toEqual(['* BYE The selected mailbox was deleted', 'n OK Completed']);
  expect(await doomed.line()).toBe('END');
  for (const client of [idler, sleeper, other]) client.close();
  expect([...first.errors, ...second.errors]).toEqual([]);
});
