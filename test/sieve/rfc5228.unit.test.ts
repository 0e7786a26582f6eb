import { describe, expect, it } from 'vitest';
import { actions, holds, problems } from './script.ts';

const coyote = `From: coyote@desert.example.org
To: roadrunner@acme.example.com
Subject: I have a present for you

Look, I'm sorry about the whole anvil thing, and I really
didn't mean to try and drop it on you from the top of the
cliff.
`;
const roadrunner = `From: roadrunner@acme.example.com
To: coyote@desert.example.org
Cc: everyone@desert.example.org
Subject: Re: $$$ Look,   you *could* \\ win
X-Caffeine: C8H10N4O2
X-Attached:
Date: Mon, 1 Apr 1996 07:00:00 +0000

Body
`;

describe('RFC 5228, the language', () => {
  it('§2.3 comments', () => {
    expect(actions('if size :over 100k { # this is a comment\n discard;\n}', coyote)).toEqual(['implicit keep']);
    expect(actions('if size :over 100K { /* this is a comment\n over lines */ discard /* c */ ;\n}', coyote)).toEqual([
      'implicit keep',
    ]);
  });

  it('§2.4.1 numbers with K, M and G', () => {
    expect(holds('size :under 1K', coyote)).toBe(true);
    expect(holds('size :over 0', coyote)).toBe(true);
    expect(problems('if size :over 1T {}')).toEqual(['1:15 A number may only be followed by K, M or G.']);
    expect(problems('if size :over 99999999999999999 {}')).toEqual(['1:15 This number is too large.']);
  });

  it('§2.4.2 multi-line text, with stuffed dots and backslashes as they are', () => {
    const script = 'require "reject";\nreject text: # why\nno \\ of\n..this\n.foo\n..\n.\n;';
    expect(actions(script, coyote)).toEqual(['reject reason=no \\ of\r\n.this\r\n.foo\r\n.\r\n']);
  });

  it('§2.4.2.2 encoded words are decoded', () => {
    const mail = 'Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\n\n';
    expect(holds('header :is "subject" "Grüße"', mail)).toBe(true);
    expect(
      holds('header :is :comparator "i;unicode-casemap" "subject" "GRÜSSE"', mail, ['comparator-i;unicode-casemap']),
    ).toBe(true);
    expect(holds('header :is "subject" "GRÜSSE"', mail)).toBe(false);
  });

  it('§2.4.2.4 encoded characters', () => {
    const is = (text: string, meant: string) =>
      expect(holds(`header :is "subject" "${text}"`, `Subject: ${meant}\n\n`, ['encoded-character'])).toBe(true);
    is('$${hex:40}', '$@');
    is('${hex: 40 }', '@');
    is('${HEX: 40}', '@');
    is('${hex:40', '${hex:40');
    is('${hex:400}', '${hex:400}');
    is('${hex:4${hex:30}}', '${hex:40}');
    is('${unicode:40}', '@');
    is('${ unicode:40}', '${ unicode:40}');
    is('${UNICODE:40}', '@');
    is('${UnICoDE:0000040}', '@');
    is('${Unicode:40}', '@');
    is('${Unicode:Cool}', '${Unicode:Cool}');
    expect(problems('require "encoded-character"; redirect "${unicode:200000}";')[0]).toBe(
      '1:39 "${unicode:200000}" names no Unicode character.',
    );
    expect(problems('require "encoded-character"; redirect "${unicode:D800}";')).not.toEqual([]);
    expect(problems('require ["encoded-character", "fileinto"]; fileinto "${hex:ff}";')).toEqual([
      '1:53 "${hex:ff}" is not UTF-8.',
    ]);
  });

  it('§2.4.2.2 what cannot be the name of a field is no error in a test, and is in no header', () => {
    expect(holds('header :contains ["From:", "", "a b", "ü"] ""', `${coyote}no field\n`)).toBe(false);
    expect(holds('exists "From:"', coyote)).toBe(false);
    expect(holds('address :contains "From:" ""', coyote)).toBe(false);
    expect(holds('date :contains "From:" "year" ""', coyote, ['date'])).toBe(false);
  });

  it('§2.4.2.3 an address with its name', () => {
    expect(actions('redirect "Tim Showalter <tim@example.com>";', coyote)).toEqual(['redirect tim@example.com']);
    for (const wrong of ['a', 'a@', '<@x:a@b.c>', 'g: a@b.c;', 'a@b.c, d@e.f', 'a@b.c\r\nBcc: d@e.f', '']) {
      expect(problems(`redirect "${wrong}";`)).toHaveLength(1);
    }
  });

  it('§2.7.1 match types, with wildcards that can be quoted', () => {
    expect(holds('string :contains "frobnitzm" ["frob"]', coyote, ['variables'])).toBe(true);
    expect(holds('string :contains "frobnitzm" "fbm"', coyote, ['variables'])).toBe(false);
    expect(holds('header :contains "subject" "PRESENT"', coyote)).toBe(true);
    expect(holds('header :contains :comparator "i;octet" "subject" "PRESENT"', coyote)).toBe(false);
    expect(holds('header :matches "subject" "i*have ? present*"', coyote)).toBe(true);
    expect(holds('header :matches "subject" "i have"', coyote)).toBe(false);
    expect(holds('header :matches "subject" "*\\\\*could\\\\* \\\\\\\\ win"', roadrunner)).toBe(true);
    expect(holds('header :matches "subject" "*\\\\*present*"', coyote)).toBe(false);
    expect(holds('header :contains "x-caffeine" [""]', roadrunner)).toBe(true);
    expect(holds('header :is "x-caffeine" [""]', roadrunner)).toBe(false);
    expect(holds('header :is "x-attached" ""', roadrunner)).toBe(true);
  });

  it('§2.7.3 comparators: numbers have no substrings', () => {
    const test = 'header :contains :comparator "i;ascii-numeric" "subject" "1"';
    expect(problems(`require "comparator-i;ascii-numeric"; if ${test} {}`)).toEqual([
      '1:42 The comparator "i;ascii-numeric" cannot be used with ":contains".',
    ]);
    expect(problems('if header :comparator "i;ascii-numeric" "a" "1" {}')).toEqual([
      '1:23 Require "comparator-i;ascii-numeric" to use the comparator "i;ascii-numeric".',
    ]);
    expect(problems('if header :comparator "i;klingon" "a" "1" {}')).toEqual([
      '1:23 There is no comparator "i;klingon".',
    ]);
  });

  it('§2.10.6 and §3.2 what is not supported, or comes too late, is refused', () => {
    expect(problems('keep; require "fileinto";')).toEqual(['1:7 "require" must stand before all other commands.']);
    expect(problems('frobnicate;')).toEqual(['1:1 There is no command "frobnicate".']);
  });
});

