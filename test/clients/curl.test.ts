import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { type Gateway, PASSWORD, startGateway } from './gateway.ts';
import { expectDelivered, handIn, mailboxesOf, mailboxOf } from './mailboxes.ts';
import { message } from './messages.ts';
import { describeWith } from './programs.ts';
import { run, runWell } from './run.ts';

describeWith(['curl', 'swaks', 'python3'], 'curl', () => {
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await startGateway(['imaps', 'starttls', 'careless']);
    return () => gateway[Symbol.asyncDispose]();
  });

  it.each([
    ['imaps', () => [`imaps://${gateway.host}:${gateway.imapsPort}/`]],
    ['starttls', () => ['--ssl-reqd', `imap://${gateway.host}:${gateway.imapPort}/`]],
  ] as const)('reads, flags, copies, moves, deletes, uploads and searches: %s', async (user, where) => {
    const curl = (path: string, ...args: readonly string[]): Promise<Buffer> => {
      const options = where();
      const url = `${options.at(-1)}${path}`;
      const login = ['--user', `${user}:${PASSWORD}`, '--cacert', gateway.certificate];
      return runWell('curl', ['-sS', ...login, ...args, ...options.slice(0, -1), url]);
    };
    const look = (name: string) => mailboxOf(gateway, user, name);
    const [first, second] = [message('first from curl'), message('second from curl')];
    await handIn(gateway, [user], first, 'unix');
    await handIn(gateway, [user], second);

    expectDelivered(await curl('INBOX;UID=1'), first);
    expectDelivered(await curl('INBOX;MAILINDEX=2'), second);
    const part = await curl('INBOX;UID=1;SECTION=1');
    expect(first.toString()).toContain(part.toString());
    expect(part.toString()).toMatch(/^Grüße aus München,\r\n\.\r\n\.\.two dots/);
    expect(await look('INBOX')).toMatchObject([{ flags: ['\\Seen'] }, { flags: ['\\Seen'] }]);

    await curl('INBOX', '-X', 'UID STORE 1 +FLAGS (\\Flagged $Work)');
    expect((await look('INBOX'))[0]?.flags).toEqual(['$Work', '\\Flagged', '\\Seen']);

    await curl('', '-X', 'CREATE "Curl &- Co"');
    await curl('INBOX', '-X', 'UID COPY 1 "Curl &- Co"');
    const [copy] = await look('Curl & Co');
    expect(copy?.flags).toEqual(['$Work', '\\Flagged', '\\Seen']);
    expectDelivered(copy?.body, first);
    expect(await look('INBOX')).toHaveLength(2);

    await curl('INBOX', '-X', 'UID MOVE 1 Trash');
    const [moved] = await look('Trash');
    expect(moved?.flags).toEqual(['$Work', '\\Flagged', '\\Seen']);
    expectDelivered(moved?.body, first);
    expect(await look('INBOX')).toMatchObject([{ uid: 2 }]);

    await curl('INBOX', '-X', 'UID STORE 2 +FLAGS.SILENT (\\Deleted)');
    expect(await look('INBOX')).toMatchObject([{ uid: 2, flags: ['\\Deleted', '\\Seen'] }]);
    const expunged = await curl('INBOX', '-X', 'EXPUNGE');
    expect(expunged.toString()).toContain('* 1 EXPUNGE');
    expect(await look('INBOX')).toEqual([]);

    const draft = message('a draft');
    const file = join(gateway.workFolder, `${user}.eml`);
    await writeFile(file, draft);
    await curl('Drafts', '-T', file);
    expect((await look('Drafts')).map(({ body }) => body.toString())).toEqual([draft.toString()]);

    const found = await curl('Drafts?SUBJECT%20draft');
    expect(found.toString().trim()).toBe('* SEARCH 1');
    expect((await curl('Drafts?SUBJECT%20nothing')).toString().trim()).toBe('* SEARCH');
    const listed = (await curl('')).toString();
    for (const name of (await mailboxesOf(gateway, user)).keys()) {
      expect(listed).toContain(name === 'Curl & Co' ? 'Curl &- Co' : name);
    }
  });

  it('is refused a password in clear, a wrong password, and sees who the server is', async () => {
    const imap = `imap://${gateway.host}:${gateway.imapPort}/INBOX;UID=1`;
    const imaps = `imaps://${gateway.host}:${gateway.imapsPort}/INBOX;UID=1`;
    const codeOf = async (...args: readonly string[]) => (await run('curl', ['-sS', ...args])).code;
    const trusting = ['--cacert', gateway.certificate];
    // 67: login denied; 60: the certificate is not one of those it trusts.
    expect(await codeOf('--user', `careless:${PASSWORD}`, imap)).toBe(67);
    expect(await codeOf(...trusting, '--user', 'careless:wrong', imaps)).toBe(67);
    expect(await codeOf('--user', `careless:${PASSWORD}`, imaps)).toBe(60);
  });
});
