#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# pupil_access in front of other applications: who gets through, what each of
# them is told of whom and that this is on record first (I1), that no client can
# say it in its place, and that nothing gets around it inside of nginx.

use lib 't/lib';
use Pupil::Test;
use Pupil::App;
use Pupil::Clock;
use Pupil::Day;
use Pupil::HTTP2;

my $app = Pupil::App->new;
my $to = 'proxy_set_header X-Request-Id $pupil_request_id; proxy_pass '
         . $app->url . ';';
my $names = 'claims=identity.given_name,identity.family_name,enrolment.role';

my $server = <<"";
underscores_in_headers on;
ignore_invalid_headers off;
client_max_body_size 200m;
location /forum/ { pupil_access forum purpose=learning; $to
    location /forum/inner/ { $to }
    location /forum/open/ { pupil_access off; $to
        location /forum/open/deep/ { $to } } }
location /wiki/ { pupil_access wiki purpose=learning; $to }
location /names/ { pupil_access names purpose=authentication $names; $to }
location /staff/ { pupil_access staff purpose=teaching
    role=teacher,school_admin; $to }
location /now/ { pupil_access now purpose=learning age=10m; $to }
location /pages/ { pupil_access pages purpose=learning login=/login.html; $to }
location /open/ { $to }
location /early/ { set \$early "\$http_x_pupil_user";
    pupil_access forum purpose=learning;
    proxy_set_header X-Late \$http_x_pupil_user; $to }
location /mapped/ { if (\$who = nobody) { return 418; }
    pupil_access forum purpose=learning;
    proxy_set_header X-Late \$who; $to }
location ~ ^/by/regex/ { pupil_access forum purpose=learning; $to }
location /any/ { satisfy any; allow 127.0.0.1; deny all;
    pupil_access forum purpose=learning; $to }
location /either/ { satisfy any; deny all;
    pupil_access forum purpose=learning; $to }
location /own/ { pupil_access forum purpose=learning;
    error_page 401 403 = \@refused; $to }
