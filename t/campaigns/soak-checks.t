#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# `make soak` can fail: the same people for some seconds without any fault, and
# then the books with an answer that has no record, a submission that is lost,
# one that is stored twice, one that is another's, and facts that are wrong.

use lib 't/lib', 't/soak/lib';
use Pupil::Test;
use Soak::Season;
use Time::HiRes qw(sleep);

my $season = Soak::Season->new(seed => 1, tenants => 1, pupils => 2);
my ($school) = $season->schools;
my $db = $season->db;

$season->begin;
sleep 4;
$season->end;

my %wrong = $season->wrong;
is join("\n", grep { defined } @{ $wrong{$_} }[0 .. 4]), '', $_
    for sort keys %wrong;
is join(' ', $season->verify), '', 'the audit is whole';
my $people = $school->{ledger}{People};
my @answers = @{ $people->{answers} };
cmp_ok scalar(@answers), '>', 40, 'there are answers';
cmp_ok scalar(keys %{ $people->{acked} }), '>', 5, 'and submissions';

# What is found when something is broken, and what it is put back by.
sub found ($what, $lines, $name) {
    my %now = $season->wrong;
    my $found = @{ $now{$what} };
    is $found, $lines, $name or diag join "\n", @{ $now{$what} };
}


# ---- audit

my ($one) = grep { $_->{kind} =~ /history 200/ } @answers;
my ($two) = grep { $_->{kind} =~ /submit 201/ } @answers;
$db->do('DELETE FROM pupil.audit_record WHERE request = ?', {},
        $one->{request});
found('each answer has its records', 1, 'an answer without a record');
$db->do('UPDATE pupil.audit_record SET actor = gen_random_uuid() WHERE'
        . ' request = ?', {}, $two->{request});
found('each answer has its records', 2, 'and one of somebody else');


# ---- submissions

my ($lost, $twice) = sort keys %{ $people->{acked} };
my $once = 'each submission is stored once';
$db->do('CREATE TEMPORARY TABLE kept AS SELECT * FROM data.progress WHERE'
        . ' record = ?', {}, $lost);
$db->do('DELETE FROM data.progress WHERE record = ?', {}, $lost);
found($once, 1, 'a submission that is lost');
$db->do('INSERT INTO data.progress SELECT * FROM kept');
found($once, 0, '... and there again');

$db->do('UPDATE kept SET record = gen_random_uuid()');
$db->do('INSERT INTO data.progress SELECT * FROM kept');
found($once, 1, 'one that was never sent');
$db->do('DELETE FROM data.progress WHERE record IN (SELECT record FROM kept)');
$db->do('UPDATE kept SET record = ?, owner = gen_random_uuid()', {}, $lost);
$db->do('INSERT INTO data.progress SELECT * FROM kept');
found($once, 2, 'one that is stored twice, once as another\'s');
$db->do('DELETE FROM data.progress WHERE owner IN (SELECT owner FROM kept)');
found($once, 0, '... and no more');

$people->{sent}{$lost}[1]{answer} = 'something else';
found('with what was sent', 1, 'one with another answer');


# ---- homework

$people->{works}{ uuid() } = { acked => 1, content => {} };
found('homework that has an id is assigned once', 1, 'homework that is lost');


# ---- facts

my $is = sub ($status, $done, $score, @bounds) {
    Soak::Books::astray({ status => $status, exercises_done => $done,
                          score => $score }, @bounds, 3) };
is $is->(completed => 3, 30, 3, 3), '', 'completed';
isnt $is->(not_started => 0, undef, 3, 3), '', 'completed, and no more';
isnt $is->(completed => 2, 20, 2, 2), '', 'completed too early';
isnt $is->(in_progress => 2, undef, 2, 3), '', 'begun, without its score';
isnt $is->(not_started => 1, 10, 0, 1), '', 'begun, and said not to be';

done_testing;
