import { describe, expect, it } from 'vitest';
import { sieveLimits } from '../../lib/sieve/limits.ts';
import { regexSize } from '../../lib/sieve/regex-size.ts';
import { actions, holds, outcome, problems } from './script.ts';

const mail = `From: x@y.z
To: me+list@company.com
List-ID: Dave's Zone <davezone@example.net>
Subject: [acme-users] [fwd] version 1.0 is out

`;

describe('draft-ietf-sieve-regex-01', () => {
  it('§7.1 match variables, greedy', () => {
    const script = 'require ["fileinto", "regex", "variables"]; if header :regex';
    expect(actions(`${script} "List-ID" "<(.*)@" { fileinto "lists.\${1}"; stop; }`, mail)).toEqual([
      'fileinto lists.davezone',
    ]);
    // The draft writes the brackets without backslashes, which makes them a class.
    expect(actions(`${script} "Subject" "^\\\\[(.*)\\\\] (.*)$" { fileinto "\${1}|\${2}"; }`, mail)).toEqual([
      'fileinto acme-users] [fwd|version 1.0 is out',
    ]);
    expect(actions(`${script} "Subject" "(acme)|(nothing)" { fileinto "x\${0}\${1}\${2}"; }`, mail)).toEqual([
      'fileinto xacmeacme',
    ]);
  });

  it('§8 the example', () => {
    const script = `require "regex";
      if anyof (not address :regex ["to", "cc", "bcc"] "me(\\\\+.*)?@company\\\\.com",
                header :regex :comparator "i;octet" "subject" "^[^[:lower:]]+$") { discard; }`;
    expect(actions(script, mail)).toEqual(['implicit keep']);
    expect(actions(script, mail.replace('me+list', 'you'))).toEqual(['discard']);
    expect(actions(script, mail.replace(/Subject: .*/, 'Subject: BUY NOW 100%'))).toEqual(['discard']);
  });

  it('§5, §6 case is that of the comparator; the longest match is taken', () => {
    expect(holds('header :regex "subject" "ACME-[a-z]+"', mail, ['regex'])).toBe(true);
    expect(holds('header :regex :comparator "i;octet" "subject" "ACME"', mail, ['regex'])).toBe(false);
    expect(holds('header :regex "subject" "^.*\\\\*\\\\*EROTIC"', 'Subject: hi **erotic\n\n', ['regex'])).toBe(true);
    const longest =
      'require ["regex", "variables", "fileinto"]; if string :regex "abcd" "ab|abcd" { fileinto "x${0}"; }';
    expect(actions(longest, mail)).toEqual(['fileinto xabcd']);
    expect(
      problems(
        'require ["regex", "comparator-i;ascii-numeric"]; if header :regex :comparator "i;ascii-numeric" "a" "1" {}',
      ),
    ).toEqual(['1:53 The comparator "i;ascii-numeric" cannot be used with ":regex".']);
  });

  it('§7.2 quoteregex', () => {
    const script = `require ["regex", "variables", "fileinto"]; set :quoteregex "q" "[acme-users] (1.0*";
      if string :regex "x [ACME-users] (1.0*" "\${q}$" { fileinto "x"; }`;
    expect(actions(script, mail)).toEqual(['fileinto x']);
    expect(problems('require ["regex", "variables"]; set :quoteregex :quotewildcard "a" "b";')).toEqual([
      '1:49 ":quoteregex" and ":quotewildcard" cannot be given together.',
    ]);
  });

  it('what is no expression is refused with its place, or fails', () => {
    expect(problems('require "regex"; if header :regex "a" ["b", "(c"] {}')).toEqual([
      '1:45 "(c" is not a regular expression: missing closing ): `(c`.',
    ]);
    for (const wrong of ['(?<=a)b', '(a)\\\\1', '*', '[z-a]', 'a{2,1}']) {
      expect(problems(`require "regex"; if header :regex "a" "${wrong}" {}`)[0]).toMatch(/is not a regular expression/);
    }
    const later = 'require ["regex", "variables"]; set "a" "(c"; if header :regex "subject" "${a}" {} discard;';
    expect(actions(later, mail)).toEqual(['implicit keep', expect.stringMatching(/is not a regular expression/)]);
  });

  it('is bounded in length, size and time', () => {
    const test = (key: string) => problems(`require "regex"; if header :regex "a" "${key}" {}`);
    expect(test('a'.repeat(sieveLimits.regexChars))).toEqual([]);
    expect(test('a'.repeat(sieveLimits.regexChars + 1))[0]).toMatch(/may have 1024 characters at most/);
    expect(test('(abcdefghij){201}')[0]).toMatch(/repeats too much/);
    expect(test('((a{10}){10}){10}b{1000}')[0]).toMatch(/repeats too much/);
    const header = `Subject: ${'a'.repeat(100_000)}\n\n`;
    const steps = { limits: { steps: 20_000 } };
    // What makes a backtracking engine run for ever costs steps in proportion to the value.
    expect(outcome('require "regex"; if header :regex "subject" "(a*)*b" {}', header, steps).failure).toBeUndefined();
    const heavy = 'require "regex"; if header :regex "subject" "(a?){50}a{50}b" {}';
    expect(outcome(heavy, header, steps).failure?.message).toMatch(/too many steps/);
    const growing = `require ["regex", "variables"]; set "a" "${'a{100}'.repeat(30)}"; if string :regex "a" "\${a}" {}`;
    expect(outcome(growing, mail).failure?.message).toMatch(/repeats too much/);
  });

  it('the size counts repetitions', () => {
    expect(regexSize('abc')).toBe(3);
    expect(regexSize('(ab){3}')).toBe(9);
    expect(regexSize('[a-z]{2,5}')).toBe(5);
    expect(regexSize('a{7,}')).toBe(7);
    expect(regexSize('((a{10}){10}){10}')).toBeGreaterThanOrEqual(1000);
    expect(regexSize('[{3}]\\\\{9')).toBeLessThan(6);
    expect(regexSize(')){3}(((')).toBeLessThan(20);
  });
});
