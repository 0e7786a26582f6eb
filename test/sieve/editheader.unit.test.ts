import { describe, expect, it } from 'vitest';
import { sieveLimits } from '../../lib/sieve/limits.ts';
import { actions, edited, outcome, problems } from './script.ts';

const mail = 'Received: a\nX-Hello: 1\nSubject: hi\nX-Hello: 2\nX-Hello: 3\n\nbody\n';

/** The header of the first action. */
function header(script: string, message = mail): string | undefined {
  return edited(outcome(`require ["editheader", "fileinto", "variables", "copy"]; ${script}`, message).actions[0]);
}

describe('RFC 5293, editheader', () => {
  it('§4 addheader, at the beginning or the end', () => {
    const filtered = `if not header :contains "X-Sieve-Filtered" ["<kim@job.example.com>", "<kim@home.example.com>"]
      { addheader "X-Sieve-Filtered" "<kim@job.example.com>"; redirect "kim@home.example.com"; }`;
    expect(header(filtered, 'A: b\n\nx')).toBe('X-Sieve-Filtered: <kim@job.example.com>\nA: b\n\n');
    expect(header(filtered, 'X-Sieve-Filtered: <kim@home.example.com>\n\n')).toBeUndefined();
    expect(header('addheader :last "X-A" " b "; keep;', 'A: b\n\n')).toBe('A: b\nX-A: b\n\n');
    expect(header('addheader "X-A" "b"; keep;', 'A: b')).toBe('X-A: b\nA: b\n\n');
  });

  it('§4 values are encoded and folded; one that is two lines is refused', () => {
    expect(header('addheader "Subject" "Grüße an alle"; keep;', 'A: b\n\n')).toBe(
      'Subject: =?utf-8?B?R3LDvMOfZQ==?= an alle\nA: b\n\n',
    );
    const long = 'word '.repeat(40).trim();
    const lines = header(`addheader "X-Long" "${long}"; keep;`, '\n')?.split('\n') ?? [];
    expect(lines.slice(0, -2).join('')).toBe(`X-Long: ${long}`);
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(78);
    const unbroken = header(`addheader "X" "${'x'.repeat(3000)}"; keep;`, '\n')?.split('\n') ?? [];
    expect(Math.max(...unbroken.map(({ length }) => length))).toBeLessThanOrEqual(78);
    expect(problems('require "editheader"; addheader "X-A" "b\nBcc: c";')).toEqual([
      '1:39 The value of a header field must be one line.',
    ]);
    expect(problems('require "editheader"; addheader "X A" "b";')[0]).toMatch(/cannot be the name of a header field/);
    expect(header('addheader "X-A" "b\n  c"; keep;', '\n')).toBe('X-A: b c\n\n');
  });

  it('§5 deleteheader', () => {
    expect(header('deleteheader "x-hello"; keep;')).toBe('Received: a\nSubject: hi\n\n');
    expect(header('deleteheader :index 1 "X-Hello"; deleteheader :index 2 "X-Hello"; keep;')).toBe(
      'Received: a\nSubject: hi\nX-Hello: 2\n\n',
    );
    expect(header('deleteheader :index 1 :last "X-Hello"; keep;')).not.toMatch('X-Hello: 3');
    expect(header('deleteheader :index 1 :contains "X-Hello" "2"; keep;')).toBeUndefined();
    expect(header('deleteheader :matches "X-Hello" ["2", "3*"]; keep;')).toBe(
      'Received: a\nX-Hello: 1\nSubject: hi\n\n',
    );
    expect(header('deleteheader :index 9 "X-Hello"; deleteheader "X-None"; keep;')).toBeUndefined();
    expect(problems('require "editheader"; deleteheader :last "X-Hello";')).toEqual([
      '1:23 ":last" can only be given together with ":index".',
    ]);
  });

  it('§6 what may not be deleted stays, silently', () => {
    const trace = 'Received: a\nAuto-Submitted: no\nOriginal-Subject: x\nSubject: s\n\n';
    const script = ['Received', 'auto-submitted', 'Original-Subject', 'Subject'].map(
      (name) => `deleteheader "${name}";`,
    );
    expect(header(`${script.join('')} keep;`, trace)).toBe('Received: a\nAuto-Submitted: no\nOriginal-Subject: x\n\n');
  });

  it('§7 each action has the header of its time, tests see the current one', () => {
    expect(header('addheader "X-Hello" "World"; deleteheader :index 1 "X-Hello"; keep;')).toBe(mail.slice(0, -5));
    const script = `require ["editheader", "fileinto", "copy"]; fileinto :copy "A"; addheader "X-N" "World";
      if header :contains "X-N" "World" { fileinto :copy "B"; }`;
    const taken = outcome(script, 'A: b\n\n').actions;
    expect(taken.map((action) => edited(action))).toEqual([undefined, 'X-N: World\nA: b\n\n', 'X-N: World\nA: b\n\n']);
    expect(actions('require "editheader"; keep; addheader "X-Flavor" "vanilla"; keep;', mail)).toHaveLength(1);
    expect(header('discard; addheader "A" "b";')).toBeUndefined();
    const failed = outcome(
      'require "editheader"; addheader "A" "b"; redirect "x@y.z"; keep; addheader "A" "${}"; ',
      mail,
    );
    expect(failed.failure).toBeUndefined();
  });

  it('§7 after an error the message is as it came', () => {
    const { actions: taken, failure } = outcome(
      'require ["editheader", "ihave"]; addheader "A" "b"; error "no";',
      mail,
    );
    expect(failure?.message).toBe('no');
    expect(taken).toEqual([{ kind: 'keep', implicit: true }]);
  });

  it('is bounded, and leaves a header alone of which it does not know the end', () => {
    const many = `require "editheader"; ${'addheader "A" "b";'.repeat(sieveLimits.addedHeaders + 1)}`;
    expect(actions(many, mail)[1]).toMatch(`More than ${sieveLimits.addedHeaders} header fields are added`);
    const huge = `${'X-Long: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n'.repeat(8000)}\nbody`;
    expect(actions('require "editheader"; addheader "A" "b";', huge)[1]).toMatch(/too large to be edited/);
  });
});
