#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I13 while hashes of several costs are stored: the work of a log-in that
# fails does not depend on what is stored, as Argon2id's runs are counted; a
# log-in that succeeds brings its hash to the cost in force.

use lib 't/lib';
use Pupil::Test;

my $site = pupil_up(import => 1);
my $nginx = $site->nginx(workers => 1,
    http => 'pupil_password_hash memory=32m iterations=3;',
    server => 'location = /staff/login { pupil_login;
                   pupil_login_password staff; }')->start;
my $full = 32 * 1024 * 3;
my %person = map { $_ => $site->person($_) } qw(CBeane DTodd OKlein FFlowers);

# Of the cost in force, and of one beyond it.
sub set ($who, $cost) {
    $site->ctl_ok('user', 'password', $who, '--password-hash', $cost,
                  $site->ctl_where, { stdin => "$person{$who}{password}\n" });
}
set('DTodd', 'm=32768,t=3');

my $login = sub { $nginx->http->get('/status')->json->{login} };

# The answer, the runs and the work of one log-in.
sub attempt ($identifier, $password, $path = '/v1/login') {
    $site->db->do('DELETE FROM pupil.login_throttle');
    my $before = $login->();
    my $res = $nginx->http->post($path, json => {
        identifier => $identifier, password => $password });
    my $after = $login->();
    return ($res, map { $after->{$_} - $before->{$_} } qw(hashes hash_kib));
}

sub stored ($who) {
    return $site->db->selectrow_array("SELECT encode(password_hash, 'hex')"
        . ' FROM data.credential WHERE owner = ?', {}, $person{$who}{id});
}

sub refused_alike ($when) {
    my %case = (
        'an unknown account' => ['nobody.at.all', 'x'],
        'a hash of the old cost' => ['CBeane', 'x'],
        'a hash of the cost in force' => ['DTodd', 'x'],
        'no password at all' => ['DMills', 'x'],
        'a pupil, where only staff may' => ['OKlein',
            $person{OKlein}{password}, '/staff/login'],
    );
    for my $name (sort keys %case) {
        my ($res, $runs, $work) = attempt(@{ $case{$name} });
        is $res->status, 401, "$when, $name";
        cmp_ok abs($work - $full), '<', 4, "... costs $full KiB ($work)";
    }
}


# ---- a cost that was raised

refused_alike('raised');
my $old = stored('OKlein');
is $old, stored('OKlein'), 'whoever fails keeps the old hash';

my ($res, $runs, $work) = attempt(@{ $person{CBeane} }{qw(login password)});
is $res->status, 200, 'a log-in with a hash of the old cost';
is $runs, 2, '... checks it, and makes a new one';
my @audit = @{ $site->db->selectcol_arrayref('SELECT operation FROM'
    . " pupil.audit_event WHERE request = ? AND category = 'credential'"
    . ' ORDER BY 1', {}, $res->request_id) };
is "@audit", 'read write', '... which is in the audit';

my $new = stored('CBeane');
($res, $runs, $work) = attempt(@{ $person{CBeane} }{qw(login password)});
is $res->status, 200, 'the same password again';
is $runs, 1, '... at the cost in force';
is $work, $full, '... of which it has the work';
is stored('CBeane'), $new, 'nothing is stored any more';
is_deeply $site->db->selectcol_arrayref('SELECT operation FROM'
    . " pupil.audit_event WHERE request = ? AND category = 'credential'", {},
    $res->request_id), ['read'], 'nor in the audit';

refused_alike('partly raised');


# ---- one beyond it: told once, and brought down

set('FFlowers', 'm=65536,t=2');
($res, $runs, $work) = attempt('FFlowers', 'x');
is $res->status, 401, 'a wrong password, with a hash that costs more';
is $work, 65536 * 2, '... has its work';
like $nginx->log_text, qr/\[warn\].*costs more \(memory=65536k iterations=2\)/,
    '... which the log tells';
$nginx->allow_log(qr/a stored password hash costs more/);
($res) = attempt(@{ $person{FFlowers} }{qw(login password)});
is $res->status, 200, 'the right one';
($res, $runs, $work) = attempt('FFlowers', 'x');
is $work, $full, '... ends it';


# ---- who changed the password meanwhile wins

my $http = $nginx->http;
$http->connect;
$site->db->do('UPDATE data.credential SET updated_at = now()');
($res) = attempt(@{ $person{DTodd} }{qw(login password)});
is $res->status, 200, 'a password that was set since, before it was read';

my $hold = $site->pg->connect('pupil');
$site->db->do('DELETE FROM pupil.login_throttle');
$hold->begin_work;
$hold->do('LOCK TABLE pupil.session IN ACCESS EXCLUSIVE MODE');
$http->send_raw($http->request_bytes(POST => '/v1/login', json => {
    identifier => 'CBeane', password => $person{CBeane}{password} }));
wait_until(60, 'the log-in to be accepted', sub {
    $site->db->selectrow_array('SELECT count(*) FROM pg_stat_activity'
        . " WHERE wait_event_type = 'Lock' AND usename = 'pupil_gateway'") });
$hold->do('UPDATE data.credential SET updated_at = now() WHERE owner = ?', {},
          $person{CBeane}{id});
$hold->commit;
is $http->read_response('POST')->status, 401,
    'a password that was set while it was checked: the old one is refused';



# ---- whoever goes away leaves the work, and its place in the queue

$site->db->do('DELETE FROM pupil.login_throttle');
my $before = $login->();
my $aborted = sub { $nginx->http->get('/status')->json->{refused}{aborted} };
my $went = $aborted->();
my @gone = map { $nginx->http } 1 .. 20;
$_->connect for @gone;
$gone[$_]->send_raw($gone[$_]->request_bytes(POST => '/v1/login',
    json => { identifier => "gone$_", password => 'x' })) for 0 .. $#gone;
wait_until(60, 'log-ins', sub {
    my $now = $login->();
    $now->{attempts} - $before->{attempts} == 20
        && $now->{hashes} - $before->{hashes} > 1 });
$_->close for @gone;
wait_until(60, 'their end', sub { $aborted->() - $went > 10 });
cmp_ok $login->()->{in_progress}, '>', 0,
    'a client that goes does not make room for another';
wait_until(300, 'the work done', sub { $login->()->{in_progress} == 0 });

done_testing;
