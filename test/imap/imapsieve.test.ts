import { afterEach, beforeEach, expect, test } from 'vitest';
import { ImapEvents } from '../../lib/delivery/imap-events.ts';
import { ImapSieve, type ImapSieveFailure } from '../../lib/delivery/imap-sieve.ts';
import { Outgoing } from '../../lib/delivery/outgoing.ts';
import { Responder } from '../../lib/delivery/respond.ts';
import { SieveRunner } from '../../lib/delivery/sieve.ts';
import { Account } from '../../lib/store/account.ts';
import { makeCommons } from '../../lib/store/commons.ts';
import type { MailStore } from '../../lib/store/mail-store.ts';
import { setLimits } from '../../lib/store/quota-roots.ts';
import { putScript } from '../../lib/store/scripts.ts';
import { accountOf, listMail } from '../delivery/sieve-support.ts';
import { openTestHome } from '../support/home.ts';
import { ImapClient } from '../support/imap-client.ts';
import { type ImapGateway, openImapGateway } from '../support/imap-gateway.ts';
import { openSmtpSink, type SmtpSink } from '../support/smtp-sink.ts';
import { until } from '../support/until.ts';

const LIMITS = { scripts: 9, scriptBytes: 9999 };
const REQUIRE = 'require ["copy","environment","fileinto","imap4flags","imapsieve","mailbox","variables"];\n';

let sink: SmtpSink;
let gateway: ImapGateway;
let client: ImapClient;
let stops: (() => Promise<void>)[];
let handled: number;
let failures: ImapSieveFailure[];

beforeEach(async () => {
  [handled, failures, stops] = [0, [], []];
  sink = await openSmtpSink();
  const events = (store: MailStore) => {
    run(store);
    return new ImapEvents(store, (what, error) => expect.unreachable(`${what}: ${String(error)}`));
  };
  gateway = await openImapGateway({ users: ['anna', 'cyrus'], accounts: { admins: ['cyrus'] }, events });
  client = await ImapClient.loggedIn(gateway.port);
});
afterEach(async () => {
  client.close();
  for (const stop of stops) await stop();
  await gateway[Symbol.asyncDispose]();
  await sink[Symbol.asyncDispose]();
  expect(gateway.errors).toEqual([]);
});

/** Runs the scripts as a gateway does, and does each job twice: what a retry finds done is not done again. */
function run(store: MailStore): void {
  const outgoing = new Outgoing(store);
  const scripts = new ImapSieve(store, {
    runner: new SieveRunner(store),
    responder: new Responder(store, outgoing, { servername: 'mail.example.com', defaultDomain: 'example.com' }),
    canSend: true,
    domain: 'example.com',
    onFailed: (failure) => failures.push(failure),
  });
  const twice = store.ports.jobs.run({
    imapsieve: async (job) => {
      await scripts.handle(job);
      await scripts.handle(job);
      handled++;
    },
  });
  const sending = outgoing.run(sink.outbox);
  stops.push(
    () => twice.stop(),
    () => sending.stop(),
  );
}

async function script(name: string, source: string): Promise<void> {
  await putScript(await accountOf(gateway.store, 'anna'), name, Buffer.from(REQUIRE + source), LIMITS);
}

async function say(...commands: readonly string[]): Promise<void> {
  for (const command of commands) {
    const answer = (await client.say('c', command)).at(-1);
    expect(answer, command).toMatch(/^c OK/);
  }
}

const scripts = (count: number) => until(`${count} jobs are done`, () => handled === count);
const mail = () => listMail(gateway.store, 'anna');
const message = (subject: string) => `From: a@example.org\r\nSubject: ${subject}\r\n\r\nHello\r\n`;

test('APPEND, COPY, MOVE and STORE start the script of the mailbox (RFC 6785 §2.2), and tell it what happened', async () => {
  expect((await client.say('c', 'CAPABILITY'))[0]).toContain(' IMAPSIEVE=sieve://mail.example.com');
  await script(
    'look',
    `if environment :matches "imap.cause" "*" { set "cause" "\${1}"; }
     if environment :matches "imap.mailbox" "*" { set "mailbox" "\${1}"; }
     if environment :matches "imap.changedflags" "*" { set "flags" "\${1}"; }
     if environment :matches "imap.user" "*" { set "user" "\${1}"; }
     if environment :matches "imap.email" "*" { set "email" "\${1}"; }
     if allof (environment "location" "MS", environment "phase" "post") {
       addflag ["\${cause}", "in-\${mailbox}", "by-\${user}", "at-\${email}", "\${flags}"];
     }`,
  );
  await say('CREATE Work', 'SETMETADATA Work (/shared/imapsieve/script "look")', 'SELECT INBOX');
  await client.append('Work', message('appended'));
  await scripts(1);
  await client.append('INBOX', message('copied'), '(\\Seen) ');
  await client.append('INBOX', message('moved'));
  await say('COPY 1 Work');
  await scripts(2);
  await say('MOVE 2 Work');
  await scripts(3);
  const seenBy = 'in-Work by-anna at-anna@example.com';
  expect(await mail()).toEqual([
    'INBOX: copied [\\Seen]',
    `Work: appended [APPEND ${seenBy}]`,
    `Work: copied [\\Seen ${seenBy} COPY]`,
    `Work: moved [${seenBy} COPY]`,
  ]);
  await say('SELECT Work', 'STORE 1 FLAGS (\\Flagged)');
  await scripts(4);
  expect((await mail())[1]).toMatch(/^Work: appended \[\\Flagged APPEND in-Work .* FLAG\]$/);
});

