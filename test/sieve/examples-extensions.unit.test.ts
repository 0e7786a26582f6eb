import { describe, expect, it } from 'vitest';
import { actions, edited, holds, outcome, problems } from './script.ts';

// Examples of RFCs about single extensions as they are printed, with what comes of them here.

const mail = 'From: a@example.org\nSubject: hi\n\nbody\n';

describe('RFC 5173', () => {
  it('§5.1 the raw body, with the header of its parts', () => {
    const script = 'require "body"; if body :raw :contains "MAKE MONEY FAST" { discard; }';
    const named = 'Content-Type: multipart/mixed; boundary=b\n\n--b\nX-A: Make money fast\n\nx\n--b--\n';
    expect(actions(script, named)).toEqual(['discard']);
    expect(actions(script, `Subject: MAKE MONEY FAST\n${mail}`)).toEqual(['implicit keep']);
  });

  it('§5.2, §5.3 by what the parts are', () => {
    const script = `require ["body", "fileinto"];
      if body :content "text" :contains ["missile", "coordinates"] { fileinto "secrets"; }
      if body :content "audio/mp3" :contains "" { fileinto "jukebox"; }
      if body :text :contains "project schedule" { fileinto "project/schedule"; }`;
    const parts = (...them: string[]) =>
      `Content-Type: multipart/mixed; boundary=b\n\n${them.map((part) => `--b\n${part}\n`).join('')}--b--\n`;
    const audio = 'Content-Type: audio/mp3\n\nmissile';
    expect(actions(script, parts(audio))).toEqual(['fileinto jukebox']);
    expect(actions(script, parts(audio, 'Content-Type: text/html\n\n<b>missile</b>'))).toEqual([
      'fileinto secrets',
      'fileinto jukebox',
    ]);
    expect(actions(script, parts('Content-Type: text/plain\n\nThe project schedule'))).toEqual([
      'fileinto project/schedule',
    ]);
    expect(actions(script, mail)).toEqual(['implicit keep']);
  });
});

describe('RFC 5183', () => {
  it('§4, §5 an item that may not be there', () => {
    const known = { environment: { items: new Map([['item', '']]) } };
    const script = 'require "environment"; if environment :contains "item" "" { discard; }';
    expect(actions(script, mail, known)).toEqual(['discard']);
    expect(actions(script, mail)).toEqual(['implicit keep']);
    const host = (name: string) => ({ environment: { items: new Map([['remote-host', name]]) } });
    const test = 'environment :matches "remote-host" "*.example.com"';
    expect(holds(test, mail, ['environment'], host('mx.example.com'))).toBe(true);
    expect(holds(test, mail, ['environment'], host(''))).toBe(false);
  });
});

describe('RFC 5230', () => {
  const reason = (script: string, message: string) => {
    const [action] = outcome(`require "vacation"; ${script}`, message).actions;
    return action?.kind === 'vacation' ? `${action.subject ?? '-'}: ${action.reason}` : undefined;
  };

  it('§4.4 a multipart answer, printed without the semicolon that it needs', () => {
    const script = `vacation :mime text:
Content-Type: multipart/alternative; boundary=foo

--foo

I'm at the beach relaxing.  Mmmm, surf...

--foo
Content-Type: text/html; charset=us-ascii

<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.0//EN"
 "http://www.w3.org/TR/REC-html40/strict.dtd">
<HTML><HEAD><TITLE>How to relax</TITLE>
<BASE HREF="http://home.example.com/pictures/"></HEAD>
<BODY><P>I'm at the <A HREF="beach.gif">beach</A> relaxing.
Mmmm, <A HREF="ocean.gif">surf</A>...
</BODY></HTML>

--foo--
.
`;
    expect(problems(`require "vacation"; ${script}`)).toHaveLength(1);
    expect(reason(`${script};`, mail)).toMatch(/^-: Content-Type: multipart\/alternative; boundary=foo\r\n\r\n--foo/);
  });

  it('§7 in the language of who asks', () => {
    const language = `if header :contains ["accept-language", "content-language"] "en" { vacation "I am away this week."; }
      else { vacation "Estoy ausente esta semana."; }`;
    expect(reason(language, `Accept-Language: en-GB\n${mail}`)).toBe('-: I am away this week.');
    expect(reason(language, mail)).toBe('-: Estoy ausente esta semana.');
    const division = `if address :matches "from" "*@ourdivision.example.com" {
        vacation :subject "Gone fishing" "Having lots of fun! Back in a day or two!"; }
      else { vacation :subject "Je suis parti cette semaine" "Je lirai votre message quand je retourne."; }`;
    expect(reason(division, 'From: a@ourdivision.example.com\n\n')).toMatch(/^Gone fishing: Having/);
    expect(reason(division, mail)).toBe('Je suis parti cette semaine: Je lirai votre message quand je retourne.');
  });
});

