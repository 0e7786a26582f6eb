import fc from 'fast-check';
import { expect, test } from 'vitest';
import { commands } from '../../gateway/imap/commands/table.ts';
import type { ImapCommandName } from '../../gateway/imap/wire/commands.ts';
import { ImapClient } from '../support/imap-client.ts';
import { openImapGateway } from '../support/imap-gateway.ts';
import { arbitraryCommand } from '../wire/imap/arbitrary-command.ts';
import { answersTo, edit, edited } from './mutated-session.ts';

/** Commands that the arbitrary ones lack: those that stream, and those of small extensions. */
const wires = [
  't APPEND Drafts (\\Seen) {5+}\r\nhello\r\n',
  't APPEND Drafts CATENATE (URL "/INBOX/;UID=1" TEXT {3+}\r\nabc URL {14+}\r\n/INBOX/;UID=2) {1+}\r\nx\r\n',
  't APPEND Drafts CATENATE (URL /INBOX/;UID=1/;SECTION=1.MIME/;PARTIAL=1.2)\r\n',
  't APPEND URL CATENATE (TEXT {0+}\r\n) UTF8 (~{2+}\r\nab)\r\n',
  't REPLACE 1 INBOX {3+}\r\nabc\r\n',
  't UID REPLACE * {6+}\r\nDrafts " 1-Jan-2020 00:00:00 +0000" CATENATE (TEXT {2+}\r\nxy)\r\n',
  't NOTIFY SET STATUS (selected (MessageNew (UID BODY.PEEK[]) MessageExpunge FlagChange)) (subtree (a "b") (MailboxName))\r\n',
  't NOTIFY SET (personal (MessageNew MessageExpunge MailboxName SubscriptionChange MailboxMetadataChange ServerMetadataChange))\r\n',
  't NOTIFY NONE\r\n',
  't GENURLAUTH "imap://anna@mail.example.com/INBOX/;UID=1;URLAUTH=authuser" INTERNAL\r\n',
  't URLFETCH ("imap://anna@mail.example.com/INBOX/;UID=1;URLAUTH=authuser:internal:00" BINARY BODYPARTSTRUCTURE)\r\n',
  't RESETKEY INBOX INTERNAL\r\n',
  't LANGUAGE de "*" en-GB\r\n',
  't UNAUTHENTICATE\r\nt LOGIN anna secret\r\nt SELECT INBOX\r\n',
  't STORE 1:2 ANNOTATION (/comment (value.priv {3+}\r\nabc value.shared NIL) /1/flags/seen (value.shared "1"))\r\n',
  't UID STORE * (UNCHANGEDSINCE 5) ANNOTATION (/vendor/a/b (value.priv ~{2+}\r\nab))\r\n',
  't FETCH 1:* (FLAGS ANNOTATION ((/% /1/* /comment) (value size.shared)))\r\n',
  't SEARCH OR ANNOTATION *%* value "x" NOT ANNOTATION /comment value.priv abc\r\n',
  't SORT (REVERSE ANNOTATION /comment value.priv SIZE) UTF-8 ALL\r\n',
  't APPEND Drafts (\\Seen) ANNOTATION (/comment (value.priv "x")) {5+}\r\nhello\r\n',
  't COPY 1:* Drafts\r\nt SELECT Drafts (ANNOTATE)\r\n',
  't CONVERT 1:* ("text/plain" (charset "us-ascii" "unknown-character-replacement" "?")) (BINARY[1] BODYPARTSTRUCTURE[1] UID)\r\n',
  't UID CONVERT 1,3 (NIL (charset utf-8)) (BODY[HEADER] BODY[1.MIME] BINARY.SIZE[1.1] AVAILABLECONVERSIONS[1])\r\n',
  't CONVERT 2 ("text/plain") BINARY[1]<1.2>\r\n',
  't CONVERSIONS "text/*" *\r\n',
  't GETMETADATA (DEPTH infinity MAXSIZE 3) INBOX (/private/comment /shared/%)\r\n',
  't SETMETADATA "" (/private/filters/values/a "UID 1" /private/comment {2+}\r\nab)\r\n',
  't GETANNOTATION "INBOX" "/vendor/*" ("value.shared" "size")\r\n',
  't SETANNOTATION "INBOX" "/comment" ("value.priv" "x" "value.shared" NIL)\r\n',
  't XLIST "" "%"\r\n',
  't ESEARCH IN (selected mailboxes Drafts) RETURN (SAVE UPDATE PARTIAL 1:2) 1:99 FILTER a\r\n',
  't COMPARATOR "cz;*" i;basic default\r\n',
  't UID SEARCH UIDAFTER 2 UIDBEFORE 5\r\n',
  't STATUS INBOX (APPENDLIMIT MESSAGES)\r\n',
  't IDLE\r\nDONE\r\n',
  't COMPRESS DEFLATE2\r\n',
];

test('no command is left out of what is mutated here and in fuzz.test.ts', () => {
  const arbitrary = new Set(fc.sample(arbitraryCommand, 5000).map(({ name }) => name));
  const written = (verb: string): boolean =>
    wires.some((wire) => new RegExp(`(?:^|\\n)t (?:UID )?${verb}\\b`).test(wire));
  const verbs = Object.keys(commands) as ImapCommandName[];
  expect(verbs.filter((verb) => !arbitrary.has(verb) && !written(verb))).toEqual([]);
});

test('mutated commands of extensions end with the session, never with an internal error', {
  timeout: 120_000,
}, async () => {
  await using gateway = await openImapGateway({
    limits: { badCommands: 1000, failedLogins: 1000 },
    maxMessageBytes: 50,
  });
  const client = await ImapClient.loggedIn(gateway.port);
  for (let i = 0; i < 5; i++) await client.append('INBOX', `Subject: ${i}\r\n\r\nx`);
  client.close();
  const mutated = fc.tuple(fc.constantFrom(...wires), fc.array(edit, { minLength: 0, maxLength: 2 }));
  const list = fc.array(mutated, { minLength: 1, maxLength: 15 });
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('', 'l LOGIN anna secret\r\n', 'l LOGIN anna secret\r\ns SELECT INBOX\r\n'),
      list,
      async (before, sequence) => {
        const pieces = sequence.map(([wire, edits]) => edited(wire, edits));
        const text = await answersTo(gateway.port, [before, ...pieces]);
        expect(text).toContain('* OK [CAPABILITY');
        expect(text).not.toContain('SERVERBUG');
        expect(gateway.errors).toEqual([]);
      },
    ),
    { numRuns: 200 },
  );
});
