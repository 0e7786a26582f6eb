import { describe, expect, it } from 'vitest';
import { sieveCapabilities } from '../../lib/sieve/check.ts';
import { actions, holds, outcome, problems } from './script.ts';

const mail = 'From: a@example.org\nSubject: hi\n\nbody\n';

describe('RFC 5235, spamtest and virustest', () => {
  const numeric = ['relational', 'comparator-i;ascii-numeric'];
  const file = (script: string, found: object) =>
    actions(`require ["fileinto", "relational", "comparator-i;ascii-numeric", ${script}`, mail, {
      environment: found,
    })[0];

  it('§3.2.1 spamtest', () => {
    const script = `"spamtest"];
      if spamtest :value "eq" :comparator "i;ascii-numeric" "0" { fileinto "INBOX.unclassified"; }
      elsif spamtest :value "ge" :comparator "i;ascii-numeric" "3" { fileinto "INBOX.spam-trap"; }`;
    expect(file(script, {})).toBe('fileinto INBOX.unclassified');
    expect(file(script, { spamPercent: 0 })).toBe('implicit keep');
    expect(file(script, { spamPercent: 50 })).toBe('fileinto INBOX.spam-trap');
    const value = (spamPercent: number) =>
      Array.from({ length: 11 }, (_, i) => i).find((i) =>
        holds(`spamtest "${i}"`, mail, ['spamtest'], { environment: { spamPercent } }),
      );
    expect([0, 1, 12, 13, 50, 99, 100].map(value)).toEqual([1, 2, 2, 3, 6, 9, 10]);
  });

  it('§3.2.2 in percent', () => {
    for (const untested of ['spamtest :value "eq"', 'spamtest :percent :count "eq"']) {
      const script = `"spamtestplus"]; if ${untested} :comparator "i;ascii-numeric" "0" { fileinto "INBOX.unclassified"; }
        elsif spamtest :percent :value "eq" :comparator "i;ascii-numeric" "0" { fileinto "INBOX.not-spam"; }
        elsif spamtest :percent :value "lt" :comparator "i;ascii-numeric" "37" { fileinto "INBOX.spam-trap"; }
        else { discard; }`;
      expect(
        [{}, { spamPercent: 0 }, { spamPercent: 36 }, { spamPercent: 37 }].map((found) => file(script, found)),
      ).toEqual(['fileinto INBOX.unclassified', 'fileinto INBOX.not-spam', 'fileinto INBOX.spam-trap', 'discard']);
    }
    expect(problems('require "spamtest"; if spamtest :percent "1" {}')).toEqual([
      '1:33 "spamtest" does not take ":percent"; require "spamtestplus" to use it.',
    ]);
  });

  it('§3.3 virustest', () => {
    const script = `"virustest"];
      if virustest :value "eq" :comparator "i;ascii-numeric" "0" { fileinto "INBOX.unclassified"; }
      if virustest :value "eq" :comparator "i;ascii-numeric" "4" { fileinto "INBOX.quarantine"; }
      elsif virustest :value "eq" :comparator "i;ascii-numeric" "5" { discard; }`;
    expect([{}, { virus: 1 }, { virus: 4 }, { virus: 5 }].map((found) => file(script, found))).toEqual([
      'fileinto INBOX.unclassified',
      'implicit keep',
      'fileinto INBOX.quarantine',
      'discard',
    ]);
    expect(holds('virustest :count "eq" "0"', mail, ['virustest', ...numeric])).toBe(true);
  });
});

