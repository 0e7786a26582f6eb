import { describe, expect, it } from 'vitest';
import { actions, holds, outcome, problems, type World } from './script.ts';

// Examples of RFCs as they are printed, with what comes of them here.

const mail = 'From: user@example.com\nTo: me@example.com\nSubject: hi\n\nbody\n';

/** A world with these external lists. */
function listing(lists: Readonly<Record<string, readonly string[]>>): World {
  return {
    answers: {
      'in-lists': (ask: { lists: readonly string[]; values: readonly string[] }) =>
        ask.values.find((value) => ask.lists.some((list) => lists[list]?.includes(value))),
      'lists-exist': (ask: { lists: readonly string[] }) => ask.lists.every((list) => list in lists),
    },
  };
}

describe('RFC 5436 §3', () => {
  const knitting = `Message-ID: <1234567.89ABCDEF@example.com>
List-Id: Knitting Mailing List <knitting.example.com>
From: "Jeff Smith" <jeff@hobbies.example.com>
Subject: [Knitting] A new sweater

I just finished a great new sweater!
`;

  it('a list by short message', () => {
    const script = `require ["enotify", "variables"];
      if header :contains "list-id" "knitting.example.com" {
        if header :matches "Subject" "[*] *" {
          notify :message "From \${1} list: \${2}" :importance "3"
            "mailto:0123456789@sms.example.net?to=backup@example.com";
        }
      }`;
    expect(outcome(script, knitting).actions).toMatchObject([
      {
        kind: 'notify',
        method: 'mailto:0123456789@sms.example.net?to=backup@example.com',
        importance: 3,
        message: 'From Knitting list: A new sweater',
      },
      { kind: 'keep' },
    ]);
    expect(actions(script, mail)).toEqual(['implicit keep']);
  });
});

describe('RFC 6009', () => {
  const late = (parts: Readonly<Record<string, readonly string[]>>): World => ({
    environment: { envelope: { from: 'a@b.c', to: 'd@e.f', parts: new Map(Object.entries(parts)) } },
  });

  it('§4.1 what the sender wants to be told', () => {
    const asks = (test: string, parts: Readonly<Record<string, readonly string[]>>) =>
      holds(test, mail, ['envelope', 'envelope-dsn', 'relational', 'comparator-i;ascii-numeric'], late(parts));
    const success = 'envelope "notify" "SUCCESS"';
    expect(asks(success, { notify: ['FAILURE', 'SUCCESS'] })).toBe(true);
    expect(asks(success, { notify: ['NEVER'] })).toBe(false);
    const failureOnly = `allof (envelope "notify" "FAILURE",
      envelope :comparator "i;ascii-numeric" :count "eq" "notify" "1")`;
    expect(asks(failureOnly, { notify: ['FAILURE'] })).toBe(true);
    expect(asks(failureOnly, { notify: ['FAILURE', 'DELAY'] })).toBe(false);
    const original = 'envelope :matches "orcpt" "rfc822;*@example.com"';
    expect(asks(original, { orcpt: ['rfc822;joe@example.com'] })).toBe(true);
    expect(asks(original, {})).toBe(false);
  });

  it('§5.1 a message that has not come in time', () => {
    const test = `anyof (envelope :contains "bytimerelative" "-",
      envelope :value "eq" :comparator "i;ascii-numeric" "bytimerelative" "0")`;
    const has = (seconds: string) =>
      holds(
        test,
        mail,
        ['envelope', 'envelope-deliverby', 'relational', 'comparator-i;ascii-numeric'],
        late({ bytimerelative: [seconds] }),
      );
    expect([has('-1'), has('0'), has('1')]).toEqual([true, true, false]);
  });

  it('§5.1 by the clock', () => {
    const script = `require ["envelope", "envelope-deliverby", "relational", "date", "variables"];
      if currentdate :matches "iso8601" "*" {
        set "cdate" "\${0}";
        if envelope :value "ge" "bytimeabsolute" "\${cdate}" { discard; }
      }`;
    // The run's clock: 2026-11-24T12:30:05+01:00.
    expect(actions(script, mail, late({ bytimeabsolute: ['2026-11-24T11:30:06Z'] }))).toEqual(['discard']);
    expect(actions(script, mail, late({ bytimeabsolute: ['2026-11-24T11:30:04Z'] }))).toEqual(['implicit keep']);
  });

  it('§5.1 filed by the hour', () => {
    const script = `require ["envelope", "envelope-deliverby", "relational", "date", "variables", "fileinto"];
      if envelope :matches :zone "+0000" "bytimeabsolute" "*T*:*:*" {
        set "bdate" "\${0}";
        set "bhour" "\${2}";
        if currentdate :zone "+0000" :value "lt" "iso8601" "\${bdate}" { fileinto "missed-\${bhour}"; }
      }`;
    expect(actions(script, mail, late({ bytimeabsolute: ['2026-11-24T16:00:00+01:00'] }))).toEqual([
      'fileinto missed-15',
    ]);
    expect(actions(script, mail, late({}))).toEqual(['implicit keep']);
  });

  it('§6.2, §7.2 copies for somebody', () => {
    const silent = `require ["copy", "redirect-dsn"];
      if address "from" "user@example.com" { redirect :copy :notify "NEVER" "elsewhere@example.com"; }`;
    expect(actions(silent, mail)).toEqual(['redirect elsewhere@example.com copy notify=NEVER', 'implicit keep']);
    const phone = `require ["copy", "redirect-deliverby"];
      if address "from" "user@example.com" { redirect :copy :bytimerelative 600 "cellphone@example.com"; }`;
    expect(outcome(phone, mail).actions[0]).toMatchObject({
      address: 'cellphone@example.com',
      copy: true,
      byTime: { seconds: 600, mode: 'return' },
    });
  });
});

