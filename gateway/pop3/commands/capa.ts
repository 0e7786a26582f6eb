import { capabilities } from '../capabilities.ts';
import type { Context } from '../context.ts';
import { words } from '../wire/arguments.ts';

/** CAPA (RFC 2449 §5). */
export function capa(context: Context, rest: string): void {
  words(rest, 0, 0, 'CAPA');
  const { options, connection, loggedIn, passwordsAllowed: passwords } = context;
  const { minPollMinutes, expireDays } = options;
  const startTls = options.secureContext !== undefined && !connection.secured;
  context.ok('Capability list follows');
  const lines = capabilities({ loggedIn, startTls, passwords, minPollMinutes, expireDays });
  context.write([...lines, '.', ''].join('\r\n'));
}
