/** A script as people write it, a message, and what comes of it. */
export interface Sample {
  readonly name: string;
  readonly script: string;
  readonly mail: string;
  readonly actions: readonly string[];
}

const toPaul = 'From: a@example.org\nTo: Paul <paul@example.com>\nSubject: hi\n\nbody\n';

/** The samples of the book about Cyrus, those that are not Sieve corrected; see `refused`. */
export const samples: readonly Sample[] = [
  {
    name: 'an address in To or Cc',
    script:
      'require "fileinto"; if address :is ["to", "cc"] "paul@example.com" { fileinto "INBOX.Testmails"; stop; } discard;',
    mail: toPaul,
    actions: ['fileinto INBOX.Testmails'],
  },
  {
    name: 'the recipient of the envelope',
    script: 'require ["envelope"]; if envelope :all :is "to" "user@example.com" { discard; }',
    mail: toPaul,
    actions: ['discard'],
  },
  {
    name: 'a wildcard',
    script: 'require ["fileinto"]; if header :matches ["To", "Cc"] "finances@*.com" { fileinto "INBOX/memo"; }',
    mail: 'To: finances@example.com\n\n',
    actions: ['fileinto INBOX/memo'],
  },
  {
    name: 'a regular expression',
    script: 'require ["regex", "fileinto"]; if header :regex "Subject" "^.*\\\\*\\\\*EROTIC" { fileinto "Spam"; }',
    mail: 'Subject: get **erotic now\n\n',
    actions: ['fileinto Spam'],
  },
  {
    name: 'no list',
    script: 'if not exists "List-Id" { keep; } else { discard; }',
    mail: toPaul,
    actions: ['keep'],
  },
  {
    name: 'the parts of an address',
    script: `require ["fileinto", "subaddress", "imap4flags"];
      if address :localpart :is "to" "geeko+Trash" { addflag "local"; }
      if address :domain :is "to" "example.com" { addflag "domain"; }
      if address :user :is "to" "geeko" { addflag "user"; }
      if address :detail :is "to" "Trash" { addflag "detail"; }`,
    mail: 'To: A Group: Geeko <geeko+Trash@example.com>, other@example.org;\n\n',
    actions: ['implicit keep flags=local domain user detail'],
  },
  {
    name: 'tests inside tests',
    script: `require "fileinto";
      if allof (anyof (header :contains "Subject" "cyrus", not exists "From"), not anyof (false, size :over 1M)) {
        fileinto "INBOX.cyrus";
      }`,
    mail: 'From: a@example.org\nSubject: Cyrus 3\n\n',
    actions: ['fileinto INBOX.cyrus'],
  },
  {
    name: 'all mail to everyone is thrown away',
    script: 'require "envelope"; if envelope :all :is "to" "toeveryone@example.com" { discard; stop; }',
    mail: toPaul,
    actions: ['implicit keep'],
  },
  {
    name: 'mail to somebody else',
    script: 'redirect "paul@example.org";',
    mail: toPaul,
    actions: ['redirect paul@example.org'],
  },
  {
    name: 'a large message, a small one',
    script: 'require "fileinto"; if size :over 10M { discard; } elsif size :under 1M { fileinto "small"; }',
    mail: toPaul,
    actions: ['fileinto small'],
  },
  {
    name: 'a comment of a web interface',
    script: `require ["fileinto"];\n# rule:[postfix]\nif anyof (header :contains "List-Id" "postfix", header :contains "Subject" "postfix")
      { fileinto "INBOX.Lists.postfix"; stop; }`,
    mail: 'List-Id: <postfix-users.postfix.org>\n\n',
    actions: ['fileinto INBOX.Lists.postfix'],
  },
  {
    name: 'reject, with the text of the book',
    script: 'require "reject"; if header :contains "Subject" "viagra" { reject "Spam not wanted"; }',
    mail: 'Subject: Viagra\n\n',
    actions: ['reject reason=Spam not wanted'],
  },
  {
    name: 'redirect and a copy',
    script: 'require "fileinto"; fileinto "A"; fileinto "B"; redirect "c@example.org";',
    mail: toPaul,
    actions: ['fileinto A', 'fileinto B', 'redirect c@example.org'],
  },
  {
    name: 'flags of the older kind',
    script: 'require ["imapflags"]; if header :contains "From" "a@" { setflag "\\\\Seen"; mark; }',
    mail: toPaul,
    actions: ['implicit keep flags=\\Seen \\Flagged'],
  },
  {
    name: 'flags of the older kind, added and taken away',
    script: `require ["imapflags"]; addflag ["\\\\Seen", "$Label1"]; mark; removeflag "$Label1"; keep; unmark; setflag "\\\\Draft";`,
    mail: toPaul,
    actions: ['keep flags=\\Seen \\Flagged'],
  },
  {
    name: 'the part behind the plus of the recipient, whatever To says',
    script:
      'require ["envelope", "subaddress", "fileinto", "variables"]; if envelope :matches :detail "to" "*" { fileinto "${1}"; }',
    mail: toPaul,
    actions: ['implicit keep'],
  },
  {
    name: 'the part behind the plus',
    script:
      'require ["subaddress", "fileinto", "variables"]; if address :matches :detail "to" "*" { fileinto "INBOX.${1}"; }',
    mail: 'To: geeko+Trash@example.com\n\n',
    actions: ['fileinto INBOX.Trash'],
  },
  {
    name: 'how many there are',
    script: `require ["relational", "comparator-i;ascii-numeric"];
      if address :count "ge" :comparator "i;ascii-numeric" ["to"] ["3"] { discard; }`,
    mail: 'To: a@b.c, d@e.f\nTo: g@h.i\n\n',
    actions: ['discard'],
  },
  {
    name: 'how many fields there are',
    script: `require ["relational", "comparator-i;ascii-numeric"];
      if header :count "ge" :comparator "i;ascii-numeric" ["to"] ["3"] { discard; }`,
    mail: 'To: a@b.c\nTo: d@e.f\nTo: g@h.i\n\n',
    actions: ['discard'],
  },
  {
    name: 'stop: the rules behind it do not run',
    script: 'require "fileinto"; if exists "To" { fileinto "A"; stop; } if exists "From" { fileinto "B"; }',
    mail: toPaul,
    actions: ['fileinto A'],
  },
  {
    name: 'the older notify, by a method of its own that sends nothing',
    script: 'require "notify"; notify :method "null";',
    mail: toPaul,
    actions: ['notify method=null message=a@example.org: hi importance=2 options=', 'implicit keep'],
  },
  {
    name: 'the chain ends at the first that is true, separate ones all run',
    script: `require "imap4flags"; if true { addflag "a"; } elsif true { addflag "b"; } else { addflag "c"; }
      if true { addflag "d"; }`,
    mail: toPaul,
    actions: ['implicit keep flags=a d'],
  },
  {
    name: 'a header that a spam filter has set',
    script: 'require "fileinto"; if header :contains "X-Spam-Flag" "YES" { fileinto "INBOX.Spam"; stop; }',
    mail: 'X-Spam-Flag: YES\n\n',
    actions: ['fileinto INBOX.Spam'],
  },
  {
    name: 'list administration, mailing lists, and an answer for the rest (corrected: elsif, field names, no last comma)',
    script: `require ["fileinto", "vacation"];
      if anyof (address :is ["to", "cc"] "listadmin@example.com", header :contains "Subject" "moderation") {
        fileinto "INBOX.admin";
      } elsif header :contains "List-Id" "cyrus" {
        fileinto "INBOX.cyrus";
      } else {
        vacation :days 2 :addresses ["paul@example.com", "p@example.com"] "I am away.";
      }`,
    mail: toPaul,
    actions: [answered('I am away.', 'paul@example.com p@example.com', 2), 'implicit keep'],
  },
  {
    name: 'the older notify by mail',
    script: 'require ["notify"]; notify :method "mailto" :options ["paul@example.com"] :message "New mail";',
    mail: toPaul,
    actions: ['notify method=mailto message=New mail importance=2 options=paul@example.com', 'implicit keep'],
  },
  {
    name: 'the older notify, as the book has it',
    script: `require ["notify"];
      if header :contains "from" "a@example.org" { notify :method "mailto" :options ["0123456789@sms.example.net"] :message "Mail from A"; }`,
    mail: toPaul,
    actions: [
      'notify method=mailto message=Mail from A importance=2 options=0123456789@sms.example.net',
      'implicit keep',
    ],
  },
  {
    name: 'the older notify in the log',
    script: 'require "notify"; notify :method "log" :message "$from$: $subject$";',
    mail: toPaul,
    actions: ['notify method=log message=a@example.org: hi importance=2 options=', 'implicit keep'],
  },
];

