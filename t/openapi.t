#!/usr/bin/perl

# docs/openapi.yaml: it says what the server answers, and leaves out no handler.
# By itself, and that faults are found: t/openapi-document.t.

use lib 't/lib';
use Pupil::Test;
use Pupil::Roster;

use Encode qw(decode_utf8);
use Pupil::Factor;
use Pupil::Provider;
use Pupil::Outbox;
use Pupil::Relay;
use Pupil::Seal;

my $root = root_dir();
my $document = "$root/docs/openapi.yaml";
my @node = ('node', "$root/t/browser/openapi.mjs");
my @operations = split /\n/, run_cmd(@node, 'list', $document)->{out};


# ---- a school

my $idp = Pupil::Provider->new;
my $site = pupil_up(import => 1);
my ($school) = $site->db->selectrow_array('SELECT institution FROM'
    . ' pupil.institution LIMIT 1');
my $nginx = $site->nginx(conf => { pupil_second_factor => 'pupil=optional',
        pupil_mail => 'sv forgotten=https://school.example/password',
        pupil_sign_up => 'tenant=' . $site->tenant . " institution=$school"
            . ' page=https://school.example/sign-up trial=30d' },
    server => $idp->server_conf(words => 'profile=uni-login form_post'))->start;
my %person = map { $_->[0] => $site->person($_->[1]) }
    [teacher => 'CBeane'], [pupil => 'OKlein'], [admin => 'FFlowers'];
my (@cases, %http);


# A request whose answer is to be checked against an operation.  Options:
# those of the client; code; valid => 0: the document must refuse the body.
sub ask ($who, $operation, $path, $code, %opt) {
    my ($method) = split / /, $operation;
    my $valid = delete $opt{valid} // 1;
    my $res = $http{$who}->request($method, $path, %opt);
    my %fields;

    is $res->status, $code, "$who: $method $path: $code"
        or diag $res->text;
    $fields{ $_->[0] } //= $_->[1] for @{ $res->{fields} };
    push @cases, { operation => $operation, status => $res->status,
                   headers => \%fields, body => decode_utf8($res->body),
                   name => "$who: $method $path: " . $res->status,
                   exists $opt{json}
                   ? (request => decode_utf8(json_of($opt{json})),
                      request_valid => $valid)
                   : () };
    return $res;
}

# What every operation answers to those who may not.
sub ask_without ($operation, $path, %opt) {
    ask(nobody => $operation, $path, 401, %opt);
    ask(teacher => $operation, $path, 403, %opt, csrf => 0)
        if $operation !~ /^GET/;
    if ($opt{json}) {
        ask(teacher => $operation, $path, 400, body => '{"a":');
        ask(teacher => $operation, $path, 415, body => '{}',
            type => 'text/plain');
        ask(teacher => $operation, $path, 413,
            body => '"' . 'x' x (1 << 21) . '"', once => 1);
        ask(teacher => $operation, $path, 422, json => { %{ $opt{json} },
            'no such member' => 1 }, valid => 0)
            if $path !~ m{^/v1/data/};
    } else {
        ask(teacher => $operation, $path, 400, body => '{}');
    }
}

$http{$_} = $nginx->http for qw(nobody other), keys %person;


# ---- session

my $log_in = 'POST /v1/login';
ask(nobody => $log_in, '/v1/login', 401,
    json => { identifier => 'nobody@example.org', password => 'x' });
ask(nobody => $log_in, '/v1/login', 422, valid => 0,
    json => { identifier => 'nobody' });
ask(nobody => $log_in, '/v1/login', 422, valid => 0, json => $_) for
    { identifier => "\x{e5}" x 200, password => 'x' },
    { identifier => 'x', password => "\x{e5}" x 1000 };
ask(nobody => $log_in, '/v1/login', 401,
    json => { identifier => "\x{e5}" x 127, password => "\x{e5}" x 512 });
ask(nobody => $log_in, '/v1/login', 400, body => '{');
ask(nobody => $log_in, '/v1/login', 415, body => '{}', type => 'text/xml');
ask(nobody => $log_in, '/v1/login', 413, body => '"' . 'x' x 20000 . '"');
ask(nobody => $log_in, '/v1/login', 403, header => { Origin =>
    'https://elsewhere.example' }, json => { identifier => 'x',
                                             password => 'x' });
for my $who (sort keys %person) {
    ask($who => $log_in, '/v1/login', 200,
        json => { identifier => $person{$who}{login},
                  password => $person{$who}{password} });
}

# ---- within a session

