#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# A column that is gone is an accident (pitfall 46): nobody loses a log-in name
# or a name by it.

use lib 't/lib';
use Pupil::Test;
use Pupil::Roster;

my $site = pupil_up(schools => 1);
my $text = slurp(root_dir() . '/t/roster/cases/oneroster/users.csv');

# The users of a roster with a column renamed, or with nothing in it.
sub without ($name, $header) {
    my @rows = map { [split /,/, $_, -1] } split /\n/, $text;
    my ($at) = grep { $rows[0][$_] eq $name } 0 .. $#{ $rows[0] };
    $rows[0][$at] = $header;
    $_->[$at] = '' for @rows[1 .. $#rows];
    return 'users.csv' => join '', map { join(',', @$_) . "\n" } @rows;
}

sub column ($is, %with) {
    return { name => 'column', is => $is, steps => [[1], [1]], code => 3,
             with => \%with, live => [12, 1, 1, 12, 1],
             who => { pupil1 => 'pupil 1, in pupil 1' } };
}

rosters($site,
    { name => '11-username-column-gone', is => 'log-in names: held',
      steps => [[1], [2]], code => 3, live => [12, 1, 1, 12, 1],
      says => qr/login_id/, who => { pupil1 => 'pupil 1, in pupil 1' } },
    column('log-in names that are empty', without(qw(username username))),
    column('given names', without(qw(givenName firstName))),
    column('given names of half of them',
           'users.csv' => $text =~ s/(pupil[1-6],,)[^,]+/$1/gr),
    column('all names', 'users.csv' => do {
        my %given = without(qw(givenName firstName));
        $text = $given{'users.csv'};
        my %both = without(qw(familyName lastName));
        $text = slurp(root_dir() . '/t/roster/cases/oneroster/users.csv');
        $both{'users.csv'} }),
    { name => 'one', is => 'one log-in name less is no accident',
      steps => [[1], [1]], live => [12, 1, 1, 12, 1],
      with => { 'users.csv' => $text =~ s/pupil1,,/,,/r },
      who => { pupil1 => 'nobody' } },
    { name => '78-no-username', is => 'who has no log-in name is counted',
      live => [12, 1, 1, 12, 1], says => qr/"no_login": 1\b/ },
);

done_testing;
