#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I18: whoever has the gateway's role of the data database keeps nobody from
# being revoked.  What it may write, pupilctl reads, and tells others of by
# NOTIFY, whose payload is short: a value that is longer than any of ours would
# end the command that meets it.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

my $day = Pupil::Day->up(conf => { pupil_session_zone => undef })->all_here;
my ($db, $site, $nginx) = ($day->db, $day->site, $day->nginx);
my $roster = root_dir() . '/docs/quickstart/data/sds-100-users';

# Each as columns and values of a row of that person.
my $long = "decode(repeat('5a', 6000), 'hex')";
my $short = "decode(repeat('5a', 32), 'hex')";
my $week = "now() + interval '1 week'";
my @rows = (
    ['an end of a session', 'revocation', revocation => 'gen_random_uuid()',
     subject => '$1', token_hash => $long, until => $week],
    ['the token of a session', 'session', token_hash => $long,
     subject => '$1', session()],
    ['the role of a session', 'session', token_hash => $short,
     subject => '$1', session(), role => "repeat('x', 6000)"],
    ['the MAC of a session', 'session', token_hash => $short =~ s/5a/5b/r,
     subject => '$1', session(), mac => $long],
    ['a bucket', 'login_throttle', bucket => $long, failures => 1,
     last_at => 'now()', not_before => 'now()'],
);

sub session () {
    return (role => "'teacher'", institution => 'gen_random_uuid()',
            created_at => 'now()', seen_at => 'now()', expires_at => $week,
            mac => "''");
}

sub insert ($dbh, $table, $whom, %column) {
    my @names = sort keys %column;
    my $sql = "INSERT INTO pupil.$table (tenant, " . join(', ', @names)
        . ") SELECT '@{[$site->tenant]}', "
        . join(', ', map { $column{$_} =~ s/\$1/'$whom'/r } @names);
    return eval { $dbh->do($sql); 1 } ? 'stored' : $dbh->state;
}

sub ctl (@with) {
    return $site->ctl(@with, $site->ctl_where, { timeout => 300 });
}


# ---- the gateway's role

my $gateway = $site->pg->connect('pupil');
$gateway->do('SET SESSION AUTHORIZATION pupil_gateway');
$gateway->do("SELECT set_config('pupil.tenant', ?, false)", {}, $site->tenant);
my $teacher = $day->person('teacher');
for my $row (@rows) {
    my ($name, $table, %column) = @$row;
    is insert($gateway, $table, $teacher->{id}, %column), '23514',
        "$name: longer than any is refused";
}

my $keeper = $site->pg->connect('pupil_keys');
$keeper->do('SET SESSION AUTHORIZATION pupil_keeper');
$keeper->do("SELECT set_config('pupil.tenant', ?, false)", {}, $site->tenant);
ok eval { $keeper->do("SELECT keystore.end_session($long, $week)"); 1 },
    'the key store passes over what is the end of no session';
is $site->keystore->selectrow_array('SELECT count(*) FROM keystore.ended'
    . ' WHERE octet_length(token_hash) <> 32'), 0,
    'and keeps nothing of it';
like slurp($site->pg->log_file), qr/end of no session, by pupil_keeper/,
    'which stands in its log';


# ---- whoever may take the constraints away

my $checks = $db->selectall_arrayref('SELECT conrelid::regclass, conname FROM'
    . q{ pg_constraint WHERE contype = 'c' AND conrelid IN}
    . q{ ('pupil.session'::regclass, 'pupil.revocation'::regclass)});
$db->do("ALTER TABLE $_->[0] DROP CONSTRAINT $_->[1]") for @$checks;

$db->do("DELETE FROM pupil.$_") for qw(session revocation login_throttle);

sub left ($whom) {
    for my $row (@rows[0, 1]) {
        my ($name, $table, %column) = @$row;
        is insert($db, $table, $whom, %column), 'stored', "$name is there";
    }
}

my $pupil = $day->person('pupil');
my @commands = (
    ['a lock', $teacher, qw(subject lock), $teacher->{id}],
    ['a role', $pupil, qw(user role add), $pupil->{login}, 'dpo'],
    ['an import', $pupil, qw(import sds), $roster, qw(--dates open)],
    ['the runner', $pupil, 'work'],
    ['an erasure', $pupil, qw(subject erase), $pupil->{id}],
);
for my $case (@commands) {
    my ($name, $whom, @command) = @$case;
    left($whom->{id});
    my $run = ctl(@command);
    is $run->{code}, 0, "$name is not stopped by it" or diag $run->{err};
    $db->do('DELETE FROM pupil.revocation');
    $db->do('DELETE FROM pupil.session WHERE octet_length(token_hash) > 32');
}
is $nginx->http->login(@$teacher{qw(login password)})->status, 401,
    'who was locked is';

done_testing;
