import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ImapClient } from '../client/imap.ts';
import { type RootFs, rootFs } from '../rootfs.ts';
import { end, freePorts, greets, PASSWORD, type Peer, type Running, type Setup, USERS } from './peer.ts';

const UID = 5001;
const HOME = '/bench-cyrus';

/** Debian's Cyrus with its own defaults but for ports, users and as many connections as are measured. */
export function cyrus(cache: string, setup: Setup = { users: USERS }): Peer {
  const packages = ['cyrus-imapd', 'cyrus-pop3d', 'libsasl2-modules-db', 'sasl2-bin'];
  const root = rootFs(cache, 'cyrus', packages);
  const home = join(root.folder, HOME);
  let made = false;
  const start = async (): Promise<Running> => {
    const [imap = 0, lmtp = 0, pop3 = 0] = await freePorts(3);
    const first = !made;
    if (first) prepare(root, setup.users);
    made = true;
    writeFileSync(join(home, 'cyrus.conf'), services(imap, lmtp, pop3));
    const options = ['-C', `${HOME}/imapd.conf`, '-M', `${HOME}/cyrus.conf`, '-p', `${HOME}/master.pid`];
    const [file, args] = root.command('/usr/lib/cyrus/bin/master', ...options);
    const child = spawn(file, args, {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, CYRUS_VERBOSE: '1' },
    });
    let said = '';
    child.stderr.on('data', (text) => {
      said += text;
    });
    await greets(imap, child, () => said);
    if (first) await makeMailboxes(imap, setup);
    return { imapPort: imap, lmtpPort: lmtp, pop3Port: pop3, pid: child.pid ?? 0, stop: () => end(child) };
  };
  const remove = async (): Promise<void> => rmSync(home, { recursive: true, force: true });
  return { name: 'Cyrus', start, remove };
}

function prepare(root: RootFs, users: readonly string[]): void {
  const home = join(root.folder, HOME);
  const accounts = 'root:x:0:0::/:/bin/sh\ncyrus:x:5001:8::/:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n';
  writeFileSync(join(root.folder, 'etc/passwd'), accounts);
  writeFileSync(join(root.folder, 'etc/group'), 'root:x:0:\nmail:x:8:\nsasl:x:45:cyrus\nnogroup:x:65534:\n');
  rmSync(home, { recursive: true, force: true });
  for (const folder of ['config/socket', 'config/proc', 'config/log', 'config/db', 'spool/stage.', 'sieve', 'run']) {
    mkdirSync(join(home, folder), { recursive: true });
  }
  writeFileSync(
    join(home, 'imapd.conf'),
    `configdirectory: ${HOME}/config
defaultpartition: default
partition-default: ${HOME}/spool
sievedir: ${HOME}/sieve
mboxname_lockpath: ${HOME}/run
proc_path: ${HOME}/config/proc
servername: bench.example
admins: cyrus
cyrus_user: cyrus
sasl_pwcheck_method: auxprop
sasl_auxprop_plugin: sasldb
sasl_sasldb_path: ${HOME}/sasldb2
sasl_mech_list: PLAIN LOGIN
allowplaintext: yes
maxlogins_per_user: 0
lmtpsocket: ${HOME}/config/socket/lmtp
idlesocket: ${HOME}/config/socket/idle
notifysocket: ${HOME}/config/socket/notify
`,
  );
  for (const user of ['cyrus', ...users]) {
    const args = ['-p', '-c', '-f', `${HOME}/sasldb2`, '-u', 'bench.example', user];
    root.run('/usr/sbin/saslpasswd2', args, PASSWORD);
  }
  execFileSync('chown', ['-R', `${UID}:8`, home]);
}

function services(imap: number, lmtp: number, pop3: number): string {
  return `
START {
  recover cmd="/usr/lib/cyrus/bin/ctl_cyrusdb -C ${HOME}/imapd.conf -r"
  idled cmd="/usr/lib/cyrus/bin/idled -C ${HOME}/imapd.conf"
}
SERVICES {
  imap cmd="/usr/lib/cyrus/bin/imapd -C ${HOME}/imapd.conf -U 200" listen="127.0.0.1:${imap}" prefork=2 maxchild=2000
  pop3 cmd="/usr/lib/cyrus/bin/pop3d -C ${HOME}/imapd.conf -U 200" listen="127.0.0.1:${pop3}" prefork=0 maxchild=100
  lmtp cmd="/usr/lib/cyrus/bin/lmtpd -C ${HOME}/imapd.conf -a" listen="127.0.0.1:${lmtp}" prefork=8 maxchild=50
}
EVENTS {
  checkpoint cmd="/usr/lib/cyrus/bin/ctl_cyrusdb -C ${HOME}/imapd.conf -c" period=30
}
`;
}

async function makeMailboxes(port: number, { users, quotaKib }: Setup): Promise<void> {
  const admin = await ImapClient.connect(port);
  await admin.command(`LOGIN cyrus ${PASSWORD}`);
  for (const user of users) {
    await admin.command(`CREATE user/${user}`);
    if (quotaKib !== undefined) await admin.command(`SETQUOTA user/${user} (STORAGE ${quotaKib})`);
  }
  await admin.close();
}