/** What the book prints and is not Sieve, with what is said of it. */
export const refused: readonly {
  readonly name: string;
  readonly script: string;
  readonly problems: readonly string[];
}[] = [
  {
    name: 'a command that was not required',
    script: 'fileinto "A";',
    problems: ['1:1 The command "fileinto" needs require "fileinto" at the beginning of the script.'],
  },
  {
    name: 'elseif',
    script: 'if true { keep; }\nelseif false { stop; }',
    problems: ['2:1 There is no command "elseif"; it is spelt "elsif".'],
  },
  {
    name: 'an address test without field names',
    script: 'if address :is "paul@example.com" { keep; }',
    problems: ['1:4 "address" needs a string or a list of strings: keys.'],
  },
  {
    name: 'a comma behind the last test',
    script: 'if anyof (\n  exists "a",\n  exists "b",\n) { keep; }',
    problems: ['4:1 A test must stand here, not ")".'],
  },
  {
    name: 'a quotation mark that is missing',
    script: 'require "vacation";\nvacation "I am away;\nkeep;',
    problems: ['2:10 This string is never closed; a quotation mark is missing.'],
  },
];

function answered(reason: string, addresses: string, days: number): string {
  return `vacation reason=${reason} addresses=${addresses} seconds=${days * 86_400}`;
}
