#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I18: whoever can hold up a request in the data database gains no answer by it:
# what was revoked while the request waited shows nothing when it goes on, nor
# does somebody else whose data was restricted, closed or erased meanwhile.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;
use Time::HiRes qw(time);

my $day = Pupil::Day->up(workers => 1)->all_here->work;
my ($site, $keys) = ($day->site, $day->site->keystore);
my $teacher = $day->person('teacher');
my $homework = $day->homework->{id};
my $name = $day->pupil->get('/v1/data/identity')
               ->json->{records}[0]{family_name};
$keys->do("SELECT set_config('pupil.tenant', ?, false)", {}, $site->tenant);

sub raise ($floor, $who = $teacher) {
    my @whom = ($who->{id}, $floor);
    my $number = $keys->selectrow_array('SELECT number FROM'
        . ' keystore.give_numbers(ARRAY[?::uuid], ?)', {}, @whom);
    $keys->do('SELECT keystore.raise(ARRAY[?::uuid], ?, ARRAY[?::integer])',
              {}, @whom, $number);
}

# What is answered within half a second is answered in time.
sub long_enough ($since) {
    wait_until(60, 'it has waited', sub { time - $since > 0.7 });
}

# [what, table that is locked, path]
my @cases = (
    ['the record of the answer', 'pupil.audit_record',
     "/v1/homework/$homework/progress"],
    ['what it reads', 'data.identity',
     '/v1/data/identity/' . $day->person('pupil')->{id}],
);

for my $case (@cases) {
    my ($what, $table, $path) = @$case;
    my $client = $day->nginx->http;
    my $other = $day->nginx->http;
    $_->login(@$teacher{qw(login password)}) for $client, $other;
    $other->csrf(undef);        # 403, and nothing is read or recorded
    like $client->get($path)->body, qr/\Q$name\E/, "$what: a name is shown";

    my $lock = $site->pg->connect('pupil', AutoCommit => 0);
    $lock->do("LOCK TABLE $table IN ACCESS EXCLUSIVE MODE");
    my $sent = time;
    $client->send_raw($client->request_bytes(GET => $path));
    wait_until(60, 'it waits', sub { $day->db->selectrow_array(
        'SELECT 1 FROM pg_locks WHERE NOT granted') });
    raise('session');
    wait_until(60, 'the worker hears', sub {
        $other->delete('/v1/session')->status == 401 });
    long_enough($sent);
    $lock->rollback;
    $lock->disconnect;

    my $res = $client->read_response;
    is_problem $res, 503, 'unavailable',
        name => "$what: held up until after the revocation";
    unlike $res->body, qr/\Q$name\E/, "$what: and shows no name";
    is_problem $client->get('/v1/session'), 401, 'no-session',
        name => "$what: the next one is told";
}


# ---- somebody else, whose name was read before

# What a teacher is answered who waits to be on record while this is done, and
# the worker has heard of it.
my $colleague = $day->person('colleague');
my @session = map { $day->nginx->http } 1 .. 2;
sub held_up ($path, $do) {
    my ($client, $other) = @session;
    $client->login(@$teacher{qw(login password)});
    $other->login(@$colleague{qw(login password)});
    $other->csrf(undef);
    like $client->get($path)->body, qr/\Q$name\E/, 'a name is shown';

    my $lock = $site->pg->connect('pupil', AutoCommit => 0);
    $lock->do('LOCK TABLE pupil.audit_record IN ACCESS EXCLUSIVE MODE');
    my $sent = time;
    $client->send_raw($client->request_bytes(GET => $path));
    wait_until(60, 'it waits', sub { $day->db->selectrow_array(
        'SELECT 1 FROM pg_locks WHERE NOT granted') });
    $do->();
    raise('session', $colleague);      # what is told in between was heard
    wait_until(60, 'the worker hears', sub {
        $other->delete('/v1/session')->status == 401 });
    long_enough($sent);
    $lock->rollback;
    $lock->disconnect;
    return $client->read_response;
}

sub state_of ($state) {
    $keys->do("UPDATE keystore.owner_key SET state = ?, before = CASE ? WHEN"
        . " 'recovery' THEN state END WHERE owner = ?", {}, $state, $state,
        $day->person('pupil')->{id});
}

for my $path ("/v1/homework/$homework/progress",
              '/v1/data/identity/' . $day->person('pupil')->{id})
{
    for my $state (qw(restricted recovery)) {
        my $res = held_up($path, sub { state_of($state) });
        ok $res->body !~ /\Q$name\E/, "$state meanwhile: no name is shown";
        is_problem $res, 503, 'unavailable',
            name => "$state meanwhile: to be asked again";
        state_of('active');
        wait_until(60, 'the name', sub {
            $session[0]->get($path)->body =~ /\Q$name\E/ });
    }
}

# More people at once than the key store names one by one.
my $many = $keys->selectcol_arrayref('SELECT owner FROM keystore.owner_key'
    . ' ORDER BY owner = ? DESC LIMIT 101', {}, $teacher->{id});
my $res = held_up("/v1/homework/$homework/progress", sub {
    $day->take_numbers(session => @$many);
    $keys->do("SELECT keystore.raise(array_agg(subject), 'session',"
        . ' array_agg(session_given)) FROM keystore.floor WHERE subject = ANY'
        . ' (?)', {}, $many);
});
is_problem $res, 503, 'unavailable', name => 'one of many who were revoked';


# ---- who is held up, and was not revoked

my $client = $session[1];
$client->login(@$colleague{qw(login password)});
my $lock = $site->pg->connect('pupil', AutoCommit => 0);
$lock->do('LOCK TABLE pupil.audit_record IN ACCESS EXCLUSIVE MODE');
my $sent = time;
$client->send_raw($client->request_bytes(GET => '/v1/data/identity'));
long_enough($sent);
$lock->rollback;
$lock->disconnect;
is $client->read_response->status, 200, 'is served';

done_testing;
