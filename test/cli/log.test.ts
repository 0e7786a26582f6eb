import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { addUsers } from '../support/add-users.ts';
import { openPlace, type Place, type Server } from './support.ts';

const RIGHT = 'Geheim-3917';
const WRONG = 'Falsch-4826';
const base64 = (octets: string): string => Buffer.from(octets).toString('base64');
const plain = (password: string): string => base64(`\0anna\0${password}`);

let place: Place;
beforeEach(async () => {
  place = await openPlace();
  await addUsers(place.data, ['anna'], RIGHT);
});
afterEach(() => place[Symbol.asyncDispose]());

/** Every way to say a password, by protocol; each dialogue ends with the line that has to be answered by a login. */
const logins = ({ imap, pop3, sieve }: Server, password: string): readonly (readonly [number, ...string[]])[] => [
  [imap, `a LOGIN anna ${password}`],
  [imap, 'a LOGIN {4+}', `anna {${password.length}+}`, password],
  [imap, `a AUTHENTICATE PLAIN ${plain(password)}`],
  [imap, 'a AUTHENTICATE LOGIN', base64('anna'), base64(password)],
  [pop3, 'USER anna', `PASS ${password}`],
  [sieve, `AUTHENTICATE "PLAIN" "${plain(password)}"`],
];

/** Where a password may land by mistake; each dialogue is refused. */
const mistakes = (
  { imap, pop3, sieve, lmtp }: Server,
  password: string,
): readonly (readonly [number, ...string[]])[] => [
  [imap, `a LOGIN anna ${password} more`, `${password} LOGIN anna`, `a ${password}`],
  [imap, 'a AUTHENTICATE PLAIN', `${plain(password)}%`],
  [pop3, `PASS ${password}`, password, `AUTH PLAIN ${plain(password)}%`],
  [sieve, `AUTHENTICATE "PLAIN" "${plain(password)}%"`, `AUTHENTICATE ${password}`],
  [lmtp, 'LHLO x', `AUTH PLAIN ${plain(password)}`, `AUTH ${plain(password)}`, password],
];

/** Says all lines at once and ends; answers when the server has ended, too. */
async function say([port, ...lines]: readonly [number, ...string[]]): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  await once(socket, 'connect');
  socket.end(lines.map((line) => `${line}\r\n`).join(''));
  return text(socket);
}

test('the log says who logged in from where, or tried to, and never with what', async () => {
  const server = await place.serve({ CIRRUS_LOGLEVEL: 'trace', CIRRUS_ALLOWPLAINTEXT: 'on' });
  for (const password of [RIGHT, WRONG]) {
    for (const dialogue of [...logins(server, password), ...mistakes(server, password)]) await say(dialogue);
  }
  server.process.kill('SIGTERM');
  await server.ended;

  const log = server.text.out + server.text.err;
  for (const password of [RIGHT, WRONG]) {
    for (const secret of [password, base64(password), plain(password)]) expect(log).not.toContain(secret);
  }
  const lines = server.text.out.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as object]));
  const said = (msg: string) => lines.filter((line) => 'msg' in line && line.msg === msg);
  const count = logins(server, RIGHT).length;
  expect(said('logged in')).toEqual(
    Array(count).fill(expect.objectContaining({ user: 'anna', peer: '127.0.0.1', level: 'info' })),
  );
  // Over LMTP the right password counts no more than the wrong one: anna may not deliver.
  expect(said('login failed')).toEqual(
    Array(count + 2).fill(expect.objectContaining({ name: 'anna', peer: '127.0.0.1', level: 'info' })),
  );
  expect(said('disconnected')).toHaveLength(2 * (count + mistakes(server, RIGHT).length));
});
