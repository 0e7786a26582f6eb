import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LIMITS_AFTER_LOGIN, LIMITS_BEFORE_LOGIN } from '../../gateway/imap/wire/limits.ts';
import { imapLimits } from '../../lib/base/limits.ts';
import { MAX_KEYWORD_BYTES } from '../../lib/store/flag-names.ts';
import { MAX_KEYWORDS } from '../../lib/store/flag-sets.ts';
import { MAX_NAME_BYTES, MAX_NAME_DEPTH } from '../../lib/store/names.ts';
import { type ImapGateway, openImapGateway } from '../support/imap-gateway.ts';
import { ImapClient } from './imap-client.ts';

const MESSAGE = Buffer.from('From: a@example.com\r\n\r\nbody\r\n');
const MAX_MESSAGE_BYTES = 100_000;

let gateway: ImapGateway;
beforeAll(async () => {
  const limits = { appendMessages: 3 };
  gateway = await openImapGateway({ maxMessageBytes: MAX_MESSAGE_BYTES, limits });
});
afterAll(async () => {
  expect(gateway.errors).toEqual([]);
  await gateway[Symbol.asyncDispose]();
});

async function loggedIn(mailbox = 'INBOX'): Promise<ImapClient> {
  const client = await ImapClient.connect(gateway.port);
  await client.ok('LOGIN anna secret');
  await client.ok(`SELECT ${mailbox}`);
  return client;
}

/** The answer to a command; the session must go on after it. */
async function answer(client: ImapClient, command: string): Promise<string> {
  const { status, text } = await client.command(command);
  await client.ok('NOOP');
  return `${status} ${text}`;
}

/** The command line, so long that with its tag it has so many octets. */
function padded(client: ImapClient, command: string, octets: number): string {
  const digits = client.nextTag().length;
  // The next tag is as long as this one, or the test would be wrong by one.
  return command.padEnd(octets - digits - 1, 'x');
}

