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

  it('error', () => {
    const script = 'require "ihave"; discard; if not ihave "vnd.x" { error "This script needs vnd.x."; }';
    expect(actions(script, mail)).toEqual(['implicit keep', 'failed: line 1, column 50: This script needs vnd.x.']);
  });
});
