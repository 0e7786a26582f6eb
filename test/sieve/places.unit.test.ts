import { describe, expect, it } from 'vitest';
import { actions, holds, outcome, problems } from './script.ts';

const mail = 'From: a@example.org\nSubject: hi\n\nbody\n';

describe('RFC 8579, special-use', () => {
  const uses = new Map([
    ['Spam', '\\junk'],
    ['Archive', '\\archive'],
  ]);
  const world = {
    answers: {
      'special-use-exists': (ask: { mailbox: string | undefined; uses: readonly string[] }) =>
        ask.uses.every((use) =>
          [...uses].some(([name, has]) => has === use.toLowerCase() && (ask.mailbox ?? name) === name),
        ),
    },
  };

  it('specialuse_exists, of any mailbox or of one', () => {
    const has = (test: string) => holds(`specialuse_exists ${test}`, mail, ['special-use'], world);
    expect(has('"\\\\Archive"')).toBe(true);
    expect(has('["\\\\Archive", "\\\\Junk"]')).toBe(true);
    expect(has('["\\\\Archive", "\\\\Drafts"]')).toBe(false);
    expect(has('"Spam" "\\\\Junk"')).toBe(true);
    expect(has('"Spam" ["\\\\Junk", "\\\\Archive"]')).toBe(false);
  });

  it('fileinto', () => {
    const script = 'require ["fileinto", "special-use", "mailbox"]; fileinto';
    expect(actions(`${script} :specialuse "\\\\Archive" :create "INBOX/Archive";`, mail)).toEqual([
      'fileinto INBOX/Archive specialUse=\\Archive create',
    ]);
    expect(problems(`${script} :specialuse "Archive" "A";`)).toEqual([
      '1:70 "Archive" is no special use; one is written "\\\\Junk".',
    ]);
    const variable = 'require ["fileinto", "special-use", "variables"]; set "u" "Junk";';
    expect(actions(`${variable} fileinto :specialuse "\\\\\\\\\${u}" "S";`, mail)[1]).toMatch(/is no special use/);
    expect(actions(`${variable} fileinto :specialuse "\\\\\${u}" "S";`, mail)).toEqual([
      'fileinto S specialUse=\\Junk',
    ]);
  });

  it('the examples: a default mailbox beside the use, and what a copy into Junk reports', () => {
    const file = (command: string, more = '') =>
      actions(`require ["fileinto", "special-use"${more}]; ${command}`, mail);
    expect(file('fileinto :specialuse "\\\\Archive" "INBOX/Archive";')).toEqual([
      'fileinto INBOX/Archive specialUse=\\Archive',
    ]);
    expect(file('fileinto :specialuse "\\\\Junk" "Spam";')).toEqual(['fileinto Spam specialUse=\\Junk']);
    expect(file('fileinto :specialuse "\\\\Junk" :create "Spam";', ', "mailbox"')).toEqual([
      'fileinto Spam specialUse=\\Junk create',
    ]);
    const report = `require ["environment", "variables", "special-use", "imapsieve"];
      if environment :matches "imap.mailbox" "*" { set "mailbox" "\${1}"; }
      if allof (environment "imap.cause" "COPY", specialuse_exists "\${mailbox}" "\\\\Junk") {
        redirect "spam-report@example.org";
      }`;
    const copiedInto = (mailbox: string) => ({
      ...world,
      environment: {
        imapEvent: true,
        items: new Map([
          ['imap.cause', 'COPY'],
          ['imap.mailbox', mailbox],
        ]),
      },
    });
    expect(actions(report, mail, copiedInto('Spam'))).toEqual(['redirect spam-report@example.org']);
    expect(actions(report, mail, copiedInto('Archive'))).toEqual(['implicit keep']);
  });
});

describe('RFC 9042, mailboxid', () => {
  const world = {
    answers: { 'mailbox-ids-exist': (ask: { ids: readonly string[] }) => ask.ids.every((id) => id === 'F6352ae03') },
  };

  it('mailboxidexists', () => {
    expect(holds('mailboxidexists "F6352ae03"', mail, ['mailboxid'], world)).toBe(true);
    expect(holds('mailboxidexists ["F6352ae03", "M"]', mail, ['mailboxid'], world)).toBe(false);
    expect(holds('mailboxidexists "not an id"', mail, ['mailboxid'], world)).toBe(false);
  });

  it('fileinto, by id or by use', () => {
    expect(
      actions('require ["fileinto", "mailboxid"]; fileinto :mailboxid "F6352ae03" "INBOX.harassment";', mail),
    ).toEqual(['fileinto INBOX.harassment mailboxId=F6352ae03']);
    const both =
      'require ["fileinto", "mailboxid", "special-use"]; fileinto :mailboxid "M" :specialuse "\\\\Junk" "A";';
    expect(problems(both)).toEqual(['1:75 ":mailboxid" and ":specialuse" cannot be given together.']);
  });
});