describe('RFC 6134', () => {
  it('§2.7 valid_ext_list', () => {
    const script = `require ["extlists", "reject"];
      if valid_ext_list ":addrbook:default" { reject "Sorry, only friends and work!"; }
      elsif valid_ext_list [":addrbook:frens", ":addrbook:work"] { discard; }`;
    expect(actions(script, mail, listing({ ':addrbook:default': [] }))).toEqual([
      'reject reason=Sorry, only friends and work!',
    ]);
    expect(actions(script, mail, listing({ ':addrbook:work': [] }))).toEqual(['implicit keep']);
    expect(actions(script, mail, listing({ ':addrbook:work': [], ':addrbook:frens': [] }))).toEqual(['discard']);
  });

  it('example 1: known senders, in two branches', () => {
    const script = `require ["envelope", "extlists", "fileinto", "spamtest", "relational", "comparator-i;ascii-numeric"];
      if envelope :list "from" ":addrbook:default" {
        if spamtest :value "ge" :comparator "i;ascii-numeric" "8" { fileinto "spam"; }
      } elsif spamtest :value "ge" :comparator "i;ascii-numeric" "3" { fileinto "spam"; }`;
    const run = (known: readonly string[], spamPercent: number) =>
      actions(script, mail, { ...listing({ ':addrbook:default': known }), environment: { spamPercent } });
    expect(run(['sender@example.org'], 50)).toEqual(['implicit keep']);
    expect(run(['sender@example.org'], 90)).toEqual(['fileinto spam']);
    expect(run([], 50)).toEqual(['fileinto spam']);
  });

  it('example 2: a notification by a method that there is not keeps the message', () => {
    const script = `require ["extlists", "date", "enotify"];
      if currentdate :list "date" "tag:example.com,2011-01-01:localHolidays" { notify "xmpp:romeo@im.example.com"; }`;
    const holidays = listing({ 'tag:example.com,2011-01-01:localHolidays': ['2026-11-24'] });
    expect(actions(script, mail, holidays)).toEqual(['implicit keep', expect.stringMatching(/no way to notify/)]);
    const none = listing({ 'tag:example.com,2011-01-01:localHolidays': [] });
    expect(actions(script, mail, none)).toEqual(['implicit keep']);
  });

  it('example 3: mail to a list goes to all its members', () => {
    const list = 'tag:example.com,2010-05-28:mylist';
    const script = `require ["extlists", "envelope", "subaddress"];
      if allof (envelope :detail "to" "mylist", header :list "from" "${list}") { redirect :list "${list}"; }`;
    const environment = { envelope: { from: 'user@example.com', to: 'me+mylist@example.com' } };
    const run = (members: readonly string[]) => actions(script, mail, { ...listing({ [list]: members }), environment });
    expect(run(['user@example.com'])).toEqual([`redirect ${list} list`]);
    expect(run(['other@example.com'])).toEqual(['implicit keep']);
  });

  it('example 5: attachments with names of a list are enclosed', () => {
    const list = 'tag:example.com,2011-04-10:BadFileNameExts';
    const script = `require ["extlists", "foreverypart", "mime", "enclose"];
      foreverypart {
        if header :mime :param "filename" :list ["Content-Type", "Content-Disposition"] "${list}" {
          enclose :subject "Warning" text:
WARNING! The enclosed message has attachments that might be unsafe.
.
;
          break;
        }
      }`;
    const attached = 'Content-Disposition: attachment; filename=x.exe\n\nx';
    const [kept] = outcome(script, attached, listing({ [list]: ['x.exe'] })).actions;
    expect(kept).toMatchObject({ kind: 'keep', edited: expect.anything() });
    expect(outcome(script, attached, listing({})).actions[0]).not.toHaveProperty('edited');
  });
});

