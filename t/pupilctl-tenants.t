#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# Commands that walk through all tenants have no number of them at which they
# stop: replay of a restored database (I8), retention, and work.

use lib 't/lib';
use Pupil::Test;
use JSON::XS qw(decode_json);

use constant TENANTS => 7;

my $site = pupil_up();
my @where = $site->ctl_databases;
my $dump = tmp_dir() . '/dump.sql';

sub added (@words) {
    return decode_json($site->ctl_ok(@words, '--json', @where)->{out});
}

my @tenants = ($site->tenant);
push @tenants, added('tenant', 'add', "Town $_")->{tenant} for 2 .. TENANTS;
my @people;
for my $tenant (@tenants) {
    push @people, [map { added('user', 'add', $_, 'dpo', '--tenant', $tenant)
                         ->{id} } 'erased', 'officer'];
}

sub active ($i) {
    return scalar grep { $site->db->selectrow_array('SELECT count(*) FROM'
        . " pupil.subject WHERE subject = ? AND status = 'active'", {},
        $_->[$i]) } @people;
}


# ---- a database that is restored

my $run = run_cmd('pg_dump', '-C', '-f', $dump, $site->pg->conninfo('pupil'));
is $run->{code}, 0, 'the backup' or diag $run->{err};
$site->ctl_ok('subject', 'erase', $people[$_][0], @where, '--tenant',
              $tenants[$_]) for 0 .. $#tenants;
is active(0), 0, 'one of each tenant is erased';
$site->pg->dbh('postgres')->do('DROP DATABASE pupil WITH (FORCE)');
$run = run_cmd('psql', '-qX', '-v', 'ON_ERROR_STOP=1', '-f', $dump,
               $site->pg->conninfo('postgres'), { timeout => 300 });
is $run->{code}, 0, 'the database is restored' or diag $run->{err};
is active(0), TENANTS, 'they are back';

$run = $site->ctl('restore', 'replay', @where);
is $run->{code}, 0, 'replay' or diag $run->{err};
is active(0), 0, 'erases them again, each';
is active(1), TENANTS, 'and nobody else';


# ---- retention, and what was not finished

for my $words ([qw(retention run --dry-run)], [qw(retention run)]) {
    $run = $site->ctl(@$words, @where);
    is $run->{code}, 0, "@$words" or diag $run->{err};
}

$site->keystore->do('ALTER FUNCTION keystore.raise RENAME TO gone');
for my $i (0 .. $#tenants) {
    $run = $site->ctl('subject', 'lock', $people[$i][1], @where, '--tenant',
                      $tenants[$i]);
    isnt $run->{code}, 0, 'a lock of which the key store did not hear';
}
$site->keystore->do('ALTER FUNCTION keystore.gone RENAME TO raise');
is $site->db->selectrow_array('SELECT count(DISTINCT tenant) FROM'
    . ' pupil.revocation'), TENANTS, 'is open';
$run = $site->ctl('work', @where);
is $run->{code}, 0, 'work' or diag $run->{err};
is $site->db->selectrow_array('SELECT count(*) FROM pupil.revocation'), 0,
    'finishes it, each';

done_testing;