describe('RFC 8580, fcc', () => {
  const copy = (script: string) => {
    const [action] = outcome(script, mail).actions;
    return action?.kind === 'vacation' || action?.kind === 'notify' ? action.fcc : undefined;
  };

  it('a copy of the answer', () => {
    expect(copy('require ["vacation", "fcc"]; vacation :days 7 :fcc "INBOX.Sent" "Gone";')).toEqual({
      mailbox: 'INBOX.Sent',
    });
    expect(copy('require ["enotify", "fcc"]; notify :fcc "INBOX.Sent" "mailto:a@b.c";')).toEqual({
      mailbox: 'INBOX.Sent',
    });
    expect(copy('require "vacation"; vacation "Gone";')).toBeUndefined();
  });

  it('§3.2.1 which notifications can be copied', () => {
    const script = `require ["enotify", "fcc"];
      if notify_method_capability "xmpp:" "Fcc" "yes" {
        notify :fcc "INBOX.Sent" :message "You got mail" "xmpp:ken@example.com?message;subject=SIEVE";
      } else { notify :fcc "INBOX.Sent" :message "You got mail!" "mailto:ken@example.com"; }`;
    expect(actions(script, mail)[0]).toMatch(
      /^notify method=mailto:ken@example.com .* fcc=\{"mailbox":"INBOX.Sent"\}$/,
    );
    expect(holds('notify_method_capability "mailto:" "fcc" "yes"', mail, ['enotify'])).toBe(true);
  });

  it('§3.4.4 the extended example, its tags behind the reason, and not with reject', () => {
    const script = `require ["vacation", "fcc", "mailbox", "special-use", "imap4flags"];
      vacation :days 7 :from "hemingway@example.com" "Gone Fishin'"
        :fcc "INBOX.Sent" :specialuse "\\\\Sent" :create :flags ["\\\\Seen"];`;
    expect(copy(script)).toEqual({ mailbox: 'INBOX.Sent', specialUse: '\\Sent', create: true, flags: ['\\Seen'] });
    expect(problems('require ["reject", "fcc"]; reject :fcc "foo" "no";')[0]).toBe(
      '1:35 "reject" does not take ":fcc".',
    );
  });

  it('with flags, created, by its use or id, in any order', () => {
    const script = `require ["vacation", "fcc", "mailbox", "imap4flags", "special-use"];
      vacation :flags ["\\\\Seen", "x"] :create :specialuse "\\\\Sent" :fcc "Sent" "Gone";`;
    expect(copy(script)).toEqual({ mailbox: 'Sent', flags: ['\\Seen', 'x'], create: true, specialUse: '\\Sent' });
    expect(copy('require ["vacation", "fcc", "mailboxid"]; vacation :mailboxid "M1" :fcc "Sent" "Gone";')).toEqual({
      mailbox: 'Sent',
      mailboxId: 'M1',
    });
    expect(problems('require ["vacation", "fcc", "mailbox"]; vacation :create "Gone";')).toEqual([
      '1:41 ":create" can only be given together with ":fcc".',
    ]);
    expect(problems('require ["vacation", "mailbox"]; vacation :create :fcc "A" "Gone";')[0]).toMatch(
      /require "fcc" to use it/,
    );
  });
});

describe('RFC 5490, annotations', () => {
  const values = new Map([
    ['INBOX /private/vendor/vendor.isode/auto-replies', 'on'],
    ['- /private/vendor/vendor.isode/notification-uri', 'mailto:alm@example.com'],
  ]);
  const world = {
    answers: {
      metadata: (ask: { mailbox: string | undefined; annotation: string }) =>
        values.get(`${ask.mailbox ?? '-'} ${ask.annotation}`),
    },
  };

  it('§3.3, §3.4 of mailboxes', () => {
    const script = `require ["mboxmetadata", "vacation"];
      if metadata :is "INBOX" "/private/vendor/vendor.isode/auto-replies" "on" {
        vacation text:\nI'm away on holidays till March 2009.\nExpect a delay.\n.\n; }`;
    expect(actions(script, mail, world)[0]).toMatch(/^vacation reason=I'm away on holidays/);
    const has = (test: string) => holds(test, mail, ['mboxmetadata'], world);
    expect(has('metadata :contains "A" "/private/vendor/vendor.isode/auto-replies" ""')).toBe(false);
    expect(has('metadataexists "INBOX" "/private/vendor/vendor.isode/auto-replies"')).toBe(true);
    expect(has('metadataexists "INBOX" ["/private/vendor/vendor.isode/auto-replies", "/shared/comment"]')).toBe(false);
    expect(problems('require "mboxmetadata"; if metadataexists "INBOX" "comment" {}')[0]).toMatch(
      /begins with "\/private\/"/,
    );
  });

  it('§4 of the server', () => {
    const script = `require ["enotify", "servermetadata", "variables", "envelope"];
      if servermetadata :matches "/private/vendor/vendor.isode/notification-uri" "*" { set "notif_uri" "\${0}"; }
      if not string :is "\${notif_uri}" "none" {
        if envelope :all :matches "from" "*" { set "env_from" " [really: \${1}]"; }
        if header :matches "Subject" "*" { set "subject" "\${1}"; }
        if address :matches :all "from" "*" { set "from_addr" "\${1}"; }
        notify :message "\${from_addr}\${env_from}: \${subject}" "\${notif_uri}";
      }`;
    expect(actions(script, mail, world)[0]).toBe(
      'notify method=mailto:alm@example.com importance=2 message=a@example.org [really: sender@example.org]: hi options=',
    );
    expect(holds('servermetadataexists "/private/x"', mail, ['servermetadata'], world)).toBe(false);
  });
});
