import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { capabilities, type Offers } from '../../gateway/imap/capabilities.ts';
import { root } from './source-files.ts';

// Whatever IMAP announces, before login, after it, after STARTTLS and wherever the configuration adds something, has a test that
// says what its document shows by examples, or asks for where it has none.

const E = 'imap/transcripts/examples-';
const T = 'imap/transcripts/';

/** Of each capability, without what follows `=` where that is a number or configured: its document, and a test that names it. */
const tests: Readonly<Record<string, readonly [document: string, test: string]>> = {
  IMAP4rev1: ['RFC 3501', `${T}reference-fetch.txt`],
  IMAP4rev2: ['RFC 9051', `${E}rev2.txt`],
  'LITERAL+': ['RFC 7888', `${E}session.txt`],
  ID: ['RFC 2971', `${E}session.txt`],
  ENABLE: ['RFC 5161', `${E}session.txt`],
  'SASL-IR': ['RFC 4959', `${E}session.txt`],
  STARTTLS: ['RFC 9051', 'imap/session.test.ts'],
  LOGINDISABLED: ['RFC 9051', `${T}login-without-tls.txt`],
  'AUTH=PLAIN': ['RFC 9051', `${T}login.txt`],
  'AUTH=LOGIN': ['RFC 9051', `${T}login.txt`],
  'LOGIN-REFERRALS': ['RFC 2221', `${T}referrals-elsewhere.txt`],
  'MAILBOX-REFERRALS': ['RFC 2193', `${T}referrals-elsewhere.txt`],
  'UTF8=ACCEPT': ['RFC 9755', `${T}utf8.txt`],
  IDLE: ['RFC 2177', `${E}rev2.txt`],
  INPROGRESS: ['RFC 9585', 'imap/sort.test.ts'],
  NAMESPACE: ['RFC 2342', `${E}list.txt`],
  UNSELECT: ['RFC 3691', `${E}session.txt`],
  UIDPLUS: ['RFC 4315', `${E}session.txt`],
  MOVE: ['RFC 6851', `${E}session.txt`],
  MULTIAPPEND: ['RFC 3502', `${E}small.txt`],
  BINARY: ['RFC 3516', `${T}fetch-mime.txt`],
  CHILDREN: ['RFC 5258', `${E}list.txt`],
  'LIST-EXTENDED': ['RFC 5258', `${E}list.txt`],
  'LIST-STATUS': ['RFC 5819', `${E}list.txt`],
  'SPECIAL-USE': ['RFC 6154', `${E}list.txt`],
  'CREATE-SPECIAL-USE': ['RFC 6154', `${E}list.txt`],
  'STATUS=SIZE': ['RFC 8438', `${E}list.txt`],
  ESEARCH: ['RFC 4731', `${E}result.txt`],
  PARTIAL: ['RFC 9394', `${T}partial.txt`],
  'CONTEXT=SEARCH': ['RFC 5267', `${E}context.txt`],
  'CONTEXT=SORT': ['RFC 5267', `${E}context.txt`],
  MULTISEARCH: ['RFC 7377', `${T}multisearch.txt`],
  'SEARCH=FUZZY': ['RFC 6203', `${E}fuzzy.txt`],
  OBJECTID: ['RFC 8474', `${E}search.txt`],
  SEARCHRES: ['RFC 5182', `${E}result.txt`],
  WITHIN: ['RFC 5032', `${E}search.txt`],
  FILTERS: ['RFC 5466', `${E}search.txt`],
  SAVEDATE: ['RFC 8514', `${E}search.txt`],
  PREVIEW: ['RFC 8970', `${E}search.txt`],
  SORT: ['RFC 5256', `${T}sort.txt`],
  'SORT=DISPLAY': ['RFC 5957', `${T}sort.txt`],
  ESORT: ['RFC 5267', `${E}context.txt`],
  'THREAD=ORDEREDSUBJECT': ['RFC 5256', `${E}session.txt`],
  'THREAD=REFERENCES': ['RFC 5256', `${E}session.txt`],
  'THREAD=REFS': ['draft-ietf-morg-inthread', `${T}thread.txt`],
  'I18NLEVEL=2': ['RFC 5255', `${T}comparator.txt`],
  LANGUAGE: ['RFC 5255', `${T}language.txt`],
  CONDSTORE: ['RFC 7162', `${E}condstore.txt`],
  QRESYNC: ['RFC 7162', `${E}qresync.txt`],
  UIDONLY: ['RFC 9586', `${E}uidonly.txt`],
  UIDBATCHES: ['UIDBATCHES', 'imap/sort.test.ts'],
  ACL: ['RFC 4314', `${E}acl-commands.txt`],
  'RIGHTS=texkn': ['RFC 4314', `${E}acl.txt`],
  'LIST-MYRIGHTS': ['RFC 8440', `${E}small.txt`],
  QUOTA: ['RFC 9208', `${E}quota.txt`],
  QUOTASET: ['RFC 9208', `${E}quota.txt`],
  'QUOTA=RES-STORAGE': ['RFC 9208', `${E}quota.txt`],
  'QUOTA=RES-MESSAGE': ['RFC 9208', `${E}quota.txt`],
  'QUOTA=RES-MAILBOX': ['RFC 9208', `${T}quota-commands.txt`],
  'QUOTA=RES-ANNOTATION-STORAGE': ['RFC 9208', `${T}quota-commands.txt`],
  'ANNOTATE-EXPERIMENT-1': ['RFC 5257', `${T}annotate.txt`],
  METADATA: ['RFC 5464', `${T}metadata.txt`],
  'METADATA-SERVER': ['RFC 5464', `${T}metadata.txt`],
  'LIST-METADATA': ['RFC 9590', `${E}small.txt`],
  ANNOTATEMORE: ['ANNOTATEMORE', `${T}metadata.txt`],
  NOTIFY: ['RFC 5465', `${E}notify.txt`],
  REPLACE: ['RFC 8508', `${E}replace.txt`],
  CONVERT: ['RFC 5259', `${T}convert.txt`],
  CATENATE: ['RFC 4469', `${E}urls.txt`],
  URLAUTH: ['RFC 4467', `${E}urls.txt`],
  'URLAUTH=BINARY': ['RFC 5524', `${E}urls.txt`],
  'URL-PARTIAL': ['RFC 5550', `${T}url-partial.txt`],
  UNAUTHENTICATE: ['RFC 8437', `${T}unauthenticate.txt`],
  'COMPRESS=DEFLATE': ['RFC 4978', 'imap/compress.test.ts'],
  APPENDLIMIT: ['RFC 7889', `${T}append.txt`],
  MESSAGELIMIT: ['RFC 9738', `${E}message-limit.txt`],
  SAVELIMIT: ['RFC 9738', `${T}save-limit.txt`],
  IMAPSIEVE: ['RFC 6785', 'imap/imapsieve.test.ts'],
  XCOURIEROUTBOX: ['XCOURIEROUTBOX', 'imap/outbox.test.ts'],
};