describe('IMAP limits at their border', () => {
  it('a command line (lineBytes), before login', async () => {
    const { lineBytes } = LIMITS_BEFORE_LOGIN;
    const client = await ImapClient.connect(gateway.port);
    expect(await answer(client, padded(client, 'CREATE ', lineBytes))).toMatch(/^BAD Please log in/);
    expect(await answer(client, padded(client, 'CREATE ', lineBytes + 1))).toBe('BAD The command line is too long');
    client.close();
  });

  it('a command line (lineBytes), after login', async () => {
    const { lineBytes } = LIMITS_AFTER_LOGIN;
    const client = await loggedIn();
    expect(await answer(client, padded(client, 'LIST "" ', lineBytes))).toMatch(/^OK/);
    expect(await answer(client, padded(client, 'LIST "" ', lineBytes + 1))).toBe('BAD The command line is too long');
    client.close();
  });

  it.each([
    ['before login', LIMITS_BEFORE_LOGIN.literalBytes, 'BAD Please log in first'],
    ['after login', LIMITS_AFTER_LOGIN.literalBytes, 'OK '],
  ])('literals of one command (literalBytes), %s', async (when, literalBytes, accepted) => {
    const client = when === 'before login' ? await ImapClient.connect(gateway.port) : await loggedIn();
    const list = (octets: number): string => `LIST "" {${octets}+}\r\n${'x'.repeat(octets)}`;
    expect(await answer(client, list(literalBytes))).toContain(accepted);
    expect(await answer(client, list(literalBytes + 1))).toBe('NO [TOOBIG] The literal is too big');
    const two = `LIST {5+}\r\nxxxxx {${literalBytes - 4}+}\r\n${'x'.repeat(literalBytes - 4)}`;
    expect(await answer(client, two)).toBe('NO [TOOBIG] The literal is too big');
    client.close();
  });

  it('an answer to + (answerBytes)', async () => {
    const { answerBytes } = LIMITS_BEFORE_LOGIN;
    const client = await ImapClient.connect(gateway.port);
    for (const [octets, expected] of [
      [answerBytes, /not a response of the mechanism/],
      [answerBytes + 1, /line is too long/],
    ] as const) {
      const tag = client.nextTag();
      await client.wire.write(`${tag} AUTHENTICATE PLAIN\r\n${'A'.repeat(octets)}\r\n`);
      const { status, text } = await client.result(tag);
      expect(status).toBe('BAD');
      expect(text).toMatch(expected);
      await client.ok('NOOP');
    }
    client.close();
  });

  it('what is skipped of a command that was refused (discardBytes)', async () => {
    const { discardBytes } = LIMITS_BEFORE_LOGIN;
    const patient = await ImapClient.connect(gateway.port);
    const skipped = discardBytes - 100_000;
    expect(await answer(patient, `LIST "" {${skipped}+}\r\n${'x'.repeat(skipped)}`)).toMatch(/^NO \[TOOBIG\]/);
    patient.close();
    const client = await ImapClient.connect(gateway.port);
    await client.wire.write(`a LIST "" {${discardBytes + 1}+}\r\n`);
    expect(await client.wire.untilEnd()).toBe('a NO [TOOBIG] The literal is too big\r\n* BYE Too much to skip\r\n');
  });

  it('commands that cannot be understood (badCommands)', async () => {
    const client = await loggedIn();
    for (let round = 0; round < 2; round++) {
      for (let i = 1; i < imapLimits.badCommands; i++) expect((await client.command('XYZZY')).status).toBe('BAD');
      await client.ok('NOOP');
    }
    for (let i = 1; i < imapLimits.badCommands; i++) await client.command('XYZZY');
    expect((await client.command('XYZZY')).status).toBe('BAD');
    expect(await client.wire.untilEnd()).toBe('* BYE Too many bad commands\r\n');
  });

  it('failed logins of a connection (failedLogins)', async () => {
    const client = await ImapClient.connect(gateway.port);
    for (let i = 1; i < imapLimits.failedLogins; i++) {
      expect(await answer(client, 'LOGIN anna wrong')).toMatch(/^NO \[AUTHENTICATIONFAILED\]/);
    }
    await client.wire.write('z LOGIN anna wrong\r\n');
    expect(await client.wire.untilEnd()).toMatch(/^(?:z NO .*\r\n\* BYE .*|\* BYE .*\r\nz NO .*)\r\n$/);
  });

  it('the size of a message (maxmessagesize)', async () => {
    const client = await loggedIn();
    const fits = Buffer.alloc(MAX_MESSAGE_BYTES, 'x');
    expect((await client.append('INBOX', `{${fits.length}}`, [fits])).status).toBe('OK');
    for (const head of [`{${fits.length + 1}}`, `{${fits.length + 1}+}`, `~{${fits.length + 1}+}`]) {
      const { status, text } = await client.append('INBOX', head, [fits, Buffer.from('x')]);
      expect(`${status} ${text}`).toMatch(/^NO \[TOOBIG\]/);
      await client.ok('NOOP');
    }
    client.close();
  });

  it('messages of one APPEND (appendMessages)', async () => {
    const client = await loggedIn();
    const more = (count: number): string => ` {${MESSAGE.length}+}\r\n${MESSAGE}`.repeat(count);
    expect(await answer(client, `APPEND Drafts${more(3)}`)).toMatch(/^OK \[APPENDUID \d+ 1:3\]/);
    expect(await answer(client, `APPEND Drafts${more(4)}`)).toMatch(/^NO \[LIMIT\]/);
    expect((await client.ok('STATUS Drafts (MESSAGES)'))[0]?.text).toContain('MESSAGES 3');
    client.close();
  });

  it('keys inside keys of SEARCH', async () => {
    const client = await loggedIn();
    const nested = (depth: number): string => `SEARCH ${'('.repeat(depth)}ALL${')'.repeat(depth)}`;
    expect(await answer(client, nested(100))).toMatch(/^OK/);
    expect(await answer(client, nested(101))).toMatch(/^BAD .*nested too deep/);
    expect(await answer(client, `SEARCH ${'NOT '.repeat(10_000)}ALL`)).toMatch(/^BAD/);
    expect(await answer(client, `SEARCH ${'OR '.repeat(10_000)}ALL`)).toMatch(/^BAD/);
    client.close();
  });
});

