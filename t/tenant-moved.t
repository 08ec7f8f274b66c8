#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# pupilctl tenant moved: a tenant that another installation serves by now is
# served here no more, from no backup either (invariant I8).  Its log here ends,
# sealed, and what is held of it stays until it is off-boarded.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;
use Pupil::Killed;

use JSON::XS ();

my $day = Pupil::Day->up(workers => 2);
my $stays = $day->site;
my $goes = Pupil::Day::neighbour($stays);
my $dir = tmp_dir();
my ($db, $keys) = ($stays->db, $stays->keystore);
my ($tenant, $place) = ($goes->tenant, 'eu2.example');
my @ledger = ('--ledger', "$dir/ledger");
my $nginx = $day->nginx;
$nginx->allow_log(qr/\[(?:error|crit)\].*(?:connection|database|terminat
                     |restored|listening|shutting|was\ moved|no\ tenant)/x);
chomp(my $signer = $stays->ctl_ok('erasure', 'key', '--key', $stays->key)->{out});
chomp(my $vkey = $goes->ctl_ok('audit', 'key', $goes->ctl_where)->{out});

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

sub words ($name, @more) {
    return ('tenant', 'moved', $name, '--to', $place, @more, @ledger,
            $goes->ctl_where);
}

sub moved (@more) { return $goes->ctl(words('Grannkommunen', @more)) }

sub count ($dbh, $table) {
    return 0 + $dbh->selectrow_array("SELECT count(*) FROM $table WHERE tenant"
        . ' = ?', {}, $tenant);
}

# The key that everything of the tenant opens with, as a worker asks for it.
sub given {
    my $keeper = $stays->pg->connect('pupil_keys', AutoCommit => 0);
    $keeper->do('SET LOCAL ROLE pupil_keeper');
    $keeper->do('SELECT set_config(?, ?, true)', {}, 'pupil.tenant', $tenant);
    my $n = $keeper->selectrow_array('SELECT count(*) FROM keystore.tenant_key');
    $keeper->rollback;
    $keeper->disconnect;
    return 0 + $n;
}

# What is left to be done, by what there is.
sub state_ {
    return join ' ', count($keys, 'keystore.ledger'), count($db, 'pupil.ledger'),
        count($keys, 'keystore.moved'), given();
}


# ---- refused before anything is begun

my $http = $nginx->http;
is login_($http)->status, 200, 'somebody of the tenant logs in';
is there($http, 'session')->status, 200, 'and is known';
$stays->pg->dump('pupil', "$dir/data.sql")->dump('pupil_keys',
                                                 "$dir/keys.sql");
my ($gone, $held) = @{ $db->selectcol_arrayref('SELECT subject FROM pupil.role'
    . " WHERE tenant = ? AND role = 'pupil' ORDER BY subject LIMIT 2", {},
    $tenant) };
$goes->ctl_ok('subject', 'erase', $gone, @ledger, $goes->ctl_where);
$goes->ctl_ok('subject', 'hold', $held, '--reference', 'T 1', $goes->ctl_where);

for (['Grannkommun', $place, 1, qr/is "Grannkommunen"/],
     ['Grannkommunen', 'some where', 2, qr/--to is where/],
     ['Grannkommunen', 'x' x 65, 2, qr/--to is where/])
{
    my ($name, $to, $code, $said) = @$_;
    my $run = $goes->ctl('tenant', 'moved', $name, '--to', $to, @ledger,
                         $goes->ctl_where);
    is $run->{code}, $code, "$name to $to: refused";
    like $run->{err}, $said, 'with the reason';
}
is state_(), '1 1 0 1', 'nothing is begun';


# ---- killed at each step, and run again

mkdir "$dir/checkpoints";

sub seal {
    return $stays->ctl_ok('audit', 'seal', '--checkpoints', "$dir/checkpoints",
                          $stays->ctl_databases);
}

