#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# What is accepted is what was said: who is refused by line, as erased or as
# perhaps somebody else, stays so where a roster was held for another reason.

use lib 't/lib';
use Pupil::Test;
use Pupil::Roster;
use JSON::XS ();

my $site = pupil_up;
my $case = { name => 'accept', format => 'oneroster' };
my $users = slurp(root_dir() . '/t/roster/cases/oneroster/users.csv');
my $in = slurp(root_dir() . '/t/roster/cases/oneroster/enrollments.csv');

sub import ($folder, @options) {
    my $run = $site->ctl('import', 'oneroster', $folder, '--json', @options,
                         $site->ctl_where);
    return { %$run, json => eval { JSON::XS::decode_json($run->{out}) } // {} };
}

# Lines that a run refuses, and why.
sub lines ($run) {
    return [sort map { $_->{line} . ($_->{reason} =~ /erased/ ? ' erased'
                  : $_->{reason} =~ /somebody else/ ? ' other' : ' ?') }
            @{ $run->{json}{refused} }];
}

# What a run can be accepted for, and how.
sub plans ($run) {
    return map { ($_->{takes} => $_->{plan}) } @{ $run->{json}{plans} };
}

sub id ($login) { Pupil::Roster::id_of($site, $login) // 'nobody' }

# A roster in which ids are other people's, and some are gone.
sub folder ($others, @gone) {
    my ($some, $rest) = ($users, $in);
    $some =~ s/^(p$_,.*),pupil$_,,[^,]+,[^,]+,/$1,new$_,,Ny,Nr$_,/m for @$others;
    $some =~ s/^$_,.*\n//m, $rest =~ s/^e-$_,.*\n//m for @gone;
    return roster_folder($case, 1, 'users.csv' => $some,
                         'enrollments.csv' => $rest);
}

is import(folder([]))->{code}, 0, 'a roster';
my %id = map { ($_ => id("pupil$_")) } 1 .. 12;
$site->ctl_ok('subject', 'erase', $id{1}, $site->ctl_where);


# ---- held, as many are gone

my @gone = (folder([2], qw(p9 p10 p11 p12)), '--close-absent');
my $run = import(@gone);
is $run->{code}, 3, 'a roster is held';
is_deeply lines($run), ['4 erased', '5 other'], 'which refuses two lines';
my $plan = $run->{json}{plan} // 'none';
is_deeply { plans($run) }, { held => $plan }, 'and has one plan';
$run = import(@gone, '--accept', $plan);
is $run->{code}, 0, 'that is accepted';
is_deeply lines($run), ['4 erased', '5 other'], 'and refuses the same lines';
is $run->{json}{closed}, 4, 'and closes who is gone';
is_deeply [id('pupil1'), id('new2')], [('nobody') x 2], 'nobody comes in';
$run = import(@gone, '--accept', $plan);
is_deeply lines($run), ['4 erased', '5 other'], 'nor when it is said again';


# ---- not held: each of both has a plan

my %plan = plans($run);
is_deeply [sort keys %plan], ['erased', 'others'], 'two plans';
is $run->{json}{plan}, $plan{others}, 'of which that of others is the first';
$run = import(@gone, '--accept', $plan{others} // 'none');
is_deeply lines($run), ['4 erased'], 'who may be somebody else is taken';
is id('new2'), $id{2}, 'as who had the id';
%plan = plans($run = import(@gone));
is_deeply [keys %plan], ['erased'], 'one plan is left';
like $site->ctl('import', 'oneroster', @gone, $site->ctl_where)->{out},
    qr/^  who was erased is taken by --accept $plan{erased}$/m,
    'which the text has';
is_deeply lines(import(@gone, '--accept', $plan{erased} // 'none')), [],
    'and takes who was erased';
isnt id('pupil1'), 'nobody', 'anew';


# ---- held, as many may be others

$site->ctl_ok('subject', 'erase', id('pupil1'), $site->ctl_where);
my @many = (folder([2 .. 6], qw(p9 p10 p11 p12)));
$run = import(@many);
is $run->{code}, 3, 'a roster of other people is held';
like $run->{json}{held}[0]{reason}, qr/^4 of \d+ known users/, 'for them';
is_deeply lines($run), ['4 erased', map { "$_ other" } 6 .. 9],
    'and refuses their lines';
$run = import(@many, '--accept', $run->{json}{plan} // 'none');
is_deeply lines($run), ['4 erased'], 'which its acceptance takes';
is id('new3'), $id{3}, 'as who had the id';
is id('pupil1'), 'nobody', 'but nobody who was erased';

done_testing;
