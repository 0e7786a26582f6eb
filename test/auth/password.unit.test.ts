import { argon2Sync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { BadPassword, checkPassword, generatePassword, hashPassword, verifyPassword } from '../../lib/auth/password.ts';
import { Slots } from '../../lib/auth/slots.ts';

describe('verifiers', () => {
  test('are PHC strings of argon2id at the cost we promise, each with a salt of its own', async () => {
    const [one, two] = await Promise.all([hashPassword('geheim'), hashPassword('geheim')]);
    expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/);
    expect(one).not.toBe(two);
    expect(await verifyPassword('geheim', one)).toBe(true);
    expect(await verifyPassword('Geheim', one)).toBe(false);
  });

  test('of other programs, at other costs, are understood', async () => {
    const salt = Buffer.from('somesalt');
    const options = { message: 'pw', nonce: salt, parallelism: 2, tagLength: 24, memory: 64, passes: 3 };
    const bare = (bytes: Buffer): string => bytes.toString('base64').replace(/=+$/, '');
    const verifier = `$argon2id$v=19$m=64,t=3,p=2$${bare(salt)}$${bare(argon2Sync('argon2id', options))}`;
    expect(await verifyPassword('pw', verifier)).toBe(true);
    expect(await verifyPassword('pv', verifier)).toBe(false);
  });

  test.each([
    undefined,
    '',
    'geheim',
    '$argon2i$v=19$m=64,t=3,p=2$c29tZXNhbHQ$c29tZXNhbHQ',
    '$argon2id$v=19$m=999999999,t=1,p=1$c29tZXNhbHQ$c29tZXNhbHQ',
    '$argon2id$v=19$m=8,t=0,p=1$c29tZXNhbHQ$c29tZXNhbHQ',
    '$argon2id$v=19$m=8,t=1,p=2$c29tZXNhbHQ$c29tZXNhbHQ',
  ])('%s is nobody’s: no, and no error', async (verifier) => {
    expect(await verifyPassword('geheim', verifier)).toBe(false);
  });

  test('RFC 8265 §4.2.2: composed or not, and whichever space, it is one password', async () => {
    const verifier = await hashPassword('Käse\u00a0Brot');
    expect(await verifyPassword('Ka\u0308se Brot', verifier)).toBe(true);
  });

  test('a password too long for anybody is not hashed, and wrong', async () => {
    expect(await verifyPassword('x'.repeat(10_000_000), await hashPassword('x'))).toBe(false);
  });
});

describe('passwords that cannot be', () => {
  test.each([
    ['', 'empty'],
    ['x'.repeat(1025), '1024 bytes'],
    ['ä'.repeat(513), '1024 bytes'],
    ['a\u0000b', 'control characters'],
    ['a\r\nb', 'control characters'],
  ])('%j', (password, reason) => {
    expect(() => checkPassword(password)).toThrow(BadPassword);
    expect(() => checkPassword(password)).toThrow(reason);
  });
});

test('a password that is made up can be read out, and is no one else’s', () => {
  const passwords = new Set(Array.from({ length: 1000 }, () => generatePassword()));
  expect(passwords.size).toBe(1000);
  for (const password of passwords) expect(password).toMatch(/^[a-hjkmnp-z2-9]{6}(-[a-hjkmnp-z2-9]{6}){2}$/);
});

test('slots: so many at a time, in order, and no endless line', async () => {
  const slots = new Slots(2, 3);
  let running = 0;
  let most = 0;
  const order: number[] = [];
  const release: (() => void)[] = [];
  const work = (n: number) => async (): Promise<number> => {
    most = Math.max(most, ++running);
    order.push(n);
    await new Promise<void>((resolve) => release.push(resolve));
    running--;
    if (n === 1) throw new Error('one fails');
    return n;
  };
  const results = [0, 1, 2, 3, 4].map((n) => slots.run(work(n)).catch((error: Error) => error.message));
  await expect(slots.run(work(5))).rejects.toMatchObject({ code: 'unavailable' });
  for (let done = 0; done < 5; done++) {
    while (release.length === 0) await new Promise((resolve) => setImmediate(resolve));
    release.shift()?.();
  }
  expect(await Promise.all(results)).toEqual([0, 'one fails', 2, 3, 4]);
  expect(order).toEqual([0, 1, 2, 3, 4]);
  expect(most).toBe(2);
  // All slots are free again.
  const after = slots.run(async () => 'free');
  expect(await after).toBe('free');
});
