#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# The rotation of a tenant of 10,000 pupils, a batch of keys after the other, while
# workers that keep no key ask for each: no request fails.  With prove -v it says
# how long it took.

use lib 't/lib', 't/bench/lib';
use Pupil::Test;
use Pupil::Chaos;
use Bench::Machine qw(build_tool);
use Time::HiRes qw(time);

my $pupils = 10_000;
my $chaos = Pupil::Chaos->new(pupils => 3,
                              conf => { pupil_key_cache => 'off' });
my ($site, $nginx) = ($chaos->site, $chaos->nginx);
my $keys = $site->keystore;
my @where = $site->ctl_where;

my $grown = run_cmd(build_tool(qw(grow grow_copy seed_facts seeding)),
    '--database', $site->conninfo('pupil'), '--keystore',
    $site->conninfo('pupil_keys'), '--key', $site->key, '--tenant',
    $site->tenant, '--groups', int($pupils / 30), qw(--size 30 --pupils 1
    --teachers 1 --out), tmp_dir() . '/grown', { timeout => 600 });
is $grown->{code}, 0, "$pupils pupils more" or diag $grown->{err};

sub ctl_ok (@args) {
    my $run = $site->ctl(@args, @where);
    die "@args: $run->{err}" if $run->{code};
    return $run->{out};
}

sub versions () {
    return join ' ', map { "$_->[0]:$_->[1]" } @{ $keys->selectall_arrayref(
        'SELECT tenant_version, count(*) FROM keystore.owner_key GROUP BY 1')
    };
}

my ($count) = versions() =~ /^1:(\d+)$/ or die versions(), "\n";
cmp_ok $count, '>', $pupils, "$count keys of people and classes";
ctl_ok('key', 'generate');
$nginx->reload(wait => 1);
ctl_ok('key', 'register');

my $load = $chaos->start;
wait_until(60, 'requests', sub { $keys->selectrow_array(
    'SELECT sum(keys) FROM keystore.fetch') });
my $begun = time;
my $told = JSON::XS::decode_json(ctl_ok('key', 'rotate', '--json'));
my $took = time - $begun;
my $report = $chaos->end($load);

is versions(), "2:$count", 'all are under the new version';
cmp_ok $told->{wrapped}, '>', $count, 'and counted, with the service keys';
is_deeply [grep { !/^[24]/ } keys %{ $report->{statuses} }], [],
    'no request failed';
is "@{ $report->{faults} }", '', 'no answer was wrong';
cmp_ok $report->{statuses}{200}, '>', 10, 'of many';
note sprintf '%d keys in %.2f s, beside %d requests', $told->{wrapped}, $took,
    $report->{statuses}{200};

done_testing;