my $step_up = 'POST /v1/login/step-up';
my $proving = '/v1/login/step-up';
my %proof = (password => $person{teacher}{password});
ask(teacher => $step_up, $proving, 403, json => { password => 'x' });
ask(teacher => $step_up, $proving, 422, valid => 0, json => { code => '1' });
ask(teacher => $step_up, $proving, 415, body => '{}', type => 'text/xml');
ask_without($step_up, $proving, json => \%proof);
ask(teacher => $step_up, $proving, 200, json => \%proof);

# ---- and a second factor

my $bring = 'POST /v1/login/second-factor';
my $second = '/v1/login/second-factor';
my $mate = $site->person('BMcMillan');
my $token = $site->ctl_ok('user', 'token', $mate->{login}, $site->ctl_where)
    ->{out} =~ s/\s//gr;
$http{mate} = $nginx->http;
ask(mate => $bring, $second, 401, json => { method => 'totp', code => '1' });
ask(mate => $log_in, '/v1/login', 200, json => {
    identifier => $mate->{login}, password => $mate->{password} });
ask(mate => $bring, $second, 401, json => { method => 'token', code => '1' });
ask(mate => $bring, $second, 422, valid => 0,
    json => { method => 'sms', code => '1' });
ask(mate => $bring, $second, 422, valid => 0, json => { method => 'totp' });
ask(mate => $bring, $second, 202, json => { method => 'email' });
my $secret = ask(mate => $bring, $second, 200,
    json => { method => 'token', code => $token })->json->{secret};
ask(mate => $bring, $second, 200, json => { method => 'totp',
    code => Pupil::Factor::at($secret, int(time / 30)) });
my $renew = 'POST /v1/login/recovery-codes';
my $codes = '/v1/login/recovery-codes';
ask(mate => $renew, "$codes?x=1", 422, valid => 0);
ask_without($renew, $codes);
ask(teacher => $renew, $codes, 409);
ask(mate => $renew, $codes, 200);
ask(mate => $log_in, '/v1/login', 200, json => {
    identifier => $mate->{login}, password => $mate->{password} });

# ---- whoever has forgotten theirs, and whoever signs up

for my $case (['forgotten', { identifier => 'nobody' }, 202],
              ['password', { token => 'x', new => 'a long walk home' }, 401],
              ['code', { qw(identifier x code x), new => 'a way to my home' }, 401],
              ['sign-up', { email => 'a@b.example', language => 'en' }, 202],
              ['sign-up/confirm', { token => 'x', given_name => 'Gudrun',
                                    new => 'a long walk home' }, 401])
{
    my ($route, $body, $code) = @$case;
    my $path = "/v1/login/$route";
    ask(nobody => "POST $path", $path, $code, json => $body);
    ask(nobody => "POST $path", $path, 400, body => '{');
    ask(nobody => "POST $path", $path, 413, body => '"' . 'x' x 20000 . '"');
    ask(nobody => "POST $path", $path, 415, body => '{}', type => 'text/xml');
    ask(nobody => "POST $path", $path, 422, json => { %$body, a => 1 },
        valid => 0);
}

my $relay = Pupil::Relay->new;
Pupil::Outbox::addresses($site);
my $colleague = $site->person('DTodd');
ask(nobody => 'GET /v1/login', '/v1/login', 200);
ask(nobody => 'GET /v1/login', '/v1/login?x=1', 422);
ask(nobody => 'POST /v1/login/forgotten', '/v1/login/forgotten', 202,
    json => { identifier => $colleague->{login} });
