import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A Debian package set unpacked into a folder of its own: the peers' packages conflict, and nothing is installed. */
export interface RootFs {
  readonly folder: string;
  /** The command line that runs a program in there. */
  command(program: string, ...args: readonly string[]): [string, string[]];
  /** Runs a program to its end; throws with what it printed when it fails. */
  run(program: string, args: readonly string[], input?: string): string;
}

/** Downloads and unpacks the packages with all they depend on, once; later calls find them again. Needs root. */
export function rootFs(cache: string, name: string, packages: readonly string[]): RootFs {
  const folder = join(cache, name);
  if (!existsSync(folder)) {
    if (process.getuid?.() !== 0) throw new Error('the peers run in a chroot: the benchmark needs root');
    console.error(`bench: fetching ${name} (${packages.join(' ')}) from Debian, once ...`);
    const making = `${folder}.making`;
    rmSync(making, { recursive: true, force: true });
    unpack(making, fetch(join(cache, `${name}.packages`), packages));
    renameSync(making, folder);
  }
  const command = (program: string, ...args: readonly string[]): [string, string[]] => [
    'chroot',
    [folder, program, ...args],
  ];
  return {
    folder,
    command,
    run: (program, args, input) => {
      const [file, all] = command(program, ...args);
      const { status, stdout, stderr } = spawnSync(file, all, { input, encoding: 'utf8' });
      if (status !== 0) throw new Error(`${program} ${args.join(' ')} failed: ${stdout}${stderr}`);
      return stdout;
    },
  };
}

/** The .deb files of the packages and of all they depend on: an empty package status makes apt fetch everything. */
function fetch(folder: string, packages: readonly string[]): readonly string[] {
  const archives = join(folder, 'archives');
  mkdirSync(join(archives, 'partial'), { recursive: true });
  const status = join(folder, 'status');
  writeFileSync(status, '');
  const options = [`Dir::State::status=${status}`, `Dir::Cache::archives=${archives}`, 'Debug::NoLocking=1'];
  const settings = [...options, 'APT::Sandbox::User=root'].flatMap((option) => ['-o', option]);
  const args = ['-y', '-qq', '--no-install-recommends', '--download-only', 'install', ...packages];
  execFileSync('apt-get', [...settings, ...args], { stdio: ['ignore', 2, 2] });
  return readdirSync(archives)
    .filter((file) => file.endsWith('.deb'))
    .map((file) => join(archives, file));
}

function unpack(root: string, packages: readonly string[]): void {
  for (const folder of ['bin', 'sbin', 'lib', 'lib64']) {
    mkdirSync(join(root, 'usr', folder), { recursive: true });
    // Debian's merged /usr, which the packages expect to find.
    symlinkSync(`usr/${folder}`, join(root, folder));
  }
  for (const file of packages) {
    const tar = execFileSync('dpkg-deb', ['--fsys-tarfile', file], { maxBuffer: 2 ** 30 });
    execFileSync('tar', ['-x', '--keep-directory-symlink', '-C', root], { input: tar });
  }
  for (const folder of ['dev', 'tmp', 'run', 'etc']) mkdirSync(join(root, folder), { recursive: true });
  for (const device of ['null', 'zero', 'random', 'urandom']) {
    execFileSync('cp', ['-a', `/dev/${device}`, join(root, 'dev')]);
  }
}
