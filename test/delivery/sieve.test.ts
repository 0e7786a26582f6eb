import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { setAcl } from '../../lib/store/acl.ts';
import { createMailbox } from '../../lib/store/names.ts';
import { putScript, setActiveScript } from '../../lib/store/scripts.ts';
import { message, openSieveHome, type SieveHome } from './sieve-support.ts';

const OK = '250 2.1.5 Ok';

/** What is where after a message came to anna, who has a mailbox Lists with Lists/postfix below it. */
const outcomes: readonly (readonly [what: string, script: string, mail: readonly string[]])[] = [
  ['an empty script keeps', '', ['INBOX: Hi']],
  ['keep with flags', 'require "imap4flags"; keep :flags ["\\\\Seen", "$Work"];', ['INBOX: Hi [\\Seen $Work]']],
  ['a flag that cannot be is left out', 'require "imap4flags"; keep :flags ["a(b", "\\\\X"];', ['INBOX: Hi']],
  ['discard', 'discard;', []],
  ['fileinto', 'require "fileinto"; fileinto "Lists";', ['Lists: Hi']],
  ['a name below', 'require "fileinto"; fileinto "Lists/postfix";', ['Lists/postfix: Hi']],
  ['with a dot, as older scripts have it', 'require "fileinto"; fileinto "Lists.postfix";', ['Lists/postfix: Hi']],
  ['with INBOX before it', 'require "fileinto"; fileinto "INBOX.Lists";', ['Lists: Hi']],
  ['INBOX in any case', 'require "fileinto"; fileinto "inbox";', ['INBOX: Hi']],
  [
    'several mailboxes',
    'require "fileinto"; fileinto "Lists"; fileinto "Trash"; keep;',
    ['INBOX: Hi', 'Lists: Hi', 'Trash: Hi'],
  ],
  ['one mailbox by two names is one', 'require "fileinto"; fileinto "Lists"; fileinto "INBOX/Lists";', ['Lists: Hi']],
  ['a copy', 'require ["fileinto","copy"]; fileinto :copy "Lists";', ['INBOX: Hi', 'Lists: Hi']],
  ['with no such mailbox', 'require "fileinto"; fileinto "Nope";', ['INBOX: Hi [$SieveFailed]']],
  ['fileinto with flags', 'require ["fileinto","imap4flags"]; fileinto :flags "$Done" "Lists";', ['Lists: Hi [$Done]']],
  [
    'of two lists of flags for one mailbox the last (RFC 5232 §3)',
    'require ["fileinto","imap4flags"]; keep :flags "$One"; fileinto :flags "$Two" "INBOX";',
    ['INBOX: Hi [$Two]'],
  ],
  [
    'the flags of a copy where the implicit keep puts it, too',
    'require ["fileinto","imap4flags","copy"]; fileinto :copy :flags "$One" "INBOX";',
    ['INBOX: Hi [$One]'],
  ],
  [
    'that a mailbox is not there, beside the flags of keep',
    'require ["fileinto","imap4flags"]; fileinto "Nope"; keep :flags "$Two";',
    ['INBOX: Hi [$Two $SieveFailed]'],
  ],
  ['the size', 'require "fileinto"; if size :over 1K { fileinto "Lists"; }', ['INBOX: Hi']],
  [
    'the envelope',
    'require ["fileinto","envelope"]; if envelope "to" "anna@example.com" { fileinto "Lists"; }',
    ['Lists: Hi'],
  ],
  [
    'a script that is no Sieve any more',
    'require "fileinto"; fileinto "Lists"; nonsense;',
    ['INBOX: Hi [$SieveFailed]'],
  ],
  [
    'a script that fails when it runs',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of Sieve.
    'require ["fileinto","variables"]; set "n" ""; fileinto "Lists"; fileinto "${n}";',
    ['INBOX: Hi [$SieveFailed]'],
  ],
];

