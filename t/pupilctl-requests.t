#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# pupilctl request (B8): what came is entered with the day that it came, also
# for somebody else and of nobody who was found; extended and decided once, by
# the rules of the law; executed by all categories with a receipt, or not at all:
# not of nobody, not with a plugin missing, and killed anywhere it is gone on
# with.

use utf8;

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

use JSON::XS ();

my $day = Pupil::Day->up->all_here->work;
my ($db, $site) = ($day->db, $day->site);
my $dir = tmp_dir();
my %id = map { $_ => $day->person($_)->{id} }
         qw(pupil classmate teacher other);

sub request (@args) { $site->ctl('request', @args, $site->ctl_where) }

sub told (@args) {
    my $run = request(@args, '--json');
    is $run->{code}, 0, "$args[0]: done" or diag $run->{err};
    return eval { JSON::XS::decode_json($run->{out}) } // {};
}

sub refused ($run, $code, $why, $name) {
    is $run->{code}, $code, $name;
    like $run->{err}, $why, "$name: why";
}

sub record ($request) {
    return join ' ', map { s/^.*?request=\S+ ?//r } $db->selectrow_array(
        'SELECT outcome, note FROM pupil.audit_record WHERE note LIKE ?'
        . ' ORDER BY at DESC, number DESC LIMIT 1', {}, "%request=$request%");
}

sub text ($name, $text) {
    utf8::encode($text);
    spew("$dir/$name", "$text\n");
    return "$dir/$name";
}

sub own ($http, $request) {
    my ($one) = grep { $_->{id} eq $request }
                @{ $http->get('/v1/me/requests')->json->{requests} };
    return $one // {};
}

sub file ($http, $kind, @more) {
    my $res = $http->post('/v1/me/requests', json => { id => uuid(),
                          kind => $kind, @more });
    return $day->expect(201, $res)->json->{id};
}

my @reference = ('--reference', 'D 2026-117');


# ---- the clock

my $asked = file($day->pupil, 'access', text => 'Allt om mig');
my $one = told('show', $asked);
my ($today, $due, $late) = $db->selectrow_array(<<'', {}, $one->{received_on});
SELECT d, (d + interval '1 month')::date, (d + interval '3 months')::date
  FROM (SELECT ?::date) AS t (d)

is_deeply [@$one{qw(subject kind article state clock text due_on)}],
    [$id{pupil}, 'access', '15', 'received', 'in_time', 'Allt om mig', $due],
    'what somebody has asked for, as the operator reads it';
is record($asked), 'allowed texts=opened', 'on record';
is_deeply [map { $_->{id} } @{ told('list')->{requests} }], [$asked],
    'it is listed';
refused request('extend', $asked), 1, qr/say the reason/,
    'it is not extended without a reason';
is record($asked), 'refused extended', 'on record';
my $why = text(why => 'Svaren ligger i två system.');
is told('extend', $asked, '--text', $why)->{due_on}, $late,
    'extended by two months';
refused request('extend', $asked, '--text', $why), 1, qr/extended once/,
    'not twice';
my $seen = own($day->pupil, $asked);
is_deeply [@$seen{qw(state due_on extension)}],
    ['extended', $late, 'Svaren ligger i två system.'],
    'which the person is told, with the reason';
is $day->pupil->get('/v1/me/notices?limit=1')->json->{notices}[0]{kind},
    'request_changed', 'and that there is something to read';

# It came two months ago: the month is over, and nobody has answered.
my $old = $db->selectrow_array("SELECT (?::date - interval '2 months')::date",
                               {}, $today);
my $overdue = told('add', 'rectification', $id{classmate}, @reference,
                   '--received', $old);
is_deeply [@$overdue{qw(state received_on clock)}],
    ['received', $old, 'overdue'], 'what is entered late runs from when it came';
refused request('extend', $overdue->{id}, '--text', $why), 1,
    qr/first month is over/, 'and is not extended any more';
is_deeply [map { $_->{id} } @{ told('list')->{requests} }],
    [$overdue->{id}, $asked], 'the most urgent is the first';
