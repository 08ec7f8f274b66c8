#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# A plan holds as long as it would write the same: over midnight, unless a role
# or an enrolment begins or ends with the day.

use lib 't/lib';
use Pupil::Test;
use Pupil::Clock;
use Pupil::Roster;
use JSON::XS ();
use POSIX qw(strftime);

my $site = pupil_up;
my $clock = Pupil::Clock->new->of_all($site->pg);
my $cases = root_dir() . '/t/roster/cases/oneroster';
my $enrolments = slurp("$cases/enrollments.csv");

# At noon of a day from now.
sub day ($days) { strftime('%Y-%m-%d', gmtime(time + $days * 86_400)) }
sub to ($days) {
    $clock->forward((int(time / 86_400) + $days) * 86_400 + 43_200 - time
                    - $clock->ahead);
}

sub folder ($enrolments) {
    return roster_folder({ name => 'days', format => 'oneroster', asis => 1 },
        1, 'enrollments.csv' => $enrolments, 'academicSessions.csv' =>
            "sourcedId,status,title,type,startDate,endDate\n"
            . 'y26,,x,schoolYear,' . day(-90) . ',' . day(90) . "\n");
}

sub import ($enrolments, @options) {
    my $run = $site->ctl('import', 'oneroster', folder($enrolments), '--json',
                         @options, $site->ctl_where);
    return { %$run, json => eval { JSON::XS::decode_json($run->{out}) } // {} };
}
sub plan_of ($enrolments) {
    my $run = import($enrolments, '--plan');
    is $run->{code}, 0, 'a plan' or diag $run->{err};
    return $run->{json}{apply} // 'none';
}

# One ends with the second day, to be over on the third.
to(1);
my $first = $enrolments =~ s/^e-p1,.*\n//mr
    . 'e-p1,,,c1,o1,p1,student,false,' . day(-3) . ',' . day(3) . "\n";
is import($first)->{code}, 0, 'a roster';
my $moved = $first =~ s/^(e-p2,,,)c\d+,/$1c2,/mr
                   =~ s/^e-p1,.*\n//mr;
isnt $moved, $first, 'of which another one says less';

my $plan = plan_of($moved);
to(2);
is plan_of($moved), $plan, 'the next day it is the same plan';
to(3);
isnt plan_of($moved), $plan, 'and another one when an enrolment is over';
my $run = import($moved, '--apply', $plan);
is $run->{code}, 3, 'so that it is not applied' or diag $run->{err};
is import($moved, '--apply', plan_of($moved))->{code}, 0, 'but that one is';

done_testing;
