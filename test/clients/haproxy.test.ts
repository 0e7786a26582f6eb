import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { haProxy, haProxyLibraries } from '../../scripts/debian-packages.ts';
import { openPlace, type Server } from '../cli/support.ts';
import { addUsers } from '../support/add-users.ts';
import { freePort } from '../support/free-port.ts';
import { until } from '../support/until.ts';
import { describeWith } from './programs.ts';
import { run } from './run.ts';

/** The recipe of docs/server.md, for each version of the protocol; checks begin with a header, too. */
async function startHaProxy(folder: string, server: Server): Promise<{ ports: readonly number[] } & AsyncDisposable> {
  const ports = [await freePort(), await freePort(), await freePort()];
  const listen = (name: string, port: number | undefined, to: number, version: string): string =>
    [
      `listen ${name}`,
      `  bind 127.0.0.1:${port}`,
      '  source 127.0.0.2',
      `  server cirrus 127.0.0.1:${to} ${version} check inter 200ms`,
      '',
    ].join('\n');
  const file = join(folder, 'haproxy.cfg');
  await writeFile(
    file,
    [
      'defaults',
      '  mode tcp',
      '  timeout connect 5s',
      '  timeout client 40m',
      '  timeout server 40m',
      '',
      listen('first', ports[0], server.imaps, 'send-proxy'),
      listen('second', ports[1], server.imaps, 'send-proxy-v2'),
      listen('none', ports[2], server.imaps, ''),
    ].join('\n'),
  );
  const child = spawn(haProxy, ['-db', '-f', file], {
    stdio: 'ignore',
    env: { ...process.env, LD_LIBRARY_PATH: haProxyLibraries },
  });
  // A test run that is cut short leaves no proxy behind.
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  const ended = once(child, 'exit');
  return {
    ports,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await ended;
      process.off('exit', kill);
    },
  };
}

describeWith([haProxy, '/usr/share/doc/liblua5.3-0', 'curl'], 'haproxy', () => {
  it('tells whose connections it passes on, and is cut off where it does not', async () => {
    await using place = await openPlace();
    await addUsers(place.data, ['anna'], 'open sesame');
    const server = await place.serve({
      CIRRUS_HAPROXY_TRUSTED_NETWORKS: '127.0.0.2',
      CIRRUS_LOGLEVEL: 'debug',
    });
    await using proxy = await startHaProxy(place.path, server);
    const curl = async (port: number | undefined, client: string, password: string): Promise<number | null> => {
      const user = ['--interface', client, '--user', `anna:${password}`];
      return (await run('curl', ['-sk', '--max-time', '20', ...user, `imaps://127.0.0.1:${port}/`])).code;
    };
    const logged = (msg: string): readonly string[] =>
      server.text.out
        .split('\n')
        .filter((line) => line.includes(`"msg":"${msg}"`))
        .map((line) => (JSON.parse(line) as { peer: string }).peer);
    await until('haproxy has found us', async () => (await curl(proxy.ports[0], '127.0.0.7', 'open sesame')) === 0);
    expect(await curl(proxy.ports[1], '127.0.0.8', 'open sesame')).toBe(0);
    expect(await curl(proxy.ports[1], '127.0.0.9', 'wrong')).toBe(67);
    expect(new Set(logged('logged in'))).toEqual(new Set(['127.0.0.7', '127.0.0.8']));
    expect(logged('login failed')).toEqual(['127.0.0.9']);
    // One that says nothing of its clients is cut off.
    const before = logged('a proxy was not understood').length;
    expect(await curl(proxy.ports[2], '127.0.0.7', 'open sesame')).not.toBe(0);
    await until('it is noticed', () => logged('a proxy was not understood').length > before);
    // Others need no proxy.
    expect(await curl(server.imaps, '127.0.0.10', 'open sesame')).toBe(0);
    expect(logged('logged in').at(-1)).toBe('127.0.0.10');
  });
});