like request('list')->{out}, qr/^\Q$overdue->{id}\E .* OVERDUE/, 'in words';
my $check = $site->ctl('check', $day->nginx->conf_file);
is $check->{code}, 0, 'pupilctl check says it, and stops no reload';
like $check->{err} . $check->{out},
    qr/tenant \S+: 1 overdue .* of their data, .* pupilctl request list/,
    'and says what to do';
refused request('add', 'access', $id{pupil}, @reference, '--received',
    $db->selectrow_array('SELECT ?::date + 2', {}, $today)), 1,
    qr/a day until today/, 'none comes tomorrow';


# ---- on behalf, and of nobody

my $behalf = text(behalf => 'En vårdnadshavare; vårdnaden kontrollerad i'
                  . ' folkbokföringen av registratorn.');
my $for = told('add', 'access', $id{classmate}, @reference, '--behalf', $behalf,
               '--text', text(asked => 'Allt om mitt barn'));
is record($for->{id}), 'allowed state=received on_behalf', 'on record as such';
my $shown = own($day->as('classmate'), $for->{id});
like $shown->{behalf}, qr/vårdnaden kontrollerad/,
    'whose it is sees who asked, and who checked that they may';
is $shown->{text}, 'Allt om mitt barn', 'and what';
unlike join(' ', @{ $db->selectcol_arrayref('SELECT t::text FROM'
    . ' pupil.request_text AS t') }), qr/@{[unpack 'H*', 'folkbok']}|folkbok/,
    'sealed';

refused request('add', 'erasure', '--login', 'nobody.knows', @reference), 1,
    qr/nobody logs in with this name/, 'whom nobody finds';
refused request('add', 'erasure', @reference, '--text', $why), 2,
    qr/sealed under the key of whose it is/, 'no words of nobody';
my $nobody = told('add', 'erasure', @reference);
is $nobody->{subject}, undef, 'it is entered of nobody, and its month runs';
is $nobody->{due_on}, $due, 'until then';
refused request('decide', $nobody->{id}, 'granted', '--condition', 'a',
    @reference), 1, qr/nobody was found/, 'nothing is granted to nobody';
refused request('execute', $nobody->{id}), 1, qr/nobody has decided/,
    'nor executed';
is told('decide', $nobody->{id}, 'refused', '--text',
    text(who => 'Ingen kunde identifieras, artikel 12(2).'), @reference)
    ->{state}, 'refused', 'it is refused';
refused request('execute', $nobody->{id}), 1, qr/nothing was granted/,
    'and never executed';
is record($nobody->{id}), 'refused executed', 'on record';

refused request('identify', $nobody->{id}, $id{pupil}, @reference), 1,
    qr/it is decided/, 'nor is it anybody\'s any more';

my $found = told('add', 'objection', @reference, '--received', $old);
refused request('identify', $found->{id}, @reference), 2, qr/say whose/,
    'somebody is named';
refused request('identify', $found->{id}, '--login', 'nobody.knows',
    @reference), 1, qr/nobody logs in/, 'somebody who is there';
is_deeply [@{ told('identify', $found->{id}, '--login',
    $day->person('classmate')->{login}, @reference) }
    {qw(subject received_on state)}], [$id{classmate}, $old, 'received'],
    'one whose person is found is not filed anew: it runs from when it came';
is own($day->as('classmate'), $found->{id})->{received_on}, $old,
    'and they see it';
refused request('identify', $found->{id}, $id{pupil}, @reference), 1,
    qr/it is somebody's/, 'once';


# ---- decisions

refused request('decide', uuid(), 'granted', @reference), 1,
    qr/no such request/, 'of no such request';
refused request('decide', $asked, 'executed', @reference), 2,
    qr/granted, partly or refused/, 'no such decision';
refused request('decide', $asked, 'granted'), 2, qr/--reference is needed/,
    'it names where it is filed';
refused request('decide', $asked, 'refused', @reference), 1,
    qr/say the reason/, 'a refusal has a reason';
is told('decide', $asked, 'partly', '--text', text(part => 'Namn på andra är'
    . ' borttagna.'), @reference)->{state}, 'partly', 'a part is granted';
