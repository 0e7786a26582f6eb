import { expect, it } from 'vitest';
import { hashPassword } from '../../lib/auth/password.ts';
import { MailStore } from '../../lib/store/mail-store.ts';
import { LOCK_MS, SKEW_MS } from '../../lib/store/maildrop-lock.ts';
import { addUser } from '../../lib/store/users.ts';
import { type OpenPorts, openTestHome } from '../support/home.ts';
import { ImapClient } from '../support/imap-client.ts';
import { openImapGateway } from '../support/imap-gateway.ts';
import { Gateways } from './gateways.ts';

it('a maildrop whose gateway was killed opens again when the lease is over, with nothing deleted', async () => {
  await using home = await openTestHome();
  await addAnna(await home.open());
  const gateways = new Gateways(home.environment, 1);
  try {
    await gateways.start(0);
    const [ports] = gateways.all();
    if (ports === undefined) throw new Error('no gateway');
    const imap = await ImapClient.loggedIn(ports.imap);
    await imap.append('INBOX', 'Subject: stays\r\n\r\n');
    imap.close();
    // The survivor's clock stands still, so that nothing depends on how long this takes.
    const clock = { ms: Date.now(), now: () => clock.ms };
    const [, , opened] = await sayPop3(ports.pop3, 'USER anna', 'PASS secret', 'DELE 1');
    expect(opened).toBe('+OK Marked as deleted');
    await gateways.kill(0);
    await using survivor = await openImapGateway({ home, clock });
    expect(await sayPop3(survivor.pop3Port, 'USER anna', 'PASS secret')).toEqual([
      '+OK Password required',
      '-ERR [IN-USE] Another POP3 session has the mailbox',
    ]);
    // The lock was last renewed before now.
    clock.ms = Date.now() + LOCK_MS + SKEW_MS;
    expect(await sayPop3(survivor.pop3Port, 'USER anna', 'PASS secret', 'STAT', 'QUIT')).toEqual([
      '+OK Password required',
      '+OK Mailbox locked and ready, 1 messages (18 octets)',
      '+OK 1 18',
      '+OK Goodbye',
    ]);
  } finally {
    await gateways.stopAll();
  }
});

async function addAnna(ports: OpenPorts): Promise<void> {
  const store = new MailStore(ports);
  await addUser(store, { name: 'anna', verifier: await hashPassword('secret') });
  await store.close();
  await ports.close();
}

/** One line of answer for each command; the session stays open, as that of a client that waits. */
async function sayPop3(port: number, ...commands: readonly string[]): Promise<readonly string[]> {
  const client = await ImapClient.connect(port);
  await client.line();
  const answers: string[] = [];
  for (const command of commands) {
    client.send(`${command}\r\n`);
    answers.push(await client.line());
  }
  return answers;
}
