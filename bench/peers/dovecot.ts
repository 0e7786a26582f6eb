import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rootFs } from '../rootfs.ts';
import { end, freePorts, greets, PASSWORD, type Peer, RECIPIENTS, type Running, type Setup, USERS } from './peer.ts';

const UID = 5000;

/** What the manual of Pigeonhole adds where scripts are to run. */
const PIGEONHOLE = `
protocol lmtp {
  mail_plugins = sieve
  postmaster_address = postmaster@bench.example
}
plugin {
  sieve = file:~/sieve;active=~/.dovecot.sieve
}
`;

/** What its manual adds for ACL, QUOTA and METADATA, which the others have without asking. */
function plugins(home: string, quotaKib: number): string {
  return `
mail_plugins = acl quota
mail_attribute_dict = file:%h/attributes
protocol imap {
  mail_plugins = acl quota imap_acl imap_quota
  imap_metadata = yes
}
namespace others {
  type = shared
  prefix = Other Users/%%u/
  separator = /
  location = maildir:%%h/mail
  subscriptions = no
  list = children
}
plugin {
  acl = vfile
  acl_shared_dict = file:${home}/mail/shared
  quota = count:INBOX
  quota_vsizes = yes
  quota_rule = *:storage=${quotaKib}k
  quota_grace = 0
}
`;
}

/** Debian's Dovecot with its own defaults but for ports, users and as many connections as are measured. */
export function dovecot(
  cache: string,
  format: 'mdbox' | 'maildir',
  { users, quotaKib }: Setup = { users: USERS },
): Peer {
  const root = rootFs(cache, 'dovecot', ['dovecot-imapd', 'dovecot-lmtpd', 'dovecot-pop3d', 'dovecot-sieve']);
  const home = `/bench-${format}`;
  let hasScripts = false;
  const start = async (): Promise<Running> => {
    const [imap = 0, lmtp = 0, pop3 = 0] = await freePorts(3);
    makeAccounts(root.folder);
    mkdirSync(join(root.folder, home), { recursive: true });
    if (!existsSync(join(root.folder, home, 'mail'))) {
      mkdirSync(join(root.folder, home, 'mail'));
      execFileSync('chown', [`${UID}:${UID}`, join(root.folder, home, 'mail')]);
    }
    const lines = users.map((user) => `${user}:{PLAIN}${PASSWORD}::::::\n`);
    writeFileSync(join(root.folder, home, 'users'), lines.join(''));
    writeFileSync(
      join(root.folder, home, 'dovecot.conf'),
      [
        configuration(home, format, { imap, lmtp, pop3 }),
        hasScripts ? PIGEONHOLE : '',
        quotaKib === undefined ? '' : plugins(home, quotaKib),
      ].join(''),
    );
    const [file, args] = root.command('/usr/sbin/dovecot', '-F', '-c', `${home}/dovecot.conf`);
    const child = spawn(file, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.on('data', (text) => {
      said += text;
    });
    const log = join(root.folder, home, 'log');
    await greets(imap, child, () => said + (existsSync(log) ? readFileSync(log, 'utf8') : ''));
    return {
      imapPort: imap,
      lmtpPort: lmtp,
      pop3Port: pop3,
      pid: child.pid ?? 0,
      useScript: async (script) => {
        hasScripts = script !== '';
        for (const user of RECIPIENTS) setScript(join(root.folder, home, 'mail', user), script);
      },
      stop: () => end(child),
    };
  };
  const remove = async (): Promise<void> => rmSync(join(root.folder, home), { recursive: true, force: true });
  return { name: `Dovecot ${format}`, start, remove };
}

/** Where Pigeonhole looks by default; it compiles the script at the first delivery. */
function setScript(folder: string, script: string): void {
  const file = join(folder, '.dovecot.sieve');
  for (const name of [file, join(folder, '.dovecot.svbin')]) rmSync(name, { force: true });
  if (script === '') return;
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, script);
  execFileSync('chown', [`${UID}:${UID}`, folder, file]);
}

function makeAccounts(root: string): void {
  const accounts = { root: 0, dovecot: 4998, dovenull: 4999, vmail: UID, nobody: 65534 };
  const names = Object.entries(accounts);
  writeFileSync(join(root, 'etc/passwd'), names.map(([name, id]) => `${name}:x:${id}:${id}::/:/bin/false\n`).join(''));
  writeFileSync(join(root, 'etc/group'), names.map(([name, id]) => `${name}:x:${id}:\n`).join(''));
}

interface Ports {
  readonly imap: number;
  readonly lmtp: number;
  readonly pop3: number;
}

function configuration(home: string, format: 'mdbox' | 'maildir', { imap, lmtp, pop3 }: Ports): string {
  return `
protocols = imap lmtp pop3
listen = 127.0.0.1
base_dir = /run/dovecot${home}
state_dir = ${home}
log_path = ${home}/log
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain
mail_location = ${format}:~/mail
mail_max_userip_connections = 10000
first_valid_uid = ${UID}
passdb {
  driver = passwd-file
  args = username_format=%u ${home}/users
}
userdb {
  driver = static
  args = uid=${UID} gid=${UID} home=${home}/mail/%u
}
namespace inbox {
  inbox = yes
  separator = /
}
service imap-login {
  inet_listener imap {
    port = ${imap}
  }
  inet_listener imaps {
    port = 0
  }
  # The high-performance mode of its manual.
  service_count = 0
  process_min_avail = 2
  client_limit = 10000
}
service pop3-login {
  inet_listener pop3 {
    port = ${pop3}
  }
  inet_listener pop3s {
    port = 0
  }
  service_count = 0
  client_limit = 10000
}
service imap {
  process_limit = 4000
}
service lmtp {
  inet_listener lmtp {
    address = 127.0.0.1
    port = ${lmtp}
  }
  # As many processes as connections are measured, kept between them.
  process_min_avail = 8
}
service auth {
  client_limit = 30000
}
service anvil {
  client_limit = 30000
}
`;
}
