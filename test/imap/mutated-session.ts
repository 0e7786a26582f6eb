import { once } from 'node:events';
import { connect } from 'node:net';
import fc from 'fast-check';

/** What a mutation does to the octets of a command, at a place modulo their number. */
export interface Edit {
  readonly at: number;
  readonly drop: number;
  readonly put: string;
}

const TOKENS = [
  '(',
  ')',
  '"',
  ' ',
  '*',
  '{2+}\r\nab',
  '{3}\r\n',
  '~{1+}\r\n',
  '\\',
  '\0',
  '$',
  '99999999999',
  '\r\n',
  '{99999}\r\n',
];

export const edit: fc.Arbitrary<Edit> = fc.record({
  at: fc.nat(),
  drop: fc.nat(3),
  put: fc.oneof(fc.constantFrom(...TOKENS), fc.string({ unit: 'binary-ascii', maxLength: 3 })),
});

export function edited(wire: string, edits: readonly Edit[]): string {
  let text = wire;
  for (const { at, drop, put } of edits) {
    const from = at % text.length;
    text = text.slice(0, from) + put + text.slice(from + drop);
  }
  return text;
}

/**
 * All that the server says to a client that sends this, ends its side and waits: whatever state that leaves, the server must
 * come to its end too. Throws when it has not after a minute.
 */
export async function answersTo(port: number, pieces: readonly string[]): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.on('error', () => {});
  const ended = once(socket, 'close');
  let hangs = false;
  let text = '';
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
  });
  socket.on('end', () => socket.end());
  for (const piece of pieces) socket.write(Buffer.from(piece, 'latin1'));
  socket.end();
  const timer = setTimeout(() => {
    hangs = true;
    socket.destroy();
  }, 60_000);
  await ended;
  clearTimeout(timer);
  if (hangs) throw new Error('the session did not end');
  return text;
}
