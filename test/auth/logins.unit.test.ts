import { expect, test } from 'vitest';
import { Logins } from '../../lib/auth/logins.ts';

test('a user has as many sessions as may be, and one more when one has ended', () => {
  const logins = new Logins(2);
  const first = logins.begin('anna');
  expect(logins.begin('anna')).toBeDefined();
  expect(logins.begin('anna')).toBeUndefined();
  expect(logins.begin('bert')).toBeDefined();
  first?.();
  first?.();
  expect(logins.begin('anna')).toBeDefined();
  expect(logins.begin('anna')).toBeUndefined();
});

test('0: any number', () => {
  const logins = new Logins(0);
  for (let i = 0; i < 1000; i++) expect(logins.begin('anna')).toBeDefined();
});
