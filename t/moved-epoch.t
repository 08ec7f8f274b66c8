#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# An epoch of the key file that wraps the key of a tenant which was moved: `key
# rotate` gives that no new version, as nothing of it goes on record any more, so
# `key retire` says what does: the end of the tenant.

use lib 't/lib';
use Pupil::Test;
use JSON::XS ();

my $site = pupil_up;
my ($dir, @where) = (tmp_dir(), $site->ctl_where);
mkdir "$dir/checkpoints" or die "$dir: $!\n";
my $gone = JSON::XS::decode_json($site->ctl_ok('tenant', 'add', 'Town', '--json',
    $site->ctl_databases)->{out})->{tenant};
my $there = bless { %$site, tenant => $gone }, ref $site;
$site->ctl_ok('erasure', 'key', '--key', $site->key);

# Until all of its log is sealed.
sub ended (@words) {
    my $run;
    for (1 .. 4) {
        $run = $there->ctl('tenant', @words, '--ledger', "$dir/ledger",
                           $there->ctl_where);
        last if !$run->{code};
        $site->ctl('audit', 'seal', '--checkpoints', "$dir/checkpoints",
                   $site->ctl_databases);
    }
    is $run->{code}, 0, "tenant $words[0]" or diag $run->{err};
}

ended('moved', 'Town', '--to', 'eu2.example');
$site->ctl_ok('key', $_, @where) for qw(generate register);
my $run = $site->ctl('key', 'retire', 1, @where);
like $run->{err}, qr/2 keys .* epoch 1: run pupilctl key rotate first/,
    'two tenants have a key of the old epoch';
$site->ctl_ok('key', 'rotate', @where);
$run = $site->ctl('key', 'retire', 1, @where);
is $run->{code}, 1, 'that of one is left';
like $run->{err}, qr/1 key .*; 1 tenant was moved.*pupilctl tenant offboard/,
    'and what does away with it is said';

ended('offboard', 'Town');
$run = $site->ctl('key', 'retire', 1, @where);
is $run->{code}, 0, 'then the epoch is retired' or diag $run->{err};

done_testing;
