import { describe, expect, it } from 'vitest';
import { actions, holds, outcome, problems, type World } from './script.ts';

// Examples of RFC 5228, 5229 and 5232 as they are printed, with what comes of them here.

const a = `Date: Tue, 1 Apr 1997 09:06:31 -0800 (PST)
From: coyote@desert.example.org
To: roadrunner@acme.example.com
Subject: I have a present for you

Look, I'm sorry about the whole anvil thing, and I really
didn't mean to try and drop it on you from the top of the
cliff.  I want to try to make it up to you.
--
Wile E. Coyote   "Super Genius"   coyote@desert.example.org
`;
const b = `From: youcouldberich!@reply-by-postal-mail.invalid
Sender: b1ff@de.res.example.com
To: rube@landru.example.com
Date:  Mon, 31 Mar 1997 18:26:10 -0800
Subject: $$$ YOU, TOO, CAN BE A MILLIONAIRE! $$$

YOU MAY HAVE ALREADY WON TEN MILLION DOLLARS, BUT I DOUBT
IT!  SO JUST POST THIS TO SIX HUNDRED NEWSGROUPS!
`;
const other = 'From: field@example.com\nTo: me@example.com\nSubject: hi\n\nbody\n';

describe('RFC 5228', () => {
  it('§2.4.2.1 lists of strings, and one string for a list of one', () => {
    const test = 'header :contains ["To", "Cc"] ["me@example.com", "me00@landru.example.com"]';
    expect(holds(test, other)).toBe(true);
    expect(holds(test, 'Cc: x, me00@landru.example.com\n\n')).toBe(true);
    expect(holds(test, b)).toBe(false);
    for (const exists of ['exists "To"', 'exists ["To"]']) expect(holds(exists, a)).toBe(true);
  });

  it('§2.4.2.2 white space before the colon of a field', () => {
    expect(holds('header "from" "x@example.com"', 'From   : x@example.com\n\n')).toBe(true);
  });

  it('§2.4.2.4 what encodes no character is an error only where it is well formed', () => {
    const checked = (text: string) => problems(`require ["encoded-character", "fileinto"]; fileinto "${text}";`);
    expect(checked('$' + '{Unicode:DF01}')).toEqual(['1:53 "${Unicode:DF01}" names no Unicode character.']);
    expect(checked('$' + '{Unicode:DF01')).toEqual([]);
    expect(checked('$' + '{unicode:200000 x}')).toEqual([]);
    const dollars = 'require "encoded-character"; if header :contains "Subject" "$${hex:24 24}" { discard; }';
    expect(actions(dollars, b)).toEqual(['discard']);
    expect(actions(dollars, a)).toEqual(['implicit keep']);
  });

  it('§2.7.1 a key within a value, and the value alone', () => {
    const has = (type: string, key: string) => holds(`header ${type} "Subject" "${key}"`, 'Subject: frobnitzm\n\n');
    expect(['frob', 'nit', '', 'fbm'].map((key) => has(':contains', key))).toEqual([true, true, true, false]);
    expect(['frobnitzm', 'frob', ''].map((key) => has(':is', key))).toEqual([true, false, false]);
  });

  it('§2.7.3, §2.10.2, §3.1 messages A and B', () => {
    const chain = `if header :contains ["From"] ["coyote"] { redirect "acm@example.com"; }
      elsif header :contains "Subject" "$$$" { redirect "postmaster@example.com"; }
      else { redirect "field@example.com"; }`;
    expect([a, b, other].map((mail) => actions(chain, mail)[0])).toEqual([
      'redirect acm@example.com',
      'redirect postmaster@example.com',
      'redirect field@example.com',
    ]);
    const dropped = `require "fileinto"; if header :contains "from" "coyote" { discard; }
      elsif header :contains ["subject"] ["$$$"] { discard; } else { fileinto "INBOX"; }`;
    expect([a, b, other].map((mail) => actions(dropped, mail)[0])).toEqual(['discard', 'discard', 'fileinto INBOX']);
    for (const mail of [a, b]) expect(actions('if size :over 500K { discard; }', mail)).toEqual(['implicit keep']);
    expect(problems('if true {} keep; else {}')).toEqual(['1:18 "else" must follow "if" or "elsif".']);
  });

  it('§2.7.4 what is no whole address has no parts', () => {
    for (const to of ['undisclosed', 'John Doe', 'a@', '@b.c']) {
      const has = (part: string) => holds(`address ${part} :contains "to" ""`, `To: ${to}\n\n`, ['subaddress']);
      expect([':localpart', ':domain', ':user', ':detail'].filter(has), to).toEqual([]);
      expect(has(':all')).toBe(true);
    }
    // A recipient without a domain is one of this server, and is whole.
    const local = { environment: { envelope: { from: 'a@b.c', to: 'geeko' } } };
    expect(holds('envelope :localpart "to" "geeko"', a, ['envelope'], local)).toBe(true);
  });

  it('§2.4.2.3 an address that would have to be quoted', () => {
    expect(actions('redirect "\\"a b\\"@example.com";', a)).toEqual(['redirect "a b"@example.com']);
    for (const wrong of ['a b@example.com', 'user@@example.com', 'a@b@example.com']) {
      expect(problems(`redirect "${wrong}";`)).toEqual([`1:10 "${wrong}" is not an email address.`]);
    }
  });

  it('§3.2 require, whose names are case-sensitive (§6)', () => {
    expect(problems('require ["fileinto", "reject"];')).toEqual([]);
    expect(problems('require "FileInto";')).toEqual(['1:9 The extension "FileInto" is not supported.']);
  });

  it('§4, §5 the actions and tests, each for whom it is meant', () => {
    const tim = 'From: Tim <tim@example.com>\nDate: Mon, 1 Apr 1996 07:00:00 +0000\n\n';
    const from = (address: string): World => ({ environment: { envelope: { from: address, to: 'u@example.com' } } });
    expect(
      actions('require "fileinto"; if header :contains ["from"] "coyote" { fileinto "INBOX.harassment"; }', a),
    ).toEqual(['fileinto INBOX.harassment']);
    const idiot = 'if header :contains ["from"] ["idiot@example.com"] { discard; }';
    expect(actions(idiot, 'From: idiot@example.com\n\n')).toEqual(['discard']);
    const address = 'if address :is :all "from" "tim@example.com" { discard; }';
    expect([tim, a].map((mail) => actions(address, mail)[0])).toEqual(['discard', 'implicit keep']);
    const envelope = 'require "envelope"; if envelope :all :is "from" "tim@example.com" { discard; }';
    expect(actions(envelope, a, from('tim@example.com'))).toEqual(['discard']);
    expect(actions(envelope, tim, from('other@example.com'))).toEqual(['implicit keep']);
    const exists = 'if not exists ["From","Date"] { discard; }';
    expect([a, other].map((mail) => actions(exists, mail)[0])).toEqual(['implicit keep', 'discard']);
    const fool = `if anyof (not exists ["From", "Date"], header :contains "from" "fool@example.com") { discard; }`;
    expect(
      [a, other, a.replace('coyote@desert.example.org', 'fool@example.com')].map((mail) => actions(fool, mail)[0]),
    ).toEqual(['implicit keep', 'discard', 'discard']);
  });

  it('§5.2, §5.3, §5.8 and, or, not', () => {
    const is = (test: string) => holds(test, a);
    expect(['false, false', 'false, true', 'true, true'].map((two) => is(`allof (${two})`))).toEqual([
      false,
      false,
      true,
    ]);
    expect(['false, false', 'false, true', 'true, true'].map((two) => is(`anyof (${two})`))).toEqual([
      false,
      true,
      true,
    ]);
    expect([is('not false'), is('not true')]).toEqual([true, false]);
  });

  it('§5.9 a message of exactly so many octets is neither over nor under', () => {
    const mail = `A: b\n\n${'x'.repeat(4000 - 8)}`;
    expect(holds('size :over 3999', mail) && holds('size :under 4001', mail)).toBe(true);
    expect(holds('size :over 4000', mail) || holds('size :under 4000', mail)).toBe(false);
  });
});

