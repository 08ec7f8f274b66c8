#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I1: who has a link of a mail, or a code of a teacher, and chooses a password
# that its owner's names rule out, learns that the link is good: that attempt
# counts, and is on record like any other, be it that there is no database for
# a while.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;
use Pupil::Outbox;
use Pupil::Relay;

my $PAGE = 'https://skolan.example/losenord';

my $site = pupil_up(import => 1);
Pupil::Outbox::addresses($site);
my $relay = Pupil::Relay->new;
my $day = Pupil::Day->up(site => $site, workers => 1, conf => {
    pupil_mail => "sv forgotten=$PAGE",
    pupil_password_new => root_dir()
        . '/ngx_module/core/login/common-passwords.txt length=8',
    pupil_request_timeout => '60s' });
my $nginx = $day->nginx;
$nginx->allow_log(qr/./);
my $db = $day->db;
my ($teacher, $pupil) = map { $day->person($_) } qw(teacher classmate);
my $lock = $site->keys_pg->connect('pupil_keys');

sub outcomes ($res) {
    return [map { "$_->{outcome} @{ $_->{subjects} }" }
            grep { $_->{category} eq 'credential' } $day->audit($res)];
}

# The database lets nobody in who comes anew.
sub closed ($closed) {
    $db->do('ALTER DATABASE pupil CONNECTION LIMIT ' . ($closed ? 0 : -1));
}

sub held () {
    return scalar $site->keystore->selectrow_array('SELECT count(*) FROM'
        . " pg_stat_activity WHERE datname = 'pupil_keys'"
        . " AND wait_event_type = 'Lock'");
}

# What was sent is held at the key store while the database goes, and then
# there is none for its record.
sub cut ($name, $path, $json) {
    $lock->begin_work;
    $lock->do('LOCK TABLE keystore.floor IN ACCESS EXCLUSIVE MODE');
    my $http = $nginx->http->connect;
    $http->send_raw($http->request_bytes(POST => $path, json => $json));
    wait_until(60, "$name: held", \&held);
    closed(1);
    $db->do('SELECT pg_terminate_backend(pid) FROM pg_stat_activity'
        . " WHERE usename = 'pupil_gateway' AND datname = 'pupil'");
    $lock->rollback;
    my $res = $http->read_response('POST');
    is_problem $res, 503, 'unavailable', name => "$name: not without a record";
    is_deeply outcomes($res), [], "$name: there is no database for it";
    closed(0);
    return $res;
}

is_status $nginx->http->post('/v1/login/forgotten', json => {
    identifier => $teacher->{login} }), 202, 'a teacher has forgotten';
$site->ctl_ok('work', $relay->options, $site->ctl_where);
my ($token) = ($relay->mails)[0]{body} =~ m{^\Q$PAGE\E#([\w-]+)$}m;
my $code = $day->teacher->post("/v1/pupils/$pupil->{id}/login-code")
    ->json->{code};

for my $case (['a link', '/v1/login/password', $teacher, {
                   token => $token, new => lc "$teacher->{login}\@skolan.example"
               }],
              ['a code', '/v1/login/code', $pupil, {
                   identifier => $pupil->{login}, code => $code,
                   new => lc $pupil->{login} }])
{
    my ($name, $path, $who, $json) = @$case;
    my $res = $nginx->http->post($path, json => $json);
    is_problem $res, 422, 'invalid', field => '/new', rule => 'name',
        name => $name;
    is_deeply outcomes($res), ["refused $who->{id}"], "$name: on record";

    $res = cut($name, $path, $json);
    ok eval { wait_until(60, '', sub { @{ outcomes($res) } }); 1 },
        "$name: on record once there is a database";
    sleep 2;
    is_deeply outcomes($res), ["refused $who->{id}"], "$name: once";
    $day->ready;
    is_status $nginx->http->post($path, json => { %$json,
        new => 'a long walk along the shore' }), 200, "$name: it is good";
}

done_testing;
