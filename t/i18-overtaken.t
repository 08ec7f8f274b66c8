#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I18: of two runs beside one another neither undoes what the other revokes,
# whatever the data database hides of the one: a floor rises above all that was
# signed where a number was overtaken that nothing has risen to yet, and once.
# What is kept open is named and stops nothing else.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;
use Pupil::Killed;

my $day = Pupil::Day->up(conf => { pupil_session_zone => undef });
my ($db, $keys, $site) = ($day->db, $day->site->keystore, $day->site);
my %id = map { $_ => $day->person($_)->{id} }
    qw(pupil classmate teacher colleague);
my @where = $site->ctl_where;
$db->do('SET client_min_messages = warning');
$keys->do("SELECT set_config('pupil.tenant', ?, false)", {}, $site->tenant);

sub floor_of ($who) {
    return 0 + ($keys->selectrow_array('SELECT authority FROM keystore.floor'
        . ' WHERE subject = ?', {}, $id{$who}) // 0);
}

sub take ($who) { $day->take_numbers(authority => $id{$who}) }

sub raise ($who, $to) {
    $keys->do("SELECT keystore.raise(ARRAY[?::uuid], 'authority',"
        . ' ARRAY[?::integer])', {}, $id{$who}, $to);
}

sub open_ ($who, $to) {
    $db->do('INSERT INTO pupil.revocation (tenant, revocation, subject,'
        . ' authority) VALUES (?, gen_random_uuid(), ?, ?)', {}, $site->tenant,
        $id{$who}, $to);
}

sub opened { 0 + $db->selectrow_array('SELECT count(*) FROM pupil.revocation') }

sub records ($who) {
    return 0 + $db->selectrow_array('SELECT count(*) FROM pupil.audit_record'
        . " WHERE note LIKE '%revocation=%' AND ? = ANY (subjects)", {},
        $id{$who});
}

sub work { $site->ctl('work', @where, { timeout => 300 }) }


# ---- one that was killed, and whose row was hidden from the next

take('pupil') for 1, 2;
raise(pupil => 2);
is floor_of('pupil'), 2, 'hidden: the next run has raised the floor';
open_(pupil => 1);
is work()->{code}, 0, 'hidden: it comes to light, and work finishes it';
is floor_of('pupil'), 3, 'hidden: what either has signed is below the floor';
is records('pupil'), 1, 'hidden: on record';
is opened(), 0, 'hidden: and closed';


# ---- a number does that once

open_(pupil => $_) for 1, 2, 3;
is work()->{code}, 0, 'once: rows of before are put back';
is floor_of('pupil'), 3, 'once: nothing rises';
is records('pupil'), 1, 'once: nor is there a record of it';
is opened(), 0, 'once: they are closed';

# What somebody has finished while the run that took the number waited.
take('classmate');
raise(classmate => 1);
take('classmate');
raise(classmate => 2);
raise(classmate => 1);
is floor_of('classmate'), 2, 'late: what the next one has kept counts on';

# Three of them, two of which have not come to it.
take('classmate') for 3 .. 5;
raise(classmate => 4);
is floor_of('classmate'), 6, 'three: above all of them';
raise(classmate => $_) for 3, 5;
is floor_of('classmate'), 6, 'three: once';
take('classmate') for 7, 8;
open_(classmate => $_) for 7, 8;
is work()->{code}, 0, 'two rows of one person: work';
is floor_of('classmate'), 9, 'two rows of one person: above both';


# ---- a run that another overtakes says so

my $holder = $site->pg->connect('pupil', AutoCommit => 0);
$holder->do('LOCK TABLE pupil.revocation IN SHARE MODE');
my $said = tmp_dir() . '/said';
open my $to, '>', $said or die "$said: $!\n";
my $pid = start_process([build_dir() . '/pupilctl', qw(subject lock),
                         $id{colleague}, @where], stdout => $to, stderr => $to,
                        env => Pupil::Site->ctl_env);
wait_until(60, 'pupilctl to wait', sub {
    Pupil::Killed::sessions($site, 1) });
my ($given) = $keys->selectrow_array('SELECT authority_given FROM'
    . ' keystore.floor WHERE subject = ?', {}, $id{colleague});
take('colleague');
$holder->rollback;
$holder->disconnect;
process_ends($pid, 60) or die "pupilctl does not end\n";
my $code = $? >> 8;
is floor_of('colleague'), $given + 2, 'overtaken: above what either signed';
is $code, 1, 'overtaken: it is not said to be done';
like slurp($said), qr/another command.*meanwhile.*give/s,
    'overtaken: but what to do';
is $site->ctl('subject', 'lock', $id{colleague}, @where)->{code}, 0,
    'overtaken: the same again';


# ---- what somebody keeps open

take('teacher');
open_(teacher => 1);
$db->do('CREATE FUNCTION public.keep() RETURNS trigger LANGUAGE plpgsql AS'
    . " 'BEGIN RETURN NULL; END'");
$db->do('CREATE TRIGGER keep BEFORE DELETE ON pupil.revocation FOR EACH ROW'
    . " WHEN (OLD.subject = '$id{teacher}') EXECUTE FUNCTION public.keep()");
take('pupil');
open_(pupil => 4);
my $run = work();
ok !$run->{timeout}, 'kept: work ends';
is $run->{code}, 1, 'kept: and fails';
like $run->{err}, qr/$id{teacher}.*pupil\.revocation/s, 'kept: it says of whom';
is floor_of('teacher'), 1, 'kept: it is finished all the same';
is floor_of('pupil'), 4, 'kept: so is the next one';
is opened(), 1, 'kept: and closed';
is $site->ctl('subject', 'lock', $id{classmate}, @where)->{code}, 0,
    'kept: others can be revoked';
$run = $site->ctl('subject', 'lock', $id{teacher}, @where, { timeout => 300 });
is $run->{code}, 1, 'kept: a command for the same person ends, too';
like $run->{err}, qr/$id{teacher}/, 'kept: and names them';
$db->do('DROP FUNCTION public.keep() CASCADE');
is $site->ctl('subject', 'lock', $id{teacher}, @where)->{code}, 0,
    'kept: until that ends';

done_testing;
