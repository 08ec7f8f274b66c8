#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# The application of a plan that is killed, at any step, is taken up by the same
# command: what it has written already is no change since, and what others have
# changed meanwhile is.  A plan whose making is killed is none.

use lib 't/lib';
use Pupil::Test;
use Pupil::Killed;
use Pupil::Roster;
use JSON::XS ();

my $site = pupil_up;
my ($db, $keys) = ($site->db, $site->keystore);
my %case = (format => 'oneroster', name => 'plan-killed');
my $all = root_dir() . '/t/roster/cases/oneroster';
my ($users, $in) = map { slurp("$all/$_") } 'users.csv', 'enrollments.csv';

sub said ($run) { eval { JSON::XS::decode_json($run->{out}) } // {} }
sub changes ($run) {
    my $changes = said($run)->{changes} // {};
    return { map { ($_ => $changes->{$_}) } grep { $changes->{$_} }
             keys %$changes };
}

my @import = ('import', 'oneroster', roster_folder(\%case, 1), '--json',
              '--close-absent', $site->ctl_where);
is $site->ctl(@import)->{code}, 0, 'a roster is taken';
my %who = map { ($_ => Pupil::Roster::id_of($site, "pupil$_")) } 1 .. 12;

my ($some, $rest) = ($users, $in);
$some =~ s/^p1,.*\n//m, $rest =~ s/^e-p1,.*\n//m;          # leaves
$some =~ s/Björn/Birk/;                                    # renamed
$some =~ s/^(p5,,,true,o1,)student/$1teacher/m;            # a role
$rest =~ s/^e-p5,.*\n//m;
$rest =~ s/^(e-p6,,,)c1/$1c2/m;                            # a class
$some =~ s/pupil7,,/swap7,,/;                              # a swap of names
$some =~ s/pupil8,,/pupil7,,/;
$some =~ s/swap7,,/pupil8,,/;
$some .= "p13,,,true,o2,student,pupil1,,Ny,Elev,,,,,,,,\n";     # joins
my @change = ('import', 'oneroster', roster_folder(\%case, 1,
              'users.csv' => $some, 'enrollments.csv' => $rest),
              '--json', '--close-absent', $site->ctl_where);


# ---- while it is made

for (['the key store', pupil_keys => 'LOCK TABLE keystore.import_plan IN SHARE'
        . ' MODE'], ['a part', pupil => 'LOCK TABLE pupil.import_part IN SHARE'
        . ' MODE'], ['its note', pupil => 'LOCK TABLE pupil.import_plan IN'
        . ' SHARE MODE'])
{
    my ($name, @held) = @$_;
    ok killed_at($site, \@held, @change), "a plan is killed at $name";
}
is $keys->selectrow_array('SELECT count(*) FROM keystore.import_plan WHERE'
    . ' plan IS NOT NULL'), 0, 'which is none';
$site->ctl_ok('work', $site->ctl_where);
is $db->selectrow_array('SELECT count(*) FROM pupil.import_part'), 0,
    'and of which work leaves nothing';
is $keys->selectrow_array('SELECT count(*) FROM keystore.import_plan'), 0,
    'nor a key';


# ---- while it is applied

my $held = $site->ctl(@change);
is $held->{code}, 3, 'a roster is held';
my $plan = said($held)->{plan} // 'none';
my @apply = ('import', 'apply', $plan, '--json', $site->ctl_where);

my @STEPS = (
    ['the run', pupil_keys => 'LOCK TABLE keystore.import_run IN SHARE MODE'],
    ['a log-in name', pupil => 'LOCK TABLE pupil.blind_index IN SHARE MODE'],
    ['a name', pupil => 'LOCK TABLE data.identity IN SHARE MODE'],
    ['a role', pupil => 'LOCK TABLE pupil.role IN SHARE MODE'],
    ['a revocation', pupil => 'LOCK TABLE pupil.revocation IN SHARE MODE'],
    ['an account', pupil => 'LOCK TABLE pupil.closed IN SHARE MODE'],
    ['its end', pupil => 'LOCK TABLE pupil.import_part IN SHARE MODE'],
);
for my $step (@STEPS) {
    my ($name, @lock) = @$step;
    ok killed_at($site, \@lock, @apply), "its application is killed at $name"
        or last;
    next if $name ne 'a role';

    # meanwhile
    $site->ctl_ok('subject', 'restrict', $_, $site->ctl_where)
        for @who{2, 9};
    my $run = $site->ctl(@apply);
    is $run->{code}, 3, 'what others have changed meanwhile';
    is_deeply [map { $_->{id} } @{ said($run)->{changed} }], [$who{9}],
        'is said, of whom it has not changed itself';
    $site->ctl_ok('subject', 'unrestrict', $_, $site->ctl_where)
        for @who{2, 9};
}
my $run = $site->ctl(@apply);
is $run->{code}, 1, 'what was killed at its very end';
like $run->{err}, qr/plan $plan was applied/, 'was applied';
is $db->selectrow_array('SELECT count(*) FROM pupil.import_plan WHERE plan = ?'
    . " AND kind = 'plan'", {}, $plan), 1, 'its note is there still';
$site->ctl_ok('work', $site->ctl_where);
is $db->selectrow_array('SELECT count(*) FROM pupil.import_part'), 0,
    'and work deletes what is left of it';

$run = $site->ctl(@change, '--plan');
is $run->{code}, 0, 'nothing is held any more' or diag $run->{err};
is_deeply changes($run), {}, 'as all of it is done';
is Pupil::Roster::person($site, 'pupil5'), 'teacher 1', 'a role';
is Pupil::Roster::person($site, 'pupil6'), 'pupil 1, in pupil 1', 'a class';
isnt Pupil::Roster::id_of($site, 'pupil1'), $who{1}, 'who left';
is Pupil::Roster::id_of($site, 'pupil8'), $who{7}, 'a swap of names';

done_testing;
