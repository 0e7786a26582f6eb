import fc from 'fast-check';
import { expect, it } from 'vitest';
import { compileScript, sieveCapabilities } from '../../lib/sieve/check.ts';
import { samples } from './samples.ts';
import { evaluated } from './script.ts';

const all = `require [${sieveCapabilities()
  .filter((name) => name !== 'notify' && name !== 'imapflags')
  .map((name) => JSON.stringify(name))
  .join(', ')}];`;

/** Commands of every extension: what is mutated below. */
const commands = [
  'addheader :last "X-A" "${subject}";',
  'deleteheader :index 1 :contains "subject" ["a", "b*"];',
  'set :upperfirst :length "a" "${a}${1}x";',
  'foreverypart :name "l" { if header :mime :anychild :param "name" :matches "content-type" "*" { break; } extracttext :first 10 "a"; }',
  'foreverypart { if header :mime :type "content-type" "text" { replace :subject "x" "${a}"; } }',
  'replace :mime "Content-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\n\r\nx\r\n--o--";',
  'enclose :subject "w" :headers ["From", "Received"] "text";',
  'vacation :days 3 :subject "s" :from "a@b.c" :handle "h" :fcc "Sent" :create :flags "\\\\Seen" "reason";',
  'notify :importance "1" :message "m ${a}" "mailto:a@b.c?body=${a}";',
  'if duplicate :handle "x" :uniqueid "${a}" :seconds 60 :last { discard; }',
  'if date :value "ge" :zone "+0100" :index 2 :last "received" "hour" "09" { keep; }',
  'if currentdate :matches "iso8601" "*T*" { set "a" "${2}"; }',
  'if body :content "text" :regex ["(a+)+$", "x{1,9}"] { stop; }',
  'if body :raw :contains "x" { fileinto :copy :create :specialuse "\\\\Junk" "J"; }',
  'if environment :contains "name" "" { setflag "v" ["\\\\Seen", "$x"]; }',
  'if ihave ["nothing", "copy"] { frobnicate :x 1 "y"; } else { error "z"; }',
  'include :optional :once :global "s"; global "g"; return;',
  'if anyof (mailboxexists ["A"], metadata "A" "/private/x" "y", mailboxidexists "i", specialuse_exists "\\\\Junk") { }',
  'if not allof (spamtest :percent :value "gt" "3", virustest "1", valid_ext_list "l", header :list "from" "l") { }',
  'redirect :copy :notify "NEVER" :ret "HDRS" :bytimerelative 60 :bymode "notify" :bytrace "a@b.c";',
  'if envelope :domain :count "ge" :comparator "i;ascii-numeric" ["from", "orcpt"] "1" { ereject "no"; }',
  'if string :comparator "i;unicode-casemap" :matches "${a}" "?*\\\\**" { removeflag "x"; }',
  ...samples.map(({ script }) => script.replace(/require[^;]*;/g, '')),
];

const messages = [
  ...samples.map(({ mail }) => mail),
  'Content-Type: multipart/mixed; boundary=o\nReceived: x; Mon, 2 Feb 2026 10:00:00 +0000\n\n--o\nContent-Type: text/html; name="=?x"\n\n<p\n--o\nContent-Type: message/rfc822\n\nSubject: =?utf-8?b?w?=\n\n--o--\n',
  '\n',
  'no header',
  '',
];

const pieces = [
  '"',
  '${',
  '}',
  '{',
  '(',
  ')',
  '[',
  ']',
  ',',
  ';',
  ':is',
  ':matches',
  ':count "ge"',
  ':regex',
  ':mime',
  ':copy',
  '*',
  '?',
  '\\',
  '(',
  '\u{1F600}',
  '\ud800',
  '\0',
  '\r',
  '99999999999',
  '10G',
  'not',
  'stop',
  'text:\n',
  '.\n',
  '/*',
  '#',
  '${99}',
  '${global.a}',
  '${hex:ff}',
  'true',
] as const;

/** A script whose characters and words were cut out, put in, doubled and exchanged. */
const mutated = fc
  .tuple(
    fc.array(fc.constantFrom(...commands), { minLength: 1, maxLength: 6 }),
    fc.array(fc.tuple(fc.nat(), fc.nat(12), fc.constantFrom('', '', ...pieces, ...commands)), { maxLength: 4 }),
    fc.boolean(),
  )
  .map(([list, changes, required]) => {
    let script = list.join('\n');
    for (const [where, cut, put] of changes) {
      const at = where % (script.length + 1);
      script = script.slice(0, at) + put + script.slice(at + (put.length > 20 ? 0 : cut));
    }
    return required ? `${all}\n${script}` : script;
  });

it('a mutated script is refused, fails, or decides: it never breaks', { timeout: 120_000 }, () => {
  const counts = { refused: 0, failed: 0, decided: 0 };
  fc.assert(
    fc.property(mutated, fc.constantFrom(...messages), fc.infiniteStream(fc.nat(4)), (source, mail, stream) => {
      const compiled = compileScript(source);
      if ('problems' in compiled) {
        expect(compiled.problems.length).toBeGreaterThan(0);
        counts.refused++;
        return;
      }
      const chance = (): number => stream.next().value ?? 0;
      const { actions, failure } = evaluated(compiled.script, mail, {
        limits: { steps: 50_000 },
        answers: {
          'mailboxes-exist': () => chance() > 1,
          metadata: () => ['', undefined, 'x'][chance() % 3],
          'seen-before': () => chance() > 1,
          'special-use-exists': () => chance() > 1,
          'mailbox-ids-exist': () => chance() > 1,
          script: () => [undefined, { unusable: 'no' }, compiled.script][chance() % 3],
          'in-lists': () => [undefined, 'a@b.c'][chance() % 2],
          'lists-exist': () => chance() > 1,
        },
      });
      if (failure === undefined) counts.decided++;
      else {
        counts.failed++;
        expect(actions).toEqual([{ kind: 'keep', implicit: true }]);
        expect(failure.message).not.toBe('');
      }
    }),
    { numRuns: 1500 },
  );
  // Otherwise nothing was tried.
  expect(Math.min(...Object.values(counts))).toBeGreaterThan(20);
});
