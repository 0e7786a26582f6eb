import { isLocal } from '../../lib/base/config-values.ts';
import type { Connection } from './connection.ts';
import { ProxyHeaderError, parseProxyHeader } from './proxy-header.ts';

/**
 * Reads what the proxy says of a connection; it is its client's from then on. Throws {@link ProxyHeaderError} when what comes is
 * no header, or is not whole in time.
 */
export async function readProxyHeader(connection: Connection, timeoutMs: number): Promise<void> {
  const until = performance.now() + timeoutMs;
  const { idleTimeoutMs } = connection;
  let got = Buffer.alloc(0);
  for (;;) {
    // All of it in that time: a byte now and then would hold the connection for long.
    connection.idleTimeoutMs = Math.max(0, until - performance.now());
    const chunk = await connection.read().catch(() => {
      throw new ProxyHeaderError('no PROXY header came in time');
    });
    if (chunk === undefined) throw new ProxyHeaderError('the connection ended before its PROXY header');
    got = Buffer.concat([got, chunk]);
    const header = parseProxyHeader(got);
    if (header === undefined) continue;
    connection.idleTimeoutMs = idleTimeoutMs;
    connection.unread(got.subarray(header.bytes));
    const { client } = header;
    if (client === undefined) return;
    // Loopback is the proxy's own machine. Only a proxy on this one speaks of ours, where clients are trusted more.
    const isElsewhere = !isLocal({ host: connection.remoteAddress, port: 0 });
    if (isElsewhere && isLocal({ host: client.address, port: 0 })) return;
    connection.remoteAddress = client.address;
    connection.remotePort = client.port;
    return;
  }
}
