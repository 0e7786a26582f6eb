import { describe, expect, it } from 'vitest';
import { compileScript } from '../../lib/sieve/check.ts';
import { actions, edited, outcome, type World } from './script.ts';

// Examples of RFCs as they are printed, with what comes of them here.

const mail = 'From: user@example.com\nTo: me@example.com\nSubject: hi\n\nbody\n';

/** The header of the first action. */
function header(script: string, message: string): string | undefined {
  return edited(outcome(`require "editheader"; ${script}`, message).actions[0]);
}

describe('RFC 5293', () => {
  it('§5 the first field, if it has the text: not the first field that has it', () => {
    const script = 'deleteheader :index 1 :contains "Delivered-To" "bob@example.com"; keep;';
    expect(header(script, 'Delivered-To: bob@example.com\nDelivered-To: x\n\n')).toBe('Delivered-To: x\n\n');
    expect(header(script, 'Delivered-To: x\nDelivered-To: bob@example.com\n\n')).toBeUndefined();
  });

  it('§7 actions see what those before them have made', () => {
    expect(header('addheader "X-Hello" "World"; deleteheader :index 1 "X-Hello"; keep;', mail)).toBe(
      mail.slice(0, mail.indexOf('body')),
    );
    const three = 'X-Hello: 1\nX-Hello: 2\nX-Hello: 3\n\n';
    expect(header('deleteheader :index 1 "X-Hello"; deleteheader :index 2 "X-Hello"; keep;', three)).toBe(
      'X-Hello: 2\n\n',
    );
    const international = `require ["editheader", "fileinto"]; addheader "X-Hello" "World";
      if header :contains "X-Hello" "World" { fileinto "international"; }`;
    expect(outcome(international, mail).actions).toMatchObject([{ kind: 'fileinto', mailbox: 'international' }]);
    const twice = 'require "editheader"; keep; addheader "X-Flavor" "vanilla"; keep;';
    expect(outcome(twice, mail).actions).toHaveLength(1);
  });
});

describe('RFC 7352 §5.3', () => {
  it('a notification for each sender and half an hour; there is no XMPP here', () => {
    const script = (method: string) => `require ["variables", "envelope", "enotify", "duplicate"];
      if envelope :matches "from" "*" { set "sender" "\${1}"; }
      if header :matches "subject" "*" { set "subject" "\${1}"; }
      if not duplicate :seconds 1800 :uniqueid "\${sender}"
      {
        notify :message "[SIEVE] \${sender}: \${subject}"
          "${method}:user@im.example.com";
      }`;
    const world = (isThere: boolean): World => ({ answers: { 'seen-before': () => isThere } });
    const [remembered, notified] = actions(script('mailto'), mail, world(false));
    expect(remembered).toBe('remember handle= id=sender@example.org seconds=1800');
    expect(notified).toContain('message=[SIEVE] sender@example.org: hi');
    expect(actions(script('mailto'), mail, world(true))).toEqual(['implicit keep']);
    expect(actions(script('xmpp'), mail, world(false))).toEqual([
      'implicit keep',
      expect.stringMatching(/no way to notify/),
    ]);
  });
});

describe('RFC 6609', () => {
  const scripts: Readonly<Record<string, string>> = {
    always_allow: `if address :is "from" "boss@example.com" { keep; }
      elsif address :is "from" "ceo@example.com" { keep; }`,
    spam_tests: `require ["reject"];
      if header :contains "Subject" "XXXX" { reject "Subject XXXX is unacceptable."; }
      elsif address :is "from" "money@example.com" { reject "Mail from this sender is unwelcome."; }`,
    mailing_lists: `require ["fileinto"];
      if header :is "List-ID" "sieve.ietf.org" { fileinto "lists.sieve"; }
      elsif header :is "List-ID" "ietf-imapext.imc.org" { fileinto "lists.imapext"; }`,
  };
  const site = `require ["reject"];
    if anyof (header :contains "Subject" "$$", header :contains "Subject" "Make money") { reject "No thank you."; }`;
  const texts = (name: string, location: string): string | undefined =>
    location === 'global' ? (name === 'spam_tests' ? site : undefined) : scripts[name];

  it('§3.2 the three personal scripts and the one of the site', () => {
    const main = `require ["include"]; include :personal "always_allow"; include :global "spam_tests";
      include :personal "spam_tests"; include :personal "mailing_lists";`;
    const run = (message: string) => actions(main, message, included(texts));
    expect(run('From: ceo@example.com\nSubject: hi\n\n')).toEqual(['keep']);
    expect(run('From: x@example.com\nSubject: Make money\n\n')).toEqual(['reject reason=No thank you.']);
    expect(run('From: money@example.com\nSubject: hi\n\n')).toEqual([
      'reject reason=Mail from this sender is unwelcome.',
    ]);
    expect(run('From: x@example.com\nSubject: XXXX\n\n')).toEqual(['reject reason=Subject XXXX is unacceptable.']);
    expect(run('From: x@example.com\nList-ID: ietf-imapext.imc.org\n\n')).toEqual(['fileinto lists.imapext']);
  });

  it('§4 names that would be hostile elsewhere are those of no script', () => {
    for (const name of ['./../..//etc/passwd', 'foo$(`rm star`)']) {
      const asked: string[] = [];
      const world = included((wanted) => void asked.push(wanted));
      expect(actions(`require "include"; include "${name}";`, mail, world)[1]).toContain('There is no personal script');
      expect(asked).toEqual([name]);
    }
  });
});

/** A world with scripts to include. */
function included(source: (name: string, location: string) => string | undefined): World {
  return {
    answers: {
      script: ({ name, location }) => {
        const text = source(name, location);
        const compiled = text === undefined ? undefined : compileScript(text);
        if (compiled === undefined) return undefined;
        return 'script' in compiled ? compiled.script : { unusable: 'invalid' };
      },
    },
  };
}