describe('RFC 6009', () => {
  const parts = new Map([
    ['notify', ['FAILURE']],
    ['orcpt', ['rfc822;joe@example.com']],
    ['ret', ['HDRS']],
    ['bymode', ['return']],
  ]);
  const world = { environment: { envelope: { from: 'a@b.c', to: 'd@e.f', parts } } };
  const has = (test: string) =>
    holds(
      test,
      mail,
      ['envelope', 'envelope-dsn', 'envelope-deliverby', 'relational', 'comparator-i;ascii-numeric'],
      world,
    );

  it('§4, §5 parts of the envelope', () => {
    expect(has('envelope "notify" "SUCCESS"')).toBe(false);
    expect(
      has('allof (envelope "notify" "failure", envelope :comparator "i;ascii-numeric" :count "eq" "notify" "1")'),
    ).toBe(true);
    expect(has('envelope :matches "orcpt" "rfc822;*@example.com"')).toBe(true);
    expect(has('envelope "ret" "FULL"')).toBe(false);
    expect(has('envelope "bymode" "return"')).toBe(true);
    expect(has('envelope :contains "envid" ""')).toBe(false);
    expect(problems('require "envelope"; if envelope "notify" "SUCCESS" {}')[0]).toMatch(/has no part "notify"/);
    expect(problems('require "envelope-dsn"; require "envelope"; if envelope :all ["from", "Orcpt"] "x" {}')).toEqual([
      '1:48 ":all" cannot be used: "Orcpt" of the envelope is no address.',
    ]);
    const late = 'set "part" "bymode"; if envelope :domain "${part}" "return" { discard; }';
    expect(actions(`require ["envelope", "envelope-deliverby", "variables"]; ${late}`, mail, world).at(-1)).toMatch(
      /":domain" cannot be used: "bymode"/,
    );
    expect(has('envelope :count "eq" "ret" "1"')).toBe(true);
    expect(has('envelope :count "eq" "envid" "0"')).toBe(true);
  });

  it('§5 a message that comes too late', () => {
    const late = new Map([
      ['bytimerelative', ['-20']],
      ['bytimeabsolute', ['2026-11-24T10:00:00Z']],
    ]);
    const script = `require ["envelope", "envelope-deliverby", "relational", "date", "variables", "fileinto"];
      if envelope :matches :zone "+0000" "bytimeabsolute" "*T*:*:*" {
        set "bdate" "\${0}"; set "bhour" "\${2}";
        if currentdate :zone "+0000" :value "ge" "iso8601" "\${bdate}" { fileinto "missed-\${bhour}"; }
      }`;
    const environment = { envelope: { from: 'a@b.c', to: 'd@e.f', parts: late } };
    expect(actions(script, mail, { environment })).toEqual(['fileinto missed-10']);
    const test = 'envelope :contains "bytimerelative" "-"';
    expect(holds(test, mail, ['envelope', 'envelope-deliverby'], { environment })).toBe(true);
    const local = 'envelope "bytimeabsolute" "2026-11-24T11:00:00+01:00"';
    expect(holds(local, mail, ['envelope', 'envelope-deliverby'], { environment })).toBe(true);
    expect(problems('require "envelope"; if envelope :zone "+0000" "from" "x" {}')[0]).toMatch(/does not take ":zone"/);
  });

  it('§6 redirect-dsn', () => {
    const script = 'require ["copy", "redirect-dsn"]; redirect';
    expect(actions(`${script} :copy :notify "success,delay" :ret "hdrs" "a@b.c";`, mail)[0]).toBe(
      'redirect a@b.c copy notify=SUCCESS,DELAY ret=HDRS',
    );
    expect(problems(`${script} :notify "never,success" :ret "x" "a@b.c";`)).toEqual([
      '1:52 "never,success" is neither "NEVER" nor a list of "SUCCESS", "FAILURE" and "DELAY".',
      '1:73 "x" is neither "FULL" nor "HDRS".',
    ]);
  });

  it('§7 redirect-deliverby', () => {
    const script = 'require ["redirect-deliverby"]; redirect';
    expect(outcome(`${script} :bytimerelative 600 :bymode "return" :bytrace "a@b.c";`, mail).actions).toMatchObject([
      { byTime: { seconds: 600, mode: 'return', trace: true } },
    ]);
    expect(outcome(`${script} :bytimeabsolute "2026-11-24T20:00:00+01:00" "a@b.c";`, mail).actions).toMatchObject([
      { byTime: { seconds: 7.5 * 3600 - 5 - 0, mode: 'return', trace: false } },
    ]);
    const tonight = `require ["copy", "redirect-deliverby", "date", "variables", "relational", "comparator-i;ascii-numeric"];
      if currentdate :value "lt" :comparator "i;ascii-numeric" "hour" "22" {
        if currentdate :matches "date" "*" { set "date" "\${0}"; }
        if currentdate :matches "zone" "*" { set "zone" "\${0}"; }
        redirect :copy :bytimeabsolute "\${date}T20:00:00\${zone}" :bymode "return" "cellphone@example.com"; }`;
    expect(outcome(tonight, mail).actions[0]).toMatchObject({
      address: 'cellphone@example.com',
      byTime: { seconds: 7.5 * 3600 - 5, mode: 'return' },
    });
    expect(problems(`${script} :bymode "return" "a@b.c";`)).toEqual([
      '1:33 ":bymode" can only be given together with ":bytimerelative" or ":bytimeabsolute".',
    ]);
    expect(problems(`${script} :bytimerelative 1 :bytimeabsolute "tomorrow" "a@b.c";`)).toEqual([
      '1:60 ":bytimerelative" and ":bytimeabsolute" cannot be given together.',
      '1:76 "tomorrow" is no time; write "2026-11-24T12:00:00Z".',
    ]);
  });
});

