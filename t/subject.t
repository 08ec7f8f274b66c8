#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# pupilctl subject: what is held of a person, and restricting, locking and
# closing, in force in every worker within a second, on record, repeatable,
# and refused with a reason.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

use JSON::XS ();

my $day = Pupil::Day->up(workers => 2, conf => {
    pupil_session_zone => 'pupil_sessions:1m valid=5m' })->all_here->work;
my ($db, $keys, $site, $nginx) = ($day->db, $day->site->keystore, $day->site,
                                  $day->nginx);
my %person = map { $_ => $day->person($_) } qw(pupil classmate teacher);
my %id = map { $_ => $person{$_}{id} } keys %person;
my $overview = "/v1/homework/$day->{homework}{id}/progress";

sub subject (@args) { $site->ctl('subject', @args, $site->ctl_where) }

# The answer of a command that works.
sub answer (@args) {
    my $run = subject(@args, '--json');
    is $run->{code}, 0, "$args[0]: done" or diag $run->{err};
    return eval { JSON::XS::decode_json($run->{out}) } // {};
}

# The newest record of a person: outcome and note.
sub record ($who) {
    return join ': ', map { s/^os=\S+ //r } $db->selectrow_array('SELECT'
        . ' outcome, note FROM pupil.audit_record WHERE ? = ANY (subjects)'
        . " AND role = 'operator' ORDER BY at DESC LIMIT 1", {}, $id{$who});
}

sub log_in ($who) {
    my $http = $nginx->http;
    my $res = $http->login(@{ $person{$who} }{qw(login password)});
    return wantarray ? ($http, $res) : $res->status;
}

my @teacher = $day->on_each($day->teacher);
is scalar(@teacher), 2, 'a client of each worker';


# ---- show

