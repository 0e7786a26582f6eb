import { describe, expect, it } from 'vitest';
import { parseImapUrl } from '../../../gateway/imap/wire/imap-url.ts';

const all = { part: [], text: { kind: 'all' } };

describe('IMAP URLs (RFC 5092)', () => {
  it.each([
    [
      'imap://minbari.example.org/gray-council;UIDVALIDITY=385759045/;UID=20/;PARTIAL=0.1024',
      {
        host: 'minbari.example.org',
        user: null,
        mailbox: 'gray-council',
        uidValidity: 385759045,
        uid: 20,
        section: all,
        partial: { offset: 0, count: 1024 },
        auth: null,
      },
    ],
    [
      '/INBOX;UIDVALIDITY=785799047/;UID=113330/;section=1.5.9',
      { host: null, mailbox: 'INBOX', uid: 113330, section: { part: [1, 5, 9], text: { kind: 'all' } } },
    ],
    ['/Drafts/;UID=1/;section=HEADER', { mailbox: 'Drafts', section: { part: [], text: { kind: 'header' } } }],
    [
      '/a/b%20c/;uid=7/;Section=1.HEADER.FIELDS%20(To)/;partial=5',
      {
        mailbox: 'a/b c',
        section: { part: [1], text: { kind: 'fields', names: ['To'] } },
        partial: { offset: 5, count: Number.MAX_SAFE_INTEGER },
      },
    ],
    ['imap://michael;AUTH=*@[::1]:1143/%E6%97%A5/;UID=3', { host: '[::1]', user: 'michael', mailbox: '日' }],
  ])('%s', (text, expected) => {
    expect(parseImapUrl(text)).toMatchObject(expected);
  });

  it('reads what RFC 4467 adds', () => {
    const rump = 'imap://joe@example.com/INBOX/;uid=20/;section=1.2;expire=2026-12-25T00:00:00Z;urlauth=submit+fr%40ed';
    expect(parseImapUrl(rump)?.auth).toEqual({
      expiresMs: Date.UTC(2026, 11, 25),
      access: { kind: 'submit', user: 'fr@ed' },
      rump,
      verifier: null,
    });
    expect(parseImapUrl(`${rump}:internal:91354a473744909de610943775f92038`)?.auth).toMatchObject({
      rump,
      verifier: { mechanism: 'INTERNAL', token: '91354a473744909de610943775f92038' },
    });
    expect(parseImapUrl('/x/;UID=1;URLAUTH=anonymous')?.auth).toMatchObject({ access: { kind: 'anonymous' } });
  });

  it.each([
    '',
    'http://x/INBOX/;UID=1',
    'imap://x',
    'imap://x/INBOX',
    '/INBOX/;UID=0',
    '/INBOX/;UID=x',
    '/;UID=1',
    '/%ff/;UID=1',
    '/INBOX/;UID=1/;SECTION=MIME',
    '/INBOX/;UID=1/;PARTIAL=1.0',
    '/INBOX/;UID=1;URLAUTH=nobody',
    '/INBOX/;UID=1;EXPIRE=tomorrow;URLAUTH=authuser',
    '/INBOX/;UID=1;FOO=1',
    `/${'x'.repeat(9000)}/;UID=1`,
  ])('%s is none of a message', (text) => {
    expect(parseImapUrl(text)).toBeUndefined();
  });

  it('takes no more than linear time', () => {
    const began = performance.now();
    for (const part of ['/', ';', '/;UID=1', '%25', ';UIDVALIDITY=1/'])
      parseImapUrl(`/${part.repeat(8000 / part.length)}`);
    expect(performance.now() - began).toBeLessThan(10_000);
  });
});
