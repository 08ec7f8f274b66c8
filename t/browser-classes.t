#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# A class in the school web app, in a real browser: a teacher finds it in the
# menu, sees each pupil by what the class was given, goes further back, and to
# one pupil and back; and a pupil's lists, which the gateway sorts by state.

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
my $DAY = 24 * 60 * 60;
my $now = time;

sub done_by ($who, $status, $method, $path, %body) {
    my $res = $http{$who}->request($method, $path,
                                    %body ? (json => \%body) : ());
    die $res->status . ' ' . $res->body . "\n" if $res->status != $status;
    return $res->json;
}

# Two exercises, of which the pupil hands in some.
sub give ($title, $due, $handed_in) {
    my @at = map { strftime('%Y-%m-%dT%H:%M:%SZ', gmtime $_) }
        $now - 30 * $DAY, $now + $due * $DAY;
    my $homework = done_by(teacher => 201, POST => '/v1/homework',
        class_id => $class, title => $title, assigned_at => $at[0],
        due_at => $at[1],
        exercises => [map { { title => $_, max_score => 2 } } qw(one two)]);
    done_by(pupil => 201, POST => '/v1/progress', id => uuid(),
        homework_id => $homework->{id},
        exercise_id => $homework->{exercises}[$_]{id},
        answer => { text => 'x' }, completion => JSON::XS::true())
        for 0 .. $handed_in - 1;
    return $homework->{id};
}

# Latest first: what lies ahead, begun; what is late; done and returned; done
# and only saved; and more than one request has.
give('<b>Ahead</b>', 9, 1);
give('Over', -2, 0);
my ($returned, $saved) = (give('السفر', -3, 2), give('Seen', -4, 2));
for my $id ($returned, $saved) {
    my $path = "/v1/homework/$id/pupils/$person{pupil}{id}";
    done_by(teacher => 200, PUT => "$path/assessment", points => 3);
    done_by(teacher => 200, POST => "$path/return") if $id eq $returned;
}
give("Before $_", -4 - $_, 0) for 1 .. 8;

my @checks = $web->browse('classes.mjs', 600, { %person, class => $class,
                                                returned => $returned });
cmp_ok scalar(@checks), '>=', 45, 'to the end: ' . @checks . ' checks';
ok $_->{ok}, $_->{name} or diag $_->{detail} for @checks;

done_testing;
