#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# What people ask for of their data at /v1/me/requests (B8): stored once however
# often it is sent, with the day by which it is due, on record, sealed, nobody
# else's, and theirs to read whatever the law lets others do with their data.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

my $day = Pupil::Day->up->work;
my ($db, $site) = ($day->db, $day->site);
my ($user, $id) = ($day->pupil, $day->person('pupil')->{id});
my $mate = $day->as('classmate');

sub file ($http, @body) { $http->post('/v1/me/requests', json => { @body }) }
sub listed ($http, $query = '') { $http->get("/v1/me/requests$query")->json }
sub recorded ($res) {
    return join ', ', @{ $db->selectcol_arrayref('SELECT concat_ws(\' \','
        . ' category, purpose, relation, operation, outcome) FROM'
        . ' pupil.audit_event WHERE request = ? ORDER BY outcome', {},
        $res->request_id) };
}

is_deeply listed($user), { requests => [], next => undef }, 'none';


# ---- one is made

my $text = 'Ta bort mina svar om kräftdjur, tack.';
my %one = (id => uuid(), kind => 'erasure', text => $text,
           categories => ['progress', 'identity.family_name']);
my $res = file($user, %one);
is_status $res, 201, 'a request';
my $made = $res->json;
is recorded($res), 'request subject_access self write allowed', 'on record';
is_deeply [sort keys %$made], [qw(article behalf categories changed_at
    condition created_at due_on extension id kind reason received_on state
    text)], 'what is told of it';
is_deeply [@{ $made }{qw(article behalf condition extension reason state)}],
    ['17', undef, undef, undef, undef, 'received'], 'nobody has decided it';
is_deeply { map { $_ => $made->{$_} } keys %one }, \%one, 'as it was sent';
my ($received, $due) = $db->selectrow_array(
    'SELECT d, (d + interval \'1 month\')::date FROM (SELECT ?::date) AS r (d)',
    {}, $made->{received_on});
is $made->{due_on}, $due, 'due after a month of the calendar';
like $db->selectrow_array("SELECT (now() AT TIME ZONE 'Europe/Stockholm')"
    . '::date - ?::date', {}, $received), qr/^[01]$/, 'from the day it came';

$res = $user->get('/v1/me/requests');
is_deeply $res->json, { requests => [$made], next => undef }, 'it is listed';
is recorded($res), 'request subject_access self read allowed', 'on record, too';
is_deeply listed($mate), { requests => [], next => undef }, 'nobody else\'s';

my $stored = $db->selectrow_array('SELECT string_agg(t::text, \' \') FROM'
    . ' (SELECT r::text FROM pupil.request AS r UNION ALL SELECT x::text FROM'
    . ' pupil.request_text AS x) AS a (t)');
unlike $stored, qr/\Q$_\E/, "stored sealed: $_"
    for unpack('H*', 'identity.family_name'), unpack('H*', 'Ta bort mina'),
        'family_name', 'Ta bort';


# ---- sent again

$res = file($user, %one);
is_status $res, 200, 'sent again';
is_deeply $res->json, $made, 'it is the one that is there';
is_problem file($user, %one, text => 'Nej'), 409, 'id-conflict',
    name => 'with another text';
is_problem file($user, %one, kind => 'access'), 409, 'id-conflict',
    name => 'of another kind';
is_problem file($user, %one, categories => ['progress']), 409, 'id-conflict',
    name => 'of other categories';
$res = file($mate, %one);
is_problem $res, 409, 'id-conflict', name => 'by somebody else';
is recorded($res), join(', ', ('request subject_access self write ') x 2)
    =~ s/write /write conflict/r =~ s/write \z/write refused/r, 'on record';
is_deeply listed($mate)->{requests}, [], 'who has none of it';
is scalar(@{ listed($user)->{requests} }), 1, 'and there is one';


# ---- what is refused

my %of = (id => uuid(), kind => 'access');
is_problem file($user, %of, @{ $_->[0] }), 422, 'invalid', field => $_->[1],
    rule => $_->[2], name => "$_->[1]: $_->[2]"
    for [[kind => 'everything'], '/kind', 'enum'],
        [[id => 'x'], '/id', 'uuid'],
        [[text => ''], '/text', 'minLength'],
        [[text => 'x' x 4001], '/text', 'maxLength'],
        [[categories => []], '/categories', 'minItems'],
        [[categories => [map { "c$_" } 1 .. 17]], '/categories', 'maxItems'],
        [[categories => ['Anna Lind']], '/categories/0', 'pattern'],
        [[categories => ['progress', 'progress']], '/categories/1',
         'uniqueItems'],
        [[state => 'executed'], '/state', 'additionalProperties'];
