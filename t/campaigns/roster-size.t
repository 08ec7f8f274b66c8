#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# What a hostile file is refused for takes no memory for each row: of any number
# of rows that are refused, as of one person there twice as often.

use lib 't/lib';
use Pupil::Test;
use Pupil::Roster;
use JSON::XS ();

use constant { ROWS => 500_000, MOST => 112 << 20 };

my $site = pupil_up;
my %from = (name => 'size', format => 'oneroster');
my $all = root_dir() . '/t/roster/cases/oneroster';
my ($users, $in) = map { slurp("$all/$_") } 'users.csv', 'enrollments.csv';

# An import that may use so much of memory.
sub import ($file, $text) {
    my $folder = roster_folder(\%from, 1, $file => $text);
    my $run = run_cmd('prlimit', '--as=' . MOST, build_dir() . '/pupilctl',
        'import', 'oneroster', $folder, '--json', $site->ctl_where,
        { timeout => 300, env => Pupil::Site->ctl_env });
    unlink glob "$folder/*";
    return { %$run, json => eval { JSON::XS::decode_json($run->{out}) } // {} };
}

sub rows ($row) { join '', map { $row->($_) } 1 .. ROWS }

SKIP: {
    skip 'a sanitizer takes memory of its own', 1
        if $ENV{PUPIL_SANITIZE};

    my $run = import('users.csv', $users);
    is $run->{code}, 0, 'a roster is taken in so much' or diag $run->{err};

    $run = import('users.csv', $users . rows(sub ($n) {
        "x$n,,,true,o1,student,x$n,,A\tb,B,,,,,,,,\n" }));
    is $run->{code}, 3, 'one of which most is refused is held'
        or diag $run->{err};
    like $run->{json}{held}[0]{reason}, qr/^over 50000 users are refused/,
        'for that';
    like $run->{json}{rules}[0]{reason}, qr/^given_name breaks the rule/,
        'and says by which rule';
    is scalar @{ $run->{json}{plans} // [1] }, 0, 'which nobody accepts';
    is $site->db->selectrow_array('SELECT count(*) FROM pupil.audit_record'
        . " WHERE outcome = 'refused' AND note ~ 'held='"), 1, 'it is on record';

    my $id = 'x' x 240;
    $run = import('users.csv', $users . rows(sub ($n) {
        "$id,,,true,o1,student,xx,,A,B,,,,,,,,\n" }));
    is $run->{code}, 0, 'one person half a million times' or diag $run->{err};
    is $run->{json}{users}{refused}, ROWS - 1, 'is one';

    $run = import('enrollments.csv', $in . rows(sub ($n) {
        "x$n,,,c1,o1,p1,student,false,,\n" }) . rows(sub ($n) {
        "y$n,,,c1,o1,nobody$n,student,false,,\n" }));
    is $run->{code}, 0, 'one enrolment as often' or diag $run->{err};
    is $run->{json}{enrolments}{refused}, ROWS, 'beside those of nobody';
}

done_testing;
