#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# pupilctl tenant offboard: the end of a contract.  All keys of the tenant are
# destroyed, what it holds is deleted, and a certificate says so; its neighbour
# serves on.  Killed anywhere and run again, it ends the same, and a backup from
# before does not bring it back.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

use JSON::XS ();

my $day = Pupil::Day->up(workers => 2);
my $stays = $day->site;
my $goes = Pupil::Day::neighbour($stays);
my $dir = tmp_dir();
my ($db, $keys) = ($stays->db, $stays->keystore);
my $tenant = $goes->tenant;
my @name = ('Grannkommunen');
my @ledger = ('--ledger', "$dir/ledger");
my $nginx = $day->nginx;
$nginx->allow_log(qr/\[(?:error|crit)\].*(?:connection|database|terminat
                     |restored|listening|shutting|no\ tenant)/x);
chomp(my $signer = $stays->ctl_ok('erasure', 'key', '--key', $stays->key)->{out});
run_cmd('age-keygen', '-o', "$dir/identity");
spew("$dir/recipients", (slurp("$dir/identity") =~ /(age1\S+)/)[0] . "\n");

my $person = $goes->person('CBeane');
my $own = $nginx->{server};
$nginx->set(server => $own . join '', map { "location /v1/there-$_ { pupil_$_; pupil_tenant $tenant; }\n" }
    qw(login session));
$day->reload;
$day->all_here->work;

sub there ($http, $path, @more) {
    return @more ? $http->post("/v1/there-$path", json => { @more })
                 : $http->get("/v1/there-$path");
}

sub login_ ($http) {
    return there($http, 'login', identifier => $person->{login},
                 password => $person->{password});
}

sub offboard (@more) {
    return $goes->ctl('tenant', 'offboard', @more, '--key-backup-days', 5,
                      $goes->ctl_where);
}

sub held {
    return 0 + $keys->selectrow_array('SELECT count(*) FROM keystore.tenant_key'
        . ' WHERE tenant = ?', {}, $tenant);
}

sub entries {
    return 0 + $keys->selectrow_array('SELECT count(*) FROM keystore.ledger');
}

# Rows of a tenant, by table, but for those that stay.
sub rows ($of) {
    my %rows;
    for my $table (@{ $db->selectcol_arrayref("SELECT format('%I.%I',"
        . " relnamespace::regnamespace::text, relname) FROM pg_class AS c JOIN"
        . " pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'tenant'"
        . " WHERE relnamespace::regnamespace::text IN ('data', 'pupil') AND"
        . " relkind IN ('r', 'p') AND NOT relispartition") })
    {
        next if $table =~ /\.(?:audit_\w+|seal\w*|ledger|erasure|exported)$/;
        my $n = $db->selectrow_array("SELECT count(*) FROM $table WHERE tenant"
            . ' = ?', {}, $of);
        $rows{$table} = $n if $n;
    }
    return \%rows;
}


# ---- refused before anything is begun

my $http = $nginx->http;
is login_($http)->status, 200, 'somebody of the tenant logs in';
is there($http, 'session')->status, 200, 'and is known';
my $kept = rows($stays->tenant);
my ($one) = $db->selectrow_array('SELECT subject FROM pupil.role WHERE tenant ='
    . ' ? LIMIT 1', {}, $tenant);

my $run = offboard('Grannkommun', @ledger);
is $run->{code}, 1, 'another name is not this tenant';
like $run->{err}, qr/is "Grannkommunen"/, 'and is said';
$run = offboard(@name, @ledger);
is $run->{code}, 1, 'nor is one ended that was handed nothing back';
like $run->{err}, qr/tenant export.*--without-export/s, 'with what to do';
is $goes->ctl('tenant', 'export', '--to', "$dir/archive", '--recipients',
    "$dir/recipients", $goes->ctl_where)->{code}, 0, 'it is exported';
$goes->ctl_ok('subject', 'hold', $one, '--reference', 'T 1', $goes->ctl_where);
$run = offboard(@name, @ledger);
is $run->{code}, 1, 'nor while somebody is held';
like $run->{err}, qr/held/, 'and why';
is entries() . held(), '01', 'nothing is begun';
$goes->ctl_ok('subject', 'release', $one, $goes->ctl_where);


$stays->pg->dump('pupil', "$dir/data.sql")->dump('pupil_keys',
                                                 "$dir/keys.sql");


# A sealer that has begun with both of them.
mkdir "$dir/checkpoints";
open my $null, '>', '/dev/null' or die "$!\n";
my $sealer = start_process([build_dir() . '/pupilctl', 'audit', 'seal',
    '--follow', '--checkpoints', "$dir/checkpoints", $stays->ctl_databases],
    env => Pupil::Nginx->sanitizer_env, stdout => $null, stderr => $null);

# It has sealed what there was by then, of all tenants.
sub sealed ($since) {
    return eval { wait_until(60, 'the sealer', sub { $db->selectrow_array(
        'SELECT until > ? FROM pupil.sealer', {}, $since) }) };
}
sub now_ { $db->selectrow_array('SELECT now()') }
ok sealed(now_()), 'a sealer is at work';


# ---- killed at each step, and run again

