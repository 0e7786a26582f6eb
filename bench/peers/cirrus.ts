import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { useScript } from '../client/managesieve.ts';
import { end, freePorts, greets, PASSWORD, type Peer, RECIPIENTS, type Running, type Setup, USERS } from './peer.ts';

const program = join(import.meta.dirname, '../../bin/cirrus.ts');

/** Cirrus as `npm start` runs it: one process on a folder, with its own defaults but for ports and passwords in clear. */
export function cirrus(cache: string, { users, quotaKib }: Setup = { users: USERS }): Peer {
  const folder = join(cache, 'cirrus');
  let made = false;
  const start = async (): Promise<Running> => {
    const [imap = 0, lmtp = 0, pop3 = 0, sieve = 0] = await freePorts(4);
    const env = {
      ...process.env,
      CIRRUS_CONFIGDIRECTORY: folder,
      CIRRUS_LISTEN_IMAP: `127.0.0.1:${imap}`,
      CIRRUS_LISTEN_IMAPS: 'off',
      CIRRUS_LISTEN_POP3: `127.0.0.1:${pop3}`,
      CIRRUS_LISTEN_POP3S: 'off',
      CIRRUS_LISTEN_LMTP: `127.0.0.1:${lmtp}`,
      CIRRUS_LISTEN_LMTP_UNIX: 'off',
      CIRRUS_LISTEN_SIEVE: `127.0.0.1:${sieve}`,
      CIRRUS_ALLOWPLAINTEXT: 'yes',
    };
    if (!made) {
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(folder, { recursive: true });
      for (const user of users) {
        const input = `${PASSWORD}\n`;
        const quota = quotaKib === undefined ? [] : ['--quota', `${quotaKib}KB`];
        execFileSync(process.execPath, [program, 'user', 'add', user, '--password-stdin', ...quota], {
          env,
          input,
          stdio: ['pipe', 'ignore', 2],
        });
      }
      made = true;
    }
    const child = spawn(process.execPath, [program, 'serve'], { env, stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.on('data', (text) => {
      said = `${said}${text}`.slice(-4096);
    });
    await greets(imap, child, () => said);
    return {
      imapPort: imap,
      lmtpPort: lmtp,
      pop3Port: pop3,
      pid: child.pid ?? 0,
      useScript: async (script) => {
        for (const user of RECIPIENTS) await useScript(sieve, user, PASSWORD, script);
      },
      stop: () => end(child),
    };
  };
  const remove = async (): Promise<void> => rmSync(folder, { recursive: true, force: true });
  return { name: 'Cirrus', start, remove };
}
