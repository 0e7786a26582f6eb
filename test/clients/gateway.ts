import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { runWell } from './run.ts';

/** A server as people run it, in a process of its own, on a folder and on ports of its own. */
export interface Gateway extends AsyncDisposable {
  readonly host: string;
  /** In clear, with STARTTLS. */
  readonly imapPort: number;
  /** Inside TLS. */
  readonly imapsPort: number;
  readonly lmtpPort: number;
  readonly lmtpSocket: string;
  /** PEM file of the self-signed certificate: clients check it as they would any other. */
  readonly certificate: string;
  /** A folder for the files of clients; removed with the gateway. */
  readonly workFolder: string;
}

/** With all that must be quoted. */
export const PASSWORD = 'open "sesame" \\1';
const HOST = '127.0.0.1';
const START_MS = 60_000;
const cirrus = fileURLToPath(new URL('../../bin/cirrus.ts', import.meta.url));

/**
 * Adds the users, whose password is {@link PASSWORD}, with the command line and starts the server; `config` is given as
 * environment variables.
 */
export async function startGateway(
  users: readonly string[],
  config: Readonly<Record<string, string>> = {},
): Promise<Gateway> {
  const folder = await temporaryFolder();
  const data = join(folder.path, 'data');
  const env = {
    CIRRUS_CONFIGDIRECTORY: data,
    CIRRUS_LISTEN_IMAP: `${HOST}:0`,
    CIRRUS_LISTEN_IMAPS: `${HOST}:0`,
    CIRRUS_LISTEN_LMTP: `${HOST}:0`,
    CIRRUS_LISTEN_LMTP_UNIX: 'run/lmtp',
    ...Object.fromEntries(Object.entries(config).map(([key, value]) => [`CIRRUS_${key.toUpperCase()}`, value])),
  };
  const addUser = async (name: string): Promise<void> => {
    await runWell(process.execPath, [cirrus, 'user', 'add', name, '--password-stdin'], { env, input: PASSWORD });
  };
  const [first, ...rest] = users;
  // The first makes the data folder.
  if (first !== undefined) await addUser(first);
  await Promise.all(rest.map(addUser));
  const child = spawn(process.execPath, [cirrus, 'serve'], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'exit');
  const errors: string[] = [];
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    const [code] = (await ended) as [number | null];
    await folder[Symbol.asyncDispose]();
    if (code !== 0) errors.push(`exit code ${code}`);
    // Whatever clients do, the server must not be at fault.
    if (errors.length > 0) throw new Error(`cirrus serve: ${errors.join('\n')}`);
  };
  try {
    const addresses = await ready(child, errors);
    return {
      host: HOST,
      imapPort: portOf(addresses.get('imap')),
      imapsPort: portOf(addresses.get('imaps')),
      lmtpPort: portOf(addresses.get('lmtp')),
      lmtpSocket: join(data, 'run/lmtp'),
      certificate: join(data, 'tls/cert.pem'),
      workFolder: folder.path,
      [Symbol.asyncDispose]: stop,
    };
  } catch (error) {
    await stop().catch(() => undefined);
    throw error;
  }
}

/** Waits until the log says that it serves; answers where. Errors in the log go to `errors`, then and later. */
async function ready(child: ChildProcess, errors: string[]): Promise<ReadonlyMap<string, string>> {
  const addresses = new Map<string, string>();
  const said: string[] = [];
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new Error('no output to read');
  createInterface({ input: stderr }).on('line', (line) => void said.push(line));
  return await new Promise((resolve, reject) => {
    const fail = (why: string): void => reject(new Error(`cirrus serve: ${why}\n${said.join('\n')}`));
    const timer = setTimeout(() => fail('not ready in time'), START_MS);
    child.once('exit', (code) => fail(`exit code ${code}`));
    createInterface({ input: stdout }).on('line', (line) => {
      said.push(line);
      const entry = JSON.parse(line) as { level: string; msg: string; protocol?: string; address?: string };
      if (entry.level === 'error' || entry.level === 'fatal') errors.push(line);
      const { msg, protocol = '', address = '' } = entry;
      if (msg === 'listening' && !address.includes('/')) addresses.set(protocol, address);
      if (msg !== 'ready') return;
      clearTimeout(timer);
      resolve(addresses);
    });
  });
}

function portOf(address: string | undefined): number {
  const [, digits] = /:(\d+)$/.exec(address ?? '') ?? [];
  if (digits === undefined) throw new Error(`no port in ${address}`);
  return Number(digits);
}