describe('RFC 5235', () => {
  it('§3.2.2 what is neither clear nor spam without doubt is said to be neither', () => {
    const percent = (spamPercent: number) =>
      [0, 1, 36, 37, 99, 100].filter((value) =>
        holds(`spamtest :percent "${value}"`, mail, ['spamtestplus'], { environment: { spamPercent } }),
      );
    expect([0, 0.2, 36.4, 36.5, 99.6, 100].map(percent)).toEqual([[0], [1], [36], [37], [99], [100]]);
  });

  it('§3.2.1, §3.3 a name that is broken over two lines is another name', () => {
    expect(problems('require ["spamtest", "comparator-\n                    i;ascii-numeric"];')).toHaveLength(1);
  });
});

describe('RFC 5260', () => {
  it('§5.1 a field that says when', () => {
    const script = `require ["variables", "date", "editheader"];
      if currentdate :matches "std11" "*" {addheader "Processing-date" "\${0}";}`;
    expect(edited(outcome(script, mail).actions[0])).toBe(
      `Processing-date: Tue, 24 Nov 2026 12:30:05 +0100\n${mail.slice(0, mail.indexOf('body'))}`,
    );
  });

  it('§4.2 zero is east of nothing, and ends in Z', () => {
    const date = 'Date: Fri, 23 Feb 2007 09:15:30 -0000\n\n';
    expect(holds('date :originalzone "date" "zone" "+0000"', date, ['date'])).toBe(true);
    expect(holds('date :originalzone "date" "iso8601" "2007-02-23T09:15:30Z"', date, ['date'])).toBe(true);
  });
});

describe('RFC 5429', () => {
  it('§2.1 to §2.2.1 one address, one size, one coyote', () => {
    const someone = `require ["ereject"];
      if address "from" "someone@example.com" { ereject "I no longer accept mail from this address"; }`;
    expect(actions(someone, 'From: someone@example.com\n\n')).toEqual([
      'reject reason=I no longer accept mail from this address early',
    ]);
    expect(actions(someone, mail)).toEqual(['implicit keep']);
    const big = `require ["reject"];
      if size :over 100K {
        reject text:
Your message is too big.  If you want to send me a big attachment,
put it on a public web site and send me a URL.
.
        ;
      }`;
    expect(actions(big, `${mail}${'x'.repeat(102_400)}`)[0]).toMatch(/^reject reason=Your message is too big\./);
    const birdseed = `require ["reject"];
      if header :contains "from" "coyote@desert.example.org" {
        reject text:
I am not taking mail from you, and I don't
want your birdseed, either!
.
        ;
      }`;
    expect(actions(birdseed, 'From: coyote@desert.example.org\n\n')).toEqual([
      "reject reason=I am not taking mail from you, and I don't\r\nwant your birdseed, either!\r\n",
    ]);
  });
});

describe('RFC 5435 §3.7', () => {
  it('example 2: only a field that ends with the domain matches', () => {
    const script = `require ["enotify", "fileinto", "variables", "envelope"];
      if header :matches "from" "*@*.example.org" {
        if envelope :all :matches "from" "*" { set "env_from" " [really: \${1}]"; }
        if header :matches "Subject" "*" { set "subject" "\${1}"; }
        if address :matches :all "from" "*" { set "from_addr" "\${1}"; }
        notify :message "\${from_addr}\${env_from}: \${subject}" "mailto:alm@example.com";
      }`;
    expect(outcome(script, 'From: boss@a.example.org\nSubject: Plan\n\n').actions[0]).toMatchObject({
      message: 'boss@a.example.org [really: sender@example.org]: Plan',
    });
    expect(actions(script, mail)).toEqual(['implicit keep']);
  });

  it('example 3: who is told by what there is not, keeps the message', () => {
    const script = `require ["enotify", "variables"];
      set "notif_method" "xmpp:tim@example.com?message;subject=SIEVE;body=You%20got%20mail";
      if header :contains "subject" "Your dog" { set "notif_method" "tel:+14085551212"; }
      if header :contains "to" "sievemailinglist@example.org" { set "notif_method" ""; }
      if not string :is "\${notif_method}" "" { notify "\${notif_method}"; }
      if header :contains "from" "boss@example.org" {
        if header :matches "Subject" "*" { set "subject" "\${1}"; }
        if not header :contains "subject" "FYI:" {
          notify :importance "1" :message "BOSS: \${subject}" "tel:+14085551212"; }
      }`;
    const failure = (message: string) => actions(script, message)[1];
    expect(failure(mail)).toMatch('"xmpp:tim@example.com?message;subject=SIEVE;body=You%20got%20mail" is no way');
    expect(failure('Subject: Your dog\n\n')).toMatch('"tel:+14085551212" is no way');
    const list = 'To: sievemailinglist@example.org\n';
    expect(actions(script, `${list}\n`)).toEqual(['implicit keep']);
    expect(failure(`${list}From: boss@example.org\nSubject: Now\n\n`)).toMatch('"tel:+14085551212" is no way');
    expect(actions(script, `${list}From: boss@example.org\nSubject: FYI: then\n\n`)).toEqual(['implicit keep']);
  });

  it('examples 4 and 5: a script can ask first', () => {
    const valid = `require "enotify";
      if not valid_notify_method ["mailto:", "http://gw.example.net/notify?test"] { stop; } discard;`;
    expect(actions(valid, mail)).toEqual(['implicit keep']);
    const online = `require ["enotify"];
      if notify_method_capability "xmpp:tim@example.com?message;subject=SIEVE" "Online" "yes" {
        notify :importance "1" :message "You got mail" "xmpp:tim@example.com?message;subject=SIEVE";
      } else { notify :message "You got mail" "tel:+14085551212"; }`;
    expect(actions(online, mail)[1]).toMatch('"tel:+14085551212" is no way');
  });
});

