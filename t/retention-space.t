#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# What retention deletes is freed by VACUUM: the file on the disk is cut where
# its end is empty, and what is in between is filled again.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

my $day = Pupil::Day->up(pg => { conf => { autovacuum => 'off' } })->all_here;
my ($site, $db) = ($day->site, $day->db);
my $ROWS = 20_000;

my $file = $db->selectrow_array("SELECT current_setting('data_directory') ||"
    . " '/' || pg_relation_filepath('data.network')");
sub size { $db->do('CHECKPOINT'); return -s $file }

# Copies of a record, so many days old.
sub store ($days) {
    $db->do('INSERT INTO data.network (tenant, owner, record, key_version,'
        . ' source, updated_at, address, seen_at, facts) SELECT tenant, owner,'
        . ' gen_random_uuid(), key_version, source, now() - ?::integer *'
        . " interval '1 day', address, seen_at, facts FROM (SELECT * FROM"
        . ' data.network LIMIT 1) AS n, generate_series(1, ?)', {}, $days,
        $ROWS);
}

sub retention { $site->ctl_ok('retention', 'run', $site->ctl_where) }

my $begun = size();
store(40);
my $full = size();
cmp_ok $full, '>', $begun + $ROWS * 100, 'records on the disk';
like retention()->{out}, qr/network +$ROWS$/m, 'which have expired, and go';
is size(), $full, 'a deletion frees nothing yet';
$db->do('VACUUM data.network');
cmp_ok size(), '<', $full / 10, 'VACUUM does';

store(40);
store(1);               # these stay, at the end of the file
my $both = size();
retention();
$db->do('VACUUM data.network');
my $after = size();
cmp_ok $after, '>', $full, 'what stays holds its place';
store(1);
cmp_ok size(), '<', $both * 1.05, 'and what was freed before it is used again';
is $db->selectrow_array("SELECT count(*) FROM data.network WHERE updated_at <"
    . " now() - interval '30 days'"), 0, 'nothing is left that has expired';

done_testing;
