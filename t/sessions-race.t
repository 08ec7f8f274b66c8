#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# /v1/me/sessions: whoever has somebody else's session cannot keep it by taking
# another role, and so another token, while all others are ended.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

my $day = Pupil::Day->up(workers => 2);
my ($site, $db, $nginx) = ($day->site, $day->db, $day->nginx);
my $teacher = $day->person('teacher');
my $lock = $site->keys_pg->connect('pupil_keys');
my $school = $db->selectrow_array('SELECT institution FROM pupil.role WHERE'
    . ' subject = ?', {}, $teacher->{id});

sub login () {
    my $http = $nginx->http;
    my $res = $http->enter(@$teacher{qw(login password)});
    die $res->text if $res->status != 200;
    return $http;
}

sub count () {
    return $db->selectrow_array('SELECT count(*) FROM pupil.session WHERE'
        . ' subject = ?', {}, $teacher->{id});
}

sub hashes () {
    return join ' ', @{ $db->selectcol_arrayref("SELECT encode(token_hash,"
        . " 'hex') FROM pupil.session WHERE subject = ? ORDER BY 1", {},
        $teacher->{id}) };
}

# Backends of workers that wait for our lock.
sub waits () {
    return $lock->selectrow_array('SELECT count(*) FROM pg_stat_activity WHERE'
        . " usename = 'pupil_keeper' AND wait_event_type = 'Lock'");
}

# While what is to be ended is known, and has not ended.  Whoever waits for the
# key store for too long has an answer that says so: then once more.
sub race () {
    my ($mine, $stolen) = (login(), login());
    my $fresh = $nginx->http->connect;
    my $before = hashes();

    $lock->begin_work;
    $lock->do('LOCK TABLE keystore.ended IN ACCESS EXCLUSIVE MODE');
    $mine->send_raw($mine->request_bytes(DELETE => '/v1/me/sessions'));
    wait_until(60, 'the list to be read', sub { waits() });
    $stolen->send_raw($stolen->request_bytes(POST => '/v1/session/institution',
        json => { institution_id => $school }));
    wait_until(60, 'another token', sub { hashes() ne $before });
    $lock->commit;

    my $ended = $mine->read_response('DELETE');
    my $switched = $stolen->read_response('POST');
    $stolen->learn($switched);
    return if $ended->status != 204 || $switched->status != 200;
    return ($mine, $stolen);
}

my ($mine, $stolen);
for my $try (1 .. 20) {
    ($mine, $stolen) = eval { race() };
    last if $mine;
    eval { $lock->rollback };
    $db->do('DELETE FROM pupil.session');
}
ok $mine, 'somebody takes another token while all others are ended';
is $stolen->get('/v1/session')->status, 401, 'it is dead' if $stolen;
is $mine->get('/v1/session')->status, 200, 'who asked lives' if $mine;
is count(), 1, 'and nothing else is left';

done_testing;
