#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I18: rows of support grants that somebody puts back.  One from before it ended
# lets nobody in; one from before its code was used makes no code good again; one
# whose time is over stays so.

use lib 't/lib';
use Pupil::Test;
use Pupil::Clock;
use Pupil::Support;

my $s = Pupil::Support->up(start => 0);
my $day = $s->day;
my $clock = Pupil::Clock->new->of_all($day->pg);
$day->nginx->start;
$day->ready;
my $db = $day->db;
my ($user, $id) = ($day->pupil, $day->person('pupil')->{id});
my $path = "/v1/data/identity/$id";
my $T = 'pupil.support_grant';


# ---- before it ended

my $grant = $s->let_in($user);
is_status $s->support->get($path), 200, 'a grant';
my $before = $day->rows_of($T, $id);
is_status $user->delete("/v1/me/support-grants/$grant->{id}"), 204, 'it ends';
$day->put_back($before);
is $db->selectrow_array("SELECT count(*) FROM $T"), 1, 'its row is put back';
is_problem $s->support->get($path), 403, 'not-granted',
    name => 'put back: it lets nobody in';
is_deeply $user->get('/v1/me/support-grants')->json, { support_grants => [] },
    'put back: nor is it shown';


# ---- before its code was used

my $made = $user->post('/v1/me/support-grants', json => {})->json;
$before = $day->rows_of($T, $id);
is_status $s->redeem($made->{code}), 200, 'a code is used';
$day->put_back($before);
is_problem $s->another->post('/v1/support/redeem',
    json => { code => $made->{code} }), 404, 'not-found',
    name => 'put back: it is good once';
is_problem $s->support->get($path), 403, 'not-granted',
    name => 'and who used it has nothing, as the row says';


# ---- before it ended, with a code that nobody had used

$made = $user->post('/v1/me/support-grants', json => {})->json;
$before = $day->rows_of($T, $id);
is_status $user->delete("/v1/me/support-grants/$made->{id}"), 204, 'it ends';
$day->put_back($before);
is_problem $s->redeem($made->{code}), 404, 'not-found',
    name => 'put back: its code is dead';


$db->do("DELETE FROM $T");


# ---- of a log-in that has ended, and of a password that has changed

$s->let_in($user);
$before = $day->rows_of($T, $id);
is_status $s->support->delete('/v1/session'), 204, 'support logs out';
$s->again;
$day->put_back($before);
is_problem $s->support->get($path), 403, 'not-granted',
    name => 'put back: another log-in has nothing of it';

$s->let_in($user);
$made = $user->post('/v1/me/support-grants', json => {})->json;
is_status $s->support->get($path), 200, 'a grant';
$before = $day->rows_of($T, $id);
is_status $user->post('/v1/me/password', json => {
    current => $day->person('pupil')->{password},
    new => 'a long walk along the shore' }), 200, 'a password is changed';
$day->put_back($before);
is_problem $s->support->get($path), 403, 'not-granted',
    name => 'put back: a grant of before';
is_problem $s->redeem($made->{code}), 404, 'not-found',
    name => 'put back: a code of before';
$db->do("DELETE FROM $T");


# ---- when its time is over

$s->let_in($user, minutes => 20);
my $late = $user->post('/v1/me/support-grants', json => { minutes => 20 })
    ->json;
is_status $s->support->get($path), 200, 'a grant of twenty minutes';
$clock->forward(11 * 60);
$day->nginx->wait_ready;
is_problem $s->redeem($late->{code}), 404, 'not-found',
    name => 'a code is good for ten';
is_status $s->support->get($path), 200, 'the grant goes on';
$clock->forward(10 * 60);
$day->nginx->wait_ready;
is_problem $s->support->get($path), 403, 'not-granted', name => 'then it is over';
$db->do("UPDATE $T SET expires_at = expires_at + interval '1 day'");
$day->nginx->allow_log(qr/\[crit\].*pupil\.support_grant.*its MAC does not/);
is_problem $s->support->get($path), 403, 'not-granted',
    name => 'nor does somebody make it longer';

done_testing;