describe('limits of the store, as IMAP tells them', () => {
  it('keywords of a mailbox (MAX_KEYWORDS)', async () => {
    const client = await loggedIn();
    await client.append('INBOX', `{${MESSAGE.length}}`, [MESSAGE]);
    await client.ok('NOOP');
    for (let i = 0; i < MAX_KEYWORDS; i += 32) {
      const names = Array.from({ length: 32 }, (_, n) => `k${i + n}`).join(' ');
      expect(await answer(client, `STORE 1 +FLAGS.SILENT (${names})`)).toMatch(/^OK/);
    }
    expect(await answer(client, 'STORE 1 +FLAGS (one-more)')).toMatch(/^NO \[LIMIT\]/);
    // RFC 9051 §7.1: PERMANENTFLAGS says so, too.
    const told = (await client.ok('SELECT INBOX')).map(({ text }) => text).join('\n');
    expect(told).toMatch(/PERMANENTFLAGS \([^*]* k127\)/);
    const head = `(one-more) {${MESSAGE.length}}`;
    expect((await client.append('INBOX', head, [MESSAGE])).text).toMatch(/^\[LIMIT\]/);
    expect(await answer(client, 'STORE 1 FLAGS (k5 K127)')).toMatch(/^OK/);
    client.close();
  });

  it('the length of a keyword (MAX_KEYWORD_BYTES)', async () => {
    const client = await loggedIn('Drafts');
    expect(await answer(client, `STORE 1 +FLAGS (${'k'.repeat(MAX_KEYWORD_BYTES)})`)).toMatch(/^OK/);
    expect(await answer(client, `STORE 1 +FLAGS (${'k'.repeat(MAX_KEYWORD_BYTES + 1)})`)).toMatch(/^NO \[CANNOT\]/);
    client.close();
  });

  it('the depth and the length of a name (MAX_NAME_DEPTH, MAX_NAME_BYTES)', async () => {
    const client = await loggedIn();
    const deep = (levels: number): string => Array.from({ length: levels }, () => 'd').join('/');
    expect(await answer(client, `CREATE ${deep(MAX_NAME_DEPTH)}`)).toMatch(/^OK/);
    expect(await answer(client, `CREATE ${deep(MAX_NAME_DEPTH + 1)}`)).toMatch(/^NO \[CANNOT\]/);
    expect(await answer(client, `CREATE ${'n'.repeat(MAX_NAME_BYTES)}`)).toMatch(/^OK/);
    expect(await answer(client, `CREATE ${'n'.repeat(MAX_NAME_BYTES + 1)}`)).toMatch(/^NO \[CANNOT\]/);
    expect(await answer(client, `RENAME ${'n'.repeat(MAX_NAME_BYTES)} ${'m'.repeat(MAX_NAME_BYTES + 1)}`)).toMatch(
      /^NO \[CANNOT\]/,
    );
    // A parent that may be renamed, but whose child would then be too deep or too long.
    expect(await answer(client, `RENAME d x/${deep(1)}`)).toMatch(/^NO \[CANNOT\]/);
    expect(await answer(client, `RENAME d ${'p'.repeat(MAX_NAME_BYTES - 10)}`)).toMatch(/^NO \[CANNOT\]/);
    client.close();
  });

  it('the time of a search (searchMs)', async () => {
    expect(await answer(await loggedIn(), 'SEARCH TEXT body')).toMatch(/^OK/);
    await using hasty = await openImapGateway({ limits: { searchMs: 0 } });
    const client = await ImapClient.connect(hasty.port);
    await client.ok('LOGIN anna secret');
    await client.ok(`APPEND INBOX {${MESSAGE.length}+}\r\n${MESSAGE}`);
    await client.ok('SELECT INBOX');
    expect(await answer(client, 'SEARCH TEXT body')).toMatch(/^NO \[LIMIT\] The search takes too long/);
  });
});
