#!/usr/bin/perl

# Logging in by password: what is answered, what is recorded, and that all
# that fails looks the same (I13).

use lib 't/lib';
use Pupil::Test;
use Pupil::Clock;

use constant AGAIN => 5;            # seconds: when to come again

my $site = pupil_up(import => 1);
my $nginx = $site->nginx(workers => 2,
    http => 'pupil_password_hash queue=4;',
    server => 'location = /off/login { pupil_login;
                   pupil_login_password off; }
               location = /staff/login { pupil_login;
                   pupil_login_password staff; }
               location = /other/login { pupil_login;
                   pupil_tenant $http_x_tenant; }')
    ->by(Pupil::Clock->new(slow => 10))->start;
my $teacher = $site->person('CBeane');
my $pupil = $site->person('OKlein');
my $audit = sub ($request) {
    $site->db->selectall_arrayref('SELECT r.outcome, r.actor, r.role,'
        . ' r.network, r.subjects, s.accesses FROM pupil.audit_record r'
        . ' JOIN pupil.audit_shape s USING (shape) WHERE request = ?',
        { Slice => {} }, $request);
};
my $try = sub ($login, $password, %opt) {
    ($opt{http} // $nginx->http)->post($opt{path} // '/v1/login',
        json => { identifier => $login, password => $password });
};
my $forget = sub { $site->db->do('DELETE FROM pupil.login_throttle') };


# ---- success

my $http = $nginx->http;
my $res = $http->login(@$teacher{qw(login password)});
is_status $res, 200;
my $answer = $res->json;
is_deeply [sort keys %$answer], [qw(session status user)], 'its members';
is $answer->{user}{id}, $teacher->{id}, 'who';
is $answer->{user}{role}, 'teacher', 'the role';
is $answer->{user}{display_name}, 'Craig Beane', 'the name';
is $answer->{session}{idle_timeout}, 7200, 'idle time';
like $answer->{session}{csrf_token}, qr/^[\w-]{43}$/, 'the CSRF token';

my ($cookie) = grep { /^__Host-pupil=/ } $res->headers('set-cookie');
like $cookie, qr/^__Host-pupil=[\w-]{43}; Path=\/; Secure; HttpOnly; /,
    'the cookie';
like $cookie, qr/SameSite=Lax/, 'SameSite';

my ($record, @more) = @{ $audit->($res->request_id) };
is @more, 0, 'one audit record';
is $record->{outcome}, 'allowed', 'of an access';
is $record->{actor}, $teacher->{id}, 'by the account';
is $record->{network}, '127.0.0.0/24', 'from a network, no address';
like $record->{accesses}, qr/password_hash/, 'its shape names the fields';

my $row = $site->db->selectrow_hashref('SELECT * FROM data.network');
is $row->{owner}, $teacher->{id}, 'the address is stored';
unlike $row->{address}, qr/127\.0\.0\.1/, 'sealed';
my ($token) = $cookie =~ /=([^;]+)/;
is $site->db->selectrow_array('SELECT count(*) FROM pupil.session'), 1,
    'one session';
unlike $nginx->log_text, qr/\Q$token\E|\Q$teacher->{password}\E/,
    'neither token nor password in the log';


# ---- failures look alike

my %seen;
my $shape = sub ($r) {
    my $head = $r->head;
    $head =~ s/^(Date|X-Request-Id): .*\r?\n//mg;
    my $body = $r->body;
    my $id = $r->request_id;
    $body =~ s/\Q$id\E/ID/;
    return "$head$body";
};
my %failing = (
    'unknown account' => $try->('nobody.at.all', 'x'),
    'wrong password' => $try->($teacher->{login}, 'x'),
    'a pupil, staff only' => $try->(@$pupil{qw(login password)},
                                    path => '/staff/login'),
);
$site->db->do('UPDATE pupil.subject SET status = ? WHERE subject = ?', {},
              'closed', $pupil->{id});
$failing{'a forged status'} = $try->(@$pupil{qw(login password)});
my $forged = $failing{'a forged status'}->request_id;
$site->db->do('UPDATE pupil.subject SET status = ? WHERE subject = ?', {},
              'active', $pupil->{id});

$site->db->do('UPDATE pupil.owner SET state = ? WHERE owner = ?', {},
              'restricted', $pupil->{id});
$failing{'restricted'} = $try->(@$pupil{qw(login password)});
$site->db->do('UPDATE pupil.owner SET state = ? WHERE owner = ?', {},
              'active', $pupil->{id});

is_problem $failing{$_}, 401, 'invalid-credentials', name => $_
    for sort keys %failing;
$seen{ $shape->($_) }++ for values %failing;
is keys %seen, 1, 'I13: the same bytes' or diag join "\n---\n", keys %seen;
is $audit->($_->request_id)->[0]{outcome}, 'refused', 'a failure is recorded'
    for grep { $_->request_id ne $forged } values %failing;
