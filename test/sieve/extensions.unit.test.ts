import { describe, expect, it } from 'vitest';
import { actions, holds, problems } from './script.ts';

const mail = `From: Tim <tim@Example.com>
To: ken+sieve@example.org, b@example.org
Cc: c@example.org
Subject: [acme-users] [fwd] version 1.0 is out
List-ID: Dave's Zone <davezone@example.net>
X-Priority: 3

body
`;

describe('RFC 5229, variables', () => {
  const filed = (script: string) =>
    actions(`require ["variables", "fileinto"]; ${script}`, mail)[0]?.replace('fileinto ', '');

  it('§3 references', () => {
    const set = 'set "company" "ACME"; set "a.b" "x";';
    expect(problems(`require "variables"; ${set}`)).toEqual([]);
    const is = (text: string, value: string) =>
      expect(filed(`set "company" "ACME"; fileinto "x${text}";`)).toBe(`x${value}`);
    is('&%${}!', '&%${}!');
    is('${doh!}', '${doh!}');
    is('\\${president, ${company} Inc.}', '${president, ACME Inc.}');
    is('${company', '${company');
    is('${${company}}', '${ACME}');
    is('${President}', '');
    is('${BAR}', '');
    is('${1}', '');
    is('${fo\\\\o}', '${fo\\o}');
    is('\\${company}', 'ACME');
    is('\\\\${company}', '\\ACME');
    expect(problems('require ["variables", "fileinto"]; fileinto "${vnd.test.x}";')).toEqual([
      '1:45 There is no namespace of variables named "vnd.test" here.',
    ]);
  });

  it('§3.2 match variables: the shortest first, from left to right', () => {
    expect(filed('if header :matches "List-ID" "*<*@*" { fileinto "INBOX.lists.${2}"; }')).toBe('INBOX.lists.davezone');
    const subject = 'if header :matches "Subject" "[*] *" { fileinto "${1}/${2}"; }';
    expect(filed(subject)).toBe('acme-users/[fwd] version 1.0 is out');
    expect(
      filed('if address :matches ["To", "Cc"] ["coyote@**.com", "*@*.*"] { fileinto "${0}|${1}|${2}|${3}|${4}"; }'),
    ).toBe('ken+sieve@example.org|ken+sieve|example|org|');
    // A test that does not match leaves them as they are.
    expect(filed('if header :matches "subject" "*" {} if header :matches "x" "*y" {} fileinto "${0}";')).toContain(
      'acme',
    );
    expect(filed('set "x" "a?bcd"; if string :matches "${x}" "a\\\\??c*" { fileinto "${1}-${02}"; }')).toBe('b-d');
  });

  it('§3.1 with encoded characters, and a dollar', () => {
    const dear = `require ["encoded-character", "variables"]; set "name" "Ethelbert";
      if header :contains "Subject" "dear${'${hex:20 24 7b 4e}'}ame}" { discard; }`;
    expect(actions(dear, 'Subject: Oh dear Ethelbert\n\n')).toEqual(['discard']);
    expect(filed('set "dollar" "$"; set "text" "regarding ${dollar}{beep}"; fileinto "${text}";')).toBe(
      'regarding ${beep}',
    );
  });

  it('§3.2 tests that are not needed set nothing; §6 an index that is never filled is refused', () => {
    const script = `if address :matches ["To", "Cc"] ["coyote@**.com", "wile@**.com"] { fileinto "INBOX.business.\${2}"; }
      elsif anyof (true, address :domain :matches "To" "*.com") { fileinto "x\${0}"; }`;
    const run = (to: string) => actions(`require ["fileinto", "variables"]; ${script}`, `To: ${to}\n\n`);
    expect(run('coyote@ACME.Example.COM')).toEqual(['fileinto INBOX.business.ACME.Example']);
    expect(run('a@b.com')).toEqual(['fileinto x']);
    expect(problems('require ["variables", "fileinto"]; fileinto "x${32}${033}";')).toEqual([
      '1:45 There are match variables up to "${32}", not "${33}".',
    ]);
    const many = `Subject: ${'a'.repeat(40)}\n\n`;
    const wild = `require ["variables", "fileinto"]; if header :matches "subject" "${'?'.repeat(40)}" { fileinto "x\${31}\${32}"; }`;
    expect(actions(wild, many)).toEqual(['fileinto xaa']);
  });

  it('§4 set and its modifiers', () => {
    const set = 'set "a" "juMBlEd lETteRS";';
    const is = (script: string, value: string) =>
      expect(filed(`${set} ${script} fileinto "${'x${b}'}";`)).toBe(`x${value}`);
    is('set "b" "${a}";', 'juMBlEd lETteRS');
    is('set :length "b" "${a}";', '15');
    is('set :lower "b" "${a}";', 'jumbled letters');
    is('set :upperfirst "b" "${a}";', 'JuMBlEd lETteRS');
    is('set :upperfirst :lower "b" "${a}";', 'Jumbled letters');
    is('set :quotewildcard "b" "Rock*";', 'Rock\\*');
    // Only the letters of ASCII change.
    is('set :upper "b" "äz";', 'äZ');
    is('set :lowerfirst "b" "ÄZ";', 'ÄZ');
    is('set "honorific" "Mr"; set "b" "Dear ${HONORIFIC}";', 'Dear Mr');
    is('set "name" "Ethelbert"; set "b" "${NAME}";', 'Ethelbert');
    expect(problems('require "variables"; set :upper :lower "a" "b";')).toEqual([
      '1:33 ":upper" and ":lower" cannot be given together.',
    ]);
    expect(problems('require "variables"; set "${a}" "b"; set "1" "c";')).toEqual([
      '1:26 A variable cannot be used here.',
      '1:42 "1" cannot be the name of a variable.',
    ]);
  });

  it('§5 string; :count counts what is not empty', () => {
    const requires = ['variables', 'relational'];
    expect(holds('string :matches " ${state} " "* pending *"', mail, ['variables'])).toBe(false);
    expect(holds('string :count "eq" ["a", "", "${no}"] "1"', mail, requires)).toBe(true);
  });
});

