import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkScript } from '../../lib/sieve/check.ts';
import { sieveLimits } from '../../lib/sieve/limits.ts';
import { actions, outcome, problems } from './script.ts';

const mail = 'Subject: hi\n\nbody\n';

describe('a hostile script', () => {
  it('cannot nest without end', () => {
    const deep = (depth: number) => `${'if true {'.repeat(depth)} keep; ${'}'.repeat(depth)}`;
    expect(problems(deep(sieveLimits.nesting - 1))).toEqual([]);
    expect(problems(deep(100_000))[0]).toMatch(/inside each other 32 times at most/);
    expect(problems(`if ${'not '.repeat(100_000)} true {}`)[0]).toMatch(/inside each other 32 times at most/);
  });

  it('cannot be larger than its limits', () => {
    expect(problems(`#${'x'.repeat(sieveLimits.scriptBytes)}`)).toEqual([
      `1:1 The script is larger than ${sieveLimits.scriptBytes} bytes.`,
    ]);
    expect(problems('keep;'.repeat(sieveLimits.nodes + 1))[0]).toMatch(/50000 commands, tests and arguments/);
    expect(problems('foo;'.repeat(200))).toHaveLength(sieveLimits.problems);
  });

  it('cannot grow its variables', () => {
    const doubling = `require ["variables", "fileinto"]; set "a" "0123456789"; ${'set "a" "${a}${a}${a}${a}";'.repeat(30)}
      set :length "b" "${'${a}'}"; fileinto "${'${b}'}";`;
    expect(actions(doubling, mail)).toEqual([`fileinto ${sieveLimits.variableChars}`]);
    const huge = `require "variables"; set "a" "${'x'.repeat(20_000)}"; set "b" "${'${a}'.repeat(30)}";`;
    expect(actions(huge, mail)[1]).toMatch(/longer than 262144 characters/);
    const many = Array.from({ length: 300 }, (_, i) => `set "v${i}" "x";`).join('');
    expect(actions(`require "variables"; ${many}`, mail)).toEqual([
      'implicit keep',
      expect.stringMatching(/^failed: line 1, .*More than 256 variables/),
    ]);
  });

  it('cannot redirect or act without end, and then nothing of it is done', () => {
    const many = (count: number) => Array.from({ length: count }, (_, i) => `redirect "u${i}@example.com";`).join('');
    expect(actions(many(sieveLimits.redirects), mail)).toHaveLength(sieveLimits.redirects);
    expect(actions(many(10_000), mail)).toEqual(['implicit keep', expect.stringMatching(/More than 10 redirections/)]);
    const files = Array.from({ length: 65 }, (_, i) => `fileinto "${i}";`).join('');
    expect(actions(`require "fileinto"; ${files}`, mail)[1]).toMatch(/More than 64 actions/);
    const flags = `require "imap4flags"; setflag "${Array.from({ length: 300 }, (_, i) => `f${i}`).join(' ')}";`;
    expect(actions(flags, mail)[1]).toMatch(/More than 256 flags/);
  });

  it('cannot make matching slow', () => {
    const header = `Subject: ${'a'.repeat(200_000)}\n\n`;
    const started = performance.now();
    const globs = ['*a'.repeat(5000), `${'*a?'.repeat(3000)}b`, `*${'a'.repeat(5000)}b*`, `*?${'a'.repeat(5000)}b*`];
    for (const glob of globs) outcome(`if header :matches "subject" "${glob}" { discard; }`, header);
    outcome(`if header :contains "subject" "${'a'.repeat(5000)}b" { discard; }`, header);
    // A quadratic matcher takes minutes.
    expect(performance.now() - started).toBeLessThan(20_000);
    const repeated = `if header :contains "subject" "b" {}`.repeat(3000);
    expect(outcome(repeated, header, { limits: { steps: 10_000 } }).failure?.message).toBe(
      'The script takes too many steps.',
    );
  });
});

const words = [
  'if',
  'elsif',
  'not',
  'anyof',
  '(',
  ')',
  '{',
  '}',
  '[',
  ']',
  ',',
  ';',
  ':is',
  ':over',
  '"a"',
  '"',
  '10K',
  'text:',
  '\n',
  '.',
  '#',
  '/*',
  'require',
  '"variables"',
  '"ihave"',
  'keep',
  'header',
  'size',
  '"${a}"',
  'set',
  '\\',
  'ü',
  '\ud800',
];

describe('any text', () => {
  const inside = (source: string): void => {
    const lines = source.split('\n');
    for (const { line, column, message } of checkScript(source)) {
      expect(message).toMatch(/^[A-Z"].*[.]$/s);
      expect(line).toBeGreaterThanOrEqual(1);
      expect(line).toBeLessThanOrEqual(lines.length);
      expect(column).toBeGreaterThanOrEqual(1);
      expect(column).toBeLessThanOrEqual((lines[line - 1] ?? '').length + 1);
    }
  };
  it(
    'has its problems inside it',
    () => fc.assert(fc.property(fc.string({ unit: 'binary' }), inside), { numRuns: 200 }),
    60_000,
  );
  it('of Sieve words too', () => {
    const source = fc.array(fc.constantFrom(...words), { maxLength: 40 }).map((list) => list.join(' '));
    fc.assert(fc.property(source, inside), { numRuns: 2000 });
  });
  it('as bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => Array.isArray(checkScript(bytes))),
      { numRuns: 500 },
    );
  });
});
