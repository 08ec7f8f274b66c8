#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# /status: how old what timers import is, of the source whose last good run was
# the longest ago, and how many rosters are held, of all tenants; only of what a
# timer imports.

use lib 't/lib';
use Pupil::Test;
use Pupil::Roster;
use JSON::XS ();

my $site = pupil_up;
my $db = $site->db;
my $nginx = $site->nginx->start;
my $case = { name => 'gauges', format => 'oneroster' };
my $from = roster_folder($case, 1);
my ($users, $in) = map { slurp("$from/$_") } 'users.csv', 'enrollments.csv';
my @schools = ($site, Pupil::Roster::tenant($site, 'gauges'));
my @from = map { tmp_dir() . "/from$_" } 0, 1;
my $HOURS = 5 * 3600;

# The roster that a tenant's timer finds.
sub roster ($n, %change) {
    unlink $from[$n];
    symlink roster_folder($case, 1, %change), $from[$n] or die "$!\n";
}
sub sync ($n, @options) {
    my $conf = spew(tmp_dir() . "/$n.conf", "source = skola\nkind = oneroster"
        . "\nfrom = $from[$n]\nclose-absent = yes\n");
    my $run = $schools[$n]->ctl('sync', $conf, '--json', @options,
                                $schools[$n]->ctl_where);
    $run->{json} = eval { JSON::XS::decode_json($run->{out}) } // {};
    return $run;
}
sub good ($n, $set) {
    $db->do("UPDATE pupil.source SET $set WHERE tenant = ? AND source ="
        . " 'skola'", {}, $schools[$n]->tenant);
}

# What it says of rosters, once that is so.
sub says ($name, $so) {
    my $last;
    ok eval { wait_until 30, $name, sub {
        $nginx->http->get('/status/ready');
        local $_ = $last = $nginx->http->get('/status')->json->{rosters};
        return $so->();
    } }, $name or diag(JSON::XS->new->allow_nonref->encode($last));
}
sub young { $_ && $_->{age_seconds} >= 0 && $_->{age_seconds} < $HOURS }
sub old { $_ && $_->{age_seconds} >= $HOURS
              && $_->{age_seconds} < 2 * $HOURS }


roster($_) for 0, 1;
is $site->ctl('import', 'oneroster', $from[0], '--source', 'skola',
              $site->ctl_where)->{code}, 0, 'a roster by hand';
good(0, "ended = 'held'");
says('nothing of it: no timer imports it', sub { !$_ });

is sync(1)->{code}, 0, 'one by a timer, of another tenant';
says('its age, and that it is not held',
     sub { young() && $_->{held} == 0 });

good(1, "good_at = now() - interval '5 hours'");
is sync(0)->{code}, 0, 'another one is younger';
says('the age of the oldest', sub { old() && $_->{held} == 0 });

$users =~ s/^p$_,.*\n//m, $in =~ s/^e-p$_,.*\n//m for 1 .. 7;
roster(0, 'users.csv' => $users, 'enrollments.csv' => $in);
my $run = sync(0);
is $run->{code}, 3, 'it is held';
says('which is counted', sub { old() && $_->{held} == 1 });

is sync(1)->{json}{unchanged}, 1, 'what is read again and is the same';
is sync(0, '--accept', $run->{json}{plan})->{code}, 0, 'what is accepted';
says('are good now', sub { young() && $_->{held} == 0 });

good(1, "good_at = NULL, synced = now() - interval '5 hours'");
says('one that was never good is as old as its timer', sub { old() });

is sync($_, '--end')->{code}, 0, 'no timer' for 0, 1;
says('nothing any more', sub { !$_ });

done_testing;
