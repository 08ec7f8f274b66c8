#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# display_name, wherever it stands: the name; null when there is none; no
# member when it is not granted.

use lib 't/lib';
use Pupil::Test;
use Pupil::Class;

my $class = Pupil::Class->up;
my %person = map { $_ => $class->person($_) } qw(teacher pupil);
my $homework = $class->assign;
my $one = "/v1/homework/$homework->{id}";

# What has the name of the pupil, and of the teacher.
sub places ($nginx) {
    my %http = map { $_ => $nginx->http } keys %person;
    my %login = map { $_ => $http{$_}->login(@{ $person{$_} }
                                             {qw(login password)}) }
                keys %person;
    my ($mine) = grep { $_->{id} eq $person{pupil}{id} }
        @{ $http{teacher}->get("$one/progress")->json->{pupils} };
    return (
        'log-in of the pupil' => $login{pupil}->json->{user},
        'session of the pupil' =>
            $http{pupil}->get('/v1/session')->json->{user},
        'overview' => $mine,
        'log-in of the teacher' => $login{teacher}->json->{user},
        'session of the teacher' =>
            $http{teacher}->get('/v1/session')->json->{user},
        'homework' => $http{pupil}->get($one)->json->{assigned_by},
    );
}

sub alike ($nginx, $what, %want) {
    my %place = places($nginx);
    for my $name (sort keys %place) {
        my $who = $name =~ /teacher|homework/ ? 'teacher' : 'pupil';
        my $there = $place{$name};
        is exists $want{$who}, exists $there->{display_name},
            "$what, $name: member";
        is $there->{display_name}, $want{$who}, "$what, $name";
    }
}

alike($class->nginx, 'a name', teacher => 'Craig Beane',
      pupil => 'Ora Klein');

$class->db->do('UPDATE data.identity SET given_name = NULL WHERE owner = ?',
               {}, $person{teacher}{id});
alike($class->nginx, 'a family name', teacher => 'Beane',
      pupil => 'Ora Klein');

$class->db->do('DELETE FROM data.identity WHERE owner = ?', {},
               $person{pupil}{id});
$class->db->do('UPDATE data.identity SET given_name = NULL, family_name = NULL'
               . ' WHERE owner = ?', {}, $person{teacher}{id});
alike($class->nginx, 'none', teacher => undef, pupil => undef);

$class->db->do('UPDATE pupil.enrolment SET valid_to = valid_from'
               . ' WHERE subject = ?', {}, $person{teacher}{id});
is_deeply $class->pupil->get($one)->json->{assigned_by},
    { display_name => undef }, 'nobody who teaches the class';

my $narrow = $class->site->nginx(pupil => 'pupil_deny identity;')->start;
my $pupil = $narrow->http;
my $res = $pupil->login(@{ $person{pupil} }{qw(login password)});
ok !exists $res->json->{user}{display_name}, 'not granted: log-in';
ok !exists $pupil->get('/v1/session')->json->{user}{display_name},
    'not granted: session';
ok !exists $pupil->get($one)->json->{assigned_by}, 'not granted: homework';

$_->allow_log(qr/is not authentic/) for $class->nginx, $narrow;

done_testing;