is_problem $user->post('/v1/me/requests', json => { kind => 'access' }), 422,
    'invalid', field => '/id', rule => 'required', name => 'without an id';
is_problem $user->get('/v1/me/requests?limit=0'), 422, 'invalid',
    field => 'limit', name => 'no page at all';

# ---- each kind, so many at once

my @kinds = qw(access rectification restriction portability objection
               withdrawal);
is_status file($user, id => uuid(), kind => $_), 201, $_ for @kinds;
is_status file($user, id => uuid(), kind => 'access', text => "nr $_"), 201,
    "and another, $_" for 8 .. 10;
$res = file($user, id => uuid(), kind => 'access');
is_problem $res, 409, 'conflict', name => 'ten are open, and no more';
is recorded($res), 'request subject_access self write refused', 'on record';
is_status file($user, %one), 200, 'one of them may be sent again';
is_status file($mate, id => uuid(), kind => 'access'), 201,
    'others have their own ten';

my @shown;
for (my $next = ''; defined $next; ) {
    my $page = listed($user, "?limit=4$next");
    push @shown, map { $_->{kind} } @{ $page->{requests} };
    $next = defined $page->{next} ? "&cursor=$page->{next}" : undef;
}
is "@shown", join(' ', ('access') x 3, (reverse @kinds), 'erasure'),
    'by pages, newest first';


# ---- whoever is restricted asks, and reads

$site->ctl_ok('subject', 'restrict', $day->person('classmate')->{id},
              $site->ctl_where);
$day->soon(403, 'the restriction is in force', sub ($http) {
    $http->patch('/v1/data/example', json => $day->preference)->status },
    $mate, $mate);
is_status file($mate, id => uuid(), kind => 'objection', text => 'Sluta'), 201,
    'whoever is restricted asks';
my ($last) = @{ listed($mate)->{requests} };
is $last->{text}, 'Sluta', 'and reads what they asked';


# ---- what the host has not written

$day->nginx->allow_log(qr/pupil\.request/);
my $request = $made->{id};
for my $case ([state => "'executed'"], [due_on => "due_on + 30"],
              [kind => "'access'"], [subject => "'"
               . $day->person('other')->{id} . "'"]) {
    my ($column, $value) = @$case;
    my ($old) = $db->selectrow_array("SELECT $column FROM pupil.request WHERE"
        . ' request = ?', {}, $request);
    $db->do("UPDATE pupil.request SET $column = $value WHERE request = ?", {},
            $request);
    $res = ($column eq 'subject' ? $day->as('other') : $user)
        ->get('/v1/me/requests');
    ok !(grep { $_->{id} eq $request } @{ $res->json->{requests} }),
        "with another $column it is not shown";
    like recorded($res), qr/tampered/, 'and on record';
    $db->do("UPDATE pupil.request SET $column = ? WHERE request = ?", {}, $old,
            $request);
}
is_deeply [grep { $_->{id} eq $request } @{ listed($user)->{requests} }],
    [$made], 'put back, it is';


# ---- with an erasure what was said goes, and that it was asked stays

my $rows = sub ($table) { 0 + $db->selectrow_array("SELECT count(*) FROM $table"
    . ' WHERE subject = ?', {}, $id) };
is $rows->('pupil.request_text'), 10, 'texts before';
$site->ctl_ok('subject', 'erase', $id, $site->ctl_where);
is $rows->('pupil.request_text'), 0, 'none after an erasure';
is $rows->('pupil.request'), 10, 'and that they were asked';


# ---- five years after it was closed it goes

my $count = sub { 0 + $db->selectrow_array('SELECT count(*) FROM'
    . ' pupil.request') };
my $all = $count->();
$db->do("UPDATE pupil.request SET changed_at = now() - interval '5 years 1 day'"
    . ' WHERE subject = ?', {}, $id);
$db->do("UPDATE pupil.request SET state = 'executed' WHERE subject = ? AND"
    . " kind = 'access'", {}, $id);
$db->do("UPDATE pupil.request SET state = 'refused', changed_at = now()"
    . " - interval '5 years 1 day' WHERE subject <> ?", {}, $id);
$site->ctl_ok(qw(retention run), $site->ctl_where);
is $count->(), $all - 4, 'what is closed goes; what is open stays, and what is'
    . ' restricted';
$site->ctl_ok('subject', 'unrestrict', $day->person('classmate')->{id},
              $site->ctl_where);
$site->ctl_ok(qw(retention run), $site->ctl_where);
is $count->(), $all - 6, 'no longer than that';
is $db->selectrow_array('SELECT count(*) FROM pupil.request_text'), 0,
    'with what was said';

done_testing;
