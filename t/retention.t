#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# pupilctl retention run: records go when their time is over, as their plugins
# declare, and no sooner; not those of whom is held, nor what is referred to;
# each deletion is on record, and a run that is killed is finished by the next.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;
use JSON::XS ();

my $day = Pupil::Day->up->all_here->work;
my ($site, $db, $keys) = ($day->site, $day->db, $day->site->keystore);
my %id = map { $_ => $day->person($_)->{id} }
    qw(pupil classmate colleague other);
my $homework = $day->{homework}{id};
$day->expect(200, $day->teacher->put("/v1/homework/$homework/pupils/$id{pupil}"
    . '/assessment', json => { points => 7 }));

# As if the last release of statistics were of the half year before.
sub half_year_before {
    $db->do("UPDATE pupil.release SET released = released - interval '6"
        . " months'");
    $keys->do("UPDATE keystore.release SET released = released - interval '6"
        . " months'");
}

sub retention (@args) {
    half_year_before() if !@args;
    my $run = $site->ctl('retention', 'run', '--json', @args,
                         $site->ctl_where);
    is $run->{code}, 0, "retention run @args" or diag $run->{err};
    my $all = eval { JSON::XS::decode_json($run->{out}) } // {};
    my $of = $all->{expired} // {};
    return { map { $_ => $of->{$_} } grep { $of->{$_} } keys %$of };
}

sub rows ($table, $where) {
    return 0 + $db->selectrow_array("SELECT count(*) FROM $table WHERE $where");
}

sub subject (@args) {
    my $run = $site->ctl('subject', @args, $site->ctl_where);
    is $run->{code}, 0, "subject @args" or diag $run->{err};
}

# An account was closed so many days ago.
sub closed ($who, $days) {
    $db->do("UPDATE pupil.closed SET at = now() - interval '$days days'"
        . ' WHERE subject = ?', {}, $id{$who});
}

is_deeply retention(), {}, 'nothing has expired on the first day';


# ---- by age

my $all = rows('data.network', 'true');
cmp_ok $all, '>=', 2, 'addresses of log-ins';
$db->do("UPDATE data.network SET updated_at = now() - interval '31 days'"
    . ' WHERE owner = ?', {}, $id{classmate});
$db->do("UPDATE data.network SET updated_at = now() - interval '29 days'"
    . ' WHERE owner = ?', {}, $id{pupil});
my $old = rows('data.network', "owner = '$id{classmate}'");
is_deeply retention('--dry-run'), { network => $old }, 'what would go';
is rows('data.network', 'true'), $all, 'a dry run deletes nothing';
is_deeply retention(), { network => $old }, 'addresses of 31 days go';
is rows('data.network', 'true'), $all - $old, 'and no others';
my ($note) = $db->selectrow_array("SELECT note FROM pupil.audit_record WHERE ?"
    . " = ANY (subjects) AND note LIKE '%retention%'", {}, $id{classmate});
like $note, qr/retention records=$old$/, 'on record';
is_deeply retention(), {}, 'again: nothing to do';


# ---- by the end of an account, and of its year

subject('close', $id{$_}) for qw(colleague other);
is rows('pupil.closed', 'true'), 2, 'when they were closed is known';
closed($_, 365) for qw(colleague other);
is_deeply retention(), {}, 'a year in which it can be opened again';
closed(colleague => 367);
my $run = retention();
is_deeply $run, { credential => 1 }, 'then the password goes';
is rows('pupil.blind_index', "owner = '$id{colleague}' AND category ="
    . " 'credential'"), 0, 'and what finds it';
isnt rows('data.identity', "owner = '$id{colleague}'"), 0, 'the name stays';
subject('hold', $id{other}, '--reference', 'T 2026-1');
closed($_, 396) for qw(colleague other);
$run = retention();
is $run->{identity}, 1, 'a month later the name goes';
is rows('data.identity', "owner = '$id{colleague}'"), 0, 'of whom was closed';
is rows('data.identity', "owner = '$id{other}'"), 1, 'not of whom is held';
is rows('pupil.imported', "owner = '$id{colleague}' AND category ="
    . " 'identity'"), 0, 'nor what a roster had of it';
