#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I8 where a backup is restored into the database that is there, so that no
# connection of a worker ends: the data alone, both databases, and one that is
# seen half restored.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

my $day = Pupil::Day->up(workers => 2)->all_here->work;
my ($site, $nginx) = ($day->site, $day->nginx);
my %person = map { $_ => $day->person($_) } qw(pupil classmate);
my $overview = "/v1/homework/$day->{homework}{id}/progress";
$nginx->allow_log(qr/\[(?:error|crit|alert)\].*(?:connection|database|SQLSTATE
                     |restored|listening|shutting|mark|key\ store|not\ exist)/x);

sub file_ ($name) { tmp_dir() . "/$name.sql" }

sub dump_ ($name) {
    my $run = run_cmd('pg_dump', '--clean', '--if-exists', '-f', file_($name),
                      $site->pg->conninfo($name), { timeout => 300 });
    die "pg_dump: $run->{err}" if $run->{code};
}

# What --clean cannot drop, a partition's primary key, goes before.
sub restore_ ($name) {
    my $run = run_cmd('psql', '-qX1', '-v', 'ON_ERROR_STOP=1', '-c',
                      'DROP SCHEMA IF EXISTS data, pupil CASCADE', '-f',
                      file_($name), $site->pg->conninfo($name),
                      { timeout => 300 });
    die "psql: $run->{err}" if $run->{code};
}

sub backends ($role = 'pupil_gateway') {
    return join ' ', map { @$_ } @{ $site->pg->dbh('postgres')
        ->selectall_arrayref('SELECT pid FROM pg_stat_activity WHERE usename'
            . ' = ? ORDER BY pid', {}, $role) };
}

# Connections to the key store: each that is new has seen its mark.
sub keepers_anew {
    my @old = split ' ', backends('pupil_keeper');
    $site->pg->dbh('postgres')->do('SELECT pg_terminate_backend(pid) FROM'
        . " pg_stat_activity WHERE usename = 'pupil_keeper'");
    wait_until(60, 'new connections', sub {
        my %new = map { $_ => 1 } split ' ', backends('pupil_keeper');
        return !(grep { $new{$_} } @old) && keys %new >= @old;
    });
}

# The gate of each worker, whichever answers.
sub shut ($name) {
    my $last;
    ok eval { wait_until(60, 'the gate', sub {
        $last = $nginx->http->get('/v1/session');
        return $last->body =~ /restore-pending/ }) }, $name
        or diag $last->text;
    my %of = $nginx->client_of_each;
    ok eval { wait_until(60, 'all workers', sub {
        !grep { $_->get('/status/ready')->status != 503 }
              values %of }) }, 'by no worker';
}

sub opens {
    ok eval { $nginx->wait_ready }, 'the gate opens of each worker'
        or diag $@, $nginx->http->get('/status/ready')->body;
    $day->ready;
}

sub name_ ($who) {
    my $all = $day->expect(200, $day->teacher->get($overview));
    my ($entry) = grep { $_->{id} eq $person{$who}{id} }
                  @{ $all->json->{pupils} };
    return $entry->{display_name} // 'none';
}

sub login ($who) {
    return $nginx->http->login(@{ $person{$who} }{qw(login password)})->status;
}

sub erase ($who) {
    return $site->ctl('subject', 'erase', $person{$who}{id},
                      $site->ctl_where)->{code};
}


# ---- the data alone

isnt name_('pupil'), 'none', 'a name';
dump_('pupil');
is erase('pupil'), 0, 'they are erased';
is name_('pupil'), 'none', 'the name is gone';
my $before = backends();
restore_('pupil');
is $site->db->selectrow_array('SELECT count(*) FROM data.identity WHERE owner'
    . ' = ?', {}, $person{pupil}{id}), 1, 'their rows are back';
shut('what was restored under living connections is not served');
ok eval { wait_until(60, 'the log', sub { $nginx->log_text
    =~ /backup that is older than an erasure.*0 of 1/ }) }, 'the log says it';
isnt backends(), $before, 'its connections were dropped';
my $run = $site->ctl('restore', 'replay', $site->ctl_where);
is $run->{code}, 0, 'replay' or diag $run->{err};
opens();
is name_('pupil'), 'none', 'the name is gone';
is login('pupil'), 401, 'nobody logs in as them';


# ---- a mark that goes under living connections

$site->db->do('ALTER TABLE pupil.mark RENAME TO away');
shut('without a mark nothing is served');
$site->db->do('ALTER TABLE pupil.away RENAME TO mark');
opens();
$site->db->do('ALTER TABLE pupil.mark ENABLE ROW LEVEL SECURITY');
shut('nor with one that is hidden');
$site->db->do('ALTER TABLE pupil.mark DISABLE ROW LEVEL SECURITY');
opens();


# ---- both, to one moment: workers know what they have seen

dump_($_) for qw(pupil pupil_keys);
is erase('classmate'), 0, 'another is erased';
is name_('classmate'), 'none', 'the name is gone';
is login('classmate'), 401, 'nobody logs in as them';
keepers_anew();
restore_($_) for qw(pupil_keys pupil);
shut('both restored to one moment are not served by workers that live');
isnt login('classmate'), 200, 'nobody logs in as them';

done_testing;
