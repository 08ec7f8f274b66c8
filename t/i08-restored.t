#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I8: a data database that was restored from a backup from before an erasure
# serves nothing until the ledger was replayed on it, by workers that run and
# by those that start.  Without that, and with the key left in place, a name
# would come back: this is shown, too.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

my $day = Pupil::Day->up->all_here->work;
my ($site, $nginx) = ($day->site, $day->nginx);
my $keys = $site->keystore;
my %person = map { $_ => $day->person($_) } qw(pupil classmate colleague);
my %id = map { $_ => $person{$_}{id} } keys %person;
my $overview = "/v1/homework/$day->{homework}{id}/progress";
my $dump = tmp_dir() . '/dump.sql';
$nginx->allow_log(qr/\[(?:error|crit)\].*(?:connection|database|terminat
                     |restored|listening|shutting)/x);

sub dump_ ($name = 'pupil') { $site->pg->dump($name, $dump) }
# As an operator would after a disaster: all that is newer is gone.
sub restore_ ($name = 'pupil') { $site->pg->replace($name, $dump) }

# Workers meet the database anew.
sub connect_anew {
    $site->pg->dbh('postgres')->do('SELECT pg_terminate_backend(pid) FROM'
        . " pg_stat_activity WHERE usename = 'pupil_gateway'");
}

sub shut ($name) {
    my $last;
    eval { wait_until(60, 'the gate', sub {
        $last = $nginx->http->get('/v1/session');
        return $last->body =~ /restore-pending/ }) };
    is_problem $last, 503, 'restore-pending', name => $name;
}

sub opens ($name) {
    my $last;
    ok eval { wait_until(60, 'the gate to open', sub {
        $last = $nginx->http->get('/status/ready');
        return $last->status == 200 }) }, $name or diag $last->body;
}

sub name_ ($who) {
    my $all = $day->teacher->get($overview);
    diag $all->text if $all->status != 200;
    my ($entry) = grep { $_->{id} eq $id{$who} } @{ $all->json->{pupils} };
    return $entry->{display_name} // 'none';
}

sub rows ($who) {
    return 0 + $site->db->selectrow_array('SELECT count(*) FROM data.identity'
        . ' WHERE owner = ?', {}, $id{$who});
}

sub marks {
    return eval { join ' ', $keys->selectrow_array('SELECT entered, destroyed'
        . ' FROM keystore.mark'), $site->db->selectrow_array('SELECT copied'
        . ' FROM pupil.mark') } // 'none';
}

sub ledger ($dbh, $schema) {
    return $dbh->selectall_arrayref("SELECT number, subject, encode(hash,"
        . " 'hex') FROM $schema.ledger ORDER BY number");
}

sub erase ($who) { $site->ctl('subject', 'erase', $id{$who}, $site->ctl_where) }
sub replay { $site->ctl('restore', 'replay', $site->ctl_where) }


# ---- a backup, an erasure, and the backup again, under a worker that runs

my $name = name_('pupil');
like $name, qr/Klein/, 'a name';
my $wrapped = $keys->selectrow_array("SELECT encode(wrapped, 'hex') FROM"
    . ' keystore.owner_key WHERE owner = ?', {}, $id{pupil});
dump_();
is marks(), '0 0 0', 'nobody was erased';
is erase('pupil')->{code}, 0, 'they are erased';
is marks(), '1 1 1', 'and are counted';
is name_('pupil'), 'none', 'the name is gone';

restore_();
shut('a backup from before is not served');
is rows('pupil'), 1, 'their rows are back';
is_problem $nginx->http->login(@{ $person{classmate} }{qw(login password)}),
    503, 'restore-pending', name => 'nobody logs in';
my $res = $nginx->http->get('/status/ready');
is $res->status, 503, 'the worker is not ready';
like $res->json->{why}, qr/restored.*pupilctl restore replay/, 'and why';
ok eval { wait_until(60, 'the log', sub { $nginx->log_text
    =~ /backup that is older than an erasure/ }) }, 'the log says it';