refused request('decide', $asked, 'granted', @reference), 1,
    qr/it is decided/, 'once';
$seen = own($day->pupil, $asked);
is_deeply [@$seen{qw(state reason)}], ['partly', 'Namn på andra är borttagna.'],
    'the person is told, with the reason';
refused request('execute', $asked), 1, qr/by hand: say by --reference/,
    'what people do they say';
my $receipt = told('execute', $asked, '--reference', 'D 2026-118');
is $receipt->{state}, 'executed', 'then it is executed';
is_deeply { map { $_->{table} => $_->{records} } @{ $receipt->{receipt} } },
    { map { $_ => 0 + $db->selectrow_array("SELECT count(*) FROM $_ WHERE owner"
      . ' = ?', {}, $id{pupil}) } qw(data.assessment data.contact
      data.credential data.example data.identity data.network data.progress) },
    'with a receipt by category';
is own($day->pupil, $asked)->{state}, 'executed', 'the person is told';
is_deeply [grep { $_->{id} eq $asked } @{ told('list')->{requests} }], [],
    'and it is open no more';
is_deeply [map { $_->{state} } @{ told('list', '--subject', $id{pupil})
    ->{requests} }], ['executed'], 'but there';


# ---- forwarded

my $sent = told('forward', $for->{id}, '--to', 'Grannkommunen', @reference);
is_deeply [@$sent{qw(state reference)}],
    ['forwarded', 'D 2026-117, to Grannkommunen'], 'to whom it is for';
refused request('forward', $asked, '--to', 'Grannkommunen', @reference), 1,
    qr/it is decided/, 'not what is decided';


# ---- restriction

my $limit = file($day->pupil, 'restriction');
refused request('decide', $limit, 'granted', @reference), 1,
    qr/article 18\(1\), a to d/, 'a restriction names its condition';
told('decide', $limit, 'granted', '--condition', 'a', @reference);
is own($day->pupil, $limit)->{condition}, 'a', 'which the person is told';
$receipt = told('execute', $limit);
is join(' ', map { $_->{state} } $receipt->{receipt}[0]), 'restricted',
    'it is restricted';
is $db->selectrow_array('SELECT state FROM pupil.owner WHERE owner = ?', {},
    $id{pupil}), 'restricted', 'and so it is';
refused request('execute', $limit), 1, qr/it was/, 'once';


# ---- what was asked for, of whom it is, and nothing else

refused request('execute', $limit, '--login', 'OKlein'), 2,
    qr/a request says whose it is/, 'nobody says of whom it is';
my $part = file($day->as('classmate'), 'erasure', categories => ['progress']);
told('decide', $part, 'granted', '--condition', 'b', @reference);
refused request('execute', $part), 1, qr/by hand: say by --reference/,
    'of a part nothing is done by itself';
is $db->selectrow_array("SELECT count(*) FROM pupil.owner WHERE owner = ? AND"
    . " state = 'active'", {}, $id{classmate}), 1, 'nobody is erased by it';
is told('execute', $part, @reference)->{state}, 'executed', 'people do that';


# ---- erasure: a plugin that is missing, kill -9 at each step

my $end = file($day->as('other'), 'erasure', text => 'Ta bort allt om mig');
my $left = file($day->as('other'), 'access', text => 'Allt innan dess');
my $granted = request('decide', $end, 'granted', '--condition', 'b',
                      @reference);
is $granted->{code}, 0, 'an erasure is granted' or diag $granted->{err};
like $granted->{err}, qr/in the roster of \S+ still/,
    'and that they are in a roster is said';

my $some = "$dir/plugins";
mkdir $some;
symlink $_, "$some/" . s{.*/}{}r
    for grep { !/pupil_example/ } glob Pupil::Nginx::plugins() . '/pupil_*.so';
refused request('execute', $end, '--plugins', $some), 1,
    qr/plugin of example is not in/, 'a plugin that is missing';
is told('show', $end)->{state}, 'granted', 'it is not executed';
is record($end), 'allowed texts=opened', 'and can be read';

