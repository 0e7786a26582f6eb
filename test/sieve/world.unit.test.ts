import { describe, expect, it } from 'vitest';
import { sieveLimits } from '../../lib/sieve/limits.ts';
import { actions, holds, problems } from './script.ts';

const mail = 'From: a@example.org\nSubject: hi\n\nbody\n';

describe('RFC 5490, mailbox', () => {
  const there = (...names: string[]) => ({
    answers: {
      'mailboxes-exist': (ask: { mailboxes: readonly string[] }) => ask.mailboxes.every((name) => names.includes(name)),
    },
  });

  it('§3.1 mailboxexists', () => {
    const script = `require ["fileinto", "reject", "mailbox"];
      if mailboxexists "Partners" { fileinto "Partners"; }
      else { reject "This message was not accepted by the Mailstore"; }`;
    expect(actions(script, mail, there('Partners'))).toEqual(['fileinto Partners']);
    expect(actions(script, mail, there())).toEqual(['reject reason=This message was not accepted by the Mailstore']);
    expect(holds('mailboxexists ["A", "B"]', mail, ['mailbox'], there('A'))).toBe(false);
    expect(holds('mailboxexists ["A", "B"]', mail, ['mailbox'], there('A', 'B'))).toBe(true);
  });

  it('§3.2 create', () => {
    expect(actions('require ["fileinto", "mailbox"]; fileinto :create "A";', mail)).toEqual(['fileinto A create']);
  });

  it('asks so often and no more', () => {
    const many = `require "mailbox"; ${'if mailboxexists "A" {} '.repeat(sieveLimits.questions + 1)}`;
    expect(actions(many, mail, there('A'))[1]).toMatch(`More than ${sieveLimits.questions} questions`);
  });
});

describe('RFC 5183, environment', () => {
  const place = {
    environment: {
      items: new Map([
        ['domain', 'example.com'],
        ['remote-host', ''],
      ]),
    },
  };
  const has = (test: string) => holds(`environment ${test}`, mail, ['environment', 'relational'], place);

  it('§4 items', () => {
    expect(has('"Domain" "EXAMPLE.com"')).toBe(true);
    expect(has(':matches "domain" "*.org"')).toBe(false);
    expect(has(':contains "remote-host" ""')).toBe(true);
    expect(has(':contains "item" ""')).toBe(false);
    expect(has(':count "eq" "remote-host" "0"')).toBe(true);
    expect(has(':count "eq" "domain" "1"')).toBe(true);
    expect(has(':count "eq" "item" "0"')).toBe(false);
  });
});

