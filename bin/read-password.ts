import { isUtf8 } from 'node:buffer';
import { authLimits } from '../lib/auth/limits.ts';
import { BadPassword, checkPassword } from '../lib/auth/password.ts';

/** The one line of a stream, without its end. Throws {@link BadPassword}. */
export async function readPassword(input: AsyncIterable<Buffer>): Promise<string> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of input) {
    pieces.push(piece);
    length += piece.length;
    if (length > 2 * authLimits.passwordBytes) break;
  }
  const bytes = Buffer.concat(pieces);
  if (!isUtf8(bytes) && length <= 2 * authLimits.passwordBytes) throw new BadPassword('the password is not UTF-8');
  const password = bytes.toString('utf8').replace(/\r?\n$/, '');
  if (/[\r\n]/.test(password)) throw new BadPassword('the password has more than one line');
  checkPassword(password);
  return password;
}
