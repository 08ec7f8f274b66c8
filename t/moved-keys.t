#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# A tenant that was moved keeps its keys here until it is off-boarded.  That it
# is elsewhere is the key store's word, whatever the data database says: no
# worker is given one of them, and no command opens them to read or write
# anybody of it (invariant I8).

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

my $day = Pupil::Day->up(workers => 2);
my $stays = $day->site;
my $goes = Pupil::Day::neighbour($stays);
my ($dir, $tenant, $place) = (tmp_dir(), $goes->tenant, 'eu2.example');
my @ledger = ('--ledger', "$dir/ledger");
my $nginx = $day->nginx;
$nginx->allow_log(qr/\[(?:error|crit)\].*(?:connection|database|terminat
                     |restored|was\ moved|no\ tenant)/x);
$stays->ctl_ok('erasure', 'key', '--key', $stays->key);

my $person = $goes->person('OKlein');
my ($key) = run_cmd('age-keygen', '-o', "$dir/identity")->{err} =~ /(age1\w+)/;
spew("$dir/recipients", "$key\n");
mkdir "$dir/checkpoints";
$stays->pg->dump('pupil', "$dir/data.sql");

my @people = (
    ['user', 'show', $person->{login}],
    ['subject', 'show', $person->{id}],
    ['subject', 'lock', $person->{id}],
    ['user', 'password', $person->{login}, '--generate'],
    ['user', 'list'],
    ['tenant', 'export', '--to', "$dir/archive", '--recipients',
     "$dir/recipients"],
    ['import', 'sds', root_dir() . '/docs/quickstart/data/sds-100-users',
     '--dates', 'open'],
    ['facts'],
    ['retention', 'upcoming'],
    ['audit', 'index']);

sub keeper ($of) {
    my $dbh = $stays->pg->connect('pupil_keys');
    $dbh->do('SET SESSION AUTHORIZATION pupil_keeper');
    $dbh->do('SELECT set_config(?, ?, false)', {}, 'pupil.tenant', $of);
    return $dbh;
}

# What a worker is given of one: the rows of keys, and an owner's key.
sub given ($of, $owner) {
    my ($dbh, @with) = (keeper($of), uuid(), [$owner]);
    my @rows = map { 0 + $dbh->selectrow_array('SELECT count(*) FROM'
        . " keystore.$_") } qw(tenant_key service_key);
    $dbh->do('SELECT FROM keystore.ask_owner_keys(?, ?::uuid[])', {}, @with);
    my $keys = $dbh->selectcol_arrayref('SELECT owner FROM'
        . ' keystore.fetch_owner_keys(?, ?::uuid[])', {}, @with);
    return join ' ', (map { $_ ? 'some' : 'none' } @rows), scalar @$keys;
}

sub elsewhere ($when) {
    for (@people) {
        my ($group, $word) = @$_;
        my $name = join ' ', $group, $word // ();
        my $run = $goes->ctl(@$_, $goes->ctl_where);
        is $run->{code}, 1, "$when: $name" or diag $run->{out};
        like $run->{err}, qr/the\ tenant\ $tenant\ was\ moved\ to\ $place\b/x,
            "$when: $name: where to";
    }

    ok !-e "$dir/archive", "$when: there is no archive";
}

sub replayed {
    my $run = $stays->ctl('restore', 'replay', @ledger, $stays->ctl_where);
    is $run->{code}, 0, 'replay' or diag $run->{err};
}


# ---- before, and at it

is given($tenant, $person->{id}), 'some some 1', 'its keys are given';
my $run;
for (1 .. 4) {
    $stays->ctl('audit', 'seal', '--checkpoints', "$dir/checkpoints",
                $stays->ctl_databases);
    $run = $goes->ctl('tenant', 'moved', 'Grannkommunen', '--to', $place,
                      @ledger, $goes->ctl_where);
    last if !$run->{code};
}
is $run->{code}, 0, 'the tenant is moved' or diag $run->{err};

is given($tenant, $person->{id}), 'none none 0', 'none of its keys is given';
my $other = $day->person('pupil');
is given($stays->tenant, $other->{id}), 'some some 1', 'the neighbour\'s are';
elsewhere('moved');
$run = $goes->ctl('audit', 'list', $goes->ctl_where);
is $run->{code}, 0, 'its log is read' or diag $run->{err};
like $run->{err}, qr/was moved to $place.* is read here is not on record/,
    'which is said not to be on record';
unlike $run->{err}, qr/its keys with it/, 'and nothing of keys';


# ---- whatever the data database says

$stays->pg->replace('pupil', "$dir/data.sql");
elsewhere('data of before');
replayed();
$stays->db->do('DELETE FROM pupil.audit_end WHERE tenant = ?', {}, $tenant);
elsewhere('no end of its log');
is $stays->ctl('user', 'show', $other->{login}, $stays->ctl_where)->{code}, 0,
    'the neighbour is open';


# ---- in the configuration

ok eval { $nginx->wait_ready }, 'ready' or diag $@;
$nginx->set(server => $nginx->{server}
    . "location /v1/there { pupil_session; pupil_tenant $tenant; }\n");
$nginx->reload(wait => 1);
$nginx->wait_log(qr/the tenant \Q$tenant\E was moved/);
ok eval { $nginx->wait_ready },
    'one that was moved makes no worker red'
    or diag $nginx->http->get('/status/ready')->body;
is_problem $nginx->http->get('/v1/there'), 421, 'moved',
    name => 'it is answered where it is';

done_testing;
