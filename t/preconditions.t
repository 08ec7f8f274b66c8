#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# RFC 9110 section 13: our answers have no validators, so preconditions are not
# evaluated on them; least of all after the work is done.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

my $day = Pupil::Day->up;
$day->work;
my $past = 'Sat, 01 Jan 2000 00:00:00 GMT';
my @conditions = (['If-Match' => '"x"'], ['If-Unmodified-Since' => $past],
                  ['If-None-Match' => '*'], ['If-Modified-Since' => $past],
                  ['Range' => 'bytes=0-1']);

for my $condition (@conditions) {
    my %header = (header => { @$condition });
    my ($name) = @$condition;

    is_status $day->pupil->get('/v1/homework', %header), 200,
        "$name: a list";
    is_status $day->pupil->post('/v1/progress', %header,
        json => $day->answer($day->homework, 0)), 201, "$name: a submission";
    is_status $day->teacher->post('/v1/homework', %header,
        json => $day->body), 201, "$name: homework";
    is_status $day->pupil->patch('/v1/data/example', %header,
        json => $day->preference), 200, "$name: a preference";
}

done_testing;