it('RFC 3894, copy', () => {
  expect(actions('require ["copy", "fileinto"]; fileinto :copy "Junk";', mail)).toEqual([
    'fileinto Junk copy',
    'implicit keep',
  ]);
  expect(actions('require "copy"; redirect :copy "a@b.c"; discard;', mail)).toEqual(['redirect a@b.c copy', 'discard']);
  expect(actions('require ["copy", "fileinto"]; fileinto :copy "A"; fileinto "B";', mail)).toEqual([
    'fileinto A copy',
    'fileinto B',
  ]);
});

it('RFC 3894 §1 and §3, the examples: an explicit keep outlives discard, a copy leaves the rest to decide', () => {
  const money = 'Subject: MAKE MONEY FAST!!!\n\n';
  const rest = 'if header "Subject" "MAKE MONEY FAST!!!" { discard; }';
  const kept = `require "fileinto"; fileinto "unfiltered"; keep; ${rest}`;
  expect(actions(kept, money)).toEqual(['fileinto unfiltered', 'keep', 'discard']);
  const copied = `require ["copy", "fileinto"]; fileinto :copy "incoming"; ${rest}`;
  expect(actions(copied, money)).toEqual(['fileinto incoming copy', 'discard']);
  expect(actions(copied, mail)).toEqual(['fileinto incoming copy', 'implicit keep']);
});

it('RFC 5231, relational', () => {
  const requires = ['relational', 'comparator-i;ascii-numeric'];
  const priority = (relation: string, key: string) =>
    holds(`header :value "${relation}" :comparator "i;ascii-numeric" ["x-priority"] ["${key}"]`, mail, requires);
  expect(['gt', 'ge', 'lt', 'le', 'eq', 'ne'].map((relation) => priority(relation, '3'))).toEqual([
    false,
    true,
    false,
    true,
    true,
    false,
  ]);
  expect(priority('lt', '10')).toBe(true);
  expect(priority('lt', 'infinite')).toBe(true);
  const many = 'address :count "gt" :comparator "i;ascii-numeric" ["to", "cc"] ["2"]';
  expect(holds(many, mail, requires)).toBe(true);
  expect(holds('header :count "ge" :comparator "i;ascii-numeric" ["to", "cc"] ["3"]', mail, requires)).toBe(false);
  expect(holds('header :value "gt" "subject" "b"', mail, requires)).toBe(true);
  expect(problems('require "relational"; if header :value "xx" "a" "b" {}')).toEqual([
    '1:40 "xx" is no relation; there are "gt", "ge", "lt", "le", "eq" and "ne".',
  ]);
});

