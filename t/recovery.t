#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# A closed account is in recovery: nobody reads what is held of the person, in
# no worker and for no purpose, and no worker is given the key; pupilctl subject
# reopen brings the person back with name and work.  Periods count from the end
# of recovery, and then the person is erased through the ledger.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;
use JSON::XS ();

my $day = Pupil::Day->up(workers => 2, conf => {
    pupil_session_zone => 'pupil_sessions:1m valid=5m' })->all_here->work;
my ($site, $db, $keys) = ($day->site, $day->db, $day->site->keystore);
my %id = map { $_ => $day->person($_)->{id} } qw(pupil classmate colleague);
my $at = "/v1/homework/$day->{homework}{id}/progress";

sub ctl (@args) {
    my $run = $site->ctl(@args, $site->ctl_where);
    is $run->{code}, 0, "@args[0, 1]" or diag $run->{err};
    return $run->{out};
}

sub retention (@args) {
    my $all = eval { JSON::XS::decode_json(
        ctl('retention', 'run', '--json', @args)) } // {};
    my $of = $all->{expired} // {};
    return { map { $_ => $of->{$_} } grep { $of->{$_} } keys %$of };
}

sub rows ($table, $where) {
    return 0 + $db->selectrow_array("SELECT count(*) FROM $table WHERE $where");
}

sub states ($who) {
    return join ' ', $db->selectrow_array('SELECT state FROM pupil.owner WHERE'
        . ' owner = ?', {}, $id{$who}), $keys->selectrow_array('SELECT state'
        . ' FROM keystore.owner_key WHERE owner = ?', {}, $id{$who});
}

# An account was closed so many days ago, as both databases have it.
sub closed ($who, $days) {
    $db->do("UPDATE pupil.closed SET at = now() - interval '$days days'"
        . ' WHERE subject = ?', {}, $id{$who});
    $keys->do("UPDATE keystore.owner_key SET changed_at = now() - interval"
        . " '$days days' WHERE owner = ? AND state = 'recovery'", {},
        $id{$who});
}

# What is held, to the bit.
sub held ($who) {
    return join '|', map { $db->selectrow_array("SELECT md5(string_agg("
        . "t::text, ' ' ORDER BY t::text)) FROM data.$_ AS t WHERE owner = ?",
        {}, $id{$who}) } qw(identity credential progress example);
}

my @teacher = $day->on_each($day->teacher);
my $shown = sub ($http) {
    my $res = $http->get($at);
    return $res->body =~ /$id{pupil}/ ? 'there' : $res->status;
};
my $before = $day->expect(200, $teacher[0]->get($at))->json->{pupils};


# ---- in recovery

my $held = held('pupil');
ctl(subject => 'close', $id{pupil});
is states('pupil'), 'recovery recovery', 'closed: in recovery, in both';
$day->soon(200, 'nobody reads of whom is closed, not even that they are there',
           $shown, @teacher);
is held('pupil'), $held, 'and all is held';
my $names = $teacher[0]->get("/v1/data/identity/$id{pupil}");
unlike $names->body, qr/Klein/, 'nor their name';

# A worker is given no key; pupilctl show says the state.
my $keeper = $site->pg->connect('pupil_keys', AutoCommit => 1);
$keeper->do('SET SESSION AUTHORIZATION pupil_keeper');
$keeper->do("SELECT set_config('pupil.tenant', ?, false)", {}, $site->tenant);
sub key_of ($who) {
    my $ticket = uuid();
    $keeper->do('SELECT * FROM keystore.ask_owner_keys(?, ARRAY[?::uuid])', {},
                $ticket, $id{$who});
    return $keeper->selectrow_arrayref('SELECT state, wrapped IS NOT NULL FROM'
        . ' keystore.fetch_owner_keys(?, ARRAY[?::uuid])', {}, $ticket,
        $id{$who});
}
is_deeply key_of('pupil'), ['recovery', 0], 'no worker is given the key';
is_deeply key_of('classmate'), ['active', 1], 'another\'s is';
like ctl(subject => 'show', $id{pupil}), qr/^$id{pupil} recovery closed$/m,
    'show says so';

# The stricter of the two is in force: no hand brings anybody back.
$db->do("UPDATE pupil.owner SET state = 'active' WHERE owner = ?", {},
        $id{pupil});
$day->soon(200, 'nobody comes back by a hand in the data database', $shown,
           @teacher);
my $locked = $site->ctl('subject', 'unlock', $id{pupil}, $site->ctl_where);
is $locked->{code}, 1, 'unlock is refused';
like $locked->{err}, qr/is closed/, 'and why';
ctl(subject => 'close', $id{pupil});
is states('pupil'), 'recovery recovery', 'closed again: what was undone is done';

# A roster neither brings back nor writes whom somebody has closed.
my $import = $site->ctl('import', 'sds', root_dir()
    . '/docs/quickstart/data/sds-100-users', '--dates', 'open',
    $site->ctl_where);
like $import->{out} . $import->{err}, qr/its account is closed/,
    'a roster that has them is told';
is states('pupil') . held('pupil'), "recovery recovery$held",
    'and changes nothing of theirs';


# ---- for as long as it lasts

