#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# A score that does not fit its exercise is judged by what the pupil still has:
# of homework that was taken back, and of somebody whose data are restricted,
# nothing is said of any score, whatever a worker keeps.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

my $day = Pupil::Day->up->all_here->work;
my @misfit = (score => { raw => 5, max => 99 });

sub submit ($who, @answers) {
    return $day->as($who)->post('/v1/progress',
        json => @answers == 1 ? $answers[0] : \@answers);
}

# What a worker keeps of it, it has from here.
sub kept ($homework) {
    is submit('pupil', $day->answer($homework, 1))->status, 201,
        'what fits is stored';
    is_problem submit('pupil', $day->answer($homework, 0, @misfit)), 422,
        'invalid', field => '/score/max', rule => 'const',
        name => 'what does not is refused';
}

my $first = $day->assign(title => 'Taken back');
kept($first);
$day->expect(204, $day->teacher->delete("/v1/homework/$first->{id}"));
my $res = submit('pupil', $day->answer($first, 0, @misfit));
is_problem $res, 404, 'not-found', name => 'homework that was taken back is gone';
is_deeply $day->outcomes($res), ['not_found'], 'which is on record';
$res = submit('pupil', map { $day->answer($first, 0, @misfit) } 1 .. 2);
is join(' ', map { $_->{problem}{status} } @{ $res->json->{results} }),
    '404 404', 'in an array, too';

my $second = $day->assign(title => 'Restricted');
kept($second);
my $id = $day->person('pupil')->{id};
$day->site->ctl_ok('subject', 'restrict', $id, $day->site->ctl_where);
my $last;
ok eval { wait_until(60, 'restriction', sub {
    $last = submit('pupil', $day->answer($second, 1));
    return $last->status == 403 }) }, 'whoever is restricted submits nothing';
is_problem submit('pupil', $day->answer($second, 0, @misfit)), 403, 'restricted',
    name => 'nor is a score of theirs judged';
$day->site->ctl_ok('subject', 'unrestrict', $id, $day->site->ctl_where);
ok eval { wait_until(60, 'the end of it', sub {
    submit('pupil', $day->answer($second, 1))->status == 201 }) },
    'once that is lifted';
is_problem submit('pupil', $day->answer($second, 0, @misfit)), 422, 'invalid',
    field => '/score/max', rule => 'const', name => 'it is';

done_testing;
