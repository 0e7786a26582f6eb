import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LmtpClient } from '../lmtp/support.ts';
import { freePort } from '../support/free-port.ts';
import { run, runWell } from './run.ts';

/** A Postfix with folders, queue and port of its own. */
export interface Postfix extends AsyncDisposable {
  /** Where it looks for sockets with a relative path. */
  readonly queueFolder: string;
  /** Connects to its SMTP server, or to another of its services, EHLO said. */
  smtp(port?: number): Promise<LmtpClient>;
  /** Hands a message in; answers what the server said to the end of DATA. */
  send(from: string, to: readonly string[], message: string): Promise<string>;
  /** Waits for a line of its log; fails with the log when it does not come. */
  logged(line: RegExp): Promise<RegExpExecArray>;
  /** Tries all that is deferred again, now. */
  flush(): Promise<void>;
  /** The recipients that wait in the queue. */
  queued(): Promise<string>;
}

export interface PostfixSettings {
  /** An empty folder, which may be entered by all. */
  readonly folder: string;
  /** main.cf, besides what makes it an instance of its own. */
  readonly main: Readonly<Record<string, string>>;
  /** Lines of master.cf, besides Postfix' own services. */
  readonly services?: readonly string[];
  /** Tables by their names, indexed by postmap, or by postalias when the name is `aliases`. */
  readonly tables?: Readonly<Record<string, string>>;
}

/** No condition of these tests takes as long, not even on a machine that has much else to do. */
const PATIENCE_MS = 60_000;

/** Lays the folders of an instance, so that its queue folder is there before it starts. */
export async function layPostfix(folder: string): Promise<string> {
  await chmod(folder, 0o755);
  const queueFolder = join(folder, 'queue');
  for (const name of ['config', 'data', 'queue', 'mail']) await mkdir(join(folder, name));
  await chmod(join(folder, 'mail'), 0o1777);
  await runWell('chown', ['postfix', join(folder, 'data')]);
  // As Postfix itself makes it; who listens there may be started first.
  await runWell('install', ['-d', '-m', '2710', '-o', 'postfix', '-g', 'postdrop', join(queueFolder, 'public')]);
  return queueFolder;
}

/** Starts Postfix in a folder that {@link layPostfix} has laid; needs root. */
export async function startPostfix({ folder, main, services = [], tables = {} }: PostfixSettings): Promise<Postfix> {
  const config = join(folder, 'config');
  const queueFolder = join(folder, 'queue');
  const log = join(folder, 'mail.log');
  const port = await freePort();
  const settings = {
    compatibility_level: '3.6',
    queue_directory: queueFolder,
    data_directory: join(folder, 'data'),
    maillog_file: log,
    maillog_file_prefixes: folder,
    mail_spool_directory: `${join(folder, 'mail')}/`,
    inet_interfaces: '127.0.0.1',
    inet_protocols: 'ipv4',
    // Nobody may relay, not even this machine.
    mynetworks: '192.0.2.1',
    myhostname: 'mta.example.net',
    myorigin: 'example.net',
    mydestination: '',
    alias_maps: '',
    alias_database: '',
    local_recipient_maps: '',
    default_transport: 'error:nothing leaves this machine',
    smtpd_peername_lookup: 'no',
    smtpd_relay_restrictions: 'permit_mynetworks, reject_unauth_destination',
    // A soft error must not slow the client of a test down.
    smtpd_error_sleep_time: '0',
    ...main,
  };
  await writeFile(
    join(config, 'main.cf'),
    Object.entries(settings)
      .map(([key, value]) => `${key} = ${value}\n`)
      .join(''),
  );
  await writeFile(join(config, 'master.cf'), [...own(port), ...services, ''].join('\n'));
  for (const [name, text] of Object.entries(tables)) {
    const file = join(config, name);
    await writeFile(file, text, { mode: 0o600 });
    await runWell(name === 'aliases' ? 'postalias' : 'postmap', ['-c', config, `hash:${file}`]);
  }
  const postfix = (verb: string) => run('postfix', ['-c', config, verb], { timeoutMs: PATIENCE_MS });
  const readLog = (): string => readFileSync(log, 'utf8');
  const started = await postfix('start');
  if (started.code !== 0)
    throw new Error(`postfix start: ${started.stderr}${started.stdout}${existsSync(log) ? readLog() : ''}`);
  const smtp = async (service = port): Promise<LmtpClient> => {
    const socket = connect({ host: '127.0.0.1', port: service });
    await once(socket, 'connect');
    const client = new LmtpClient(socket);
    await client.reply();
    await client.say('EHLO client.example.net');
    return client;
  };
  return {
    queueFolder,
    smtp,
    async send(from, to, message) {
      const client = await smtp();
      const lines = [`MAIL FROM:<${from}>`, ...to.map((each) => `RCPT TO:<${each}>`), 'DATA'];
      client.send(lines.map((line) => `${line}\r\n`).join(''));
      const replies = await client.replies(lines.length);
      const wrong = replies.findIndex((reply, i) => !reply.startsWith(i === lines.length - 1 ? '354' : '250'));
      if (wrong >= 0) throw new Error(`${lines[wrong]}: ${replies[wrong]}`);
      const said = await client.say(`${message.replace(/\r?\n/g, '\r\n')}\r\n.`);
      await client.say('QUIT');
      client.socket.destroy();
      return said;
    },
    async logged(line) {
      for (const end = Date.now() + PATIENCE_MS; ; ) {
        const found = line.exec(readLog());
        if (found !== null) return found;
        if (Date.now() > end) throw new Error(`waited in vain for ${line} in:\n${readLog()}`);
        await sleep(50);
      }
    },
    flush: async () => void (await runWell('postqueue', ['-c', config, '-f'])),
    queued: async () => (await runWell('postqueue', ['-c', config, '-p'])).toString(),
    async [Symbol.asyncDispose]() {
      const stopped = await postfix('stop');
      if (stopped.code !== 0) await postfix('abort');
    },
  };
}

/** The services of Postfix that these tests need, none in a chroot. */
function own(port: number): readonly string[] {
  return [
    `127.0.0.1:${port} inet n - n - - smtpd`,
    'postlog unix-dgram n - n - 1 postlogd',
    'pickup unix n - n 60 1 pickup',
    'cleanup unix n - n - 0 cleanup',
    'qmgr unix n - n 300 1 qmgr',
    'rewrite unix - - n - - trivial-rewrite',
    'bounce unix - - n - 0 bounce',
    'defer unix - - n - 0 bounce',
    'trace unix - - n - 0 bounce',
    'verify unix - - n - 1 verify',
    'flush unix n - n 1000? 0 flush',
    'proxymap unix - - n - - proxymap',
    'error unix - - n - - error',
    'retry unix - - n - - error',
    'discard unix - - n - - discard',
    'showq unix n - n - - showq',
    'anvil unix - - n - 1 anvil',
    'scache unix - - n - 1 scache',
    'tlsmgr unix - - n 1000? 1 tlsmgr',
    'local unix - n n - - local',
    'virtual unix - n n - - virtual',
    'lmtp unix - - n - - lmtp',
  ];
}
