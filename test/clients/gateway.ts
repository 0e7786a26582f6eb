import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { addUsers } from '../support/add-users.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { runWell } from './run.ts';

/** A server as people run it: a process of its own, on ports of its own. */
export interface Server extends AsyncDisposable {
  readonly host: string;
  /** In clear, with STARTTLS. */
  readonly imapPort: number;
  /** Inside TLS. */
  readonly imapsPort: number;
  /** In clear, with STLS. */
  readonly pop3Port: number;
  /** Inside TLS. */
  readonly pop3sPort: number;
  readonly sievePort: number;
  readonly lmtpPort: number;
  /** PEM file of the self-signed certificate: clients check it as they would any other. */
  readonly certificate: string;
}

/** A server and its data folder, which goes with it. */
export interface Gateway extends Server {
  readonly lmtpSocket: string;
  /** A folder for the files of clients. */
  readonly workFolder: string;
  /** Runs the command line on the same data. */
  cirrus(args: readonly string[], input?: string | Uint8Array): Promise<Buffer>;
  /** Another server on the same data. */
  another(): Promise<Server>;
}

/** With all that must be quoted. */
export const PASSWORD = 'open "sesame" \\1';
const HOST = '127.0.0.1';
const START_MS = 60_000;
const program = fileURLToPath(new URL('../../bin/cirrus.ts', import.meta.url));

type Environment = Readonly<Record<string, string>>;

/**
 * Adds the users, whose password is {@link PASSWORD}, and starts the server; `config` is given as environment variables.
 */
export async function startGateway(users: readonly string[], config: Environment = {}): Promise<Gateway> {
  const folder = await temporaryFolder();
  const data = join(folder.path, 'data');
  const env = {
    CIRRUS_CONFIGDIRECTORY: data,
    CIRRUS_LISTEN_IMAP: `${HOST}:0`,
    CIRRUS_LISTEN_IMAPS: `${HOST}:0`,
    CIRRUS_LISTEN_POP3: `${HOST}:0`,
    CIRRUS_LISTEN_POP3S: `${HOST}:0`,
    CIRRUS_LISTEN_SIEVE: `${HOST}:0`,
    CIRRUS_LISTEN_LMTP: `${HOST}:0`,
    CIRRUS_LISTEN_LMTP_UNIX: 'run/lmtp',
    ...Object.fromEntries(Object.entries(config).map(([key, value]) => [`CIRRUS_${key.toUpperCase()}`, value])),
  };
  const cirrus = (args: readonly string[], input: string | Uint8Array = ''): Promise<Buffer> =>
    runWell(process.execPath, [program, ...args], { env, input });
  try {
    await addUsers(data, users, PASSWORD);
    const server = await startServer(data, env);
    return {
      ...server,
      lmtpSocket: join(data, 'run/lmtp'),
      workFolder: folder.path,
      cirrus,
      another: () => startServer(data, { ...env, CIRRUS_LISTEN_LMTP_UNIX: 'off' }),
      async [Symbol.asyncDispose]() {
        try {
          await server[Symbol.asyncDispose]();
        } finally {
          await folder[Symbol.asyncDispose]();
        }
      },
    };
  } catch (error) {
    await folder[Symbol.asyncDispose]();
    throw error;
  }
}

async function startServer(data: string, env: Environment): Promise<Server> {
  const child = spawn(process.execPath, [program, 'serve'], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'exit');
  // A test run that is cut short leaves no server behind.
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  const errors: string[] = [];
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    const [code] = (await ended) as [number | null];
    process.off('exit', kill);
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
      pop3Port: portOf(addresses.get('pop3')),
      pop3sPort: portOf(addresses.get('pop3s')),
      sievePort: portOf(addresses.get('sieve')),
      lmtpPort: portOf(addresses.get('lmtp')),
      certificate: join(data, 'tls/cert.pem'),
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
