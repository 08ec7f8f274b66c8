#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I1: nobody without a session fills the log.  Of attempts that are throttled
# the first of each bucket and window is on record, and all are counted in
# /status; and buckets whose time is over go away.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

my $day = Pupil::Day->up(workers => 1);
my ($db, $nginx) = ($day->db, $day->nginx);

sub attempt ($name) {
    return $nginx->http->post('/v1/login', json => {
        identifier => $name, password => 'not it' })->status;
}

sub recorded () {
    return $db->selectrow_array('SELECT count(*) FROM pupil.audit_record'
                                . " WHERE outcome = 'throttled'");
}

sub counted () {
    return $nginx->http->get('/status')->json->{refused}{throttled};
}

# That of the network is what two accounts share.
attempt($_) for 'one', 'two';
my ($network) = $db->selectrow_array("SELECT encode(bucket, 'hex') FROM"
    . ' pupil.login_throttle ORDER BY failures DESC, last_at LIMIT 1');
is $db->selectrow_array('SELECT count(*) FROM pupil.login_throttle'), 5,
    'two buckets of each account, one of the network';

# Buckets of accounts block until then, from now on.
sub window ($from_now) {
    $db->do('UPDATE pupil.login_throttle SET not_before ='
            . " clock_timestamp() + ?::interval WHERE failures > 5"
            . " AND encode(bucket, 'hex') <> ?", {}, $from_now, $network);
}


# ---- one record a window

is_deeply [map { attempt('somebody') } 1 .. 6], [(401) x 6], 'guesses';
window('1 h');
my $counted = counted();
is_deeply [map { attempt('somebody') } 1 .. 30], [(429) x 30],
    'the next thirty are throttled';
is recorded(), 1, 'one record of a window';
is counted() - $counted, 30, 'all of them are counted';

window('-1 s');
is attempt('somebody'), 401, 'the window ends';
window('1 h');
is_deeply [map { attempt('somebody') } 1 .. 10], [(429) x 10],
    'another begins';
is recorded(), 2, 'one record of another';

is_deeply [map { attempt('somebody else') } 1 .. 6], [(401) x 6],
    'another account';
attempt('somebody else') for 1 .. 5;
is recorded(), 3, 'has windows of its own';


# ---- of a network, whatever account it guesses at

# One more than a network has without a delay; it is delayed by whoever it
# guesses at, for as long.
sub network_guesses () {
    $db->do('DELETE FROM pupil.login_throttle');
    attempt('first of a network');
    $db->do('UPDATE pupil.login_throttle SET failures = 400, last_at ='
            . " clock_timestamp() WHERE encode(bucket, 'hex') = ?", {},
            $network);
    attempt('last that is not delayed');
    return $db->do("UPDATE pupil.login_throttle SET not_before ="
        . " clock_timestamp() + interval '1 h' WHERE encode(bucket, 'hex') = ?"
        . " AND not_before > last_at + interval '1 s'", {}, $network);
}

for my $n (1, 2) {
    is network_guesses(), 1, 'a network is delayed';
    my $recorded = recorded();
    $counted = counted();
    is_deeply [map { attempt("somebody of many, $_") } 1 .. 30], [(429) x 30],
        'thirty guesses of it, each at another account, are throttled';
    is recorded() - $recorded, 1, "one record of its window $n";
    is counted() - $counted, 30, 'all of them are counted';
    is $db->selectrow_array('SELECT count(*) FROM pupil.login_throttle'), 5,
        'and no account has a count of them';
}


# ---- the record of a window is still owed

my $break = 'ALTER TABLE pupil.audit_record ADD CONSTRAINT no CHECK (false)'
    . ' NOT VALID';
my $mend = 'ALTER TABLE pupil.audit_record DROP CONSTRAINT no';
$db->do('DELETE FROM pupil.login_throttle');
attempt('third') for 1 .. 6;
window('1 h');
$db->do($break);
is attempt('third'), 503, 'while the log cannot be written: 503';
$db->do($mend);
my $before = recorded();
is attempt('third'), 429, 'then the window is told';
is recorded(), $before + 1, 'once';
$db->do($break);
is attempt('third'), 429, 'and what needs no record is answered';
$db->do($mend);


# ---- buckets go when their time is over

$db->do('DELETE FROM pupil.login_throttle');
my $put = "INSERT INTO pupil.login_throttle (tenant, bucket, failures,"
    . " last_at, not_before) SELECT ?, sha256(convert_to('%s' || i, 'UTF8')),"
    . " 3, now() - interval '%s', now() - interval '%s'"
    . ' FROM generate_series(1, %d) AS i';
$db->do(sprintf($put, 'old', ('2 days') x 2, 100), {}, $day->tenant);
$db->do(sprintf($put, 'new', ('1 hour') x 2, 20), {}, $day->tenant);
attempt("name $_") for 1 .. 25;
cmp_ok $db->selectrow_array('SELECT count(*) FROM pupil.login_throttle WHERE'
    . " last_at < now() - interval '1 day'"), '<', 40,
    'attempts take old buckets away';
is $db->selectrow_array("SELECT count(*) FROM pupil.login_throttle WHERE"
    . " failures = 3 AND last_at > now() - interval '1 day'"), 20,
    'and leave the others';

done_testing;
