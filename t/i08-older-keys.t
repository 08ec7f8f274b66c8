#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I8 where the key store alone was restored, and there is neither a newer one
# nor a file of the ledger: what the data database has of it is told, and is
# believed where the operator says so.  Their keys are destroyed again.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

my $day = Pupil::Day->up->all_here->work;
my ($site, $nginx) = ($day->site, $day->nginx);
my %id = map { $_ => $day->person($_)->{id} } qw(pupil classmate);
my $dump = tmp_dir() . '/dump.sql';
$nginx->allow_log(qr/\[(?:error|crit)\].*(?:connection|database|terminat
                     |restored|listening|shutting)/x);

sub erase ($who) { $site->ctl('subject', 'erase', $id{$who}, $site->ctl_where) }
sub replay (@more) { $site->ctl('restore', 'replay', @more, $site->ctl_where) }

sub key ($who) {
    return $site->keystore->selectrow_array('SELECT state FROM'
        . ' keystore.owner_key WHERE owner = ?', {}, $id{$who});
}

sub ledger ($dbh, $schema) {
    return $dbh->selectall_arrayref("SELECT tenant, number, subject, at,"
        . " encode(hash, 'hex') FROM $schema.ledger ORDER BY number");
}

is erase('classmate')->{code}, 0, 'one is erased before';
$site->pg->dump('pupil_keys', $dump);
is erase('pupil')->{code}, 0, 'one since';
my $before = ledger($site->keystore, 'keystore');

$site->pg->replace('pupil_keys', $dump);
ok eval { wait_until(60, 'the gate', sub {
    $nginx->http->get('/v1/session')->body =~ /restore-pending/ }) },
    'a backup of the key store is not served' or diag $nginx->http->get('/status/ready')->text, $@;
is key('pupil'), 'active', 'it has a key again that was destroyed';


# ---- told, and not believed

my $run = replay();
is $run->{code}, 1, 'replay refuses';
like $run->{err}, qr/entry 2, \Q$id{pupil}\E/, 'tells whom';
like $run->{err}, qr/newer.*--ledger.*--from-copy/, 'and what can be done';
is key('pupil'), 'active', 'and destroys nothing';


# ---- believed, unless it does not follow

$site->db->do('ALTER TABLE pupil.ledger DISABLE TRIGGER never_back');
$site->db->do('UPDATE pupil.ledger SET subject = ? WHERE number = 2', {},
              $day->person('teacher')->{id});
$run = replay('--from-copy');
is $run->{code}, 1, 'an entry that was changed is refused';
like $run->{err}, qr/entry 2 does not follow entry 1/, 'and why';
$site->db->do('UPDATE pupil.ledger SET subject = ? WHERE number = 2', {},
              $id{pupil});
$site->db->do('ALTER TABLE pupil.ledger ENABLE TRIGGER never_back');

$run = replay('--from-copy');
is $run->{code}, 0, 'replay' or diag $run->{err};
is $run->{out}, "$id{pupil} erased again, entry 2\n", 'erases again';
is key('pupil'), 'erased', 'the key is destroyed again';
is_deeply ledger($site->keystore, 'keystore'), $before, 'the ledger is as it'
    . ' was';
my $last;
ok eval { wait_until(60, 'an open gate', sub {
    $last = $nginx->http->get('/status/ready');
    return $last->status == 200 }) }, 'the gate opens' or diag $last->body;
$run = replay();
is "$run->{code}$run->{out}", 0, 'again: nothing to do' or diag $run->{err};
is $site->ctl('check', $nginx->conf_file, $site->ctl_where)->{code}, 0,
    'and check finds nothing';

done_testing;
