import type { Context } from '../context.ts';
import { BadArgument } from '../wire/arguments.ts';
import { passwordsRefused } from './pass.ts';

/** USER (RFC 1939 §7): always well, so that nobody learns who exists. */
export function user(context: Context, rest: string): void {
  const name = rest.trim();
  if (name === '') throw new BadArgument('Syntax: USER name');
  if (!context.passwordsAllowed) throw passwordsRefused();
  context.name = name;
  context.ok('Password required');
}