describe('Sieve in delivery (RFC 5228)', () => {
  let home: SieveHome;
  beforeEach(async () => {
    home = await openSieveHome();
    const anna = await home.account();
    for (const name of ['Lists', 'Lists/postfix']) await createMailbox(anna, name);
  });
  afterEach(() => home[Symbol.asyncDispose]());

  it.each(outcomes)('%s', async (_what, script, mail) => {
    await home.script(script);
    expect(await home.send(message('Hi'))).toEqual([OK]);
    expect(await home.mail()).toEqual(mail);
    // A retry and a copy do nothing again.
    expect(await home.send(message('Hi'))).toEqual([OK]);
    expect(await home.mail()).toEqual(mail);
    expect(home.errors).toEqual([]);
  });

  it('tells where a script failed, and keeps running for others', async () => {
    await home.script('require "fileinto";\nif true { bogus; }');
    await home.send(message('Hi'), { to: ['anna@example.com', 'bert@example.com'] });
    expect(home.failures).toMatchObject([{ user: 'anna', line: 1 }]);
    expect(home.failures[0]?.message).toContain('bogus');
    expect(await home.mail('bert')).toEqual(['INBOX: Hi']);
  });

  it('refuses with the reason, to the recipient whose script says so alone (RFC 5429 §2.2)', async () => {
    await home.script('require "reject"; reject "Spam not wanted";');
    const to = ['anna@example.com', 'bert@example.com'];
    expect(await home.send(message('Hi'), { to })).toEqual(['550 5.7.1 Spam not wanted', OK]);
    expect(await home.mail()).toEqual([]);
    expect(await home.mail('bert')).toEqual(['INBOX: Hi']);
  });

  it('writes a reason of several lines as a reply of several lines, in ASCII and bounded', async () => {
    await home.script('require "ereject"; ereject text:\nNo.\nNever, Jürgen\n.\n;');
    expect(await home.send(message('Hi'))).toEqual(['550-5.7.1 No.\r\n550 5.7.1 Never, J?rgen']);
    await home.script(`require "ereject"; ereject "${'x'.repeat(5000)}\n${'y\n'.repeat(100)}";`);
    const [reply = ''] = await home.send(message('Ho'));
    expect(reply.split('\r\n')).toHaveLength(20);
    expect(Math.max(...reply.split('\r\n').map((line) => line.length))).toBe(410);
    await home.script('require "ereject"; ereject "";');
    expect(await home.send(message('Ha'))).toEqual(['550 5.7.1 Refused']);
  });

  it('keeps in the mailbox of the address, where anyone may post to it', async () => {
    await home.script('require "imap4flags"; keep :flags "$Kept";');
    await setAcl(await home.account(), 'Lists/postfix', 'anyone', 'p');
    await home.send(message('One'), { to: ['anna+Lists.postfix@example.com'] });
    await home.send(message('Two'), { to: ['anna+Lists@example.com'] });
    expect(await home.mail()).toEqual(['INBOX: Two [$Kept]', 'Lists/postfix: One [$Kept]']);
  });

  it('tells scripts where they run, and who has handed the message in (RFC 5183 §4.1)', async () => {
    await using home = await openSieveHome({ sieve: { servername: 'mail.example.com', domain: 'example.com' } });
    const items = ['domain', 'host', 'location', 'name', 'phase', 'remote-host', 'remote-ip', 'version'];
    const adds = items.map((item) => `if environment :matches "${item}" "*" { addflag "${item}=\${1}"; }`);
    await home.script(`require ["environment","variables","imap4flags"]; ${adds.join(' ')}`);
    await home.send(message('Hi'));
    expect(home.failures).toEqual([]);
    expect(await home.mail()).toEqual([
      'INBOX: Hi [domain=example.com host=mail.example.com location=MDA name=Cirrus phase=during remote-host=client.example remote-ip=127.0.0.1]',
    ]);
  });

  it('knows the default address book, which is empty, however it is written, and no other list (RFC 6134 §2.5)', async () => {
    await using home = await openSieveHome();
    const lists = 'require ["extlists","fileinto"]; if address :list "from" "%s" { discard; } else { stop; }';
    for (const name of [':addrbook:default', ':AddrBook:%44%65%66ault', 'urn:ietf:params:sieve:addrbook:DEFAULT']) {
      await home.script(lists.replace('%s', name));
      await home.send(message(name));
    }
    expect(home.failures).toEqual([]);
    await home.script(lists.replace('%s', ':addrbook:work'));
    await home.send(message('work'));
    expect(home.failures).toMatchObject([{ message: expect.stringContaining('no such list') }]);
  });

  it('files into a mailbox of another user with the right p alone, without \\Seen', async () => {
    const bert = await home.account('bert');
    await createMailbox(bert, 'Team');
    await home.script(
      'require ["fileinto","imap4flags"]; fileinto :flags ["\\\\Seen","\\\\Flagged"] "Other Users/bert/Team";',
    );
    await home.send(message('One'));
    expect(await home.mail()).toEqual(['INBOX: One [\\Flagged \\Seen $SieveFailed]']);
    await setAcl(bert, 'Team', 'anna', 'p');
    await home.send(message('Two'));
    expect(await home.mail('bert')).toEqual(['Team: Two [\\Flagged]']);
  });

  it('makes folders when the configuration says so', async () => {
    await using making = await openSieveHome({ sieve: { madeFolders: ['Some'] } });
    await making.script(
      'require "fileinto"; if header :contains "subject" "x" { fileinto "Any"; } else { fileinto "Some"; }',
    );
    await making.send(message('Hi'));
    await making.send(message('Hi x'));
    expect(await making.mail()).toEqual(['INBOX: Hi x [$SieveFailed]', 'Some: Hi']);
    await using any = await openSieveHome({ sieve: { makesFolders: true } });
    await any.script('require "fileinto"; fileinto "INBOX.New.Deep";');
    await any.send(message('Hi'));
    await any.send(message('Ho'));
    expect(await any.mail()).toEqual(['New/Deep: Hi', 'New/Deep: Ho']);
  });

  it('goes by a new script at once, and by none when none is active', async () => {
    await home.script('discard;');
    await home.send(message('One'));
    await home.script('keep;');
    await home.send(message('Two'));
    await putScript(await home.account(), 'other', Buffer.from('discard;'), { scripts: 9, scriptBytes: 1000 });
    await setActiveScript(await home.account(), undefined);
    await home.send(message('Three'));
    expect(await home.mail()).toEqual(['INBOX: Two', 'INBOX: Three']);
  });

  it('takes older ways to name a mailbox in an address, where it takes mail, and else knows nobody', async () => {
    const unknown = /^550-Mailbox unknown/;
    for (const to of ['anna/Lists@example.com', 'anna.Lists@example.com']) {
      expect((await home.send(message('Hi'), { to: [to] }))[0]).toMatch(unknown);
    }
    await setAcl(await home.account(), 'Lists', 'anyone', 'p');
    await setAcl(await home.account(), 'Lists/postfix', 'anyone', 'p');
    expect(await home.send(message('One'), { to: ['anna/Lists@example.com'] })).toEqual([OK]);
    expect(await home.send(message('Two'), { to: ['Anna.Lists@example.com'] })).toEqual([OK]);
    expect(await home.send(message('Three'), { to: ['anna.Lists.postfix@example.com'] })).toEqual([OK]);
    for (const to of ['anna.lists@example.com', 'anna.@example.com', '.anna@example.com', 'bert.Lists@example.com']) {
      expect((await home.send(message('Hi'), { to: [to] }))[0]).toMatch(/^55/);
    }
    expect(await home.mail()).toEqual(['Lists: One', 'Lists: Two', 'Lists/postfix: Three']);
  });

  it('refuses or replaces bytes beyond ASCII in a header when told to', async () => {
    await using refusing = await openSieveHome({ eightBitHeader: 'refuse' });
    expect(await refusing.send(message('häi'))).toEqual(['554 5.6.0 Message contains non-ASCII characters in headers']);
    expect(await refusing.send(message('Hi', '', 'bödy'))).toEqual([OK]);
    expect(await refusing.mail()).toEqual(['INBOX: Hi']);
    expect(refusing.errors).toEqual([]);
    await using replacing = await openSieveHome({ eightBitHeader: 'replace' });
    await replacing.send(message('häi'));
    expect(await replacing.mail()).toEqual(['INBOX: hXXi']);
  });

  it('stores what editheader has made of the message, in that mailbox alone (RFC 5293)', async () => {
    await home.script(
      'require ["editheader","fileinto","copy"]; fileinto :copy "Lists"; addheader "X-Edited" "yes"; deleteheader "Subject"; keep;',
    );
    await home.send(message('Hi', '', 'The body'));
    expect(await home.mail()).toEqual(['INBOX: (none)', 'Lists: Hi']);
    const [edited = ''] = await home.texts('INBOX');
    const [plain = ''] = await home.texts('Lists');
    expect(edited).toContain('X-Edited: yes\r\n');
    expect(edited.endsWith('\r\n\r\nThe body\r\n')).toBe(true);
    expect(plain).not.toContain('X-Edited');
  });

  it('tells of what was discarded', async () => {
    await home.script('discard;');
    await home.send(message('Hi'));
    expect(home.facts).toMatchObject([{ user: 'anna', mailbox: '', outcome: 'discarded' }]);
  });
});
