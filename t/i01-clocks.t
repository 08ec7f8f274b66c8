#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I1: a record is dated by its writer, whose clock may differ from the
# database's by a minute: beyond that nothing is stored.  What gateways and
# readiness say of it: t/i01-unwritable.t.

use lib 't/lib';
use Pupil::Test;

my $site = pupil_up;
my $db = $site->db;
my $gateway = $site->pg->connect('pupil', user => 'pupil_gateway',
    password => $site->{roles}{pupil_gateway});
my ($tenant, $zero) = ($site->tenant, '00000000-0000-0000-0000-000000000000');

my $run = run_cmd(build_dir() . '/plugin_load', 'fixed');
my %prepare = map { /^PREPARE (audit_\w+) / ? ($1 => $_) : () }
              split /\n/, $run->{out};
is join(' ', sort keys %prepare), 'audit_end audit_group audit_probe',
    'the statements of the audit';
$gateway->do($_) for "SET pupil.tenant = '$tenant'", values %prepare;
$gateway->{PrintError} = 0;

# SQLSTATE, or what it returns in that column.
sub answer ($sql, $column = -1) {
    my @row = eval { $gateway->selectrow_array($sql) };
    return $@ ? $gateway->state : $row[$column];
}

sub probe ($off) {
    return answer("EXECUTE audit_probe (1, now() + interval '$off s')", 2);
}

sub stored () {
    return $db->selectrow_array('SELECT count(*) FROM pupil.audit_record'
                                . " WHERE outcome = 'throttled'");
}

# A record that is dated so many seconds off.
sub group ($off) {
    return answer(<<"SQL");
EXECUTE audit_group (1, '$tenant', ARRAY['$zero'::uuid], ARRAY['$zero'::uuid],
    '{none}', ARRAY['$zero'::uuid], '{NULL}', ARRAY[sha256('')],
    ARRAY[sha256('')], '{throttled}', '{"{}"}', '{NULL}',
    now() + interval '$off s', 1, 1, '{0}', ARRAY['\\x00'::bytea])
SQL
}

for my $off (-55, 0, 55) {
    my $before = stored();
    is group($off), 1, "$off s: stored";
    is stored(), $before + 1, "$off s: it is there";
    is probe($off), 1, "$off s: ready";
}
for my $off (-3600, -65, 65, 3600) {
    my $before = stored();
    is group($off), 'PU003', "$off s: refused";
    is stored(), $before, "$off s: nothing is there";
    is probe($off), 'PU003', "$off s: not ready";
}

done_testing;