describe('RFC 5228, commands and tests', () => {
  it('§3.1 if', () => {
    const script = `require "fileinto";
      if header :contains "from" "coyote" { discard; }
      elsif header :contains ["subject"] ["$$$"] { discard; }
      else { fileinto "INBOX"; }`;
    expect(actions(script, coyote)).toEqual(['discard']);
    expect(actions(script, roadrunner)).toEqual(['discard']);
    expect(actions(script, 'Subject: hi\n\n')).toEqual(['fileinto INBOX']);
    const second = `if header :contains ["From"] ["coyote"] { redirect "acm@example.com"; }
      elsif header :contains "Subject" "$$$" { redirect "postmaster@example.com"; }
      else { redirect "field@example.com"; }`;
    expect(actions(second, coyote)).toEqual(['redirect acm@example.com']);
    expect(actions(second, roadrunner)).toEqual(['redirect postmaster@example.com']);
    expect(actions(second, 'A: b\n\n')).toEqual(['redirect field@example.com']);
    expect(actions('if true { if false { } else { keep; } } else { discard; }', coyote)).toEqual(['keep']);
  });

  it('§5.7 a field that is not there, or is empty', () => {
    expect(holds('not header :matches "Cc" "?*"', coyote)).toBe(true);
    expect(holds('not header :matches "Cc" "?*"', roadrunner)).toBe(false);
    expect(holds('not header :matches "X-Attached" "?*"', roadrunner)).toBe(true);
  });

  it('§2.4.2.4, §2.5.1, §2.7.3, §4.4 the other examples', () => {
    const encoded = 'require "encoded-character"; if header :contains "Subject" "$${hex:24 24}" { discard; }';
    expect(actions(encoded, roadrunner)).toEqual(['discard']);
    expect(actions(encoded, coyote)).toEqual(['implicit keep']);
    const list = 'anyof (not exists ["From", "Date"], header :contains "from" "fool@example.com")';
    expect(holds(list, roadrunner)).toBe(false);
    expect(holds(list, roadrunner.replace('roadrunner', 'fool'))).toBe(false);
    expect(holds(list, roadrunner.replace(/From: .*/, 'From: fool@example.com'))).toBe(true);
    const fast = 'header :contains :comparator "i;octet" "Subject" "MAKE MONEY FAST"';
    expect(holds(fast, 'Subject: You can MAKE MONEY FAST\n\n')).toBe(true);
    expect(holds(fast, 'Subject: You can Make Money Fast\n\n')).toBe(false);
    expect(actions('if not size :under 1M { discard; }', coyote)).toEqual(['implicit keep']);
    expect(actions('if size :over 500K { discard; }', coyote)).toEqual(['implicit keep']);
    expect(actions('require "fileinto"; fileinto "A"; discard;', coyote)).toEqual(['fileinto A', 'discard']);
    expect(problems('require "fileinto";\nrequire "vacation";')).toEqual([]);
    expect(problems('if true {} else if true {}')).not.toEqual([]);
  });

  it('§3.3 stop', () => expect(actions('if true { stop; } discard;', coyote)).toEqual(['implicit keep']));

  it('§4.1 fileinto, to each mailbox once (§2.10.3)', () => {
    const script =
      'require "fileinto"; if header :contains ["from"] "coyote" { fileinto "INBOX.harassment"; fileinto "INBOX.harassment"; }';
    expect(actions(script, coyote)).toEqual(['fileinto INBOX.harassment']);
    expect(problems('require "fileinto"; fileinto "";')).toEqual(['1:30 The name of a mailbox cannot be empty.']);
    expect(problems('require "fileinto"; fileinto ["a", "b"];')).toEqual(['1:30 A string must stand here (mailbox).']);
  });

  it('§4.2 to §4.4 redirect, keep, discard', () => {
    expect(actions('redirect "bart@example.com";', coyote)).toEqual(['redirect bart@example.com']);
    expect(actions('if size :under 1M { keep; } else { discard; }', coyote)).toEqual(['keep']);
    expect(actions('if header :contains ["from"] ["idiot@example.com"] { discard; }', coyote)).toEqual([
      'implicit keep',
    ]);
    expect(actions('discard; keep;', coyote)).toEqual(['discard', 'keep']);
  });

  it('§5.1 address', () => {
    expect(holds('address :is :all "from" "tim@example.com"', 'From: "Tim" <TIM@example.com> (a)\n\n')).toBe(true);
    expect(holds('address :domain :is ["from", "to"] "acme.example.com"', coyote)).toBe(true);
    expect(holds('address :localpart "to" "roadrunner"', coyote)).toBe(true);
    expect(holds('address "to" "roadrunner"', coyote)).toBe(false);
    expect(holds('address "to" "b@c.d"', 'To: friends: a@b.c, B <b@c.d>;, =?utf-8?q?x=40y.z?= <q@r.s>\n\n')).toBe(true);
    expect(problems('if address "subject" "x" {}')).toEqual([
      '1:12 The field "subject" does not hold addresses; use the test "header".',
    ]);
    expect(problems('if address "x" {}')).toEqual(['1:4 "address" needs a string or a list of strings: keys.']);
  });

  it('§5.2 and §5.3 allof, anyof', () => {
    expect(holds('allof (true, not false, exists "from")', coyote)).toBe(true);
    expect(holds('allof (true, false)', coyote)).toBe(false);
    expect(holds('anyof (false, not exists ["From", "Date"], false)', coyote)).toBe(true);
    expect(problems('if allof true {}')).toEqual(['1:4 "allof" needs a list of tests in parentheses.']);
    expect(problems('if not (true, false) {}')).toEqual(['1:4 "not" needs one test.']);
  });

  it('§5.4 envelope', () => {
    expect(holds('envelope :all :is "from" "tim@example.com"', coyote, ['envelope'])).toBe(false);
    expect(holds('envelope :domain ["FROM"] "example.org"', coyote, ['envelope'])).toBe(true);
    const bounce = { environment: { envelope: { from: '', to: 'u@example.com' } } };
    for (const part of [':all', ':localpart', ':domain']) {
      expect(holds(`envelope ${part} "from" ""`, coyote, ['envelope'], bounce)).toBe(true);
    }
    expect(problems('require "envelope"; if envelope "helo" "x" {}')).toEqual([
      '1:24 The envelope has no part "helo".',
    ]);
  });

  it('§5.5, §5.9 exists, size', () => {
    expect(holds('not exists ["From", "Date"]', coyote)).toBe(true);
    expect(holds('exists ["from", "date"]', roadrunner)).toBe(true);
    expect(problems('if size 10 {}')).toEqual(['1:4 "size" needs ":over" or ":under".']);
    expect(problems('if size :over :under 10 {}')).toEqual(['1:15 ":over" and ":under" cannot be given together.']);
  });

  it('§9 the extended example', () => {
    const script = `require ["fileinto"];
      if header :is "Sender" "owner-ietf-mta-filters@imc.org" { fileinto "filter"; }
      elsif address :DOMAIN :is ["From", "To"] "example.com" { keep; }
      elsif anyof (NOT address :all :contains ["To", "Cc", "Bcc"] "me@example.com",
                   header :matches "subject" ["*make*money*fast*", "*university*dipl*mas*"]) { fileinto "spam"; }
      else { fileinto "personal"; }`;
    expect(actions(script, 'Sender: owner-ietf-mta-filters@imc.org\n\n')).toEqual(['fileinto filter']);
    expect(actions(script, 'From: x@example.com\n\n')).toEqual(['keep']);
    expect(actions(script, 'From: a@b.c\nTo: others@d.e\n\n')).toEqual(['fileinto spam']);
    expect(actions(script, 'From: a@b.c\nBcc: me@example.com.invalid\nSubject: MAKE MONEY so fast\n\n')).toEqual([
      'fileinto spam',
    ]);
    expect(actions(script, 'From: a@b.c\nBcc: <me@example.com.invalid>\nSubject: hi\n\n')).toEqual([
      'fileinto personal',
    ]);
  });

  it('the book: `elseif`, a trailing comma and an address test without fields are refused with line and reason', () => {
    expect(problems('if true { keep; }\nelseif true { stop; }')).toEqual([
      '2:1 There is no command "elseif"; it is spelt "elsif".',
    ]);
    expect(problems('if anyof (true, false,) { keep; }')).toEqual(['1:23 A test must stand here, not ")".']);
  });

  it('RFC 5429, the examples', () => {
    const size = 'require ["reject"];\nif size :over 100K { reject text:\nYour message is too big.\n.\n; }';
    expect(actions(size, coyote)).toEqual(['implicit keep']);
    expect(actions(size, `${coyote}${'x'.repeat(102_400)}`)).toEqual(['reject reason=Your message is too big.\r\n']);
    const spam = `["ereject", "spamtest", "fileinto", "comparator-i;ascii-numeric"];
      if spamtest :value "ge" :comparator "i;ascii-numeric" "6" {
        ereject text:\nAntiSpam engine thinks your message is spam.\nIt is therefore being refused.\n.\n; }
      elsif spamtest :value "ge" :comparator "i;ascii-numeric" "4" { fileinto "Suspect"; }`;
    // As it is printed, "relational" is missing.
    expect(problems(`require ${spam}`)[0]).toBe(
      '2:19 "spamtest" does not take ":value"; require "relational" to use it.',
    );
    const run = (spamPercent: number) =>
      actions(`require "relational"; require ${spam}`, coyote, { environment: { spamPercent } });
    expect(run(100)).toEqual([
      'reject reason=AntiSpam engine thinks your message is spam.\r\nIt is therefore being refused.\r\n early',
    ]);
    expect(run(30)).toEqual(['fileinto Suspect']);
    expect(run(0)).toEqual(['implicit keep']);
  });

  it('RFC 5429: a rejected message is not delivered as well', () => {
    expect(actions('require "reject"; reject "go away";', coyote)).toEqual(['reject reason=go away']);
    expect(actions('require "ereject"; ereject "go away";', coyote)).toEqual(['reject reason=go away early']);
    expect(actions('require "reject"; keep; reject "go away";', coyote)).toEqual([
      'implicit keep',
      'failed: line 1, column 25: A message cannot be rejected after "keep".',
    ]);
  });
});
