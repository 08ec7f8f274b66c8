#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# A browser is known for each account that has logged in with it, for 180 days
# from the last time, until the password is another one, and not on a computer
# that others use: who is known there gets in while strangers guess at the
# account.

use lib 't/lib';
use Pupil::Test;
use Pupil::Clock;
use Pupil::Day;
use Pupil::Factor;

use constant FREE => 5;             # guesses at an account without a delay

my $below = 'location /v1/login/ { pupil_login; }';
my $day = Pupil::Day->up(start => 0, workers => 1, server => $below,
                         conf => { pupil_second_factor => 'teacher=optional' });
my ($site, $nginx) = ($day->site, $day->nginx);
my $clock = Pupil::Clock->new(slow => 10)->of_all($day->pg);
$nginx->start;
my $db = $day->db;
$day->ready;
my $DEVICE = '__Host-pupil-device';

sub login ($http, $who, %more) {
    my $person = $day->person($who);
    $http->csrf(undef);
    delete $http->cookies->{'__Host-pupil'};
    return $http->post('/v1/login', json => {
        identifier => $person->{login}, password => $person->{password},
        %more });
}

sub device ($res) {
    my ($cookie) = grep { /^\Q$DEVICE\E=/ } $res->headers('set-cookie');
    return $cookie;
}

# Delays, of two seconds at least, are of an hour: how many there were.
sub longer () {
    return $db->do("UPDATE pupil.login_throttle SET not_before ="
        . " clock_timestamp() + interval '1 hour'"
        . " WHERE not_before > last_at + interval '1 second'");
}

# Strangers have guessed at these until all but who is known have to wait.
sub guessed_at (@who) {
    $db->do('DELETE FROM pupil.login_throttle');
    for my $who (@who) {
        $nginx->http->login($day->person($who)->{login}, 'x') for 0 .. FREE;
    }
    longer();
    is login($nginx->http, $_)->status, 429, "a stranger at the $_ waits"
        for @who;
}

sub forget () { $db->do('DELETE FROM pupil.login_throttle') }


# ---- two people at one browser

my $browser = $nginx->http;
my $res = login($browser, 'pupil');
like device($res), qr/^\Q$DEVICE\E=[\w-]+; .*; HttpOnly; .*Max-Age=15552000$/,
    'a browser is known for 180 days';
is device(login($browser, 'pupil')), undef, 'and told so once';
like device(login($browser, 'classmate')), qr/=/, 'of another account, too';
is length($browser->cookies->{$DEVICE}) > 100, 1, 'which is in one cookie';

guessed_at(qw(pupil classmate other));
is login($browser, $_)->status, 200, "the $_ gets in"
    for qw(pupil classmate);
is login($browser, 'other')->status, 429, 'who was never there does not';


# ---- a copy of it counts no longer than it does

my $kept = $browser->cookies->{$DEVICE};
$clock->forward(86400);
forget();
like device($res = login($browser, 'pupil')), qr/=/,
    'who logs in again is known from then on';
is login($browser, 'pupil')->status, 200, 'and goes on';
for my $bent (substr($kept, 0, 20), $kept . 'A', 'A' x length $kept,
              substr($kept, 0, 20) . ($kept =~ /^.{20}A/ ? 'B' : 'A')
              . substr $kept, 21)
{
    my $other = $nginx->http;
    $other->cookies->{$DEVICE} = $bent;
    guessed_at('pupil');
    is login($other, 'pupil')->status, 429, 'one that was bent is a stranger';
}
forget();


# ---- guesses with it come to an end

my ($honest, $copy) = map { $nginx->http } 1 .. 2;
is login($honest, 'pupil')->status, 200, 'another browser of theirs';
$copy->cookies->{$DEVICE} = $browser->cookies->{$DEVICE};
is_deeply [map { $copy->login($day->person('pupil')->{login}, 'x')->status }
           0 .. FREE], [(401) x (FREE + 1)], 'who has a copy of one guesses';
is longer(), 2, 'and is delayed then, by either look-up';
for my $who ($copy, $browser) {
    $res = login($who, 'pupil');
    is_problem $res, 429, 'throttled', name => 'with the password, too';
    cmp_ok $res->header('retry-after'), '>', 3000, 'for as long';
}
is login($honest, 'pupil')->status, 200, 'another browser of theirs is not';
is login($nginx->http, 'pupil')->status, 200, 'nor one that is new';
is login($browser, 'classmate')->status, 200, 'nor are others at that one';
$db->do('UPDATE pupil.login_throttle SET not_before = last_at');
is login($browser, 'pupil')->status, 200, 'nor they, once that is over';
forget();


# ---- on a computer that others use

my $shared = $nginx->http;
$res = login($shared, 'pupil', shared => \1);
is_status $res, 200, 'a log-in at a computer that others use';
is device($res), undef, 'leaves nothing there';
is_deeply [grep { /device/ } keys %{ $shared->cookies }], [], 'at all';
like device(login($shared, 'pupil', shared => \0)), qr/=/,
    'and at one that is said to be none it does';
for my $bad ('yes', 1, {}) {
    is_problem login($nginx->http, 'pupil', shared => $bad), 422, 'invalid',
        field => '/shared', rule => 'type', name => "shared: $bad";
}


# One that was known is not from then on.
my $alone = $nginx->http;
login($alone, $_) for qw(other classmate);
$res = login($alone, 'other', shared => \1);
is_status $res, 200, 'who was known says that others use it, too';
like device($res), qr/^\Q$DEVICE\E=[\w-]+; .*Max-Age=15552000$/,
    'what it has of them is taken out';
