#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I7: whoever was erased stays unreadable for somebody who has an old backup of
# the key store, one of the data, the key store as it is now and the key file as
# it is now, once the keys of tenants have new versions and the old epoch's line
# is gone.  Every tenant's key and every owner's key of all of them is tried with
# the other, by a program that has nothing but the vault.

use lib 't/lib';
use Pupil::Test;

my $site = pupil_up(import => 1);
my ($db, $keys) = ($site->db, $site->keystore);
my @where = $site->ctl_where;
my ($first, $second, $stays) = map { $site->person($_)->{id} }
                               qw(OKlein BMcMillan MMcMillan);
my $old_file = tmp_dir() . '/kek.old';

# The sealed names, as a backup of the data has them.
my %name = map { $_->[0] => $_->[1] } @{ $db->selectall_arrayref(
    "SELECT owner, encode(given_name, 'hex') FROM data.identity") };

sub ctl_ok (@args) {
    my $run = $site->ctl(@args, @where);
    die "@args: $run->{err}" if $run->{code};
    return $run;
}

# A backup of the key store, as a database that somebody can read.
sub backup ($as) {
    $site->keys_pg->dump('pupil_keys', tmp_dir() . '/keys')
                  ->beside('pupil_keys', tmp_dir() . '/keys', $as);
    return $site->keys_pg->dbh($as);
}

sub rows ($dbh, $sql, @with) {
    return map { join ' ', @$_ } @{ $dbh->selectall_arrayref($sql, {}, @with) };
}

# What of these databases opens somebody's name, with a key file.
sub opens ($whom, $file, @databases) {
    my @tenants = map { rows($_, 'SELECT tenant, version, epoch, encode('
        . "wrapped, 'hex') FROM keystore.tenant_key") } @databases;
    my @owners = map { rows($_, 'SELECT tenant, owner, version, tenant_version,'
        . " encode(wrapped, 'hex') FROM keystore.owner_key WHERE owner = ? AND"
        . ' wrapped IS NOT NULL', $whom) } @databases;
    my %found;

    for my $tenant (@tenants) {
        for my $owner (@owners) {
            my $run = run_cmd(build_dir() . '/keytool', $file, { stdin =>
                "tenant $tenant\nowner $owner\nvalue identity given_name $whom"
                . " $name{$whom}\n" });
            $found{pack 'H*', $1}++ if $run->{out} =~ /^value (\w+)$/m;
        }
    }
    return join ' ', sort keys %found;
}


# ---- a backup of the key store, an erasure, a rotation

my $before = backup('before');
is opens($first, $site->key, $before), 'Ora', 'a name opens';
ctl_ok('subject', 'erase', $first);
is opens($first, $site->key, $keys), '', 'is erased';
is opens($first, $site->key, $before, $keys), 'Ora',
    'but not for who has a backup of the key store';

spew($old_file, slurp($site->key), 0600);
ctl_ok('key', $_) for qw(generate register rotate);
ctl_ok('key', 'retire', 1);
spew($site->key, slurp($site->key) =~ s/^.*\n//r, 0600);

is opens($first, $site->key, $before, $keys), '',
    'with the key file that is left it opens nothing, whatever of the key store'
    . ' is tried with it';
is opens($first, $old_file, $before, $keys), 'Ora',
    'with the old key file it does: that is to be destroyed';
isnt opens($stays, $site->key, $keys), '', 'who was not erased is there';
is ctl_ok('user', 'show', 'MMcMillan')->{code}, 0, 'as pupilctl finds, too';


# ---- a backup from the midst of a rotation

ctl_ok('key', $_) for qw(generate register);
my $holder = $site->keys_pg->connect('pupil_keys', AutoCommit => 0);
$holder->do('LOCK TABLE keystore.owner_key IN SHARE ROW EXCLUSIVE MODE');
my $pid = start_process([build_dir() . '/pupilctl', 'key', 'rotate', @where],
    env => Pupil::Nginx->sanitizer_env);
wait_until(60, 'it to wait', sub {
    $keys->selectrow_array('SELECT count(*) FROM pg_stat_activity WHERE'
        . " usename = 'pupil_operator' AND wait_event_type = 'Lock'") });
my $midst = backup('midst');
is $midst->selectrow_array('SELECT count(DISTINCT epoch) FROM'
    . ' keystore.tenant_key'), 2, 'it is there that both are';
$holder->rollback;
process_ends($pid, 60);
is $?, 0, 'the rotation ends';

ctl_ok('subject', 'erase', $second);
ctl_ok('key', 'retire', 2);
spew($site->key, slurp($site->key) =~ s/^.*\n//r, 0600);
is opens($second, $site->key, $midst, $before, $keys), '',
    'nor does one from the midst of a rotation open who was erased then';

done_testing;
