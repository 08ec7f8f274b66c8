#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# A support grant (M10): somebody lets support in for a time by a code that they
# read out.  Until then support reads nothing of theirs, from then on what
# plugins grant and nothing else, on record with the grant's id.

use lib 't/lib';
use Pupil::Test;
use Pupil::Support;

my $s = Pupil::Support->up(workers => 2,
    server => 'location /brief/ { pupil_rights; pupil_support_grant 2m; }');
my ($day, $db) = ($s->day, $s->day->db);
my $pupil = $day->person('pupil')->{id};
my $user = $day->pupil;
my $support = $s->support;

sub recorded ($res) {
    return join ', ', map { join ' ', map { $_ // '-' } @$_ }
        @{ $db->selectall_arrayref('SELECT category, purpose, relation,'
        . ' operation, outcome, note FROM pupil.audit_event WHERE request = ?',
        {}, $res->request_id) };
}


# ---- without a grant

my $path = "/v1/data/identity/$pupil";
my $res = $support->get($path);
is_problem $res, 403, 'not-granted', name => 'nobody has let support in';
is recorded($res), 'identity support support_grant read not_granted -',
    'which is on record';
is_problem $support->get('/v1/data/identity/' . uuid()), 403, 'not-granted',
    name => 'somebody who is not there looks the same';
is_problem $s->redeem('0000-0000-0000'), 404, 'not-found',
    name => 'a code that nobody has';


# ---- a grant is made

$res = $user->post('/v1/me/support-grants', json => { minutes => 30 });
is_status $res, 201, 'a grant';
my $grant = $res->json;
is_deeply [sort keys %$grant], [qw(code code_expires_at created_at expires_at
    id purpose redeemed_at)], 'what is told of it';
is $grant->{purpose}, 'support', 'what it is for';
is $db->selectrow_array('SELECT expires_at - created_at FROM'
    . ' pupil.support_grant'), '00:30:00', 'for as long as was said';
is recorded($res), 'support_grant subject_access self write allowed -', 'on record';
is_problem $user->post('/v1/me/support-grants', json => { minutes => $_->[0] }),
    422, 'invalid', field => '/minutes', rule => $_->[1],
    name => "minutes: $_->[1]"
    for [0, 'minimum'], [61, 'maximum'], [1.5, 'multipleOf'], ['x', 'type'];
is_problem $user->post('/brief/support-grants', json => { minutes => 3 }), 422,
    'invalid', field => '/minutes', rule => 'maximum',
    name => 'no longer than is configured';

my $bytes = $db->selectrow_array('SELECT g::text FROM pupil.support_grant AS g');
unlike $bytes, qr/\Q$grant->{code}\E|\Q@{[$grant->{code} =~ tr{-}{}dr]}\E/i,
    'the code is not stored';
$res = $user->get('/v1/me/support-grants');
is_status $res, 200, 'it is seen';
is scalar(@{ $res->json->{support_grants} }), 1, 'once';
my %shown = %{ $res->json->{support_grants}[0] };
is_deeply \%shown, { map { $_ => $grant->{$_} } qw(id purpose created_at
    expires_at redeemed_at) }, 'but for its code';
is recorded($res), 'support_grant subject_access self read allowed -',
    'to see it is on record';
is_deeply $day->as('classmate')->get('/v1/me/support-grants')->json,
    { support_grants => [] }, 'by nobody else';


# ---- the code is read out

is_problem $day->teacher->post('/v1/support/redeem',
    json => { code => $grant->{code} }), 403, 'not-granted',
    name => 'whoever is not in support';
is_problem $support->get($path), 403, 'not-granted', name => 'not yet';

$res = $s->redeem(lc $grant->{code} =~ tr/-/ /r);
is_status $res, 200, 'it is redeemed, as people type it';
is_deeply $res->json, { id => $grant->{id}, subject => $pupil,
    purpose => 'support', expires_at => $grant->{expires_at} }, 'whose it is';
is recorded($res), 'support_grant support support_grant write allowed support'
    . " grant $grant->{id}", 'on record';
is_deeply $db->selectrow_arrayref('SELECT subjects FROM pupil.audit_event WHERE'
    . ' request = ?', {}, $res->request_id), [[$pupil]], 'of whom';
is_problem $s->redeem($grant->{code}), 404, 'not-found', name => 'once';
isnt $user->get('/v1/me/support-grants')->json->{support_grants}[0]
    {redeemed_at}, undef, 'its owner sees that';


# ---- what support reads

$res = $support->get($path);
is_status $res, 200, 'names';
my $names = $user->get('/v1/data/identity')->json->{records};
is delete $names->[0]{source}, 'sds', 'and who brought them, for their owner';
is_deeply $res->json->{records}, $names, 'as they are';
is_deeply [@{ $res->json }{qw(purpose relation)}], [qw(support support_grant)],
    'for support';
is recorded($res), 'identity support support_grant read allowed support grant '
    . $grant->{id}, 'on record with the grant';
$res = $user->get('/v1/me/audit');
ok scalar(grep { $_->{purpose} eq 'support' && $_->{category} eq 'identity' }
    @{ $res->json->{events} }), 'its owner sees who looked';

is_status $support->get("/v1/data/enrolment/$pupil"), 200, 'enrolments';
is_problem $support->get("/v1/data/progress/$pupil"), 403, 'not-granted',
    name => 'what no plugin grants';
is_problem $support->patch("/v1/data/example/$pupil",
    json => $day->preference), 403, 'not-granted', name => 'support writes nothing';
is_problem $support->get('/v1/data/identity/'
    . $day->person('classmate')->{id}), 403, 'not-granted',
    name => 'nor reads of anybody else';
is_problem $s->another->get($path), 403, 'not-granted',
    name => 'nor does anybody else in support';


# ---- guesses are counted

my $last;
for (1 .. 12) {
    $last = $s->redeem(sprintf '0000-0000-%04d', $_);
    last if $last->status == 429;
}
is_problem $last, 429, 'throttled', name => 'who guesses waits';
ok $last->header('Retry-After'), 'and is told how long';
is recorded($last), 'support_grant support support_grant write throttled -',
    'on record';
my $other = $user->post('/v1/me/support-grants', json => {})->json;
is $s->redeem($other->{code})->status, 429, 'with a good one, too';
is_status $s->another->post('/v1/support/redeem',
    json => { code => $other->{code} }), 200, 'whoever did not guess does not';


# ---- so many at once

$res = $user->post('/v1/me/support-grants', json => {}) for 1 .. 3;
is_status $res, 201, 'several';
$res = $user->post('/v1/me/support-grants', json => {});
is_problem $res, 409, 'conflict', name => 'and no more';
is recorded($res), 'support_grant subject_access self write refused -', 'on record';

# ---- nor does anybody make them without end

my $mate = $day->as('classmate');
my @made;
for (1 .. 40) {
    $res = $mate->post('/v1/me/support-grants', json => {});
    last if $res->status != 201;
    push @made, $res->json->{id};
    $mate->delete("/v1/me/support-grants/$made[-1]");
}
is_problem $res, 429, 'throttled', name => 'who makes and ends them waits';
ok $res->header('Retry-After'), 'and is told how long';
is recorded($res), 'support_grant subject_access self write throttled -',
    'on record';
cmp_ok scalar(@made), '>=', 20, 'after twenty';
is_status $day->teacher->post('/v1/me/support-grants', json => {}), 201,
    'others do not';

done_testing;