describe('RFC 6785 §5', () => {
  const script = (method: string) => `require ["enotify", "imap4flags", "variables", "environment", "imapsieve"];
    if environment :matches "imap.mailbox" "*" { set "mailbox" "\${1}"; }
    if allof (hasflag "\\\\Flagged", environment :contains "imap.changedflags" "\\\\Flagged") {
      notify :message "Important message in \${mailbox}" "${method}";
    }`;
  const flagged = (flags: readonly string[], changedFlags: string): World => ({
    environment: {
      imapEvent: true,
      flags,
      items: new Map([
        ['imap.cause', 'FLAG'],
        ['imap.mailbox', 'Work'],
        ['imap.changedflags', changedFlags],
      ]),
    },
  });

  it('example 2: only a message that was flagged now is told of', () => {
    const told = (world: World) => outcome(script('mailto:tim@example.com'), mail, world).actions;
    expect(told(flagged(['\\Flagged'], '\\Flagged'))).toMatchObject([
      { kind: 'notify', message: 'Important message in Work' },
      { kind: 'keep' },
    ]);
    expect(told(flagged(['\\Flagged'], '\\Seen'))).toMatchObject([{ kind: 'keep' }]);
    expect(told(flagged([], '\\Flagged'))).toMatchObject([{ kind: 'keep' }]);
    // As it is printed: there is no XMPP here.
    const xmpp = script('xmpp:tim@example.com?message;subject=SIEVE');
    expect(actions(xmpp, mail, flagged(['\\Flagged'], '\\Flagged'))[1]).toMatch(/no way to notify/);
    expect(problems(xmpp)).toEqual([]);
  });
});

describe('RFC 8580', () => {
  it('a copy of an answer, its tag behind the reason', () => {
    const script = `require ["vacation", "fcc", "mailbox", "imap4flags"];
      vacation :days 7 :from "hemingway@example.com" "Gone Fishin'" :fcc "INBOX.Sent";`;
    expect(outcome(script, mail).actions).toMatchObject([
      { kind: 'vacation', from: 'hemingway@example.com', reason: "Gone Fishin'", fcc: { mailbox: 'INBOX.Sent' } },
      { kind: 'keep' },
    ]);
  });

  it('a copy of a notification', () => {
    const script =
      'require ["enotify", "fcc"]; notify :fcc "INBOX.Sent" :message "You got mail!" "mailto:ken@example.com";';
    expect(outcome(script, mail).actions).toMatchObject([
      { kind: 'notify', message: 'You got mail!', fcc: { mailbox: 'INBOX.Sent' } },
      { kind: 'keep' },
    ]);
  });
});

describe('RFC 9042 §4', () => {
  const coyote = 'From: coyote@acme.example\n\n';
  const there = (...ids: string[]): World => ({
    answers: { 'mailbox-ids-exist': (ask: { ids: readonly string[] }) => ask.ids.every((id) => ids.includes(id)) },
  });
  const id = 'F6352ae03-b7f5-463c-896f-d8b48ee3';

  it('fileinto by the identifier, with a name to fall back to', () => {
    const script = `require "fileinto"; require "mailboxid";
      if header :contains ["from"] "coyote" { fileinto :mailboxid "${id}" "INBOX.harassment"; }`;
    expect(actions(script, coyote)).toEqual([`fileinto INBOX.harassment mailboxId=${id}`]);
    expect(actions(script, mail)).toEqual(['implicit keep']);
  });

  it('with :create and with special-use', () => {
    const script = 'require ["fileinto", "mailboxid", "mailbox", "special-use"];';
    expect(actions(`${script} fileinto :mailboxid "Fnosuch" :create "INBOX.no-such-folder";`, mail)).toEqual([
      'fileinto INBOX.no-such-folder mailboxId=Fnosuch create',
    ]);
    expect(problems(`${script} fileinto :mailboxid "blah" :specialuse "\\\\Junk" "Spam";`)).toHaveLength(1);
  });

  it('mailboxidexists', () => {
    const script = `require "fileinto"; require "mailboxid";
      if header :contains ["from"] "coyote" {
        if mailboxidexists "${id}" { fileinto :mailboxid "${id}" "INBOX.name.will.not.be.used"; }
        else { fileinto "INBOX.harassment"; }
      }`;
    expect(actions(script, coyote, there(id))).toEqual([`fileinto INBOX.name.will.not.be.used mailboxId=${id}`]);
    expect(actions(script, coyote, there())).toEqual(['fileinto INBOX.harassment']);
  });
});
