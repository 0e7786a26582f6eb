import { USER } from './gateway.ts';
import { mutated } from './mutate.ts';
import type { Random } from './random.ts';

const begun = `LHLO fuzz.example\r\nMAIL FROM:<a@example.com>\r\n`;
const addressed = `${begun}RCPT TO:<${USER}>\r\n`;

/** Where the session is when the hostile octets come. */
export const lmtpStates = {
  'before LHLO': '',
  'after LHLO': 'LHLO fuzz.example\r\n',
  'after MAIL': begun,
  'after RCPT': addressed,
  'in DATA': `${addressed}DATA\r\n`,
  'in BDAT': `${addressed}BDAT 200\r\n`,
} as const;

const LINES = [
  'LHLO fuzz.example', 'EHLO x', 'MAIL FROM:<a@example.com>', 'MAIL FROM:<>', 'MAIL FROM:<"a b"@[127.0.0.1]> SIZE=100 BODY=8BITMIME SMTPUTF8',
  `RCPT TO:<${USER}>`, `RCPT TO:<${USER}+Drafts@example.com>`, 'RCPT TO:<nobody@example.com>', 'RCPT TO:<@a,@b:c@d>', 'DATA', 'BDAT 10',
  'BDAT 5 LAST', 'abcdeBDAT 0 LAST', 'RSET', 'NOOP', 'NOOP x', 'VRFY x', 'HELP', '.', '..', 'Subject: x', '', 'text', 'QUIT',
]; // biome-ignore format: a table

const TOKENS = [
  '\r\n.\r\n', '\n.\n', '\n.\r\n', '\r\n.\n', '\r.\r', '\r', '\n', '\0', '\xff', '.', '<', '>', '@', ':', '"', '\\', ',', ' ', 'BDAT 99999999999999\r\n',
  'BDAT 1 LAST\r\n', 'BDAT -1\r\n', 'SIZE=99999999999999999999', 'SIZE=', 'RCPT TO:<', '=', '\xc3\xa4', 'x'.repeat(5000), '<'.repeat(3000), '"a".'.repeat(500),
]; // biome-ignore format: a table

/** Octets that are nearly what an MTA says. */
export function lmtpStream(random: Random, lines: number): Buffer {
  const text = Array.from({ length: lines }, () => `${random.pick(LINES)}\r\n`).join('');
  const whole = Buffer.from(text, 'latin1');
  if (random.chance(0.1)) return random.bytes(500);
  return random.chance(0.2) ? whole : mutated(whole, random, TOKENS);
}
