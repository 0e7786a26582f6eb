import { readFileSync } from 'node:fs';
import { App } from 'aws-cdk-lib';
import { describe, expect, it } from 'vitest';
import { type CirrusProps, defaultProps, propsOfContext } from '../../lib/infra/props.ts';

const read = (context: Record<string, unknown>): CirrusProps => propsOfContext(new App({ context }).node);

describe('the props that the context gives', () => {
  it('are the defaults when it gives none', () => {
    expect(read({})).toEqual(defaultProps);
  });

  it('are read as the command line and cdk.json write them', () => {
    const context = {
      domain: ' example.org ',
      ses: 'true',
      minTasks: '3',
      maxTasks: 4,
      protocols: 'imaps, sieve imaps',
    };
    expect(read(context)).toEqual({
      ...defaultProps,
      domain: 'example.org',
      ses: true,
      minTasks: 3,
      maxTasks: 4,
      protocols: ['imaps', 'sieve'],
    });
    expect(read({ ses: true, domain: 'example.org' }).ses).toBe(true);
  });

  it.each([
    [{ minTasks: '0' }, 'minTasks: "0" is not allowed; allowed: a number from 1 to 1000'],
    [{ minTasks: '2.5' }, 'minTasks: "2.5"'],
    [{ minTasks: 5, maxTasks: 4 }, 'maxTasks: "4" is not allowed; allowed: at least minTasks (5)'],
    [{ subnets: 'isolated' }, 'subnets: "isolated" is not allowed; allowed: public, private'],
    [{ protocols: 'imap,smtp' }, 'protocols: "imap,smtp" is not allowed; allowed: some of imap, imaps'],
    [{ protocols: ' , ' }, 'protocols: "," is not allowed'],
    [{ ses: 'yes' }, 'ses: "yes" is not allowed; allowed: true, false'],
    [{ smtpRelay: 'ses' }, 'smtpRelay: "ses" is not allowed; allowed: only with a domain'],
    [{ smtpRelay: 'mail.example.org' }, 'smtpRelay: "mail.example.org" is not allowed; allowed: off, ses or host:port'],
    [{ ses: 'true' }, 'ses: "true" is not allowed; allowed: only with a domain'],
    [{ recoveryDays: 36 }, 'recoveryDays: "36" is not allowed; allowed: a number from 1 to 35'],
    [{ restoredTable: 'a table' }, 'restoredTable: "a table" is not allowed'],
    [{ logDays: 31 }, 'logDays: "31" is not allowed; allowed: 1, 3, 5'],
    [{ certificate: 'arn:aws:acm:eu-west-1:123456789012:certificate/x' }, 'allowed: the ARN of a secret'],
    [{ delivery: 'ses' }, 'delivery: "ses" is not allowed; allowed: lambda, gateway'],
  ])('refuse %j, saying what is allowed', (context, text) => {
    expect(() => read(context)).toThrow(text);
  });
});

describe('docs/operations.md', () => {
  it('says of every prop what it is and what it is by default', () => {
    const text = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8');
    const rows = [...text.matchAll(/^\| `(\w+)` \| ([^|]*) \| ([^|]+) \|$/gm)];
    const defaults = Object.fromEntries(rows.map(([, name, value]) => [name, value?.replaceAll('`', '').trim()]));
    const written = (value: unknown): string => (value === '' ? '(empty)' : String(value).replaceAll(',', ', '));
    expect(defaults).toEqual(Object.fromEntries(Object.entries(defaultProps).map(([k, v]) => [k, written(v)])));
  });
});
