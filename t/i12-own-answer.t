#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I12: an answer belongs to the request that asked.  A man in the middle swaps
# the answers of two requests, changes a nonce, takes rows away: no byte of
# them is used, the connection is dropped, and all is well again.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;
use Pupil::PgProxy;

my $site = pupil_up(import => 1);
my $proxy = Pupil::PgProxy->new($site->pg);
my $day = Pupil::Day->up(site => $site, start => 0,
    conf => { pupil_database => '"' . $site->gateway('pupil',
        host => '127.0.0.1', port => $proxy->port, sslmode => 'disable')
        . '"', pupil_session_zone => undef,
        pupil_pool => 'data connections=1 depth=8' });
my $nginx = $day->nginx;
$nginx->start;
$day->ready->all_here;

sub alerts { scalar(() = $nginx->log_text
    =~ /\[alert\].*pupil: the answer to statement "[\w ]+" on "data" does not/g) }

sub mismatches {
    my $body = $nginx->http->get('/status')->body;
    return $body =~ /"mismatches":\s*(\d+)/ ? $1 : $body;
}

sub again ($what) {
    wait_until(60, 'to be served', sub {
        $nginx->http->get('/status/ready')->status == 200
    });
    my $res = $day->pupil->get('/v1/data/identity');
    is $res->status, 200, "$what: served again";
    like $res->body, qr/Klein/, "$what: with what was asked for";
}

# What a request asks first.
my $first = qr/pupil\.session|data\.(?:identity|progress)/;

# Rows, in which the pupil and the classmate find their own names.
my %name = (pupil => qr/Klein/, classmate => qr/McMillan/);
my @pair = sort keys %name;
for my $who (@pair) {
    like $day->as($who)->get('/v1/data/identity')->body, $name{$who},
        "$who sees the own name";
}


# ---- the answers of two requests change places

for my $round (1 .. 2) {
    my $before = alerts();
    $proxy->next_one(swap => $first);
    $_->send_raw($_->request_bytes(GET => '/v1/data/identity'))
        for map { $day->as($_) } @pair;
    my %res = map { $_ => $day->as($_)->read_response } @pair;
    ok $proxy->done, 'two answers in flight have changed places';
    for my $who (@pair) {
        my $res = $res{$who};
        is_problem $res, 503, 'unavailable',
            name => "$who gets no answer, rather than another's",
            body_lacks => [qw(Klein McMillan Ora Beulah)];
    }
    is alerts(), $before + 1, 'the mismatch is an alert';
    $nginx->allow_log(qr/answer to statement "[\w ]+" on "data" does not carry/);
    again("round $round");
}


# ---- one bit of a nonce, and no rows at all

for my $mode ('nonce', 'rows') {
    my $before = alerts();
    $proxy->next_one($mode => $first);
    my $res = $day->pupil->get('/v1/data/identity');
    ok $proxy->done, "$mode: it happened";
    is_problem $res, 503, 'unavailable', name => "$mode: no answer";
    is alerts(), $before + 1, "$mode: an alert";
    again($mode);
}
is mismatches(), 4, 'they are counted';


# ---- a submission whose answer was lost is not stored twice

$day->work;
my $body = $day->answer($day->homework, 1);
$proxy->next_one(nonce => $first);
my $res = $day->pupil->post('/v1/progress', json => $body);
isnt $res->status, 201, 'a write whose answer is not believed';
again('after it');
my $count = $site->db->selectrow_array('SELECT count(*) FROM data.progress'
    . ' WHERE record = ?', {}, $body->{id});
$res = $day->pupil->post('/v1/progress', json => $body);
is $res->status, $count ? 200 : 201, 'sent again, it is stored';
is $site->db->selectrow_array('SELECT count(*) FROM data.progress'
    . ' WHERE record = ?', {}, $body->{id}), 1, 'once';

$proxy->stop;
done_testing;
