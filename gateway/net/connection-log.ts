import type { Log } from '../../lib/base/log.ts';
import type { Connection } from './connection.ts';

/** A log whose lines say which connection they are about, and whose. */
export function connectionLog(log: Log, protocol: string, { id, remoteAddress }: Connection): Log {
  return log.child({ protocol, connection: id, peer: remoteAddress || 'unix' });
}
