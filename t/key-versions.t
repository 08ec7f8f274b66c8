#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# While a tenant's key has a new version, whoever has read one half of its keys
# before and the other half after that fails nobody: workers, and pupilctl, which
# makes keys of people meanwhile.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;
use Pupil::PgProxy;

my $site = pupil_up(import => 1);
my $proxy = Pupil::PgProxy->new($site->keys_pg, database => 'pupil_keys');
my $day = Pupil::Day->up(site => $site, conf => {
    pupil_keystore => '"' . $site->gateway('pupil_keys', host => '127.0.0.1',
        port => $proxy->port, sslmode => 'disable') . '" same_cluster' });
my $nginx = $day->all_here->work->nginx;
my $keys = $site->keystore;
my @where = $site->ctl_where;

my %id = (service_key => 'name', owner_key => 'owner');

sub keep ($as) {
    $keys->do("CREATE TABLE public.${as}_$_ AS SELECT * FROM keystore.$_")
        for 'tenant_key', keys %id;
}

# The key store as it was kept.
sub put ($dbh, $as) {
    $dbh->do("INSERT INTO keystore.tenant_key SELECT * FROM"
        . " public.${as}_tenant_key ON CONFLICT DO NOTHING");
    $dbh->do("UPDATE keystore.$_ AS k SET tenant_version = o.tenant_version,"
        . " wrapped = o.wrapped FROM public.${as}_$_ AS o WHERE k.tenant ="
        . " o.tenant AND k.$id{$_} = o.$id{$_}") for keys %id;
    $dbh->do('DELETE FROM keystore.tenant_key WHERE (tenant, version) NOT IN'
        . " (SELECT tenant, version FROM public.${as}_tenant_key)");
}

sub versions () {
    return join ' ', @{ $keys->selectcol_arrayref('SELECT version FROM'
        . ' keystore.tenant_key ORDER BY version') };
}

sub key_ok (@args) {
    my $run = $site->ctl('key', @args, @where);
    die "@args: $run->{err}" if $run->{code};
}
sub epoch () {
    key_ok('generate');
    $nginx->reload(wait => 1);
    key_ok('register');
}


# ---- between the tenant's key and its service keys

keep('first');
epoch();
key_ok('rotate');
is versions(), 2, 'a second version, and no first';
keep('second');

put($keys, 'first');
is versions(), 1, 'the first once more';
$nginx->reload(wait => 1);
$proxy->hold(qr/FROM .*keystore\.service_key/);
my $http = $nginx->http;
$http->{cookies} = $day->pupil->cookies;
$http->send_raw($http->request_bytes(GET => '/v1/data/identity'));
wait_until(60, 'a worker to have read the first', sub { $proxy->held });
put($keys, 'second');
$proxy->mode('pass');
is $http->read_response->status, 200,
    'a worker that has the first, and reads what the second wraps, asks again';
is versions(), 2, 'the second is in force';


# ---- pupilctl, that has read a version which goes

# A command that has the keys, and waits until a rotation is over.
sub during (@args) {
    epoch();
    my $lock = $site->pg->connect('pupil', AutoCommit => 0);
    $lock->do('LOCK TABLE pupil.blind_index IN ACCESS EXCLUSIVE MODE');
    my $err = tmp_dir() . '/err';
    open my $to, '>', $err or die "$err: $!\n";
    my $pid = start_process([build_dir() . '/pupilctl', @args, @where],
        env => Pupil::Site->ctl_env,
        stdout => $to, stderr => $to);
    wait_until(60, 'it to wait', sub { $site->db->selectrow_array(
        'SELECT 1 FROM pg_locks WHERE NOT granted') });
    key_ok('rotate');
    $lock->rollback;
    process_ends($pid, 60);
    is $?, 0, "$args[0] $args[1]" or diag slurp($err);
}

during(qw(user password CBeane --generate));
during(qw(user add new.person dpo));
is versions(), 4, 'two more versions';
is $site->ctl('user', 'password', 'new.person', '--generate', @where)->{code},
    0, 'who came meanwhile has a key that opens';

done_testing;
