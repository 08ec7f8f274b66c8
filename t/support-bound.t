#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# Somebody lets support in five times at most, also where they ask for many at
# the same moment, from several connections and at both workers.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;
use Pupil::Support;

use constant MOST => 5;

my $s = Pupil::Support->up(workers => 2);
my $day = $s->day;
my ($nginx, $http) = ($day->nginx, $day->as('pupil'));

my @many = map {
    my $other = $nginx->http;
    $other->{cookies} = { %{ $http->cookies } };
    $other->csrf($http->csrf);
    $other->connect;
    $other;
} 1 .. 40;
$_->send_raw($_->request_bytes(POST => '/v1/me/support-grants', json => {}))
    for @many;
my @status = map { $_->read_response('POST')->status } @many;
is scalar(grep { $_ == 201 } @status), MOST, 'of forty at once five are made';
is $day->db->selectrow_array('SELECT count(*) FROM pupil.support_grant'), MOST,
    'and there are five';

done_testing;
