import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { openEmbedded } from '../../lib/embedded/open.ts';
import { Account } from '../../lib/store/account.ts';
import { Directory } from '../../lib/store/directory.ts';
import { flagNames } from '../../lib/store/flag-names.ts';
import { MailStore } from '../../lib/store/mail-store.ts';
import { messageBytes } from '../../lib/store/messages.ts';
import { ImapClient } from '../support/imap-client.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { until } from '../support/until.ts';

const cirrus = fileURLToPath(new URL('../../bin/cirrus.ts', import.meta.url));

/** A folder with the data folder of one test in it, and what runs there. */
export interface Place extends AsyncDisposable {
  readonly path: string;
  readonly data: string;
  /** Runs a command to its end. */
  run(args: readonly string[], options?: RunOptions): Promise<Ran>;
  /** Starts a server; resolves when it says that it is ready. */
  serve(env?: Record<string, string>): Promise<Server>;
  /** Starts a command and does not wait. */
  start(args: readonly string[], env?: Record<string, string>): Started;
}

export interface RunOptions {
  readonly input?: string | Buffer;
  readonly env?: Record<string, string>;
}

export interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface Started {
  readonly process: ChildProcess;
  readonly text: { out: string; err: string };
  readonly ended: Promise<unknown>;
}

export interface Server extends Started {
  readonly imap: number;
  readonly imaps: number;
  readonly pop3: number;
  readonly sieve: number;
  readonly lmtp: number;
}

export async function openPlace(): Promise<Place> {
  const folder = await temporaryFolder();
  const data = join(folder.path, 'data');
  const running = new Set<ChildProcess>();
  const inherited = Object.entries(process.env).filter(([name]) => !/^(CIRRUS_|npm_|INIT_CWD)/.test(name));
  const environment = {
    ...Object.fromEntries(inherited),
    CIRRUS_CONFIGDIRECTORY: data,
    CIRRUS_LISTEN_IMAP: '127.0.0.1:0',
    CIRRUS_LISTEN_IMAPS: '127.0.0.1:0',
    CIRRUS_LISTEN_POP3: '127.0.0.1:0',
    CIRRUS_LISTEN_POP3S: '127.0.0.1:0',
    CIRRUS_LISTEN_SIEVE: '127.0.0.1:0',
    CIRRUS_LISTEN_LMTP: '127.0.0.1:0',
    CIRRUS_LISTEN_LMTP_UNIX: 'off',
  };
  const start: Place['start'] = (args, env = {}) => {
    const options = { cwd: folder.path, env: { ...environment, ...env } };
    const child = spawn(process.execPath, [cirrus, ...args], options);
    running.add(child);
    const text = { out: '', err: '' };
    child.stdout.on('data', (piece) => (text.out += piece));
    child.stderr.on('data', (piece) => (text.err += piece));
    const ended = once(child, 'close').finally(() => running.delete(child));
    return { process: child, text, ended };
  };
  return {
    path: folder.path,
    data,
    start,
    run: async (args, { input = '', env = {} } = {}) => {
      const started = start(args, env);
      started.process.stdin?.on('error', () => undefined).end(input);
      await started.ended;
      return { code: started.process.exitCode, ...started.text };
    },
    serve: async (env = {}) => {
      const started = start(['serve'], env);
      const { process: child, text } = started;
      await until('the server is ready', () => text.out.includes('"ready"') || child.exitCode !== null);
      const port = (protocol: string): number =>
        Number(new RegExp(`"protocol":"${protocol}","address":"[^"]*:(\\d+)"`).exec(text.out)?.[1]);
      return {
        ...started,
        imap: port('imap'),
        imaps: port('imaps'),
        pop3: port('pop3'),
        sieve: port('sieve'),
        lmtp: port('lmtp'),
      };
    },
    async [Symbol.asyncDispose]() {
      for (const child of running) {
        child.kill('SIGKILL');
        await once(child, 'close');
      }
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** Logs in over TLS; the last line is the answer. */
export async function logIn(port: number, user: string, password: string): Promise<[ImapClient, string]> {
  const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const client = new ImapClient(socket);
  await client.line();
  const lines = await client.say('a', `LOGIN ${user} "${password}"`);
  return [client, lines.at(-1) ?? ''];
}

export interface Seen {
  readonly uid: number;
  readonly flags: readonly string[];
  readonly internalDate: number;
  readonly bytes: string;
}

/** All messages of a mailbox, read from the data folder in this process. */
export async function messagesIn(data: string, name: string, mailbox: string): Promise<readonly Seen[]> {
  return withStoreOf(data, async (store) => {
    const user = await new Directory(store.ports.index).find(name);
    if (user === undefined) throw new Error(`no user ${name}`);
    const open = await new Account(store, user).open(mailbox);
    const { view } = await open.mailbox.refresh();
    const rows = await open.mailbox.cold(view, view.allUids());
    const seen: Seen[] = [];
    for (const [uid, { blob, internalDate }] of rows) {
      const bytes = (await messageBytes(store.context, open.space, blob)).toString('latin1');
      seen.push({ uid, flags: flagNames(view, view.bitsOf(uid) ?? 0n), internalDate, bytes });
    }
    return seen;
  });
}

export async function withStoreOf<T>(data: string, work: (store: MailStore) => Promise<T>): Promise<T> {
  const home = await openEmbedded(data);
  const store = new MailStore(home);
  try {
    return await work(store);
  } finally {
    await store.close();
    await home.close();
  }
}
