import { randomBytes } from 'node:crypto';
import { createConnection } from 'node:net';
import { describe, expect, test } from 'vitest';
import { openTcpHints } from '../../lib/aws/hints-tcp.ts';
import type { Hint, Hints } from '../../lib/store/ports.ts';
import { until } from '../support/until.ts';
import { type HintGroup, hintsContract } from './hints.contract.ts';

async function openGroup(): Promise<HintGroup> {
  const key = randomBytes(32);
  const members: Hints[] = [];
  return {
    async join() {
      const member = await openTcpHints({ host: '127.0.0.1', port: 0, key });
      members.push(member);
      return member;
    },
    async [Symbol.asyncDispose]() {
      for (const member of members) await member.close();
    },
  };
}

hintsContract('hints over TCP', openGroup);

describe('hints over TCP, strangers', () => {
  test('who has another key, or none, is not heard and cut off (Rule 20)', async () => {
    await using group = await openGroup();
    await using others = await openGroup();
    const [a, b, stranger] = [await group.join(), await group.join(), await others.join()];
    const heard: Hint[] = [];
    a.listen((hint) => heard.push(hint));
    stranger.send({ id: 'forged', rev: 1 }, [a.address]);
    for (const text of ['1 plain\n', 'GET / HTTP/1.0\n', 'x'.repeat(100_000), `1 a ${'0'.repeat(64)}\n`]) {
      const socket = createConnection(Number(a.address.split(':')[1]), '127.0.0.1').on('error', () => undefined);
      const closed = new Promise((resolve) => socket.once('close', resolve));
      socket.resume().write(text);
      await closed;
    }
    b.send({ id: 'good', rev: 3 }, [a.address]);
    await until('the good one is there', () => heard.length > 0);
    expect(heard).toEqual([{ id: 'good', rev: 3 }]);
  });

  test('a short key, and an address that is taken, are refused', async () => {
    await using group = await openGroup();
    const { address } = await group.join();
    const host = '127.0.0.1';
    await expect(openTcpHints({ host, port: 0, key: Buffer.alloc(8) })).rejects.toThrow(RangeError);
    const port = Number(address.split(':')[1]);
    await expect(openTcpHints({ host, port, key: Buffer.alloc(32) })).rejects.toMatchObject({ code: 'unavailable' });
  });
});
