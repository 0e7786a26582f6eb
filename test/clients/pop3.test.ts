import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import Pop3Command from 'node-pop3';
import { beforeAll, expect, it } from 'vitest';
import { openImapGateway } from '../support/imap-gateway.ts';
import { type Gateway, PASSWORD, startGateway } from './gateway.ts';
import { handIn, mailboxOf } from './mailboxes.ts';
import { message } from './messages.ts';
import { describeWith } from './programs.ts';
import { run, runWell } from './run.ts';

/** The exit code of a poll that found no mail. */
const NO_MAIL = 1;
/** curl's exit code when the server took no login, fetchmail's when the mailbox is busy. */
const [LOGIN_DENIED, LOCK_BUSY] = [67, 9];
const ways = ['pop3s', 'stls'] as const;

describeWith(['curl', 'fetchmail', 'swaks', 'python3'], 'POP3 clients', () => {
  let gateway: Gateway;
  beforeAll(async () => {
    const users = ['curl', 'poplib', 'fetchmail', 'target'].flatMap((name) => ways.map((way) => `${name}-${way}`));
    gateway = await startGateway([...users, 'node']);
    return () => gateway[Symbol.asyncDispose]();
  });

  const portOf = (way: (typeof ways)[number]): number => (way === 'pop3s' ? gateway.pop3sPort : gateway.pop3Port);
  const textOf = (octets: Uint8Array): string => Buffer.from(octets).toString('latin1');

  it.each(ways)('curl lists, reads and deletes: %s', async (way) => {
    const user = `curl-${way}`;
    await handIn(gateway, [user], message('one by POP3'));
    await handIn(gateway, [user], message('two by POP3'));
    const curl = async (path: string, ...args: readonly string[]): Promise<string> => {
      const tls = way === 'pop3s' ? [] : ['--ssl-reqd'];
      const url = `${way === 'pop3s' ? 'pop3s' : 'pop3'}://${gateway.host}:${portOf(way)}/${path}`;
      const login = ['--user', `${user}:${PASSWORD}`, '--cacert', gateway.certificate];
      return textOf(await runWell('curl', ['-sS', ...login, ...tls, ...args, url]));
    };
    const stored = await mailboxOf(gateway, user, 'INBOX');
    expect(await curl('')).toBe(stored.map(({ body }, i) => `${i + 1} ${body.length}\r\n`).join(''));
    expect(await curl('2')).toBe(textOf(stored[1]?.body ?? Buffer.alloc(0)));
    await curl('1', '--request', 'DELE', '--list-only');
    expect(await mailboxOf(gateway, user, 'INBOX')).toHaveLength(1);
  });

  it.each(ways)('poplib goes through all commands: %s', async (way) => {
    const user = `poplib-${way}`;
    const dots = Buffer.from('From: a@example.org\r\nSubject: dots\r\n\r\n.\r\n..\r\n.x\r\n');
    await handIn(gateway, [user], message('first'));
    await handIn(gateway, [user], dots);
    const stored = await mailboxOf(gateway, user, 'INBOX');
    const job = join(import.meta.dirname, 'poplib_job.py');
    const args = [job, gateway.host, `${portOf(way)}`, way, gateway.certificate, user, PASSWORD];
    const seen = JSON.parse(textOf(await runWell('python3', args)));
    expect(seen.messages).toEqual(stored.map(({ body }) => textOf(body)));
    expect(seen.sizes).toEqual(stored.map(({ body }) => body.length));
    expect(seen.octets).toBe(stored.reduce((sum, { body }) => sum + body.length, 0));
    expect(new Set(seen.ids).size).toBe(2);
    expect(seen.capa).toEqual(expect.arrayContaining(['UIDL', 'TOP', 'PIPELINING', 'IMPLEMENTATION']));
    const left = await mailboxOf(gateway, user, 'INBOX');
    expect(left.map(({ body }) => textOf(body))).toEqual(seen.messages.slice(1));
  });

  it.each(ways)('fetchmail keeps, knows what it has, and then takes: %s', async (way) => {
    const [user, target] = [`fetchmail-${way}`, `target-${way}`];
    const sent = [message('to be fetched'), message('this one too')];
    for (const each of sent) await handIn(gateway, [user], each);
    const keep = await configure(way, user, target, 'keep');
    const first = await keep();
    expect(first.code, `${first.stdout}${first.stderr}`).toBe(0);
    expect(await mailboxOf(gateway, target, 'INBOX')).toHaveLength(2);
    expect(await mailboxOf(gateway, user, 'INBOX')).toHaveLength(2);
    expect((await keep()).code).toBe(NO_MAIL);
    const take = await configure(way, user, target, 'fetchall nokeep');
    expect((await take()).code).toBe(0);
    expect(await mailboxOf(gateway, user, 'INBOX')).toEqual([]);
  });

  it('node-pop3 lists, reads, looks at and deletes', async () => {
    await handIn(gateway, ['node'], message('one'));
    await handIn(gateway, ['node'], message('two'));
    const stored = await mailboxOf(gateway, 'node', 'INBOX');
    const texts = stored.map(({ body }) => body.toString());
    const sizes = stored.map(({ body }, i) => [String(i + 1), String(body.length)]);
    const first = nodePop3();
    expect(await first.STAT()).toBe(`2 ${stored.reduce((sum, { body }) => sum + body.length, 0)}`);
    expect(await first.LIST()).toEqual(sizes);
    expect(await first.LIST(2)).toEqual(sizes[1]);
    const ids = await first.UIDL();
    expect(await first.UIDL(1)).toEqual(ids[0]);
    expect(unstuffed(await first.RETR(1))).toBe(texts[0]);
    expect(unstuffed(await first.RETR(2))).toBe(texts[1]);
    const [header = '', text = ''] = texts[1]?.split('\r\n\r\n') ?? [];
    expect(unstuffed(await first.TOP(2, 1))).toBe(`${header}\r\n\r\n${text.split('\r\n')[0]}\r\n`);
    await first.command('DELE', 1);
    await first.RSET();
    await first.NOOP();
    await first.command('DELE', 1);
    await expect(first.RETR(1)).rejects.toThrow('The message is marked as deleted');
    await first.QUIT();
    const second = nodePop3();
    expect(await second.UIDL()).toEqual([['1', ids[1]?.[1]]]);
    expect(unstuffed(await second.RETR(1))).toBe(texts[1]);
    await second.QUIT();
    expect(await mailboxOf(gateway, 'node', 'INBOX')).toHaveLength(1);
  });

  function nodePop3(): Pop3Command {
    return new Pop3Command({
      user: 'node',
      password: PASSWORD,
      host: gateway.host,
      port: gateway.pop3sPort,
      tls: true,
      servername: 'localhost',
      tlsOptions: { ca: readFileSync(gateway.certificate) },
    });
  }

  it('curl and fetchmail are told to come back later (popminpoll)', async () => {
    await using slow = await openImapGateway({ minPollMinutes: 2 });
    const curl = () => run('curl', ['-sS', '--user', 'anna:secret', `pop3://127.0.0.1:${slow.pop3Port}/`]);
    expect(await curl()).toMatchObject({ code: 0 });
    expect(await curl()).toMatchObject({ code: LOGIN_DENIED });
    const file = join(gateway.workFolder, 'delayed.fetchmailrc');
    const lines = [
      `poll 127.0.0.1 protocol pop3 port ${slow.pop3Port} auth password`,
      `  user "anna" password "secret" sslproto '' lmtp smtphost "${gateway.lmtpSocket}" smtpname "target-stls"`,
    ];
    await writeFile(file, `${lines.join('\n')}\n`, { mode: 0o600 });
    const env = { HOME: gateway.workFolder, FETCHMAILHOME: gateway.workFolder };
    const told = await run('fetchmail', ['-f', file, '--nosyslog', '-v', '--pidfile', `${file}.pid`], { env });
    expect(told.stdout.toString()).toContain('-ERR [LOGIN-DELAY] Logins must be at least 2 minutes apart');
    expect(told.code).toBe(LOCK_BUSY);
  });

  async function configure(way: (typeof ways)[number], user: string, target: string, how: string) {
    const file = join(gateway.workFolder, `${user}.fetchmailrc`);
    const password = PASSWORD.replaceAll('\\', '\\\\');
    const lines = [
      // It looks for names in certificates only, not for addresses.
      `poll localhost protocol pop3 uidl port ${portOf(way)}`,
      `  user "${user}" password '${password}'`,
      `  ${way === 'pop3s' ? 'ssl' : 'sslproto tls1.2+'} sslcertck sslcertfile "${gateway.certificate}"`,
      `  lmtp smtphost "${gateway.lmtpSocket}" smtpname "${target}" ${how}`,
    ];
    await writeFile(file, `${lines.join('\n')}\n`, { mode: 0o600 });
    const env = { HOME: gateway.workFolder, FETCHMAILHOME: gateway.workFolder };
    return () =>
      run('fetchmail', ['-f', file, '--nosyslog', '-v', '-i', `${file}.ids`, '--pidfile', `${file}.pid`], { env });
  }
});

/** What was sent: the library leaves a dot in front of a dot, and takes the last line's end for that of the answer. */
function unstuffed(text: string): string {
  return `${text.replace(/^\./gm, '')}\r\n`;
}
