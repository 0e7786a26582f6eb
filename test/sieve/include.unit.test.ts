import { describe, expect, it } from 'vitest';
import { sieveLimits } from '../../lib/sieve/limits.ts';
import { actions, compiled, problems, type World } from './script.ts';

/** A store of scripts: `global name` and `personal name`. */
function scripts(stored: Readonly<Record<string, string>>): World {
  const script = ({ location, name }: { readonly location: string; readonly name: string }) => {
    const source = stored[`${location} ${name}`];
    return source === undefined ? undefined : compiled(source);
  };
  return { answers: { script } };
}

describe('RFC 6609, include', () => {
  const store = scripts({
    'personal always_allow': 'if address :is "from" ["boss@example.com", "ceo@example.com"] { keep; }',
    'global spam_tests':
      'require ["reject"]; if header :contains "Subject" ["$$", "Make money"] { reject "No thank you."; }',
    'personal spam_tests':
      'require ["reject"]; if header :contains "Subject" "YYYY" { reject "Subject YYYY is unacceptable."; }',
    'personal mailing_lists':
      'require ["fileinto"]; if header :is "List-ID" "sieve.ietf.org" { fileinto "lists.sieve"; }',
  });
  const main = `require ["include"];
    include :personal "always_allow"; include :global "spam_tests";
    include :personal "spam_tests"; include "mailing_lists";`;

  it('§3.2 the example', () => {
    expect(actions(main, 'From: boss@example.com\n\n', store)).toEqual(['keep']);
    expect(actions(main, 'Subject: Make money\n\n', store)).toEqual(['reject reason=No thank you.']);
    expect(actions(main, 'Subject: YYYY\n\n', store)).toEqual(['reject reason=Subject YYYY is unacceptable.']);
    expect(actions(main, 'List-ID: sieve.ietf.org\n\n', store)).toEqual(['fileinto lists.sieve']);
    expect(actions(main, 'Subject: hi\n\n', store)).toEqual(['implicit keep']);
  });

  it('§3.2 names are constant, and those of ManageSieve', () => {
    expect(problems('require ["include", "variables"]; include "${a}";')).toEqual([
      '1:43 A variable cannot be used here.',
    ]);
    expect(problems('require "include"; include "";')).toEqual(['1:28 "" cannot be the name of a script.']);
    expect(problems('require "include"; include :global :personal "a";')).toEqual([
      '1:36 ":global" and ":personal" cannot be given together.',
    ]);
  });

  it('§3.1, §3.2 what is not there fails, unless it is optional', () => {
    expect(actions('require "include"; include "no"; discard;', '\n', scripts({}))).toEqual([
      'implicit keep',
      'failed: line 1, column 20: There is no personal script "no".',
    ]);
    expect(actions('require "include"; include :optional "no"; discard;', '\n', scripts({}))).toEqual(['discard']);
    const broken = { answers: { script: () => ({ unusable: 'line 1: nonsense' }) } };
    expect(actions('require "include"; include :optional "a";', '\n', broken)[1]).toMatch(
      /The personal script "a" cannot be used: line 1: nonsense/,
    );
  });

  it('§3.2 once, and no recursion', () => {
    const twice = scripts({ 'personal a': 'require "imap4flags"; addflag "x";' });
    expect(actions('require "include"; include "a"; include :once "a";', '\n', twice)).toEqual([
      'implicit keep flags=x',
    ]);
    const loop = scripts({
      'personal a': 'require "include"; include "b";',
      'personal b': 'require "include"; include "a";',
      'personal c': 'require "include"; include :once "c"; discard;',
    });
    expect(actions('require "include"; include "a"; discard;', '\n', loop)).toEqual([
      'implicit keep',
      'failed: line 1, column 20: The script "a" includes itself.',
    ]);
    expect(actions('require "include"; include "c";', '\n', loop)).toEqual(['discard']);
  });

  it('§3.2, §3.3 stop ends all, return ends the included script', () => {
    const ends = scripts({
      'personal stop': 'if true { stop; } discard;',
      'personal return': 'require "include"; if true { return; } discard;',
    });
    expect(actions('require "include"; include "stop"; discard;', '\n', ends)).toEqual(['implicit keep']);
    expect(actions('require "include"; include "return"; redirect "a@b.c";', '\n', ends)).toEqual(['redirect a@b.c']);
    expect(actions('require "include"; return; discard;', '\n', ends)).toEqual(['implicit keep']);
  });

  it('§3.4 variables are private, but those declared global', () => {
    const tests = scripts({
      'personal subject_tests': `require ["include", "variables"]; global ["test", "test_mailbox"];
        if header :contains "Subject" "\${test}" { set "test_mailbox" "spam-\${test}"; }`,
    });
    const active = `require ["fileinto", "include", "variables", "relational"];
      global "test"; global "test_mailbox";
      set "test" "$$"; include "subject_tests";
      set "test" "Make money"; include "subject_tests";
      if string :count "eq" "\${test_mailbox}" "1" { fileinto "\${test_mailbox}"; stop; }`;
    expect(actions(active, 'Subject: Make money fast\n\n', tests)).toEqual(['fileinto spam-Make money']);
    expect(actions(active, 'Subject: hi\n\n', tests)).toEqual(['implicit keep']);
    const hidden = scripts({
      'personal a':
        'require ["variables", "imap4flags"]; addflag "in:${v}:${1}"; set "v" "inner"; if header :matches "subject" "*" {}',
    });
    const outer = `require ["include", "variables", "imap4flags"]; set "v" "outer";
      if header :matches "subject" "h*" {} include "a"; addflag "out:\${v}:\${1}";`;
    expect(actions(outer, 'Subject: hi\n\n', hidden)).toEqual(['implicit keep flags=in:: out:outer:i']);
  });

  it('§3.4.1 what global refuses', () => {
    expect(problems('require "include"; global "a";')).toEqual(['1:20 "global" needs require "variables".']);
    expect(problems('require ["include", "variables"]; global ["1", "a.b"];')).toEqual([
      '1:43 "1" cannot be the name of a global variable.',
      '1:48 "a.b" cannot be the name of a global variable.',
    ]);
    expect(actions('require ["include", "variables"]; set "a" "1"; global "a";', '\n')[1]).toMatch(
      /was set before it was declared global/,
    );
  });

  it('§3.4.2 the namespace', () => {
    const script = `require ["variables", "include", "vacation"]; global "i_am_on_vacation";
      set "global.i_am_on_vacation" "1";
      if string :is "\${i_am_on_vacation}" "1" { vacation "It's true, I am on vacation."; }`;
    expect(actions(script, '\n')[0]).toMatch(/^vacation reason=It's true/);
    expect(actions('require ["variables", "include"]; set "global.a.b" "x";', '\n')[1]).toMatch(/cannot be set/);
    expect(actions('require ["variables", "include", "fileinto"]; fileinto "x${global.a}";', '\n')).toEqual([
      'fileinto x',
    ]);
    expect(problems('require ["variables", "fileinto"]; fileinto "${global.a}";')).toEqual([
      '1:45 There is no namespace of variables named "global" here.',
    ]);
  });

  it('§3.5 headers that were edited are seen on both sides', () => {
    const edits = scripts({
      'personal a': `require ["editheader", "imap4flags"]; if exists "X-Old" { addflag "old"; } if exists "X-New" { addflag "new"; }
        addheader "X-Inner" "1";`,
    });
    const outer = `require ["include", "editheader", "imap4flags"]; deleteheader "X-Old"; addheader "X-New" "1";
      include "a"; if exists "X-Inner" { addflag "inner"; }`;
    expect(actions(outer, 'X-Old: 1\n\n', edits)).toEqual(['implicit keep flags=new inner']);
  });

  it('§3.5 in a loop a script sees the part as though it were the message', () => {
    const parts = `Subject: outer\nContent-Type: multipart/mixed; boundary=b\n
--b\nContent-Type: text/plain\nX-Part: one\n\nneedle\n--b\nContent-Type: text/html\n\n<p>\n--b--\n`;
    const part = scripts({
      'personal part': `require ["variables", "include", "body", "foreverypart", "mime", "imap4flags"];
        if exists "subject" { addflag "subject"; }
        if header "x-part" "one" { addflag "one"; }
        if body :raw :is "needle" { addflag "needle"; }
        if size :under 60 { addflag "small"; }
        foreverypart { if header :mime :matches :subtype "content-type" "*" { set "global.seen" "\${global.seen} \${1}"; } }
        return;`,
      'personal edit': 'require "editheader"; addheader "A" "b";',
      'personal stop': 'stop;',
    });
    const loop = (
      inside: string,
    ) => `require ["foreverypart", "mime", "include", "variables", "imap4flags", "fileinto"];
      foreverypart { if header :mime :type "content-type" "text" { ${inside} } } addflag "\${global.seen}";`;
    expect(actions(loop('include "part";'), parts, part)).toEqual(['implicit keep flags=one needle small plain html']);
    expect(actions(loop('include "stop";'), parts, part)).toEqual(['implicit keep']);
    expect(actions(loop('include "edit";'), parts, part)[1]).toMatch(/included for a part cannot edit/);
  });

  it('is bounded in depth, number and variables', () => {
    const deep: Record<string, string> = {};
    for (let i = 0; i < 20; i++) deep[`personal ${i}`] = `require "include"; include "${i + 1}";`;
    expect(actions('require "include"; include "0";', '\n', scripts(deep))[1]).toMatch(
      `inside each other ${sieveLimits.includeDepth} times at most`,
    );
    const many = `require "include"; ${'include "a";'.repeat(sieveLimits.includes + 1)}`;
    expect(actions(many, '\n', scripts({ 'personal a': '' }))[1]).toMatch(
      `More than ${sieveLimits.includes} scripts are included`,
    );
    const sets = Array.from({ length: 100 }, (_, i) => `set "v${i}" "x";`).join('');
    const nested = {
      'personal a': `require ["include", "variables"]; ${sets} include "b";`,
      'personal b': `require ["variables"]; ${sets}`,
    };
    const world = scripts(nested);
    expect(actions(`require ["include", "variables"]; ${sets} include "a";`, '\n', world)[1]).toMatch(
      `More than ${sieveLimits.variables} variables`,
    );
    expect(actions(`require ["include"]; include "a"; include "a";`, '\n', world)).toEqual(['implicit keep']);
  });
});