is device(login($alone, 'other', shared => \1)), undef, 'once';
guessed_at(qw(classmate other));
is login($alone, 'classmate')->status, 200, 'while others are known there';
is login($alone, 'other')->status, 429, 'they are a stranger';
forget();
like device(login($alone, 'classmate', shared => \1)),
    qr/^\Q$DEVICE\E=; .*Max-Age=0$/, 'and the last one\'s ends the cookie';
is $alone->cookies->{$DEVICE}, undef, 'of which nothing is left';
is device(login($alone, 'classmate', shared => \1)), undef, 'nor ends again';


# ---- with a second factor

my $teacher = Pupil::Factor->new($day, 'teacher', $clock);
$teacher->token;
my $http = $teacher->half;
is_status $teacher->enrol($http), 200, 'a second factor';
ok $http->cookies->{$DEVICE}, 'with it the browser is known';

my $half = $nginx->http;
$half->cookies->{$DEVICE} = $kept;
is login($half, 'teacher')->json->{status}, 'second_factor_required',
    'at a browser that others are known at';
is $half->cookies->{$DEVICE}, $kept, 'a password is no log-in there';
$res = $teacher->prove($half, totp => $teacher->next_code);
like device($res), qr/=/, 'with a code it is';
guessed_at(qw(classmate teacher));
is login($half, $_)->status, 200, "where the $_ is known"
    for qw(classmate teacher);
forget();

$half = $nginx->http;
is login($half, 'teacher', shared => \1)->json->{status},
    'second_factor_required', 'at a computer that others use';
$res = $teacher->prove($half, totp => $teacher->next_code);
is_status $res, 200, 'a code lets in';
is device($res), undef, 'and leaves nothing there, either';

# It is said beside the password, and counts once the code is right.
$half = $nginx->http;
login($half, 'teacher');
$teacher->prove($half, totp => $teacher->next_code);
$kept = $half->cookies->{$DEVICE};
login($half, 'teacher', shared => \1);
is $half->cookies->{$DEVICE}, $kept, 'where they are known, a password is not';
$res = $teacher->prove($half, totp => $teacher->next_code);
like device($res), qr/^\Q$DEVICE\E=; .*Max-Age=0$/, 'with a code it is over';
guessed_at('teacher');
is login($half, 'teacher')->status, 429, 'and they are a stranger there';

forget();


# ---- until the password is another one

# Somebody has stolen it, and logs in with it, from two browsers.
my $pupil = $day->person('pupil');
my @thief = map { $nginx->http } 1 .. 2;
is login($_, 'pupil')->status, 200, 'who has stolen a password' for @thief;
is login($browser, 'pupil')->status, 200, 'whose it is';
$res = $browser->post('/v1/me/password', json => {
    current => $pupil->{password}, new => 'a long walk along the shore' });
is_status $res, 200, 'has another';
like device($res), qr/=/, 'and their browser is known with it';
guessed_at(qw(pupil classmate));
is login($_, 'pupil')->status, 429, 'the thief\'s is a stranger\'s' for @thief;
$pupil->{password} = 'a long walk along the shore';
is login($thief[0], 'pupil')->status, 429, 'whatever is guessed there';
is login($browser, 'pupil')->status, 200, 'while the owner gets in';
is login($browser, 'classmate')->status, 200, 'as do others there';

forget();
is login($thief[0], 'pupil')->status, 200, 'where nobody guesses it lets in';
guessed_at('pupil');
is login($thief[0], 'pupil')->status, 200, 'and that browser is known';

# By the operator: nobody is known until they have logged in with it.
forget();
$pupil->{password} = 'a password of the school\'s';
$site->password($pupil->{login}, $pupil->{password});
guessed_at('pupil');
is login($_, 'pupil')->status, 429, 'the operator sets one: all are strangers'
    for $browser, $thief[0];
forget();
like device(login($browser, 'pupil')), qr/=/, 'until they log in';
guessed_at('pupil');
is login($browser, 'pupil')->status, 200, 'and are known';
forget();

# Nor where the operator takes a second name of theirs away.
$site->ctl_ok('user', 'link', $pupil->{login}, 'uni-1', $site->ctl_where);
guessed_at('pupil');
is login($browser, 'pupil')->status, 200, 'a second name changes nothing';
$site->ctl_ok('user', 'unlink', $pupil->{login}, $site->ctl_where);
guessed_at('pupil');
is login($browser, 'pupil')->status, 429, 'one that is taken away does';
forget();

# New codes of recovery end nothing here; one that is used does, elsewhere.
my ($here, $there) = map { $nginx->http } 1 .. 2;
$teacher->half($here);
is_status $teacher->prove($here, totp => $teacher->next_code), 200,
    'by an authenticator';
$res = $here->post('/v1/login/recovery-codes');
is_status $res, 200, 'new codes of recovery';
guessed_at('teacher');
is login($here, 'teacher')->status, 200, 'where they are known';
forget();
$teacher->half($there);
is_status $teacher->prove($there, recovery => $res->json->{recovery_codes}[0]),
    200, 'by one of them, elsewhere';
guessed_at('teacher');
is login($there, 'teacher')->status, 200, 'they are known there';
is login($here, 'teacher')->status, 429, 'and no more where they were';

done_testing;
