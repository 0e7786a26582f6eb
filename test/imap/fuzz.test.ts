import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ImapClient } from '../support/imap-client.ts';
import { type ImapGateway, openImapGateway } from '../support/imap-gateway.ts';
import { arbitraryCommand } from '../wire/imap/arbitrary-command.ts';
import { writeCommand } from '../wire/imap/write-command.ts';
import { answersTo, edit, edited } from './mutated-session.ts';

const message = [
  'From: "A" <a@example.com>',
  'Subject: =?utf-8?q?f=C3=BCr?=',
  'Content-Type: multipart/mixed; boundary=b',
  '',
  '--b',
  'Content-Type: message/rfc822',
  '',
  'Subject: inner',
  '',
  'text',
  '--b',
  'Content-Transfer-Encoding: base64',
  '',
  'AAEC',
  '--b--',
  '',
].join('\r\n');

type State = 'greeted' | 'logged in' | 'selected';
const states = fc.constantFrom<State>('greeted', 'logged in', 'selected', 'selected', 'selected');
const before: Readonly<Record<State, string>> = {
  greeted: '',
  'logged in': 'l LOGIN anna secret\r\n',
  selected: 'l LOGIN anna secret\r\ns SELECT INBOX\r\n',
};

describe('hostile input', () => {
  let gateway: ImapGateway;
  beforeAll(async () => {
    gateway = await openImapGateway({ limits: { badCommands: 1000, failedLogins: 1000 } });
    const client = await ImapClient.loggedIn(gateway.port);
    for (let i = 0; i < 5; i++) await client.append('INBOX', message, i % 2 === 0 ? '(\\Seen) ' : '');
    client.close();
  });
  afterAll(async () => {
    await gateway[Symbol.asyncDispose]();
  });

  async function inState(state: State): Promise<ImapClient> {
    const client = await ImapClient.connect(gateway.port);
    await client.line();
    if (state !== 'greeted') await client.say('l', 'LOGIN anna secret');
    if (state === 'selected') await client.say('s', 'SELECT INBOX (CONDSTORE)');
    return client;
  }

  test('every command in every state is answered, and none breaks the session', { timeout: 120_000 }, async () => {
    const commands = fc.array(arbitraryCommand, { minLength: 1, maxLength: 25 });
    await fc.assert(
      fc.asyncProperty(states, fc.boolean(), commands, async (state, rev2, list) => {
        const client = await inState(state);
        if (rev2 && state !== 'greeted') await client.say('e', 'ENABLE IMAP4rev2 QRESYNC');
        for (const command of list) {
          if (command.name === 'LOGOUT' || command.name === 'AUTHENTICATE') continue;
          const utf8 = rev2 && state !== 'greeted';
          client.send(Buffer.concat([Buffer.from('t '), writeCommand(command, { utf8 }), Buffer.from('\r\n')]));
          if (command.name === 'IDLE' && state !== 'greeted') client.send('DONE\r\n');
          const answer = (await client.until('t')).at(-1) ?? '';
          if (!/^t (OK|NO|BAD) /.test(answer)) throw new Error(`${command.name}: ${answer}`);
          expect(answer).not.toContain('SERVERBUG');
        }
        client.close();
        expect(gateway.errors).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });

  test('mutated commands end with the session, never with an internal error', { timeout: 120_000 }, async () => {
    const mutated = fc.tuple(arbitraryCommand, fc.array(edit, { minLength: 0, maxLength: 3 }));
    const list = fc.array(mutated, { minLength: 1, maxLength: 25 });
    await fc.assert(
      fc.asyncProperty(states, list, async (state, commands) => {
        const pieces = commands.map(([command, edits]) =>
          edited(`t ${writeCommand(command, { utf8: false }).toString('latin1')}\r\n`, edits),
        );
        const text = await answersTo(gateway.port, [before[state], ...pieces]);
        expect(text).toContain('* OK [CAPABILITY');
        expect(text).not.toContain('SERVERBUG');
        expect(gateway.errors).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  test('after all that, the gateway serves as before', async () => {
    const client = await ImapClient.loggedIn(gateway.port);
    expect((await client.say('a', 'LIST "" INBOX')).at(-1)).toBe('a OK Completed');
    client.close();
  });
});