describe('what IMAP announces', () => {
  const announced = new Set(everyOffer().flatMap(capabilities).map(withoutValue));

  it('has a test, and nothing else is in the table', () => {
    expect([...announced].sort()).toEqual(Object.keys(tests).sort());
  });

  it.each(Object.entries(tests))('%s: the test names the document', (_, [document, test]) => {
    expect(readFileSync(join(root, 'test', test), 'utf8')).toMatch(new RegExp(`\\b${document}\\b`));
  });
});

/** All that a session may depend on, each way. */
function everyOffer(): Offers[] {
  const plain: Offers = {
    loggedIn: false,
    startTls: false,
    passwords: true,
    compressed: false,
    maxMessageBytes: 0,
    messageLimit: 0,
    saveLimit: 0,
    referrals: false,
    manageSieve: undefined,
    outbox: undefined,
  };
  const ways: Partial<Offers>[] = [
    {},
    { startTls: true, passwords: false },
    { compressed: true },
    { maxMessageBytes: 1, messageLimit: 1, referrals: true },
    { saveLimit: 1 },
    { manageSieve: 'sieve://mail.example.com', outbox: 'Outbox' },
  ];
  return ways.flatMap((way) => [false, true].map((loggedIn) => ({ ...plain, ...way, loggedIn })));
}

function withoutValue(capability: string): string {
  return capability.replace(/^(APPENDLIMIT|MESSAGELIMIT|SAVELIMIT|IMAPSIEVE|XCOURIEROUTBOX)=.*$/, '$1');
}
