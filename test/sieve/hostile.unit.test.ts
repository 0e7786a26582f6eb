import { readdir, readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkScript } from '../../lib/sieve/check.ts';
import { sieveLimits } from '../../lib/sieve/limits.ts';
import { actions, compiled, evaluation, outcome, problems } from './script.ts';

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

  it('pays for matching in steps, and these grow no faster than the value', () => {
    const cost = (test: string, length: number) =>
      outcome(`if ${test} { discard; }`, `Subject: ${'a'.repeat(length)}\n\n`).steps;
    const linear = (test: string, most: number) => {
      const once = cost(test, 20_000);
      expect(once).toBeLessThan(most);
      expect(cost(test, 40_000) / once).toBeLessThan(2.1);
    };
    linear(`header :matches "subject" "${'*a'.repeat(5000)}"`, 1500);
    linear(`header :matches "subject" "*${'a'.repeat(5000)}b*"`, 1500);
    linear(`header :contains "subject" "${'a'.repeat(5000)}b"`, 1500);
    // A question mark is tried at every place, with all that stands beside it.
    linear(`header :matches "subject" "*?${'a'.repeat(100)}b*"`, 20_000 * 2);
    const heavy = `header :matches "subject" "*?${'a'.repeat(5000)}b*"`;
    expect(outcome(`if ${heavy} {}`, `Subject: ${'a'.repeat(40_000)}\n\n`).failure?.message).toBe(
      'The script takes too many steps.',
    );
    const repeated = `if header :contains "subject" "b" {}`.repeat(3000);
    const header = `Subject: ${'a'.repeat(200_000)}\n\n`;
    expect(outcome(repeated, header, { limits: { steps: 10_000 } }).failure?.message).toBe(
      'The script takes too many steps.',
    );
  });

  it('tells what is wrong with every command that is not understood', () => {
    const script = `keep
      fileinto ["a" "b"];
      if anyof (true, false,) { keep; }
      if true { redirect ; stop stop; } elsif { discard; }
      discard; 5;`;
    expect(problems(script)).toEqual([
      '2:21 A comma or "]" must follow in a list of strings, not a string.',
      '3:29 A test must stand here, not ")".',
      '5:16 A command must stand here, not a number.',
    ]);
    expect(problems('if true { 1; 2; } "x" { keep; }\nkeep; }')).toEqual([
      '1:11 A command must stand here, not a number.',
      '1:14 A command must stand here, not a number.',
      '1:19 A command must stand here, not a string.',
      '2:7 A "}" without a block.',
    ]);
    expect(problems('1;'.repeat(1000))).toHaveLength(sieveLimits.problems);
    expect(problems('1; "never closed')).toHaveLength(2);
  });

  it('lets others run between its commands', () => {
    const running = evaluation(compiled('keep;'.repeat(100)), mail, { limits: { stepsAtOnce: 10 } });
    let pauses = 0;
    for (let step = running.next(); step.done !== true; step = running.next(undefined)) {
      expect(step.value.kind).toBe('pause');
      pauses++;
    }
    expect(pauses).toBe(10);
  });

  it('pays for what it looks at, and is cut off where it is told', () => {
    const header = `Subject: ${'a'.repeat(64_000)}\n\n`;
    const cost = (stepChars: number) =>
      outcome('if header :contains "subject" "b" {}', header, { limits: { stepChars } }).steps;
    expect(cost(64) / cost(640)).toBeGreaterThan(9);
    const script = 'require ["variables", "fileinto"]; set "a" "xx";';
    const short = { limits: { stringChars: 5 } };
    expect(actions(`${script} fileinto "\${a}\${a}";`, mail, short)).toEqual(['fileinto xxxx']);
    expect(actions(`${script} fileinto "\${a}\${a}\${a}";`, mail, short)[1]).toMatch(/longer than 5 characters/);
    const matched = 'require ["variables", "fileinto"]; if header :matches "subject" "??" { fileinto "x${1}${2}"; }';
    expect(actions(matched, mail, { limits: { captures: 1 } })).toEqual(['fileinto xh']);
    const part = 'Content-Type: multipart/mixed; boundary=b\n\n--b\nX-A: 1\nX-B: 2\n\nx\n--b--\n';
    const fields = 'require "mime"; if exists :mime :anychild "X-B" { discard; }';
    expect(actions(fields, part)).toEqual(['discard']);
    expect(actions(fields, part, { limits: { partHeaderBytes: 8 } })).toEqual(['implicit keep']);
  });

  it('has a test for each limit', async () => {
    const folder = new URL('.', import.meta.url);
    const tests = (await readdir(folder)).filter((name) => name.endsWith('.test.ts'));
    const text = (await Promise.all(tests.map((name) => readFile(new URL(name, folder), 'utf8')))).join('');
    const untested = Object.keys(sieveLimits).filter((name) => !new RegExp(`\\b${name}\\b`).test(text));
    expect(untested).toEqual([]);
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
