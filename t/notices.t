#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# Notices: people are told at /v1/me/notices what happened to their account, by
# pages, and say that they have seen it.  No notice has a value of anybody's,
# nobody else sees it, nobody makes one up, and it goes with an erasure and after
# 90 days, unless it is restricted.

use lib 't/lib';
use Pupil::Test;
use Pupil::Support;

my $s = Pupil::Support->up;
my ($day, $db, $site) = ($s->day, $s->day->db, $s->day->site);
my ($user, $id) = ($day->pupil, $day->person('pupil')->{id});
$db->do('DELETE FROM pupil.notice');            # of log-ins

sub notices ($http, $query = '') { $http->get("/v1/me/notices$query")->json }
sub kinds ($http) {
    return join ' ', map { $_->{kind} } @{ notices($http)->{notices} };
}

sub recorded ($res) {
    return $db->selectrow_array("SELECT string_agg(concat_ws(' ', category,"
        . " purpose, operation, outcome), ',' ORDER BY category, outcome) FROM"
        . ' pupil.audit_event WHERE request = ?', {}, $res->request_id);
}

is_deeply notices($user), { notices => [], next => undef }, 'none';


# ---- what there is

$s->let_in($user);
is kinds($user), 'support_redeemed support_granted',
    'support was let in, newest first';
is kinds($s->support), 'new_device password_changed',
    'and support is told nothing of it, but of what the operator did';
$user->post('/v1/me/support-grants', json => {}) for 1 .. 4;
is $user->post('/v1/me/support-grants', json => {})->status, 409,
    'a grant that is refused';
is kinds($user), 'support_granted ' x 4 . 'support_redeemed support_granted',
    'is not told';
$db->do("DELETE FROM pupil.notice WHERE kind = 'support_granted'");
is_status $user->post('/v1/me/password', json => {
    current => $day->person('pupil')->{password},
    new => 'a long walk along the shore' }), 200, 'a password is changed';
is kinds($user), 'password_changed support_redeemed', 'which is told';
is_status $user->post('/v1/me/password', json => { current => 'not it',
    new => 'a long walk along the river' }), 403, 'one that is not';
is kinds($user), 'password_changed support_redeemed', 'is not';
my $others = 'new_device';
is kinds($day->as('classmate')), $others, 'nobody else\'s';
is_deeply [sort keys %{ notices($user)->{notices}[0] }],
    [qw(at id kind seen_at)], 'what is told';
my $res = $user->get('/v1/me/notices');
is recorded($res), 'notice subject_access read allowed', 'on record';


# ---- pages

my $first = notices($user, '?limit=1');
is scalar(@{ $first->{notices} }), 1, 'a page';
my $second = notices($user, "?limit=1&cursor=$first->{next}");
is_deeply [map { $_->{kind} } @{ $first->{notices} }, @{ $second->{notices} }],
    [qw(password_changed support_redeemed)], 'and the next';
is $second->{next}, undef, 'which is the last';
is_problem $user->get('/v1/me/notices?limit=0'), 422, 'invalid',
    field => 'limit', name => 'no page at all';


# ---- seen

my $one = $first->{notices}[0];
$res = $user->post("/v1/me/notices/$one->{id}/seen");
is_status $res, 204, 'it is seen';
is recorded($res), 'notice subject_access write allowed', 'seen: on record';
my ($seen) = grep { $_->{id} eq $one->{id} } @{ notices($user)->{notices} };
ok defined $seen->{seen_at}, 'as is shown';
is_status $user->post("/v1/me/notices/$one->{id}/seen"), 204, 'again';
my ($again) = grep { $_->{id} eq $one->{id} } @{ notices($user)->{notices} };
is $again->{seen_at}, $seen->{seen_at}, 'the first time stays';
$res = $day->as('classmate')->post("/v1/me/notices/$second->{notices}[0]{id}"
                                   . '/seen');
is_problem $res, 404, 'not-found', name => 'another\'s is not there';
is recorded($res), 'notice subject_access write not_found', 'on record, too';
is notices($user)->{notices}[1]{seen_at}, undef, 'and nobody saw it';


# ---- what no host has written