test('a FETCH that sets \\Seen is a change of flags, once, and a BODY.PEEK is none (RFC 6785 §2.2.3)', async () => {
  await script(
    'seen',
    `if allof (environment "imap.cause" "FLAG", environment :matches "imap.changedflags" "*") {
       set "flags" "\${1}"; if hasflag "\\\\Seen" { fileinto :copy :create "changed \${flags}"; }
     }`,
  );
  await client.append('INBOX', message('one'));
  await client.append('INBOX', message('two'));
  await say('SETMETADATA INBOX (/shared/imapsieve/script "seen")', 'SELECT INBOX');
  await say('FETCH 1 BODY.PEEK[]', 'FETCH 1:2 BODY[]', 'FETCH 1:2 BODY[TEXT]', 'UID FETCH 2 RFC822');
  await scripts(1);
  await say('STORE 1 +FLAGS (\\Flagged)');
  await scripts(2);
  expect(await mail()).toEqual([
    'INBOX: one [\\Flagged \\Seen]',
    'INBOX: two [\\Seen]',
    'changed \\Flagged: one [\\Flagged \\Seen]',
    'changed \\Seen: one [\\Seen]',
    'changed \\Seen: two [\\Seen]',
  ]);
});

test('a shared mailbox has the scripts of nobody; what they send is sent by who has caused it', async () => {
  const commons = await makeCommons(gateway.store);
  const text = `${REQUIRE}if environment :matches "imap.mailbox" "*" { set "box" "\${1}"; }
    if environment :matches "imap.user" "*" { set "user" "\${1}"; }
    addflag ["by-\${user}"]; keep; fileinto :copy :create "news/kept"; redirect :copy "there@example.net";
    if string "\${box}" "Shared Folders/news" { addflag "Named"; keep; }`;
  await putScript(new Account(gateway.store, commons), 'news', Buffer.from(text), LIMITS);
  const admin = await ImapClient.loggedIn(gateway.port, 'cyrus');
  for (const command of [
    'CREATE news',
    'SETACL news anyone lrswip',
    'SETMETADATA news (/shared/imapsieve/script "news")',
  ]) {
    expect((await admin.say('c', command)).at(-1), command).toMatch(/^c OK/);
  }
  admin.close();
  client.close();
  client = await ImapClient.loggedIn(gateway.port);
  await client.append('"Shared Folders/news"', message('new'));
  await scripts(1);
  await until('it is sent', () => sink.mails.length > 0);
  expect(sink.mails.map(({ from, to }) => [from, ...to])).toEqual([['anna@example.com', 'there@example.net']]);
  expect(failures).toEqual([]);
  await say('SELECT "Shared Folders/news"');
  expect(await client.say('f', 'FETCH 1 FLAGS')).toContain('* 1 FETCH (FLAGS (by-anna Named \\Recent))');
  await say('SELECT "Shared Folders/news/kept"');
  expect(await client.say('f', 'FETCH 1:* ENVELOPE')).toHaveLength(2);
  // \Seen is anna's own there: no flag of the message has changed.
  await say('SELECT "Shared Folders/news"', 'FETCH 1 BODY[]', 'STORE 1 +FLAGS (Two)');
  await scripts(2);
});

test('fileinto copies and marks the message \\Deleted; keep, :copy and discard; redirect sends once', async () => {
  await script('file', 'fileinto :create "Filed";');
  await script('both', 'fileinto :copy :create "Copies"; redirect :copy "there@example.net";');
  await script('gone', 'discard;');
  await say('CREATE A', 'SETMETADATA A (/shared/imapsieve/script "file")');
  await say('CREATE B', 'SETMETADATA B (/shared/imapsieve/script "both")');
  await say('CREATE C', 'SETMETADATA C (/shared/imapsieve/script "gone")');
  for (const name of ['A', 'B', 'C']) await client.append(name, message(name), '(\\Seen) ');
  await scripts(3);
  await until('it is sent', () => sink.mails.length > 0);
  expect(sink.mails.map(({ from, to }) => [from, ...to])).toEqual([['anna@example.com', 'there@example.net']]);
  expect(await mail()).toEqual([
    'A: A [\\Deleted \\Seen]',
    'B: B [\\Seen]',
    'C: C [\\Deleted \\Seen]',
    'Copies: B [\\Seen]',
    'Filed: A [\\Seen]',
  ]);
});

