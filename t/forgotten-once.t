#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# A link to a new password counts once, and none of before a new password does,
# also while the key store has not heard of it; and no stranger, nor a pupil in
# the next seat, keeps a teacher from asking for one.

use lib 't/lib';
use utf8;
use Pupil::Test;
use Pupil::Clock;
use Pupil::Day;
use Pupil::Outbox;
use Pupil::Relay;

my $PAGE = 'https://skolan.example/losenord';
my $NEW = 'a long walk along the shore';

my $site = pupil_up(import => 1);
Pupil::Outbox::addresses($site);
my $relay = Pupil::Relay->new;
my $clock = Pupil::Clock->new;
my $day = Pupil::Day->up(site => $site, start => 0,
    conf => { pupil_mail => "sv forgotten=$PAGE" },
    http => <<'END',
geo $school { default off; 127.0.0.0/8 north; }
END
    server => 'location /school/login { pupil_login; pupil_mail sv'
        . " forgotten=$PAGE; pupil_login_network \$school; }\n");
$clock->of_all($day->pg);
my $nginx = $day->nginx;
$nginx->start;
$day->ready;
my $db = $day->db;
my $keys = $site->keystore;
my ($teacher, $colleague) = map { $day->person($_) } qw(teacher colleague);

sub forgotten ($name, $path = '/v1/login', $http = $nginx->http) {
    return $http->post("$path/forgotten", json => { identifier => $name });
}
sub reset_by ($token, $new = $NEW) {
    return $nginx->http->post('/v1/login/password', json => {
        token => $token, new => $new });
}
sub work { $site->ctl('work', $relay->options, $site->ctl_where) }
sub outbox { scalar $db->selectrow_array('SELECT count(*) FROM pupil.outbox') }
sub forget { $db->do('DELETE FROM pupil.login_throttle') }
sub status_of ($who) {
    $nginx->http->login(@$who{qw(login password)})->status;
}
sub token ($name) {
    forget();
    $db->do('DELETE FROM pupil.outbox');
    is_status forgotten($name), 202, "$name has forgotten";
    is work()->{code}, 0, 'mail is sent';
    my ($mail, @more) = $relay->mails;
    my ($token) = $mail->{body} =~ m{^\Q$PAGE\E#([\w-]+)$}m;
    ok $token, 'with a link' or diag $mail->{body};
    return $token;
}
my $FN = 'keystore.raise_own(uuid, integer, integer)';
sub deaf { $keys->do("REVOKE EXECUTE ON FUNCTION $FN FROM pupil_keeper") }
sub hears { $keys->do("GRANT EXECUTE ON FUNCTION $FN TO pupil_keeper") }


# ---- a link counts once, also while the key store has not heard

my $token = token($teacher->{login});
deaf();
is_status reset_by($token, 'a first walk in the rain'), 202, 'pending';
hears();
is_problem reset_by($token, 'a second walk in the rain'), 401,
    'invalid-credentials', name => 'the link was used';
is status_of({ %$teacher, password => 'a first walk in the rain' }), 200,
    'the first one counts';
work();
$relay->mails;
$site->password($teacher->{login}, $teacher->{password});


# ---- a link of before a new password that is pending

$token = token($teacher->{login});
my $http = $nginx->http;
is_status $http->login(@$teacher{qw(login password)}), 200, 'logged in';
deaf();
is_status $http->post('/v1/me/password', json => {
    current => $teacher->{password}, new => 'chosen by its owner' }), 202,
    'a new password, pending';
hears();
is_problem reset_by($token, 'chosen by a thief of mail'), 401,
    'invalid-credentials', name => 'the link of before is none';
is status_of({ %$teacher, password => 'chosen by its owner' }), 200,
    'the owner\'s counts';
work();
$relay->mails;
$site->password($teacher->{login}, $teacher->{password});


# ---- several at once, a key store that takes its time

$token = token($colleague->{login});
$keys->do('CREATE FUNCTION keystore.slow() RETURNS trigger LANGUAGE plpgsql AS'
    . q{ $$ BEGIN PERFORM pg_sleep(2); RETURN NEW; END $$});
$keys->do('CREATE TRIGGER slow BEFORE UPDATE ON keystore.floor FOR EACH ROW'
    . ' WHEN (NEW.credential > OLD.credential)'
    . ' EXECUTE FUNCTION keystore.slow()');
my @at_once = map { $nginx->http(timeout => 120)->connect } 1 .. 2;
my @sent;
for my $i (0, 1) {
    $at_once[$i]->send_raw($at_once[$i]->request_bytes(
        POST => '/v1/login/password',
        json => { token => $token, new => "walk number $i in the rain" }));
    my $had = $db->selectrow_array('SELECT updated_at FROM data.credential'
        . ' WHERE owner = ?', {}, $colleague->{id});
    if ($i == 0) {
        for (1 .. 100) {
            last if $db->selectrow_array('SELECT updated_at FROM'
                . ' data.credential WHERE owner = ?', {}, $colleague->{id})
                ne $had;
            select undef, undef, undef, 0.02;
        }
    }
}
my @got = map { $_->read_response('POST')->status } @at_once;
is scalar(grep { $_ == 200 || $_ == 202 } @got), 1,
    "of two by one link one is stored: @got";
$keys->do('DROP TRIGGER slow ON keystore.floor');
work();
$relay->mails;
$site->password($colleague->{login}, $colleague->{password});


# ---- a stranger who keeps asking keeps the owner's device from a link

forget();
$http = $nginx->http;
is_status $http->login(@$teacher{qw(login password)}), 200, 'known device';
my $n = 0;
for my $wait (2049, 4097, 8193) {
    is_status forgotten($teacher->{login}), 202, 'a stranger asks';
    $n += outbox();
    $db->do('DELETE FROM pupil.outbox');
    $clock->forward(1900);      # its link is over
    $http->csrf(undef);
    is_status forgotten($teacher->{login}, '/v1/login', $http), 202,
        'the owner asks, whose link is over';
    is outbox(), 1, "and gets another, where the stranger waits $wait s";
    $db->do('DELETE FROM pupil.outbox');
    $clock->forward($wait - 1900);
}

# As long as the password is what it was, or another was chosen there.
sub has_mails ($client) {
    forget();
    is_status forgotten($teacher->{login}), 202, 'a stranger asks';
    $db->do('DELETE FROM pupil.outbox');
    $client->csrf(undef);
    is_status forgotten($teacher->{login}, '/v1/login', $client), 202,
        'and who was known';
    return outbox();
}
$token = token($teacher->{login});
is_status $http->post('/v1/login/password', json => {
    token => $token, new => $NEW }), 200, 'by a link there is a password';
is has_mails($http), 1, 'whoever chose it there is known as before';
$site->password($teacher->{login}, $teacher->{password});
is has_mails($http), 0, 'by the password of before a device is a stranger\'s';


# ---- a link of before a lock, and of before another address

$token = token($colleague->{login});
$site->ctl_ok(qw(subject lock), $colleague->{id}, $site->ctl_where);
$site->ctl_ok(qw(subject unlock), $colleague->{id}, $site->ctl_where);
is status_of($colleague), 200, 'locked, and not any more';
is_problem reset_by($token, 'chosen by who had the link'), 401,
    'invalid-credentials', name => 'a link of before is none';
$token = token($colleague->{login});
$keys->do('UPDATE keystore.floor SET address = address + 1 WHERE subject = ?',
          {}, $colleague->{id});
is_problem reset_by($token, 'chosen by who had the link'), 401,
    'invalid-credentials', name => 'nor is one of before another address';
forget();
$db->do('DELETE FROM pupil.outbox');
is_status forgotten($colleague->{login}), 202, 'a row of before';
is $db->do('UPDATE pupil.outbox SET floors = floors + 1'), 1, 'made one of now';
work();
is scalar(my @none = $relay->mails), 0, 'sends nothing';
$keys->do('UPDATE keystore.floor SET session = session + 1 WHERE subject = ?',
          {}, $colleague->{id});
is status_of($colleague), 200, 'the password is what it was';


# ---- who asked in vain, as they were locked, has a link once they are not

sub bucket { $db->selectrow_hashref('SELECT count(*) AS n, max(failures) AS f'
    . ' FROM pupil.login_throttle WHERE failures > 0') }

forget();
$site->ctl_ok(qw(subject lock), $colleague->{id}, $site->ctl_where);
is_status forgotten($colleague->{login}), 202, 'who is locked asks' for 1 .. 2;
is outbox(), 0, 'in vain';
my $locked = bucket();
forget();
is_status forgotten('nobody at all'), 202, 'and nobody asks' for 1 .. 2;
is_deeply bucket(), $locked, 'which is counted alike';
forget();
forgotten($colleague->{login});
$site->ctl_ok(qw(subject unlock), $colleague->{id}, $site->ctl_where);
$day->ready;
is_status forgotten($colleague->{login}), 202, 'once unlocked they ask again';
is outbox(), 1, 'and have a link';
is_status forgotten($colleague->{login}), 202, 'and again';
is outbox(), 1, 'one';


# ---- one client of a school's network keeps its teachers from a link

forget();
forgotten("nobody$_", '/school/login') for 1 .. 24;     # a pupil plays
is_status forgotten($colleague->{login}, '/school/login'), 202,
    'a colleague at the school asks';
is_status $nginx->http->post('/school/login', json => { identifier =>
    $colleague->{login}, password => $colleague->{password} }), 200,
    'who can log in there, whatever pupils play';



# ---- what is told of its owner is on record (I1)

$token = token($teacher->{login});
my $res = reset_by($token, lc "$teacher->{login}\@skolan.example");
is_status $res, 422, 'it is what its owner is called';
is_deeply $day->outcomes($res), ['refused'], 'which is on record';
$http = $nginx->http;
is_status $http->login(@$teacher{qw(login password)}), 200, 'logged in';
$res = $http->post('/v1/me/password', json => {
    current => $teacher->{password},
    new => lc "$teacher->{login}\@skolan.example" });
is_status $res, 422, 'a session that asks the same';
is_deeply $day->outcomes($res), ['refused'], 'the same record'
    or diag $res->text;

done_testing;