describe('RFC 5232, imap4flags', () => {
  const run = (script: string) =>
    actions(`require ["imap4flags", "fileinto", "variables", "relational"]; ${script}`, mail);

  it('§3 setflag, addflag, removeflag', () => {
    expect(run('setflag "\\\\Deleted"; fileinto "INBOX.From Boss";')).toEqual([
      'fileinto INBOX.From Boss flags=\\Deleted',
    ]);
    expect(run('setflag "flagvar" "\\\\Flagged"; fileinto :flags "${flagvar}" "A";')).toEqual([
      'fileinto A flags=\\Flagged',
    ]);
    expect(run('addflag "\\\\Deleted"; addflag ["\\\\answered", "\\\\DELETED"]; keep;')).toEqual([
      'keep flags=\\Deleted \\answered',
    ]);
    expect(run('setflag "\\\\Seen $A"; removeflag "\\\\SEEN"; keep;')).toEqual(['keep flags=$A']);
    expect(
      run('addflag "v" ["\\\\Deleted", "\\\\Answered"]; removeflag "v" "\\\\Answered"; keep :flags "${v}";'),
    ).toEqual(['keep flags=\\Deleted']);
    expect(run('setflag "\\\\Recent (bad ok \\\\Draft"; ')).toEqual(['implicit keep flags=ok \\Draft']);
  });

  it('§4 hasflag', () => {
    const has = (test: string) =>
      run(`setflag "x" "NonJunk gnus-forward"; setflag "\\\\Seen $Forwarded"; if ${test} { discard; }`)[0] ===
      'discard';
    expect(has('hasflag ["b", "\\\\SEEN"]')).toBe(true);
    expect(has('hasflag :contains "x" "Junk"')).toBe(true);
    expect(has('hasflag :contains "x" ["label", "forward"]')).toBe(true);
    expect(has('hasflag :is "x" "forward"')).toBe(false);
    expect(has('hasflag :contains "x" "junk forward"')).toBe(true);
    expect(has('hasflag :matches "x" "nothing gnus-*"')).toBe(true);
    expect(has('hasflag :contains "x" ["label1", "label2"]')).toBe(false);
    expect(has('hasflag :is "b \\\\seen"')).toBe(true);
    expect(has('hasflag :count "ge" "x" "2"')).toBe(true);
    expect(has('hasflag :count "gt" "2"')).toBe(false);
    expect(problems('require "imap4flags"; setflag "v" "f";')).toEqual([
      '1:23 "setflag" with a variable needs require "variables".',
    ]);
  });

  it('§9 the extended example, whose `remove` is removeflag', () => {
    const script = `if size :over 1M { addflag "MyFlags" "Big";
        if header :is "From" "boss@company.example.com" { addflag "MyFlags" "\\\\Flagged"; }
        fileinto :flags "\${MyFlags}" "Big messages"; }
      if header :is "From" "grandma@example.net" {
        addflag "MyFlags" ["\\\\Answered", "$MDNSent"]; fileinto :flags "\${MyFlags}" "GrandMa"; }
      if header :is "Sender" "owner-ietf-mta-filters@example.org" { set "MyFlags" "\\\\Flagged $Work"; keep :flags "\${MyFlags}"; }
      elsif anyof (address :domain :is ["From", "To"] "company.example.com") { keep :flags "\${MyFlags}"; }
      elsif anyof (not address :all :contains ["To", "Cc"] "me@company.example.com",
                   header :matches "subject" ["*make*money*fast*", "*university*dipl*mas*"]) {
        removeflag "MyFlags" "\\\\Flagged"; fileinto :flags "\${MyFlags}" "spam"; }
      else { fileinto :flags "\${MyFlags}" "personal"; }`;
    const on = (message: string) => actions(`require ["fileinto", "imap4flags", "variables"]; ${script}`, message);
    expect(on('From: grandma@example.net\n\n')).toEqual([
      'fileinto GrandMa flags=\\Answered $MDNSent',
      'fileinto spam flags=\\Answered $MDNSent',
    ]);
    expect(on('Sender: owner-ietf-mta-filters@example.org\n\n')).toEqual(['keep flags=\\Flagged $Work']);
    expect(on('To: x@company.example.com\n\n')).toEqual(['keep flags=']);
    const large = `From: boss@company.example.com\n\n${'x'.repeat(2 ** 20)}`;
    expect(on(large)).toEqual(['fileinto Big messages flags=Big \\Flagged', 'keep flags=Big \\Flagged']);
    expect(problems('require "imap4flags"; remove "MyFlags" "\\\\Flagged";')).toEqual([
      '1:23 There is no command "remove".',
    ]);
  });

  it('§5, §6 :flags and the extended example', () => {
    expect(run('addflag "A"; fileinto :flags ["\\\\Seen", "B"] "X"; keep;')).toEqual([
      'fileinto X flags=\\Seen B',
      'keep flags=A',
    ]);
    const script = `if size :over 1M { addflag "MyFlags" "Big"; }
      if header :is "Subject" "x" { addflag "\\\\Flagged"; } else { addflag "MyFlags" "Small"; }
      fileinto :flags "\${MyFlags}" "Archive";`;
    expect(run(script)).toEqual(['fileinto Archive flags=Small']);
  });
});

