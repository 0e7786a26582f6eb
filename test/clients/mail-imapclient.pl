# The whole job with Perl's Mail::IMAPClient: reads, flags, copies, moves, deletes, folders. Dies at what is not as it must be.
# usage: mail-imapclient.pl FILE, where FILE holds the message that was delivered to INBOX as UID 1
use strict;
use warnings;
use IO::Socket::SSL;
use Mail::IMAPClient;

my $file = shift;
open(my $in, '<:raw', $file) or die $file;
my $sent = do { local $/; <$in> };

sub is { my ($got, $wanted, $what) = @_; die "$what: wanted <$wanted>, got <" . ($got // 'undef') . ">\n" if ($got // '') ne $wanted }
sub ok { my ($got, $what) = @_; die "$what: $@\n" unless $got }

for my $kind (qw(Ssl Starttls)) {
  my $tls = [SSL_ca_file => $ENV{IMAP_CERTIFICATE}, SSL_verifycn_name => 'localhost'];
  my $imap = Mail::IMAPClient->new(
    Server => $ENV{IMAP_HOST}, Port => $kind eq 'Ssl' ? $ENV{IMAPS_PORT} : $ENV{IMAP_PORT}, $kind => $tls,
    User => $ENV{IMAP_USER}, Password => $ENV{IMAP_PASSWORD}, Uid => 1, Peek => 1, Timeout => 30,
  ) or die "$kind: $@";
  ok($imap->IsAuthenticated, "login by $kind");
  ok($imap->has_capability('UIDPLUS') && $imap->has_capability('IDLE'), 'capability');
  $imap->logout or die $@;
}

my $imap = Mail::IMAPClient->new(
  Server => $ENV{IMAP_HOST}, Port => $ENV{IMAPS_PORT},
  Ssl => [SSL_ca_file => $ENV{IMAP_CERTIFICATE}, SSL_verifycn_name => 'localhost'],
  User => $ENV{IMAP_USER}, Password => $ENV{IMAP_PASSWORD}, Uid => 1, Peek => 1, Timeout => 30,
) or die $@;
is($imap->separator, '/', 'separator');
ok($imap->select('INBOX'), 'select');
is($imap->message_count, 1, 'count');
is($imap->unseen_count, 1, 'unseen');
my $whole = $imap->message_string(1);
ok(substr($whole, -length $sent) eq $sent, 'the message as it was sent');
is($imap->size(1), length $whole, 'size');
is($imap->subject(1), 'for Perl', 'subject');
my $parts = $imap->get_bodystructure(1);
is(join(' ', $parts->parts), '1 2', 'parts');
ok($imap->bodypart_string(1, 1) =~ /Gr\xc3\xbc\xc3\x9fe aus/, 'first part');
my $envelope = $imap->get_envelope(1);
is($envelope->subject, 'for Perl', 'envelope');
is(join(' ', $imap->flags(1)), '\\Recent', 'flags');
ok($imap->see(1), 'see');
ok($imap->store(1, '+FLAGS', '(\\Flagged Work)'), 'store');
is(join(' ', sort grep { $_ ne '\\Recent' } $imap->flags(1)), 'Work \\Flagged \\Seen', 'flags');
is(join(' ', $imap->search('KEYWORD', 'Work', 'SUBJECT', 'for Perl')), '1', 'search');
is(join(' ', $imap->search('TEXT', 'Grüße')), '1', 'search by a literal');
is(join(' ', @{ $imap->sort('(REVERSE ARRIVAL)', 'UTF-8', 'ALL') || [] }), '1', 'sort');

my $folder = 'Perl &- "quotes"';
ok($imap->create($folder), 'create');
ok($imap->exists($folder), 'exists');
ok($imap->subscribe($folder), 'subscribe');
ok((grep { $_ eq $folder } $imap->subscribed), 'lsub');
is($imap->copy($folder, 1), '1', 'copy gives the new UID');
my $uid = $imap->append_string($folder, $sent, '\\Seen', '07-Feb-1994 21:52:25 -0800') or die $@;
is($uid, '2', 'append gives the UID');
is($imap->append_file($folder, $file), '3', 'append_file');
is($imap->status($folder, 'MESSAGES') && $imap->message_count($folder), 3, 'status');
ok($imap->select($folder), 'select');
is($imap->internaldate(2), ' 8-Feb-1994 05:52:25 +0000', 'internal date');
ok($imap->message_string(3) eq $sent, 'append_file as it was sent');
ok($imap->delete_message(1, 3), 'delete');
ok($imap->uidexpunge(1), 'uid expunge');
is(join(' ', $imap->messages), '2 3', 'left');
ok($imap->expunge, 'expunge');
is(join(' ', $imap->messages), '2', 'left');
ok($imap->move('Archive', 2), 'move');
ok($imap->expunge, 'expunge');
is($imap->message_count, 0, 'moved');
my $idle = $imap->idle or die 'idle';
ok($imap->done($idle), 'done');
ok($imap->close, 'close');
ok($imap->rename($folder, 'Renamed'), 'rename');
ok($imap->delete('Renamed'), 'delete');
ok(!$imap->select('Renamed'), 'select of what is gone');
ok($imap->LastError =~ /does not exist/, 'its error: ' . $imap->LastError);
my $quota = $imap->namespace or die 'namespace';
ok($imap->noop, 'noop');
ok($imap->logout, 'logout');
