#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# pupil_session_limit: whoever logs in once more than that is logged out where
# they logged in first, for good and on record, however many log in at once.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

use constant LIMIT => 3;

my $day = Pupil::Day->up(workers => 2, start => 0,
    conf => { pupil_session_limit => LIMIT });
my ($db, $nginx) = ($day->db, $day->nginx);
is $nginx->test->{code}, 0, 'a limit can be set' or do { done_testing; exit };
$nginx->start;
$day->ready;
my %id = map { $_ => $day->person($_)->{id} } qw(pupil classmate);

sub login ($who) {
    my $http = $nginx->http;
    my $res = $http->enter(@{ $day->person($who) }{qw(login password)});
    die $res->text if $res->status != 200;
    return wantarray ? ($http, $res) : $http;
}

sub is_in ($http) { $http->get('/v1/session')->status == 200 }

sub of ($who) {
    return $db->selectrow_array('SELECT count(*) FROM pupil.session WHERE'
                                . ' subject = ?', {}, $id{$who});
}

# Category, operation and outcome of what is on record, but of the log-in.
sub recorded ($res) {
    return join ', ', map { join ' ', @$_ } @{ $db->selectall_arrayref(
        'SELECT category, operation, outcome FROM pupil.audit_event'
        . " WHERE request = ? AND category = 'session'", {},
        $res->request_id) };
}


# ---- one more

my $other = login('classmate');
my @first = map { scalar login('pupil') } 1 .. LIMIT;
ok is_in($_), 'as many as may be' for @first;
my $before = $day->rows_of('pupil.session', $id{pupil});

my ($more, $res) = login('pupil');
ok !is_in($first[0]), 'one more: the oldest ends';
ok is_in($_), 'one more: the others live' for @first[1 .. $#first], $more;
is recorded($res), 'session write allowed', 'one more: on record';
is of('pupil'), LIMIT, 'one more: as many as may be';
ok is_in($other), 'one more: of nobody else';

$day->put_back($before);
my $cookie = $first[0]->cookies->{'__Host-pupil'};
is $nginx->http->get('/v1/session', header => { Cookie =>
    "__Host-pupil=$cookie" })->status, 401, 'it stays ended when put back';


# ---- at once

my @clients = map { $nginx->http } 1 .. 5;
my %who = %{ $day->person('classmate') };
$_->send_raw($_->request_bytes(POST => '/v1/login', json => {
    identifier => $who{login}, password => $who{password} })) for @clients;
my @answers = map { $_->read_response('POST') } @clients;
is join(' ', map { $_->status } @answers), join(' ', (200) x @clients),
    'at once: all log in';
is of('classmate'), LIMIT, 'at once: as many as may be are left';
ok !is_in($other), 'at once: whoever was first is out';


# ---- those whose time is over count for nothing

$db->do('DELETE FROM pupil.session');
my @over = $day->sessions($id{pupil}, n => LIMIT, created => -3 * 3600,
                          seen => -3 * 3600);
my ($old) = $day->sessions($id{pupil}, created => -4 * 3600, seen => -60);
login('pupil') for 1 .. LIMIT - 1;
is $nginx->http->get('/v1/session', header => { Cookie =>
    "__Host-pupil=$old" })->status, 200, 'nobody is out for what has ended';

done_testing;
