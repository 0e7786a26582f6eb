// Programs that tests run but npm does not bring: mail clients and servers of the distribution.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';

/** Where packages are unpacked whose files tests need without all that would be installed with them, or started. */
const UNPACKED = '/var/lib/cirrus-tests';

/** The plugin of the webmail Roundcube that speaks ManageSieve. */
export const roundcubeSieve = `${UNPACKED}/usr/share/roundcube/plugins/managesieve/lib/Roundcube/rcube_sieve.php`;

/** Keeps sessions of webmails open; installed it would be started, on the port of our IMAP. */
export const imapProxy = `${UNPACKED}/usr/sbin/imapproxyd`;

/** Says with the PROXY protocol whose connections it passes on; its libraries are beside it. Installed it would be started, too. */
export const haProxy = `${UNPACKED}/usr/sbin/haproxy`;
export const haProxyLibraries = ['x86_64', 'aarch64']
  .map((machine) => `${UNPACKED}/usr/lib/${machine}-linux-gnu`)
  .join(':');

/** Evolution's IMAP, which its mail engine loads, and what GLib must know of its settings. */
export const camelProvider = `${UNPACKED}/usr/lib/evolution-data-server/camel-providers/libcamelimapx.so`;
export const camelSchemas = `${UNPACKED}/usr/share/glib-2.0/schemas/org.gnome.evolution-data-server.gschema.xml`;

/** What must be installed for a program to be there, by the name under which tests ask for it, or its path outside the PATH. */
export const debianPackages = {
  curl: ['curl'],
  '/usr/share/doc/gir1.2-camel-1.2': ['gir1.2-camel-1.2', 'glib-networking', 'libical3', 'python3-gi'],
  [camelProvider]: ['evolution-data-server'],
  [camelSchemas]: ['evolution-data-server-common'],
  'glib-compile-schemas': ['libglib2.0-bin'],
  fetchmail: ['fetchmail'],
  getmail: ['getmail6'],
  [haProxy]: ['haproxy', 'libopentracing-c-wrapper0', 'libopentracing1'],
  '/usr/share/doc/liblua5.3-0': ['liblua5.3-0', 'libpcre2-8-0', 'libssl3'],
  [imapProxy]: ['imapproxy'],
  '/usr/share/doc/libwrap0': ['libwrap0', 'libssl3'],
  mbsync: ['isync'],
  neomutt: ['neomutt'],
  offlineimap: ['offlineimap3'],
  python3: ['python3'],
  cyradm: ['cyrus-admin'],
  sieveshell: ['cyrus-admin'],
  '/usr/lib/cyrus/bin/sivtest': ['cyrus-clients'],
  '/usr/lib/cyrus/bin/lmtptest': ['cyrus-clients'],
  postfix: ['postfix', 'libsasl2-modules'],
  php: ['php-cli'],
  '/usr/share/php/Net/Sieve.php': ['php-net-sieve'],
  '/usr/share/perl5/Mail/IMAPClient.pm': ['libmail-imapclient-perl', 'libio-socket-ssl-perl'],
  [roundcubeSieve]: ['roundcube-plugins'],
  radosgw: ['ceph-mon', 'ceph-osd', 'radosgw', 'ceph-common'],
  script: ['bsdutils'],
  swaks: ['swaks', 'libnet-ssleay-perl'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

/** What only tests of the soak run, and nobody installs by the way: 80 MB, 300 unpacked. */
export const heavyPackages = { thunderbird: ['thunderbird'] } as const satisfies Readonly<
  Record<string, readonly string[]>
>;

const allPackages = { ...debianPackages, ...heavyPackages };

export type Program = keyof typeof allPackages;

const ATTEMPTS = 3;

/** The machine as far as installing is concerned; tests put another in its place. */
export interface Machine {
  has(program: string): boolean;
  /** Whether this process may install packages. */
  readonly mayInstall: boolean;
  /** Runs a command, answers its exit code; null when it could not be run. */
  run(command: string, args: readonly string[]): number | null;
  say(text: string): void;
}

/** Those of the programs that are not in the PATH. */
export function missingPrograms(
  programs: readonly Program[],
  machine: Pick<Machine, 'has'> = thisMachine,
): readonly Program[] {
  return programs.filter((program) => !machine.has(program));
}

/** Installs what tests need and is not there, if this process may; answers what is missing then. */
export function installDebianPackages(machine: Machine = thisMachine): readonly Program[] {
  const programs = Object.keys(debianPackages) as Program[];
  const missing = missingPrograms(programs, machine);
  if (missing.length === 0) return [];
  if (machine.mayInstall) {
    machine.say(`installing for the tests: ${missing.flatMap((program) => allPackages[program]).join(' ')}`);
    install(missing, machine);
  }
  const left = missingPrograms(missing, machine);
  if (left.length > 0) {
    const why = machine.mayInstall ? 'apt-get failed, see above' : 'only root can install them';
    machine.say(`not here: ${left.join(', ')} (${why}). To have their tests run: ${howToInstall(left)}`);
  }
  return left;
}

/** The command lines that bring the programs. */
export function howToInstall(programs: readonly Program[]): string {
  const { installed, unpacked } = packagesOf(programs);
  const commands: string[] = [];
  if (installed.length > 0) commands.push(`apt-get install ${installed.join(' ')}`);
  if (unpacked.length > 0) commands.push(`apt-get download ${unpacked.join(' ')}, dpkg-deb -x each to ${UNPACKED}`);
  return commands.join('; ');
}

function packagesOf(programs: readonly Program[]) {
  const isUnpacked = (program: Program): boolean => program.startsWith(`${UNPACKED}/`);
  return {
    installed: programs.filter((program) => !isUnpacked(program)).flatMap((program) => allPackages[program]),
    unpacked: programs.filter(isUnpacked).flatMap((program) => allPackages[program]),
  };
}

/** `$1` the folder, then packages. */
const UNPACK = `set -e; mkdir -p "$1"; cd "$1"; shift; apt-get -q download "$@"
for package in *.deb; do dpkg-deb -x "$package" .; rm "$package"; done`;

function install(programs: readonly Program[], { run, say }: Machine): void {
  const { installed, unpacked } = packagesOf(programs);
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    // A mirror that is being written, or another apt-get at work: both pass.
    const wait = ['-o', 'DPkg::Lock::Timeout=120', '-o', 'Acquire::Retries=3'];
    const updated = run('apt-get', ['update', '-qq', ...wait]);
    if (updated === null) {
      say('there is no apt-get on this machine');
      return;
    }
    const install = ['install', '-y', '-qq', '--no-install-recommends', ...wait, ...installed];
    const isInstalled = installed.length === 0 || run('apt-get', install) === 0;
    const isUnpacked = unpacked.length === 0 || run('sh', ['-c', UNPACK, 'sh', UNPACKED, ...unpacked]) === 0;
    if (isInstalled && isUnpacked) return;
    say(`apt-get install failed (attempt ${attempt} of ${ATTEMPTS})`);
  }
}

const thisMachine: Machine = {
  mayInstall: process.getuid?.() === 0,
  has: (program) =>
    isAbsolute(program)
      ? existsSync(program)
      : (process.env.PATH ?? '').split(delimiter).some((folder) => isExecutable(join(folder, program))),
  run: (command, args) =>
    spawnSync(command, args, {
      // Standard error for all: what the caller prints stays the end of standard output.
      stdio: ['ignore', 2, 2],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    }).status,
  say: (text) => console.error(`debian packages: ${text}`),
};

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
