#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# Assessment in the school web app, in a real browser: a teacher reads what the
# class has handed in, by question and by pupil, marks it by the keyboard and
# returns it; a pupil sees it then, and not before.

use utf8;
use lib 't/lib';
use POSIX qw(strftime);
use Pupil::Test;
use Pupil::Web;

my $web = Pupil::Web->up;
my %person = map { $_->[0] => $web->person($_->[1]) }
    [teacher => 'CBeane'], [pupil => 'OKlein'];
my $class = $web->class_of(@person{qw(teacher pupil)});
my %http = map { $_ => $web->nginx->http } keys %person;
$http{$_}->login(@{ $person{$_} }{qw(login password)}) for keys %person;

my $now = time;

sub give ($title, $due, @exercises) {
    my @at = map { strftime('%Y-%m-%dT%H:%M:%SZ', gmtime $_) }
        $now - 14 * 24 * 60 * 60, $now + $due;
    my $res = $http{teacher}->post('/v1/homework', json => {
        class_id => $class, title => $title, assigned_at => $at[0],
        due_at => $at[1], exercises => \@exercises });
    die $res->status . ' ' . $res->body . "\n" if $res->status != 201;
    return $res->json;
}

my $homework = give('Marked', -2 * 24 * 60 * 60,
    { title => 'Capital of Sweden?', max_score => 4, kind => 'choice',
      options => ['Oslo', 'Stockholm'], key => [1] },
    { title => 'How long is it?', max_score => 2.5, kind => 'number',
      unit => 'cm', key => { value => 12.5 } },
    { title => 'ما رأيك؟', max_score => 6, kind => 'essay',
      text => 'Write some lines.' },
    { title => 'A page?', max_score => 1.5, kind => 'link' });
my $empty = give('Of nobody', 24 * 60 * 60,
    { title => 'One', max_score => 1, kind => 'text' });
# The hour is over, the day is not: where the browser is, it has just begun.
my $today = give('Of today', $now - $now % (24 * 60 * 60) - $now,
    { title => 'In time?', max_score => 1, kind => 'text' });
my ($n, @answers) = (0, [1], 12.25, "zebrafinch <b>one</b>\nالسطر الثاني",
                     'https://skola/one?of=1');
sub hand_in ($homework, $exercise, $answer) {
    my $res = $http{pupil}->post('/v1/progress', json => { id => uuid(),
        homework_id => $homework->{id}, exercise_id => $exercise->{id},
        answer => $answer, completion => JSON::XS::true() });
    die $res->status . ' ' . $res->body . "\n" if $res->status != 201;
}
hand_in($homework, $_, $answers[$n++]) for @{ $homework->{exercises} };
hand_in($today, $today->{exercises}[0], 'In time');

my @checks = $web->browse('assess.mjs', 600, { %person,
    homework => $homework->{id}, empty => $empty->{id},
    today => { id => $today->{id}, exercise => $today->{exercises}[0]{id} },
    exercises => [map { $_->{id} } @{ $homework->{exercises} }] });
cmp_ok scalar(@checks), '>=', 100, 'to the end: ' . @checks . ' checks';
ok $_->{ok}, $_->{name} or diag $_->{detail} for @checks;

unlike $web->nginx->log_text . slurp($web->nginx->dir . '/access.log'),
    qr/zebrafinch/, 'no log holds a text';

done_testing;
