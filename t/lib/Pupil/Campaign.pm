package Pupil::Campaign;

# Copyright (C) the Pupil authors
#
# A test that goes over many points takes some of them in make test, the same
# ones each time, and all with PUPIL_CAMPAIGN=1, as by make test-campaigns:
#
#     for my $step (one_in(2, 0, @STEPS)) { ... }

use v5.36;

use Exporter qw(import);
use Test::More ();

our @EXPORT = qw(one_in);

# One in so many of them, from this one on.
sub one_in ($many, $from, @all) {
    return @all if $ENV{PUPIL_CAMPAIGN};
    my @some = @all[grep { $_ % $many == $from } keys @all];
    Test::More::note(@some . ' of ' . @all . ' points');
    return @some;
}

1;
