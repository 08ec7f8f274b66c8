#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# Whoever holds a lock that pupilctl needs does not hold it up for ever: it
# says who that is, and has done nothing.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

my $day = Pupil::Day->up->all_here;
my ($db, $site, $nginx) = ($day->db, $day->site, $day->nginx);
my ($teacher, $pupil) = map { $day->person($_) } qw(teacher pupil);
my $tenant = $site->tenant;
my $folder = root_dir() . '/docs/quickstart/data/sds-100-users';
my $checkpoints = tmp_dir() . '/checkpoints';
mkdir $checkpoints or die "$checkpoints: $!\n";

# In a transaction of its own, until it is rolled back.
sub held ($database, $role, @sql) {
    my ($password) = $site->conninfo($database, user => $role)
                     =~ /password='?([^' ]+)/;
    my $dbh = $site->pg->connect($database, user => $role,
                                 password => $password);
    $dbh->do('SET application_name = "a report"');
    $dbh->do("SELECT set_config('pupil.tenant', '$tenant', false)");
    $dbh->begin_work;
    $dbh->do($_) for @sql;
    return $dbh;
}

sub ctl (@command) {
    my $more = ref $command[-1] ? pop @command : {};
    return $site->ctl(@command, $site->ctl_where, { timeout => 300, %$more });
}

# Since when is told to who may know.
$db->do('GRANT pg_read_all_stats TO pupil_operator');

my $turn = "SELECT pg_advisory_lock(1347760177, hashtext('$tenant'))";
my $lock_it = sub { ctl('subject', 'lock', $teacher->{id}) };
my $import = sub { ctl('import', 'sds', $folder, '--dates', 'open') };

# [what, database, role, locks, command, what it says]
my @cases = (
    ['a row of a credential', 'pupil', 'pupil_gateway',
     ["SELECT FROM data.credential WHERE owner = '$teacher->{id}' FOR UPDATE"],
     sub { ctl('user', 'password', $teacher->{login},
               { stdin => "Another password, 2026\n" }) },
     qr/role pupil_gateway, application "a report"/],
    ['a table', 'pupil', 'postgres', ['LOCK TABLE pupil.subject'], $lock_it,
     qr/role postgres, application "a report", process \d+, since 20/],
    ['the ledger of the key store', 'pupil_keys', 'pupil_keeper',
     [q{SELECT pg_advisory_xact_lock(hashtextextended(}
      . "'ledger $tenant', 0))"],
     sub { ctl('subject', 'erase', $pupil->{id}) },
     qr/role pupil_keeper, .*no role of pupilctl's/],
    ['the turn of an import', 'pupil', 'pupil_gateway', [$turn], $import,
     qr/role pupil_gateway, .*no role of pupilctl's/],
    ['the turn of the sealer', 'pupil', 'pupil_gateway',
     [q{SELECT pg_advisory_lock(hashtextextended('pupil.seal', 0))}],
     sub { ctl(qw(audit seal --checkpoints), $checkpoints) },
     qr/role pupil_gateway, .*no role of pupilctl's/],
    ['a turn that is one', 'pupil', 'pupil_operator', [$turn], $import,
     qr/another import of this tenant is running/],
);

for my $case (@cases) {
    my ($what, $database, $role, $locks, $command, $says) = @$case;
    my $holder = held($database, $role, @$locks);
    local $ENV{PGOPTIONS} = '-c lock_timeout=1200ms' if $what ne 'a table';
    my $run = $command->();
    is $run->{code}, 1, "$what is held: it ends";
    like $run->{err}, $says, "$what: and says by whom" or diag $run->{err};
    $holder->rollback;
    $holder->disconnect;
}

is $nginx->http->login(@$teacher{qw(login password)})->status, 200,
    'nothing is half done: the password is that of before, nobody is locked';
is $day->pupil->get('/v1/data/identity')->status, 200, 'nor erased';
is ctl('subject', 'lock', $teacher->{id})->{code}, 0,
    'and is done, once nobody holds it up';

done_testing;
