#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# Invariant I20: who and what was asked for is what is shown.  In the middle of
# the connection to the data database the pupil who is asked for is made another
# one of the same class, and an exercise another one of the same homework, whose
# rows are authentic: the gateway tells, and shows none.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;
use Pupil::PgProxy;

my $site = pupil_up(import => 1);
my $lie = tmp_dir() . '/lie';           # two ids, the first made the second

# In what a statement is given, where it is of the class or the homework.
sub other ($type, $body) {
    return $body if $type ne 'B' || !-e $lie;
    my ($asked, $other, @of) = map { pack 'H*', $_ } split / /, slurp($lie);
    $body =~ s/\Q$asked\E/$other/g if grep { index($body, $_) >= 0 } @of;
    return $body;
}

my $proxy = Pupil::PgProxy->new($site->pg, client => \&other);
my $day = Pupil::Day->up(site => $site, start => 0, conf => {
    pupil_database => '"' . $site->gateway('pupil', host => '127.0.0.1',
        port => $proxy->port, sslmode => 'disable') . '"' });
$day->nginx->start;
$day->ready->all_here->work;

my $homework = $day->homework;
my ($answered, $empty) = map { $_->{id} } @{ $homework->{exercises} };
my %id = (class => $day->class_id, homework => $homework->{id},
          map { $_ => $day->person($_)->{id} } qw(pupil classmate));
my @pupil = @id{qw(pupil classmate)};
my @exercise = ($empty, $answered, $day->submission->{id});

# What is asked for, what is made of it, and by what it would be known.
for my $case (
    ['of a class', "/v1/classes/$id{class}/pupils/$id{pupil}", @pupil],
    ['answers', "/v1/homework/$id{homework}/answers?pupil=$id{pupil}", @pupil],
    ['answers of an exercise', "/v1/homework/$id{homework}/answers"
     . "?exercise=$empty", @exercise],
    ['assessment', "/v1/homework/$id{homework}/pupils/$id{pupil}/assessment",
     @pupil])
{
    my ($name, $path, $asked, $other, $shown) = @$case;
    $shown //= $other;
    unlike $day->expect(200, $day->teacher->get($path))->body, qr/\Q$shown\E/,
        "$name: what is asked for is shown";

    spew("$lie.new", join ' ', map { s/-//gr } $asked, $other,
         @id{qw(class homework)});
    rename "$lie.new", $lie or die "$lie: $!\n";
    my $res = $day->teacher->get($path);
    unlink $lie;

    unlike $res->body, qr/\Q$shown\E/, "$name: nothing else is shown";
    isnt scalar(grep { $_ eq 'tampered' } @{ $day->outcomes($res) }), 0,
        "$name: and it is on record that the database lied";
    $day->expect(200, $day->teacher->get($path));
}

done_testing;
