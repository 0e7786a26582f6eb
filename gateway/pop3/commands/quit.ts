import type { Context } from '../context.ts';
import { words } from '../wire/arguments.ts';

/** QUIT (RFC 1939 §4, §6): after login, what is marked goes now, in one commit; or nothing goes, and the client is told. */
export async function quit(context: Context, rest: string): Promise<void> {
  words(rest, 0, 0, 'QUIT');
  context.end();
  if (!context.loggedIn) return context.ok('Goodbye');
  const removed = await context.maildrop.update();
  context.log.info({ removed }, 'logged out');
  context.ok(removed === 0 ? 'Goodbye' : `Goodbye, ${removed} messages deleted`);
}
