#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# A new epoch of the key file, without an outage: it is made, copied to every
# host and loaded, and only then registered.  A host that was forgotten serves
# with the epochs that it has.

use lib 't/lib';
use Pupil::Test;

my $site = pupil_up(import => 1);
my $pg = $site->pg;
my @where = $site->ctl_where;
my %person = map { $_ => $site->person($_) } qw(OKlein BMcMillan);

# Two hosts, each with a copy of the key file.
my %key = map { $_ => spew(tmp_dir() . "/kek.$_", slurp($site->key), 0600) }
          qw(first forgotten);
my %host = map { $_ => $site->nginx(conf => { pupil_master_key => $key{$_} })
                         ->start } keys %key;

sub key_status { $site->ctl('key', 'status', @where)->{out} }

# The workers of both hosts lose all that they have in the key store.
sub cut {
    $site->keystore->do(q{SELECT pg_terminate_backend(pid) FROM
        pg_stat_activity WHERE usename = 'pupil_keeper'});
}

# Somebody can log in there, at the latest after some seconds.
sub serves ($host, $who, $name) {
    my ($http, $res) = $host{$host}->http;
    eval { wait_until(60, 'a log-in', sub {
        $res = $http->login(@{ $person{$who} }{qw(login password)});
        $res->status == 200 }) };
    is_status $res, 200, $name;
}


# ---- made

my $run = $site->ctl('key', 'generate', @where);
is $run->{code}, 0, 'key generate' or diag $run->{err};
is key_status(), "epoch 1: in force\nepoch 2: not registered\n",
    'it leaves the key store as it is';
like $run->{out}, qr/every host.*reload.*pupilctl key register/s,
    'and says what comes next';

$run = $site->ctl('tenant', 'add', 'Before', $site->ctl_databases);
is $run->{code}, 0, 'a tenant meanwhile' or diag $run->{err};
is key_status(), "epoch 1: in force\nepoch 2: not registered\n",
    'registers nothing';
is $site->keystore->selectrow_array('SELECT max(epoch) FROM'
    . ' keystore.tenant_key'), 1, 'and has its key under what is in force';


# ---- copied to one host, and registered

spew($key{first}, slurp($site->key), 0600);
$host{first}->reload;
is $site->ctl('key', 'register', @where)->{code}, 0, 'key register';
is key_status(), "epoch 1: in force\nepoch 2: in force\n", 'both are in force';

# A host whose file was not replaced.
my $short = tmp_dir() . '/short';
spew($short, (split /^/, slurp($site->key))[0]);
chmod 0600, $short;
my @stale = @where;
$stale[$_ + 1] = $short for grep { $where[$_] eq '--key' } 0 .. $#where;
my $stale = $site->ctl('key', 'status', @stale);
is $stale->{out}, "epoch 1: in force\nepoch 2: not in the file\n",
    'an epoch that the file lacks is named';
is $stale->{code}, 1, 'and is a failure';

$_->allow_log(qr/terminating connection|connection .*lost|not heard/)
    for values %host;
cut();
serves(first => 'OKlein', 'the host that has the epoch serves');
serves(forgotten => 'BMcMillan',
       'so does the one that was forgotten, after it lost its connections');
is $site->ctl('key', 'register', @where)->{code}, 0, 'again: no harm';

$run = $site->ctl('tenant', 'add', 'Behind', $site->ctl_databases);
is $site->keystore->selectrow_array('SELECT max(epoch) FROM'
    . ' keystore.tenant_key'), 2, 'a tenant behind it has its key under it';


# ---- a file that shares nothing with the key store

$site->ctl_ok('key', 'generate', @where);
$site->ctl_ok('key', 'register', @where);
$host{first}->quit;
cut();                              # the others have said that they lack it
$site->keystore->do('ALTER ROLE pupil_keeper NOLOGIN');
$site->keystore->do('DELETE FROM keystore.worker');
wait_until(60, 'nobody to be connected', sub {
    $site->ctl('key', 'rotate', @where)->{code} == 0 });
$site->ctl_ok('key', 'retire', $_, @where) for 1, 2;
$site->keystore->do('ALTER ROLE pupil_keeper LOGIN');
cut();
my $http = $host{forgotten}->http;
ok eval { wait_until(60, 'the forgotten host to refuse', sub {
    $http->get('/status/ready')->status == 503 }) },
    'with no epoch that is in force a host is not ready';

done_testing;
