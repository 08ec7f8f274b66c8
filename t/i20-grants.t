#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I20: `pupilctl check` names each privilege that no migration gave, on whatever
# object of Pupil's in either database, with the REVOKE that takes it back; and
# what was given, and is gone.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

my $day = Pupil::Day->up(start => 0);
my $site = $day->site;
my %db = (pupil => $site->db, keystore => $site->keystore);
my $conf = $day->nginx->conf_file;

sub findings () { return $site->ctl('check', $conf)->{out} }

is findings() =~ /(REVOKE|GRANT)/ ? $1 : '', '', 'what migrations gave is no finding';

# Which database, and what is granted: as it is taken back, but for FROM.
my @grants = (
    [pupil => 'DELETE ON TABLE pupil.seal FROM pupil_gateway'],
    [pupil => 'UPDATE ON TABLE pupil.seal_tile FROM pupil_gateway'],
    [pupil => 'UPDATE ON TABLE pupil.subject FROM pupil_gateway'],
    [pupil => 'INSERT ON TABLE pupil.owner FROM pupil_gateway'],
    [pupil => 'UPDATE (subject) ON TABLE pupil.support_grant FROM'
              . ' pupil_gateway'],
    [pupil => 'DELETE ON TABLE pupil.notice FROM pupil_gateway'],
    [pupil => 'UPDATE (trial) ON TABLE pupil.sign_up FROM pupil_gateway'],
    [pupil => 'UPDATE (key_version) ON TABLE pupil.owner FROM pupil_operator'],
    [pupil => 'SELECT ON TABLE pupil.audit_subject FROM pupil_gateway'],
    [pupil => 'TRUNCATE ON TABLE pupil.audit_record FROM pupil_operator'],
    [pupil => 'TRIGGER ON TABLE pupil.ledger FROM PUBLIC'],
    [pupil => 'EXECUTE ON FUNCTION pupil.wait_for_writers(regclass) FROM'
              . ' pupil_gateway'],
    [pupil => 'CREATE ON SCHEMA pupil FROM pupil_operator'],
    [pupil => 'INSERT ON TABLE public.pupil_object FROM pupil_operator'],
    [pupil => 'SELECT ON TABLE data.identity FROM PUBLIC'],
    [keystore => 'EXECUTE ON FUNCTION keystore.acknowledge_hole(bigint,text)'
                 . ' FROM pupil_keeper'],
    [keystore => 'SELECT (wrapped) ON TABLE keystore.owner_key FROM'
                 . ' pupil_keeper'],
    [keystore => 'UPDATE ON TABLE keystore.floor FROM pupil_operator'],
    [keystore => 'DELETE ON TABLE keystore.hole FROM pupil_operator'],
    [keystore => 'DELETE ON TABLE keystore.ended FROM pupil_keeper'],
    [keystore => 'INSERT ON TABLE keystore.gone FROM pupil_keeper'],
);

$db{ $_->[0] }->do('GRANT ' . $_->[1] =~ s/ FROM / TO /r) for @grants;
my $found = findings();
like $found, qr/^no migration gave this: REVOKE \Q$_->[1]\E$/m, $_->[1]
    for @grants;
$db{ $_->[0] }->do("REVOKE $_->[1]") for @grants;
is findings() =~ /(REVOKE|GRANT)/ ? $1 : '', '', 'taken back, it is none';


# ---- what may be handed on, and what is gone

$db{keystore}->do('GRANT SELECT ON keystore.hole TO pupil_operator WITH GRANT'
    . ' OPTION');
like findings(), qr/^no migration gave this: REVOKE GRANT OPTION FOR SELECT ON TABLE keystore\.hole FROM pupil_operator$/m,
    'a privilege that may be handed on';
$db{keystore}->do('REVOKE SELECT ON keystore.hole FROM pupil_operator CASCADE');
like findings(), qr/^a migration gave this, and it is gone: GRANT SELECT ON TABLE keystore\.hole TO pupil_operator$/m,
    'and one that is gone';

done_testing;