my $shown = answer('show', $id{pupil});
is $shown->{id}, $id{pupil}, 'show: who it is';
is "$shown->{state} $shown->{status}", 'active active', 'state and status';
is join(' ', map { $_->{role} } @{ $shown->{roles} // [] }), 'pupil', 'roles';
my %held = %{ $shown->{categories} // {} };
is $held{$_->[0]}{records}, $_->[1], "records of $_->[0]"
    for [identity => 1], [credential => 1], [progress => 1], [example => 1],
        [contact => 0];
cmp_ok $held{enrolment}{records}, '>', 0, 'and enrolments';
like $held{progress}{$_}, qr/^\d{4}-\d\d-\d\dT[\d:]+Z$/, "progress: $_"
    for qw(from to);
ok !exists $held{contact}{from}, 'no date where there is nothing';
is record('pupil'), 'allowed: ticket=test subject=show', 'on record';
is_deeply answer('show', '--login', $person{pupil}{login}), $shown,
    'the same by a log-in name';
my $text = subject('show', $id{pupil})->{out};
like $text, qr/^\Q$id{pupil}\E active active$/m, 'as text';
unlike $text . json_of($shown), qr/Klein|Kr.ftan|Astronomi|OKlein/,
    'and no value of theirs';


# ---- restrict, unrestrict

sub name_of ($who) {
    return sub ($http) {
        my ($entry) = grep { $_->{id} eq $id{$who} }
                      @{ $http->get($overview)->json->{pupils} };
        return $entry->{display_name} // 'none';
    };
}

sub states ($who) {
    return join ' ', $db->selectrow_array('SELECT state FROM pupil.owner'
        . ' WHERE owner = ?', {}, $id{$who}),
        $keys->selectrow_array('SELECT state FROM keystore.owner_key'
        . ' WHERE owner = ?', {}, $id{$who});
}

my $name = name_of('pupil')->($teacher[0]);
like $name, qr/Klein/, 'a name before it is restricted';
my @pupil = $day->on_each($day->pupil);
is $_->get('/v1/data/identity')->status, 200, 'own data' for @pupil;

my $done = answer('restrict', $id{pupil});
is_deeply $done, { id => $id{pupil}, before => 'active',
                   state => 'restricted', changed => JSON::XS::true },
    'restrict says what it did';
is states('pupil'), 'restricted restricted', 'in both databases';
is record('pupil'), 'allowed: ticket=test state=restricted', 'on record';
$day->soon('none', 'a name that is restricted is not shown', name_of('pupil'),
     @teacher);
is name_of('classmate')->($teacher[0]) =~ /McMillan/, 1, 'another one is';
is $_->get('/v1/data/identity')->json->{records}[0]{family_name}, 'Klein',
    'oneself is told what is held (subject access)' for @pupil;
is_problem $pupil[0]->patch('/v1/data/example', json => $day->preference('x')),
    403, 'restricted', name => 'nothing is written';
is answer('show', $id{pupil})->{state}, 'restricted', 'show says so';
$db->do("UPDATE pupil.owner SET state = 'active' WHERE owner = ?", {},
        $id{pupil});
$day->soon('none', 'nobody lifts it in the data database', name_of('pupil'),
     @teacher);
$done = answer('restrict', $id{pupil});
is states('pupil'), 'restricted restricted', 'again: what was undone is done';
is answer('restrict', $id{pupil})->{changed}, JSON::XS::false,
    'again: nothing to do';

is_deeply answer('unrestrict', '--login', $person{pupil}{login}),
    { id => $id{pupil}, before => 'restricted', state => 'active',
      changed => JSON::XS::true }, 'unrestrict says what it did';
is states('pupil'), 'active active', 'in both databases';
is record('pupil'), 'allowed: ticket=test state=active', 'on record';
$day->soon($name, 'the name is shown again', name_of('pupil'), @teacher);
is answer('unrestrict', $id{pupil})->{changed}, JSON::XS::false,
    'again: nothing to do';


# ---- lock, unlock

# What of an answer may differ: nothing but ids and dates.
sub alike ($res) {
    return join "\n", $res->status,
        $res->body =~ s/[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{32}//gr;
}

my $wrong = alike($nginx->http->login($person{classmate}{login}, 'not it at all'));
my @classmate = $day->on_each($day->classmate);
my $session = sub ($http) { $http->get('/v1/session')->status };
is $session->($_), 200, 'a session' for @classmate;
my %old = map { $_ => $day->rows_of($_, $id{classmate}) }
    qw(pupil.subject pupil.session);

is_deeply answer('lock', $id{classmate}),
    { id => $id{classmate}, before => 'active', status => 'locked',
      changed => JSON::XS::true }, 'lock says what it did';
is record('classmate'), 'allowed: ticket=test status=locked', 'on record';
$day->soon(401, 'the sessions of a locked account end', $session, @classmate);
my (undef, $res) = log_in('classmate');
is alike($res), $wrong, 'a log-in is refused as with a wrong password';
$day->put_back($old{$_}) for sort keys %old;
isnt log_in('classmate'), 200, 'rows that are put back do not unlock it';
$day->soon(401, 'nor a session', $session, @classmate);
is answer('lock', $id{classmate})->{changed}, JSON::XS::true,
    'what was put back is locked anew';
is answer('lock', $id{classmate})->{changed}, JSON::XS::false,
    'again: nothing to do';
is answer('show', $id{classmate})->{status}, 'locked', 'show says so';

is_deeply answer('unlock', $id{classmate}),
    { id => $id{classmate}, before => 'locked', status => 'active',
      changed => JSON::XS::true }, 'unlock says what it did';

for (['lock', 'locked', 'active'], ['unlock', 'active', 'locked']) {
    my ($command, $status, $was) = @$_;
    my @user = ('user', $command, $person{classmate}{login}, '--json');
    is_deeply JSON::XS::decode_json(
        $site->ctl_ok(@user, $site->ctl_where)->{out}),
        { id => $id{classmate}, before => $was, status => $status,
          changed => JSON::XS::true }, "user $command, by the log-in name";
    is $site->ctl(@user, '--login', 'x', $site->ctl_where)->{code}, 2,
        'which is one name';
}
is record('classmate'), 'allowed: ticket=test status=active', 'on record';
my ($http);
($http, $res) = log_in('classmate');
is_status $res, 200, 'who is unlocked logs in';
is $http->get('/v1/homework')->status, 200, 'and works';
$day->soon(401, 'old sessions stay ended', $session, @classmate);


# ---- close

@classmate = $day->on_each($http);
%old = ('pupil.subject' => $day->rows_of('pupil.subject', $id{classmate}));
is_deeply answer('close', $id{classmate}),
    { id => $id{classmate}, before => 'active', status => 'closed',
      changed => JSON::XS::true }, 'close says what it did';
is record('classmate'), 'allowed: ticket=test status=closed', 'on record';
$day->soon(401, 'the sessions of a closed account end', $session, @classmate);
(undef, $res) = log_in('classmate');
is alike($res), $wrong, 'a log-in is refused as with a wrong password';
$day->put_back($old{'pupil.subject'});
isnt log_in('classmate'), 200, 'a row that is put back does not open it';
answer('close', $id{classmate});
is answer('close', $id{classmate})->{changed}, JSON::XS::false,
    'again: nothing to do';
is answer('lock', $id{classmate})->{status}, 'closed',
    'lock of a closed account leaves it closed';
my $unlock = subject('unlock', $id{classmate});
is $unlock->{code}, 1, 'unlock of a closed account is refused';
like $unlock->{err}, qr/closed/, 'with the reason';
is record('classmate'), 'refused: ticket=test status=active', 'on record';


# ---- refusals, of all

my $decoy = $db->selectrow_array('SELECT decoy FROM pupil.tenant');
my $class = $day->class_id;
my @commands = qw(show restrict unrestrict lock unlock close);

sub counts {
    return join ' ', map { $db->selectrow_array("SELECT md5(string_agg("
        . "t::text, '|' ORDER BY t::text)) FROM $_ AS t") }
        qw(pupil.subject pupil.owner pupil.role pupil.enrolment);
}

my $before = counts();
for my $command (@commands) {
    for my $case (['an unknown id', uuid()], ['a class', $class],
                  ['whom unknown names meet', $decoy],
                  ['an unknown log-in name', '--login', 'nobody.knows'])
    {
        my ($what, @whom) = @$case;
        my $run = subject($command, @whom);
        is $run->{code}, 1, "$command: $what is refused";
        like $run->{err}, qr/nobody .*in this tenant/, "$command: and why";
    }
    for my $case (['no id', 'PUPIL'], ['nobody'],
                  ['two', $id{pupil}, '--login', $person{pupil}{login}])
    {
        my ($what, @whom) = @$case;
        is subject($command, @whom)->{code}, 2, "$command: $what";
    }
    is $site->ctl('subject', $command, $id{pupil}, grep { $_ ne '--ticket'
        && $_ ne 'test' } $site->ctl_where)->{code}, 2,
        "$command: not without a ticket";
}
is $db->selectrow_array("SELECT count(*) FROM pupil.audit_record WHERE role"
    . " = 'operator' AND outcome = 'not_found'"), 4 * @commands,
    'who is not found is on record';

$db->do('REVOKE INSERT ON pupil.audit_record FROM pupil_operator');
for my $command (@commands) {
    my $run = subject($command, $id{pupil});
    is $run->{code}, 1, "$command: fails without a record";
    is $run->{out}, '', "$command: and says nothing of anybody";
}
$db->do('GRANT INSERT ON pupil.audit_record TO pupil_operator');
is counts(), $before, 'nothing of all this has changed anything';
is states('pupil'), 'active active', 'in the key store neither';


# ---- a row that somebody has changed

$db->do("UPDATE pupil.subject SET source = 'other' WHERE subject = ?", {},
        $id{pupil});
my $run = subject('lock', $id{pupil});
is $run->{code}, 1, 'a row that is not authentic is refused';
is record('pupil'), 'tampered: ticket=test row=subject', 'and on record';

done_testing;
