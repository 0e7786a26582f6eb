import { describe, expect, it } from 'vitest';
import { debianPackages, installDebianPackages, type Machine, roundcubeSieve } from '../../scripts/debian-packages.ts';

const all = Object.keys(debianPackages);

/** A machine on which these programs are; `apt` answers the exit code of each apt-get, and may add programs. */
function machine(has: string[], options: { mayInstall?: boolean; apt?: (verb: string) => number | null } = {}) {
  const said: string[] = [];
  const runs: string[][] = [];
  const { mayInstall = true, apt = () => 0 } = options;
  const it: Machine = {
    mayInstall,
    has: (program) => has.includes(program),
    run: (command, args) => {
      runs.push([command, ...args]);
      return apt(args[0] ?? '');
    },
    say: (text) => void said.push(text),
  };
  return { ...it, said, runs };
}

describe('Debian packages for the tests', () => {
  it('are left alone when all is there', () => {
    const here = machine(all);
    expect(installDebianPackages(here)).toEqual([]);
    expect([here.runs, here.said]).toEqual([[], []]);
  });

  it('are installed when missing, and no others', () => {
    const has = all.filter((program) => program !== 'mbsync');
    const apt = (verb: string): number => {
      if (verb === 'install') has.push('mbsync');
      return 0;
    };
    const here = machine(has, { apt });
    expect(installDebianPackages(here)).toEqual([]);
    expect(here.runs.map(([, verb, ...rest]) => [verb, rest.at(-1)])).toEqual([
      ['update', 'Acquire::Retries=3'],
      ['install', 'isync'],
    ]);
    expect(here.runs[1]).toEqual(expect.arrayContaining(['-y', '--no-install-recommends']));
  });

  it('are unpacked, not installed, where only files are wanted', () => {
    const has = all.filter((program) => program !== roundcubeSieve);
    const apt = (verb: string): number => {
      if (verb === '-c') has.push(roundcubeSieve);
      return 0;
    };
    const here = machine(has, { apt });
    expect(installDebianPackages(here)).toEqual([]);
    expect(here.runs.map(([command]) => command)).toEqual(['apt-get', 'sh']);
    expect(here.runs[1]?.slice(3)).toEqual(['sh', '/var/lib/cirrus-tests', 'roundcube-plugins']);
  });

  it('are tried three times, then named with the command that installs them', () => {
    const here = machine(
      all.filter((program) => program !== 'swaks'),
      { apt: () => 100 },
    );
    expect(installDebianPackages(here)).toEqual(['swaks']);
    expect(here.runs.filter(([, verb]) => verb === 'install')).toHaveLength(3);
    expect(here.said.at(-1)).toBe(
      'not here: swaks (apt-get failed, see above). To have their tests run: apt-get install swaks libnet-ssleay-perl',
    );
  });

  it('are only named by those who may not install, and where there is no apt-get', () => {
    const user = machine([], { mayInstall: false });
    expect(installDebianPackages(user)).toEqual(all);
    expect(user.runs).toEqual([]);
    expect(user.said.join()).toMatch(/only root can install them/);
    const other = machine([], { apt: () => null });
    expect(installDebianPackages(other)).toEqual(all);
    expect(other.runs).toHaveLength(1);
    expect(other.said.join()).toMatch(/no apt-get/);
  });
});