sub killed ($what, $lock, $after) {
    ok killed_at($stays, $lock, words('Grannkommunen')), "$what: killed";
    is state_(), $after, "$what: not done";
}

killed('the entry', [pupil_keys => 'LOCK TABLE keystore.ledger IN SHARE MODE'],
       '1 1 0 1');
killed('its copy', [pupil => 'LOCK TABLE pupil.ledger IN SHARE MODE'],
       '2 1 0 1');
killed('the record', [pupil => 'LOCK TABLE pupil.audit_record IN SHARE MODE'],
       '2 1 0 1');
my $run = moved();
is $run->{code}, 1, 'not before its log is sealed';
like $run->{err}, qr/not sealed.*pupilctl audit seal/s, 'with what to do';
seal();
ok ended_by($stays, 9, build_dir() . '/pupilctl', words('Grannkommunen',
    '--mirror', KILLER)), 'the mirror: killed';
is state_(), '2 2 0 1', 'the mirror: not done';
killed('its move', [pupil_keys => 'LOCK TABLE keystore.moved IN SHARE MODE'],
       '2 2 0 1');
is $goes->ctl('tenant', 'offboard', 'Grannkommunen', '--without-export',
    @ledger, $goes->ctl_where)->{code}, 1, 'it does not end meanwhile';
$run = $goes->ctl('work', @ledger, $goes->ctl_where);
is $run->{code}, 0, 'work goes on with it' or diag $run->{err};
is state_(), '2 2 1 0', 'and it is done';


# ---- served no more

ok eval { wait_until(60, 'the workers', sub {
    !grep { there($_, 'session')->status != 421 } map { $nginx->http } 1 .. 8
    }) }, 'every worker knows' or diag $@;
is_problem there($http, 'session'), 421, 'moved',
    name => 'whoever had a session is told';
is_problem login_($nginx->http), 421, 'moved', name => 'so is who logs in';
is $day->pupil->get('/v1/homework')->status, 200, 'the neighbour serves on';

$run = moved();
is $run->{code}, 0, 'again' or diag $run->{err};
like $run->{out}, qr/\A$tenant\ moved\ to\ $place,\ entry\ 2\n
                     \ \ served\ here\ no\ more\ since\ 2\S+Z\n/x, 'says so';
is JSON::XS::decode_json(moved('--json')->{out})->{moved_to}, $place,
    'as JSON, too';
$run = $goes->ctl('tenant', 'moved', 'Grannkommunen', '--to', 'eu3.example',
                  @ledger, $goes->ctl_where);
is $run->{code}, 1, 'nor is it moved to two places';
like slurp("$dir/ledger"), qr/^number 2\nsubject $tenant\nmoved $place\nat /m,
    'the file says where to';
like $stays->ctl('erasure', 'verify', "$dir/ledger", '--signer', $signer)->{out},
    qr/^$tenant moved to $place, entry 2\n2 notes, 2 of them entries/m,
    'and is signed';

for (['subject', 'erase', $held], ['subject', 'hold', $gone, '--reference', 'T'],
     ['user', 'add', 'somebody', 'dpo'])
{
    is $goes->ctl(@$_, $goes->ctl_where)->{code}, 1, "@$_[0, 1]: not here";
}
is state_(), '2 2 1 0', 'which begins nothing';
is $stays->ctl($_->@*, $stays->ctl_databases)->{code}, 0, "@$_[0, 1] goes on"
    for ['retention', 'run'], ['work', @ledger];
$run = $goes->ctl('audit', 'verify', '--checkpoints', "$dir/checkpoints",
                  '--vkey', $vkey, $goes->ctl_where);
is $run->{code}, 0, 'its log here verifies' or diag "$run->{out}$run->{err}";
is 0 + $db->selectrow_array('SELECT count(*) FROM pupil.audit_record WHERE'
    . " tenant = ? AND note LIKE '%moved=2 to=$place'", {}, $tenant), 1,
    'and the move is on record, once';