location \@refused { $to }
location /down/ { pupil_access forum purpose=learning;
    error_page 502 = \@down; proxy_pass http://127.0.0.1:1; }
location \@down { $to }
location /try/ { pupil_access forum purpose=learning;
    try_files /nothing \@tried; }
location \@tried { pupil_access forum purpose=learning; $to }
location /other/ { pupil_access forum purpose=learning;
    try_files /nothing \@other; }
location \@other { pupil_access wiki purpose=learning; $to }
location /low/ { pupil_access forum purpose=learning;
    try_files /nothing \@high; }
location \@high { pupil_access forum purpose=learning;
    pupil_second_factor pupil=required; $to }
location /high/ { pupil_access forum purpose=learning;
    pupil_second_factor pupil=required; $to }
location /part/ { $to }
location /whole/ { ssi on; ssi_types *; pupil_access forum purpose=learning;
    alias html/; }
location /unguarded/ { ssi on; ssi_types *; alias html/; }
location /stream/ { pupil_access forum purpose=learning;
    proxy_request_buffering off; proxy_http_version 1.1;
    proxy_set_header Upgrade \$http_upgrade;
    proxy_set_header Connection \$http_connection; $to }

my $clock = Pupil::Clock->new;
my $day = Pupil::Day->up(start => 0, server => $server, http2 => 1,
    http => 'map $http_x_pupil_user $who { default "$http_x_pupil_user"; }',
                         conf => { pupil_request_timeout => '3s' });
my ($nginx, $db) = ($day->{nginx}, $day->db);
is $nginx->test->{code}, 0, 'nginx -t knows it' or do {
    diag $nginx->test->{err};
    done_testing;
    exit;
};
$nginx->by($clock)->start;
$day->ready->all_here;
my ($pupil, $teacher) = ($day->pupil, $day->teacher);
my $id = $day->person('pupil')->{id};

sub head ($res, $name) { Pupil::App::seen($res)->{head}{$name} }
sub user ($res) { (head($res, 'X-Pupil-User') // ['none'])->[0] }

# What its records say was told: categories and fields, by outcome.
sub told ($res) {
    return join ' ', sort map { $_->[0] } @{ $db->selectall_arrayref(
        q(SELECT r.outcome || ':' || (a->>'category') || '.' || f)
        . ' FROM pupil.audit_record AS r JOIN pupil.audit_shape AS s USING'
        . ' (shape), json_array_elements(s.accesses::json) AS a,'
        . " json_array_elements_text(a->'fields') AS f WHERE request = ?", {},
        $res->request_id) };
}

# A request that must not get there.
sub kept_out ($name, $code) {
    my $before = $app->count;
    my $res = $code->();
    is $app->count, $before, "$name: nothing gets there";
    return $res;
}


# ---- who gets through, and as whom

my $res = $pupil->get('/forum/');
is_status $res, 200, 'a session gets through';
my $forum = user($res);
like $forum, qr/^[0-9a-f]{32}$/, 'with a name of its own';
is told($res), 'allowed:application.forum', 'on record, once';
is user($pupil->get('/forum/deeper?x=1')), $forum, 'the same each time';
is user($pupil->get('/by/regex/')), $forum,
    'and in another location of that application';
my $wiki = user($pupil->get('/wiki/'));
like $wiki, qr/^[0-9a-f]{32}$/, 'another application';
isnt $wiki, $forum, 'has another name for the person';
isnt user($day->classmate->get('/forum/')), $forum, 'as has another person';
unlike $res->body, qr/$id/, 'nobody is told the id';
is user($pupil->get('/forum/inner/')), $forum, 'a location inside inherits it';
for my $header ({}, { 'X-Pupil-User' => 'f' x 32 }) {
    my $late = head($pupil->get('/early/', header => $header), 'X-Late');
    my $mapped = head($pupil->get('/mapped/', header => $header), 'X-Late');
    is +($late // ['none'])->[0], $forum,
        'a variable that was looked at before is as it is now';
    is $mapped, undef, 'what a map has made of it before is nobody\'s word';
}

$res = $pupil->get('/names/');
is told($res), 'allowed:application.names allowed:enrolment.role'
    . ' allowed:identity.family_name allowed:identity.given_name',
    'claims are on record';
my $identity = $day->expect(200, $pupil->get('/v1/data/identity'))
    ->json->{records}[0];
is head($res, 'X-Pupil-User-Identity-Family-Name')->[0],
    $identity->{family_name}, 'and told';
is head($res, 'X-Pupil-User-Enrolment-Role')->[0], 'pupil', 'with the role';
my ($seen) = grep { $_->{category} eq 'application' }
    @{ $day->expect(200, $pupil->get('/v1/me/audit'))->json->{events} };
is_deeply [@$seen{qw(purpose outcome)}], [qw(authentication allowed)],
    'the person finds what was told';
is_deeply $seen->{fields}, ['names'], 'and to whom';


# ---- who does not

$res = kept_out('nobody', sub { $nginx->http->get('/forum/') });
is_problem $res, 401, 'no-session', name => 'nobody';
$res = kept_out('a wrong token', sub { $nginx->http->get('/forum/',
    header => { Cookie => '__Host-pupil=' . 'a' x 43 }) });
is_problem $res, 401, 'no-session', name => 'a wrong token';
$res = kept_out('a pupil', sub { $pupil->get('/staff/') });
is_problem $res, 403, 'not-granted', name => 'a pupil where staff is';
is told($res), 'not_granted:application.staff', 'is on record';
is_status $teacher->get('/staff/'), 200, 'a teacher is let in';

my %page = (Accept => 'text/html,*/*;q=0.8');
$res = kept_out('a browser', sub {
    $nginx->http->get('/pages/a?b=c&d', header => \%page) });
is_status $res, 302, 'a browser is sent';
is $res->header('location'), '/login.html?next=%2Fpages%2Fa%3Fb%3Dc%26d',
    'to log in, and knows where it was';
is_problem kept_out('a script', sub { $nginx->http->get('/pages/a') }), 401,
    'no-session', name => 'a script';
is_problem kept_out('a form', sub {
    $nginx->http->post('/pages/a', body => 'x', header => \%page) }), 401,
    'no-session', name => 'a form';
for my $path ('//evil.example/..%2fpages/', '/\\\\evil.example/..%2fpages/',
              '/%5cevil.example/..%2fpages/')
{
    $res = $nginx->http->get($path, header => { Accept => 'text/html' });
    unlike $res->header('location') // '', qr/next=%2F(?:%2F|%5C)/i,
        "$path leads to nobody else's";
}


# ---- what the location is chosen by is what the application is asked for

is_status $pupil->get('/wiki/a'), 200, 'where a pupil may go';
for my $path ('/staff/..%2fwiki/a', '/staff/../wiki/a', '/staff/%2E%2e/wiki/a',
              '/staff/.%2e/wiki/a', '/wiki/a%2Fb', '/wiki/a%5cb', '/wiki/a\\b',
              '/wiki/./a', '/wiki/a/..', '/wiki/a/.', '/wiki/..;/staff/a')
{
    is_problem kept_out($path, sub { $pupil->get($path) }), 400, 'malformed',
        name => $path;
}
for my $path ('/forum/inner/..%2fopen/a', '/forum/inner/../open/a',
              '/forum/inner/..%2fopen/deep/a')
{
    is kept_out("nobody, $path", sub { $nginx->http->get($path) })->status, 400,
        "$path is nobody's way around";
}
is_status $nginx->http->get('/forum/open/a'), 200, 'what is open is';
for my $path ('/wiki/a%20b', '/wiki/..a', '/wiki/a..', '/wiki/.../a',
              '/wiki/a?b=/../c%2f', '/wiki/%2ea')
{
    is_status $pupil->get($path), 200, "$path is plain";
}


is_problem kept_out('another site', sub { $pupil->post('/forum/', body => 'x',
    header => { Origin => 'https://elsewhere.example' }) }), 403, 'origin',
    name => 'another site\'s form';
is_status $pupil->post('/forum/', body => 'x', header => {
    Origin => 'https://localhost:' . $nginx->port }), 200, 'one of its own';

# ---- what a client says

my %forged = ('X-Pupil-User' => 'f' x 32, 'x-pupil-user' => 'e' x 32,
    'X_Pupil_User' => 'd' x 32, 'X.Pupil.User' => 'c' x 32,
    'X-Pupil-User-Identity-Given-Name' => 'Mallory',
    'X_PUPIL_USER_ENROLMENT_ROLE' => 'tenant_admin', 'X-Other' => 'stays');

# Names that an application may take for ours.
sub ours ($res) {
    my $head = Pupil::App::seen($res)->{head} // {};
    return join ' ', map { my $name = $_; map { "$name=$_" } @{ $head->{$_} } }
                     grep { /^x.pupil.user/i } sort keys %$head;
}

for my $version ('1.1', '2') {
    for my $case (['/forum/', $pupil, "X-Pupil-User=$forum"],
                  ['/any/', $pupil, "X-Pupil-User=$forum"],
                  ['/any/', $nginx->http, ''],
                  ['/open/', $pupil, ''],
                  ['/forum/open/', $pupil, ''])
    {
        my ($path, $http, $is) = @$case;
        $res = $http->curl(GET => $path, version => $version,
                           header => \%forged);
        is ours($res), $is,
            "HTTP/$version, $path: nothing of what a client says is ours";
        ok $res->body =~ /"stays"/, 'but the rest is there';
    }
}
my $many = join '', map { "X-Filler-$_: x\r\n" } 1 .. 60;
$pupil->close;
$pupil->send_raw($pupil->request_bytes('GET', '/forum/')
    =~ s/\r\n\r\n/\r\n${many}X-Pupil-User: forged\r\n\r\n/r);
$res = $pupil->read_response('GET');
is ours($res), "X-Pupil-User=$forum", 'nor behind many others';
is head($res, 'X-Filler-60')->[0], 'x', 'which are all there';

$res = $pupil->get('/forum/', header => { Cookie => 'a=1; __Host-pupil='
    . $pupil->cookies->{'__Host-pupil'} . '; b=2; __Host-pupil-flow.x=3' });
is_deeply head($res, 'Cookie'), ['a=1; b=2'],
    'cookies but ours: no application is handed a session';
$res = $pupil->curl(GET => '/forum/', version => 2, header => { Cookie =>
    join '; ', 'c=4', map { "$_=" . $pupil->cookies->{$_} }
               sort keys %{ $pupil->cookies } });
is_deeply head($res, 'cookie'), ['c=4'], 'nor by HTTP/2';
$res = $pupil->get('/forum/');
is head($res, 'Cookie'), undef, 'none is left';
for my $path (qw(/forum/open/ /open/)) {
    $res = $pupil->get($path);
    is_status $res, 200, "$path asks nobody";
    unlike $res->body, qr/__Host-pupil/, 'and is handed no session';
}


# ---- around it, inside of nginx

is_status $res = $nginx->http->get('/any/'), 200, 'satisfy any: by an address';
is user($res), 'none', 'is nobody';
is_status $pupil->get('/either/'), 200, 'satisfy any: by the session';
is_problem kept_out('neither', sub { $nginx->http->get('/either/') }), 401,
    'no-session', name => 'satisfy any: neither';
is_status $pupil->get('/either/?status=401'), 401,
    'a 401 of the application\'s';
is_deeply [Pupil::App::seen($pupil->get('/either/?status=403'))->{size}], [0],
    'and a 403 are its own';

is user($nginx->http->get('/own/')), 'none', 'error_page of a refusal';
$res = $pupil->get('/down/');
is_status $res, 200, 'error_page of what is down';
is user($res), 'none', 'knows of nobody who was told to another';
$res = $pupil->get('/try/');
is user($res), $forum, 'try_files, to what says the same';
is told($res), 'allowed:application.forum', 'is decided once';
$res = $pupil->get('/other/');
is user($res), $wiki, 'try_files, to another application';
is told($res), 'allowed:application.forum allowed:application.wiki',
    'is decided for each';
$res = $pupil->get('/forum/?accel=/wiki/');
is user($res), $wiki, 'X-Accel-Redirect to another application';
is user($pupil->get('/forum/?accel=/open/')), 'none',
    'and to where nobody is known';
is_problem kept_out('by way of another', sub {
    $nginx->http->get('/try/') }), 401, 'no-session', name => 'try_files';
for my $path (qw(/high/ /low/)) {
    is_problem kept_out("a password alone at $path", sub {
        $pupil->get($path) }), 401, 'login-again',
        name => "$path asks for a second factor";
}

my $html = "$nginx->{dir}/html";
spew("$html/forum.html", 'A<!--# include virtual="/forum/part" -->Z');
spew("$html/high.html", 'A<!--# include virtual="/high/part" -->Z');
spew("$html/wiki.html", 'A<!--# include virtual="/wiki/part" -->Z');
like $pupil->get('/whole/forum.html')->body, qr/A.*"$forum".*Z/,
    'a subrequest goes where its request may';
$res = kept_out('a subrequest elsewhere', sub {
    $pupil->get('/whole/wiki.html') });
is_status $res, 200, 'a page with a part that it may not have';
$res = kept_out('a subrequest to a second factor', sub {
    $pupil->get('/whole/high.html') });
is_status $res, 200, 'a page with a part that asks for more';
kept_out('a subrequest of who was not asked', sub {
    $pupil->get('/unguarded/forum.html') });


# ---- many at once

my @many = map { { %{ $pupil->fresh }, cookies => $pupil->cookies } } 1 .. 20;
bless $_, ref $pupil for @many;
$_->connect && $_->send_raw($_->request_bytes(GET => '/forum/')) for @many;
my @answers = map { $_->read_response('GET') } @many;
is join(' ', map { user($_) } @answers), join(' ', ($forum) x @many),
    'twenty of one person';
is join(' ', map { told($_) } @answers),
    join(' ', ('allowed:application.forum') x @many), 'are on record';
is join(' ', map { user($_) } $pupil->pipeline(map { [GET => $_] }
    ('/forum/', '/wiki/') x 5)), join(' ', ($forum, $wiki) x 5),
    'and in a pipeline each is told its own';
$_->close for @many;


# ---- bodies and sockets

my $big = 100 * 1024 * 1024;
my $body = 'x' x $big;
for my $path (qw(/forum/ /stream/)) {
    for my $version ('1.1', '2') {
        $res = $pupil->curl(PUT => $path, version => $version, body => $body,
                            type => 'application/octet-stream');
        is_status $res, 200, "100 MB to $path by HTTP/$version";
        is Pupil::App::seen($res)->{size}, $big, 'are all there';
    }
}
$res = kept_out('an upload', sub { $nginx->http->curl(PUT => '/stream/',
    body => 'x' x 1_000_000, type => 'application/octet-stream') });
is_problem $res, 401, 'no-session', name => 'an upload of nobody';

my $socket = $pupil->fresh;
$socket->{cookies} = $pupil->cookies;
like Pupil::App::upgraded($socket, '/stream/', { Upgrade => 'echo',
    Connection => 'Upgrade' }, 'early'), qr{^HTTP/1.1 101 },
    'a socket is upgraded';
$socket->send_raw('later');
ok Pupil::App::echoed($socket, 'earlylater'), 'and what is sent comes back';
$socket->close;
is_problem kept_out('a socket of another site', sub { $pupil->get('/stream/',
    header => { Upgrade => 'echo', Connection => 'Upgrade',
                Origin => 'https://elsewhere.example' }) }), 403, 'origin',
    name => 'a socket of another site\'s';


# ---- on record first

$db->do('REVOKE INSERT ON pupil.audit_record FROM pupil_gateway');
for my $path (qw(/forum/ /names/ /try/)) {
    $res = kept_out("no record, $path", sub { $pupil->get($path) });
    is_problem $res, 503, 'unavailable', name => "no record, $path";
}
$db->do('GRANT INSERT ON pupil.audit_record TO pupil_gateway');
wait_until(60, 'records again', sub { $pupil->get('/forum/')->status == 200 });


$db->begin_work;
$db->do('LOCK TABLE pupil.owner');
is_problem kept_out('who waits for too long', sub { $pupil->get('/forum/') }),
    503, 'unavailable', name => 'who waits for too long';
$pupil->send_raw($pupil->request_bytes(GET => '/forum/'));
$pupil->reset;
kept_out('who has gone', sub { $pupil->get('/forum/') });
$db->rollback;
is user($pupil->get('/forum/')), $forum, 'and all is as it was';


# ---- who is restricted, and who is gone

my ($site, $classmate) = ($day->site, $day->classmate);
my $other = $day->person('classmate')->{id};
$site->ctl_ok(subject => 'restrict', $other, $site->ctl_where);
wait_until(60, 'the restriction', sub {
    $classmate->get('/forum/')->status != 200 });
$res = kept_out('restricted', sub { $classmate->get('/forum/') });
is_problem $res, 403, 'restricted', name => 'restricted';
is told($res), 'restricted:application.forum', 'is on record';
$site->ctl_ok(subject => 'erase', $other, $site->ctl_where);
wait_until(60, 'the erasure', sub {
    $classmate->get('/forum/')->status == 401 });
is user($pupil->get('/forum/')), $forum, 'others have the same name as before';

$day->reload;
is user($pupil->get('/forum/')), $forum, 'also after a reload';

# ---- who has to have logged in just now

is_status $teacher->get('/now/'), 200, 'who has just logged in';
$clock->forward(601);
is_problem kept_out('too long ago', sub { $teacher->get('/now/') }), 401,
    'login-again', name => 'too long ago';

done_testing;
