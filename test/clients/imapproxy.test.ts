import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { imapProxy } from '../../scripts/debian-packages.ts';
import { freePort } from '../support/free-port.ts';
import { ImapClient } from '../support/imap-client.ts';
import { until } from '../support/until.ts';
import { type Gateway, PASSWORD, startGateway } from './gateway.ts';
import { handIn } from './mailboxes.ts';
import { message } from './messages.ts';
import { describeWith } from './programs.ts';

interface Proxy extends AsyncDisposable {
  /** A connection of a webmail, logged in; `answers` are those to LOGIN. */
  logIn(password?: string): Promise<{ readonly client: ImapClient; readonly answers: readonly string[] }>;
}

/** Starts the proxy, which itself asks for STARTTLS; webmails reach it in clear. */
async function startProxy(gateway: Gateway): Promise<Proxy> {
  const port = await freePort();
  const settings = {
    server_hostname: gateway.host,
    server_port: gateway.imapPort,
    listen_address: gateway.host,
    listen_port: port,
    cache_size: 16,
    cache_expiration_time: 300,
    proc_username: 'nobody',
    proc_groupname: 'nogroup',
    stat_filename: join(gateway.workFolder, 'stat'),
    protocol_log_filename: join(gateway.workFolder, 'protocol'),
    syslog_facility: 'LOG_MAIL',
    force_tls: 'yes',
    tls_ca_file: gateway.certificate,
    tls_verify_server: 'yes',
    foreground_mode: 'yes',
  };
  const file = join(gateway.workFolder, 'imapproxy.conf');
  const lines = Object.entries(settings).map(([key, value]) => `${key} ${value}\n`);
  await writeFile(file, lines.join(''));
  const child = spawn(imapProxy, ['-f', file], { stdio: ['ignore', 'pipe', 'pipe'] });
  // A test run that is cut short leaves no proxy behind.
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  let said = '';
  for (const output of [child.stdout, child.stderr]) output.on('data', (data: Buffer) => (said += data));
  const ended = once(child, 'exit');
  const connected = async (): Promise<ImapClient | undefined> => {
    if (child.exitCode !== null) throw new Error(`imapproxyd: exit code ${child.exitCode}\n${said}`);
    return ImapClient.connect(port).catch(() => undefined);
  };
  const connect = async (): Promise<ImapClient> => {
    let client: ImapClient | undefined;
    await until('imapproxyd listens', async () => (client = await connected()) !== undefined);
    if (client === undefined) throw new Error('no connection');
    return client;
  };
  return {
    async logIn(password = PASSWORD) {
      const client = await connect();
      expect(await client.line()).toMatch(/^\* OK \[CAPABILITY IMAP4rev1 /);
      const quoted = password.replace(/["\\]/g, '\\$&');
      return { client, answers: await client.say('a', `LOGIN tux "${quoted}"`) };
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM');
      await ended;
      process.off('exit', kill);
    },
  };
}

describeWith(
  [imapProxy, '/usr/share/doc/libwrap0', 'swaks'],
  'imapproxy',
  () => {
    it('keeps the session of a webmail for its next click, with nothing selected', async () => {
      await using gateway = await startGateway(['tux']);
      await handIn(gateway, ['tux'], message('one'));
      await using proxy = await startProxy(gateway);
      const first = await proxy.logIn();
      expect(first.answers).toEqual(['a OK User logged in']);
      expect((await first.client.say('b', 'SELECT INBOX')).at(-1)).toMatch(/^b OK \[READ-WRITE\]/);
      expect((await first.client.say('c', 'STORE 1 +FLAGS (\\Deleted)')).at(-1)).toBe('c OK Completed');
      // What is marked stays: nobody has said CLOSE.
      expect((await first.client.say('d', 'LOGOUT')).at(-1)).toMatch(/^d OK/);
      expect(await first.client.line()).toBe('END');

      await handIn(gateway, ['tux'], message('two'));
      const second = await proxy.logIn();
      expect(second.answers).toEqual([expect.stringMatching(/^\* OK \[XPROXYREUSE\]/), 'a OK User logged in']);
      expect((await second.client.say('b', 'FETCH 1 FLAGS')).at(-1)).toMatch(/^b BAD/);
      expect(await second.client.say('c', 'SELECT INBOX')).toContain('* 2 EXISTS');
      expect(await second.client.say('d', 'SEARCH DELETED')).toEqual(['* SEARCH 1', 'd OK Completed']);

      // While that one is in use another is opened; and who does not know the password gets none that is kept.
      const third = await proxy.logIn();
      expect(third.answers).toEqual(['a OK User logged in']);
      for (const { client } of [second, third]) await client.say('z', 'LOGOUT');
      expect((await proxy.logIn('wrong')).answers).toEqual([expect.stringMatching(/^a NO \[AUTHENTICATIONFAILED\]/)]);
      expect((await proxy.logIn()).answers.at(-1)).toBe('a OK User logged in');
    });
  },
  { asRoot: true },
);
