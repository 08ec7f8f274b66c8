#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# The quick start's web app where a teacher hands out a code on paper, and a
# pupil sets a new password by it, in a real browser.

use lib 't/lib';
use Pupil::Test;
use Pupil::Class;
use Pupil::Web;

my $web = Pupil::Web->up;
my ($teacher, $pupil) = map { $web->person($_) } qw(CBeane OKlein);
my $http = $web->nginx->http;
$http->login(@$teacher{qw(login password)});
is_status $http->post('/v1/homework', json => {
    class_id => $web->class_of($teacher, $pupil), title => 'Chapter one',
    due_at => Pupil::Class::at(7),
    exercises => [{ title => 'First', max_score => 1 }] }), 201, 'a class';

my @checks = $web->browse('code.mjs', 300, { teacher => $teacher,
                                             pupil => $pupil });
cmp_ok scalar(@checks), '>=', 14, 'to the end: ' . @checks . ' checks';
ok $_->{ok}, $_->{name} or diag $_->{detail} for @checks;

done_testing;
