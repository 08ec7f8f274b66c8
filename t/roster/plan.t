#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# A plan says who would join, leave, move, be renamed or change roles, and
# writes nothing; its application writes just that, or nothing where the roster
# or what is stored has changed since.

use lib 't/lib';
use Pupil::Test;
use Pupil::Roster;
use JSON::XS ();

my $site = pupil_up;
my ($db, $keys) = ($site->db, $site->keystore);
my %case = (format => 'oneroster');
my $all = root_dir() . '/t/roster/cases/oneroster';
my ($users, $in) = map { slurp("$all/$_") } 'users.csv', 'enrollments.csv';

sub import ($folder, @options) {
    my $run = $site->ctl('import', 'oneroster', $folder, '--json',
                         '--close-absent', @options, $site->ctl_where);
    return { %$run, json => eval { JSON::XS::decode_json($run->{out}) } // {} };
}

sub planned ($folder, @options) { import($folder, '--plan', @options) }
sub id ($run) { $run->{json}{apply} // 'none' }

# Kinds of changes that there are, and how many.
sub changes ($run) {
    my $changes = $run->{json}{changes} // {};
    return { map { ($_ => $changes->{$_}) } grep { $changes->{$_} }
             keys %$changes };
}

# All that an import writes, but records.
sub stored {
    return join ' ', map { my $table = $_; map { $_->selectrow_array(
            "SELECT md5(coalesce(string_agg(t::text, '' ORDER BY t::text), ''))"
            . " FROM $table AS t") } $table =~ /^keystore/ ? $keys : $db }
        map({ "pupil.$_" } qw(owner subject institution class role enrolment
                              blind_index imported closed)),
        map({ "data.$_" } qw(identity credential contact)),
        'keystore.owner_key', 'keystore.floor';
}

sub folder (%change) {
    return roster_folder({ %case, name => 'plan' }, 1, %change);
}


# ---- a first roster

my $before = stored();
my $run = planned(folder());
is $run->{code}, 0, 'a plan';
like id($run), qr/^[0-9a-f]{16}$/, 'has an id';
is_deeply changes($run), { joins => 14 }, 'who joins';
is_deeply [map { $_->{joins} } @{ $run->{json}{schools} }], [14, 0],
    'by school';
is stored(), $before, 'and nothing is written';
like $site->ctl('import', 'oneroster', folder(), '--close-absent', '--plan',
                $site->ctl_where)->{out},
    qr/^Plan @{[id($run)]}: nothing was changed\.\n  14 join$/m,
    'which its text says, of the same plan';

my $first = id($run);
$run = import(folder('users.csv' => $users =~ s/Alva/Alma/r),
              '--apply', $first);
is $run->{code}, 3, 'another roster is not applied';
like $run->{err}, qr/is not that plan/, 'and why';
is stored(), $before, 'nor written';
$run = import(folder(), '--apply', $first);
is $run->{code}, 0, 'the plan is' or diag $run->{err};
is $run->{json}{users}{taken}, 14, 'as it was';
is import(folder(), '--apply', $first)->{code}, 3, 'and once';
is_deeply changes(planned(folder())), {}, 'then nothing changes';


# ---- what there may be of changes

my %who = map { ($_ => Pupil::Roster::id_of($site, "pupil$_")) } 1 .. 12;
my ($some, $rest) = ($users, $in);
$some =~ s/^p1,.*\n//m, $rest =~ s/^e-p1,.*\n//m;          # leaves
$some =~ s/Björn/Birk/;                                    # renamed
$some =~ s/pupil3,,/other3,,/;                             # a log-in name
$some =~ s/^(p4,,,true,)o1/$1o2/m, $rest =~ s/^e-p4,.*\n//m;    # a school
$some =~ s/^(p5,,,true,o1,)student/$1teacher/m;            # a role
$rest =~ s/^e-p5,.*\n//m;
$rest =~ s/^(e-p6,,,)c1/$1c2/m;                            # a class
$some .= "p13,,,true,o2,student,pupil13,,Ny,Elev,,,,,,,,\n";    # joins
my @changed = ('users.csv' => $some, 'enrollments.csv' => $rest);

$before = stored();
$run = planned(folder(@changed));
is $run->{code}, 3, 'as much changes it is held';
my @yes = ('--accept', $run->{json}{plan} // 'none');
$run = planned(folder(@changed), @yes);
is $run->{code}, 0, 'until that is accepted';
is_deeply changes($run), { joins => 1, leaves => 1, renamed => 1, logins => 1,
    schools => 1, roles => 1, classes => 3 }, 'each kind, by its number';
is_deeply $run->{json}{people}, { leaves => [$who{1}], renamed => [$who{2}],
    logins => [$who{3}], schools => [$who{4}], roles => [$who{5}],
    classes => [@who{4, 5, 6}], returns => [] }, 'and whom, by pseudonyms';
is_deeply [map { [@$_{qw(joins leaves comes goes)}] }
           @{ $run->{json}{schools} }], [[0, 1, 0, 1], [1, 0, 1, 0]],
    'by school';
unlike "$run->{out}$run->{err}", qr/Birk|Björn|Elev|other3/, 'without a name';
is stored(), $before, 'nothing is written';

my $plan = id($run);
$site->ctl_ok('subject', 'restrict', $who{9}, $site->ctl_where);
$before = stored();
$run = import(folder(@changed), @yes, '--apply', $plan);
is $run->{code}, 3, 'what is stored has changed';
is stored(), $before, 'so nothing is written';
$site->ctl_ok('subject', 'unrestrict', $who{9}, $site->ctl_where);
is id(planned(folder(@changed), @yes)), $plan, 'as it was it is the same plan';
is import(folder(@changed), @yes, '--apply', $plan)->{code}, 0,
    'and is applied';
is Pupil::Roster::person($site, 'pupil6'), 'pupil 1, in pupil 1', 'who moved';
is Pupil::Roster::person($site, 'pupil1'), 'no role', 'who left';


# ---- the next year is a move

$run = import(folder());
$run = import(folder(), '--accept', $run->{json}{plan}) if $run->{code} == 3;
is $run->{code}, 0, 'the first roster again';
my $next = roster_folder({ %case, name => '65-year-rollover' }, 2);
$run = planned($next);
is $run->{code}, 3, 'it is held' or diag $run->{err};
$run = planned($next, '--accept', $run->{json}{plan} // 'none');
is $run->{code}, 0, 'until that is accepted';
is_deeply changes($run)->{classes}, 13, 'all move to another class';
is changes($run)->{$_}, undef, "none: $_" for qw(joins leaves);

done_testing;
