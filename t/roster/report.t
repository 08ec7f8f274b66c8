#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# What an import says: why it is held and what is refused of it, by file and
# line; one plan that may be accepted; no value of any file.

use lib 't/lib';
use Pupil::Test;
use Pupil::Roster;
use JSON::XS qw(decode_json);

my $site = pupil_up;
my @all = (live => [12, 1, 1, 12, 1]);

# The users of a roster, changed.
sub users ($change) {
    my $text = slurp(root_dir() . '/t/roster/cases/oneroster/users.csv');
    return 'users.csv' => join '', map { $change->($_) } split /^/, $text;
}

my $few = { name => 'few', is => 'half', format => 'oneroster' };
my $half = sub ($line) { $line =~ /^p(?:[1-8]),/ ? () : $line };

rosters($site,
    { name => '37-held-without-reason', is => 'refused rows are named', @all,
      steps => [[1], [1]], code => 3,
      with => { users(sub ($line) { $line =~ s/^(p\d+,.*pupil\d+,,)/$1A\t/r }) },
      refused => [map { "users.csv:$_" } 4 .. 15],
      says => [qr/"held": \[/, qr/given_name breaks/], not => qr/Alva|Berg/ },
);

{
    my $school = Pupil::Roster::tenant($site, 'a plan');
    my @where = ('--json', $school->ctl_where);
    my ($full, $less, $lesser) = map { roster_folder($few, 1, @$_) }
        [], [users($half)],
        [users(sub ($line) { $line =~ /^p(?:[1-9]),/ ? () : $line })];
    $school->ctl_ok('import', 'oneroster', $full, @where);

    my $held = $school->ctl('import', 'oneroster', $less, @where);
    is $held->{code}, 3, 'a held roster has an exit code of its own';
    my $report = eval { decode_json($held->{out}) } // {};
    my $plan = $report->{plan} // 'none';
    like $plan, qr/^[0-9a-f]{16}$/, 'and a plan';
    like $held->{err}, qr/--accept $plan\b/, 'which may be accepted';
    is_deeply [Pupil::Roster::live($school)], $all[1], 'nothing has changed';
    is $site->db->selectrow_array(<<~'', undef, $school->tenant), 1,
        SELECT count(*) FROM pupil.audit_event WHERE tenant = ? AND outcome =
        'refused' AND purpose = 'rostering' AND note LIKE '%held%'

        'it is on record that it was held';

    $held = $school->ctl('import', 'oneroster', $less, @where);
    is +(eval { decode_json($held->{out}) } // {})->{plan}, $plan, 'the plan of a roster is one';
    is $school->ctl('import', 'oneroster', $lesser, @where, '--accept', $plan)
        ->{code}, 3, 'another roster is another plan';
    is $school->ctl('import', 'oneroster', $less, @where, '--close-absent',
                    '--accept', $plan)->{code}, 3, 'as is what would end';
    is $school->ctl('import', 'oneroster', $less, @where, '--accept', $plan)
        ->{code}, 0, 'the plan that was accepted is taken';
    like $school->ctl('import', 'oneroster', $lesser, $school->ctl_where)
        ->{out}, qr/^Held.*\n.*users/m, 'the text says it, too';
}

# Of many rows that are refused only the first are kept, and all are counted.
{
    my $school = Pupil::Roster::tenant($site, 'many');
    my @rows = map { "e$_,,,c1,o1,nobody$_,student,,,\n" } 1 .. 3000;
    my @twice = map { "p$_,,,true,o1,student,,,Al,Bo,,,,,,,,\n" } 1 .. 12;
    my $run = $school->ctl('import', 'oneroster', roster_folder($few, 1,
        'users.csv' => join('', slurp(root_dir()
            . '/t/roster/cases/oneroster/users.csv'), @twice),
        'enrollments.csv' => join('', slurp(root_dir()
            . '/t/roster/cases/oneroster/enrollments.csv'), @rows)),
        '--json', $school->ctl_where);
    my $report = eval { decode_json($run->{out}) } // {};
    is scalar @{ $report->{refused} }, 1000, 'a thousand rows are shown';
    is $report->{enrolments}{refused}, 3000, 'all are counted';
    my %rows = map { ("$_->{what}: $_->{reason}" => $_->{rows}) }
               @{ $report->{rules} };
    is_deeply \%rows, { 'users: its id is there already' => 12,
                        'enrolments: its user is not in the roster' => 3000 },
        'by their rules';
    like $school->ctl('import', 'oneroster', roster_folder($few, 1,
        'enrollments.csv' => join('', slurp(root_dir()
            . '/t/roster/cases/oneroster/enrollments.csv'), @rows)),
        $school->ctl_where)->{out}, qr/^  +3000 enrolments: its user is not/m,
        'in text, too';
}

# The report as a file: what --json prints, whole or not at all.
{
    my $school = Pupil::Roster::tenant($site, 'a file');
    my ($folder, $less) = map { roster_folder($few, 1, @$_) }
                          [], [users($half)];
    my $file = tmp_dir() . '/said/last.json';
    my @where = ('--report', $file, $school->ctl_where);

    my $run = $school->ctl('import', 'oneroster', $folder, @where);
    is $run->{code}, 1, 'no folder for the report';
    like $run->{err}, qr{said/last\.json}, 'is said';
    is_deeply [Pupil::Roster::live($school)], [0, 0, 0, 0, 0],
        'before anything is written';

    mkdir tmp_dir() . '/said' or die "$!\n";
    $run = $school->ctl('import', 'oneroster', $folder, '--json', @where);
    is $run->{code}, 0, 'a report as a file' or diag $run->{err};
    is_deeply decode_json(-e $file ? slurp($file) : '{}'),
        decode_json($run->{out}), 'says what is printed';
    is sprintf('%o', (stat $file)[2] // 0), '100600', 'to its owner alone';

    $run = $school->ctl('import', 'oneroster', $less, @where);
    is $run->{code}, 3, 'of a run that is held';
    like -e $file ? slurp($file) : '', qr/"plan": "[0-9a-f]{16}"/,
        'it is there, too';
    is_deeply [glob tmp_dir() . '/said/*'], [$file], 'and nothing beside it';
}

done_testing;
