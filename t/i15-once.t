#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I15: a client may send any submission again, any number of times: it is
# stored once, and the replay looks like success.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

my $day = Pupil::Day->up(workers => 2);
my $homework = $day->assign;
my $pupil = $day->pupil;

sub rows (@ids) {
    return $day->db->selectrow_array('SELECT count(*) FROM data.progress'
        . ' WHERE record = ANY (?::uuid[])', {},
        '{' . join(',', @ids) . '}');
}

# ---- one

my $one = $day->answer($homework, 0, score => { raw => 7, max => 10 },
                       duration => 'PT34S', success => \1);
my $first = $pupil->post('/v1/progress', json => $one);
is $first->status, 201, 'stored';
for my $n (1 .. 3) {
    my $res = $pupil->post('/v1/progress', json => $one);
    is $res->status, 200, "sent again ($n)";
    is_deeply $res->json, { %{ $first->json }, status => 'replayed' },
        'the replay looks like success';
}
is rows($one->{id}), 1, 'stored once';
is_problem $pupil->post('/v1/progress', json => { %$one, answer => 'no' }),
    409, 'id-conflict', name => 'other content is none';
is $pupil->post('/v1/progress', json => $one)->status, 200,
    'the conflict has changed nothing';

# Again as somebody else: ids of others are never compared.
is $day->classmate->post('/v1/progress', json => $one)->status, 201,
    'the same id of somebody else is another submission';
is rows($one->{id}), 2, 'each has one';

# The same value written otherwise is the same bytes or is not: never both.
my $text = json_of($one);
is $pupil->post('/v1/progress', body => " $text\n")->status, 200,
    'white space around it makes no other submission';


# ---- many

my @some = map { $day->answer($homework, $_ % 2) } 1 .. 5;
my $res = $pupil->post('/v1/progress', json => \@some);
sub states ($res) {
    return join ' ', map { $_->{status} } @{ $res->json->{results} };
}
is states($res), join(' ', ('stored') x 5), 'five at once';
is states($pupil->post('/v1/progress', json => \@some)),
    join(' ', ('replayed') x 5), 'again';
is states($pupil->post('/v1/progress', json => [@some[1, 1],
    $day->answer($homework, 0), $some[0], { %{ $some[2] }, answer => 1 }])),
    'replayed replayed stored replayed conflict', 'some old, some new';
my $twice = $day->answer($homework, 1);
is states($pupil->post('/v1/progress', json => [$twice, $twice])),
    'stored replayed', 'twice in one array';
is rows($twice->{id}, map { $_->{id} } @some), 6, 'each stored once';


# ---- at the same time

for my $round (1 .. 5) {
    my $body = $day->answer($homework, 0);
    my @clients = map {
        my $http = $day->nginx->http;
        $http->{cookies} = { %{ $pupil->cookies } };
        $http->csrf($pupil->csrf);
        $http->connect;
    } 1 .. 8;
    my $many = $round % 2 ? $body : [$day->answer($homework, 1), $body];
    $_->send_raw($_->request_bytes(POST => '/v1/progress', json => $many))
        for @clients;
    my @res = map { $_->read_response } @clients;
    my %count;
    if ($round % 2) {
        $count{ $_->status }++ for @res;
        is_deeply \%count, { 201 => 1, 200 => 7 },
            "eight at once ($round): one stores it, all succeed";
    } else {
        $count{ states($_) }++ for @res;
        is_deeply \%count, { 'stored stored' => 1, 'replayed replayed' => 7 },
            "eight arrays at once ($round)";
    }
    is rows($body->{id}), 1, 'stored once';
}

# Pipelined on one connection.
my $piped = $day->answer($homework, 0);
is join(' ', map { $_->status } $pupil->pipeline(
    map { [POST => '/v1/progress', json => $piped] } 1 .. 4)),
    '201 200 200 200', 'four in a pipeline';


# ---- a client that never heard

my $unheard = $day->answer($homework, 1);
my $gone = $day->nginx->http;
$gone->{cookies} = { %{ $pupil->cookies } };
$gone->csrf($pupil->csrf);
$gone->send_raw($gone->request_bytes(POST => '/v1/progress',
                                     json => $unheard));
$gone->reset;
wait_until(60, 'it to be dealt with', sub {
    $res = $pupil->post('/v1/progress', json => $unheard);
    $res->status == 200 || $res->status == 201
});
is rows($unheard->{id}), 1, 'a client that went sends again: once';


# ---- after the end

is $day->teacher->delete("/v1/homework/$homework->{id}")->status, 204,
    'the homework is taken back';
is $pupil->post('/v1/progress', json => $one)->status, 200,
    'a replay succeeds after it';
is states($pupil->post('/v1/progress', json => [@some[0, 1],
    $day->answer($homework, 0)])), 'replayed replayed refused',
    'in an array too; what is new is refused';
is_problem $pupil->post('/v1/progress', json => $day->answer($homework, 0)),
    404, 'not-found', name => 'as it is alone';
is_problem $pupil->post('/v1/progress', json => { %$one, answer => 'no' }),
    409, 'id-conflict', name => 'and other content stays a conflict';

my $next = $day->assign;
my $last = $day->answer($next, 0);
is $pupil->post('/v1/progress', json => $last)->status, 201,
    'another homework';
$day->end_enrolment($day->person('pupil')->{id}, $day->class_id);
is $pupil->post('/v1/progress', json => $last)->status, 200,
    'a replay succeeds after the pupil has left the class';
is $pupil->post('/v1/progress', json => $one)->status, 200, 'older ones too';
is_problem $pupil->post('/v1/progress', json => $day->answer($next, 1)),
    404, 'not-found', name => 'what is new is not assigned to them';
is rows($last->{id}), 1, 'stored once';

# It looks like success in the log, too.
is_deeply $day->outcomes($pupil->post('/v1/progress', json => $last)),
    ['allowed'], 'and is on record as allowed';

done_testing;
