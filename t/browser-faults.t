#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# The school web app in a real browser when things go wrong: what somebody wrote
# is not lost, and what somebody saw is not left for the next.

use lib 't/lib';
use Pupil::Test;
use Pupil::Web;

my $web = Pupil::Web->up;
my %person = map { $_->[0] => $web->person($_->[1]) }
    [teacher => 'CBeane'], [second => 'FFlowers'], [pupil => 'OKlein'];
my @checks = $web->browse('faults.mjs', 600, { %person,
    class_id => $web->class_of(@person{qw(teacher pupil)}) });
cmp_ok scalar(@checks), '>=', 32, 'to the end: ' . @checks . ' checks';
ok $_->{ok}, $_->{name} or diag $_->{detail} for @checks;

unlike $web->nginx->log_text . slurp($web->nginx->dir . '/access.log'),
    qr/zebrafinch/, 'no log holds a text';

done_testing;
