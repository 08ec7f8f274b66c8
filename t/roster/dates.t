#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# Dates: what is not understood is refused by line and gives nothing; a role
# without dates is not an enrolment's; the end of OneRoster is the day after
# the last one.

use lib 't/lib';
use Pupil::Test;
use Pupil::Roster;
use POSIX qw(strftime);

my $site = pupil_up(schools => 1);
my @steps = (steps => [[1], [1]]);

sub day ($days) { strftime('%Y-%m-%d', gmtime(time + $days * 86_400)) }

# The enrolments of a roster with other dates for p1.
sub dates (@lines) {
    my $text = slurp(root_dir() . '/t/roster/cases/oneroster/enrollments.csv');
    $text =~ s/^e-p1,.*\n//m;
    return (asis => 1, with => { 'enrollments.csv' => join '', $text,
        map { "e,,,c1,o1,p1,student,false,$_\n" } @lines });
}

sub sessions ($from, $to) {
    return (asis => 1, with => { 'academicSessions.csv' => "sourcedId,status,"
        . "title,type,startDate,endDate\ny26,,x,schoolYear,$from,$to\n" });
}

sub p1 ($who) { who => { pupil1 => $who } }

my @enrolled = p1('pupil 1, in pupil 1');
my @not = p1('pupil 1');

rosters($site,
    { name => '60-odd-end-dates', is => 'none becomes one without end',
      asis => 1, live => [12, 1, 1, 0, 1],
      refused => [map { "enrollments.csv:$_" } 7 .. 12, 14] },
    { name => '62-half-term', is => 'a term with an end alone',
      live => [12, 1, 1, 0, 0] },
    { name => '66-end-date-exclusive', is => 'the end is the day after',
      live => [12, 1, 1, 10, 1], @not },
    { name => '68-next-terms-roster-early', steps => [[1], [2]],
      is => 'next year\'s classes lock nobody out', live => [12, 1, 1, 0, 0] },

    map({ { name => "p1: $_->[0]", is => 'of an enrolment', steps => [[1]],
            dates(@{ $_->[1] }), @{ $_->[2] } } }
        ['ends today', [day(-30) . ',' . day(0)], \@not],
        ['ends tomorrow', [day(-30) . ',' . day(1)], \@enrolled],
        ['begins tomorrow', [day(1) . ',' . day(30)], \@not],
        ['a time of day', [day(-30) . 'T00:00:00Z,' . day(0)
                           . 'T23:59:59.000+02:00'], \@enrolled],
        ['a blank for a T', [day(-30) . ',' . day(9) . ' 12:00:00'],
         \@enrolled],
        ['a day that is none', [day(-30) . ',2027-02-30'], \@not],
        ['a start that is none', ['1/2/2026,' . day(30)], \@not],
        ['a year of five digits', [day(-30) . ',20270-01-01'], \@not],
        ['two periods with a gap', [day(-30) . ',' . day(-10),
                                    day(10) . ',' . day(30)], \@not],
        ['two periods, one of them now', [day(10) . ',' . day(30),
                                          day(-30) . ',' . day(5)],
         \@enrolled],
        ['two periods that touch', [day(-30) . ',' . day(0),
                                    day(0) . ',' . day(30)], \@enrolled]),

    { name => 'a term', is => 'whose start is no date', steps => [[1]],
      sessions('01.08.2026', day(30)), live => [12, 1, 1, 0, 0],
      says => qr/"file": "academicSessions.csv",\s+"line": 2,/ },
    { name => 'a term', is => 'that nobody knows', steps => [[1]],
      live => [12, 1, 1, 0, 0], with => { 'classes.csv' => "sourcedId,title,"
          . "schoolSourcedId,termSourcedIds\nc1,7A,o1,y99\nc2,7B,o1,\n" },
      refused => ['classes.csv:2'] },
    { name => 'unreadable', is => 'a date that was there stays', @steps,
      dates(day(-30) . ',never'), @enrolled,
      refused => ['enrollments.csv:14'] },
);

done_testing;