# Kills pupilctl as it waits for what $holder has locked.
sub kill_waiting ($holder) {
    open my $null, '>', '/dev/null' or die "$!\n";
    my $pid = start_process([build_dir() . '/pupilctl', 'request', 'execute',
        $end, $site->ctl_where], env => Pupil::Site->ctl_env, stdout => $null,
        stderr => $null);
    my $waits = eval { wait_until(60, 'pupilctl to wait', sub {
        $db->selectrow_array("SELECT count(*) FROM pg_stat_activity WHERE"
            . " wait_event_type = 'Lock'") }) };
    kill KILL => $pid;
    process_ends($pid, 60);
    $holder->rollback;
    wait_until(60, 'what it had begun to end', sub {
        !$db->selectrow_array('SELECT count(*) FROM pg_stat_activity WHERE'
            . " usename = 'pupil_operator' AND state <> 'idle'") });
    return $waits && ($? & 127) == 9;
}

for my $step (
    ['the ledger', pupil_keys => 'LOCK TABLE keystore.ledger IN SHARE MODE'],
    ['the key', pupil_keys => 'SELECT FROM keystore.owner_key WHERE owner ='
     . " '$id{other}' FOR UPDATE"],
    ['the rows', pupil => 'LOCK TABLE data.identity IN SHARE MODE'],
    ['its end', pupil => "SELECT FROM pupil.request WHERE request = '$end' FOR"
     . ' UPDATE'])
{
    my ($name, $database, $sql) = @$step;
    my $holder = $site->pg->connect($database, AutoCommit => 0);
    $holder->do($sql);
    ok kill_waiting($holder), "killed as it waits at $name";
    $holder->disconnect;
    isnt told('show', $end)->{state}, 'executed',
        "killed at $name it is not executed";
}
$receipt = told('execute', $end);
is $receipt->{state}, 'executed', 'run again, it is';
is_deeply [grep { $_->{state} ne 'done' } @{ $receipt->{receipt} }], [],
    'with a receipt of each table';
cmp_ok $receipt->{erasure}, '>', 0, 'and the entry of the ledger';
is $db->selectrow_array('SELECT count(*) FROM data.identity WHERE owner = ?',
    {}, $id{other}), 0, 'nothing is left';
my $kept = told('show', $end);
is_deeply [@$kept{qw(subject kind state condition text)}],
    [$id{other}, 'erasure', 'executed', 'b', undef],
    'that it was asked and done is proved, without a word of theirs';
is told('decide', $left, 'refused', '--text', $why, @reference)->{state},
    'refused', 'what they asked for beside it is closed';
is_deeply [map { 0 + $db->selectrow_array("SELECT count(*) FROM pupil.$_ WHERE"
    . ' subject = ?', {}, $id{other}) } qw(request_text notice)], [0, 0],
    'and nothing is kept of them for it';
refused request('add', 'access', $id{other}, @reference), 1, qr/was erased/,
    'whoever was erased asks for nothing more';


# ---- somebody whose row is gone

my $gone = told('add', 'restriction', $id{teacher}, @reference);
told('decide', $gone->{id}, 'granted', '--condition', 'd', @reference);
my $row = $day->rows_of('pupil.subject', $id{teacher});
$db->do('DELETE FROM pupil.subject WHERE subject = ?', {}, $id{teacher});
refused request('execute', $gone->{id}), 1, qr/nobody has this id/,
    'somebody who is not found';
is told('show', $gone->{id})->{state}, 'granted', 'nothing is "fulfilled"';


# ---- what nobody has written

$db->do("UPDATE pupil.request SET due_on = due_on + 90 WHERE request = ?", {},
        $overdue->{id});
refused request('show', $overdue->{id}), 1, qr/changed by somebody without/,
    'a row that somebody changed';
is record($overdue->{id}), 'tampered row=request', 'on record';
like request('list')->{err}, qr/\Q$overdue->{id}\E was changed/,
    'the list says so';
is $db->selectrow_array("SELECT count(*) FROM pupil.audit_record WHERE outcome ="
    . " 'tampered' AND note LIKE ?", {}, "%request=$overdue->{id}%"), 2,
    'on record as well';

done_testing;
