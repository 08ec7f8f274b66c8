#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# The sealer, where the table of a month is not there in which events are
# listed: it says what to do, and then it is done.

use lib 't/lib';
use Pupil::Test;
use Pupil::Seal;

my $site = pupil_up(import => 1);
my $db = $site->db;
my $seal = Pupil::Seal->new($site);
my ($id) = $db->selectrow_array("SELECT subject FROM pupil.role WHERE role ="
    . " 'pupil' LIMIT 1");
my ($month) = $db->selectrow_array(
    q{SELECT to_char(now() AT TIME ZONE 'UTC', '"audit_subject_"YYYY_MM')});

is $seal->seal->{code}, 0, 'what is there is sealed';
$db->do("ALTER TABLE pupil.audit_subject DETACH PARTITION pupil.$month");
$db->do("ALTER TABLE pupil.$month RENAME TO gone");
$site->ctl_ok('subject', 'lock', $id, $site->ctl_where);

my $run = $seal->seal;
is $run->{code}, 1, 'without the month it fails';
like $run->{err}, qr/cannot be listed: .*no table of their month.*migrate/,
    'and says what to do';
$site->ctl_ok('migrate', '--database', $site->pg->conninfo('pupil'),
              '--keystore', $site->pg->conninfo('pupil_keys'), '--key',
              $site->key);
is $seal->seal->{code}, 0, 'then it is done';

done_testing;