subject('release', $id{other});
is retention()->{identity}, 1, 'until they are released';


# ---- by the end of an enrolment, and what refers to what

$db->do("UPDATE data.homework SET updated_at = now() - interval '731 days'"
    . ' WHERE record = ?', {}, $homework);
is_deeply retention(), {}, 'homework is kept while its answers are';
my $enrolments = rows('pupil.enrolment', "subject = '$id{pupil}'");
$db->do('UPDATE pupil.enrolment SET valid_from = current_date - 900, valid_to'
    . ' = current_date - 366 WHERE subject = ? AND enrolment <> ALL (ARRAY('
    . 'SELECT enrolment FROM pupil.enrolment WHERE subject = ? LIMIT 1))', {},
    $id{pupil}, $id{pupil});
$run = retention();
is_deeply $run, { enrolment => $enrolments - 1 },
    'who is still enrolled keeps their answers';
is rows('data.assessment', "owner = '$id{pupil}'"), 1, 'and what was said';
$db->do('UPDATE pupil.enrolment SET valid_from = current_date - 900, valid_to'
    . ' = current_date - 366 WHERE subject = ?', {}, $id{pupil});

# Held while it runs, and killed.
my $holder = $site->pg->connect('pupil', AutoCommit => 0);
$holder->do('LOCK TABLE data.progress IN SHARE MODE');
half_year_before();
open my $null, '>', '/dev/null' or die "$!\n";
my $pid = start_process([build_dir() . '/pupilctl', 'retention', 'run',
    $site->ctl_where], stdout => $null, stderr => $null,
    env => Pupil::Site->ctl_env);
ok eval { wait_until(60, 'pupilctl to wait', sub { $db->selectrow_array(
    'SELECT count(*) FROM pg_stat_activity WHERE wait_event_type ='
    . " 'Lock'") }) }, 'a run waits';
kill KILL => $pid;
process_ends($pid, 60);
$holder->rollback;
wait_until(60, 'what it had begun to end', sub {
    !$db->selectrow_array('SELECT count(*) FROM pg_stat_activity WHERE'
        . " usename = 'pupil_operator'") });
retention() for 1, 2;
is rows('data.progress', "owner = '$id{pupil}'"), 0,
    'killed and run again: the answers of whom has left are gone';
is rows('data.assessment', "owner = '$id{pupil}'"), 0, 'and what was said of them';
is rows('pupil.enrolment', "subject = '$id{pupil}'"), 0, 'with the enrolment';
is rows('data.homework', "record = '$homework'"), 0,
    'and homework that nothing refers to any more';


# ---- what nobody looks at any more

$db->do("UPDATE pupil.session SET expires_at = now() - interval '1 hour'");
$db->do("INSERT INTO pupil.login_throttle (tenant, bucket, failures, last_at,"
    . " not_before) SELECT ?, decode(repeat('00', 32), 'hex'), 1, now() -"
    . " interval '2 days', now()", {}, $site->tenant);
$run = retention();
cmp_ok $run->{sessions}, '>', 0, 'sessions that have expired are swept';
is $run->{failures}, 1, 'as are failures of the day before yesterday';
is rows('pupil.session', 'true'), 0, 'none is left';


# ---- the timer

my ($command) = slurp(root_dir() . '/docs/systemd/pupil-retention.service')
    =~ m{^ExecStart=/usr/bin/pupilctl (.+)$}m;
is $site->ctl(split(' ', $command // 'none'), $site->ctl_where)->{code}, 0,
    'what the service runs';
like slurp(root_dir() . '/docs/systemd/pupil-retention.timer'),
    qr/^OnCalendar=\*-\*-\* 02:30:00$/m, 'every night';

is $site->ctl('audit', 'verify', $site->ctl_where)->{code}, 0,
    'the audit verifies';

done_testing;
