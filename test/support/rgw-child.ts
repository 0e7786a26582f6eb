// Keeps one Ceph RGW for a test run: starts it in the folder, writes `endpoint` there, and ends it when the
// process OWNER has; then removes the folder and SHARED, by which the run's test files found it.
// usage: node rgw-child.ts FOLDER OWNER SHARED
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './free-port.ts';
import { RGW_KEY, RGW_SECRET } from './rgw-keys.ts';

const [folder = '', owner = '', shared = ''] = process.argv.slice(2);
const START_MS = 240_000;
const daemons: ChildProcess[] = [];
const conf = join(folder, 'ceph.conf');
const ceph = (program: string, ...args: string[]): Promise<void> => run(program, ['-c', conf, ...args]);

let stopping = false;
process.on('SIGTERM', () => (stopping = true));
try {
  await start().catch((error: unknown) => writeFile(join(shared, 'failed'), String(error)));
  while (!stopping && lives(Number(owner))) await sleep(500);
} finally {
  for (const daemon of daemons.reverse()) await end(daemon);
  for (const path of [folder, shared]) await rm(path, { recursive: true, force: true });
}

async function start(): Promise<void> {
  const monitor = `[v2:127.0.0.1:${await freePort()},v1:127.0.0.1:${await freePort()}]`;
  const port = await freePort();
  const fsid = randomUUID();
  for (const name of ['mon', 'osd0', 'run', 'log']) await mkdir(join(folder, name));
  await writeFile(conf, configuration(fsid, monitor, port));
  await makeKeys();
  const map = join(folder, 'monmap');
  await run('monmaptool', ['--create', '--clobber', '--addv', 'a', monitor, '--fsid', fsid, map]);
  await ceph('ceph-mon', '--mkfs', '-i', 'a', '--monmap', map, '--keyring', keyring());
  daemon('ceph-mon', '-i', 'a', '--public-addr', '127.0.0.1');
  const osd = randomUUID();
  await ceph('ceph', '--connect-timeout', '120', 'osd', 'new', osd);
  await ceph('ceph-osd', '-i', '0', '--mkfs', '--osd-uuid', osd);
  daemon('ceph-osd', '-i', '0');
  daemon('radosgw', '-n', 'client.rgw.a');
  const endpoint = `http://127.0.0.1:${port}`;
  await answering(endpoint);
  const user = ['--uid=test', '--display-name=test', `--access-key=${RGW_KEY}`, `--secret-key=${RGW_SECRET}`];
  await ceph('radosgw-admin', '-n', 'client.rgw.a', 'user', 'create', ...user);
  await writeFile(join(folder, 'endpoint.new'), endpoint);
  await rename(join(folder, 'endpoint.new'), join(folder, 'endpoint'));
}

function keyring(): string {
  return join(folder, 'keyring');
}

async function makeKeys(): Promise<void> {
  const caps = {
    'mon.': ['mon', 'allow *'],
    'client.admin': ['mon', 'allow *', 'osd', 'allow *', 'mgr', 'allow *'],
    'client.rgw.a': ['mon', 'allow rwx', 'osd', 'allow rwx'],
    'osd.0': ['mon', 'allow profile osd', 'osd', 'allow *'],
  };
  await writeFile(keyring(), '');
  for (const [name, words] of Object.entries(caps)) {
    const pairs = words.flatMap((word, i) => (i % 2 === 0 ? ['--cap', word] : [word]));
    await run('ceph-authtool', [keyring(), '--gen-key', '-n', name, ...pairs]);
  }
}

/**
 * One node, one copy, loopback only. Version 16 answers 22 GETs a second without `tcp_nodelay`, and its monitor waits a second
 * before each change of the pools unless told otherwise.
 */
function configuration(fsid: string, monitor: string, port: number): string {
  const at = (name: string): string => join(folder, name);
  return `[global]
fsid = ${fsid}
mon host = ${monitor}
public network = 127.0.0.0/8
auth cluster required = cephx
auth service required = cephx
auth client required = cephx
auth allow insecure global id reclaim = false
keyring = ${keyring()}
osd pool default size = 1
osd pool default min size = 1
mon allow pool size one = true
mon warn on pool no redundancy = false
osd pool default pg num = 8
osd pool default pgp num = 8
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
osd objectstore = bluestore
bluestore block size = 8589934592
bluestore block create = true
osd memory target = 1073741824
osd max object name len = 2048
ms bind ipv4 = true
ms bind port min = 20000
ms bind port max = 32000
run dir = ${at('run')}
log file = ${at('log')}/$name.log
admin socket = ${at('run')}/$name.asok
paxos propose interval = 0.02
paxos min wait = 0.01
mon data avail crit = 1
mon data avail warn = 2
[mon]
mon data = ${at('mon')}
[osd]
osd data = ${at('osd0')}
[client.rgw.a]
rgw frontends = beast endpoint=127.0.0.1:${port} tcp_nodelay=1
rgw enable ops log = false
rgw dynamic resharding = false
rgw thread pool size = 64
`;
}

/** In the foreground, and ended with this process however that ends. */
function daemon(program: string, ...args: string[]): void {
  const words = ['--pdeathsig', 'KILL', program, '-c', conf, '-f', ...args];
  daemons.push(spawn('setpriv', words, { stdio: 'ignore' }));
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 5000);
  await ended;
  clearTimeout(timer);
}

async function run(program: string, args: readonly string[]): Promise<void> {
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (text) => (said = (said + text).slice(-4000)));
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`${program} ${args.join(' ')}: ${code}\n${said}`);
}

async function answering(endpoint: string): Promise<void> {
  const end = Date.now() + START_MS;
  for (;;) {
    const response = await fetch(endpoint).catch(() => undefined);
    await response?.body?.cancel();
    if (response?.ok === true) return;
    const dead = daemons.find((child) => child.exitCode !== null || child.signalCode !== null);
    if (dead !== undefined) throw new Error(`${dead.spawnargs.join(' ')} ended with ${dead.exitCode}`);
    if (Date.now() > end) throw new Error(`no answer from RGW after ${START_MS / 1000} s`);
    await sleep(100);
  }
}

function lives(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
