#!/usr/bin/perl

# Runs every t/unit/test_*.c, built by the Makefile, each as one subtest.

use lib 't/lib';
use Pupil::Test;

my @sources = sort glob root_dir() . '/t/unit/test_*.c';
my $env = Pupil::Nginx->sanitizer_env;


# Why a program leaves out all that it tests, if it does.
sub skipped ($run) {
    return $run->{code} == 0 && $run->{out} =~ /\A1\.\.0 # SKIP (\S.*)\n\z/
        ? $1 : undef;
}


# What a program's TAP says: its tests as [passed, name], and what is wrong
# with the rest of it.
sub judge ($run) {
    my ($plan, @tests, @faults);

    for my $line (split /\n/, $run->{out}) {
        if ($line =~ /^(not )?ok (\d+)(?: - (.*))?$/) {
            push @tests, [!$1, $3 // "test $2"];
            push @faults, "$2 is out of order" if $2 != @tests;
        } elsif ($line =~ /^1\.\.(\d+)$/) {
            $plan = $1;
        }
    }

    push @faults, 'no plan' if !defined $plan;
    push @faults, 'ran ' . @tests . ", planned $plan"
        if defined $plan && $plan != @tests;
    push @faults, 'no test' if !@tests;
    push @faults, 'took too long' if $run->{timeout};
    push @faults, "exit code $run->{code}" if $run->{code};
    return \@tests, @faults;
}


cmp_ok scalar(@sources), '>', 0, 'there are unit tests';

for my $source (@sources) {
    my ($name) = $source =~ m{/(test_\w+)\.c$};
    my $program = build_dir() . "/unit/$name";

    subtest $name => sub {
        ok -x $program, "$name is built" or return;
        my $run = run_cmd($program, { timeout => 300, env => $env,
                                      dir => root_dir() });
        my ($tests, @faults) = judge($run);

        if (defined skipped($run)) {
            # only sanitizers may be in the way of a test
            ok $ENV{PUPIL_SANITIZE}, 'left out: ' . skipped($run);
            return;
        }

        ok $_->[0], $_->[1] for @$tests;
        is join(', ', @faults), '', 'a whole run'
            or diag substr $run->{err}, 0, 8000;
    };
}


# The judge finds what it is for.
for my $case (['a failed test', 'echo "not ok 1 - x"; echo 1..1; exit 1'],
              ['a missing plan', 'echo "ok 1 - x"'],
              ['a short run', 'echo "ok 1 - x"; echo 1..2'],
              ['a lost line', 'echo "ok 2 - x"; echo 1..1'],
              ['a crash', 'echo "ok 1 - x"; echo 1..1; kill -SEGV $$'],
              ['silence', 'echo 1..0'],
              ['a skip after a test', 'echo "ok 1 - x"; echo "1..0 # SKIP x"'])
{
    my ($what, $script) = @$case;
    my ($tests, @faults) = judge(run_cmd('sh', '-c', $script));
    cmp_ok scalar(@faults), '>', 0, "$what is noticed";
}

my ($tests, @faults) = judge(run_cmd('sh', '-c', 'echo "ok 1 - x"; echo 1..1'));
is scalar(@faults), 0, 'a good run is not blamed';

done_testing;
