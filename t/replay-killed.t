#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I8: pupilctl restore replay that is killed at any step is finished by the same
# command again, and ends as if it had not been: whoever was erased since the
# backup is erased, once, and so is a tenant that has ended.  As long as one of
# them is there, nothing is served.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;
use Pupil::Killed;

my $site = pupil_up(import => 1);
my $goes = Pupil::Day::neighbour($site);
my $dir = tmp_dir();
my @ledger = ('--ledger', "$dir/ledger", '--mirror', "cat >> $dir/mirror");
my @replay = (qw(restore replay), @ledger, $site->ctl_where);
my $tenant = $goes->tenant;
my ($before, @since) = @{ $site->db->selectcol_arrayref("SELECT subject FROM"
    . " pupil.role WHERE role = 'pupil' AND tenant = ? ORDER BY subject"
    . ' LIMIT 3', {}, $site->tenant) };
my @all = ($before, @since);

sub erase ($id) {
    $site->ctl_ok('subject', 'erase', $id, @ledger, $site->ctl_where);
}


# ---- a backup of both, two people who are erased since, and a tenant's end

chomp(my $signer = $site->ctl_ok('erasure', 'key', '--key', $site->key)->{out});
my $nginx = $site->nginx(http => "pupil_ledger $dir/mirror signer=$signer;");
erase($before);
$site->pg->dump('pupil', "$dir/data.sql")->dump('pupil_keys', "$dir/keys.sql");
erase($_) for @since;
$goes->ctl_ok('tenant', 'offboard', 'Grannkommunen', '--without-export',
              '--key-backup-days', 5, @ledger, $goes->ctl_where);
$site->pg->dump('pupil_keys', "$dir/newest.sql");
$nginx->write_conf;
my $file = slurp("$dir/ledger") . slurp("$dir/mirror");

sub restored ($keys) {
    $site->pg->replace('pupil', "$dir/data.sql");
    $site->pg->replace('pupil_keys', "$dir/$keys.sql");
}

# How many rows there are of each table, but for records of who did what; the
# ledger and its copy; what is open; what both databases count.
sub state_ () {
    my ($db, $keys) = ($site->db, $site->keystore);
    my @list;
    for my $dbh ($db, $keys) {
        push @list, map { "$_ " . $dbh->selectrow_array("SELECT count(*) FROM"
            . " $_") } grep { !/\.audit_/ } @{ $dbh->selectcol_arrayref(
            "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE"
            . " schemaname IN ('data', 'pupil', 'keystore') ORDER BY 1") };
    }
    for my $ask (
        [$db, 'SELECT tenant, number, subject, hash FROM pupil.ledger'],
        [$keys, 'SELECT tenant, number, subject, hash FROM keystore.ledger'],
        [$db, 'SELECT tenant, number, name, state FROM pupil.erasure'],
        [$db, 'SELECT owner, state FROM pupil.owner'],
        [$db, 'SELECT subject, status FROM pupil.subject'],
        [$keys, 'SELECT tenant, owner, state, wrapped IS NULL FROM'
              . ' keystore.owner_key'],
        [$keys, 'SELECT entered, destroyed FROM keystore.mark'],
        [$db, 'SELECT copied FROM pupil.mark'],
    ) {
        push @list, @{ $ask->[0]->selectcol_arrayref("SELECT t::text FROM"
            . " ($ask->[1]) AS t ORDER BY 1") };
    }
    return join "\n", @list;
}

# Of whom there is a key, or a person that is not fenced.
sub there () {
    my ($db, $keys) = ($site->db, $site->keystore);
    return join ' ', grep { my $id = $_;
        $keys->selectrow_array('SELECT count(*) FROM keystore.owner_key WHERE'
            . " owner = ? AND state <> 'erased'", {}, $id)
        || $keys->selectrow_array('SELECT count(*) FROM keystore.tenant_key'
            . ' WHERE tenant = ?', {}, $id)
        || $db->selectrow_array('SELECT count(*) FROM pupil.owner WHERE owner'
            . " = ? AND state <> 'erased'", {}, $id) } @all, $tenant;
}

# Workers and this go by the same rule.
sub served () {
    return $site->ctl('check', $nginx->conf_file, $site->ctl_where)->{out}
        !~ /(?:data database|key store) was restored/;
}

sub replay () { return $site->ctl(@replay) }

my %end;
for my $keys (qw(newest keys)) {
    restored($keys);
    ok !served(), "$keys: nothing is served";
    my $run = replay();
    is $run->{code}, 0, "$keys: replay" or diag $run->{err};
    is there(), '', "$keys: they are gone";
    ok served(), "$keys: then it is";
    $end{$keys} = state_();
}


# ---- each step, of one and then of all

# Each: which key store there is, what holds it.
my $theirs = "tenant = '$tenant'";
my @steps = (
    (map { my $keys = $_; map { [$keys, @$_] }
        ['the copy of the ledger', pupil =>
         'LOCK TABLE pupil.ledger IN SHARE MODE'],
        ['the floors', pupil_keys =>
         'LOCK TABLE keystore.floor IN SHARE MODE'],
        ['the record', pupil =>
         'LOCK TABLE pupil.audit_record IN SHARE MODE'],
        ['the rows', pupil =>
         'LOCK TABLE data.identity IN SHARE MODE'],
        ["a tenant's last row", pupil =>
         "SELECT FROM pupil.tenant WHERE $theirs FOR UPDATE"],
     } qw(newest keys)),
    ['keys', 'the ledger', pupil_keys =>
     'LOCK TABLE keystore.ledger IN SHARE MODE'],
    ['keys', 'the key of one', pupil_keys =>
     "SELECT FROM keystore.owner_key WHERE owner = '$since[0]' FOR UPDATE"],
    ['keys', 'the key of the next', pupil_keys =>
     "SELECT FROM keystore.owner_key WHERE owner = '$since[1]' FOR UPDATE"],
    ['keys', "a tenant's key", pupil_keys =>
     "SELECT FROM keystore.tenant_key WHERE $theirs FOR UPDATE"],
);

for my $step (@steps) {
    my ($keys, $what, @how) = @$step;
    my $name = "$keys: $what";
    restored($keys);
    ok killed_at($site, \@how, @replay), "$name: killed";
    isnt state_(), $end{$keys}, "$name: it is not done";
    is served() ? there() : '', '', "$name: nobody is served who was erased";
    my $run = replay();
    is $run->{code}, 0, "$name: again" or diag $run->{err};
    is state_(), $end{$keys}, "$name: the same end";
    is slurp("$dir/ledger") . slurp("$dir/mirror"), $file,
        "$name: and no entry twice in the file";
    is $site->ctl(qw(audit verify), $site->ctl_where)->{code}, 0,
        "$name: the audit verifies";
    $run = replay();
    is "$run->{code}$run->{out}", '0', "$name: once more: nothing to do";
}

done_testing;
