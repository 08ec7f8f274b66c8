#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I1: an attempt to log in that counts is on record, also when its client has
# gone before the answer: while it is reserved, while the account is looked
# for, while the password is hashed.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;
use Time::HiRes qw(sleep);

my $TRIES = 3;
my $day = Pupil::Day->up(workers => 1, conf => {
    pupil_password_hash => 'memory=64m iterations=10' });
my ($db, $nginx) = ($day->db, $day->nginx);
my $pupil = $day->person('pupil');
my $lock = $day->site->pg->connect('pupil');

sub counted () {
    return $db->selectrow_array('SELECT coalesce(max(failures), 0)'
                                . ' FROM pupil.login_throttle');
}

sub recorded () {
    return $db->selectrow_array("SELECT count(*) FROM pupil.audit_event WHERE"
        . " outcome = 'refused' AND subjects = ARRAY[?::uuid]"
        . " AND category = 'credential'", {}, $pupil->{id});
}

sub all_recorded () {
    return $db->selectrow_array("SELECT count(*) FROM pupil.audit_record"
                                . " WHERE outcome = 'refused'");
}

sub waiting () {
    return $db->selectrow_array("SELECT count(*) FROM pg_stat_activity WHERE"
        . " usename = 'pupil_gateway' AND wait_event_type = 'Lock'");
}

sub hold ($table) {
    $lock->begin_work;
    $lock->do("LOCK TABLE $table IN ACCESS EXCLUSIVE MODE");
}

sub in_progress () {
    return $nginx->http->get('/status')->json->{login}{in_progress};
}

# Sends attempts, waits for the moment, and goes.
sub leave_when ($moment) {
    my @clients = map { $nginx->http->connect } 1 .. $TRIES;
    $_->send_raw($_->request_bytes('POST', '/v1/login',
        json => { identifier => $pupil->{login}, password => 'not it' }))
        for @clients;
    wait_until(60, 'the moment to leave', $moment);
    $_->reset for @clients;
    wait_until(60, 'they have gone', sub {
        in_progress() == 0 && !$nginx->http->get('/status')
            ->json->{database_keys}{in_flight} });
}

for my $stage (['reserved', 'pupil.login_throttle'],
               ['looked for', 'pupil.blind_index'], ['hashed', undef])
{
    my ($name, $table) = @$stage;
    $db->do('DELETE FROM pupil.login_throttle');
    my $before = all_recorded();
    my $known = recorded();

    hold($table) if $table;
    leave_when($table ? sub { in_progress() == $TRIES && waiting() }
                      : sub { counted() == $TRIES && sleep 0.3 });
    $lock->rollback if $table;

    wait_until(60, "$name: counted", sub { counted() == $TRIES });
    ok eval { wait_until(60, '', sub {
        all_recorded() - $before == $TRIES }); 1 },
        "$name: each attempt that counts is on record"
        or diag all_recorded() - $before, " of $TRIES";
    is recorded() - $known, $table ? 0 : $TRIES,
        "$name: with whom it was about, when that was known";
}

# Whoever was throttled has not been counted, and is not recorded as a failure.
my $before = all_recorded();
$db->do("UPDATE pupil.login_throttle SET not_before = now() + interval '1 h'");
hold('pupil.login_throttle');
leave_when(sub { waiting() });
$lock->rollback;
is $nginx->http->login($pupil->{login}, 'not it')->status, 429, 'throttled';
is all_recorded(), $before, 'a throttled attempt is no failure';

done_testing;