it('RFC 5231, the examples', () => {
  const requires = ['relational', 'comparator-i;ascii-numeric', 'envelope'];
  const example = `received: a\nreceived: b\nsubject: example\nto: foo@example.com, baz@example.com\ncc: qux@example.com\n\n`;
  const count = (test: string, fields: string) =>
    holds(`${test} :count "ge" :comparator "i;ascii-numeric" ${fields} ["3"]`, example, requires);
  expect(count('address', '["to", "cc"]')).toBe(true);
  expect(count('address', '["to"]') || count('address', '["cc"]')).toBe(false);
  expect(count('header', '["received"]')).toBe(false);
  expect(count('header', '["received", "subject"]')).toBe(true);
  expect(count('header', '["to", "cc"]')).toBe(false);
  for (const [from, counted] of [
    ['', '0'],
    ['a@b.c', '1'],
  ] as const) {
    const world = { environment: { envelope: { from, to: 'd@e.f' } } };
    expect(holds(`envelope :count "eq" "from" "${counted}"`, example, requires, world)).toBe(true);
  }
  const script = `require ["relational", "comparator-i;ascii-numeric", "fileinto"];
    if header :value "lt" :comparator "i;ascii-numeric" ["x-priority"] ["3"] { fileinto "Priority"; }
    elsif address :count "gt" :comparator "i;ascii-numeric" ["to"] ["5"] { fileinto "SPAM"; }
    elsif address :value "gt" :all :comparator "i;ascii-casemap" ["from"] ["M"] { fileinto "From N-Z"; }
    else { fileinto "From A-M"; }
    if allof (address :count "eq" :comparator "i;ascii-numeric" ["to", "cc"] ["1"],
              address :all :comparator "i;ascii-casemap" ["to", "cc"] ["me@foo.example.com"]) { fileinto "Only me"; }`;
  expect(actions(script, 'X-Priority: 1\n\n')).toEqual(['fileinto Priority']);
  expect(actions(script, `To: ${'a@b.c, '.repeat(6)}\nFrom: a@b.c\n\n`)).toEqual(['fileinto SPAM']);
  expect(actions(script, 'From: zoe@b.c\nTo: me@foo.example.com\n\n')).toEqual([
    'fileinto From N-Z',
    'fileinto Only me',
  ]);
  expect(actions(script, 'From: anna@b.c\n\n')).toEqual(['fileinto From A-M']);
});

it('RFC 5233, the example', () => {
  const script = `require ["envelope", "subaddress", "fileinto"];
    if envelope :user "to" "postmaster" { fileinto "inbox.postmaster"; stop; }
    if envelope :detail "to" "mta-filters" { fileinto "inbox.ietf-mta-filters"; }
    if envelope :detail "to" "foo" { redirect "ken@example.net"; }`;
  const sent = (to: string) => actions(script, mail, { environment: { envelope: { from: 'a@b.c', to } } });
  expect(sent('postmaster+x@example.com')).toEqual(['fileinto inbox.postmaster']);
  expect(sent('ken+mta-filters@example.com')).toEqual(['fileinto inbox.ietf-mta-filters']);
  expect(sent('ken+foo@example.com')).toEqual(['redirect ken@example.net']);
  expect(sent('ken@example.com')).toEqual(['implicit keep']);
});

it('RFC 5233, subaddress', () => {
  const requires = ['subaddress', 'envelope'];
  expect(holds('address :user "to" "ken"', mail, requires)).toBe(true);
  expect(holds('address :detail "to" "sieve"', mail, requires)).toBe(true);
  // Without a separator there is no detail; an empty one is another thing.
  expect(holds('address :detail "cc" ""', mail, requires)).toBe(false);
  expect(holds('address :detail "to" ""', 'To: ken+@example.org\n\n', requires)).toBe(true);
  const to = { environment: { envelope: { from: 'a@b', to: 'ken+lists.x@example.org' } } };
  expect(holds('envelope :detail :matches "to" "lists.*"', mail, requires, to)).toBe(true);
});
