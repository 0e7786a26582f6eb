import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { type Gateway, PASSWORD, startGateway } from './gateway.ts';
import { expectDelivered, handIn, mailboxOf } from './mailboxes.ts';
import { message } from './messages.ts';
import { describeWith } from './programs.ts';
import { runWell } from './run.ts';

describeWith(['neomutt', 'script', 'swaks', 'python3'], 'neomutt', () => {
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await startGateway(['imaps', 'starttls']);
    return () => gateway[Symbol.asyncDispose]();
  });

  it.each(['imaps', 'starttls'] as const)('reads, flags, copies, moves and deletes: %s', async (user) => {
    const neomutt = await configure(user);
    const look = (name: string) => mailboxOf(gateway, user, name);
    const sent = ['first', 'second', 'third'].map(message);
    for (const each of sent) await handIn(gateway, [user], each);

    const read = join(gateway.workFolder, `${user}-read`);
    await neomutt(`<search>~s first<enter><display-message><exit><pipe-message>cat >${read}<enter>`);
    const [first] = sent;
    const text = (await readFile(read, 'latin1')).replaceAll('\n', '\r\n');
    expectDelivered(Buffer.from(text, 'latin1'), first ?? Buffer.alloc(0));
    expect(await look('INBOX')).toMatchObject([{ flags: ['\\Seen'] }, { flags: [] }, { flags: [] }]);

    await neomutt('<search>~s second<enter><flag-message><set-flag>r');
    expect((await look('INBOX'))[1]?.flags).toEqual(expect.arrayContaining(['\\Answered', '\\Flagged']));

    // There is no such folder yet: neomutt makes it when the server suggests that ([TRYCREATE]).
    await neomutt('<search>~s second<enter><copy-message>=Neomutt/München<enter>');
    const [copy] = await look('Neomutt/München');
    expect(copy?.flags).toEqual(expect.arrayContaining(['\\Answered', '\\Flagged']));
    expectDelivered(copy?.body, sent[1] ?? Buffer.alloc(0));
    expect(await look('INBOX')).toHaveLength(3);

    await neomutt('<search>~s second<enter><save-message>=Archive<enter>');
    expectDelivered((await look('Archive'))[0]?.body, sent[1] ?? Buffer.alloc(0));
    expect(await look('INBOX')).toMatchObject([{ uid: 1 }, { uid: 3 }]);

    await neomutt('<tag-pattern>~A<enter><tag-prefix><save-message>=Trash<enter>');
    expect(await look('Trash')).toHaveLength(2);
    expect(await look('INBOX')).toEqual([]);

    await neomutt('<change-folder>=Trash<enter><delete-pattern>~s third<enter>');
    const left = await look('Trash');
    expect(left).toHaveLength(1);
    expectDelivered(left[0]?.body, first ?? Buffer.alloc(0));
  });

  /** Runs neomutt on INBOX with keys as a person would type them; it leaves with all changes written. */
  async function configure(user: string): Promise<(keys: string) => Promise<unknown>> {
    const url =
      user === 'imaps' ? `imaps://${gateway.host}:${gateway.imapsPort}` : `imap://${gateway.host}:${gateway.imapPort}`;
    const file = join(gateway.workFolder, `${user}.neomuttrc`);
    const lines = [
      `set imap_user='${user}'`,
      `set imap_pass='${PASSWORD}'`,
      `set folder='${url}/'`,
      "set spoolfile='+INBOX'",
      `set certificate_file='${gateway.certificate}'`,
      'set ssl_starttls=yes ssl_force_tls=yes',
      'set charset=utf-8 pager=builtin pipe_decode=no wait_key=no timeout=1',
      'set sleep_time=0 resolve=no quit=yes delete=yes move=no mark_old=no',
      'set confirmappend=no confirmcreate=no auto_tag=no',
    ];
    await writeFile(file, `${lines.join('\n')}\n`);
    return (keys) => {
      const push = `push "${keys}<sync-mailbox><quit>"`;
      // A terminal of its own; `script` gives back the exit code.
      const command = `neomutt -n -F '${file}' -e '${push}'`;
      const env = { TERM: 'xterm', LC_ALL: 'C.UTF-8', HOME: gateway.workFolder };
      return runWell('script', ['-qec', command, '/dev/null'], { env, cwd: gateway.workFolder, timeoutMs: 30_000 });
    };
  }
});
