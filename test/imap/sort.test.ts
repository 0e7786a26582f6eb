import { expect, it } from 'vitest';
import { openImapGateway } from '../support/imap-gateway.ts';
import { parseTranscript, playTranscript } from '../support/transcript.ts';

it('no more messages are put in order than the limit says (sortMessages)', async () => {
  await using gateway = await openImapGateway({ limits: { sortMessages: 1 } });
  const transcript = parseTranscript(`
1> a LOGIN anna secret
1~ a OK [CAPABILITY ...] User logged in
1> b APPEND INBOX {+}
| Subject: one
|
1~ b OK ...
1> c APPEND INBOX {+}
| Subject: two
|
1~ c OK ...
1> d SELECT INBOX
1~ d OK ...
1> e SORT (DATE) UTF-8 ALL
1< e NO [LIMIT] More than 1 messages cannot be put in order: ask for fewer
1> f THREAD REFERENCES UTF-8 ALL
1< f NO [LIMIT] ...
1> g SORT (DATE) UTF-8 SUBJECT two
1< * SORT 2
1< g OK Completed
`);
  await playTranscript(transcript, gateway.port);
  expect(gateway.errors).toEqual([]);
});

it('no more results are kept up to date than the limit says (searchContexts, RFC 5267 §4.3.1)', async () => {
  await using gateway = await openImapGateway({ limits: { searchContexts: 1 } });
  const transcript = parseTranscript(`
1> a LOGIN anna secret
1~ a OK [CAPABILITY ...] User logged in
1> b SELECT INBOX
1~ b OK ...
1> B01 UID SEARCH RETURN (UPDATE COUNT) ALL
1< * ESEARCH (TAG "B01") UID COUNT 0
1< B01 OK Completed
1> B02 UID SEARCH RETURN (UPDATE COUNT) KEYWORD $Junk
1< * ESEARCH (TAG "B02") UID COUNT 0
1< * NO [NOUPDATE "B02"] Too many contexts
1< B02 OK Completed
1> B03 CANCELUPDATE "B01"
1< B03 OK Completed
1> B04 UID SEARCH RETURN (UPDATE COUNT) ALL
1< * ESEARCH (TAG "B04") UID COUNT 0
1< B04 OK Completed
`);
  await playTranscript(transcript, gateway.port);
  expect(gateway.errors).toEqual([]);
});

it('a client that waits for a search hears how far it is (progressMs, RFC 9585 §4)', async () => {
  await using gateway = await openImapGateway({ limits: { sliceMs: 0, progressMs: 0, batchMessages: 1 } });
  const transcript = parseTranscript(`
1> a LOGIN anna secret
1~ a OK [CAPABILITY ... INPROGRESS ...] User logged in
1> b APPEND INBOX {+}
| Subject: one
|
1~ b OK ...
1> c APPEND INBOX {+}
| Subject: two
|
1~ c OK ...
1> d SELECT INBOX
1~ d OK ...
1> e SEARCH BODY x
1~ * OK [INPROGRESS ("e" 0 2)] Still here
1~ * OK [INPROGRESS ("e" 1 2)] Still here
1~ * SEARCH
1< e OK Completed
1> f THREAD REFERENCES UTF-8 ALL
1~ * OK [INPROGRESS ("f" NIL NIL)] Still here
1~ f OK Completed
# A bracket in the tag would end the code (§4).
1> g] SEARCH BODY x
1~ * OK [INPROGRESS (NIL 0 2)] Still here
1! ... [INPROGRESS (... 2 2)] ...
1~ g] OK Completed
`);
  await playTranscript(transcript, gateway.port);
  expect(gateway.errors).toEqual([]);
});

