import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import type { Networks } from '../../lib/base/config-networks.ts';
import { isLocal, type ListenAddress } from '../../lib/base/config-values.ts';
import { type ListenerLimits, listenerLimits } from '../../lib/base/limits.ts';
import type { Log } from '../../lib/base/log.ts';
import { readProxyHeader } from './behind-proxy.ts';
import { Connection, ConnectionClosed, type ConnectionOptions } from './connection.ts';
import { connectionLog } from './connection-log.ts';
import { ListenError, listenError } from './listen-error.ts';
import { ProxyHeaderError } from './proxy-header.ts';
import { openUnixPath, removeStaleSocket } from './unix-path.ts';

/** Refused connections that are told so at the same time; more are just hung up on. */
const REFUSALS = 100;

export interface ListenerOptions {
  /** For the log and for errors: `imap`, `lmtp` ... */
  readonly protocol: string;
  readonly address: ListenAddress;
  /** TLS from the first byte, with the certificate of that moment. */
  readonly secureContext?: () => SecureContext;
  /** Runs one session; the connection is closed when it settles. */
  readonly serve: (connection: Connection) => Promise<void>;
  /** Sent to those beyond the limits before they are hung up on, in clear only. */
  readonly refusal: string;
  readonly log: Log;
  readonly connection?: ConnectionOptions;
  readonly limits?: Partial<ListenerLimits>;
  /** Permissions of a Unix socket; without, its group may connect. */
  readonly unixMode?: number;
  /** Peers whose connections are not counted by address: many people's (`login_trusted_networks`). */
  readonly uncounted?: Networks;
  /** Peers that say with the PROXY protocol for whom they speak (`haproxy_trusted_networks`). */
  readonly proxies?: Networks;
  /** Whether loopback peers count for `connectionsPerAddress`; they do not by default: they may be a proxy. */
  readonly countLoopback?: boolean;
}

/** One address where clients connect. */
export class Listener {
  /** Where it listens; the port is the real one when 0 was asked for. */
  readonly address: ListenAddress;
  readonly #options: ListenerOptions;
  readonly #limits: ListenerLimits;
  readonly #server: Server;
  readonly #sessions = new Map<Connection, Promise<void>>();
  readonly #perAddress = new Map<string, number>();
  /** For whom each connection was counted. */
  readonly #counted = new WeakMap<Connection, string>();
  #refusing = 0;
  #stopping: Promise<void> | undefined;