my $check = $site->ctl('check', $nginx->conf_file, $site->ctl_where);
is $check->{code}, 1, 'pupilctl check finds it';
like $check->{out}, qr/0 of 1 entries.*run pupilctl restore replay/, 'and why';
is $site->ctl('work', $site->ctl_where)->{code}, 0, 'work';
is rows('pupil'), 1, 'leaves it alone';


# ---- what the gate keeps from happening

$keys->do('ALTER TABLE keystore.owner_key DISABLE TRIGGER erased_for_ever');
$keys->do("UPDATE keystore.owner_key SET state = 'active', wrapped ="
    . " decode(?, 'hex') WHERE owner = ?", {}, $wrapped, $id{pupil});
$keys->do('ALTER TABLE keystore.owner_key ENABLE TRIGGER erased_for_ever');
$keys->do('ALTER TABLE keystore.floor DISABLE TRIGGER never_goes');
$keys->do('DELETE FROM keystore.floor WHERE subject = ?', {}, $id{pupil});
$keys->do('ALTER TABLE keystore.floor ENABLE TRIGGER never_goes');
shut('nor is it with key and floors left in place');
$site->db->do('UPDATE pupil.mark SET copied = 1');
opens('a gate that somebody has opened by hand');
is name_('pupil'), $name, 'without gate and with the key the name is back';
$site->db->do('UPDATE pupil.mark SET copied = 0');
connect_anew();
shut('the gate is shut again');


# ---- replay

my $run = replay();
is $run->{code}, 0, 'replay' or diag $run->{err};
like $run->{out}, qr/^\Q$id{pupil}\E erased again, entry 1$/m, 'says whom';
opens('the gate opens by itself');
is name_('pupil'), 'none', 'the name is gone';
is rows('pupil'), 0, 'and so are their rows';
is join(' ', $keys->selectrow_array('SELECT state, wrapped IS NULL FROM'
    . ' keystore.owner_key WHERE owner = ?', {}, $id{pupil})), 'erased 1',
    'and the key';
is_deeply ledger($site->db, 'pupil'), ledger($keys, 'keystore'),
    'the copy of the ledger is whole';
like name_('classmate'), qr/McMillan/, 'the others are there';
is $nginx->http->login(@{ $person{pupil} }{qw(login password)})->status, 401,
    'nobody logs in as them';
is replay()->{code}, 0, 'again: nothing to do';
is marks(), '1 1 1', 'nor to count';
is $site->ctl('check', $nginx->conf_file, $site->ctl_where)->{code}, 0,
    'and check finds nothing';


# ---- the backup is there before nginx is, and before its key store

$nginx->quit;
restore_();
$nginx->start;
shut('workers that start with a restored database serve nothing');
$nginx->quit;
$site->pg->dbh('postgres')->do('ALTER ROLE pupil_keeper NOLOGIN');
$nginx->allow_log(qr/pupil_keeper|not permitted/);
$nginx->start;
ok eval { wait_until(60, 'connections', sub { $site->pg->dbh('postgres')
    ->selectrow_array("SELECT count(*) FROM pg_stat_activity WHERE usename ="
        . " 'pupil_gateway'") >= 4 }) }, 'the data is there first';
$site->pg->dbh('postgres')->do('ALTER ROLE pupil_keeper LOGIN');
shut('nor do those that find it out later');
is replay()->{code}, 0, 'replay';
opens('the gate opens');
is name_('pupil'), 'none', 'the name is gone';


# ---- of two erasures one is in the backup

dump_();
is erase('colleague')->{code}, 0, 'another is erased';
restore_();
shut('a backup that has one of two is not served');
$run = replay();
is $run->{out}, "$id{colleague} erased again, entry 2\n",
    'what it has is not done again';
opens('the gate opens');
is rows('colleague'), 0, 'the other one is gone';


# ---- a key store that is older than what a worker knows of

dump_('pupil_keys');
is erase('classmate')->{code}, 0, 'one more is erased';
restore_('pupil_keys');
shut('a key store with a ledger that is older is not used');
like $nginx->http->get('/status/ready')->json->{why},
    qr/key store was restored/, 'and why';
$nginx->quit;
$nginx->start;
shut('nor by workers that know of no other, as the data has more of it');

done_testing;
