#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I8: pupilctl restore replay that is killed at any step is finished by the same
# command again, and ends as if it had not been: whoever was erased since the
# backup is erased, once, and so is a tenant that has ended.  As long as one of
# them is there, nothing is served.

use lib 't/lib';
use Pupil::Test;
use Pupil::Campaign;
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
my %dump = map { my $name = $_; $name => { map { $_ => "$dir/$name-$_.sql" }
    qw(pupil pupil_keys) } } qw(old new);
$site->pg->dump($_, $dump{old}{$_}) for qw(pupil pupil_keys);
erase($_) for @since;
my @end = (qw(tenant offboard Grannkommunen --without-export), @ledger,
           '--key-backup-days', 5, $goes->ctl_where);
mkdir "$dir/checkpoints";
$goes->ctl(@end);       # what it says is on record, which has to be sealed
$goes->ctl_ok(qw(audit seal --checkpoints), "$dir/checkpoints",
              $goes->ctl_where);
$goes->ctl_ok(@end);
$site->pg->dump($_, $dump{new}{$_}) for qw(pupil pupil_keys);
$nginx->write_conf;
my $file = slurp("$dir/ledger") . slurp("$dir/mirror");

# Which backup of which database.
my %restored = (data => [qw(old new)], keys => [qw(new old)],
                both => [qw(old old)]);

sub restored ($which) {
    my ($data, $keys) = @{ $restored{$which} };
    $site->pg->replace(pupil => $dump{$data}{pupil}, again => 1);
    $site->pg->replace(pupil_keys => $dump{$keys}{pupil_keys}, again => 1);
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
for my $which (qw(data keys both)) {
    restored($which);
    ok !served(), "$which: nothing is served";
    my $run = replay();
    is $run->{code}, 0, "$which: replay" or diag $run->{err};
    is there(), '', "$which: they are gone";
    ok served(), "$which: then it is";
    $end{$which} = state_();
}


# ---- each step, of one and then of all

# Each: the step, in which database, what holds it.
my $theirs = "tenant = '$tenant'";
my @data = (
    ['the copy of the ledger', pupil =>
     'LOCK TABLE pupil.ledger IN SHARE MODE'],
    ['the record', pupil => 'LOCK TABLE pupil.audit_record IN SHARE MODE'],
    ['the rows', pupil => 'LOCK TABLE data.identity IN SHARE MODE'],
    ["a tenant's last row", pupil =>
     "SELECT FROM pupil.tenant WHERE $theirs FOR UPDATE"],
);
my @keys = (
    ['the ledger', pupil_keys => 'LOCK TABLE keystore.ledger IN SHARE MODE'],
    ['the key of one', pupil_keys =>
     "SELECT FROM keystore.owner_key WHERE owner = '$since[0]' FOR UPDATE"],
    ['the key of the next', pupil_keys =>
     "SELECT FROM keystore.owner_key WHERE owner = '$since[1]' FOR UPDATE"],
    ["a tenant's key", pupil_keys =>
     "SELECT FROM keystore.tenant_key WHERE $theirs FOR UPDATE"],
    ['the floors', pupil_keys => 'LOCK TABLE keystore.floor IN SHARE MODE'],
);

# What was restored, and a step.  One in two is each step once.
my @steps = ((map { ['data', @$_] } @data), (map { ['keys', @$_] } @keys),
             (map { ['both', @$_] } @data, @keys));

for my $step (one_in(2, 0, @steps)) {
    my ($which, $what, @how) = @$step;
    my $name = "$which: $what";
    restored($which);
    ok killed_at($site, \@how, @replay), "$name: killed";
    ok state_() ne $end{$which}, "$name: it is not done";
    is served() ? there() : '', '', "$name: nobody is served who was erased";
    my $run = replay();
    is $run->{code}, 0, "$name: again" or diag $run->{err};
    ok state_() eq $end{$which}, "$name: the same end";
    is slurp("$dir/ledger") . slurp("$dir/mirror"), $file,
        "$name: and no entry twice in the file";
    is $site->ctl(qw(audit verify), $site->ctl_where)->{code}, 0,
        "$name: the audit verifies";
    $run = replay();
    is "$run->{code}$run->{out}", '0', "$name: once more: nothing to do";
}

done_testing;
