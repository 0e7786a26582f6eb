import { connect } from 'node:net';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { commands } from '../../gateway/pop3/commands/table.ts';
import { connectionLimits } from '../../lib/base/limits.ts';
import { ImapClient } from '../support/imap-client.ts';
import { openImapGateway } from '../support/imap-gateway.ts';
import { until } from '../support/until.ts';

const verb = fc.oneof(fc.constantFrom(...commands.keys(), 'APOP', 'XTND', ''), fc.string({ maxLength: 8 }));
const argument = fc.oneof(
  fc.constantFrom(
    '',
    '1',
    '2',
    '0',
    '-1',
    '99999999999',
    '4294967296',
    '1 1',
    '1 0',
    '*',
    'anna',
    'PLAIN',
    'PLAIN =',
    'en',
  ),
  fc.string({ maxLength: 30, unit: 'binary' }),
);
const line = fc
  .tuple(verb, argument)
  .map(([name, rest]) => `${name} ${rest}`.replace(/[\r\n]/g, ' '))
  // QUIT ends the session; what it does is told elsewhere. AUTH takes the next line for its answer.
  .filter((text) => !/^(quit|auth)\b/i.test(text));

test.each([
  ['before login', []],
  ['after login', ['USER anna', 'PASS secret']],
])('every verb with any argument: an answer, no internal error, and the session goes on: %s', async (_, begin) => {
  await using gateway = await openImapGateway({ pop3Limits: { badCommands: 1e6, failedLogins: 1e6 } });
  const imap = await ImapClient.loggedIn(gateway.port);
  for (const text of ['one', 'two']) await imap.append('INBOX', `Subject: ${text}\r\n\r\n.${text}\r\n`);
  imap.close();
  const client = await ImapClient.connect(gateway.pop3Port);
  for (const text of begin) client.send(`${text}\r\n`);
  let probe = 0;
  await fc.assert(
    fc.asyncProperty(line, async (text) => {
      const mark = `Unknown-${++probe}`;
      client.send(Buffer.from(`${text}\r\nLANG ${mark}\r\n`, 'utf8'));
      const heard: string[] = [];
      do heard.push(await client.line());
      while (heard.at(-1) !== '-ERR This language is not supported' && heard.at(-1) !== 'END');
      expect(heard.at(-1)).not.toBe('END');
    }),
    { numRuns: 400 },
  );
  expect(gateway.errors).toEqual([]);
  client.close();
});

test('for a client that reads nothing little is read; when it reads on it gets everything', async () => {
  await using gateway = await openImapGateway();
  const imap = await ImapClient.loggedIn(gateway.port);
  const message = `Subject: big\r\n\r\n${`${'.'.repeat(998)}\r\n`.repeat(4000)}`;
  await imap.append('INBOX', message);
  imap.close();
  const socket = connect(gateway.pop3Port, '127.0.0.1');
  const times = 20;
  // More than what a connection may have waiting: without back-pressure it is cut off.
  expect(times * message.length).toBeGreaterThan(connectionLimits.outputBytes);
  const { blobs } = gateway.store.context;
  const stream = blobs.stream.bind(blobs);
  let begun = 0;
  Object.assign(blobs, {
    stream(...args: Parameters<typeof stream>) {
      begun++;
      return stream(...args);
    },
  });
  // A socket that is listened to and not read takes in one piece and no more.
  socket.once('readable', () => undefined);
  socket.write(`USER anna\r\nPASS secret\r\n${'RETR 1\r\n'.repeat(times)}QUIT\r\n`);
  await until('the messages are on their way', () => begun > 0 && socket.readableLength > 0);
  const other = await ImapClient.connect(gateway.pop3Port);
  await other.line();
  for (let turn = 0; turn < 500; turn++) {
    other.send('LANG *\r\n');
    expect(await other.line()).toBe('+OK en Language is English');
  }
  other.close();
  // The sockets of both sides hold some of them.
  expect(begun).toBeLessThan(times / 2);
  let bytes = 0;
  for await (const chunk of socket) bytes += (chunk as Buffer).length;
  // Each of its lines got a dot.
  expect(bytes).toBeGreaterThan(times * (message.length + 4000));
  expect(gateway.errors).toEqual([]);
});
