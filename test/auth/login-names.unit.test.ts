import { expect, test } from 'vitest';
import { loginNames } from '../../lib/auth/login-names.ts';

test.each([
  ['Anna', undefined, ['anna']],
  ['anna', 'example.org', ['anna', 'anna@example.org']],
  ['anna@example.org', undefined, ['anna@example.org', 'anna']],
  ['anna@Example.org', 'example.org', ['anna@example.org', 'anna']],
  ['anna@example.com', 'example.org', ['anna@example.com']],
  ['', undefined, []],
  ['@example.org', undefined, []],
  ['anna@', undefined, []],
  ['anna@-', undefined, []],
  ['a'.repeat(251), undefined, []],
])('%s with default domain %s', (given, defaultDomain, names) => {
  expect(loginNames(given, defaultDomain)).toEqual(names);
});
