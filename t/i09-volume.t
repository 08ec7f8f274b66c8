#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I9: verification of a large log: it finds nothing, in statements that are as
# many as batches and not as leaves, and in memory that is that of a batch.

use lib 't/lib', 't/bench/lib';
use Pupil::Test;
use Bench::Log;

plan(skip_all => 'not under sanitizers') if $ENV{PUPIL_SANITIZE};

my $site = pupil_up(import => 1, pg => { conf => { log_statement => 'all' } });
my $nginx = $site->nginx->start;
my $person = $site->person('CBeane');
my $http = $nginx->http;
is $http->login(@$person{qw(login password)})->status, 200, 'a log-in';
is $http->get('/v1/homework')->status, 200, 'and a request leave records';
$nginx->quit;

my $log = Bench::Log->new($site);

# Statements that verify sent, and what it told.
sub verified () {
    my $before = -s $site->pg->log_file;
    my $told = $log->verify;
    open my $file, '<', $site->pg->log_file or die;
    seek $file, $before, 0;
    $told->{statements} = grep { /LOG:  (?:statement|execute [^:]*):/ } <$file>;
    return $told;
}

my @told;
for my $more (30_000, 120_000) {
    $log->fill($more, $person->{id}, 100);
    $log->seal;
    push @told, verified();
    my $json = $told[-1]{json};
    is_deeply $json->{findings}, [], 'nothing is found';
    cmp_ok $json->{sealed}, '>=', $log->{filled}, 'all is sealed';
    cmp_ok $json->{leaves}, '>=', $json->{sealed}, 'with a leaf at least';
}

my ($few, $many) = @told;
my $batches = $many->{json}{batches} - $few->{json}{batches};
cmp_ok $batches, '>=', 12, 'more batches';
cmp_ok $many->{statements} - $few->{statements}, '<=', 4 * $batches,
    'cost a few statements each';
cmp_ok $many->{rss}, '<', $few->{rss} + (4 << 20),
    'and the memory of one';
note map { "$_->{json}{leaves} leaves: $_->{server} s of the server,"
           . " $_->{cpu} s, $_->{rss} bytes\n" } @told;

done_testing;