my $alert = qr/pupil\.notice.*(MAC|another)/;
$s->day->nginx->allow_log($alert);
for my $case ([kind => "'new_device'"], [at => "at - interval '1 hour'"]) {
    my ($column, $value) = @$case;
    my $rows = $day->rows_of('pupil.notice', $id);
    $db->do("UPDATE pupil.notice SET $column = $value WHERE notice = ?", {},
            $one->{id});
    $res = $user->get('/v1/me/notices');
    is join(' ', map { $_->{kind} } @{ $res->json->{notices} }),
        'support_redeemed', "with another $column it is not shown";
    like recorded($res), qr/tampered/, 'and on record';
    $res = $user->post("/v1/me/notices/$one->{id}/seen");
    is_problem $res, 404, 'not-found', name => "nor seen, with another $column";
    is recorded($res), 'notice subject_access write not_found,notice'
        . ' subject_access write tampered', 'which is on record, too';
    $db->do('DELETE FROM pupil.notice WHERE subject = ?', {}, $id);
    $day->put_back($rows);
}
$db->do('UPDATE pupil.notice SET subject = ? WHERE notice = ?', {},
        $day->person('classmate')->{id}, $one->{id});
is kinds($day->as('classmate')), $others, 'nor is that of another';
$db->do('UPDATE pupil.notice SET subject = ? WHERE notice = ?', {}, $id,
        $one->{id});

# Many of them hide none of those behind them.
my $whole = kinds($user);
$db->do(<<'', {}, $site->tenant, $id);
INSERT INTO pupil.notice (tenant, notice, subject, kind, at, mac)
SELECT ?::uuid, gen_random_uuid(), ?::uuid, 'new_device',
       now() + n * interval '1 minute', decode(repeat('00', 32), 'hex')
  FROM generate_series(1, 5) AS n

my ($next, @shown) = '';
for my $page (1 .. 10) {
    $res = notices($user, "?limit=2$next");
    push @shown, map { $_->{kind} } @{ $res->{notices} };
    last if !defined $res->{next};
    $next = "&cursor=$res->{next}";
}
is join(' ', @shown), $whole, 'behind what nobody has written are the others';
$db->do('DELETE FROM pupil.notice WHERE at > now()');


# ---- of each kind so many, the newest

my $mate = $day->person('classmate')->{id};
my $kept = sub ($kind = 'new_device') {
    return $db->selectcol_arrayref('SELECT notice FROM pupil.notice WHERE'
        . ' subject = ? AND kind = ? ORDER BY at', {}, $mate, $kind);
};
my $fill = sub ($n, $ahead) {
    $db->begin_work;
    $db->do("SELECT set_config('pupil.tenant', ?, true)", {}, $site->tenant);
    $db->do(<<'', {}, $site->tenant, $mate, $ahead, $n);
INSERT INTO pupil.notice (tenant, notice, subject, kind, at, mac)
SELECT ?::uuid, gen_random_uuid(), ?::uuid, 'new_device',
       now() + ?::interval + n * interval '1 second',
       decode(repeat('00', 32), 'hex')
  FROM generate_series(1, ?) AS n

    $db->commit;
};
my $log_in = sub {
    is_status $day->nginx->http->login(@{ $day->person('classmate') }
                                       {qw(login password)}), 200, 'a log-in';
};
my @other = @{ $kept->('password_changed') };
$fill->(60, '-1 hour');
is scalar(@{ $kept->() }), 50, 'fifty of a kind are kept';
my @before = @{ $kept->() };
$log_in->();
my @now = @{ $kept->() };
is scalar(@now), 50, 'also of a log-in';
is_deeply [@now[0 .. 48]], [@before[1 .. 49]], 'the oldest goes';
is_deeply $kept->('password_changed'), \@other, 'and none of another kind';
$db->do('DELETE FROM pupil.notice WHERE subject = ? AND kind = ?', {}, $mate,
        'new_device');
$fill->(50, '1 day');
@before = @{ $kept->() };
$log_in->();
@now = @{ $kept->() };
is scalar(@now), 50, 'of a time to come, by a clock that was set back';
isnt $now[0], $before[0], 'they hide none of now';
$db->do('DELETE FROM pupil.notice WHERE subject = ?', {}, $mate);


# ---- none that is old, unless nobody may delete it; none of who was erased

$db->do("UPDATE pupil.notice SET at = now() - interval '91 days' WHERE"
    . ' notice = ?', {}, $one->{id});
$site->ctl_ok(qw(subject restrict), $id, $site->ctl_where);
$site->ctl_ok(qw(retention run), $site->ctl_where);
my $count = 'SELECT count(*) FROM pupil.notice WHERE subject = ?';
is $db->selectrow_array($count, {}, $id), 2, 'what is restricted stays';
$site->ctl_ok(qw(subject unrestrict), $id, $site->ctl_where);
$site->ctl_ok(qw(retention run), $site->ctl_where);
is $db->selectrow_array($count, {}, $id), 1, 'what is older than 90 days goes';
$site->ctl_ok(qw(subject erase), $id, $site->ctl_where);
is $db->selectrow_array($count, {}, $id), 0, 'and none of who was erased';

done_testing;
