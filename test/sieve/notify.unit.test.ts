import { describe, expect, it } from 'vitest';
import { sieveLimits } from '../../lib/sieve/limits.ts';
import { parseMailto } from '../../lib/sieve/mailto.ts';
import { actions, holds, outcome, problems } from './script.ts';

const mail = 'From: Boss <boss@example.org>\nTo: sievemailinglist@example.org\nSubject: Plan\n\nThe text\n';

/** The notifications of a run. */
function notified(script: string, message = mail, envelopeFrom = 'sender@example.org') {
  const environment = { envelope: { from: envelopeFrom, to: 'user@example.com' } };
  const { actions: taken, failure } = outcome(script, message, { environment });
  if (failure !== undefined) throw new Error(failure.message);
  return taken.filter(({ kind }) => kind === 'notify');
}

describe('RFC 5435, enotify', () => {
  it('§3.7 example 1', () => {
    const script = `require ["enotify", "fileinto", "variables"];
      if header :contains "from" "boss@example.org" {
        notify :importance "1" :message "This is probably very important" "mailto:alm@example.com"; stop;
      }
      if header :contains "to" "sievemailinglist@example.org" {
        if header :matches "Subject" "*" { set "subject" "\${1}"; }
        if header :matches "From" "*" { set "from" "\${1}"; }
        notify :importance "3" :message "[SIEVE] \${from}: \${subject}" "mailto:alm@example.com";
        fileinto "INBOX.sieve";
      }`;
    expect(notified(script)).toEqual([
      {
        kind: 'notify',
        method: 'mailto:alm@example.com',
        importance: 1,
        message: 'This is probably very important',
        options: [],
      },
    ]);
    const other = mail.replace('boss@', 'x@');
    expect(notified(script, other)).toMatchObject([{ importance: 3, message: '[SIEVE] Boss <x@example.org>: Plan' }]);
    expect(actions(script, other).at(-1)).toBe('fileinto INBOX.sieve');
    // RFC 5435 §7: the implicit keep stays.
    expect(actions(script, mail).at(-1)).toBe('implicit keep');
  });

  it('§3.7 example 2', () => {
    const script = `require ["enotify", "fileinto", "variables", "envelope"];
      if header :matches "from" "*@*.example.org*" {
        if envelope :all :matches "from" "*" { set "env_from" " [really: \${1}]"; }
        if header :matches "Subject" "*" { set "subject" "\${1}"; }
        if address :matches :all "from" "*" { set "from_addr" "\${1}"; }
        notify :message "\${from_addr}\${env_from}: \${subject}" "mailto:alm@example.com";
      }`;
    expect(notified(script, mail.replace('boss@', 'boss@a.'), 'c@d.e')).toMatchObject([
      { message: 'boss@a.example.org [really: c@d.e]: Plan', importance: 2 },
    ]);
  });

  it('§3.2, §3.7 example 3: methods that are not supported fail when they are used', () => {
    const script = `require ["enotify", "variables"];
      set "notif_method" "xmpp:tim@example.com?message;subject=SIEVE;body=You%20got%20mail";
      if header :contains "to" "sievemailinglist@example.org" { set "notif_method" ""; }
      if not string :is "\${notif_method}" "" { notify "\${notif_method}"; }`;
    expect(actions(script, mail)).toEqual(['implicit keep']);
    expect(actions(script, 'A: b\n\n')[1]).toMatch(/is no way to notify anybody/);
    expect(problems('require "enotify"; notify "tel:+14085551212";')).toEqual([]);
  });

  it('§3.3 to §3.5 arguments', () => {
    const [given] = notified(
      'require "enotify"; notify :from "Me <me@example.com>" :options ["a=b", "c.d="] "mailto:a@b.c";',
    );
    expect(given).toMatchObject({ from: 'Me <me@example.com>', options: ['a=b', 'c.d='] });
    expect(problems('require "enotify"; notify :from "x" :importance "4" :options "y" "mailto:a@b.c";')).toEqual([
      '1:33 "x" cannot be a sender.',
      '1:49 The importance must be "1", "2" or "3".',
      '1:62 "y" is no option; write "name=value".',
    ]);
  });

  it('§4, §5 valid_notify_method and notify_method_capability', () => {
    const has = (test: string) => holds(test, mail, ['enotify', 'relational']);
    expect(has('valid_notify_method "mailto:a@example.com?subject=x"')).toBe(true);
    expect(has('valid_notify_method ["mailto:", "http://gw.example.net/notify?test"]')).toBe(false);
    expect(has('valid_notify_method ["mailto:a@b.c", "tel:1"]')).toBe(false);
    expect(has('notify_method_capability "mailto:a@b.c" "Online" "maybe"')).toBe(true);
    expect(has('notify_method_capability "mailto:a@b.c" "Online" "yes"')).toBe(false);
    expect(has('notify_method_capability :contains "mailto:a@b.c" "colour" ""')).toBe(false);
    expect(has('notify_method_capability :contains "xmpp:tim@example.com?message;subject=SIEVE" "Online" ""')).toBe(
      false,
    );
  });

  it('§6 encodeurl', () => {
    const script = `require ["enotify", "variables"]; set :encodeurl "body_param" "Safe body&evil=evilbody é'()~";
      notify "mailto:tim@example.com?body=\${body_param}";`;
    expect(notified(script)).toMatchObject([
      { method: 'mailto:tim@example.com?body=Safe%20body%26evil%3Devilbody%20%C3%A9%27%28%29~' },
    ]);
  });

  it('§8 so many in one run', () => {
    const many = `require "enotify"; ${'notify "mailto:a@b.c";'.repeat(sieveLimits.notifications + 1)}`;
    expect(actions(many, mail)[1]).toMatch(`More than ${sieveLimits.notifications} notifications`);
  });

  it('RFC 6068: what a mailto says', () => {
    expect(parseMailto('mailto:a@b.c,d%2Be@f.g?subject=Hi%20you&cc=x@y.z&body=1%0D%0A2&X-Other=1&to=h@i.j')).toEqual({
      to: ['a@b.c', 'd+e@f.g', 'h@i.j'],
      cc: ['x@y.z'],
      bcc: [],
      subject: 'Hi you',
      body: '1\r\n2',
    });
    // A line end in a subject would be another field.
    expect(parseMailto('mailto:a@b.c?subject=x%0D%0ABcc:%20q@r.s')?.subject).toBe('x Bcc: q@r.s');
    for (const wrong of [
      'mailto:',
      'mailto:a',
      'http://a',
      'mailto:a@b.c?x',
      'mailto:a@b.c%ff',
      'mailto:a@b.c%0d%0a',
    ]) {
      expect(parseMailto(wrong)).toBeUndefined();
    }
    const crowd = `mailto:${Array.from({ length: 11 }, (_, i) => `u${i}@b.c`).join(',')}`;
    expect(holds(`valid_notify_method "${crowd}"`, mail, ['enotify'])).toBe(false);
  });
});

