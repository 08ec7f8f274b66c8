#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# A teacher changes what is given, in the school web app in a real browser: its
# exercises, until somebody has answered, and gives it to other classes, too.

use lib 't/lib';
use Pupil::Test;
use Pupil::Web;

my $web = Pupil::Web->up;
my %person = map { $_->[0] => $web->person($_->[1]) }
    [teacher => 'EDoyle'], [pupil => 'SWilder'];
my $class = $web->class_of(@person{qw(teacher pupil)});
my %http = map { my $http = $web->nginx->http;
    $http->login(@{ $person{$_} }{qw(login password)}); $_ => $http }
    keys %person;

my $given = $http{teacher}->post('/v1/homework', json => { class_id => $class,
    title => 'To be changed', due_at => '2031-06-01T20:00:00Z', exercises => [
        { title => 'Capital?', max_score => 2.5, kind => 'choice',
          options => ['Oslo', 'Stockholm'], key => [1] },
        { title => 'How heavy?', max_score => 3, kind => 'number', unit => 'kg',
          key => { value => 4 } },
        { title => 'One too many', max_score => 1, kind => 'text' },
        { title => 'From elsewhere', max_score => 1 }] })->json;
my @was = @{ $given->{exercises} };

my @checks = $web->browse('edit.mjs', 600, { %person, id => $given->{id},
    answer => { id => uuid(), homework_id => $given->{id},
                exercise_id => $was[0]{id}, answer => [1] } });
cmp_ok scalar(@checks), '>=', 38, 'to the end: ' . @checks . ' checks';
ok $_->{ok}, $_->{name} or diag $_->{detail} for @checks;

my $now = $http{teacher}->get("/v1/homework/$given->{id}")->json;
is_deeply [map { $_->{title} } @{ $now->{exercises} }], ['Capital of Sweden?',
    'How heavy?', 'From elsewhere', 'Why?'], 'the exercises are changed';
is_deeply [map { $_->{id} } @{ $now->{exercises} }[0 .. 2]],
    [map { $_->{id} } @was[0, 1, 3]], 'and those that stay are the same';
is_deeply $http{pupil}->get("/v1/progress?homework_id=$given->{id}")
    ->json->{submissions}[0]{score}, { raw => 2.5, max => 2.5,
    by => 'machine' }, 'an answer is scored by the key that was there';

my @all = grep { $_->{title} eq 'Changed' } @{ $http{teacher}->get(
    '/v1/homework?limit=100')->json->{homework} };
my %copies = map { $_->{class}{id} => $_ } @all;
is scalar(@all), scalar(keys %copies), 'each class has it once';
is scalar(keys %copies), 3, 'this one, and two more';
is $copies{$_}{exercises}[0]{title}, 'Capital of Sweden?', 'as it is'
    for keys %copies;

done_testing;
