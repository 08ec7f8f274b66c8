#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# t/bench/roster in miniature, so that it cannot rot: one school.  Its figures
# mean nothing; what is checked is that each is there, and that what it measures
# was done.

use lib 't/lib';
use Pupil::Test;
use JSON::XS ();

plan(skip_all => 'a bench is of the build that ships, not of a sanitized one')
    if $ENV{PUPIL_SANITIZE};

my ($out, $result) = map { tmp_dir() . "/roster.$_" } qw(md json);
my $run = run_cmd(root_dir() . '/t/bench/roster', '--users', 300, '--out',
                  $out, '--result', $result, { timeout => 600 });
is $run->{code}, 0, 't/bench/roster' or diag $run->{err};

my $got = JSON::XS::decode_json(slurp($result));
is_deeply [map { $_->{name} } @{ $got->{steps} }],
    [qw(limit import unchanged plan apply undo)], 'each step is there';
cmp_ok $_->{wall} * $_->{rss}, '>', 0, "$_->{name}: time and memory"
    for @{ $got->{steps} };
is $got->{counts}{0}{enrolments}, $got->{counts}{1}{enrolments},
    'two years of one size';

my $text = slurp($out);
like $text, qr{^\| the same again (?:\| [0-9.]+ ){5}\|$}m, 'a step is a row';
unlike $text, qr/aim/, 'and of a small one no aim is said to be met';
$got->{counts}{0}{users} = 200_000;
spew($result, JSON::XS::encode_json($got));
$run = run_cmd(root_dir() . '/t/bench/roster', '--from', $result, '--out',
               $out);
is $run->{code}, 0, 'the page again' or diag $run->{err};
like slurp($out), qr/^\| rollover, s \| 150 \| [0-9.]+ \| (?:not )?met \|$/m,
    'of a large one each';

done_testing;
