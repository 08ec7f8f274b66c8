#!/usr/bin/perl

# $pupil_request_id, $pupil_subject, $pupil_role and $pupil_tenant in
# log_format and proxy_set_header; and pupil_tenant by a map of $host, where
# the session of one tenant is none of another's.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

my $site = pupil_up(import => 1);
my $there = Pupil::Day::neighbour($site);
my %person = (a => $site->person('CBeane'), pupil => $site->person('OKlein'),
              b => $there->person('CBeane', 'There it is another, 2026'));
my %tenant = (a => $site->tenant, b => $there->tenant);
my %host = (a => 'a.school.example', b => 'b.school.example');

# A second server of the same nginx is the upstream: it says what it got.  The
# clients here have one connection's name in TLS, as a proxy in front has.
my $upstream = free_port();
my $log = tmp_dir() . '/variables.log';
my $nginx = $site->nginx(conf => { pupil_tenant => '$school' }, http => <<"",
pupil_behind_proxy on;
map \$host \$school { $host{a} $tenant{a}; $host{b} $tenant{b}; }
log_format variables '\$pupil_request_id|\$pupil_tenant|\$pupil_subject|'
                     '\$pupil_role|\$status|\$request_uri';
access_log $log variables;
server {
    listen 127.0.0.1:$upstream;
    access_log off;
    default_type text/plain;
    return 200 "\$http_x_id|\$http_x_tenant|\$http_x_subject|\$http_x_role";
}

    server => <<"")->start;
location /app/ {
    proxy_pass http://127.0.0.1:$upstream;
    proxy_set_header X-Id \$pupil_request_id;
    proxy_set_header X-Tenant "\$pupil_tenant";
    proxy_set_header X-Subject "\$pupil_subject";
    proxy_set_header X-Role "\$pupil_role";
    add_header X-Request-Id \$pupil_request_id;
}
location /checked/ {
    auth_request /auth;
    proxy_pass http://127.0.0.1:$upstream;
    proxy_set_header X-Id \$pupil_request_id;
    proxy_set_header X-Tenant "\$pupil_tenant";
    proxy_set_header X-Subject "\$pupil_subject";
    proxy_set_header X-Role "\$pupil_role";
    add_header X-Request-Id \$pupil_request_id always;
}
location = /auth { internal; pupil_session; }
location = /data-auth { internal; pupil_data; }
location /wrong/ {
    auth_request /data-auth;
    proxy_pass http://127.0.0.1:$upstream;
}

my $UUID = qr/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/;