describe('RFC 6134, extlists', () => {
  const world = {
    answers: {
      'in-lists': ({ lists, values }: { lists: readonly string[]; values: readonly string[] }) =>
        lists.includes(':addrbook:default') ? values.find((value) => value === 'a@example.org') : undefined,
      'lists-exist': ({ lists }: { lists: readonly string[] }) => lists.every((name) => name === ':addrbook:default'),
    },
  };

  it('§2 :list in tests, valid_ext_list, redirect to a list', () => {
    const has = (test: string) => holds(test, mail, ['extlists', 'envelope'], world);
    expect(has('address :list "from" ":addrbook:default"')).toBe(true);
    const unknown =
      'require "extlists"; if address :list "from" ["tag:example.com,2010:mylist", ":addrbook:default"] {}';
    expect(actions(unknown, mail, world)).toEqual([
      'implicit keep',
      'failed: line 1, column 24: A list cannot be asked: there is no such list.',
    ]);
    expect(has('envelope :list "from" ":addrbook:default"')).toBe(false);
    expect(has('header :list "x-none" ":addrbook:default"')).toBe(false);
    expect(has('valid_ext_list ":addrbook:default"')).toBe(true);
    expect(has('valid_ext_list [":addrbook:default", "x"]')).toBe(false);
    expect(actions('require "extlists"; redirect :list "tag:example.com,2010-05-28:mylist";', mail)).toEqual([
      'redirect tag:example.com,2010-05-28:mylist list',
    ]);
    expect(problems('require "extlists"; redirect "tag:example.com,2010-05-28:mylist";')).toHaveLength(1);
    expect(problems('require "extlists"; if header :list :comparator "i;octet" "to" "x:y" {}')).toEqual([
      '1:24 ":list" takes no comparator.',
    ]);
    for (const quiet of ['extlists', 'envelope-dsn', 'envelope-deliverby'])
      expect(sieveCapabilities()).not.toContain(quiet);
  });
});

