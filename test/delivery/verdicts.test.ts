import { describe, expect, it } from 'vitest';
import { verdictsOf } from '../../lib/delivery/verdicts.ts';
import { message, openSieveHome } from './sieve-support.ts';

const FIELDS = { spamField: 'X-Spam-Score', spamMax: 10, virusField: 'X-Virus' };

function read(header: string) {
  return verdictsOf(Buffer.from(`${header}\r\n\r\n`), FIELDS);
}

describe('what programs before us say of a message', () => {
  it.each([
    ['X-Spam-Score: 5', { spamPercent: 50 }],
    ['X-Spam-Score: 12.5 / 15', { spamPercent: 100 }],
    ['X-Spam-Score: No, score=-0.1 required=5.0', { spamPercent: 0 }],
    ['X-Spam-Score: ***', { spamPercent: 30 }],
    ['X-Spam-Score: 1\r\nX-Spam-Score: 9', { spamPercent: 10 }],
    ['X-Spam-Score: who knows', {}],
    ['Subject: 5', {}],
    ['X-Virus: Clean', { virus: 1 }],
    ['X-Virus: Infected (Eicar)', { virus: 5 }],
    ['X-Virus: 3', { virus: 3 }],
    ['X-Virus: maybe', {}],
  ])('%s', (header, verdicts) => {
    expect(read(header)).toEqual(verdicts);
  });

  it('nobody is asked where no field is configured', () => {
    const header = Buffer.from('X-Spam-Score: 9\r\nX-Virus: yes\r\n\r\n');
    expect(verdictsOf(header, { spamField: '', spamMax: 10, virusField: '' })).toEqual({});
  });
});

it('scripts see it (RFC 5235)', async () => {
  await using home = await openSieveHome({ sieve: { verdicts: FIELDS, makesFolders: true } });
  await home.script(`require ["spamtestplus", "virustest", "relational", "comparator-i;ascii-numeric", "fileinto"];
    if virustest :value "eq" :comparator "i;ascii-numeric" "5" { fileinto "Virus"; }
    elsif spamtest :percent :value "ge" :comparator "i;ascii-numeric" "50" { fileinto "Spam"; }
    elsif spamtest :value "eq" :comparator "i;ascii-numeric" "0" { fileinto "Untested"; }`);
  await home.send(message('bad', 'X-Virus: yes\n'));
  await home.send(message('spam', 'X-Spam-Score: 7.2\n'));
  await home.send(message('ham', 'X-Spam-Score: 0.2\n'));
  await home.send(message('unknown'));
  expect(await home.mail()).toEqual(['INBOX: ham', 'Spam: spam', 'Untested: unknown', 'Virus: bad']);
});
