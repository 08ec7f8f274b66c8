#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# Log-in names and addresses move with their persons: in swaps and chains of
# one run, and to whom they are free for.  Nobody takes what somebody keeps.

use lib 't/lib';
use Pupil::Test;
use Pupil::Roster;

my $site = pupil_up(schools => 1);
my @where;

# A school that has taken a roster, and its pupils by their log-in names.
sub school ($name, @with) {
    my $case = { name => $name, format => 'oneroster' };
    my $school = Pupil::Roster::tenant($site, "$name " . state $n++);
    @where = ('--json', $school->ctl_where);
    my $first = { %$case, name => 'first' };
    $school->ctl_ok('import', 'oneroster', roster_folder($first, 1, @with),
                    @where);
    $school->{ids} = ids($school, map { "pupil$_" } 1 .. 4);
    return ($case, $school, @{ $school->{ids} });
}

# The users of t/roster/cases/oneroster with other cells: { column => { user =>
# cell } }.
sub users (%other) {
    my @rows = map { [split /,/, $_, -1] } split /\n/,
               slurp(root_dir() . '/t/roster/cases/oneroster/users.csv');
    my %at = map { $rows[0][$_] => $_ } 0 .. $#{ $rows[0] };

    while (my ($column, $of) = each %other) {
        $_->[$at{$column}] = $of->{$_->[0]} // $_->[$at{$column}] for @rows;
    }

    return 'users.csv' => join '', map { join(',', @$_) . "\n" } @rows;
}

sub logins (%of) { users(username => \%of) }

sub ids ($school, @logins) {
    return [map { Pupil::Roster::id_of($school, $_) // 'nobody' } @logins];
}

sub import ($school, $folder, @options) {
    return $school->ctl('import', 'oneroster', $folder, @options, @where);
}

{
    my ($case, $school, $one, $two) = school('70-swapped-usernames');
    my $run = import($school, roster_folder($case, 2));
    is $run->{code}, 0, 'two swap their log-in names' or diag $run->{out};
    is_deeply ids($school, qw(pupil2 pupil1)), [$one, $two],
        'which follow their persons';
}

{
    my ($case, $school, $one, $two, $three, $four) = school('chain');
    import($school, roster_folder($case, 1, logins(
        p1 => 'pupil2', p2 => 'pupil3', p3 => 'pupil4', p4 => 'new4')));
    is_deeply ids($school, qw(pupil2 pupil3 pupil4 new4 pupil1)),
        [$one, $two, $three, $four, 'nobody'], 'a chain moves as a whole';

    my $run = import($school, roster_folder($case, 1, logins(
        p1 => 'pupil3', p2 => 'pupil4', p3 => "in\tvalid", p4 => 'new4')));
    is_deeply ids($school, qw(pupil2 pupil3 pupil4)), [$one, $two, $three],
        'and does not where its end cannot be taken';
    like $run->{out}, qr/"line": $_,/, "line $_ is named" for 4 .. 6;

    import($school, roster_folder($case, 1, logins(
        p1 => 'pupil3', p2 => '', p3 => 'pupil4', p4 => 'new4')));
    is_deeply ids($school, qw(pupil3 pupil2 pupil4)),
        [$one, 'nobody', $three], 'a name that is given up is free';
}

{
    my ($tina, $adam) = map { "$_\@skola.example" } qw(tina adam);
    my ($case, $school) = school('addresses');
    my $run = import($school, roster_folder($case, 1,
        users(email => { t1 => $adam, a1 => $tina })));
    unlike $run->{out}, qr/belongs to another/,
        'addresses of teachers swap as well';
    is $site->db->selectrow_array('SELECT count(*) FROM pupil.blind_index'
        . ' WHERE tenant = ? AND category = ?', undef, $school->tenant,
        'contact'), 2, 'and both have one';

    $run = import($school, roster_folder($case, 1,
        users(email => { t1 => $tina, a1 => 'n/a' })));
    like $run->{out}, qr/belongs to another/, 'nobody takes one that is kept';
    is $site->db->selectrow_array('SELECT count(*) FROM pupil.blind_index'
        . ' WHERE tenant = ? AND category = ?', undef, $school->tenant,
        'contact'), 2, 'nor loses their own';
}

# The log-in of one person is that of no other, be it an address.
{
    my $tina = 'tina@skola.example';
    my ($case, $school) = school('77-pupil-name-is-teachers-email');
    my $run = import($school, roster_folder($case, 1));
    like $run->{out}, qr/e-mail of another account/,
        'a pupil takes no log-in name that is a teacher\'s address';
    is_deeply ids($school, $tina, 'pupil1'), ['nobody', $school->{ids}[0]],
        'and keeps the own one';

    import($school, roster_folder($case, 1,
        logins(p1 => 'alva@skola.example')));
    $run = import($school, roster_folder($case, 1,
        users(username => { p1 => 'alva@skola.example' },
              email => { t1 => 'ALVA@skola.example' })));
    like $run->{out}, qr/log-in name of another account/,
        'nor a teacher an address that is a pupil\'s log-in name';
    is_deeply ids($school, 'alva@skola.example'), [$school->{ids}[0]],
        'who keeps it';

    my $fresh = Pupil::Roster::tenant($site, 'both new');
    $run = $fresh->ctl('import', 'oneroster', roster_folder($case, 1),
                       '--json', $fresh->ctl_where);
    like $run->{out}, qr/e-mail of another account/, 'nor are both new';
}

done_testing;
