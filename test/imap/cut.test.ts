import { beforeAll, describe, expect, it } from 'vitest';
import { ImapClient } from '../support/imap-client.ts';
import { type ImapGateway, openImapGateway } from '../support/imap-gateway.ts';
import { until } from '../support/until.ts';

// A client that goes away without a word: its connection is reset, or ends. What was not said whole is not done, what was said is
// kept, and \Deleted alone deletes nothing.

let gateway: ImapGateway;
beforeAll(async () => {
  gateway = await openImapGateway({ users: ['reset', 'end'] });
  return () => gateway[Symbol.asyncDispose]();
});

const MIB = 1024 * 1024;
const message = 'Subject: x\r\n\r\ntext\r\n';
/** What a user's INBOX is: how many messages, and the flags of the first. */
type Inbox = readonly [messages: number, flags: string];
const UNCHANGED: Inbox = [1, '\\Deleted'];

/** What a client says and hears answered, and what it says last; it has selected an INBOX with one message, which is \Deleted. */
const cases: readonly (readonly [what: string, said: string, last: string, left: Inbox])[] = [
  ['when it has nothing to say', '', '', UNCHANGED],
  ['within a command', '', 'a STORE 1 +FLAGS (\\Flag', UNCHANGED],
  ['before the end of a line', '', 'a EXPUNGE\r', UNCHANGED],
  ['behind a command that is whole', 'a STORE 1 +FLAGS (\\Flagged)\r\n', 'b EXPU', [1, '\\Flagged \\Deleted']],
  ['where the server waits for a literal', 'a APPEND INBOX {100}\r\n', '', UNCHANGED],
  ['within a literal', '', `a APPEND INBOX {100+}\r\n${message}`, UNCHANGED],
  ['within a large literal', '', `a APPEND INBOX {${4 * MIB}+}\r\n${'x'.repeat(2 * MIB)}`, UNCHANGED],
  ['behind a literal', '', `a APPEND INBOX {${message.length}+}\r\n${message}`, UNCHANGED],
  ['within a second message', '', `a APPEND INBOX {${message.length}+}\r\n${message} {9+}\r\nx`, UNCHANGED],
  ['within a message that replaces another', '', `a REPLACE 1 INBOX {100+}\r\n${message}`, UNCHANGED],
  ['within a literal that is a name', '', 'a CREATE {10+}\r\nhalf', UNCHANGED],
  ['in IDLE', 'a IDLE\r\n', '', UNCHANGED],
  ['within DONE', 'a IDLE\r\n', 'DO', UNCHANGED],
  ['in answers that it does not read', 'a FETCH 1 BODY[]\r\n'.repeat(100), '', [1, '\\Deleted \\Seen']],
];

describe.each(['reset', 'end'] as const)('a client whose connection breaks (%s)', (how) => {
  const cut = ({ socket }: ImapClient): void => void (how === 'reset' ? socket.resetAndDestroy() : socket.end());

  it.each(cases)('%s', async (_, said, last, left) => {
    const other = await ImapClient.loggedIn(gateway.port, how);
    await other.say('s', 'SELECT INBOX');
    await other.say('t', 'STORE 1:* +FLAGS.SILENT (\\Deleted)');
    await other.say('u', 'EXPUNGE');
    await other.append('INBOX', message, '(\\Deleted) ');
    const client = await ImapClient.loggedIn(gateway.port, how);
    await client.say('s', 'SELECT INBOX');
    client.send(said);
    if (said !== '') await client.line();
    await send(client, last);
    cut(client);
    await until('the session is over', () => gateway.connections() === 1);
    const [messages, flags] = left;
    await other.say('v', 'NOOP');
    expect((await other.say('w', 'FETCH 1 FLAGS'))[0]).toMatch(flagsOf(flags));
    expect((await other.say('x', 'STATUS INBOX (MESSAGES)'))[0]).toBe(`* STATUS INBOX (MESSAGES ${messages})`);
    expect((await other.say('y', 'LIST "" half*'))[0]).toBe('y OK Completed');
    // Whoever comes next finds all as usual.
    expect(await other.append('INBOX', message)).toEqual(expect.arrayContaining([expect.stringMatching(/^append OK/)]));
    other.close();
    await until('nobody is there', () => gateway.connections() === 0);
    expect(gateway.errors).toEqual([]);
  });

  it.each([
    ['within LOGIN', '', `a LOGIN ${how} {6+}\r\nsec`],
    ['within AUTHENTICATE', 'a AUTHENTICATE PLAIN\r\n', 'AGFu'],
    ['before it has said anything', '', ''],
  ])('before login: %s', async (_, said, last) => {
    const client = await ImapClient.connect(gateway.port);
    await client.line();
    client.send(said);
    if (said !== '') await client.line();
    await send(client, last);
    cut(client);
    await until('nobody is there', () => gateway.connections() === 0);
    expect(gateway.errors).toEqual([]);
  });
});

/** Until this machine has it: a reset takes nothing back. */
function send({ socket }: ImapClient, text: string): Promise<void> {
  return new Promise((done) => void socket.write(text, 'latin1', () => done()));
}

function flagsOf(flags: string): RegExp {
  return new RegExp(`^\\* 1 FETCH \\(FLAGS \\(${flags.replaceAll('\\', '\\\\')}( \\\\Recent)?\\)\\)$`);
}