describe('RFC 6134, the examples', () => {
  const listed = (lists: Readonly<Record<string, readonly string[]>>) => ({
    'in-lists': (ask: { lists: readonly string[]; values: readonly string[] }) =>
      ask.values.find((value) => ask.lists.some((list) => lists[list]?.includes(value))),
    'lists-exist': () => true,
  });

  it('known senders may look more like spam', () => {
    const script = `require ["envelope", "extlists", "fileinto", "spamtest", "relational", "comparator-i;ascii-numeric", "variables"];
      if envelope :list "from" ":addrbook:default" { set "lim" "8"; } else { set "lim" "3"; }
      if spamtest :value "ge" :comparator "i;ascii-numeric" "\${lim}" { fileinto "spam"; }`;
    const run = (known: readonly string[]) =>
      actions(script, mail, { answers: listed({ ':addrbook:default': known }), environment: { spamPercent: 50 } });
    expect(run(['sender@example.org'])).toEqual(['implicit keep']);
    expect(run([])).toEqual(['fileinto spam']);
  });

  it('a date in a list of holidays', () => {
    const script = `require ["extlists", "date", "enotify"];
      if currentdate :list "date" "tag:example.com,2011-01-01:localHolidays" { notify "mailto:romeo@example.com"; }`;
    const holidays = listed({ 'tag:example.com,2011-01-01:localHolidays': ['2026-11-24'] });
    expect(actions(script, mail, { answers: holidays })[0]).toMatch(/^notify method=mailto:romeo/);
    expect(actions(script, mail, { answers: listed({}) })).toEqual(['implicit keep']);
  });

  it('mail to a list goes to its members, when one of them sends it', () => {
    const script = `require ["envelope", "subaddress", "extlists"];
      if allof (envelope :detail "to" "mylist", address :list "from" "tag:example.com,2010-05-28:mylist") {
        redirect :list "tag:example.com,2010-05-28:mylist"; }`;
    const members = listed({ 'tag:example.com,2010-05-28:mylist': ['a@example.org'] });
    const environment = { envelope: { from: 'a@example.org', to: 'user+mylist@example.com' } };
    expect(actions(script, mail, { answers: members, environment })).toEqual([
      'redirect tag:example.com,2010-05-28:mylist list',
    ]);
    expect(actions(script, mail.replace('a@', 'b@'), { answers: members, environment })).toEqual(['implicit keep']);
  });

  it('an address of the network in a list, the name of a file in another', () => {
    const script = `require ["variables", "extlists", "index", "reject"];
      if header :index 1 :matches "received" "*(* [*.*.*.*])*" {
        set "ip" "\${3}.\${4}.\${5}.\${6}";
        if string :list "\${ip}" "tag:example.com,2011-04-10:DisallowedIPs" { reject "not from \${ip}"; }
      }`;
    const ips = listed({ 'tag:example.com,2011-04-10:DisallowedIPs': ['192.0.2.7'] });
    const received = 'Received: from x (y [192.0.2.7]) by z; Mon, 2 Feb 2026 10:00:00 +0000\n\n';
    expect(actions(script, received, { answers: ips })).toEqual(['reject reason=not from 192.0.2.7']);
    const files = `require ["foreverypart", "mime", "extlists", "fileinto"]; foreverypart {
      if header :mime :param "filename" :list ["Content-Type", "Content-Disposition"] "bad" { fileinto "A"; break; } }`;
    const attached = 'Content-Disposition: attachment; filename=x.exe\n\nx';
    expect(actions(files, attached, { answers: listed({ bad: ['x.exe'] }) })).toEqual(['fileinto A']);
  });
});