describe('RFC 5437 §3', () => {
  it('no notification goes out by XMPP: the message is kept, and a script can ask first', () => {
    for (const notify of [
      'notify "xmpp:romeo@im.example.com"',
      'notify "xmpp:romeo@im.example.com?message;body=Wherefore%20art%20thou%3F"',
      `notify :importance "1" :message "Contact Juliet immediately!"
        "xmpp:romeo@im.example.com?message;body=You%27re%20in%20trouble;subject=ALERT%21"`,
      `notify :from "romeo.my.romeo@example.com" :importance "1" :message "Contact Juliet immediately!"
        "xmpp:romeo@im.example.com?message;body=You%27re%20in%20trouble;subject=ALERT%21"`,
    ]) {
      expect(actions(`require "enotify"; ${notify};`, mail)).toEqual([
        'implicit keep',
        expect.stringMatching(/is no way to notify anybody/),
      ]);
    }
    expect(holds('valid_notify_method "xmpp:romeo@im.example.com"', mail, ['enotify'])).toBe(false);
  });
});

describe('RFC 5703 §4', () => {
  it('by the types and fields of parts', () => {
    const into = (test: string, place: string) => `require ["mime", "fileinto"]; if ${test} { fileinto "${place}"; }`;
    const image = into('header :mime :type "Content-Type" "image"', 'INBOX.images');
    expect(actions(image, 'Content-Type: image/png\n\nx')).toEqual(['fileinto INBOX.images']);
    expect(actions(image, mail)).toEqual(['implicit keep']);
    const parts =
      'Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/html\nContent-MD5: x\n\n<p>\n--b--\n';
    const html = into('header :mime :anychild :contenttype "Content-Type" "text/html"', 'INBOX.html');
    expect([parts, mail].map((one) => actions(html, one)[0])).toEqual(['fileinto INBOX.html', 'implicit keep']);
    const md5 = into('exists :mime :anychild "content-md5"', 'INBOX.md5');
    expect([parts, mail].map((one) => actions(md5, one)[0])).toEqual(['fileinto INBOX.md5', 'implicit keep']);
    const tim = into('address :mime :is :all "content-from" "tim@example.com"', 'INBOX.part-from-tim');
    expect(actions(tim, 'Content-From: Tim <tim@example.com>\n\n')).toEqual(['fileinto INBOX.part-from-tim']);
  });
});

describe('RFC 9671', () => {
  it('§4.10 the examples: there is no calendar', () => {
    const own = `require [ "processcalendar" ];
      processcalendar :addresses [ "me@example.com", "alsome@example.com" ]
                      :calendarid "1ea6d86b-6c7f-48a2-bed3-2a4c40ec281a";`;
    expect(actions(own, mail)).toEqual(['processcalendar', 'implicit keep']);
    const flights = `require [ "processcalendar" ];
      if allof (address ["from", "sender"] "airline@example.com", header :contains "subject" "itinerary") {
        processcalendar :allowpublic;
      }`;
    expect(actions(flights, 'From: airline@example.com\nSubject: Your itinerary\n\n')[0]).toBe('processcalendar');
    expect(actions(flights, mail)).toEqual(['implicit keep']);
    const told = `require [ "processcalendar", "variables", "editheader" ];
      set "processcal_outcome" "no_action";
      set "processcal_reason" "";
      processcalendar :outcome "processcal_outcome" :reason "processcal_reason";
      if not string :is "\${processcal_outcome}" ["added", "updated"] {
        addheader "X-ProcessCal-Outcome" "\${processcal_outcome}";
        addheader "X-ProcessCal-Reason" "\${processcal_reason}";
      }`;
    expect(edited(outcome(told, mail).actions[1])).toMatch(
      /^X-ProcessCal-Reason: There is no calendar here\.\nX-ProcessCal-Outcome: no_action\nFrom: /,
    );
  });

  it('§4.9 once, and not for what is rejected', () => {
    const run = (script: string) => actions(`require ["processcalendar", "reject"]; ${script}`, mail)[1];
    expect(run('processcalendar; processcalendar;')).toMatch('"processcalendar" can be used only once.');
    expect(run('processcalendar; reject "no";')).toMatch('cannot be rejected after "processcalendar"');
    expect(run('reject "no"; processcalendar;')).toMatch('was rejected cannot take "processcalendar"');
  });
});
