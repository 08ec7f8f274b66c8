#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# What is in the way of one tenant keeps no other from what is done for all of
# them: pupilctl retention run and pupilctl work go on with the others, say
# which it was, and fail at the end.

use lib 't/lib';
use Pupil::Test;
use JSON::XS ();

my $site = pupil_up();
my ($db, $keys) = ($site->db, $site->keystore);
my @all = $site->ctl_databases;
my @tenants = sort $site->tenant, map {
    JSON::XS::decode_json($site->ctl_ok('tenant', 'add', "Kommun $_", '--json',
                                        @all)->{out})->{tenant} } 1 .. 3;
my ($first, @others) = @tenants;

sub failures ($tenant) {
    return $db->selectrow_array('SELECT count(*) FROM pupil.login_throttle'
        . ' WHERE tenant = ?', {}, $tenant);
}

sub fetches ($tenant) {
    return $keys->selectrow_array('SELECT count(*) FROM keystore.fetch WHERE'
        . ' tenant = ?', {}, $tenant);
}

# Each has something that is over: who fetched keys, and who failed to log in.
sub something {
    $db->do('INSERT INTO pupil.login_throttle (tenant, bucket, failures,'
        . ' last_at, not_before) SELECT t, sha256(uuid_send(t)), 1, now() -'
        . " interval '9 days', now() - interval '9 days' FROM unnest(?::uuid[])"
        . ' AS t ON CONFLICT DO NOTHING', {}, \@tenants);
    $keys->do('INSERT INTO keystore.fetch (tenant, minute, backend, role,'
        . " client) SELECT t, now() - interval '9 days', 1, 'x', '0.0.0.0' FROM"
        . ' unnest(?::uuid[]) AS t', {}, \@tenants);
}

something();
my $holder = $site->pg->connect('pupil', user => 'pupil_operator', password =>
    $site->conninfo('pupil', user => 'pupil_operator')
    =~ /password='?([^' ]+)/);
$holder->do('SELECT pg_advisory_lock(1347760177, hashtext(?))', {}, $first);


# ---- retention

my $run = $site->ctl(qw(retention run), @all);
is $run->{code}, 1, 'retention, with an import of the first: it fails';
like $run->{err}, qr/an import of this tenant is running/, 'as is said';
like $run->{err}, qr/^pupilctl: tenant $first: not done/m, 'and of whom';
is failures($first), 1, 'nothing of the first is done';
is failures($_), 0, 'another is done' for @others;

$holder->do('SELECT pg_advisory_unlock_all()');
is $site->ctl(qw(retention run), @all)->{code}, 0, 'again, without that';
is failures($first), 0, 'and it is done, too';


# ---- work

# The end of the first waits for somebody who seals.
my ($name) = $db->selectrow_array('SELECT name FROM pupil.tenant WHERE tenant ='
                                  . ' ?', {}, $first);
is $site->ctl(qw(tenant offboard), $name, '--without-export', @all, '--tenant',
              $first)->{code}, 1, 'a tenant whose end is begun and not done';

something();
$run = $site->ctl('work', @all);
is $run->{code}, 1, 'work: it fails';
like $run->{err}, qr/^pupilctl: tenant $first: not done/m, 'of whom, is said';
is fetches($_), 0, 'work: another is done' for @others;

something();
open my $null, '>', '/dev/null' or die "$!\n";
my $pid = start_process([build_dir() . '/pupilctl', qw(work --follow), @all],
    stdout => $null, stderr => $null,
    env => Pupil::Site->ctl_env);
for my $turn ('first', 'second') {
    ok eval { wait_until(60, 'others to be done', sub {
        !grep { fetches($_) } @others }) },
        "work --follow: the $turn time others are done";
    something() if $turn eq 'first';
}
ok alive($pid), 'and it goes on';

ok eval { wait_until(60, 'a moment without a turn', sub {
    !$db->selectrow_array("SELECT count(*) FROM pg_locks WHERE locktype ="
        . " 'advisory' AND classid = 1347760177") }) }, 'and gives turns back';
kill TERM => $pid;
process_ends($pid, 60);

done_testing;