sub client ($where) {
    return $nginx->http(header => { Host => $host{$where} // $where });
}

# The line of the log about a request, which comes after the answer.
sub logged ($res) {
    my $id = $res->request_id;
    my @lines;
    eval { wait_until(60, 'a line', sub {
        @lines = grep { /^\Q$id\E\|/ } split /\n/, slurp($log) }) };
    is scalar(@lines), 1, 'one line with the id of the response';
    return $lines[0] // '';
}

sub is_logged ($res, $tenant, $person, $role, $name) {
    my $line = logged($res);
    my $subject = $person ? $person->{id} : '-';
    like $line, qr/^$UUID\|$tenant\|$subject\|$role\|@{[$res->status]}\|/,
        "$name: in the log";
}


# ---- log_format

wait_until(60, 'ready', sub {
    $nginx->http->get('/status/ready')->status == 200 });
my %http = map { $_ => client($_) } qw(a b);
my $res = $http{a}->get('/v1/session');
is_problem $res, 401, 'no-session';
is_logged($res, $tenant{a}, undef, '-', 'no session');

$res = $http{a}->login($person{a}{login}, 'wrong');
is_problem $res, 401, 'invalid-credentials';
is_logged($res, $tenant{a}, undef, '-', 'a log-in that fails');

for my $where (qw(a b)) {
    is_status $http{$where}->login(@{ $person{$where} }{qw(login password)}),
        200, "a log-in at $where";
    $res = $http{$where}->get('/v1/data/identity');
    is_status $res, 200;
    is_logged($res, $tenant{$where}, $person{$where}, 'teacher', $where);
}
isnt $person{a}{id}, $person{b}{id}, 'two pseudonyms of one name';

my $pupil = client('a');
$pupil->login(@{ $person{pupil} }{qw(login password)});
$res = $pupil->get('/v1/homework');
is_logged($res, $tenant{a}, $person{pupil}, 'pupil', 'a pupil');
$res = $pupil->get("/v1/data/identity/$person{b}{id}");
is_problem $res, 404, 'not-found';
is_logged($res, $tenant{a}, $person{pupil}, 'pupil', 'what is refused');
$res = $pupil->logout;
is_status $res, 204;
is_logged($res, $tenant{a}, $person{pupil}, 'pupil', 'a log-out');


# ---- proxy_set_header: by itself, no handler of Pupil's looks at a request

for my $http (client('a'), $http{a}) {
    $res = $http->get('/app/x', header => {
        'X-Subject' => 'forged', 'X-Role' => 'dpo', 'X-Tenant' => 'forged',
        'X-Id' => 'forged' });
    is_status $res, 200, 'proxied';
    like $res->body, qr/^$UUID\|\|\|$/,
        'the id, and nothing of a session that nobody looked at';
    is((split /\|/, $res->body)[0], $res->request_id,
        'the same id in the response');
    is_logged($res, '-', undef, '-', 'proxied');
}


# ---- and with auth_request, one does

my $forged = { 'X-Subject' => 'forged', 'X-Role' => 'dpo',
               'X-Tenant' => 'forged', 'X-Id' => 'forged' };
for (1, 2) {
    for my $where (qw(a b)) {
        $res = $http{$where}->get('/checked/x', header => $forged);
        is_status $res, 200, 'checked and proxied';
        is $res->body, join('|', $res->request_id, $tenant{$where},
                            $person{$where}{id}, 'teacher'),
            'with whose request it is';
        is_logged($res, $tenant{$where}, $person{$where}, 'teacher',
                  'checked');
    }
}
is $site->db->selectrow_array('SELECT count(*) FROM pupil.audit_record'
    . ' WHERE request = ?', {}, $res->request_id), 0,
    'nothing personal was shown';

$res = $http{a}->post('/checked/x', json => { x => 'y' });
is_status $res, 200, 'a POST is checked, too';
is_status client('a')->get('/checked/x', header => $forged), 401,
    'without a session it is refused';
is_status $http{a}->get('/wrong/'), 403, 'no other handler answers';
$_->close for values %http;


# ---- tenants by host

sub audit_of ($res) {
    return $site->db->selectrow_array('SELECT count(*) FROM'
        . ' pupil.audit_record WHERE request = ?', {}, $res->request_id);
}

for my $case ([a => 'b'], [b => 'a']) {
    my ($from, $to) = @$case;
    my $stray = client($to);
    $stray->{cookies} = { %{ $http{$from}->cookies } };
    $stray->csrf($http{$from}->csrf);
    for my $ask ([GET => '/v1/session'], [GET => '/v1/data/identity'],
                 [GET => '/v1/homework'], [DELETE => '/v1/session'])
    {
        $res = $stray->request(@$ask);
        is_problem $res, 401, 'no-session',
            name => "a session of $from at $to: @$ask";
        is audit_of($res), 0, 'no session, no record';
    }
    is_logged($res, $tenant{$to}, undef, '-', "of $from at $to");
    is_problem $stray->login(@{ $person{$from} }{qw(login password)}), 401,
        'invalid-credentials', name => "the password of $from at $to";
    is_status $http{$from}->get('/v1/session'), 200, "still good at $from";
}

$res = client('c.school.example')->get('/v1/session');
is_problem $res, 404, 'unknown-tenant';
is_logged($res, '-', undef, '-', 'no tenant');

done_testing;