my %steps = (
    'the copy of the entry' => ['pupil.ledger', 'INSERT', $db],
    'the keys' => ['keystore.tenant_key', 'DELETE', $keys],
    'some rows' => ['data.homework', 'DELETE', $db],
    'the last row' => ['pupil.tenant', 'DELETE', $db],
);
for my $step ('the copy of the entry', 'the keys', 'some rows', 'the last row') {
    my ($table, $event, $dbh) = @{ $steps{$step} };
    $db->do("INSERT INTO data.homework_version (tenant, class, version) VALUES"
        . " (?, gen_random_uuid(), gen_random_uuid())", {}, $tenant)
        if $step eq 'some rows';
    $table = 'data.homework_version' if $step eq 'some rows';
    if ($step eq 'the keys') {
        $run = offboard(@name, '--ledger', "$dir/aside", '--mirror', 'exit 7');
        is "$run->{code} " . held(), '1 1',
            'an entry that is not mirrored destroys no key';
    }
    $dbh->do("CREATE FUNCTION public.dies() RETURNS trigger LANGUAGE plpgsql AS"
        . " 'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); END'");
    $dbh->do("CREATE TRIGGER dies BEFORE $event ON $table FOR EACH ROW EXECUTE"
        . ' FUNCTION public.dies()');
    $run = offboard(@name, @ledger);
    is $run->{code}, 1, "killed at $step";
    is $run->{out}, '', 'without a certificate';
    $dbh->do("DROP TRIGGER dies ON $table");
    $dbh->do('DROP FUNCTION public.dies()');
    is entries(), 1, 'its entry is in the ledger';

    # what runs for all tenants runs for the others meanwhile
    next if held();
    for my $words (['retention', 'run'], ['key', 'rotate']) {
        $run = $stays->ctl(@$words, $stays->ctl_databases);
        is $run->{code}, 0, "$step: @$words goes on" or diag $run->{err};
    }
}


# ---- the end

$run = $goes->ctl('work', @ledger, $goes->ctl_where);
is $run->{code}, 0, 'work goes on with it' or diag $run->{err};
is_deeply rows($tenant), {}, 'and nothing of it is left';
$run = offboard(@name, @ledger);
is $run->{code}, 0, 'the same command again' or diag $run->{err};
spew("$dir/certificate", $run->{out});
like $run->{out}, qr/^$tenant erased, entry 1 of .*^  backups of it gone 2/ms,
    'has the certificate';
$run = $stays->ctl('erasure', 'verify', "$dir/certificate", '--signer', $signer);
is $run->{code}, 0, 'which is signed' or diag $run->{err};
like $run->{out}, qr/^$tenant erased, key destroyed /, 'and says when';
is held(), 0, 'the tenant has no key';
is $keys->selectrow_array('SELECT count(*) FROM keystore.owner_key WHERE tenant'
    . ' = ?', {}, $tenant), 0, 'nor has anybody of it';
ok eval { wait_until(60, 'the workers', sub {
    !grep { there($_, 'session')->status != 404 } map { $nginx->http } 1 .. 8
    }) }, 'every worker has forgotten it' or diag $@;
is_problem there($http, 'session'), 404, 'unknown-tenant',
    name => 'a session of it is one of no tenant';
is_problem login_($nginx->http), 404, 'unknown-tenant', name => 'so is a log-in';
is $goes->ctl('tenant', 'add', @name, $goes->ctl_where)->{code}, 1,
    'nobody makes it anew under its id';


# ---- its neighbour

is $day->pupil->get('/v1/homework')->status, 200, 'the neighbour serves on';
is_deeply { %{ rows($stays->tenant) }, 'pupil.release' => 1 },
    { %$kept, 'pupil.release' => 1 }, 'and has what it had';
is $stays->ctl('audit', 'verify', $stays->ctl_where)->{code}, 0,
    'its audit verifies';
ok sealed(now_()), 'the sealer goes on without the other';
kill TERM => $sealer;
ok process_ends($sealer, 60), 'and ends';
cmp_ok $db->selectrow_array('SELECT count(*) FROM pupil.audit_record WHERE'
    . ' tenant = ?', {}, $tenant), '>', 0, 'the records of the other stay';


# ---- backups from before

sub shut ($name) {
    my $last;
    eval { wait_until(60, 'the gate', sub {
        $last = $nginx->http->get('/v1/session');
        return $last->body =~ /restore-pending/ }) };
    is_problem $last, 503, 'restore-pending', name => $name;
}

sub replayed ($what) {
    ($db, $keys) = ($stays->db, $stays->keystore);
    $run = $stays->ctl('restore', 'replay', @ledger, $stays->ctl_where);
    is $run->{code}, 0, "$what: replay" or diag $run->{err};
    is $run->{out}, "$tenant erased again, entry 1\n", "$what: says whom";
    is_deeply rows($tenant), {}, "$what: its rows are gone again";
    is held(), 0, "$what: so are its keys";
    ok eval { wait_until(60, 'the gate to open', sub {
        $day->pupil->get('/v1/homework')->status == 200 }) },
        "$what: the neighbour is served" or diag $@;
    my $last;
    eval { wait_until(60, 'each worker', sub {
        $last = login_($nginx->http);
        return $last->status != 503 }) };
    is_problem $last, 404, 'unknown-tenant',
        name => "$what: and nobody of it logs in";
}

$stays->pg->replace('pupil', "$dir/data.sql");
shut('a backup of the data from before is not served');
replayed('the data');
is $stays->ctl('restore', 'replay', @ledger, $stays->ctl_where)->{out}, '',
    'again: nothing to do';
$stays->pg->replace('pupil_keys', "$dir/keys.sql");
shut('nor is one of the keys');
replayed('the keys');
is $goes->ctl('work', @ledger, $goes->ctl_where)->{code}, 0,
    'and work has nothing to do';

done_testing;