it('batches of UIDs go from the newest message down to UID 1 (uidBatchMessages)', async () => {
  await using gateway = await openImapGateway({ limits: { uidBatchMessages: 2 } });
  const appended = Array.from(
    { length: 6 },
    (_, i) => `1> b${i} APPEND INBOX (${i === 3 ? '\\Deleted' : ''}) {+}\n| Subject: ${i}\n|\n1~ b${i} OK ...\n`,
  );
  const transcript = parseTranscript(`
1> a LOGIN anna secret
1~ a OK [CAPABILITY ... UIDBATCHES ...] User logged in
1> c0 SELECT INBOX
1~ c0 OK ...
1> A302 UIDBATCHES 2000
1< * UIDBATCHES (TAG "A302")
1< A302 OK Completed
${appended.join('')}
1> c1 EXPUNGE
1~ c1 OK ...
1> A143 UIDBATCHES 2
1< * UIDBATCHES (TAG "A143") 6:5,4:2,1
1< A143 OK Completed
1> A144 UIDBATCHES 2 2:9
1< * UIDBATCHES (TAG "A144") 4:2,1
1< A144 OK Completed
1> A145 UIDBATCHES 2000
1< * UIDBATCHES (TAG "A145") 6:1
1< A145 OK Completed
1> A146 UIDBATCHES 3 4:5
1< * UIDBATCHES (TAG "A146")
1< A146 OK Completed
1> A147 UIDBATCHES 1
1< A147 NO [TOOSMALL] A batch has at least 2 messages
1> A148 UIDBATCHES 2 2:1
1< A148 BAD [CLIENTBUG] The range of batches is reversed
1> A149 UIDBATCHES 2 2
1< A149 BAD ...
`);
  await playTranscript(transcript, gateway.port);
  expect(gateway.errors).toEqual([]);
});

it('what a mailbox was put in order by stays right when messages come and go', async () => {
  await using gateway = await openImapGateway();
  const append = (tag: string, header: string): string =>
    `1> ${tag} APPEND INBOX {+}\n${header.replaceAll(/^/gm, '| ')}\n|\n1~ ${tag} OK ...\n`;
  const transcript = parseTranscript(`
1> a LOGIN anna secret
1~ a OK [CAPABILITY ...] User logged in
${append('b1', 'Subject: delta\nMessage-ID: <1@x>')}
${append('b2', 'Subject: beta\nMessage-ID: <2@x>\nReferences: <1@x>')}
${append('b3', 'Subject: alpha\nMessage-ID: <3@x>\nReferences: <1@x> <2@x>')}
1> c SELECT INBOX
1~ c OK ...
1> d1 SORT (SUBJECT) UTF-8 ALL
1< * SORT 3 2 1
1< d1 OK Completed
1> d2 THREAD REFERENCES UTF-8 ALL
1< * THREAD (1 2 3)
1< d2 OK Completed
1> e1 STORE 2 +FLAGS.SILENT (\\Deleted)
1~ e1 OK ...
1> e2 THREAD REFERENCES UTF-8 ALL
1< * THREAD (1 2 3)
1< e2 OK Completed
1> e3 EXPUNGE
1~ e3 OK ...
1> f1 UID THREAD REFERENCES UTF-8 ALL
1< * THREAD (1 3)
1< f1 OK Completed
${append('g', 'Subject: coda\nMessage-ID: <4@x>\nReferences: <3@x>')}
1> h1 NOOP
1~ h1 OK ...
1> h2 UID SORT (SUBJECT) UTF-8 ALL
1< * SORT 3 4 1
1< h2 OK Completed
1> h3 UID THREAD REFERENCES UTF-8 ALL
1< * THREAD (1 3 4)
1< h3 OK Completed
1> h4 THREAD REFERENCES UTF-8 UID 3:4
1< * THREAD (2 3)
1< h4 OK Completed
1> h5 SORT (REVERSE SUBJECT) UTF-8 UID 1,4
1< * SORT 1 3
1< h5 OK Completed
`);
  await playTranscript(transcript, gateway.port);
  expect(gateway.errors).toEqual([]);
});
