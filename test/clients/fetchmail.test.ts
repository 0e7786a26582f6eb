import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { type Gateway, PASSWORD, startGateway } from './gateway.ts';
import { handIn, mailboxOf } from './mailboxes.ts';
import { message } from './messages.ts';
import { describeWith } from './programs.ts';
import { run } from './run.ts';

/** The exit code of a poll that found no mail. */
const NO_MAIL = 1;

describeWith(['fetchmail', 'swaks', 'python3'], 'fetchmail', () => {
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await startGateway(['imaps', 'starttls', 'target']);
    return () => gateway[Symbol.asyncDispose]();
  });

  it.each(['imaps', 'starttls'] as const)(
    'takes mail out of one mailbox and hands it in for another: %s',
    async (user) => {
      const before = await mailboxOf(gateway, 'target', 'INBOX');
      const sent = [message('to be fetched'), message('this one too')];
      for (const each of sent) await handIn(gateway, [user], each);
      const fetchmail = await configure(user);
      const first = await fetchmail();
      expect(first.code, `${first.stdout}${first.stderr}`).toBe(0);
      const found = (await mailboxOf(gateway, 'target', 'INBOX')).slice(before.length);
      expect(found).toHaveLength(2);
      // fetchmail puts its own Received in front, and touches some headers: the bodies are as they were.
      for (const [i, { body }] of found.entries()) {
        const text = sent[i]?.toString() ?? '';
        expect(body.toString().endsWith(text.slice(text.indexOf('\r\n\r\n')))).toBe(true);
      }
      expect(await mailboxOf(gateway, user, 'INBOX')).toEqual([]);
      expect((await fetchmail()).code).toBe(NO_MAIL);
    },
  );

  async function configure(user: string) {
    const file = join(gateway.workFolder, `${user}.fetchmailrc`);
    const password = PASSWORD.replaceAll('\\', '\\\\');
    const inTls = user === 'imaps';
    const lines = [
      // It looks for names in certificates only, not for addresses.
      `poll localhost protocol imap port ${inTls ? gateway.imapsPort : gateway.imapPort}`,
      `  user "${user}" password '${password}'`,
      `  ${inTls ? 'ssl' : 'sslproto tls1.2+'} sslcertck sslcertfile "${gateway.certificate}"`,
      `  lmtp smtphost "${gateway.lmtpSocket}" smtpname "target" fetchall nokeep`,
    ];
    await writeFile(file, `${lines.join('\n')}\n`, { mode: 0o600 });
    const env = { HOME: gateway.workFolder, FETCHMAILHOME: gateway.workFolder };
    return () => run('fetchmail', ['-f', file, '--nosyslog', '-v', '--pidfile', `${file}.pid`], { env });
  }
});
