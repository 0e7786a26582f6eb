import fc from 'fast-check';
import { arbitraryCommand } from '../wire/imap/arbitrary-command.ts';
import { writeCommand } from '../wire/imap/write-command.ts';
import { PASSWORD, USER } from './gateway.ts';
import { chunked, mutated } from './mutate.ts';
import type { Random } from './random.ts';
import { Wire } from './wire.ts';

/** Where the session is when the hostile octets come. */
export const imapStates = {
  'not authenticated': '',
  authenticated: login(),
  selected: `${login()}s SELECT INBOX\r\n`,
  'QRESYNC and rev2': `${login()}e ENABLE QRESYNC IMAP4rev2 CONDSTORE\r\ns SELECT INBOX\r\n`,
  'in IDLE': `${login()}s SELECT INBOX\r\ni IDLE\r\n`,
  'in a literal': `${login()}l LIST "" {1000+}\r\n`,
  'in APPEND': `${login()}p APPEND INBOX (\\Seen) {500+}\r\n`,
  'in AUTHENTICATE': 'a AUTHENTICATE PLAIN\r\n',
} as const;

function login(): string {
  return `l LOGIN ${USER} ${PASSWORD}\r\n`;
}

const TOKENS = [
  '(', ')', '"', '\\', '*', '%', '{', '}', '[', ']', '<', '>', '~', '+', '$', '\0', '\xff', '\r', '\n', '\r\n', ' ', '&-', '&AAA-',
  '{0}', '{0+}', '{5+}\r\nab', '~{4+}\r\n\0\0\0\0', '{4294967296}', '{99999999999999999999}', '{-1}', '{1000001+}', '"\\',
  '1:*', '*:1', '0', '4294967295', '4294967296', '18446744073709551616', '1,2,3:*', '()', '((((((((((', '))))))))))', 'NIL',
  'BODY[', 'BODY.PEEK[1.2.3.4.MIME]<0.1>', 'BINARY[1]<4294967295.4294967295>', 'HEADER.FIELDS (', 'UID ', 'NOT ', 'OR ',
  'CHARSET X-NONE ', 'RETURN (', 'CHANGEDSINCE 1', 'INBOX', 'inbox/\xc3\xa4', 'Drafts', '\\Seen', '\\*', 'DONE', '=', 'AGFiYwBkZWY=',
]; // biome-ignore format: a table

/** Octets that are nearly what a client says. */
export function imapStream(random: Random, commands: number): Buffer {
  const parts: Buffer[] = [];
  for (const [i, command] of fc
    .sample(arbitraryCommand, { numRuns: commands, seed: random.below(2 ** 31) })
    .entries()) {
    const utf8 = random.chance(0.5);
    // Sessions that say goodbye are of no use, and those that wait for a TLS handshake only wait.
    if (command.name === 'LOGOUT' || command.name === 'STARTTLS') continue;
    // Failed logins are answered late on purpose.
    if ((command.name === 'LOGIN' || command.name === 'AUTHENTICATE') && random.chance(0.9)) continue;
    parts.push(Buffer.concat([Buffer.from(`f${i} `), writeCommand(command, { utf8 }), Buffer.from('\r\n')]));
    if (random.chance(0.05)) parts.push(random.bytes(random.below(200)));
    if (command.name === 'IDLE' && random.chance(0.9)) parts.push(Buffer.from('DONE\r\n'));
  }
  const whole = Buffer.concat(parts);
  return random.chance(0.2) ? whole : mutated(whole, random, TOKENS);
}

/** What became of one session. */
export interface Outcome {
  readonly state: string;
  readonly sent: Buffer;
  /** All that the server said (its end, if it was much). */
  readonly said: string;
  /** Whether the server ended after the client had; a session that hangs does not. */
  readonly ended: boolean;
}

/** Runs one session: into the state, the octets in random chunks, and then the client ends, or is gone at once. */
export async function runSession(
  port: number,
  state: string,
  opening: string,
  sent: Buffer,
  random: Random,
): Promise<Outcome> {
  const wire = await Wire.connect(port);
  const isRude = random.chance(0.2);
  await wire.write(opening);
  const all = wire.untilEnd(256 * 1024);
  for (const chunk of chunked(sent, random)) {
    await wire.write(chunk);
    if (random.chance(0.2)) await new Promise(setImmediate);
  }
  if (isRude) wire.destroy();
  else wire.socket.end();
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, 30_000, undefined);
  });
  const said = await Promise.race([all, tooLate]);
  clearTimeout(timer);
  wire.destroy();
  return { state, sent, said: said ?? '', ended: said !== undefined };
}
