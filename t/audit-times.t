#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I9: a record that is dated when nobody can have written it is a finding, and
# no end of `pupilctl audit verify`; and what a database says in an error says
# nothing to the operator's terminal.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

my $day = Pupil::Day->up->all_here->work;
my ($db, $site) = ($day->db, $day->site);

sub verify () {
    return $site->ctl(qw(audit verify), $site->ctl_where, { timeout => 300 });
}

my $whole = verify();
is $whole->{code}, 0, 'what nobody touched is whole' or diag $whole->{err};

# A copy of a record, in a partition that takes every time.
$db->do('CREATE TABLE pupil.audit_any PARTITION OF pupil.audit_record DEFAULT');
my $record = $db->selectrow_hashref('SELECT * FROM pupil.audit_record'
    . ' WHERE writer IS NOT NULL ORDER BY at LIMIT 1');
my $names = join ', ', grep { $_ ne 'at' } sort keys %$record;

for my $at ('infinity', '294276-12-31') {
    $db->do("INSERT INTO pupil.audit_record (at, $names) SELECT ?::timestamptz,"
        . " $names FROM pupil.audit_record WHERE writer = ? AND number = ?"
        . ' LIMIT 1', {}, $at, @$record{qw(writer number)});
    my $run = verify();
    is $run->{code}, 1, "a record of $at is a finding";
    like $run->{out}, qr/\b$record->{number}\b/, "$at: which says its number"
        or diag "$run->{out}$run->{err}";
    $db->do('TRUNCATE pupil.audit_any');
}
is verify()->{code}, 0, 'without it the log is whole';


# ---- what a database says

$db->do(<<'SQL');
CREATE FUNCTION public.say() RETURNS trigger LANGUAGE plpgsql AS
    $$BEGIN RAISE EXCEPTION E'\x1b]0;owned\x07 done\nand \u009b2J'; END$$
SQL
$db->do('CREATE TRIGGER say BEFORE UPDATE ON pupil.subject FOR EACH ROW'
    . ' EXECUTE FUNCTION public.say()');
my $run = $site->ctl('subject', 'lock', $day->person('pupil')->{id},
                     $site->ctl_where);
is $run->{code}, 1, 'a command that a trigger stops';
unlike $run->{err} =~ s/\n\z//r, qr/[\x00-\x1f\x7f]|\xc2[\x80-\x9f]/,
    'shows no control character of it';
like $run->{err}, qr/\Q\x1b]0;owned\x07 done and \x9b2J\E/, 'but which they are'
    or diag $run->{err} =~ s/[^ -~]/?/gr;

done_testing;
