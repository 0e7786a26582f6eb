import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { hashPassword } from '../../lib/auth/password.ts';
import { addUser } from '../../lib/store/users.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { withFreshStore } from './fresh-store.ts';

export const USER = 'geeko';
export const PASSWORD = 'open-sesame';
const HOST = '127.0.0.1';
const cirrus = fileURLToPath(new URL('../../bin/cirrus.ts', import.meta.url));

/** A server in a process of its own, whose memory and log are watched. */
export interface HostileGateway extends AsyncDisposable {
  readonly imapPort: number;
  readonly lmtpPort: number;
  /** Its `configdirectory`. */
  readonly data: string;
  readonly isAlive: boolean;
  /** Lines of the log that tell of a fault of ours, whatever a client did. */
  readonly faults: readonly string[];
  /** Resident memory at this moment, in MB. */
  residentMb(): number;
  /** The most memory that was resident since the last {@link forgetPeak}, in MB. */
  peakMb(): number;
  forgetPeak(): void;
  stop(): Promise<void>;
}

/** Starts `cirrus serve` with one user; `config` is given as environment variables. */
export async function startHostileGateway(config: Readonly<Record<string, string>> = {}): Promise<HostileGateway> {
  const folder = await temporaryFolder();
  const data = join(folder.path, 'data');
  const verifier = await hashPassword(PASSWORD);
  await withFreshStore(data, (store) => addUser(store, { name: USER, verifier }));
  // glibc keeps up to 38 MB for each thread that has ever checked a password: that is not what clients make us hold.
  const malloc = { MALLOC_MMAP_THRESHOLD_: '1000000' };
  const child = spawn(process.execPath, [cirrus, 'serve'], {
    env: { ...process.env, ...malloc, ...environment(data, config) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'exit');
  const faults: string[] = [];
  const ports = new Map<string, number>();
  const ready = Promise.withResolvers<void>();
  onLines(child.stdout, (line) => {
    const { level, msg, protocol, address } = JSON.parse(line) as Record<string, string>;
    // A listener says so when it cannot accept, a session when it failed: neither may happen for what a client sends.
    if (level === 'error' || level === 'fatal') faults.push(line);
    const port = /:(\d+)$/.exec(address ?? '')?.[1];
    if (msg === 'listening' && port !== undefined) ports.set(protocol ?? '', Number(port));
    if (msg === 'ready') ready.resolve();
  });
  // Node's own warnings (leaked listeners, a fatal error) come here; the welcome does too.
  onLines(child.stderr, (line) => {
    if (/\b(warning|error|fatal)\b/i.test(line)) faults.push(line);
  });
  child.once('exit', (code) => ready.reject(new Error(`cirrus serve ended with ${code}\n${faults.join('\n')}`)));
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await ended;
    await folder[Symbol.asyncDispose]();
  };
  try {
    await ready.promise;
  } catch (error) {
    await folder[Symbol.asyncDispose]();
    throw error;
  }
  const status = (name: string): number => {
    const text = readFileSync(`/proc/${child.pid}/status`, 'utf8');
    return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1]) / 1024;
  };
  return {
    imapPort: ports.get('imap') ?? 0,
    lmtpPort: ports.get('lmtp') ?? 0,
    data,
    get isAlive() {
      return child.exitCode === null && child.signalCode === null;
    },
    faults,
    residentMb: () => status('VmRSS'),
    peakMb: () => status('VmHWM'),
    // proc(5): 5 sets the peak back to what is resident now.
    forgetPeak: () => writeFileSync(`/proc/${child.pid}/clear_refs`, '5'),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** Lines end at LF alone: readline would end them at U+2028 too, which a log line may have within. */
function onLines(stream: Readable, onLine: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line);
  });
}

function environment(data: string, config: Readonly<Record<string, string>>): Record<string, string> {
  const settings = {
    configdirectory: data,
    servername: 'mail.example.com',
    listen_imap: `${HOST}:0`,
    listen_imaps: `${HOST}:0`,
    listen_pop3: `${HOST}:0`,
    listen_pop3s: 'off',
    listen_sieve: 'off',
    listen_lmtp: `${HOST}:0`,
    listen_lmtp_unix: 'run/lmtp',
    allowplaintext: 'on',
    duplicatesuppression: 'off',
    ...config,
  };
  return Object.fromEntries(Object.entries(settings).map(([key, value]) => [`CIRRUS_${key.toUpperCase()}`, value]));
}
