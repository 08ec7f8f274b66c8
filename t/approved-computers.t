#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# Administration from approved computers, as docs/operations.md has it: who comes
# without a certificate of theirs, or from another network, gets nowhere, and who
# has one still logs in.

use lib 't/lib';
use Pupil::Test;
use Pupil::App;
use File::Path qw(make_path);

my $HERE = '198.51.100.7';
my ($recipe) = slurp(root_dir() . '/docs/operations.md')
    =~ /^## Administration from approved computers\n.*?^```nginx\n(.*?)^```/ms;
my ($closed) = slurp(root_dir() . '/docs/operations.md')
    =~ /^    (if \(\$uri ~ "\^\/v1\/admin.*)$/m;
my $site = pupil_up(import => 1);
my $ca = test_ca();
my $app = Pupil::App->new;


# ---- an authority, and what it signs

my $dir = tmp_dir() . '/computers';
make_path("$dir/new");
spew("$dir/conf", <<"END");
[ca]
default_ca = computers
[computers]
dir = $dir
database = $dir/index
new_certs_dir = $dir/new
serial = $dir/serial
default_md = sha256
policy = any
default_crl_days = 30
unique_subject = no
[any]
commonName = supplied
END
spew("$dir/index", '');
spew("$dir/serial", "1000\n");

sub openssl (@args) {
    my $run = run_cmd('openssl', @args);
    die "openssl @args: $run->{err}" if $run->{code};
}

sub authority ($name) {
    openssl(qw(req -x509 -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256
               -days 30 -subj), "/CN=$name", '-keyout', "$dir/$name.key",
            '-out', "$dir/$name.crt");
}

# A certificate of a computer: { SSL_cert_file, SSL_key_file }.
sub computer ($name, $authority, @more) {
    openssl(qw(req -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256 -subj),
            "/CN=$name", '-keyout', "$dir/$name.key", '-out', "$dir/$name.csr");
    openssl('ca', '-batch', '-notext', '-config', "$dir/conf", '-cert',
            "$dir/$authority.crt", '-keyfile', "$dir/$authority.key", '-in',
            "$dir/$name.csr", '-out', "$dir/$name.crt",
            @more ? @more : ('-days', 30));
    return { SSL_cert_file => "$dir/$name.crt",
             SSL_key_file => "$dir/$name.key" };
}

authority($_) for qw(computers others);
my %computer = (approved => computer(approved => 'computers'),
    revoked => computer(revoked => 'computers'),
    over => computer(over => 'computers', '-startdate', '20200101000000Z',
                     '-enddate', '20200201000000Z'),
    other => computer(other => 'others'), none => {});
authority('itself');
$computer{itself} = { SSL_cert_file => "$dir/itself.crt",
                      SSL_key_file => "$dir/itself.key" };
my @config = ('-config', "$dir/conf", '-cert', "$dir/computers.crt",
              '-keyfile', "$dir/computers.key");
openssl('ca', @config, '-revoke', "$dir/revoked.crt");
openssl('ca', @config, '-gencrl', '-out', "$dir/computers.crl");
run_cmd('chmod', '-R', 'a+rX', $dir);


# ---- the recipe, with the paths of here, beside a server of pupils

# The server of pupils has a location of an administrator by mistake, and one
# that takes whatever is added.
my $nginx = $site->nginx(server => ($closed // '') . ' location /v1/admin { '
                         . 'proxy_pass ' . $app->url . '; }',
    http => 'set_real_ip_from 127.0.0.1; real_ip_header X-Forwarded-For;');
my %path = ('/etc/ssl/school.crt' => $ca->{cert},
    '/etc/ssl/private/school.key' => $ca->{key},
    '/etc/ssl/computers.crt' => "$dir/computers.crt",
    '# ssl_crl /etc/ssl/computers.crl' => "ssl_crl $dir/computers.crl",
    'listen 443' => 'listen 127.0.0.1:' . $nginx->port,
    '127.0.0.1:8081' => '127.0.0.1:' . $app->port);
my $any = join '|', map { quotemeta } keys %path;
my $server = ($recipe // '') =~ s/($any)/$path{$1}/gr;
is scalar(grep { index($server, $_) >= 0 } values %path), scalar keys %path,
    'the recipe has what is tested';
$nginx->set(http => $nginx->{http} . $server)->start;

$site->ctl_ok('user', 'add', 'officer', 'dpo', $site->ctl_where);
$site->password('officer', 'A long password, 2026');
$site->ctl_ok('user', 'add', 'chief', 'tenant_admin', $site->ctl_where);
$site->password('chief', 'A long password, 2026');
my $teacher = $site->person('CBeane');
my $ADMIN = '/v1/admin/imports';

# A client of the server of administrators.  Options: by, of a name in TLS.
sub client ($with, %opt) {
    return $nginx->http(ssl => { SSL_hostname => 'admin.school.example',
        %{ $computer{$with} }, %opt },
        header => { Host => 'admin.school.example',
                    'X-Forwarded-For' => $HERE });
}


# ---- who has one

my $http = client('approved');
is_status $http->get('/reports/'), 401, 'an approved computer is no log-in';
is_status $http->login('officer', 'A long password, 2026'), 200,
    'whoever logs in there';
my $res = $http->get('/reports/');
is_status $res, 200, 'gets to what is theirs';
like +(Pupil::App::seen($res)->{head}{'X-Pupil-User'} // [''])->[0],
    qr/^[0-9a-f]{32}$/, 'which knows them by a name of its own';
my $teachers = client('approved');
is_status $teachers->login(@$teacher{qw(login password)}), 200, 'a teacher';
is_problem $teachers->get($_), 403, 'not-granted',
    name => "$_: who comes from such a computer has no role there"
    for '/reports/', $ADMIN;
my $chief = client('approved');
is_problem $chief->get($ADMIN), 401, 'no-session',
    name => "$ADMIN: an approved computer is no log-in";
is_status $chief->login('chief', 'A long password, 2026'), 200,
    'who administers the tenant';
is_status $chief->get($ADMIN), 200, "is at $ADMIN";


# ---- who has none

for my $case (['none', 'no certificate'], ['other', 'one of another authority'],
    ['itself', 'one that signed itself'], ['over', 'one that is over'],
    ['revoked', 'one that is revoked'])
{
    my ($with, $name) = @$case;
    my $other = client($with);
    $other->{cookies} = { %{ $http->cookies } };
    is_status $other->get($_), 400, "$name: $_, with a session that is good"
        for '/reports/', '/v1/session', '/';
    $other->{cookies} = { %{ $chief->cookies } };
    is_status $other->get($ADMIN), 400,
        "$name: $ADMIN, with a session that is good";
    is_status client($with)->login('officer', 'A long password, 2026'), 400,
        "$name: nor is there a log-in";
}
is_status $chief->get($ADMIN), 200, "$ADMIN: the session is as good as it was";
is_status $http->get('/reports/'), 200, 'the session is as good as it was';


# ---- networks, and names

for my $case ([$http, '/reports/'], [$http, '/v1/session'], [$chief, $ADMIN]) {
    my ($client, $path) = @$case;
    is_status $client->get($path, header => { 'X-Forwarded-For' => $_ }), 403,
        "from $_: $path" for '203.0.113.7', '2001:db8:2::1';
    is_status $client->get($path, header => { 'X-Forwarded-For' => $_ }), 200,
        "from $_: $path" for '198.51.100.200', '2001:db8:1::1';
}
$res = client('none', SSL_hostname => 'localhost');
$res->{cookies} = { %{ $http->cookies } };
is_status $res->get('/reports/'), 421,
    'not by the name of the other server in TLS';

my $pupils = $nginx->http;
$pupils->{cookies} = { %{ $http->cookies } };
is_status $pupils->get('/v1/session'), 200, 'on the other server there is';
is_status $pupils->get($_), 404, "a session, and no $_"
    for '/reports/', $ADMIN;
$pupils->{cookies} = { %{ $chief->cookies } };
my $asked = $app->count;
for my $path ($ADMIN, '/v1/admin/later', '/v1/admin/', '/v1/admin',
              '/v1/%61dmin/later', '//v1//admin/later', '/v1/x/../admin/later',
              '/v1/admin/later?x=/')
{
    is_status $pupils->get($path), 404, "not for who may, either: $path";
    is_status $pupils->post($path, json => {}), 404, "nor by POST: $path";
}
is $app->count, $asked, 'whatever location takes it';
is_status $pupils->get('/v1/administered'), 200, 'what is called alike is there';

done_testing;
