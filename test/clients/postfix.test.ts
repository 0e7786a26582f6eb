import { chmod, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { hashPassword } from '../../lib/auth/password.ts';
import { Account } from '../../lib/store/account.ts';
import { setAcl } from '../../lib/store/acl.ts';
import { Directory } from '../../lib/store/directory.ts';
import type { MailStore } from '../../lib/store/mail-store.ts';
import { createMailbox } from '../../lib/store/names.ts';
import { addUser, setUserQuota } from '../../lib/store/users.ts';
import { messagesIn, openPlace, type Place, type Server, withStoreOf } from '../cli/support.ts';
import { freePort } from '../support/free-port.ts';
import { openSmtpSink, type SmtpSink } from '../support/smtp-sink.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { until } from '../support/until.ts';
import { layPostfix, type Postfix, startPostfix } from './postfix.ts';
import { describeWith } from './programs.ts';
import { runWell } from './run.ts';

const MANY = 300;
const many = Array.from({ length: MANY }, (_, i) => `u${i}`);
const NOBODY = 65_534;
const cirrus = fileURLToPath(new URL('../../bin/cirrus', import.meta.url));

let number = 0;
const message = (subject: string): string =>
  `From: anna@example.net\nTo: someone\nMessage-ID: <${++number}@example.net>\nSubject: ${subject}\n\nhello\n`;

async function account(store: MailStore, name: string): Promise<Account> {
  const user = await new Directory(store.ports.index).find(name);
  if (user === undefined) throw new Error(`no user ${name}`);
  return new Account(store, user);
}

/** The users of all recipes; anyone may post to Lists of anna. */
async function fill(data: string, more: readonly string[]): Promise<void> {
  await withStoreOf(data, async (store) => {
    const verifier = await hashPassword('open sesame');
    for (const name of ['anna', 'bubba', 'full', 'lmtpuser', 'daemon', ...more])
      await addUser(store, { name, verifier });
    const anna = await account(store, 'anna');
    await createMailbox(anna, 'Lists');
    await setAcl(anna, 'Lists', 'anyone', 'p');
    await setUserQuota(store, (await account(store, 'full')).user, 0);
  });
}

describeWith(['postfix'], 'Postfix', tests, { asRoot: true });

function tests(): void {
  let place: Place;
  let piped: Place;
  let server: Server;
  let postfix: Postfix;
  /** The relay of what Cirrus sends. */
  let sink: SmtpSink;
  let folder: string;
  /** Of the SMTP server that asks us for the users of virtual domains too. */
  let asking: number;
  const closers: (() => PromiseLike<unknown>)[] = [];
  afterAll(async () => {
    for (const close of closers.reverse()) await close();
  });

  /** The same Unix socket every time: Postfix looks for it in its folder. */
  const serve = (): Promise<Server> =>
    place.serve({
      CIRRUS_LISTEN_LMTP_UNIX: join(folder, 'queue/cirrus/lmtp'),
      CIRRUS_LISTEN_SMMAPD: join(folder, 'queue/cirrus/smmapd'),
      CIRRUS_UNIX_SOCKET_MODE: '666',
      CIRRUS_LMTP_TRUSTED: 'off',
      CIRRUS_LMTP_ADMINS: 'lmtpuser',
      CIRRUS_SERVERNAME: 'localhost',
      CIRRUS_SMTP_RELAY: `127.0.0.1:${sink.port}`,
    });

  beforeAll(async () => {
    const temporary = await temporaryFolder();
    closers.push(() => temporary[Symbol.asyncDispose]());
    folder = temporary.path;
    sink = await openSmtpSink();
    closers.push(() => sink[Symbol.asyncDispose]());
    [place, piped] = [await openPlace(), await openPlace()];
    closers.push(
      () => place[Symbol.asyncDispose](),
      () => piped[Symbol.asyncDispose](),
    );
    await Promise.all([fill(place.data, many), fill(piped.data, [])]);
    // pipe(8) runs nothing as root.
    await chmod(piped.path, 0o755);
    await runWell('chown', ['-R', `${NOBODY}:${NOBODY}`, piped.data]);
    const queueFolder = await layPostfix(folder);
    // Ours within the queue folder, where Postfix may enter: its own lets in no other user.
    await runWell('install', ['-d', '-o', 'nobody', '-g', 'postfix', '-m', '750', join(queueFolder, 'cirrus')]);
    server = await serve();
    asking = await freePort();
    const conf = join(folder, 'cirrus.conf');
    await writeFile(conf, `configdirectory: ${piped.data}\n`, { mode: 0o644 });
    postfix = await startPostfix({
      folder,
      main: {
        recipient_delimiter: '+',
        virtual_mailbox_domains:
          'example.net, tcp.example.net, badtcp.example.net, pipe.example.net, mailbox.example.net',
        virtual_transport: 'lmtp:unix:cirrus/lmtp',
        relay_domains: 'hash:$config_directory/relay_domains',
        relay_recipient_maps: 'socketmap:unix:cirrus/smmapd:cirrus',
        // The column beside each domain, as well as the transports of the others.
        transport_maps: 'hash:$config_directory/relay_domains, hash:$config_directory/transport',
        mydestination: 'local.example.net',
        alias_maps: 'hash:$config_directory/aliases',
        fallback_transport: 'lmtp:unix:cirrus/lmtp',
        lmtp_destination_recipient_limit: String(MANY),
        // Each of ${user} and ${extension} would be as many arguments as there are recipients.
        cyrus_destination_recipient_limit: '1',
        lmtp_connection_cache_destinations: 'cirrus/lmtp',
        lmtp_connection_cache_time_limit: '60s',
        lmtp_host_lookup: 'native',
      },
      services: [
        `127.0.0.1:${asking} inet n - n - - smtpd -o virtual_mailbox_maps=socketmap:unix:cirrus/smmapd:cirrus`,
        'cyrus-inet unix - - n - 3 lmtp -o lmtp_sasl_auth_enable=yes -o lmtp_sasl_security_options=noanonymous -o lmtp_sasl_password_maps=hash:$config_directory/cyrus_lmtp_sasl_pass -o lmtp_tls_security_level=encrypt -o lmtp_sasl_tls_security_options=noanonymous',
        'cyrus-wrong unix - - n - 3 lmtp -o lmtp_sasl_auth_enable=yes -o lmtp_sasl_security_options=noanonymous -o lmtp_sasl_password_maps=hash:$config_directory/wrong_sasl_pass -o lmtp_tls_security_level=encrypt -o lmtp_sasl_tls_security_options=noanonymous',
        'local-cirrus unix - n n - - local -o mailbox_transport=lmtp:unix:cirrus/lmtp',
        `cyrus unix - n n - - pipe user=nobody null_sender= argv=${cirrus} -C ${conf} deliver -e -r \${sender} -m \${extension} \${user}`,
      ],
      tables: {
        relay_domains: 'relay.example.net    lmtp:unix:cirrus/lmtp\n',
        transport: [
          `tcp.example.net cyrus-inet:inet:localhost:${server.lmtp}`,
          `badtcp.example.net cyrus-wrong:inet:localhost:${server.lmtp}`,
          'pipe.example.net cyrus:',
          'mailbox.example.net local-cirrus:',
          '',
        ].join('\n'),
        aliases: 'marketing_weasel: bubba\n',
        cyrus_lmtp_sasl_pass: 'localhost lmtpuser:open sesame\n',
        wrong_sasl_pass: 'localhost lmtpuser:wrong\n',
      },
    });
    closers.push(() => postfix[Symbol.asyncDispose]());
  }, 300_000);

  const subjects = async (data: string, user: string, mailbox = 'INBOX'): Promise<readonly string[]> =>
    (await messagesIn(data, user, mailbox)).map(({ bytes }) => /^Subject: (.*)\r$/m.exec(bytes)?.[1] ?? '');

  it('LMTP over a Unix socket, to INBOX and by recipient_delimiter to a sub-mailbox', async () => {
    await postfix.send('anna@example.net', ['bubba@example.net', 'anna+Lists@example.net'], message('unix'));
    const sent = 'relay=mta.example.net\\[cirrus/lmtp\\], .*dsn=2.1.5, status=sent \\(250 2.1.5 Ok\\)';
    await postfix.logged(new RegExp(`to=<bubba@example.net>, ${sent}`));
    await postfix.logged(new RegExp(`to=<anna\\+Lists@example.net>, ${sent}`));
    expect(await subjects(place.data, 'bubba')).toContain('unix');
    expect(await subjects(place.data, 'anna', 'Lists')).toEqual(['unix']);
  });

  it('passes on what a sender wants to know, and leaves it to us to tell (RFC 3461)', async () => {
    const client = await postfix.smtp();
    await client.say('MAIL FROM:<anna@example.net> RET=HDRS ENVID=QQ314159');
    await client.say('RCPT TO:<u2@example.net> NOTIFY=SUCCESS,FAILURE');
    await client.say('DATA');
    client.send(`${message('tell me').replaceAll('\n', '\r\n')}.\r\n`);
    expect(await client.reply()).toMatch(/^250 /);
    client.socket.destroy();
    await until('the report is sent', () => sink.mails.length === 1);
    const [{ to, text } = { to: [], text: '' }] = sink.mails;
    expect(to).toEqual(['anna@example.net']);
    expect(text).toContain(
      'Original-Envelope-Id: QQ314159\r\nReporting-MTA: dns;localhost\r\n\r\n' +
        'Original-Recipient: rfc822;u2@example.net\r\nFinal-Recipient: rfc822;u2@example.net\r\nAction: delivered\r\n',
    );
    expect(await subjects(place.data, 'u2')).toEqual(['tell me']);
    // Postfix reports for those who do not take what it passes on: it does not here.
    const [life] = await postfix.logged(new RegExp(` (\\w+): message-id=<${number}@example.net>[^]* \\1: removed`));
    expect(life).not.toContain('delivery status notification');
  });

  it('several messages over one connection, which is kept', async () => {
    for (const [subject, kept] of [
      ['first of two', '(?:, conn_use=\\d+)?'],
      ['second of two', ', conn_use=\\d+'],
    ] as const) {
      await postfix.send('anna@example.net', ['u1@example.net'], message(subject));
      const [, id = ''] = await postfix.logged(new RegExp(` (\\w+): message-id=<${number}@example.net>`));
      await postfix.logged(new RegExp(` ${id}: to=<u1@example.net>, relay=[^ ]*\\]${kept}, .*status=sent`));
    }
    expect(await subjects(place.data, 'u1')).toEqual(['first of two', 'second of two']);
  });

  it('LMTP over TCP with a SASL password file, inside TLS', async () => {
    await postfix.send('anna@example.net', ['bubba@tcp.example.net'], message('tcp'));
    await postfix.logged(
      /to=<bubba@tcp\.example\.net>, relay=localhost\[127\.0\.0\.1\]:\d+, .*status=sent \(250 2\.1\.5 Ok\)/,
    );
    const found = (await messagesIn(place.data, 'bubba', 'INBOX')).find(({ bytes }) =>
      bytes.includes('\r\nSubject: tcp\r\n'),
    );
    expect(found?.bytes).toMatch(/^Return-Path: <anna@example\.net>\r\nDelivered-To: bubba@tcp\.example\.net\r\n/);
    expect(found?.bytes).toMatch(/\r\n\tby localhost \(Cirrus\) with LMTPSA \(TLSv1\.3 /);
  });

  it('keeps the mail when its password is wrong', async () => {
    await postfix.send('anna@example.net', ['bubba@badtcp.example.net'], message('wrong'));
    await postfix.logged(
      /to=<bubba@badtcp\.example\.net>, .*dsn=4\.7\.8, status=deferred \(SASL authentication failed; server localhost\[127\.0\.0\.1\] said: 535 5\.7\.8 Authentication credentials invalid\)/,
    );
  });

  it('a pipe to `cirrus deliver`: delivers, bounces and defers by its exit codes', async () => {
    await postfix.send('anna@example.net', ['anna@pipe.example.net', 'anna+Lists@pipe.example.net'], message('pipe'));
    await postfix.logged(
      /to=<anna@pipe\.example\.net>, relay=cyrus, .*dsn=2\.0\.0, status=sent \(delivered via cyrus service\)/,
    );
    await postfix.logged(/to=<anna\+Lists@pipe\.example\.net>, relay=cyrus, .*status=sent/);
    expect(await subjects(piped.data, 'anna')).toEqual(['pipe']);
    expect(await subjects(piped.data, 'anna', 'Lists')).toEqual(['pipe']);
    await postfix.send('', ['nobody@pipe.example.net'], message('pipe to nobody'));
    await postfix.logged(
      /to=<nobody@pipe\.example\.net>, relay=cyrus, .*dsn=5\.1\.1, status=bounced \(user unknown\. Command output: cirrus: nobody: Mailbox does not exist/,
    );
    await postfix.send('anna@example.net', ['full@pipe.example.net'], message('pipe to full'));
    await postfix.logged(
      /to=<full@pipe\.example\.net>, relay=cyrus, .*dsn=4\.3\.0, status=deferred \(temporary failure\. Command output: cirrus: full: Over quota/,
    );
  });

  it('unknown users bounce, with our text, to the mailbox of the sender', async () => {
    await postfix.send('anna@example.net', ['nobody@example.net'], message('to nobody'));
    await postfix.logged(
      /to=<nobody@example\.net>, .*dsn=5\.1\.1, status=bounced \(host mta\.example\.net\[cirrus\/lmtp\] said: 550-Mailbox unknown\. {2}Either there is no mailbox associated with this 550-name or you do not have authorization to see it\. 550 5\.1\.1 User unknown \(in reply to RCPT TO command\)\)/,
    );
    await postfix.logged(/to=<anna@example\.net>, .*status=sent \(250 2\.1\.5 Ok\)/);
    const found = await messagesIn(place.data, 'anna', 'INBOX');
    const bounce = found.find(({ bytes }) => bytes.includes('Subject: Undelivered Mail Returned to Sender'));
    expect(bounce?.bytes).toMatch(/^Return-Path: <>\r\n/);
    expect(bounce?.bytes).toMatch(/\r\nDiagnostic-Code: smtp; 550-Mailbox unknown\. {2}Either there is no mailbox/);
    expect(bounce?.bytes).toContain('\r\nStatus: 5.1.1\r\n');
  });

  it('over quota is deferred, and delivered when there is room again', async () => {
    await postfix.send('anna@example.net', ['full@example.net'], message('to full'));
    await postfix.logged(
      /to=<full@example\.net>, .*dsn=4\.2\.2, status=deferred \(host mta\.example\.net\[cirrus\/lmtp\] said: 452 4\.2\.2 Over quota \(in reply to RCPT TO command\)\)/,
    );
    expect(await postfix.queued()).toContain('full@example.net');
    await withStoreOf(place.data, async (store) => setUserQuota(store, (await account(store, 'full')).user, 1000));
    await postfix.flush();
    await postfix.logged(/to=<full@example\.net>, .*status=sent \(250 2\.1\.5 Ok\)/);
    expect(await subjects(place.data, 'full')).toEqual(['to full']);
    await withStoreOf(place.data, async (store) => setUserQuota(store, (await account(store, 'full')).user, 0));
  });

  it('unknown recipients are refused in the SMTP dialogue (socketmap), full ones for now', async () => {
    const client = await postfix.smtp();
    await client.say('MAIL FROM:<anna@example.net>');
    expect(await client.say('RCPT TO:<nobody@relay.example.net>')).toBe(
      '550 5.1.1 <nobody@relay.example.net>: Recipient address rejected: User unknown in relay recipient table',
    );
    expect(await client.say('RCPT TO:<full@relay.example.net>')).toMatch(/^451 4\.3\.0 <full@relay\.example\.net>: /);
    expect(await client.say('RCPT TO:<bubba@relay.example.net>')).toMatch(/^250 2\.1\.5 /);
    expect(await client.say('RCPT TO:<bubba@elsewhere.example.org>')).toBe(
      '554 5.7.1 <bubba@elsewhere.example.org>: Relay access denied',
    );
    client.socket.destroy();
    const virtual = await postfix.smtp(asking);
    await virtual.say('MAIL FROM:<anna@example.net>');
    expect(await virtual.say('RCPT TO:<nobody@example.net>')).toBe(
      '550 5.1.1 <nobody@example.net>: Recipient address rejected: User unknown in virtual mailbox table',
    );
    expect(await virtual.say('RCPT TO:<full@example.net>')).toMatch(/^451 4\.3\.0 <full@example\.net>: /);
    expect(await virtual.say('RCPT TO:<bubba+Lists@example.net>')).toMatch(/^250 2\.1\.5 /);
    virtual.socket.destroy();
    await postfix.send('anna@example.net', ['bubba+Lists@relay.example.net'], message('relay'));
    await postfix.logged(/to=<bubba\+Lists@relay\.example\.net>, .*status=sent \(250 2\.1\.5 Ok\)/);
    expect(await subjects(place.data, 'bubba')).toContain('relay');
  });

  it('local(8): aliases are expanded, Unix accounts are its own, others fall back to us', async () => {
    await postfix.send(
      'anna@example.net',
      ['marketing_weasel@local.example.net', 'daemon@local.example.net', 'u0@local.example.net'],
      message('local'),
    );
    await postfix.logged(
      /to=<bubba@example\.net>, orig_to=<marketing_weasel@local\.example\.net>, relay=mta\.example\.net\[cirrus\/lmtp\], .*status=sent/,
    );
    await postfix.logged(/to=<daemon@local\.example\.net>, relay=local, .*status=sent \(delivered to maildir\)/);
    await postfix.logged(
      /to=<u0@local\.example\.net>, relay=mta\.example\.net\[cirrus\/lmtp\], .*status=sent \(250 2\.1\.5 Ok\)/,
    );
    expect(await subjects(place.data, 'u0')).toEqual(['local']);
    expect(await subjects(place.data, 'daemon')).toEqual([]);
    const kept = join(folder, 'mail/daemon/new');
    const [file = ''] = await readdir(kept);
    expect(await readFile(join(kept, file), 'utf8')).toContain('Subject: local');
  });

  it('local(8) with mailbox_transport: Unix accounts are ours too', async () => {
    await postfix.send('anna@example.net', ['daemon@mailbox.example.net'], message('mailbox'));
    await postfix.logged(/to=<daemon@mailbox\.example\.net>, relay=mta\.example\.net\[cirrus\/lmtp\], .*status=sent/);
    expect(await subjects(place.data, 'daemon')).toEqual(['mailbox']);
  });

  it(`${MANY} recipients in one transaction, stored once`, async () => {
    const recipients = many.map((name) => `${name}@example.net`);
    await postfix.send('anna@example.net', recipients, message('to all'));
    const [, id = ''] = await postfix.logged(new RegExp(` (\\w+): from=<anna@example\\.net>, .*nrcpt=${MANY} `));
    const { input: log } = await postfix.logged(new RegExp(` ${id}: removed$`, 'm'));
    const sent = log.split('\n').filter((line) => line.includes(` ${id}: to=<u`) && line.endsWith('(250 2.1.5 Ok)'));
    expect(sent).toHaveLength(MANY);
    await until('our log says so too', () => server.text.out.includes(`"recipients":${MANY},"refused":0`));
    for (const name of ['u0', 'u150', `u${MANY - 1}`]) expect(await subjects(place.data, name)).toContain('to all');
  });

  it('mail waits while we are down, and is delivered once when we are back', async () => {
    server.process.kill('SIGTERM');
    await server.ended;
    await postfix.send('anna@example.net', ['bubba@example.net'], message('while down'));
    await postfix.logged(
      /to=<bubba@example\.net>, .*dsn=4\.4\.1, status=deferred \(connect to mta\.example\.net\[cirrus\/lmtp\]: (?:No such file or directory|Connection refused)\)/,
    );
    expect(await subjects(place.data, 'bubba')).not.toContain('while down');
    server = await serve();
    await postfix.flush();
    const before =
      /to=<bubba@example\.net>, .*status=deferred[\s\S]*to=<bubba@example\.net>, .*status=sent \(250 2\.1\.5 Ok\)/;
    await postfix.logged(before);
    expect((await subjects(place.data, 'bubba')).filter((subject) => subject === 'while down')).toHaveLength(1);
  });
}
