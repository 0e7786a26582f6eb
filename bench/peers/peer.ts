import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** Where a server listens, on 127.0.0.1, and the process that everything else of it descends from. */
export interface Running {
  readonly imapPort: number;
  readonly lmtpPort: number;
  readonly pop3Port: number;
  readonly pid: number;
  /** Gives all {@link RECIPIENTS} this Sieve script, or none for '', from the next start on; absent where that is not measured. */
  useScript?(script: string): Promise<void>;
  stop(): Promise<void>;
}

/** A mail server that is measured. Users are made before it first serves; their password is {@link PASSWORD}. */
export interface Peer {
  readonly name: string;
  /** Serves a data folder of its own; a second start finds what was there. */
  start(): Promise<Running>;
  /** Removes its data. */
  remove(): Promise<void>;
}

/** What a peer is set up with beside its defaults. */
export interface Setup {
  readonly users: readonly string[];
  /** Everybody's limit in KiB; absent: none. */
  readonly quotaKib?: number;
}

export const PASSWORD = 'bench-Secret-1';

/** The user of the large mailboxes, and those that mail is delivered to. */
export const READER = 'reader';
export const RECIPIENTS: readonly string[] = Array.from({ length: 16 }, (_, i) => `user${i}`);
export const USERS: readonly string[] = [READER, ...RECIPIENTS];

/** So many ports that nobody listens on now. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => {
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  });
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** Waits until the port greets; throws when the process ends before, with what it printed. */
export async function greets(port: number, child: ChildProcess, said: () => string): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}: ${said()}`);
    if (await greetsNow(port)) return;
    await sleep(2);
  }
}

async function greetsNow(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'data', { signal: AbortSignal.timeout(2_000) });
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** Ends a process that this benchmark started, and waits for its end. */
export async function end(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill(signal);
  await ended;
}