is_deeply [sort map { $_->{outcome} } @{ $audit->($forged) }],
    ['refused', 'tampered'], 'a forged row as tampering, too';
$nginx->allow_log(qr/\[crit\].*pupil\.subject is not authentic/);

# A promoted pupil: the role's row has no MAC of ours (I18).
$site->db->do("INSERT INTO pupil.role SELECT tenant, subject, institution,"
    . " 'school_admin', valid_from, valid_to, source, mac FROM pupil.role"
    . " WHERE subject = ?", {}, $pupil->{id});
$forget->();
$res = $try->(@$pupil{qw(login password)});
is $res->json->{user}{role}, 'pupil', 'I18: a planted role does not count';
is_deeply [sort map { $_->{outcome} } @{ $audit->($res->request_id) }],
    ['allowed', 'tampered'], 'and is found';
$nginx->allow_log(qr/\[crit\].*pupil\.role is not authentic/);
$site->db->do("DELETE FROM pupil.role WHERE role = 'school_admin'");


# ---- what is not a log-in

$http = $nginx->http;
is_problem $try->('a', 'b', path => '/off/login'), 403, 'password-login-off';
for my $tenant (uuid(), 'x', '') {
    is_problem $http->post('/other/login', header => { 'X-Tenant' => $tenant },
        json => { identifier => 'a', password => 'b' }), 404,
        'unknown-tenant', name => "tenant '$tenant'";
}
is_problem $http->delete('/v1/login'), 405, 'method-not-allowed';
is_problem $http->request(OPTIONS => '/v1/login'), 405, 'method-not-allowed';
is_problem $http->post('/v1/login', body => '{"identifier":"a"}'), 422,
    'invalid', field => '/password', rule => 'required';
is_problem $http->post('/v1/login', body => 'x' x 20000), 413, 'too-large';
is_problem $http->post('/v1/login', body => '{}', type => 'text/plain'), 415,
    'media-type';
is_problem $http->post('/v1/login', json => { identifier => 'a',
    password => 'b' }, header => { Origin => 'https://evil.example' }), 403,
    'origin';


# ---- throttle

$forget->();
my $limited = $nginx->http;
my @guesses = map { $try->('Some.Body', "guess $_") } 1 .. 8;
my @codes = map { $_->status } @guesses;
is "@codes[0 .. 5]", '401 401 401 401 401 401', 'guesses are answered';
is $codes[-1], 429, 'and then slowed down';
$res = $try->('some.body ', 'guess');
is_problem $res, 429, 'throttled', name => 'in another spelling as well';
my ($first) = grep { $_->status == 429 } @guesses;
is $audit->($first->request_id)->[0]{outcome}, 'throttled', 'recorded';

$forget->();
my $known = $nginx->http;
$known->login(@$teacher{qw(login password)});
$try->($teacher->{login}, "guess $_") for 1 .. 8;
is $try->(@$teacher{qw(login password)})->status, 429,
    'guessing slows the account down';
is $try->(@$teacher{qw(login password)}, http => $known)->status, 200,
    'but not from a device that is known';


# ---- busy, gone, reload

$forget->();
my @busy = map { $nginx->http } 1 .. 12;
$_->connect for @busy;
$busy[$_]->send_raw($busy[$_]->request_bytes(POST => '/v1/login',
    json => { identifier => "n$_", password => 'x' })) for 0 .. $#busy;
my %answers;
push @{ $answers{ $_->status } }, $_
    for map { $_->read_response('POST') } @busy;
is_deeply [sort keys %answers], [401, 503], 'a short queue: past it, 503'
    or diag explain \%answers;
is_deeply [map { join ' ', problem_faults($_, 503, 'busy'),
                 $_->header('retry-after') // 'no Retry-After' }
           @{ $answers{503} }], [(AGAIN) x @{ $answers{503} }],
    'which says when to come again';

my @gone = map { $nginx->http } 1 .. 3;
for (@gone) {
    $_->connect;
    $_->send_raw($_->request_bytes(POST => '/v1/login',
        json => { identifier => 'gone', password => 'x' }));
    $_->close;
}
my %of = $nginx->client_of_each;
wait_until(60, 'a place on each worker', sub {
    !grep { $_->login(@$teacher{qw(login password)})->status != 200 }
          values %of });
my $slow = $nginx->http;
$slow->connect;
$slow->send_raw($slow->request_bytes(POST => '/v1/login',
    json => { identifier => $teacher->{login},
              password => $teacher->{password} }));
$nginx->reload;
is $slow->read_response('POST')->status, 200, 'a reload does not end a log-in';

done_testing;
