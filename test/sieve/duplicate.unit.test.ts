import { describe, expect, it } from 'vitest';
import { sieveLimits } from '../../lib/sieve/limits.ts';
import { actions, outcome, problems } from './script.ts';

const mail = 'Message-ID: <one@example.org>\nSubject: ALERT: disk full\nX-A:  =?utf-8?q?=C3=BC?=\n\nbody\n';

/** Runs a script that has seen these ids before. */
function run(script: string, seen: readonly string[] = [], message = mail): string[] {
  return actions(script, message, { answers: { 'seen-before': ({ handle, id }) => seen.includes(`${handle}|${id}`) } });
}

describe('RFC 7352, duplicate', () => {
  const first = 'remember id=<one@example.org> seconds=604800';

  it('§3.2 three ways to the same id', () => {
    const scripts = [
      'require "duplicate"; if duplicate { discard; }',
      'require "duplicate"; if duplicate :header "message-id" { discard; }',
      `require ["duplicate", "variables"];
        if header :matches "message-id" "*" { if duplicate :uniqueid "\${0}" { discard; } }`,
    ];
    for (const script of scripts) {
      expect(run(script)).toEqual(['remember handle= id=<one@example.org> seconds=604800', 'implicit keep']);
      expect(run(script, ['|<one@example.org>'])).toEqual(['discard']);
    }
    expect(first).toContain(String(sieveLimits.duplicateSeconds));
  });

  it('§3.1 the first field, decoded; without one it is no duplicate', () => {
    expect(run('require "duplicate"; if duplicate :header "x-a" { discard; }')[0]).toContain('id=ü ');
    expect(run('require "duplicate"; if duplicate :header "x-none" { discard; }')).toEqual(['implicit keep']);
    expect(run('require "duplicate"; if duplicate :header "not a name" { discard; }')).toEqual(['implicit keep']);
    expect(run('require "duplicate"; if duplicate { discard; }', [], 'Subject: x\n\n')).toEqual(['implicit keep']);
    expect(problems('require "duplicate"; if duplicate :header "a" :uniqueid "b" { discard; }')).toEqual([
      '1:47 ":header" and ":uniqueid" cannot be given together.',
    ]);
  });

  it('§3.3 seconds: capped, and 0 is never a duplicate; `:last` counts on', () => {
    const seconds = (given: string) => run(`require "duplicate"; if duplicate ${given} { discard; }`)[0];
    expect(seconds(':seconds 60')).toContain('seconds=60');
    expect(seconds(':seconds 999999999')).toContain(`seconds=${sieveLimits.duplicateMaxSeconds}`);
    expect(seconds(':seconds 0')).toBe('implicit keep');
    expect(run('require "duplicate"; if duplicate :last { discard; }', ['|<one@example.org>'])).toEqual([
      'remember handle= id=<one@example.org> seconds=604800 last',
      'discard',
    ]);
  });

  it('§3 the same question has the same answer in one run, and is asked once', () => {
    let asked = 0;
    const answers = { 'seen-before': () => asked++ > 0 };
    const script = 'require "duplicate"; if anyof (duplicate, duplicate, duplicate :handle "h") { discard; }';
    expect(actions(script, mail, { answers })).toEqual([
      'remember handle= id=<one@example.org> seconds=604800',
      'discard',
    ]);
    expect(asked).toBe(2);
  });

  it('§3 a run that fails remembers nothing', () => {
    const script = 'require ["duplicate", "reject"]; if not duplicate { reject "a"; } reject "b";';
    expect(outcome(script, mail, { answers: { 'seen-before': () => false } }).actions).toEqual([
      { kind: 'keep', implicit: true },
    ]);
  });

  it('§5 the examples', () => {
    const trash = 'require ["duplicate", "fileinto", "mailbox"]; if duplicate { fileinto :create "Trash/Duplicate"; }';
    expect(run(trash, ['|<one@example.org>'])).toEqual(['fileinto Trash/Duplicate create']);
    const alerts = `require ["duplicate", "variables", "imap4flags", "fileinto"];
      if header :matches "subject" "ALERT: *" {
        if duplicate :seconds 60 :uniqueid "\${1}" { setflag "\\\\seen"; }
        fileinto "Alerts";
      }`;
    expect(run(alerts)).toEqual(['remember handle= id=disk full seconds=60', 'fileinto Alerts']);
    expect(run(alerts, ['|disk full'])).toEqual(['fileinto Alerts flags=\\seen']);
    const often = `require ["variables", "envelope", "enotify", "duplicate"];
      if envelope :matches "from" "*" { set "sender" "\${1}"; }
      if header :matches "subject" "*" { set "subject" "\${1}"; }
      if string :comparator "i;ascii-casemap" :matches "\${subject}" "Re:*" { set "subject" "\${1}"; }
      if not duplicate :seconds 1800 :uniqueid "\${sender} \${subject}" {
        notify :message "[SIEVE] \${sender}: \${subject}" "mailto:user@example.com"; }`;
    const again = 'Subject: RE: lunch\n\n';
    expect(run(often, [], again)[1]).toMatch(/message=\[SIEVE\] sender@example.org: {2}lunch/);
    expect(run(often, ['|sender@example.org  lunch'], again)).toEqual(['implicit keep']);
    const two = `require ["duplicate", "imap4flags"];
      if duplicate :header "X-Event-ID" :handle "notifier" { discard; }
      if allof (duplicate :header "X-Ticket-ID" :handle "support", address "to" "support@example.com",
        header :contains "subject" "fileserver") { setflag "\\\\seen"; }`;
    const ticket = 'X-Event-ID: 1\nX-Ticket-ID: 1\nTo: support@example.com\nSubject: fileserver\n\n';
    expect(run(two, ['support|1'], ticket)).toEqual([
      'remember handle=notifier id=1 seconds=604800',
      'implicit keep flags=\\seen',
    ]);
    expect(run(two, ['notifier|1'], ticket)[0]).toBe('discard');
    const handles = `require ["duplicate", "variables"];
      if duplicate :seconds 1800 :handle "a" :uniqueid "x" { discard; }`;
    expect(run(handles, ['|x'])[0]).toBe('remember handle=a id=x seconds=1800');
  });
});
