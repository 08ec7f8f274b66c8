#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# pupilctl restore replay: who was erased since a backup is erased again in the
# database that was restored from it, and nobody else.

use lib 't/lib';
use Pupil::Test;

my $site = pupil_up(import => 1);
my $keys = $site->keystore;
my $dump = tmp_dir() . '/dump.sql';
my ($before, $since, $other) = @{ $site->db->selectcol_arrayref("SELECT"
    . " subject FROM pupil.role WHERE role = 'pupil' ORDER BY subject"
    . ' LIMIT 3') };

sub erase ($id) {
    return $site->ctl('subject', 'erase', $id, $site->ctl_where);
}

sub rows ($id) {
    return 0 + $site->db->selectrow_array('SELECT count(*) FROM data.identity'
        . ' WHERE owner = ?', {}, $id);
}

sub ledger ($dbh, $schema) {
    return $dbh->selectall_arrayref("SELECT number, subject, encode(hash,"
        . " 'hex') FROM $schema.ledger ORDER BY number");
}

is erase($before)->{code}, 0, 'one is erased before the backup';
my $run = run_cmd('pg_dump', '-C', '-f', $dump, $site->pg->conninfo('pupil'));
is $run->{code}, 0, 'the backup' or diag $run->{err};
is erase($since)->{code}, 0, 'one is erased since';

$site->pg->dbh('postgres')->do('DROP DATABASE pupil WITH (FORCE)');
$run = run_cmd('psql', '-qX', '-v', 'ON_ERROR_STOP=1', '-f', $dump,
               $site->pg->conninfo('postgres'), { timeout => 300 });
is $run->{code}, 0, 'it is restored' or diag $run->{err};
is rows($since), 1, 'their rows are back';

$run = erase($other);
is $run->{code}, 1, 'nobody else is erased then';
like $run->{err}, qr/1 of 2 entries.*run pupilctl restore replay/, 'and why';
is $site->ctl('work', $site->ctl_where)->{code}, 0, 'work';
is rows($since), 1, 'leaves it alone';

$run = $site->ctl('restore', 'replay', $site->ctl_where);
is $run->{code}, 0, 'replay' or diag $run->{err};
is $run->{out}, "$since erased again, entry 2\n", 'says whom';
is join(' ', map { rows($_) } $before, $since, $other), '0 0 1',
    'their rows are gone, and nobody else\'s';
is_deeply ledger($site->db, 'pupil'), ledger($keys, 'keystore'),
    'the copy of the ledger is whole';
$run = $site->ctl('restore', 'replay', $site->ctl_where);
is "$run->{code}$run->{out}", '0', 'again: nothing to do';
is erase($other)->{code}, 0, 'and erasures go on';

done_testing;
