import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openImapGateway } from '../support/imap-gateway.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { describeWith } from './programs.ts';
import { runWell } from './run.ts';

/** What cyradm does, through its library; each line says what came of one command. */
const script = `
use Cyrus::IMAP::Admin;
my $c = Cyrus::IMAP::Admin->new('127.0.0.1', $ARGV[0]) or die "cannot connect";
$c->authenticate(-user => 'cyrus', -password => 'secret', -mechanism => 'LOGIN') or die "cannot log in";
sub say1 { print join(' ', @_), "\\n" }
sub done { my ($what, $ok) = @_; say1($what, $ok ? 'ok' : $c->error) }
done('cm', $c->create('user/joe'));
done('cm again', $c->create('user/joe'));
say1('lm', map { $_->[0] } $c->list('user/joe*'));
done('sam', $c->setacl('user/joe', 'anna', 'read'));
my %acl = $c->listacl('user/joe');
say1('lam', map { "$_ $acl{$_}" } sort keys %acl);
done('dam', $c->deleteacl('user/joe', 'anna'));
done('sq', $c->setquota('user/joe', 'STORAGE', 100));
my %quota = $c->listquota('user/joe');
say1('lq', map { "$_ @{$quota{$_}}" } sort keys %quota);
done('sam cyrus', $c->setacl('user/joe', 'cyrus', 'all'));
my ($root, %of) = $c->quotaroot('user/joe');
say1('lqr', $root, map { "$_ @{$of{$_}}" } sort keys %of);
done('mboxcfg', $c->mboxconfig('user/joe', 'expire', '30'));
my %info = $c->getinfo('user/joe', '/vendor/cmu/cyrus-imapd/expire');
say1('info', map { my $b = $_; map { my $k = $_; map { $info{$b}{$k}{$_} // 'nil' } keys %{$info{$b}{$k}} } 'shared' } keys %info);
done('renm', $c->rename('user/joe', 'user/tim'));
done('dm without right', $c->delete('user/anna'));
done('dm', $c->delete('user/tim'));
say1('lm', map { $_->[0] } $c->list('user/*'));
`;

describeWith(['cyradm'], "cyradm's library", () => {
  it('makes, shares, limits, renames and deletes an account', async () => {
    await using gateway = await openImapGateway({ users: ['anna', 'cyrus'], accounts: { admins: ['cyrus'] } });
    await using folder = await temporaryFolder();
    const file = join(folder.path, 'admin.pl');
    await writeFile(file, script);
    const told = await runWell('perl', [file, String(gateway.port)]);
    expect(told.toString().split('\n')).toEqual([
      'cm ok',
      'cm again [ALREADYEXISTS] Mailbox already exists',
      'lm user/joe',
      'sam ok',
      'lam anna lrs joe lrswipkxtecdan',
      'dam ok',
      'sq ok',
      'lq STORAGE 0 100',
      'sam cyrus ok',
      'lqr user/joe STORAGE 0 100',
      'mboxcfg ok',
      'info 30',
      'renm ok',
      'dm without right [NOPERM] Permission denied',
      'dm ok',
      'lm user/anna user/anna/Archive user/anna/Drafts user/anna/Junk user/anna/Sent user/anna/Trash',
      '',
    ]);
  });
});
