import { describe, expect, it } from 'vitest';
import { checkScript, sieveCapabilities } from '../../lib/sieve/check.ts';
import { actions, outcome, problems } from './script.ts';

const mail = 'From: a@example.org\nTo: b@example.com\nSubject: Hello\n\nbody\n';

describe('a script', () => {
  it('that is empty keeps the message', () => expect(actions('', mail)).toEqual(['implicit keep']));

  it('decides by the first branch that is true', () => {
    const script = `require "fileinto";
      if header "subject" "no" { fileinto "A"; } elsif header "subject" "hello" { fileinto "B"; } else { discard; }`;
    expect(actions(script, mail)).toEqual(['fileinto B']);
  });

  it('tells every problem with its place', () => {
    expect(problems('require ["fileinto","foo"];\nif true { bar; }\nfileinto :copy "x"; redirect "y";')).toEqual([
      '1:21 The extension "foo" is not supported.',
      '2:11 There is no command "bar".',
      '3:10 "fileinto" does not take ":copy"; require "copy" to use it.',
      '3:30 "y" is not an email address.',
    ]);
  });

  it('is checked as text or bytes', () => {
    expect(checkScript('keep;')).toEqual([]);
    expect(checkScript(Buffer.from('keep;'))).toEqual([]);
    expect(problems(Buffer.from([0x6b, 0x0a, 0x22, 0xff, 0x22]))).toEqual(['2:2 A script must be written in UTF-8.']);
  });
});

it('two hundred rules cost what they compare, and an address field is read once for all of them', () => {
  const rules = Array.from(
    { length: 200 },
    (_, i) => `if anyof (header :contains "subject" "word${i}", address :is ["from", "to", "cc"] "user${i}@example.com",
      header :matches "list-id" "*<list${i}.*>*") { fileinto "Folder${i}"; stop; }`,
  );
  const many = Array.from({ length: 50 }, (_, i) => `u${i}@example.com`).join(', ');
  const { steps, actions: taken } = outcome(
    `require "fileinto"; ${rules.join('\n')}`,
    mail.replace(/To: .*/, `To: ${many}`),
  );
  expect(taken).toEqual([{ kind: 'keep', implicit: true }]);
  // A command and four tests, the comparisons of 51 addresses, and a part of a step for their characters.
  expect(steps / 200).toBeLessThan(5 + 51 * 2 + 10);
});

it('the capabilities are named', () => {
  expect(sieveCapabilities()).toEqual(expect.arrayContaining(['fileinto', 'variables', 'comparator-i;ascii-numeric']));
  expect(sieveCapabilities()).not.toContain('');
  // Understood, but nothing here keeps a calendar.
  expect(sieveCapabilities()).not.toContain('processcalendar');
});