describe('RFC 5229', () => {
  const filed = (script: string, mail = a) =>
    actions(`require ["variables", "fileinto"]; ${script}`, mail)[0]?.replace('fileinto ', '');

  it('§3 references, of which one may stand in what is none', () => {
    const is = (text: string) => filed(`set "company" "ACME"; fileinto "x${text}";`);
    expect(is('${full}')).toBe('x');
    expect(is('${BAD${Company}')).toBe('x${BADACME');
    expect(is('${President, ${Company} Inc.}')).toBe('x${President, ACME Inc.}');
  });

  it('§3.1 a backslash is taken away before variables are put in', () => {
    const is = (text: string) => filed(`set "foo" "bar"; fileinto "x${text}";`);
    expect(is('${fo\\o}')).toBe('xbar');
    expect(is('${fo\\\\o}')).toBe('x${fo\\o}');
    expect(is('\\${foo}')).toBe('xbar');
    expect(is('\\\\${foo}')).toBe('x\\bar');
    // As it is printed, the semicolon behind set is missing.
    const dear = `require ["encoded-character", "variables"];
      set "name" "Ethelbert"
      if header :contains "Subject" "dear\${hex:20 24 7b 4e}ame}" { }`;
    expect(problems(dear)).not.toEqual([]);
  });

  it('§3.2 a list, whose second rule is printed with a misspelt command', () => {
    const rule = (command: string) => `if header :matches "Subject" "[*] *" { ${command} "INBOX.lists.\${1}"; stop; }`;
    const mail = 'Subject: [acme-users] [fwd] version 1.0 is out\n\n';
    expect(problems(`require ["fileinto", "variables"]; ${rule('fileinfo')}`)).toEqual([
      '1:75 There is no command "fileinfo".',
    ]);
    expect(filed(rule('fileinto'), mail)).toBe('INBOX.lists.acme-users');
  });

  it('§4 a text with variables in it', () => {
    const script = `set "honorific"  "Mr"; set "first_name" "Wile"; set "last_name"  "Coyote";
set "vacation" text:
Dear \${HONORIFIC} \${last_name},
I'm out, please leave a message after the meep.
.
;`;
    const { actions: taken } = outcome(`require ["variables", "reject"]; ${script} reject "\${vacation}";`, a);
    expect(taken).toMatchObject([{ reason: "Dear Mr Coyote,\r\nI'm out, please leave a message after the meep.\r\n" }]);
  });

  it('§5 white space of a source stays', () => {
    const pending = 'set "state" "${state} pending"; if string :matches " ${state} " "* pending *" { fileinto "P"; }';
    expect(filed(pending)).toBe('P');
  });

  it('§6 so many variables, with names and values as long as must be', () => {
    const many = Array.from({ length: 128 }, (_, i) => `set "${'v'.repeat(29)}${String(i).padStart(3, '0')}" "${i}";`);
    const long = `set "long" "${'x'.repeat(4000)}"; set :length "n" "\${long}";`;
    const name = `${'v'.repeat(29)}127`;
    expect(filed(`${many.join('')} ${long} fileinto "\${${name}} \${n}";`)).toBe('127 4000');
    expect(filed('if header :matches "Subject" "? ???? ? ??????? *" { fileinto "${9}"; }')).toBe('e');
  });
});