describe('RFC 6785, imapsieve', () => {
  const event = {
    environment: {
      imapEvent: true,
      items: new Map([
        ['imap.cause', 'APPEND'],
        ['imap.mailbox', 'ActionItems'],
      ]),
    },
  };

  it('§5 example 1, and the items of a delivery', () => {
    const script = `require ["copy", "environment", "imapsieve"];
      if anyof (environment :is "imap.cause" "APPEND", environment :is "imap.cause" "COPY") {
        if environment :is "imap.mailbox" "ActionItems" { redirect :copy "actionitems@example.com"; }
      }`;
    expect(actions(script, mail, event)).toEqual(['redirect actionitems@example.com copy', 'implicit keep']);
    expect(actions(script, mail)).toEqual(['implicit keep']);
    expect(holds('environment :is "imap.user" ""', mail, ['environment', 'imapsieve'])).toBe(true);
    expect(holds('environment :is "imap.user" ""', mail, ['environment'])).toBe(false);
  });

  it('§5 example 2: flags that have changed', () => {
    const script = `require ["imap4flags", "variables", "environment", "imapsieve"];
      if environment :contains "imap.changedflags" "\\\\Flagged" { addflag "seen-it"; }`;
    const changed = { environment: { imapEvent: true, items: new Map([['imap.changedflags', '\\Flagged \\Seen']]) } };
    expect(actions(script, mail, changed)).toEqual(['implicit keep flags=seen-it']);
  });

  it('§3.11, §4.6 what belongs to a delivery fails', () => {
    for (const name of ['reject', 'ereject', 'vacation', 'duplicate']) {
      expect(actions(`require "${name}"; discard;`, mail, event)[1]).toMatch(`"${name}" cannot be used`);
    }
    expect(actions('require "envelope"; if envelope "from" "x" {}', mail, event)[1]).toMatch(/There is no envelope/);
  });

  it('§3.1 a message that is stored already stays as it is', () => {
    const taken = outcome(
      'require ["editheader", "fileinto", "copy"]; addheader "A" "b"; fileinto :copy "C";',
      mail,
      event,
    ).actions;
    expect(taken.map((action) => 'edited' in action)).toEqual([true, false]);
  });
});

describe('RFC 9671, processcalendar', () => {
  it('says that there is no calendar', () => {
    const script = `require ["processcalendar", "variables", "fileinto"]; set "processcal_outcome" "";
      processcalendar :addresses ["me@example.com", "alsome@example.com"] :outcome "processcal_outcome" :reason "why";
      if string "\${processcal_outcome}" "no_action" { fileinto "\${why}"; }`;
    expect(actions(script, mail)).toEqual(['processcalendar', 'fileinto There is no calendar here.']);
    expect(problems('require "processcalendar"; processcalendar :updatesonly :calendarid "x";')).toEqual([
      '1:57 ":updatesonly" and ":calendarid" cannot be given together.',
    ]);
    expect(problems('require "processcalendar"; processcalendar :outcome "x";')[0]).toMatch(/need require "variables"/);
    expect(problems('require "processcalendar"; processcalendar :organizers "x";')[0]).toMatch(
      /needs require "extlists"/,
    );
  });
});

it('RFC 6558 §3, the examples: parts are not converted, and a script can ask first', () => {
  const convert = 'convert "image/tiff" "image/jpeg" ["pix-x=320","pix-y=240"]';
  const tiff = 'header :mime :anychild :contenttype "Content-Type" "image/tiff"';
  const inline = 'header :mime :param "filename" :contains "Content-Disposition" "inline"';
  for (const script of [
    `require ["convert"]; ${convert};`,
    `require ["mime", "fileinto", "convert"]; if ${tiff} { if (${convert}) { fileinto "INBOX.pics"; } }`,
    `require ["mime", "foreverypart", "fileinto", "convert"];
      foreverypart { if ${inline} { if size :over "500K" { ${convert}; } else { ${convert}; } } }`,
    `require ["mime", "foreverypart", "fileinto", "redirect", "convert"]; if ${tiff} { ${convert}; fileinto "INBOX.pics"; }`,
  ]) {
    expect(problems(script).join()).toMatch('The extension "convert" is not supported.');
  }
  const asked = `require ["ihave", "fileinto"]; if ihave "convert" { ${convert}; } else { fileinto "as it is"; }`;
  expect(actions(asked, mail)).toEqual(['fileinto as it is']);
});

it('what is not supported is refused, not passed over', () => {
  expect(problems('require ["convert", "snooze"];')).toEqual([
    '1:10 The extension "convert" is not supported.',
    '1:21 The extension "snooze" is not supported.',
  ]);
});
