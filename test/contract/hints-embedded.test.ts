import { mkdir, readdir, stat } from 'node:fs/promises';
import { createConnection, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openUnixHints } from '../../lib/embedded/hints-unix.ts';
import { type HintLink, SocketHints } from '../../lib/hints/socket-hints.ts';
import type { Hint, Hints } from '../../lib/store/ports.ts';
import { linesOf, startChild } from '../support/child.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { until } from '../support/until.ts';
import { type HintGroup, hintsContract } from './hints.contract.ts';

async function openGroup(under = ''): Promise<HintGroup & { readonly path: string }> {
  const folder = await temporaryFolder();
  const path = join(folder.path, under);
  await mkdir(path, { recursive: true });
  const members: Hints[] = [];
  // Where sockets go when the path is too long.
  const before = process.env.TMPDIR;
  process.env.TMPDIR = folder.path;
  return {
    path,
    async join() {
      const member = await openUnixHints(path);
      members.push(member);
      return member;
    },
    async [Symbol.asyncDispose]() {
      for (const member of members) await member.close();
      if (before === undefined) delete process.env.TMPDIR;
      else process.env.TMPDIR = before;
      await folder[Symbol.asyncDispose]();
    },
  };
}

hintsContract('embedded hints', openGroup);
hintsContract('embedded hints in a folder with a long name', () => openGroup('long-'.repeat(30)));

describe('embedded hints, sockets', () => {
  test('what is no hint is dropped, and a line without end closes the connection', async () => {
    await using group = await openGroup();
    const hints = await group.join();
    const heard: Hint[] = [];
    hints.listen((hint) => heard.push(hint));
    const socket = createConnection(join(group.path, 'run', hints.address));
    socket.on('error', () => undefined);
    socket.write('\n1\n1 \n-1 a\n1.5 a\nx a\n1 a b\n99999999999999999 a\n9007199254740993 a\n1 \u00e9\n3 good\n1 ');
    await until('the good one is there', () => heard.length > 0);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.write('x'.repeat(100_000));
    await closed;
    expect(heard).toEqual([{ id: 'good', rev: 3 }]);
  });

  test('a peer that does not read costs no more than its share of memory', async () => {
    await using group = await openGroup();
    const hints = await group.join();
    const name = `h${'0'.repeat(15)}1`;
    let ignored: Socket | undefined;
    const deaf = createServer((socket) => {
      ignored = socket.pause().on('error', () => undefined);
    });
    await new Promise<void>((resolve) => deaf.listen(join(group.path, 'run', name), resolve));
    const before = process.memoryUsage().arrayBuffers;
    for (let round = 0; round < 50; round++) {
      for (let i = 0; i < 2000; i++) hints.send({ id: 'm'.repeat(200), rev: i }, [name]);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8_000_000);
    await hints.close();
    ignored?.destroy();
    await new Promise((resolve) => deaf.close(resolve));
  });

  test('who connects and says nothing is cut off, who has said something may stay; more than so many are not let in', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'socket');
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(path, resolve));
    const link: HintLink = { connect: () => undefined, seal: (text) => text, unseal: (line) => line };
    const hints = new SocketHints(server, 'here', link, 100);
    const heard: Hint[] = [];
    hints.listen((hint) => heard.push(hint));
    const connect = (): Socket => createConnection(path).on('error', () => undefined);
    const closed = (socket: Socket): Promise<unknown> => new Promise((resolve) => socket.once('close', resolve));
    const speaking = connect();
    speaking.write('1 a\n');
    await until('it is heard', () => heard.length === 1);
    await closed(connect().resume());
    speaking.write('2 a\n');
    await until('it is heard again', () => heard.length === 2);
    const many = Array.from({ length: 600 }, connect);
    await Promise.all(many.slice(511).map((socket) => closed(socket.resume())));
    for (const socket of [speaking, ...many]) socket.destroy();
    await hints.close();
  });

  test('the socket of a killed process is removed when it is met, and at the next start', async () => {
    await using group = await openGroup();
    const run = join(group.path, 'run');
    const hints = await group.join();
    for (const met of [true, false]) {
      const child = startChild('./hints-child.ts', [group.path]);
      const lines = linesOf(child);
      await until('the child is there', async () => (await readdir(run)).length === 2);
      const name = (await readdir(run)).find((each) => each !== hints.address) ?? '';
      // Between listening and this the folder alone keeps others out.
      await until('the socket is its owner’s', async () => ((await stat(join(run, name))).mode & 0o777) === 0o600);
      child.process.kill('SIGKILL');
      await lines;
      expect(await readdir(run)).toHaveLength(2);
      if (met) hints.send({ id: 'm', rev: 1 }, [name]);
      else await group.join().then((joined) => joined.close());
      await until('it is gone', async () => (await readdir(run)).length === 1);
    }
  });
});