describe('RFC 5232', () => {
  const requires = 'require ["fileinto", "imap4flags", "variables", "relational", "comparator-i;ascii-numeric"];';
  const run = (script: string, mail = a) => actions(`${requires} ${script}`, mail);

  it('§3.1 a large message, and mail from the boss', () => {
    const large = 'if size :over 500K { setflag "\\\\Deleted"; }';
    expect(run(large, `${a}${'x'.repeat(500 * 1024)}`)).toEqual(['implicit keep flags=\\Deleted']);
    const boss = `if header :contains "from" "boss@frobnitzm.example.edu" {
      setflag "flagvar" "\\\\Flagged"; fileinto :flags "\${flagvar}" "INBOX.From Boss"; }`;
    expect(run(boss, 'From: boss@frobnitzm.example.edu\n\n')).toEqual(['fileinto INBOX.From Boss flags=\\Flagged']);
  });

  it('§3.2 four ways to the same flags', () => {
    for (const add of [
      'addflag "flagvar" "\\\\Deleted"; addflag "flagvar" "\\\\Answered";',
      'addflag "flagvar" ["\\\\Deleted", "\\\\Answered"];',
      'addflag "flagvar" "\\\\Deleted \\\\Answered";',
      'addflag "flagvar" "\\\\Answered \\\\Deleted";',
    ]) {
      const [kept = ''] = run(`${add} keep :flags "\${flagvar}";`);
      expect(kept.replace('keep flags=', '').split(' ').sort()).toEqual(['\\Answered', '\\Deleted']);
    }
  });

  it('§3.3 a flag that was added is taken away', () => {
    const script = `if header :contains "Disposition-Notification-To" "mel@example.com" {
        addflag "flagvar" "$MDNRequired"; }
      if header :contains "from" "imap@cac.washington.example.edu" {
        removeflag "flagvar" "$MDNRequired"; fileinto :flags "\${flagvar}" "INBOX.imap-list"; }`;
    const asks = 'Disposition-Notification-To: mel@example.com\n';
    expect(run(script, `${asks}From: imap@cac.washington.example.edu\n\n`)).toEqual([
      'fileinto INBOX.imap-list flags=',
    ]);
    expect(run(script, `${asks}\n`)).toEqual(['implicit keep']);
  });

  it('§4 hasflag', () => {
    const junk = 'NonJunk Junk gnus-forward $Forwarded NotJunk JunkRecorded $Junk $NotJunk';
    const has = (test: string) =>
      run(`setflag "A B"; set "MyVar" "${junk}"; set "MyFlags" "A B"; if ${test} { discard; }`)[0] === 'discard';
    for (const is of [
      'hasflag :is "b A"',
      'hasflag ["b","A"]',
      'hasflag :contains "MyVar" "Junk"',
      'hasflag :contains "MyVar" "forward"',
      'hasflag :contains "MyVar" ["label", "forward"]',
      'hasflag :contains "MyVar" ["junk", "forward"]',
      'hasflag :contains "MyVar" "junk forward"',
      'hasflag :contains "MyVar" "forward junk"',
      'hasflag :count "ge" :comparator "i;ascii-numeric" "MyFlags" "2"',
      'hasflag :count "eq" :comparator "i;ascii-numeric" ["MyFlags", "MyVar"] "10"',
    ]) {
      expect(has(is), is).toBe(true);
    }
    expect(has('hasflag :contains "MyVar" "label"')).toBe(false);
    expect(has('hasflag :contains "MyVar" ["label1", "label2"]')).toBe(false);
  });

  it('§2, §3 empty strings and spaces mean nothing, and the last list of a place wins', () => {
    expect(run('setflag ["", "  A   B  ", ""]; keep;')).toEqual(['keep flags=A B']);
    expect(run('fileinto :flags "A" "X"; fileinto :flags "B" "X";')).toEqual(['fileinto X flags=B']);
    expect(run('keep :flags "A"; keep;')).toEqual(['keep']);
  });
});
