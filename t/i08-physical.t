#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I8 with what operators restore whole clusters by: a base backup with
# point-in-time recovery, and a standby that stopped following before an
# erasure and is promoted.  Timelines and system identifiers decide nothing.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

my $archive = tmp_dir() . '/archive';
mkdir $archive or die "$!\n";
Pupil::Postgres::give($archive);

my $pg = Pupil::Postgres->new(own_system => 1, conf => {
    archive_mode => 'on', archive_command => "cp %p $archive/%f" });
my $site = pupil_up(import => 1, pg => $pg,
                    keys => Pupil::Postgres->new(own_system => 1));
my $day = Pupil::Day->up(site => $site)->all_here->work;
my $nginx = $day->nginx;
my %id = map { $_ => $day->person($_)->{id} } qw(pupil classmate);
my $overview = "/v1/homework/$day->{homework}{id}/progress";
$nginx->allow_log(qr/\[(?:error|crit)\].*(?:connection|database|terminat
                     |restored|listening|shutting)/x);

# A copy of the cluster as it is; -R: one that follows it.
sub copy (@more) {
    my $copy = Pupil::Postgres->new;
    run_cmd('rm', '-rf', $copy->data);
    my $run = run_cmd('/usr/lib/postgresql/15/bin/pg_basebackup', @more,
        '--checkpoint=fast', '-D', $copy->data, '-d',
        $pg->conninfo('postgres'),
        { as => Pupil::Postgres::account(), timeout => 300 });
    die "pg_basebackup: $run->{err}" if $run->{code};
    return $copy;
}

# In the place of the cluster that there was: with its address.
sub replace ($copy) {
    $pg->stop('immediate') if $pg->pid;
    $copy->stop if $copy->pid;
    run_cmd('rm', '-rf', $pg->data);
    run_cmd('mv', $copy->data, $pg->data);
    $pg->configure;
    $pg->start;
    wait_until(60, 'the end of recovery', sub {
        !$pg->dbh->selectrow_array('SELECT pg_is_in_recovery()') });
}

sub shut ($name) {
    my $last;
    eval { wait_until(60, 'the gate', sub {
        $last = $nginx->http->get('/v1/session');
        return $last->body =~ /restore-pending/ }) };
    is_problem $last, 503, 'restore-pending', name => $name;
}

sub name_ ($who) {
    my $all = $day->expect(200, $day->teacher->get($overview));
    my ($entry) = grep { $_->{id} eq $id{$who} } @{ $all->json->{pupils} };
    return $entry->{display_name} // 'none';
}

sub rows ($who) {
    return 0 + $site->db->selectrow_array('SELECT count(*) FROM data.identity'
        . ' WHERE owner = ?', {}, $id{$who});
}

sub erase ($who) { $site->ctl('subject', 'erase', $id{$who}, $site->ctl_where) }

sub replayed ($who, $entry) {
    my $run = $site->ctl('restore', 'replay', $site->ctl_where);
    is $run->{out}, "$id{$who} erased again, entry $entry\n", 'replay'
        or diag $run->{err};
    ok eval { $day->ready }, 'the gate opens' or diag $@;
    is rows($who), 0, 'they are gone';
    is name_($who), 'none', 'from answers, too';
}


# ---- a base backup, and the log until just before the erasure

isnt name_('pupil'), 'none', 'a name';
my $backup = copy();
$pg->dbh->do("SELECT pg_create_restore_point('before')");
is erase('pupil')->{code}, 0, 'they are erased';
is rows('pupil'), 0, 'with their rows';
$pg->dbh->do('SELECT pg_switch_wal()');
wait_until(60, 'the archive', sub { $pg->dbh->selectrow_array('SELECT'
    . ' last_archived_wal >= pg_walfile_name(pg_current_wal_lsn() - 1)'
    . ' FROM pg_stat_archiver') });

$pg->set(restore_command => "cp $archive/%f %p", recovery_target_name =>
         'before', recovery_target_action => 'promote');
spew($backup->data . '/recovery.signal', '');
Pupil::Postgres::give($backup->data . '/recovery.signal');
replace($backup);
$pg->set(map { $_ => undef } qw(restore_command recovery_target_name
                                recovery_target_action));
is rows('pupil'), 1, 'point-in-time recovery has their rows back';
shut('what was recovered is not served');
is_problem $nginx->http->login(@{ $day->person('classmate') }
    {qw(login password)}), 503, 'restore-pending', name => 'nobody logs in';
replayed('pupil', 1);


# ---- a standby that did not follow

my $standby = copy('-R');
my ($primary) = slurp($standby->data . '/postgresql.auto.conf')
    =~ /^primary_conninfo = '(.*)'$/m;
$standby->set(primary_conninfo => $primary =~ s/''/'/gr)->start;
wait_until(60, 'the standby', sub { $standby->dbh->selectrow_array('SELECT'
    . ' pg_last_wal_replay_lsn() IS NOT NULL') });
$standby->stop;
is erase('classmate')->{code}, 0, 'another is erased';
$pg->stop('immediate');
$standby->set(primary_conninfo => undef)->start;
$standby->dbh->do('SELECT pg_promote()');
wait_until(60, 'the promotion', sub {
    !$standby->dbh->selectrow_array('SELECT pg_is_in_recovery()') });
replace($standby);
is rows('classmate'), 1, 'the standby that was promoted has their rows';
shut('it is not served');
replayed('classmate', 2);

done_testing;
