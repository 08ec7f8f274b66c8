#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# Exercises of each kind in the school web app, in a real browser: the form that
# a teacher writes them in, what a pupil answers in, and lists of a whole year.

use lib 't/lib';
use POSIX qw(strftime);
use Time::Local qw(timegm);
use Pupil::Test;
use Pupil::Web;

my $web = Pupil::Web->up;
my %person = map { $_->[0] => $web->person($_->[1]) }
    [teacher => 'CBeane'], [pupil => 'OKlein'];
my $class = $web->class_of(@person{qw(teacher pupil)});
my $teacher = $web->nginx->http;
$teacher->login(@{ $person{teacher} }{qw(login password)});

my $DAY = 24 * 60 * 60;
my $now = time;

# At the school it is noon: a day does not end while the test runs.
my $behind = (gmtime $now)[2] - 12;
$web->site->ctl_ok('tenant', 'zone', sprintf('Etc/GMT%+d', $behind),
                   $web->site->ctl_where);
my $due = strftime('%Y-%m-%dT%H:%M:%S.000Z',
                   gmtime timegm(0, 59, 23, 1, 5, 2031) + $behind * 3600);

sub give ($title, $due, @exercises) {
    my $from = $due > $now + $DAY ? $now - 60 : $due - $DAY;
    my @at = map { strftime('%Y-%m-%dT%H:%M:%SZ', gmtime $_) } $from, $due;
    my $res = $teacher->post('/v1/homework', json => { class_id => $class,
        title => $title, assigned_at => $at[0], due_at => $at[1],
        exercises => @exercises ? \@exercises
            : [{ title => 'One', max_score => 1, kind => 'text' }] });
    die $res->status . ' ' . $res->body . "\n" if $res->status != 201;
}

# More than a page of the API of those that are over, one a day, and then three:
# today, in a month, and one that is large.
my $OLD = 101;
give("Old $_", $now - $_ * $DAY - 60) for 1 .. $OLD;
give('Of today', $now + $DAY / 4);
give('Of next month', $now + 31 * $DAY);
give('Essays', $now + 32 * $DAY, map { { title => "Essay $_", max_score => 5,
                                        kind => 'essay' } } 1 .. 6);

my @checks = $web->browse('kinds.mjs', 600, { %person, class_id => $class,
                                              old => $OLD, due => $due });
cmp_ok scalar(@checks), '>=', 111, 'to the end: ' . @checks . ' checks';
ok $_->{ok}, $_->{name} or diag $_->{detail} for @checks;

unlike $web->nginx->log_text . slurp($web->nginx->dir . '/access.log'),
    qr/zebrafinch/, 'no log holds a text';

done_testing;