describe('RFC 5463, ihave', () => {
  it('what is missing fails where it is reached', () => {
    const script = `require "ihave";
      if ihave "vnd.example.frobnicate" { frobnicate :hard "x"; }
      elsif ihave ["fileinto", "copy"] { fileinto :copy "A"; }`;
    expect(actions(script, mail)).toEqual(['fileinto A copy', 'implicit keep']);
    expect(actions('require "ihave"; if true { frobnicate; } discard;', mail)).toEqual([
      'implicit keep',
      'failed: line 1, column 28: There is no command "frobnicate".',
    ]);
    expect(actions('require "ihave"; if ihave "fileinto" {} fileinto "B";', mail)).toEqual(['fileinto B']);
  });

  it('does not excuse what is wrong', () => {
    expect(problems('require "ihave"; if ihave "vnd.x" { redirect "nobody"; }')).toEqual([
      '1:46 "nobody" is not an email address.',
    ]);
    expect(problems('if ihave "fileinto" {}')).toEqual([
      '1:4 The test "ihave" needs require "ihave" at the beginning of the script.',
    ]);
  });

  const found = (name: string) => `which no "ihave" has found.`.replace('which', `"${name}", which`);
  const run = (script: string) => actions(`require "ihave"; ${script}`, mail);

  it('an extension is in force from the test that has found it to the end, and not before (§4, 1)', () => {
    expect(run('if ihave "fileinto" { stop; } fileinto "B";')).toEqual(['implicit keep']);
    expect(run('if ihave "fileinto" { redirect "a@example.com"; } fileinto "B";')).toEqual([
      'redirect a@example.com',
      'fileinto B',
    ]);
    expect(run('fileinto "B"; if ihave "fileinto" { discard; }')).toEqual([
      'implicit keep',
      'failed: line 1, column 18: The command "fileinto" needs require "fileinto" at the beginning of the script.',
    ]);
    expect(run('if false { if ihave "fileinto" { keep; } } fileinto "B";')).toEqual([
      'implicit keep',
      `failed: line 1, column 61: "fileinto" needs ${found('fileinto')}`,
    ]);
    expect(run('if not ihave "vnd.x" { if ihave "copy" { redirect :copy "a@example.com"; } }')).toEqual([
      'redirect a@example.com copy',
      'implicit keep',
    ]);
  });

  it('what is required may be asked for too (§4, 3)', () => {
    const both = (list: string) => `require ["ihave","fileinto","variables"]; fileinto "A"; if ihave ${list} { keep; }`;
    expect(actions(both('"fileinto"'), mail)).toEqual(['fileinto A', 'keep']);
    expect(actions(both('["ihave","variables","comparator-i;octet"]'), mail)).toEqual(['fileinto A', 'keep']);
  });

  it('all of a list, or none of it (§4, 4)', () => {
    expect(run('if not ihave ["fileinto", "vnd.x"] { fileinto "A"; }')).toEqual([
      'implicit keep',
      `failed: line 1, column 55: "fileinto" needs ${found('fileinto')}`,
    ]);
  });

  it('tests are made from left to right, and no more than are needed (§4, 5)', () => {
    expect(run('if anyof (true, ihave "fileinto") { fileinto "A"; }')).toEqual([
      'implicit keep',
      `failed: line 1, column 54: "fileinto" needs ${found('fileinto')}`,
    ]);
    expect(run('if allof (ihave "fileinto", not ihave "vnd.x") { fileinto "A"; }')).toEqual(['fileinto A']);
    expect(run('if anyof (ihave "vnd.x", ihave "fileinto", ihave "copy") { fileinto :copy "A"; }')).toEqual([
      'implicit keep',
      `failed: line 1, column 77: "fileinto" needs ${found('copy')}`,
    ]);
  });

  it('a comparator, a match type, an address part, a tag, a modifier and a part of the envelope are found like commands', () => {
    for (const [name, test] of [
      ['comparator-i;ascii-numeric', 'header :comparator "i;ascii-numeric" "x" "1"'],
      ['relational', 'header :count "eq" "x" "1"'],
      ['subaddress', 'address :user "from" "x"'],
      ['index', 'header :index 1 "x" "y"'],
      ['envelope-dsn', 'envelope "notify" "never"'],
    ] as const) {
      const script = (found: string) => `require ["ihave","envelope"]; ${found} if not ${test} { discard; }`;
      expect(actions(script(`if ihave "${name}" {}`), mail), name).not.toContain('implicit keep');
      expect(actions(script(`if false { if ihave "${name}" {} }`), mail)).toEqual([
        'implicit keep',
        expect.stringMatching(/^failed: /),
      ]);
    }
  });

  it('what changes how a script is read cannot be found (§4)', () => {
    expect(run('if ihave "variables" { discard; }')).toEqual(['implicit keep']);
    expect(run('if ihave ["encoded-character"] { discard; }')).toEqual(['implicit keep']);
    expect(problems('require ["ihave","variables"]; if ihave "${x}" { keep; }')).toEqual([
      '1:41 A variable cannot be used here.',
    ]);
    // The match is always :is, the comparator always i;octet.
    expect(run('if ihave :contains "file" { discard; }').at(-1)).toMatch(/"ihave" does not take ":contains"/);
    expect(run('if ihave "FILEINTO" { discard; }')).toEqual(['implicit keep']);
  });

  it('error', () => {
    const script = 'require "ihave"; discard; if not ihave "vnd.x" { error "This script needs vnd.x."; }';
    expect(actions(script, mail)).toEqual(['implicit keep', 'failed: line 1, column 50: This script needs vnd.x.']);
  });
});
