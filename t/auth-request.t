#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# auth_request in front of Pupil's own locations: whom it lets through is served
# as without it, each with their own answer and record; whom it refuses has not
# asked at all.

use lib 't/lib';
use Pupil::Test;
use Pupil::Chaos;
use Time::HiRes qw(sleep);

my @served = qw(session homework progress data);
my $upstream = free_port();
my $gates = <<"";
location = /session { internal; pupil_session; }
location = /at-once { internal; return 204; }
location = /later { internal; proxy_pass http://127.0.0.1:$upstream;
    proxy_pass_request_body off; proxy_set_header Content-Length ""; }
location = /no { internal; return 403; }
location = /broken { internal; return 500; }

my $yes = "server { listen 127.0.0.1:$upstream; location / { return 204; } }\n";

my $chaos = Pupil::Chaos->new(pupils => 3, slow => 10, http => $yes, server => $gates);
my ($nginx, $site, $db) = ($chaos->nginx, $chaos->site, $chaos->site->db);
my ($pupil) = $chaos->pupils;

sub behind ($gate) {
    $nginx->set(server => $site->server_conf(
        locations => { map { $_ => "auth_request /$gate;" } @served })
        . $gates)->reload(wait => 1);
    wait_until(60, 'nginx to be ready', sub {
        $nginx->http->get('/status/ready')->status == 200 });
}

sub records ($res) {
    return join ' ', @{ $db->selectcol_arrayref('SELECT outcome FROM'
        . ' pupil.audit_record WHERE request = ?', {}, $res->request_id) };
}

sub stored (@items) {
    return $db->selectrow_array('SELECT count(*) FROM data.progress WHERE'
        . ' record = ANY (?)', {}, [map { $_->{id} } @items]);
}


# ---- let through

for my $gate (qw(session at-once later)) {
    behind($gate);
    my $http = $chaos->client($pupil);
    my $res = $http->get('/v1/homework');
    is_status $res, 200, "$gate: a list";
    is records($res), 'allowed', "$gate: on record once";

    my $item = $chaos->submission($pupil, "$pupil->{login} wrote");
    $res = $http->post('/v1/progress', json => $item);
    is_status $res, 201, "$gate: a submission";
    is stored($item) . ' ' . records($res), '1 allowed',
        "$gate: stored once, with its record";

    my @many = map { $chaos->submission($pupil,
        "$pupil->{login} wrote " . 'x' x 7000, $_) } 1 .. 30;
    $res = $http->post('/v1/progress', json => \@many, chunked => 9000);
    is_status $res, 200, "$gate: a large body in chunks";
    is stored(@many), 30, "$gate: stored";

    is join(' ', map { $_->status } $http->pipeline(map { (
        [GET => '/v1/session'],
        [POST => '/v1/progress', json => $item],
        [GET => '/v1/data/identity']) } 1 .. 5)), join(' ', (200) x 15),
        "$gate: fifteen in a pipeline";
    is_status $nginx->http->get('/v1/homework'), 401, "$gate: no session";

    my $load = $chaos->start;
    sleep 1;
    $nginx->reload(wait => 1);
    sleep 1;
    my $report = $chaos->end($load);
    is $chaos->errors($report), '', "$gate: the same under load: "
        . ($report->{statuses}{201} // 0) . ' stored';
    $chaos->settled($report, $gate);
}


# ---- refused

for my $case ([no => 403], [broken => 500]) {
    my ($gate, $status) = @$case;
    behind($gate);
    my $http = $chaos->client($pupil);
    my $item = $chaos->submission($pupil, 'refused');
    for my $ask ([GET => '/v1/homework'], [GET => '/v1/session'],
                 [POST => '/v1/progress', json => $item],
                 [POST => '/v1/progress', json => [$item], chunked => 20])
    {
        my $res = $http->request(@$ask);
        is_status $res, $status, "$gate: @$ask[0, 1]";
        is records($res), '', 'asks for nothing';
    }
    is stored($item), 0, "$gate: nothing is stored";
}
is $chaos->under_way, '', 'nothing is under way';


# ---- who cannot tell

behind('session');
my $http = $chaos->client($pupil);
is_status $http->get('/v1/homework'), 200, 'before an outage';
$site->pg->stop;
wait_until(60, 'no session to be served out of the zone', sub {
    $http->get('/v1/homework')->status != 503 });
is_status $http->get('/v1/homework'), 500,
    'in an outage nginx makes 500 of 503, as docs/directives.md says';

done_testing;