is 0 + $db->selectrow_array('SELECT count(*) FROM pupil.audit_record AS r LEFT'
    . ' JOIN pupil.seal_writer AS w USING (tenant, writer) WHERE r.tenant = ?'
    . ' AND r.number > coalesce(w.number, 0)', {}, $tenant), 0,
    'all of it is sealed';

like $stays->ctl('check', $nginx->conf_file, $stays->ctl_where)->{out},
    qr/the tenant $tenant was moved, and its requests are answered 421/,
    'pupilctl check says to take it out';


# ---- backups from before

sub shut ($name) {
    my $last;
    eval { wait_until(60, 'the gate', sub {
        $last = $nginx->http->get('/v1/session');
        return $last->body =~ /restore-pending/ }) };
    is_problem $last, 503, 'restore-pending', name => $name;
}

sub replayed ($what, $said, $status) {
    $run = $stays->ctl('restore', 'replay', @ledger, $stays->ctl_where);
    is $run->{code}, 0, "$what: replay" or diag $run->{err};
    is $run->{out}, $said, "$what: says what it did";
    ok eval { wait_until(60, 'the gate to open', sub {
        $day->pupil->get('/v1/homework')->status == 200 }) },
        "$what: the neighbour is served" or diag $@;
    my $last;
    eval { wait_until(60, 'each worker', sub {
        $last = login_($nginx->http);
        return $last->status != 503 }) };
    is $last->status, $status, "$what: and nobody of it";
}

sub restored ($name, $file) {
    $stays->pg->replace($name, "$dir/$file");
    ($db, $keys) = ($stays->db, $stays->keystore);
    shut("$file from before is not served");
}

my $again = "$gone erased again, entry 1\n"
    . "$tenant moved to $place again, entry 2\n";
restored('pupil', 'data.sql');
cmp_ok $db->selectrow_array('SELECT count(*) FROM pupil.role WHERE subject = ?',
    {}, $gone), '>', 0, 'it has whom was erased';
replayed('the data', $again, 421);
is 0 + $db->selectrow_array('SELECT count(*) FROM pupil.role WHERE subject = ?',
    {}, $gone), 0, 'who is gone again';
is state_(), '2 2 1 0', 'and the tenant moved';
restored('pupil_keys', 'keys.sql');
is given(), 1, 'it has the key of the tenant';
$run = $stays->ctl('restore', 'replay', @ledger, $stays->ctl_where);
is $run->{code}, 0, 'the keys: replay' or diag $run->{err};
is state_(), '2 2 1 0', 'which is given to nobody again';
replayed('the keys, again', '', 421);


# ---- its end

$goes->ctl_ok('tenant', 'offboard', 'Grannkommunen', '--key-backup-days', 5,
              @ledger, $goes->ctl_where);
is count($keys, "keystore.$_"), 0, "$_: nothing is left"
    for qw(tenant_key owner_key hold);
is count($db, 'data.homework'), 0, 'nor a row';
is_problem login_($nginx->http), 421, 'moved', name => 'it is elsewhere still';


# ---- what a program does not know

$keys->do('ALTER TABLE keystore.ledger DROP CONSTRAINT ledger_kind_check');
$keys->do('INSERT INTO keystore.ledger SELECT (e).* FROM (SELECT'
    . " keystore.ledger_next('merged', ?, now(), NULL) AS e FROM (SELECT"
    . ' set_config(?, ?, true)) AS s OFFSET 0) AS n', {}, $stays->tenant,
    'pupil.tenant', $stays->tenant);
restored('pupil', 'data.sql');
$run = $stays->ctl('restore', 'replay', @ledger, $stays->ctl_where);
is $run->{code}, 1, 'nothing is replayed by a program that does not know all';
like $run->{err}, qr/kind "merged".*upgrade Pupil/, 'with what to do';
is $nginx->http->get('/v1/session')->status, 503, 'and the gate is shut';

done_testing;
