import { expect, test } from 'vitest';
import { userNames } from '../../lib/store/user-names.ts';

test.each([
  [{ local: 'anna', domain: undefined }, undefined, ['anna']],
  [{ local: 'anna', domain: undefined }, 'example.org', ['anna', 'anna@example.org']],
  [{ local: 'anna', domain: 'example.org' }, undefined, ['anna@example.org', 'anna']],
  [{ local: 'anna', domain: 'example.org' }, 'example.org', ['anna@example.org', 'anna']],
  [{ local: 'anna', domain: 'example.com' }, 'example.org', ['anna@example.com']],
  [{ local: 'ju\u0308rgen', domain: undefined }, undefined, ['j\u00fcrgen']],
  [{ local: '', domain: undefined }, undefined, []],
  [{ local: '', domain: 'example.org' }, undefined, []],
  [{ local: 'anna', domain: '' }, undefined, []],
  [{ local: 'anna', domain: '-' }, undefined, []],
  [{ local: 'a'.repeat(251), domain: undefined }, undefined, []],
  [{ local: 'anna', domain: 'a'.repeat(246) }, undefined, []],
])('%j with default domain %s', (given, defaultDomain, names) => {
  expect(userNames(given, defaultDomain)).toEqual(names);
});
