#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I1: an attempt to log in that counts is on record also when the request is
# past its deadline, and lives on because its client takes no answer (HTTP/2, a
# window of 0) while what it waited for ends.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;
use Pupil::HTTP2;
use JSON::XS qw(encode_json);
use Time::HiRes qw(sleep);

use constant TRIES => 4;

my $day = Pupil::Day->up(conf => {
    pupil_pool => 'data statement_timeout=50s',
    pupil_request_timeout => '300ms' });
my ($db, $nginx) = ($day->db, $day->nginx);
my $lock = $day->site->pg->connect('pupil');
my $body = encode_json({ identifier => $day->person('pupil')->{login},
                         password => 'not it' });
my @fields = (':method' => 'POST', ':scheme' => 'https',
              ':path' => '/v1/login', ':authority' => 'localhost',
              'content-type' => 'application/json');

sub counted () {
    return $db->selectrow_array('SELECT coalesce(max(failures), 0)'
                                . ' FROM pupil.login_throttle');
}

sub recorded () {
    return $db->selectrow_array('SELECT count(*) FROM pupil.audit_record'
                                . " WHERE outcome = 'refused'");
}

sub late () { $nginx->http->get('/status')->json->{refused}{late} }

for my $table ('pupil.login_throttle', 'pupil.blind_index') {
    $db->do('DELETE FROM pupil.login_throttle');
    my ($before, $were_late) = (recorded(), late());
    $lock->begin_work;
    $lock->do("LOCK TABLE $table IN ACCESS EXCLUSIVE MODE");
    my @clients = map {
        my $h2 = Pupil::HTTP2->new(port => $nginx->port, window => 0)->hello;
        $h2->headers(1, [@fields]);
        $h2->data(1, $body);
        $h2;
    } 1 .. TRIES;
    wait_until(60, 'all late', sub { late() == $were_late + TRIES });
    $lock->rollback;
    wait_until(60, 'counted', sub { counted() == TRIES });
    wait_until(60, 'the end of what was waited for', sub {
        !$nginx->http->get('/status')->json->{database_data}{in_flight} });
    $nginx->http->get('/v1/session') for 1 .. 20;   # uses its memory
    $_->reset_stream(1) for @clients;
    ok eval { wait_until(60, '', sub { recorded() == $before + TRIES }); 1 },
        "$table: each attempt is on record";
    sleep 0.5;
    is recorded(), $before + TRIES, "$table: once";
    $_->close for @clients;
}

done_testing;