describe('the older notify', () => {
  it('as the book has it', () => {
    const script = `require ["notify"];
      if header :contains "From" "boss@example.org" {
        notify :method "mailto" :options "paul@example.com" :message "Mail from the boss";
      }`;
    expect(notified(script)).toEqual([
      {
        kind: 'notify',
        method: 'mailto',
        options: ['paul@example.com'],
        message: 'Mail from the boss',
        importance: 2,
      },
    ]);
  });

  it('puts the message in', () => {
    const message = (text: string) => {
      const [action] = notified(`require "notify"; notify ${text};`);
      return action?.kind === 'notify' ? action.message : undefined;
    };
    expect(message('')).toBe('boss@example.org: Plan');
    expect(message(':message "$env-from$ $from$ $subject$ $text[5]$|$text$ $nothing$ $5"')).toBe(
      'sender@example.org boss@example.org Plan The t|The text $nothing$ $5',
    );
    expect(message(`:message "${'$text$'.repeat(5)}"`)).toBe('The text'.repeat(5));
  });

  it('denotify takes back what matches', () => {
    const ids = (script: string) =>
      notified(
        `require "notify"; notify :id "a1" :low; notify :id "a2" :high; notify :id "b" :message "x"; notify; ${script}`,
      ).map((action) => (action.kind === 'notify' ? (action.id ?? '-') : ''));
    expect(ids('')).toEqual(['a1', 'a2', 'b', '-']);
    expect(ids('denotify;')).toEqual([]);
    expect(ids('denotify :is "a1";')).toEqual(['a2', 'b', '-']);
    expect(ids('denotify :contains "a" :high;')).toEqual(['a1', 'b', '-']);
    expect(ids('denotify :matches "?";')).toEqual(['a1', 'a2', '-']);
    expect(ids('denotify :low;')).toEqual(['a2', 'b', '-']);
    expect(problems('require "notify"; notify :low :high;')).toEqual([
      '1:31 ":low" and ":high" cannot be given together.',
    ]);
  });
});

it('imapflags, the older flags', () => {
  const run = (script: string) => actions(`require ["imapflags", "fileinto"]; ${script}`, mail);
  expect(
    run('addflag "\\\\Seen"; mark; fileinto "A"; unmark; fileinto "B"; setflag ["x", "y"]; removeflag "X";'),
  ).toEqual(['fileinto A flags=\\Seen \\Flagged', 'fileinto B flags=\\Seen']);
  expect(run('setflag ["x", "y"]; removeflag "X";')).toEqual(['implicit keep flags=y']);
  expect(problems('require "imapflags"; addflag "v" "f";')[0]).toMatch(/too many arguments/);
});
