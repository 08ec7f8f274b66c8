#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# pupilctl key rotate and retire: the keys of all tenants have new versions under
# the newest epoch of the key file while the fleet serves, whoever is killed goes
# on where he was, and an epoch that wraps nothing is retired.  What an old backup
# of the key store opens then: t/i07-old-backup.t.

use lib 't/lib';
use Pupil::Test;
use Pupil::Chaos;

my $chaos = Pupil::Chaos->new(pupils => 3, slow => 10);
my ($site, $nginx) = ($chaos->site, $chaos->nginx);
my $keys = $site->keystore;
my @where = $site->ctl_where;
my @tenants = sort $site->tenant, map {
    JSON::XS::decode_json($site->ctl_ok('tenant', 'add', $_, '--json',
                                        $site->ctl_databases)->{out})->{tenant}
} qw(Norrkommunen Söderkommunen);

sub key (@args) { $site->ctl('key', @args, @where) }

# How many keys of tenants each epoch wraps.
sub wrapped () {
    return join ' ', map { "$_->[0]:$_->[1]" } @{ $keys->selectall_arrayref(
        'SELECT epoch, count(*) FROM keystore.tenant_key GROUP BY 1 ORDER BY 1')
    };
}

my $wrapped;        # keys of people and services, by the last of

sub rotate () {
    my $run = key('rotate', '--json');
    return $run->{err} if $run->{code};
    my $told = JSON::XS::decode_json($run->{out});
    $wrapped = delete $told->{wrapped};
    return $told;
}

sub bring_in () {
    key('generate')->{code} == 0 or die "generate\n";
    $nginx->reload(wait => 1);
    key('register')->{code} == 0 or die "register\n";
}

my $old = tmp_dir() . '/keys';
$site->keys_pg->dump('pupil_keys', $old);

# How many keys of people and of services each version wraps.
sub versions () {
    return join ' ', map { "$_->[0]:$_->[1]" } @{ $keys->selectall_arrayref(
        'SELECT tenant_version, count(*) FROM (SELECT tenant_version FROM'
        . ' keystore.owner_key UNION ALL SELECT tenant_version FROM'
        . ' keystore.service_key) AS k GROUP BY 1 ORDER BY 1') };
}

my ($first_version, $all) = split /:/, versions();


# ---- a host that was forgotten

is_deeply rotate(), { epoch => 1, tenants => 3, keys => 0 },
    'with one epoch there is nothing to do';

my $copy = spew(tmp_dir() . '/kek.copy', slurp($site->key), 0600);
my $forgotten = $site->nginx(conf => { pupil_master_key => $copy })->start;
wait_until(60, 'the other host', sub {
    $forgotten->http->get('/status/ready')->status == 200 });
bring_in();
like key('rotate')->{err}, qr/epoch 2.*reload nginx/,
    'a host without the epoch keeps keys from being wrapped under it';
is wrapped(), '1:3', 'all stay as they are';
$forgotten->quit;
$keys->do("UPDATE keystore.worker SET seen_at = now() - interval '5 minutes'"
    . ' WHERE NOT 2 = ANY (epochs)');


# ---- rotated and retired, at work

my $load = $chaos->start;
like key('retire', 1)->{err}, qr/3 keys .*wrapped under epoch 1.*key rotate/,
    'an epoch that wraps something is not retired';
my $told;
wait_until(60, 'the other host to be gone', sub {
    ref($told = rotate()) });
is_deeply $told, { epoch => 2, tenants => 3, keys => 3 },
    'all have a new version';
is wrapped(), '2:3', 'under the newest';
is versions(), "2:$all", 'which wraps what the first did';
is $wrapped, $all, 'and that is counted';
is_deeply rotate(), { epoch => 2, tenants => 3, keys => 0 }, 'once';
$nginx->reload(wait => 1);

my $run = key('retire', 1);
is $run->{code}, 0, 'then the old one is retired' or diag $run->{err};
like $run->{out}, qr/line.*every host.*reload/s, 'which says what comes next';
is_deeply JSON::XS::decode_json(key('retire', 1, '--json')->{out}),
    { epoch => 1, changed => JSON::XS::false }, 'again: no harm';
my ($first, @rest) = split /^/, slurp($site->key);
spew($site->key, join('', @rest), 0600);
$nginx->reload(wait => 1);
is key('status')->{out}, "epoch 2: in force\n", 'and is gone from the file';
my $report = $chaos->end($load);
is "@{ $report->{faults} }", '', 'no answer was wrong';
is_deeply [grep { /^5/ } keys %{ $report->{statuses} }], [],
    'and no request failed';
cmp_ok $report->{statuses}{200} // 0, '>', 20, 'of many';


# ---- what is refused

for my $case ([2, qr/epoch 2 is the newest/], [7, qr/no epoch 7/],
              ['x', qr/number/], ['', qr/number/])
{
    my ($epoch, $why) = @$case;
    $run = key('retire', $epoch);
    isnt $run->{code}, 0, "retire \"$epoch\": refused";
    like $run->{err}, $why, 'and why';
}
ok !eval { $keys->do('UPDATE keystore.tenant_key SET epoch = 1'); 1 },
    'nothing is wrapped under a retired epoch any more';


# ---- an old backup of the key store

sub opens (@with) {
    return $site->ctl('user', 'show', $chaos->{teacher}{login}, @with);
}

is opens(@where)->{code}, 0, 'what is there opens'
    or diag opens(@where)->{err};
$site->keys_pg->beside('pupil_keys', $old);
like opens(map { s/dbname=\Kpupil_keys/beside/r } @where)->{err},
    qr/epoch that is not in/,
    'what was there before opens nothing with the file that is left';


# ---- killed on its way

bring_in();
my $holder = $site->keys_pg->connect('pupil_keys', AutoCommit => 0);
$holder->do('SELECT FROM keystore.tenant_key WHERE tenant = ? FOR UPDATE', {},
            $tenants[1]);
open my $null, '>', '/dev/null' or die "$!\n";
my $pid = start_process([build_dir() . '/pupilctl', 'key', 'rotate', @where],
    env => Pupil::Nginx->sanitizer_env, stdout => $null, stderr => $null);
wait_until(60, 'it to wait', sub {
    $keys->selectrow_array('SELECT count(*) FROM pg_stat_activity WHERE'
        . " usename = 'pupil_operator' AND wait_event_type = 'Lock'") });
kill KILL => $pid;
process_ends($pid, 60);
is $? & 127, 9, 'killed as it waits for the second of three';
$holder->rollback;
$holder->disconnect;
wait_until(60, 'what it had begun to end', sub {
    !$keys->selectrow_array('SELECT count(*) FROM pg_stat_activity WHERE'
        . " usename = 'pupil_operator' AND state <> 'idle'") });
is wrapped(), '2:2 3:1', 'the first is done';
like key('retire', 2)->{err}, qr/2 keys/, 'the others are not forgotten';
is_deeply rotate(), { epoch => 3, tenants => 3, keys => 2 }, 'it goes on';
is wrapped(), '3:3', 'and ends as if it had not been killed';
is key('retire', 2)->{code}, 0, 'so that this one is retired, too';
is opens(@where)->{code}, 0, 'what is there opens';
$nginx->reload(wait => 1);
is_status $nginx->http->login(@{ $chaos->{teacher} }{qw(login password)}), 200,
    'and workers open it';

done_testing;
