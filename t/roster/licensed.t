#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# Only schools that are licensed and classes that were chosen are taken; the
# rest is no error, and is counted as not taken.

use lib 't/lib';
use Pupil::Test;
use Pupil::Roster;
use JSON::XS ();

my $site = pupil_up;
my ($db, @where) = ($site->db, $site->ctl_where);
my $all = root_dir() . '/t/roster/cases/oneroster';
my %file = map { ($_ => slurp("$all/$_")) } qw(users.csv enrollments.csv
                                                classes.csv);
# p9 to p12 are at o2 alone, in a class there; p8 is at both.
$file{'users.csv'} =~ s/^(p(?:9|1\d),,,true,)o1/$1o2/mg;
$file{'users.csv'} =~ s/^(p8,,,true,)o1/$1"o1,o2"/m;
$file{'classes.csv'} .= "c3,,,1A,,k1,,homeroom,,o2,y26,,,\n";
$file{'enrollments.csv'} =~ s/^(e-p(?:9|1\d),,,)c1,o1/$1c3,o2/mg;
$file{'enrollments.csv'} =~ s/^(e-p[67],,,)c1/$1c2/mg;
my $folder = roster_folder({ name => 'licensed', format => 'oneroster' }, 1,
                           %file);

sub list ($name, $text) {
    spew(tmp_dir() . "/$name", $text);
    return tmp_dir() . "/$name";
}

sub import (@options) {
    my $run = $site->ctl('import', 'oneroster', $folder, '--json', @options,
                         @where);
    return { %$run, json => eval { JSON::XS::decode_json($run->{out}) } // {} };
}

sub not_taken ($run) {
    return { map { ($_ => $run->{json}{$_}{not_taken}) }
             qw(institutions classes users roles enrolments) };
}

sub live ($table) {
    return scalar $db->selectrow_array("SELECT count(*) FROM pupil.$table WHERE"
        . ' coalesce(valid_to, current_date) >= current_date');
}

my @schools = ('--schools', list('schools', "o1\r\n"));
my @classes = ('--classes', list('classes', "c1\n\nc3"));


# ---- a list that is none

for my $case (['none', ''], ['no UTF-8', "o1\n\xff\n"], ['long', 'x' x 300]) {
    my $run = import('--schools', list('wrong', $case->[1]));
    is $run->{code}, 1, "a list: $case->[0]";
    is live('role'), 0, 'nothing is taken';
}
is import('--schools', tmp_dir() . '/absent')->{code}, 1, 'one that is absent';


# ---- schools

my $run = import(@schools);
is $run->{code}, 0, 'one school is licensed' or diag $run->{err};
is_deeply not_taken($run), { institutions => 1, classes => 1, users => 4,
    roles => 5, enrolments => 4 }, 'the other is not taken';
is_deeply $run->{json}{refused}, [], 'and is no error';
is_deeply [live('role'), live('enrolment')], [10, 9], 'nor written';
is Pupil::Roster::person($site, $_->[0]), $_->[1], "$_->[0]: $_->[1]"
    for ['pupil8', 'pupil 1, in pupil 1'], ['pupil9', 'nobody'];

$run = import('--schools', list('more', "o1\no7\n"));
like $run->{out}, qr/"line": 2,\s+"what": "values",\s+"reason": "is not in /,
    'a school that the roster does not have';
unlike $run->{out}, qr/\bo7\b/, 'is not said by its id';


# ---- classes

$run = import(@schools, @classes);
is_deeply not_taken($run), { institutions => 1, classes => 2, users => 4,
    roles => 5, enrolments => 6 }, 'a class that nobody has chosen';
is live('enrolment'), 9, 'ends by nothing but its absence';
$run = import(@schools, @classes, '--close-absent');
is $run->{code}, 3, 'which is held, as many are in it';
$run = import(@schools, @classes, '--close-absent', '--accept',
              $run->{json}{plan} // 'none');
is $run->{code}, 0, 'until that is accepted';
is live('enrolment'), 7, 'then it has ended';
is live('role'), 10, 'and nobody has gone';


# ---- a licence that comes, and ends

$run = import('--schools', list('both', "o1\no2\n"));
is_deeply not_taken($run), { map { ($_ => 0) } qw(institutions classes users
    roles enrolments) }, 'both are licensed';
is Pupil::Roster::person($site, 'pupil9'), 'pupil 1, in pupil 1', 'who joins';
$run = import(@schools);
is $run->{code}, 0, 'one alone again' or diag $run->{err};
is Pupil::Roster::person($site, 'pupil9'), 'pupil 1, in pupil 1', 'who stays';
$run = import(@schools, '--close-absent');
$run = import(@schools, '--close-absent', '--accept',
              $run->{json}{plan} // 'none') if $run->{code} == 3;
is $run->{code}, 0, 'and ends what is absent' or diag $run->{err};
is Pupil::Roster::person($site, 'pupil9'), 'no role', 'who leaves';
is Pupil::Roster::person($site, 'pupil8'), 'pupil 1, in pupil 1', 'who does not';

done_testing;
