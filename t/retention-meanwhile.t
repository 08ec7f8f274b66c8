#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# What is held while pupilctl retention run is at work is held from the moment
# on that this is said: a person, whoever is restricted, a category.  A step of
# the run is held up by a lock, and the hold is said meanwhile.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

my $day = Pupil::Day->up->all_here->work;
my ($site, $db, $keys) = ($day->site, $day->db, $day->site->keystore);
my %id = map { $_ => $day->person($_)->{id} }
             qw(pupil classmate colleague other teacher);
$day->expect(201, $day->classmate->post('/v1/progress',
    json => $day->answer($day->{homework}, 0)));
$day->nginx->quit;

sub rows ($table, $who) {
    return 0 + $db->selectrow_array("SELECT count(*) FROM $table WHERE"
        . ' owner = ?', {}, $id{$who});
}

# A process of pupilctl's that runs: { pid, file }.
sub start (@words) {
    my $file = tmp_dir() . '/' . uuid();
    open my $out, '>', $file or die "$file: $!\n";
    my $pid = start_process([build_dir() . '/pupilctl', @words,
        $site->ctl_where], stdout => $out, stderr => $out,
        env => Pupil::Site->ctl_env);
    return { pid => $pid, file => $file };
}

sub ended ($run, $what) {
    ok process_ends($run->{pid}, 60), "$what: it ends";
    is $? >> 8, 0, "$what: as it should" or diag slurp($run->{file});
}

# How many of pupilctl's wait for a lock.
sub waiting {
    return $db->selectrow_array(q{SELECT count(*) FROM pg_stat_activity WHERE}
        . q{ usename = 'pupil_operator' AND wait_event_type = 'Lock'});
}

# Retention, which waits for what $sql locks: what ends that.
sub held_up ($what, $sql, $database = 'pupil') {
    my $holder = $site->pg->connect($database, AutoCommit => 0);
    $holder->do($sql);
    my $run = start(qw(retention run));
    wait_until(60, "$what: retention to wait", sub { waiting() == 1 });
    return sub {
        $holder->rollback;
        $holder->disconnect;
        ended($run, "$what: retention");
    };
}

sub said ($what, @words) {
    my $run = $site->ctl(@words, $site->ctl_where);
    is $run->{code}, 0, "$what: $words[0] $words[1]" or diag $run->{err};
}

# Addresses of everybody that have expired.
$db->do('CREATE TABLE public.address AS SELECT * FROM data.network LIMIT 1');

sub old_addresses {
    $db->do('DELETE FROM data.network');
    $db->do('INSERT INTO data.network (tenant, owner, record, key_version,'
        . ' source, updated_at, seen_at, facts) SELECT tenant, ?,'
        . " gen_random_uuid(), 1, source, now() - interval '40 days', now(),"
        . ' facts FROM public.address', {}, $_) for values %id;
}

my $network = 'LOCK TABLE data.network IN SHARE MODE';
old_addresses();


# ---- people

my $go_on = held_up('a person', $network);
said('a person', qw(subject hold), $id{pupil}, '--reference', 'D 1');
$go_on->();
is rows('data.network', 'pupil'), 1, 'who was held meanwhile keeps all';
is rows('data.network', 'classmate'), 0, 'others do not';
said('a person', qw(subject release), $id{pupil});

old_addresses();
$go_on = held_up('a restriction', $network);
said('a restriction', qw(subject restrict), $id{pupil});
$go_on->();
is rows('data.network', 'pupil'), 1,
    'who was restricted meanwhile keeps all';
is rows('data.network', 'classmate'), 0, 'others do not';
said('a restriction', qw(subject unrestrict), $id{pupil});


# ---- a category

old_addresses();
$go_on = held_up('a category', $network);
said('a category', qw(retention hold network --reference), 'D 2');
$go_on->();
is rows('data.network', $_), 1, "$_: of a category held meanwhile nothing goes"
    for qw(pupil classmate);
said('a category', qw(retention confirm network --reference), 'D 3');


# ---- what is under way is waited for

# A batch that is decided and waits as it commits.
$db->do(<<'SQL');
CREATE FUNCTION public.late() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(4711);
    RETURN NULL;
END $$
SQL
$db->do('CREATE CONSTRAINT TRIGGER late AFTER DELETE ON data.network DEFERRABLE'
    . ' INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.late()');

for my $hold (['subject', 'hold', $id{pupil}, '--reference', 'D 4'],
              ['subject', 'restrict', $id{pupil}],
              ['retention', 'hold', 'network', '--reference', 'D 5'])
{
    my $what = "$hold->[0] $hold->[1]";
    old_addresses();
    $go_on = held_up($what, 'SELECT pg_advisory_xact_lock(4711)');
    my $run = start(@$hold);
    wait_until(60, "$what to wait, or to end",
               sub { waiting() == 2 || !alive($run->{pid}) });
    ok alive($run->{pid}), "$what is not said before that has ended";
    $go_on->();
    ended($run, $what);
}
$db->do('DROP TRIGGER late ON data.network');
said('after it', qw(subject release), $id{pupil});
said('after it', qw(subject unrestrict), $id{pupil});
said('after it', qw(retention confirm network --reference), 'D 6');


# ---- a release of statistics, half a year later

$_->[0]->do("UPDATE $_->[1].release SET released = released - interval '6"
    . " months'") for [$db, 'pupil'], [$keys, 'keystore'];
$db->do('UPDATE pupil.enrolment SET valid_from = current_date - 900, valid_to ='
    . ' current_date - 800 WHERE subject IN (?, ?)', {},
    @id{qw(pupil classmate)});
$go_on = held_up('a release', 'LOCK TABLE data.progress IN SHARE MODE');
said('a release', qw(subject hold), $id{classmate}, '--reference', 'D 7');
$go_on->();
is rows('data.progress', 'classmate'), 1,
    'who was held meanwhile is in no statistics';
is rows('data.progress', 'pupil'), 0, 'others are';


# ---- people who have left

said('people', qw(subject close), $id{$_}) for qw(colleague other);
$db->do("UPDATE pupil.closed SET at = now() - interval '900 days'");
$keys->do("UPDATE keystore.owner_key SET changed_at = now() - interval"
    . " '900 days' WHERE state = 'recovery'");
my ($first, $second) = sort { $id{$a} cmp $id{$b} } qw(colleague other);

sub state_of ($who) {
    return $keys->selectrow_array('SELECT state FROM keystore.owner_key WHERE'
        . ' owner = ?', {}, $id{$who});
}

$go_on = held_up('people', 'LOCK TABLE keystore.ledger IN SHARE MODE',
                 'pupil_keys');
my $run = start(qw(retention hold identity --reference), 'D 8');
wait_until(60, 'the hold to wait, or to end',
           sub { waiting() == 2 || !alive($run->{pid}) });
ok alive($run->{pid}), 'a hold is not said while somebody is being entered';
$go_on->();
ended($run, 'a hold of a category');
is state_of($first), 'erased', 'whose erasure is in the ledger is erased';
is state_of($second), 'recovery', 'nobody is behind that';

said('people', qw(retention confirm identity --reference), 'D 9');
$go_on = held_up('who is held', 'LOCK TABLE pupil.closed', 'pupil');
said('who is held', qw(subject hold), $id{$second}, '--reference', 'D 10');
$go_on->();
is state_of($second), 'recovery', 'nor whoever was held meanwhile';

done_testing;
