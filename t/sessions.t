#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# /v1/me/sessions: people see where they are logged in, and end one of it, or
# all but the session that asks, by names that open nothing.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

my $day = Pupil::Day->up(workers => 2);
my ($db, $keys, $nginx) = ($day->db, $day->site->keystore, $day->nginx);
my %person = map { $_ => $day->person($_) } qw(pupil classmate teacher);
my $PATH = '/v1/me/sessions';

sub login ($who) {
    my $http = $nginx->http;
    is_status $http->login(@{ $person{$who} }{qw(login password)}), 200,
        "$who logs in";
    return $http;
}

sub sessions ($http) { $http->get($PATH)->json->{sessions} // [] }
sub of ($http) {
    my ($own) = grep { $_->{current} } @{ sessions($http) };
    return $own ? $own->{id} : uuid();
}

sub is_in ($http) { $http->get('/v1/session')->status == 200 }
sub ended () { $keys->selectrow_array('SELECT count(*) FROM keystore.ended') }

# What is on record of a request: category, operation, outcome.
sub recorded ($res) {
    return join ', ', map { join ' ', @$_ } @{ $db->selectall_arrayref(
        'SELECT category, operation, outcome FROM pupil.audit_event'
        . ' WHERE request = ? ORDER BY 2', {}, $res->request_id) };
}


# ---- where somebody is logged in

my ($phone, $library, $home) = map { login('pupil') } 1 .. 3;
my $other = login('classmate');
my $res = $phone->get($PATH);
is_status $res, 200, 'sessions are shown';
my @list = @{ $res->json->{sessions} // [] };
is scalar(@list), 3, 'all of one\'s own, and nobody else\'s';
is scalar(grep { $_->{current} } @list), 1, 'one of which is that which asks';
is_deeply [sort keys %{ $list[0] // {} }], [qw(created_at current expires_at
    id institution_id role seen_at)], 'with what there is to know of it';
is recorded($res), 'session read allowed', 'which is on record';
my @bytes = map { ($_, map { unpack 'H*', $_ } $_) } map { $_->cookies
    ->{'__Host-pupil'} } $phone, $library, $home;
push @bytes, @{ $db->selectcol_arrayref("SELECT encode(token_hash, 'hex')"
                                        . ' FROM pupil.session') };
unlike $res->body, qr/@{[join '|', map { quotemeta } @bytes]}/,
    'and neither a token nor its hash';
is_problem $phone->get("$PATH?of=$person{classmate}{id}"), 422, 'invalid',
    name => 'and of nobody else';
is_problem $nginx->http->get($PATH), 401, 'no-session',
    name => 'nor without a session';

my $id = of($library);
for my $cookie ($id, $id =~ tr/-//dr, substr($id x 2, 0, 43)) {
    is_problem $nginx->http->get('/v1/session', header => { Cookie =>
        "__Host-pupil=$cookie" }), 401, 'no-session',
        name => 'the name of a session opens none';
}


# ---- the end of one

is_problem $other->delete("$PATH/$id"), 404, 'not-found',
    name => 'another\'s is not there';
is_problem $phone->delete("$PATH/" . uuid()), 404, 'not-found',
    name => 'nor one that nobody has';
ok is_in($library), 'which ended nothing';
$res = $phone->delete("$PATH/" . uuid());
is recorded($res), 'session write not_found', 'and is on record';

my $csrf = $phone->csrf;
$phone->csrf(undef);
is_problem $phone->delete("$PATH/$id"), 403, 'csrf',
    name => 'nor at another site\'s wish';
$phone->csrf($csrf);

my $before = ended();
$res = $phone->delete("$PATH/$id");
is_status $res, 204, 'one ends';
is recorded($res), 'session write allowed', 'on record';
ok !is_in($library), 'and is dead';
ok is_in($_), 'no other is' for $phone, $home, $other;
is ended(), $before + 1, 'the key store knows of it';
is $db->selectrow_array('SELECT count(*) FROM pupil.revocation'), 0,
    'and nothing is left to do';
is_problem $phone->delete("$PATH/$id"), 404, 'not-found',
    name => 'it cannot end again';
is scalar(@{ sessions($phone) }), 2, 'nor is it shown';


# ---- of all others

my @more = map { login('pupil') } 1 .. 3;
$res = $phone->delete($PATH);
is_status $res, 204, 'all others end';
is recorded($res), 'session write allowed', 'all others: on record';
ok !is_in($_), 'is dead' for $home, @more;
ok is_in($_), 'but who asked, and others' for $phone, $other;
is scalar(@{ sessions($phone) }), 1, 'which is the only one';
is_status $phone->delete($PATH), 204, 'there need be no other';


# ---- what is not authentic is nobody's

my $mine = login('teacher');
my $stolen = login('classmate');
my $hash = $db->selectrow_array('SELECT token_hash FROM pupil.session WHERE'
    . ' subject = ? ORDER BY created_at DESC LIMIT 1', {},
    $person{classmate}{id});
my $move = $db->prepare('UPDATE pupil.session SET subject = ? WHERE subject ='
    . ' ? AND created_at = (SELECT max(created_at) FROM pupil.session)');
$move->execute($person{teacher}{id}, $person{classmate}{id});
$nginx->allow_log(qr/\[crit\].*pupil\.session is not authentic/);
is scalar(@{ sessions($mine) }), 1, 'a row that somebody wrote is not shown';
is_problem $mine->delete($PATH), 500, 'integrity',
    name => 'beside it nobody is told that all others have ended';
$move->execute($person{classmate}{id}, $person{teacher}{id});
ok is_in($stolen), 'it is whose it was';
cmp_ok $db->selectrow_array('SELECT count(*) FROM pupil.audit_record WHERE'
    . " outcome = 'tampered' AND note LIKE 'pupil.session of %'"), '>', 0,
    'which is on record';


# ---- nor does it push out what is (I20)

# More rows than a list has, copies of somebody's newest that were seen so much
# later than it.
my $JUNK = 'sha256(i::text::bytea)';
sub junk ($who, $later) {
    $db->do('INSERT INTO pupil.session (tenant, token_hash, subject, role,'
        . ' institution, created_at, seen_at, expires_at, mac) SELECT tenant,'
        . " $JUNK, subject, role, institution, created_at - interval '10 min',"
        . ' seen_at + ?::interval, expires_at, mac FROM (SELECT * FROM'
        . ' pupil.session WHERE subject = ? ORDER BY created_at DESC LIMIT 1)'
        . ' AS s, generate_series(1, 1100) AS i', {}, $later,
        $person{$who}{id});
}

sub no_junk () {
    $db->do("DELETE FROM pupil.session WHERE token_hash IN (SELECT $JUNK FROM"
            . ' generate_series(1, 1100) AS i)');
}

my $thief = login('teacher');
junk('teacher', '0 s');
my $shown = $mine->get($PATH);
is_status $shown, 200, 'junk: sessions are shown';
is scalar(@{ $shown->json->{sessions} // [] }), 2, 'junk: what is authentic';
like recorded($shown), qr/session read tampered/, 'junk: which is on record';
$res = $mine->delete($PATH);
ok !is_in($thief), 'junk: another ends that there is';
ok is_in($mine), 'junk: who asked lives';
is_problem $res, 500, 'integrity', name => 'junk: nor are all said to end';
like recorded($res), qr/session write allowed/, 'junk: what ended is on record';
like recorded($res), qr/tampered/, 'junk: and what was found';
no_junk();

$thief = login('teacher');
junk('teacher', '1 s');
is scalar(grep { $_->{current} } @{ sessions($mine) }), 1,
    'junk seen last: who asked is shown';
is_problem $mine->delete($PATH), 500, 'integrity',
    name => 'junk seen last: nobody is told that all others have ended';
is_problem $mine->delete("$PATH/" . uuid()), 500, 'integrity',
    name => 'junk seen last: nor that one is not there';
no_junk();
is_status $mine->delete($PATH), 204, 'without junk all others end';
ok !is_in($thief), 'without junk: is dead';


# ---- nor is a list whole that lacks who asks

my $hidden = login('pupil');
my $pupils = $day->rows_of('pupil.session', $person{pupil}{id});
ok is_in($hidden), 'it is in the zone';
$db->do('DELETE FROM pupil.session WHERE subject = ?', {}, $person{pupil}{id});
is_problem $hidden->delete($PATH), 500, 'integrity',
    name => 'rows hidden: nobody is told that all others have ended';
$day->put_back($pupils);
is_status $hidden->delete($PATH), 204, 'rows that are back: all others end';


# ---- the end of one's own

$res = $mine->delete("$PATH/" . of($mine));
is_status $res, 204, 'one\'s own ends';
is $mine->cookies->{'__Host-pupil'} // '', '', 'the browser forgets it';
is $res->header('Clear-Site-Data'), '"cache", "storage"',
    'and what pages have left there';
ok !is_in($mine), 'it is dead';

$res = $stolen->logout;
is $res->header('Clear-Site-Data'), '"cache", "storage"',
    'so it is at log-out';

done_testing;