  private constructor(options: ListenerOptions, server: Server) {
    this.#options = options;
    this.#limits = { ...listenerLimits, ...options.limits };
    this.#server = server;
    const bound = server.address();
    const { address } = options;
    this.address =
      bound !== null && typeof bound === 'object' && 'host' in address
        ? { host: address.host, port: bound.port }
        : address;
    server.on('connection', (socket) => this.#accept(socket));
    server.on('error', (err) => options.log.error({ err, protocol: options.protocol }, 'accept failed'));
  }

  /** Starts to listen; throws {@link ListenError}. */
  static async open(options: ListenerOptions): Promise<Listener> {
    const { address, protocol } = options;
    const backlog = options.limits?.backlog ?? listenerLimits.backlog;
    // Half-open: a client may send its last command, end its side, and still read the replies.
    const server = createServer({ allowHalfOpen: true });
    try {
      if ('path' in address) {
        await removeStaleSocket(address.path);
        server.listen({ path: address.path, backlog });
      } else {
        server.listen({ port: address.port, backlog, ...(address.host === undefined ? {} : { host: address.host }) });
      }
      await once(server, 'listening');
      if ('path' in address) await openUnixPath(address.path, options.unixMode);
    } catch (cause) {
      server.close();
      throw listenError(protocol, address, cause);
    }
    return new Listener(options, server);
  }

  /** Open connections. */
  get connections(): number {
    return this.#sessions.size;
  }

  /** Stops accepting, tells every session, waits for them up to `drainMs`, then cuts them off. */
  drain(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const connection of this.#sessions.keys()) connection.drain();
    const timer = setTimeout(() => {
      this.#options.log.warn(
        { protocol: this.#options.protocol, connections: this.#sessions.size },
        'drain time is over',
      );
      for (const connection of this.#sessions.keys()) connection.destroy();
    }, this.#limits.drainMs);
    await Promise.all(this.#sessions.values());
    clearTimeout(timer);
    await closed;
  }

  #accept(socket: Socket): void {
    const connection = new Connection(socket, this.#options.connection);
    const { protocol, log } = this.#options;
    // Made where there is something to say: of most connections there is not.
    const lines = (): Log => connectionLog(log, protocol, connection);
    const isTold = log.isLevelEnabled('debug');
    const isProxied = this.#options.proxies?.has(connection.remoteAddress) === true;
    const isFull = this.#sessions.size >= this.#limits.connections;
    if (isFull || (!isProxied && !this.#enter(connection))) {
      lines().warn({ connections: this.#sessions.size }, 'too many connections');
      void this.#refuse(connection);
      return;
    }
    if (isTold) lines().debug('connected');
    const session = this.#run(connection, lines, isProxied).finally(() => {
      this.#sessions.delete(connection);
      this.#leave(connection);
      if (isTold) lines().debug({ bytesIn: connection.bytesIn, bytesOut: connection.bytesOut }, 'disconnected');
    });
    this.#sessions.set(connection, session);
    if (this.#stopping) connection.drain();
  }

  async #refuse(connection: Connection): Promise<void> {
    if (this.#options.secureContext !== undefined || this.#refusing >= REFUSALS) {
      connection.destroy();
      return;
    }
    this.#refusing++;
    connection.write(this.#options.refusal);
    await connection.close();
    this.#refusing--;
  }

  /** Never throws: what goes wrong in one session is no matter for others. */
  async #run(connection: Connection, log: () => Log, isProxied: boolean): Promise<void> {
    try {
      if (isProxied) {
        await readProxyHeader(connection, this.#limits.proxyHeaderMs);
        if (!this.#enter(connection)) {
          log().warn({ connections: this.#sessions.size }, 'too many connections');
          await this.#refuse(connection);
          return;
        }
      }
      if (this.#options.secureContext) await connection.startTls(this.#options.secureContext());
      await this.#options.serve(connection);
      await connection.close();
    } catch (err) {
      if (err instanceof ProxyHeaderError) log().warn({ reason: err.message }, 'a proxy was not understood');
      else if (err instanceof ConnectionClosed) log().debug({ reason: err.message }, 'connection lost');
      else log().error({ err, errorId: randomUUID() }, 'session failed');
      connection.destroy();
    }
  }

  /** Counts a connection for its address; false when that has too many. */
  #enter(connection: Connection): boolean {
    const { remoteAddress: host, remotePort: port } = connection;
    if (host === '' || (!this.#options.countLoopback && isLocal({ host, port }))) return true;
    if (this.#options.uncounted?.has(host)) return true;
    const count = this.#perAddress.get(host) ?? 0;
    if (count >= this.#limits.connectionsPerAddress) return false;
    this.#perAddress.set(host, count + 1);
    this.#counted.set(connection, host);
    return true;
  }

  #leave(connection: Connection): void {
    const host = this.#counted.get(connection);
    if (host === undefined) return;
    const count = (this.#perAddress.get(host) ?? 0) - 1;
    if (count <= 0) this.#perAddress.delete(host);
    else this.#perAddress.set(host, count);
  }
}

/**
 * Opens a listener for each address, or none: throws {@link ListenError} after closing those that were opened. `[::1]` may
 * be missing on machines without IPv6 when another address of the list works.
 */
export async function openListeners(
  addresses: readonly ListenAddress[],
  options: Omit<ListenerOptions, 'address'>,
): Promise<readonly Listener[]> {
  const opened: Listener[] = [];
  let missing: ListenError | undefined;
  try {
    for (const address of addresses) {
      try {
        opened.push(await Listener.open({ ...options, address }));
      } catch (error) {
        if (!(error instanceof ListenError) || !error.noIpv6) throw error;
        missing = error;
      }
    }
    if (missing !== undefined && opened.length === 0) throw missing;
  } catch (error) {
    await Promise.all(opened.map((listener) => listener.drain()));
    throw error;
  }
  if (missing !== undefined) options.log.warn(missing.message);
  return opened;
}