closed(pupil => 364);
$db->do("UPDATE pupil.enrolment SET valid_from = current_date - 900, valid_to ="
    . " current_date - 800 WHERE subject = ?", {}, $id{pupil});
is_deeply retention(), {}, 'nothing of theirs expires before';
is held('pupil'), $held, 'nothing: work that counts from an enrolment neither';
closed(pupil => 366);
my $late = $site->ctl('subject', 'reopen', $id{pupil}, $site->ctl_where);
is $late->{code}, 1, 'whoever comes too late is refused';
like $late->{err}, qr/is over/, 'and why';
closed(pupil => 3);
$db->do("UPDATE pupil.enrolment SET valid_from = e.valid_from, valid_to ="
    . " e.valid_to FROM (SELECT valid_from, valid_to FROM pupil.enrolment WHERE"
    . ' subject = ? LIMIT 1) AS e WHERE subject = ?', {}, $id{classmate},
    $id{pupil});

ctl(subject => 'reopen', $id{pupil});
is states('pupil'), 'active active', 'reopened: active, in both';
is held('pupil'), $held, 'with all that was held';
my ($note) = $db->selectrow_array('SELECT note FROM pupil.audit_event WHERE'
    . " subjects = ARRAY[?::uuid] AND purpose = 'recovery'", {}, $id{pupil});
like $note // '', qr/status=reopened/, 'on record, with the purpose recovery';
my $http = $day->nginx->http;
is_status $http->login(@{ $day->person('pupil') }{qw(login password)}), 200,
    'they log in by the password that they had';
is $day->expect(200, $http->get('/v1/data/identity'))
    ->json->{records}[0]{family_name}, 'Klein', 'with their name';
cmp_ok scalar(@{ $day->expect(200, $http->get('/v1/progress'))
    ->json->{submissions} }), '>', 0, 'and their work';
$day->soon('there', 'and the teacher has them again', $shown, @teacher);
is_deeply $day->expect(200, $teacher[0]->get($at))->json->{pupils}, $before,
    'as they were';

# Whoever was restricted is so again.
ctl(subject => $_, $id{classmate}) for qw(restrict close reopen);
is states('classmate'), 'restricted restricted', 'who was restricted is again';
ctl(subject => $_, $id{classmate}) for qw(unrestrict);


# ---- killed between the two databases

$keys->do('REVOKE EXECUTE ON FUNCTION keystore.close(uuid) FROM'
    . ' pupil_operator');
is $site->ctl('subject', 'close', $id{classmate}, $site->ctl_where)->{code}, 1,
    'a key store that was not told is said';
is states('classmate'), 'recovery active', 'the stricter is in force';
$keys->do('GRANT EXECUTE ON FUNCTION keystore.close(uuid) TO pupil_operator');
retention();
is states('classmate'), 'recovery recovery', 'and the next run tells it';


# ---- a tenant's own window, and the end

my $run = $site->ctl('retention', 'set', 'recovery', 400, '--reference', 'N 1',
                     $site->ctl_where);
is $run->{code}, 1, 'no longer than a year';
is $site->ctl('retention', 'set', 'recovery', 90, $site->ctl_where)->{code}, 2,
    'by a decision alone';
ctl('retention', 'set', 'recovery', 90, '--reference', 'N 2026-4');
ctl('retention', 'set', 'identity', 10, '--reference', 'N 2026-5');
like ctl('retention', 'list'), qr/^recovery +90 days: N 2026-4$/m, 'set';

ctl(subject => 'close', $id{colleague});
closed(colleague => 90.5);
closed(classmate => 89);
is_deeply retention(), {}, 'the window is over, and no period';
closed(colleague => 101);
is_deeply retention('--dry-run'), { credential => 1, identity => 1 },
    'what would go';
is_deeply retention(), { credential => 1, identity => 1 },
    'then periods end that count from it, as the tenant has them';
closed(colleague => 121);
$db->do("UPDATE pupil.closed SET at = now() - interval '121 days' WHERE subject"
    . ' = ?', {}, $id{classmate});
my $gone = retention();
is $gone->{people}, 1, 'whoever is past all of them is erased, whole';
is states('colleague'), 'erased erased', 'in both databases';
is states('classmate'), 'recovery recovery',
    'and nobody whose key store says that it is too soon';
is_deeply [$keys->selectrow_array('SELECT number, subject FROM'
    . ' keystore.ledger')], [1, $id{colleague}], 'by an entry of the ledger';
is $db->selectrow_array("SELECT count(*) FROM pupil.erasure WHERE state ="
    . " 'open'"), 0, 'and all of it is done';
is rows('pupil.role', "subject = '$id{colleague}'"), 0, 'no role is left';
is_deeply retention(), {}, 'again: nothing to do';

# Held: not before they are released.
ctl(subject => 'hold', $id{classmate}, '--reference', 'T 2026-1');
closed(classmate => 121);
is retention()->{people}, undef, 'whoever is held is kept';
ctl(subject => 'release', $id{classmate});
is retention()->{people}, 1, 'until they are released';
is $site->ctl('subject', 'reopen', $id{classmate}, $site->ctl_where)->{code}, 1,
    'and nobody who was erased comes back';

is $site->ctl('audit', 'verify', $site->ctl_where)->{code}, 0,
    'the audit verifies';

done_testing;
