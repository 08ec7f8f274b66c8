#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# The quick start's web app where the gateway asks for a proof of who somebody
# is (pupil_step_up), in a real browser: it asks them, and does not say that
# they are logged out while their session lives.

use lib 't/lib';
use Pupil::Test;
use Pupil::Clock;
use Pupil::Web;

my $site = pupil_up(import => 1);
my $clock = Pupil::Clock->new->of_all($site->pg);
my $web = Pupil::Web->up(site => $site, locations => { data => undef },
    server => "location /v1/data/ { pupil_data; pupil_step_up teacher=1m; }\n");

# The browser's is its own.
delete @ENV{qw(LD_PRELOAD PUPIL_CLOCK)};
my @checks = $web->browse('proof.mjs', 200, { clock => $clock->{file},
    teacher => $web->person('CBeane') });
cmp_ok scalar(@checks), '>=', 10, 'to the end: ' . @checks . ' checks';
ok $_->{ok}, $_->{name} or diag $_->{detail} for @checks;

done_testing;