test('the script of the server is for all mailboxes that have none of their own; changed flags by message', async () => {
  const commons = await makeCommons(gateway.store);
  const text = `${REQUIRE}if environment :matches "imap.changedflags" "*" { fileinto :copy :create "got \${1}"; }`;
  await putScript(new Account(gateway.store, commons), 'all', Buffer.from(text), LIMITS);
  const admin = await ImapClient.loggedIn(gateway.port, 'cyrus');
  expect((await admin.say('c', 'SETMETADATA "" (/shared/imapsieve/script "all")')).at(-1)).toMatch(/^c OK/);
  admin.close();
  // A script sees the flags of the moment at which it runs.
  await client.append('INBOX', message('one'), '(\\Flagged) ');
  await scripts(1);
  await client.append('INBOX', message('two'));
  await scripts(2);
  await say('SELECT INBOX', 'STORE 1:2 FLAGS (\\Seen)', 'STORE 1:2 +FLAGS (\\Seen)');
  await scripts(3);
  expect((await mail()).filter((line) => line.startsWith('got')).sort()).toEqual([
    'got : one [\\Flagged]',
    'got : two',
    'got \\Flagged \\Seen: one [\\Seen]',
    'got \\Seen: two [\\Seen]',
  ]);
});

test('a mailbox whose entry is empty has no script, whatever the server has (RFC 6785 §2.3.1)', async () => {
  const commons = await makeCommons(gateway.store);
  await putScript(new Account(gateway.store, commons), 'all', Buffer.from(`${REQUIRE}addflag "Looked";`), LIMITS);
  const admin = await ImapClient.loggedIn(gateway.port, 'cyrus');
  await admin.say('c', 'SETMETADATA "" (/shared/imapsieve/script "all")');
  admin.close();
  await say('CREATE Quiet', 'SETMETADATA Quiet (/shared/imapsieve/script "")');
  await client.append('Quiet', message('quiet'));
  await client.append('INBOX', message('loud'));
  await scripts(1);
  expect(await mail()).toEqual(['INBOX: loud [Looked]', 'Quiet: quiet']);
});

test('a script that is missing, invalid there or fails changes nothing, and the command succeeds', async () => {
  await script('answers', 'require "vacation"; vacation "away"; discard;');
  await say('CREATE A', 'SETMETADATA A (/shared/imapsieve/script "answers")');
  await say('CREATE B', 'SETMETADATA B (/shared/imapsieve/script "none")');
  for (const name of ['A', 'B']) expect((await client.append(name, message(name))).at(-1)).toMatch(/^append OK/);
  await scripts(2);
  expect(await mail()).toEqual(['A: A', 'B: B']);
  expect(new Set(failures.map(({ mailbox, why }) => `${mailbox}: ${why}`))).toEqual(
    new Set(['A: "vacation" cannot be used where no message is delivered.', 'B: There is no such script.']),
  );
});

test('a message that a script cannot file for want of room stays, and those after it are looked at', async () => {
  await script('file', 'if header "subject" "big" { fileinto "Full"; } else { fileinto :create "Filed"; }');
  await say('CREATE Full', 'CREATE A');
  const anna = await accountOf(gateway.store, 'anna');
  await setLimits(gateway.store, { tree: anna.tree, space: anna.user.space }, 'Full', new Map([['STORAGE', 0]]));
  await client.append('INBOX', message('big'));
  await client.append('INBOX', message('small'));
  await say('SETMETADATA A (/shared/imapsieve/script "file")', 'SELECT INBOX', 'COPY 1:2 A');
  await scripts(1);
  expect(await mail()).toEqual(['A: big', 'A: small [\\Deleted]', 'Filed: small', 'INBOX: big', 'INBOX: small']);
  expect(new Set(failures.map(({ why }) => why))).toEqual(new Set(['Over quota']));
});

test('what cannot be noted is told to the log, and the command succeeds', async () => {
  await using home = await openTestHome();
  const ports = await home.open();
  const told: string[] = [];
  const jobs = { ...ports.jobs, enqueue: () => Promise.reject(new Error('the queue is down')) };
  const events = (store: MailStore) => new ImapEvents(store, (what, error) => told.push(`${what}: ${String(error)}`));
  await using other = await openImapGateway({ ports: { ...ports, jobs }, events });
  const anna = await ImapClient.loggedIn(other.port);
  await anna.say('c', 'SETMETADATA INBOX (/shared/imapsieve/script "x")');
  expect((await anna.append('INBOX', message('hi'))).at(-1)).toMatch(/^append OK/);
  expect(told).toEqual(['noting an IMAP event: Error: the queue is down']);
  anna.close();
  await ports.close();
});