$site->ctl_ok('work', $relay->options, $site->ctl_where);
my ($link) = map { $_->{body} =~ m{/password#([\w-]+)$}m } $relay->mails;
ask(nobody => 'POST /v1/login/password', '/v1/login/password', $_,
    json => { token => $link, new => 'a long walk home' }) for 200, 401;
ask(nobody => 'POST /v1/login/sign-up', '/v1/login/sign-up', 202,
    json => { email => 'c@d.example', language => 'sv' });
$site->ctl_ok('work', $relay->options, $site->ctl_where);
($link) = map { $_->{body} =~ m{/sign-up#([\w-]+)$}m } $relay->mails;
ask(nobody => 'POST /v1/login/sign-up/confirm', '/v1/login/sign-up/confirm',
    $_, json => { token => $link, given_name => 'Gudrun', family_name => '',
                  new => 'a long walk home' }) for 202, 401;

# ---- at a provider

sub ask_there ($as, $way, $code, $account = $person{pupil}{login}) {
    $idp->tell(claims => { uniid => $account });
    my $sent = ask($as => 'GET /v1/login/{provider}', '/v1/login/uni', 303);
    my ($path, $back) = split /\?/, $idp->authorize($sent), 2;
    my $at = '/v1/login/{provider}/callback';
    my $on = $way eq 'GET' ? "$path?$back" : Pupil::Provider::behind(
        ask($as => "POST $at", $path, 303, body => $back,
            type => 'application/x-www-form-urlencoded')->header('location'));
    return ask($as => "GET $at", $on, $code);
}

ask(nobody => 'GET /v1/login/{provider}', '/v1/login/else', 404);
ask(nobody => 'GET /v1/login/{provider}', '/v1/login/uni?x=1', 422);
ask(nobody => "GET /v1/login/{provider}/$_->[0]", "/v1/login/$_->[1]", $_->[2])
    for ['step-up', 'uni/step-up', 303], ['step-up', 'else/step-up', 404],
        ['step-up', 'uni/step-up?x=1', 422];
ask(nobody => 'GET /v1/login/{provider}/logout', '/v1/login/uni/logout', 303);
ask(nobody => 'GET /v1/login/{provider}/logout', '/v1/login/else/logout', 404);

# An address that is two tenants', of which the school is one.
my $shared = $site->nginx(server => join ' ', map({ "pupil_login_tenant $_;" }
    'north id=' . $site->tenant . ' schools=1', 'south id=' . uuid()
    . ' schools=2'), $idp->server_conf(words => 'profile=uni-login choose=/c'))
    ->start;
$http{shared} = $shared->http;
for my $choice ('POST /v1/login/{provider}/tenant', 'POST /v1/login/tenant') {
    my $at = $choice =~ s/POST //r =~ s/\{provider\}/uni/r;
    ask(shared => $choice, $at, 400, body => '{');
    ask(shared => $choice, $at, 415, body => '{}', type => 'text/plain');
    ask(shared => $choice, $at, 413, body => '"' . 'x' x 20000 . '"');
    ask(shared => $choice, $at, 422, valid => 0, json => { tenant => 7 });
    ask(shared => $choice, $at, 403, json => { tenant => 'north' },
        header => { Origin => 'https://elsewhere.example' });
    ask(nobody => $choice, $at, 404, json => { tenant => 'north' });
}
ask(shared => 'GET /v1/login', '/v1/login', 200);
my $tenants = 'GET /v1/login/{provider}/tenant';
ask(shared => $tenants, '/v1/login/uni/tenant', 400);
ask(nobody => $tenants, '/v1/login/uni/tenant', 404);
$idp->tell(claims => { uniid => $person{pupil}{login}, institution_ids => [3] });
is_status $idp->visit($http{shared}), 403, 'of no school';
$idp->tell(claims => { uniid => $person{pupil}{login},
                       institution_ids => ['1', '2'] });
is_status $idp->visit($http{shared}), 303, 'of two';
ask(shared => $tenants, '/v1/login/uni/tenant', 200);
ask(shared => $tenants, '/v1/login/uni/tenant?x=1', 422);
ask(shared => 'POST /v1/login/{provider}/tenant', '/v1/login/uni/tenant',
    $_->[0], json => { tenant => $_->[1] })
    for [422, 'else'], [200, 'north'], [400, 'north'];
ask(shared => 'POST /v1/login/tenant', '/v1/login/tenant', $_->[0],
    json => { tenant => $_->[1] }) for [422, 'else'], [200, 'south'];

my $out = 'POST /v1/login/{provider}/backchannel-logout';
ask(nobody => $out, '/v1/login/uni/backchannel-logout', $_->[0],
    $idp->logout_form($idp->logout_token(claims => $_->[1])))
    for [200, { sid => 'x' }], [400, {}];
ask(nobody => $out, '/v1/login/else/backchannel-logout', 404,
    $idp->logout_form('x'));
ask(nobody => $out, '/v1/login/uni/backchannel-logout', 415, body => '{}');
$http{there} = $nginx->http;
for my $way ('GET', 'POST') {
    my $operation = "$way /v1/login/{provider}/callback";
    ask_there(there => $way, 303);
    ask_there(there => $way, 403, 'somebody-else');
    ask(there => $operation, '/v1/login/uni/callback', 400,
        $way eq 'POST' ? (body => 'code=x',
                          type => 'application/x-www-form-urlencoded') : ());
}


# ---- and the session

my $session = ask(teacher => 'GET /v1/session', '/v1/session', 200)->json;
ask(admin => 'GET /v1/session', '/v1/session', 200);
ask_without('GET /v1/session', '/v1/session');
ask_without('DELETE /v1/session', '/v1/session');

my $switch = 'POST /v1/session/institution';
my ($active) = grep { $_->{active} } @{ $session->{institutions} };
my %choice = (institution_id => $active->{id});
ask_without($switch, '/v1/session/institution', json => \%choice);
ask(teacher => $switch, '/v1/session/institution', 404,
    json => { institution_id => uuid() });
ask(teacher => $switch, '/v1/session/institution', 404,
    json => { institution_id => undef, role => 'dpo' });
ask(teacher => $switch, '/v1/session/institution', 200,
    json => { %choice, role => 'teacher' });
ask(teacher => $switch, '/v1/session/institution', 200, json => \%choice);


# ---- homework

my ($class) = grep { $_->{role} eq 'teacher' } @{
    ask(teacher => 'GET /v1/data/{category}', '/v1/data/enrolment', 200)
        ->json->{records} };
my %homework = (class_id => $class->{class_id}, title => 'Chapter one',
                due_at => '2030-01-31T15:00:00Z', exercises => [
                    { title => 'One', max_score => 10 },
                    { title => 'Two', max_score => 2.5 }]);
my ($list, $assign) = map { "$_ /v1/homework" } qw(GET POST);
my $path = '/v1/homework';

ask(teacher => $list, $path, 200);
ask_without($list, $path);
ask_without($assign, $path, json => \%homework);
ask(teacher => $assign, $path, 404,
    json => { %homework, class_id => uuid() });
ask(pupil => $assign, $path, 403, json => \%homework);
for my $wrong ([title => ''], [title => 'x' x 201], [due_at => 'tomorrow'],
               [class_id => 'C1'], [exercises => []],
               [exercises => [{ title => 'x', max_score => 0 }]],
               [exercises => [{ title => 'x' }]], [description => 7],
               [description => "\x{e5}" x 10001])
{
    ask(teacher => $assign, $path, 422, valid => 0,
        json => { %homework, @$wrong });
}
my @choice = (title => 'x', max_score => 2, kind => 'choice');
my @number = (title => 'x', max_score => 1, kind => 'number');
for my $wrong ([@choice], [@choice, options => ['a']], [@number, unit => ''],
               [@choice, options => [qw(a b)], key => {}],
               [@choice, options => [qw(a b)], unit => 'm'],
               [@number, options => [qw(a b)]], [@number, key => 7],
               [@number, text => 'x' x 4001],
               [@number, kind => 'essay', key => [0]],
               [title => 'x', max_score => 1, text => 'y'])
{
    ask(teacher => $assign, $path, 422, valid => 0,
        json => { %homework, exercises => [{ @$wrong }] });
}
my $kinds = ask(teacher => $assign, $path, 201, json => { %homework,
    exercises => [
        { @choice, text => "Which?\nOne.", options => [qw(a b)], key => [1] },
        { @choice, options => [qw(a b c)], multiple => \1 },
        { @number, unit => 'm', key => { value => -2.5, tolerance => 0.1 } },
        map { { title => 'x', max_score => 1, kind => $_ } }
            qw(text essay link) ] })->json;
my $given = ask(teacher => $assign, $path, 201, json => {
    %homework, description => "Read it.\nThen write." })->json;
ask(teacher => $assign, $path, 201, json => \%homework);
ask(teacher => $assign, $path, 201, json => { %homework, @$_ })
    for [title => "\x{1f642}" x 200], [description => "\x{e5}" x 10000],
        (map { [due_at => $_] }
         '2030-01-31T15:00:00.1234567Z', '2030-01-31T15:00:00.123456789+01:00',
         '2030-01-31t15:00:00z', '2029-12-31T23:59:60Z');
ask(teacher => $assign, $path, $_->[0], valid => $_->[0] != 422, json => {
    %homework{qw(class_id due_at)}, @$_[1 .. $#$_] }) for [422], [201, copy_of =>
    $kinds->{id}], [422, copy_of => $kinds->{id}, exercises => []];
ask(pupil => $list, $path, 200);
my $page = ask(pupil => $list, "$path?limit=1&status=all", 200)->json;
ok $page->{next}, 'there is a next page';
ask(pupil => $list, "$path?limit=1&status=all&cursor=$page->{next}", 200);
ask(pupil => $list, "$path?$_", 422)
    for qw(limit=0 limit=101 status=closed cursor=x page=2 order=due);
ask(pupil => $list, "$path?status=$_&order=newest", 200) for qw(todo late done);
my ($classes, $in) = ('/v1/classes', "/v1/classes/$class->{class_id}");
ask_without("GET $classes", $classes);
ask($_ => "GET $classes", $classes, 200) for qw(teacher pupil);
for (["$classes/{id}", $in], ["$classes/{id}/pupils/{pupil}",
                              "$in/pupils/$person{pupil}{id}"]) {
    ask_without("GET $_->[0]", $_->[1]);
    ask(teacher => "GET $_->[0]", "$_->[1]?limit=2", 200);
    ask(pupil => "GET $_->[0]", $_->[1], 403);
}
ask(admin => $list, $path, 403);

my $one = "$path/$given->{id}";
my $none = "$path/" . uuid();
my ($get, $patch, $delete, $overview, $again)
    = map { sprintf $_, '/v1/homework/{id}' }
      'GET %s', 'PATCH %s', 'DELETE %s', 'GET %s/progress', 'POST %s/restore';
ask($_ => $get, $one, 200) for qw(teacher pupil);
ask(pupil => $get, $none, 404);
ask_without($get, $one);
ask_without($patch, $one, json => { title => 'Chapter 1' });
ask(teacher => $patch, $one, 200, json => { title => 'Chapter 1',
    due_at => '2031-01-31T15:00:00+01:00', description => undef });
ask(teacher => $patch, $one, 422, json => {}, valid => 0);
my %fresh = (title => 'x', max_score => 1);
ask(teacher => $patch, "$path/$kinds->{id}", 200, json => { exercises => [
    { %{ $kinds->{exercises}[0] }, key => undef },
    @{ $kinds->{exercises} }[1 .. 5], { %fresh, kind => 'number', key => { value => 1 } }] });
ask(teacher => $patch, $one, 422, valid => $_->[0],
    json => { exercises => [{ %fresh, id => $_->[1] }] })
    for [1, uuid()], [0, 'x'];
ask(teacher => $patch, $one, 422, json => { exercises => [] }, valid => 0);
ask(teacher => $patch, $none, 404, json => { title => 'x' });
ask(pupil => $patch, $one, 403, json => { title => 'x' });

# ---- assessment
my $who = "$one/pupils/$person{pupil}{id}";
my $assess = '/v1/homework/{id}/pupils/{pupil}/assessment';
ask_without("PUT $assess", "$who/assessment", json => { points => 1 });
ask(teacher => "PUT $assess", "$who/assessment", $_->[0], json => $_->[1],
    valid => $_->[0] != 422) for [200, { points => 1.5, comment => "A\nB" }],
    [422, {}], [409, { points => 1, version => uuid() }], [422, { points => -1 }];
for my $ask (["GET $assess", "$who/assessment", qw(teacher pupil)],
             ['POST ' . $assess =~ s/asses.*/return/r, "$who/return", qw(teacher pupil)],
             ["$get/answers", "$one/answers", qw(teacher pupil)],
             ["$get/assessment", "$one/assessment", qw(pupil teacher)])
{
    ask($ask->[2], @$ask[0, 1], 200) && ask($ask->[3], @$ask[0, 1], 403);
    ask_without(@$ask[0, 1]);
}

# ---- progress

my $progress = '/v1/progress';
my ($history, $submit) = map { "$_ $progress" } qw(GET POST);
my %answer = (id => uuid(), homework_id => $given->{id},
              exercise_id => $given->{exercises}[0]{id},
              answer => { text => 'It is about bees.' });
my %scored = (%answer, id => uuid(),
              exercise_id => $given->{exercises}[1]{id}, success => \1,
              completion => \1, score => { raw => 2.25, max => 2.5 },
              duration => 'PT1M34S', timestamp => '2026-01-02T03:04:05Z');

ask(pupil => $submit, $progress, 201, json => \%answer);
ask(pupil => $submit, $progress, 200, json => \%answer);
ask(teacher => $patch, $one, 409, json => { exercises => [\%fresh] });
ask(pupil => $submit, $progress, 409,
    json => { %answer, answer => 'wasps' });
ask(pupil => $submit, $progress, 404,
    json => { %answer, id => uuid(), homework_id => uuid() });
for my $wrong ([id => '1'], [score => { raw => -1, max => 1 }],
               [score => { raw => 1 }], [duration => 'soon'],
               [timestamp => 'now'], [success => 'yes'])
{
    ask(pupil => $submit, $progress, 422, valid => 0,
        json => { %scored, @$wrong });
}
ask(pupil => $submit, $progress, 200, json => [
    \%scored, \%answer, { %answer, answer => 'wasps' },
    { %answer, id => uuid(), homework_id => uuid() }, { id => 'x' }]);
my @kind = (%answer, homework_id => $kinds->{id}, exercise_id => '');
for my $with ([0, 201, answer => [1]], [2, 201, answer => 7],
              [0, 422, answer => [2]], [3, 422, answer => {}],
              [3, 422, answer => 'x', score => { raw => 1, max => 1 }],
              [4, 201, answer => "x\ny"], [5, 422, answer => 'http://a.b/'])
{
    my ($n, $status, %with) = @$with;
    ask(pupil => $submit, $progress, $status, json => { @kind, id => uuid(),
        exercise_id => $kinds->{exercises}[$n]{id}, %with });
}
ask(pupil => $get, "$path/$kinds->{id}", 200);
ask(teacher => $overview, "$path/$kinds->{id}/progress", 200);
ask(pupil => $submit, $progress, 422, json => [], valid => 0);
ask_without($submit, $progress, json => \%scored);
ask(teacher => $submit, $progress, 403, json => \%scored);
ask(pupil => $history, $progress, 200);
$page = ask(pupil => $history, "$progress?limit=1", 200)->json;
ask(pupil => $history, "$progress?limit=1&homework_id=$given->{id}"
    . "&cursor=$page->{next}", 200);
ask(pupil => $history, "$progress?homework_id=7", 422);
ask(teacher => $history, $progress, 403);
ask_without($history, $progress);

ask(teacher => $overview, "$one/progress", 200);
ask(teacher => $overview, "$none/progress", 404);
ask(pupil => $overview, "$one/progress", 403);
ask_without($overview, "$one/progress");
ask(pupil => $list, $path, 200);
ask(teacher => $list, $path, 200);


# ---- any category

my $own = '/v1/data/{category}';
my $others = "$own/{subject}";
ask($_ => 'GET /v1/data/', '/v1/data/', 200) for sort keys %person;
ask_without('GET /v1/data/', '/v1/data/');
ask($_ => "GET $own", '/v1/data/identity', 200) for sort keys %person;
ask(pupil => "GET $own", '/v1/data/progress?limit=1', 200);
ask(pupil => "GET $own", '/v1/data/identity?limit=0', 422);
ask(pupil => "GET $own", '/v1/data/nothing', 404);
ask(pupil => "GET $own", '/v1/data/homework', 403);
ask_without("GET $own", '/v1/data/identity');
my %chosen = (favourite_subjects => 'maths, music',
              chosen_on => '2026-11-21');
ask_without("PATCH $own", '/v1/data/example', json => \%chosen);
ask(pupil => "PATCH $own", '/v1/data/example', 200, json => \%chosen);
ask(pupil => "PATCH $own", '/v1/data/example', 422, json => {}, valid => 0);
ask(pupil => "PATCH $own", '/v1/data/example', 422,
    body => '{"favourite_subjects":7}');
ask(pupil => "PATCH $own", '/v1/data/identity', 403,
    json => { given_name => 'x' });
ask(pupil => "GET $own", '/v1/data/example', 200);
my $pupil = "/v1/data/example/$person{pupil}{id}";
ask(pupil => "PATCH $others", $pupil, 200, json => { %chosen,
    favourite_subjects => 'art' });
ask(teacher => "PATCH $others", $pupil, 403, json => \%chosen);
ask_without("PATCH $others", $pupil, json => \%chosen);
ask(teacher => "GET $others", $pupil, 200);
ask(admin => "GET $others", "/v1/data/identity/$person{pupil}{id}", 200);
ask(teacher => "GET $others", '/v1/data/example/' . uuid(), 404);
ask(teacher => "GET $others", "/v1/data/identity/$person{pupil}{id}?x=1",
    422);
ask_without("GET $others", $pupil);


# ---- status, wrong methods, the end

ask(nobody => 'GET /status', '/status', 200);
ask(nobody => 'GET /status', '/status', 200,
    header => { Accept => $_ }) for qw(text/html text/plain application/json);
ask(nobody => 'GET /status/live', '/status/live', 200);
ask(nobody => 'GET /status/ready', '/status/ready', 200);

for my $case ([$log_in, '/v1/login', 'PUT'], [$list, $path, 'DELETE'],
              [$get, $one, 'POST'], [$overview, "$one/progress", 'DELETE'],
              [$history, $progress, 'PATCH'],
              [$switch, '/v1/session/institution', 'GET'],
              ['GET /v1/data/', '/v1/data/', 'POST'],
              ["GET $own", '/v1/data/identity', 'DELETE'],
              ["GET $others", $pupil, 'PUT'],
              ['GET /v1/session', '/v1/session', 'PATCH'])
{
    my ($operation, $at, $method) = @$case;
    my $res = $http{teacher}->request($method, $at);
    is_status $res, 405, "$method $at";
    push @cases, { operation => $operation, status => $res->status,
        body => $res->body, name => "$method $at",
        headers => { map { @$_ } @{ $res->{fields} } } };
}


# ---- who looked

my $seal = Pupil::Seal->new($site);
my ($looked, $prove) = ('GET /v1/me/audit', 'GET /v1/me/audit/{id}/proof');
ask(teacher => $looked, '/v1/me/audit?limit=1', 200);
ask(pupil => $looked, '/v1/me/audit?limit=0', 422);
ask_without($looked, '/v1/me/audit');
my $events = ask(pupil => $looked, '/v1/me/audit', 200)->json->{events};
my ($one_of) = grep { $_->{proof} eq 'pending' } @$events;
ask(pupil => $prove, "/v1/me/audit/$one_of->{id}/proof", 409);
is $seal->seal->{code}, 0, 'the audit is sealed';
ask(pupil => $prove, "/v1/me/audit/$one_of->{id}/proof", 200);
ask(other => $prove, "/v1/me/audit/$one_of->{id}/proof", 401);
ask_without($prove, '/v1/me/audit/' . uuid() . '/proof');
ask(pupil => $prove, '/v1/me/audit/' . uuid() . '/proof', 404);
ask(pupil => $looked, '/v1/me/audit', 200);


# ---- where somebody is logged in

my ($where, $end) = ('GET /v1/me/sessions', 'DELETE /v1/me/sessions/{id}');
my $sessions = ask(pupil => $where, '/v1/me/sessions', 200)->json->{sessions};
ask(pupil => $where, '/v1/me/sessions?limit=1', 422);
ask_without($where, '/v1/me/sessions');
ask(pupil => 'DELETE /v1/me/sessions', '/v1/me/sessions', 204);
ask_without('DELETE /v1/me/sessions', '/v1/me/sessions');
ask(teacher => $end, "/v1/me/sessions/$sessions->[0]{id}", 404);
ask_without($end, "/v1/me/sessions/$sessions->[0]{id}");
my ($one_more) = grep { !$_->{current} } do {
    $nginx->http->login(@{ $person{pupil} }{qw(login password)});
    @{ ask(pupil => $where, '/v1/me/sessions', 200)->json->{sessions} };
};
ask(pupil => $end, "/v1/me/sessions/$one_more->{id}", 204);


# ---- a code that a teacher hands out

my $hand = 'POST /v1/pupils/{id}/login-code';
my $mine = "/v1/pupils/$mate->{id}/login-code";
my %handed = %{ ask(teacher => $hand, $mine, 200)->json };
ask(pupil => $hand, $mine, 403);
ask_without($hand, $mine);
ask(nobody => 'POST /v1/login/code', '/v1/login/code', 200, json => {
    map({ $_ => $handed{$_} } qw(identifier code)), new => 'a way to my home' });


# ---- whom of support they let in

my ($let_in, $redeem) = ('POST /v1/me/support-grants', 'POST /v1/support/redeem');
$site->ctl_ok(qw(user add helping.hand support), $site->ctl_where);
$person{support} = $site->person('helping.hand');
($http{support} = $nginx->http)->login(@{ $person{support} }{qw(login password)});
my $grant = ask(pupil => $let_in, '/v1/me/support-grants', 201,
                json => { minutes => 5 })->json;
ask(pupil => $let_in, '/v1/me/support-grants', 422, valid => 0, json => { minutes => 0 });
ask_without($let_in, '/v1/me/support-grants', json => {});
ask(support => $redeem, '/v1/support/redeem', $_,
    json => { code => $grant->{code} }) for 200, 404;
ask(support => $redeem, '/v1/support/redeem', 422, valid => 0, json => {});
ask(teacher => $redeem, '/v1/support/redeem', 403, json => { code => 'x' });
ask_without($redeem, '/v1/support/redeem', json => { code => 'x' });
ask(support => 'GET /v1/data/{category}/{subject}',
    "/v1/data/identity/$person{pupil}{id}", 200);
my $grants = 'GET /v1/me/support-grants';
ask(pupil => $grants, "/v1/me/support-grants$_->[0]", $_->[1]) for ['', 200], ['?x=1', 422];
ask_without($grants, '/v1/me/support-grants');

# ---- who administers the tenant, and imports

my @import = ('import', 'oneroster', roster_folder(
    { name => 'openapi', format => 'oneroster' }, 1), '--source', 'another',
    $site->ctl_where);
$site->ctl_ok(@import, @$_) for [], ['--plan'];
$site->ctl_ok(qw(user add chief tenant_admin), $site->ctl_where);
$person{chief} = $site->person('chief');
($http{chief} = $nginx->http)->login(@{ $person{chief} }{qw(login password)});
my $imports = 'GET /v1/admin/imports';
my $of = ask(chief => $imports, '/v1/admin/imports', 200)->json->{imports};
ask(teacher => $imports, '/v1/admin/imports', 403);
ask(chief => $imports, '/v1/admin/imports?x=1', 422);
ask_without($imports, '/v1/admin/imports');
for ([accept => $of->[0]{id}], [undo => $of->[1]{id}]) {
    my ($what, $which) = @$_;
    my $operation = "POST /v1/admin/imports/{id}/$what";
    ask(chief => $operation, "/v1/admin/imports/$which/$what", 202);
    ask(chief => $operation, "/v1/admin/imports/" . uuid() . "/$what", 404)
        if $what eq 'accept';
    ask(teacher => $operation, "/v1/admin/imports/$which/$what", 403);
    ask_without($operation, "/v1/admin/imports/$which/$what");
}
ask(chief => $imports, '/v1/admin/imports', 200);
my ($told, $saw) = ('GET /v1/me/notices', 'POST /v1/me/notices/{id}/seen');
my $notice = ask(pupil => $told, '/v1/me/notices', 200)->json->{notices}[0];
ask(pupil => $told, '/v1/me/notices?limit=0', 422);
ask_without($told, '/v1/me/notices');
ask($_->[0] => $saw, "/v1/me/notices/$notice->{id}/seen", $_->[1]) for [pupil => 204], [teacher => 404];
ask_without($saw, "/v1/me/notices/$notice->{id}/seen");
ask(pupil => $told, '/v1/me/notices', 200);
my ($of_me, %asks) = ('/v1/me/requests', json => { id => uuid(), kind => 'access' });
ask(pupil => "POST $of_me", $of_me, $_, %asks) for 201, 200;
ask(teacher => "POST $of_me", $of_me, 409, %asks);
ask(pupil => "POST $of_me", $of_me, 422, valid => 0, json => {});
ask(pupil => "GET $of_me", "$of_me$_->[0]", $_->[1]) for ['', 200], ['?limit=0', 422];
ask_without("$_->[0] $of_me", $of_me, %{ $_->[1] }) for [POST => \%asks], [GET => {}];
my $end_grant = 'DELETE /v1/me/support-grants/{id}';
ask(teacher => $end_grant, "/v1/me/support-grants/$grant->{id}", 404);
ask_without($end_grant, "/v1/me/support-grants/$grant->{id}");
ask(pupil => $end_grant, "/v1/me/support-grants/$grant->{id}", 204);


# ---- another password

my $change = 'POST /v1/me/password';
my %new = (current => $person{teacher}{password}, new => 'a long walk along the shore');
ask(teacher => $change, '/v1/me/password', 403,
    json => { %new, current => 'not the password' });
ask(teacher => $change, '/v1/me/password', 422, json => { %new, new => 'short' },
    valid => 0);
ask_without($change, '/v1/me/password', json => \%new);
ask(teacher => $change, '/v1/me/password', 200, json => \%new);


# ---- a first password

my $first = $site->ctl_ok('user', 'password', $person{admin}{login},
                          '--generate', $site->ctl_where)->{out};
chomp $first;
$http{first} = $nginx->http;
ask(first => 'POST /v1/login', '/v1/login', 200,
    json => { identifier => $person{admin}{login}, password => $first });
ask(first => "GET /v1/$_", "/v1/$_", 403) for qw(session homework);
ask(first => 'DELETE /v1/session', '/v1/session', 204);


# ---- gone, and ended

ask(teacher => $delete, $none, 404);
ask(pupil => $delete, $one, 403);
ask_without($delete, $one);
ask(teacher => $delete, $one, 204);
ask(teacher => $list, "$path?status=withdrawn", 200);
ask(teacher => $again, "$one/restore", 200);
ask(teacher => $again, "$none/restore", 404);
ask(pupil => $again, "$one/restore", 403);
ask_without($again, "$one/restore");
ask(teacher => 'DELETE /v1/session', '/v1/session', 204);
ask(teacher => 'GET /v1/session', '/v1/session', 401);

$site->pg->stop('immediate');
ask(pupil => $list, $path, 503);
ask(other => $log_in, '/v1/login', 503, json => { identifier => 'x', password => 'x' });


# ---- the verdict

my $run = run_cmd(@node, 'check', $document,
    { stdin => join('', map { json_of($_) . "\n" } @cases), timeout => 300 });
is $run->{code}, 0, 'the answers were compared' or diag $run->{err};
my @verdicts = split /\n/, $run->{out};
is scalar(@verdicts), scalar(@cases), 'each of ' . @cases;
for my $i (0 .. $#verdicts) {
    my $faults = JSON::XS::decode_json($verdicts[$i]);
    ok !@$faults, "by the document: $cases[$i]{name}"
        or diag join "\n", @$faults, $cases[$i]{body};
}

my %seen;
$seen{ $_->{operation} }{ substr $_->{status}, 0, 1 }++ for @cases;
is_deeply [grep { !$seen{$_}{2} && !$seen{$_}{3} } @operations], [],
    'every operation succeeded once';
is_deeply [grep { !m{^GET /status} && !$seen{$_}{4} } @operations], [],
    'and was refused once';

# One location each, by the README's layout.
my %routed = map { $_ => 1 } map { m{ /(?:v1/)?(\w+)} } @operations;
my @handlers = Pupil::Site::endpoints();
cmp_ok scalar(@handlers), '>=', 6, 'the handlers of the module';
is_deeply [grep { my ($name) = Pupil::Site::path($_) =~ m{/(?:v1/)?(\w+)};
                  !$routed{$name} } @handlers], [],
    'each is in the document';

done_testing;
