import { describe, expect, it } from 'vitest';
import { sieveLimits } from '../../lib/sieve/limits.ts';
import { actions, outcome, problems } from './script.ts';

const mail = 'From: coyote@desert.example.org\nTo: roadrunner@acme.example.com\nSubject: Cyrus bug\n\nbody\n';
const dinner = mail.replace('Cyrus bug', 'come over for dinner');
const day = 86_400;

describe('RFC 5230, vacation', () => {
  const answer = (script: string, message = mail) => {
    const found = outcome(script, message).actions.find(({ kind }) => kind === 'vacation');
    if (found?.kind !== 'vacation') throw new Error('there is no answer');
    return found;
  };

  it('§4.1 days: at least 1, at most 90, 7 when it does not say', () => {
    const seconds = (days: string) => answer(`require "vacation"; vacation ${days} "I'm away";`).seconds;
    expect(['', ':days 0', ':days 1', ':days 23', ':days 4000'].map(seconds)).toEqual(
      [7, 1, 1, 23, 90].map((days) => days * day),
    );
    expect(sieveLimits.vacationMaxSeconds).toBe(90 * day);
    expect(sieveLimits.vacationMinDays).toBe(1);
    expect(sieveLimits.vacationDays).toBe(7);
  });

  it('§4.2 two reasons are two answers', () => {
    const script = `require "vacation";
      if header :contains "subject" "cyrus" { vacation "I'm out -- send mail to cyrus-bugs"; }
      else { vacation "I'm out -- call me at +1 304 555 0123"; }`;
    expect(answer(script).reason).toBe("I'm out -- send mail to cyrus-bugs");
    expect(answer(script).handle).not.toBe(answer(script, dinner).handle);
  });

  it('§4.2 what variables stand for does not make another answer', () => {
    const script = `require ["vacation", "variables"];
      if header :matches "subject" "*" {
        vacation :subject "Automatic response to: \${1}" "I'm away -- send mail to foo in my absence";
      }`;
    expect(answer(script).subject).toBe('Automatic response to: Cyrus bug');
    expect(answer(script, dinner).subject).toBe('Automatic response to: come over for dinner');
    expect(answer(script, dinner).handle).toBe(answer(script).handle);
    // The same string as another argument is another answer.
    const handle = (given: string) => answer(`require "vacation"; vacation ${given};`).handle;
    expect(handle(':subject "x" "y"')).not.toBe(handle(':subject "y" "x"'));
    expect(handle(':mime "y"')).not.toBe(handle('"y"'));
    expect(handle(':addresses "a@b.c" :days 3 "y"')).toBe(handle('"y"'));
  });

  it('§4.2 one handle is one answer', () => {
    const script = `require "vacation";
      if header :contains "subject" "lunch" { vacation :handle "ran-away" "I'm out and can't meet for lunch"; }
      else { vacation :handle "ran-away" "I'm out"; }`;
    expect(answer(script, 'Subject: lunch?\n\n').handle).toBe(answer(script, 'Subject: dinner?\n\n').handle);
    expect(answer(script, 'Subject: lunch?\n\n').reason).toBe("I'm out and can't meet for lunch");
  });

  it('§4.3 subject and sender', () => {
    const given = answer('require "vacation"; vacation :from "Tim <tim@example.com>" :subject "Weg" "y";');
    expect(given).toMatchObject({ from: 'Tim <tim@example.com>', subject: 'Weg', mime: false });
    expect(problems('require "vacation"; vacation :from "nobody" "y";')).toEqual(['1:36 "nobody" cannot be a sender.']);
    expect(problems('require "vacation"; vacation :subject "a\nb" "y";')).toEqual(['1:39 A subject must be one line.']);
  });

  it('§4.4 a MIME entity, its header in ASCII', () => {
    const entity = 'Content-Type: multipart/alternative; boundary=foo\n\n--foo\n\nbeach\n--foo--\n';
    const { mime, reason } = answer(`require "vacation";\nvacation :mime text:\n${entity}.\n;`);
    expect(mime).toBe(true);
    expect(reason).toBe(entity.replaceAll('\n', '\r\n'));
    expect(problems('require "vacation"; vacation :mime "Subject: ü\n\nx";')).toEqual([
      '1:36 The header of a MIME answer must be written in ASCII.',
    ]);
    expect(problems('require "vacation"; vacation :mime "Subject: u\n\nü";')).toEqual([]);
    expect(problems('require "vacation"; vacation "Subject: ü\n\nü";')).toEqual([]);
  });

  it('§4.7 once, with other actions, not with reject', () => {
    expect(actions('require "vacation"; vacation "a"; vacation :handle "x" "b";', mail)).toEqual([
      'implicit keep',
      'failed: line 1, column 35: A message can be answered by "vacation" only once.',
    ]);
    expect(actions('require ["vacation", "reject"]; reject "no"; vacation "a";', mail)[1]).toMatch(/was rejected/);
    const kinds = outcome('require "vacation"; vacation "a"; discard; redirect "a@b.c";', mail).actions;
    expect(kinds.map(({ kind }) => kind)).toEqual(['vacation', 'discard', 'redirect']);
    expect(outcome('require "vacation"; vacation "a";', mail).actions.map(({ kind }) => kind)).toEqual([
      'vacation',
      'keep',
    ]);
  });

  it('§4.8 the examples', () => {
    const simple = `require "vacation";
      vacation :days 23 :addresses ["tjs@example.edu", "ts4z@landru.example.edu"]
      "I'm away until October 19.\nIf it's an emergency, call 911, I guess." ;`;
    expect(answer(simple)).toMatchObject({
      seconds: 23 * day,
      addresses: ['tjs@example.edu', 'ts4z@landru.example.edu'],
      reason: "I'm away until October 19.\r\nIf it's an emergency, call 911, I guess.",
    });
    const mingled = `require "vacation";
      if header :contains "from" "boss@example.edu" { redirect "pleeb@isp.example.org"; }
      else { vacation "Sorry, I'm away, I'll read your\nmessage when I get around to it."; }`;
    expect(actions(mingled, 'From: boss@example.edu\n\n')).toEqual(['redirect pleeb@isp.example.org']);
    expect(answer(mingled).reason).toMatch(/^Sorry/);
  });

  it('RFC 6131: seconds, of which 0 answers every message', () => {
    const meeting = `require ["vacation-seconds"];
      vacation :addresses ["tjs@example.edu", "ts4z@landru.example.edu"] :seconds 1800
        "I am in a meeting, and do not have access to email.";`;
    expect(answer(meeting).seconds).toBe(1800);
    const all = `require ["vacation-seconds"];
      vacation :handle "auto-resp" :seconds 0
        "Your request has been received.  A service representative will contact you as soon as possible, usually within one business day.";`;
    expect(answer(all)).toMatchObject({ seconds: 0, handle: 'handle:auto-resp' });
    expect(answer('require "vacation-seconds"; vacation :seconds 2147483647 "x";').seconds).toBe(90 * day);
    expect(problems('require "vacation-seconds"; vacation :days 1 :seconds 1 "x";')).toEqual([
      '1:46 ":days" and ":seconds" cannot be given together.',
    ]);
    expect(problems('require "vacation"; vacation :seconds 1 "x";')).toEqual([
      '1:30 "vacation" does not take ":seconds"; require "vacation-seconds" to use it.',
    ]);
  });
});
