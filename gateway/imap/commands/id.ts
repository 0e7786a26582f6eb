import { isIP } from 'node:net';
import type { CommandOf } from '../command-of.ts';
import type { Context } from '../context.ts';
import { ok, type Reply } from '../reply.ts';
import { id as idLine } from '../wire/write/response.ts';

/**
 * ID (RFC 2971): who we are; what the client says of itself is for the log. Of a webmail that we trust also whose client it is, as
 * Dovecot has it: `x-originating-ip`, before login.
 */
export async function id(context: Context, { params }: CommandOf<'ID'>): Promise<Reply> {
  const client = params.slice(0, 30).map(([field, value]) => `${field}=${value ?? ''}`.slice(0, 200));
  context.log.info({ client }, 'client');
  const [, address] = params.find(([field]) => field.toLowerCase() === 'x-originating-ip') ?? [];
  const { webmails } = context.options;
  if (address && isIP(address) !== 0 && webmails?.has(context.connection.remoteAddress)) context.comesFrom(address);
  context.write(idLine(context.options.identify === false ? [] : [['name', 'Cirrus']], context.dialect));
  return ok();
}
