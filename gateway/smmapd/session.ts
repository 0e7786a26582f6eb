import { randomUUID } from 'node:crypto';
import { type SmmapdLimits, smmapdLimits } from '../../lib/base/limits.ts';
import type { Log } from '../../lib/base/log.ts';
import type { Delivery, RefusalCode } from '../../lib/delivery/ports.ts';
import { type Connection, ConnectionClosed, IdleTimeout } from '../net/connection.ts';
import { connectionLog } from '../net/connection-log.ts';
import { BadNetstring, NetstringReader, netstring } from './netstring.ts';

/** What a client beyond the connection limits is told. */
export const smmapdRefusal = netstring('TEMP Too many connections');

export interface SmmapdOptions {
  readonly delivery: Pick<Delivery, 'recipient'>;
  /** `lmtp_over_quota_perm_failure` */
  readonly overQuotaIsPermanent: boolean;
  readonly log: Log;
  readonly limits?: Partial<SmmapdLimits>;
}

/**
 * Makes the `serve` of a listener: each connection asks whether mail would be taken, in the socketmap protocol of sendmail,
 * which Postfix speaks too (socketmap_table(5)). A request is a netstring of the map's name, which is of no matter, and an
 * address; the answer one of `OK`, `NOTFOUND`, `TEMP` and `PERM` with a text. It is what RCPT over LMTP would answer.
 */
export function serveSmmapd(options: SmmapdOptions): (connection: Connection) => Promise<void> {
  const limits = { ...smmapdLimits, ...options.limits };
  return async (connection) => {
    const log = connectionLog(options.log, 'smmapd', connection);
    connection.idleTimeoutMs = limits.idleMs;
    // A request is answered at once: there is nothing else to wait for.
    connection.onDrain(() => void connection.close());
    try {
      await answerAll(connection, new NetstringReader(limits.requestBytes), options, log);
    } catch (error) {
      if (error instanceof BadNetstring)
        connection.write(netstring(`PERM This is no socketmap request: ${error.message}`));
      else if (error instanceof IdleTimeout || error instanceof ConnectionClosed) {
        log.debug({ reason: error.message }, 'client gone');
      } else throw error;
    }
  };
}

async function answerAll(
  connection: Connection,
  reader: NetstringReader,
  options: SmmapdOptions,
  log: Log,
): Promise<void> {
  for (;;) {
    const request = reader.next();
    if (request !== undefined) {
      connection.write(netstring(await answer(request.toString('utf8'), options, log)));
      continue;
    }
    const chunk = await connection.read();
    if (chunk === undefined) return;
    reader.push(chunk);
  }
}

const kinds = {
  'unknown-user': 'NOTFOUND',
  'bad-address': 'NOTFOUND',
  'over-quota': 'TEMP',
  'no-permission': 'PERM',
  'too-big': 'PERM',
  'too-many': 'TEMP',
  rejected: 'PERM',
  'not-ascii': 'PERM',
  unavailable: 'TEMP',
} satisfies Record<RefusalCode, 'NOTFOUND' | 'TEMP' | 'PERM'>;

async function answer(request: string, { delivery, overQuotaIsPermanent }: SmmapdOptions, log: Log): Promise<string> {
  const space = request.indexOf(' ');
  if (space < 0) return 'PERM A request is the name of a map and an address';
  const address = request.slice(space + 1);
  // RFC 5321 §4.1.2 has no such characters, and an answer must not hold what the log would be confused by.
  if (address === '' || /[\0-\x1f\x7f]/.test(address)) return 'NOTFOUND Mailbox does not exist';
  try {
    const found = await delivery.recipient(address);
    if (found.ok) return `OK ${address}`;
    if (found.code === 'bad-address') return 'NOTFOUND Mailbox does not exist';
    const kind = found.code === 'over-quota' && overQuotaIsPermanent ? 'PERM' : kinds[found.code];
    return `${kind} ${found.text}`;
  } catch (err) {
    const errorId = randomUUID();
    log.error({ err, errorId }, 'internal error');
    return `TEMP Internal error ${errorId}`;
  }
}
