#!/usr/bin/perl

# Every directive: what nginx -t accepts, and what it refuses with a message
# that says what to do (I17).  No database is needed for that.

use lib 't/lib';
use Pupil::Test;

my $key = tmp_dir() . '/kek';
spew($key, 'pupil-kek-v1 1 ' . 'ab' x 32 . "\n", 0600);
my $plugins = Pupil::Nginx::plugins();
my $tenant = uuid();

my %base = (
    database => 'pupil_database "host=127.0.0.1 dbname=pupil";',
    keystore => 'pupil_keystore "host=127.0.0.1 dbname=pupil_keys";',
    key => "pupil_master_key $key;",
    plugins => join('', map { "pupil_plugin $plugins/pupil_$_.so;\n" }
        qw(identity contact credential enrolment network homework progress)),
    tenant => "pupil_tenant $tenant;",
);

# nginx -t of a configuration: parts of %base are replaced, http, server and
# main are added.
sub check (%opt) {
    my %part = (%base, %{ $opt{base} // {} });
    my $nginx = Pupil::Nginx->new(
        main => $opt{main} // "thread_pool pupil threads=1;\n",
        http => join("\n", @part{qw(plugins database keystore key tenant)},
                     $opt{http} // ''),
        server => $opt{server} // 'location /v1/session { pupil_session; }');
    my $run = $nginx->test;
    $nginx->disown;
    return $run;
}

sub accepted ($name, %opt) {
    my $run = check(%opt);
    is $run->{code}, 0, "accepted: $name" or diag $run->{err};
}

sub refused ($name, $message, %opt) {
    my $run = check(%opt);
    isnt $run->{code}, 0, "refused: $name";
    like $run->{err}, $message, "with a message: $name";
}


# ---- what is needed

my $all = join '', map { "location /v1/$_ { pupil_$_; }\n" }
    qw(login session homework progress);
accepted 'everything', server => $all . 'location /v1/data/ { pupil_data; }
    location /status { pupil_status; }';
accepted 'the status alone', base => { map { $_ => '' } keys %base },
    server => 'location /status { pupil_status; }';
refused "no $_->[0]", $_->[1], base => { $_->[0] => '' } for
    [database => qr/add "pupil_database "host=/],
    [keystore => qr/add "pupil_keystore /],
    [key => qr/add "pupil_master_key FILE;"/],
    [plugins => qr/add "pupil_plugin FILE/],
    [tenant => qr/needs pupil_tenant/];
refused 'no thread pool', qr/write "thread_pool pupil threads=1/, main => '',
    server => $all;
refused 'a list of common passwords', qr/add "pupil_password_new FILE;"/,
    server => 'location /v1/me/password { pupil_password; }';
refused 'a plugin that an endpoint needs', qr/category "identity": add pupil/,
    base => { plugins => "pupil_plugin $plugins/pupil_enrolment.so;" };


# ---- handlers

refused 'a regular expression', qr/takes a location with a prefix/,
    server => 'location ~ ^/v1 { pupil_session; }';
refused 'a named location', qr/takes a location with a prefix/,
    server => 'location @x { pupil_session; }';
refused 'two handlers', qr/a location of its own/,
    server => 'location /x { pupil_session; pupil_login; }';
refused 'a handler in server', qr/not allowed here/,
    server => 'pupil_session;';
refused 'an argument', qr/invalid number of arguments/,
    server => 'location /x { pupil_session on; }';
refused 'bodies in files', qr/client_body_in_file_only would put/,
    server => 'client_body_in_file_only on; location /x { pupil_session; }';
accepted 'any limit of bodies', server => 'client_max_body_size 0;
    client_body_buffer_size 1k; location /x { pupil_session; }';


# ---- values

my $provider = 'a issuer=https://a.example client_id=x profile=uni-login';
my $uuid = uuid();
my $sign_up = "institution=$uuid page=https://a.example/b";
my @values = (
    ['pupil_tenant', qr/lower-case UUID/, 'X', uuid() . 'x', uc 'abcdef00'],
    ['pupil_session_timeout', qr/out of bounds: 5m to 31d/, 'idle=1s',
     'absolute=1y', 'idle=x'],
    ['pupil_session_timeout', qr/unknown parameter/, 'ide=1h'],
    ['pupil_session_timeout', qr/is over absolute/, 'idle=2h absolute=1h'],
    ['pupil_session_limit', qr/out of bounds: 1 to 1000/, '0', '1001'],
    ['pupil_support_grant', qr/out of bounds/, '59s', '25h'],
    ['pupil_login_password', qr/is none of: off, staff, all/, 'on', 'pupils'],
    ['pupil_score_claims', qr/is none of: off, kindless, on/, 'yes', 'all'],
    ['pupil_login_network', qr/that of a geo/, '$http_x', 'a${arg_b}',
     '$HTTP_X', '$1', map { "\$$_" } qw(remote_user binary_remote_addr host
     connection content_type args uri msec ssl_session_id pupil_request_id)],
    ['pupil_mail', qr/is none of: off, sv, da, en/, 'on', 'fi'],
    ['pupil_mail', qr/nothing else/, 'off forgotten=https://a.example/b',
     'off second_factor'],
    ['pupil_mail', qr/unknown parameter/, 'sv second_factor=on'],
    ['pupil_mail', qr/takes the page/, map { "sv forgotten=$_" }
     'https://a.example', 'http://a.example/b', 'https:///b',
     'https://a.example/b#c', 'https://a.example//b',
     'https://a.example/' . 'b' x 200],
    ['pupil_mail', qr/takes the page/, 'sv "forgotten=https://a.example/b c"'],
    ['pupil_sign_up', qr/unknown parameter/, 'on'],
    ['pupil_sign_up', qr/nothing else/, 'off trial=30d'],
    ['pupil_sign_up', qr/needs tenant=/, 'trial=30d', "tenant=x $sign_up",
     'tenant=00000000-0000-0000-0000-000000000000 trial=30d'],
    ['pupil_sign_up', qr/needs institution=/, "tenant=$uuid trial=30d",
     "tenant=$uuid institution=x trial=30d"],
    ['pupil_sign_up', qr/needs page=/, map { "tenant=$uuid institution=$uuid"
     . " trial=30d $_" } '', 'page=http://a.example/b',
     'page=https://a.example/b#c'],
    ['pupil_sign_up', qr/needs trial=/, "tenant=$uuid $sign_up",
     "tenant=$uuid $sign_up trial=25h"],
    ['pupil_sign_up', qr/out of bounds/, "tenant=$uuid $sign_up trial=1h",
     "tenant=$uuid $sign_up trial=367d"],
    ['pupil_second_factor', qr/is none of: off, optional, required/,
     'teacher=on', 'teacher='],
    ['pupil_second_factor', qr/unknown parameter/, 'parent=off', 'required'],
    ['pupil_step_up', qr/out of bounds/, 'dpo=59s', 'teacher=32d'],
    ['pupil_step_up', qr/unknown parameter/, 'parent=10m', '10m'],
    ['pupil_login_provider', qr/part of URLs/, 'A issuer=https://a.example',
     'a-b issuer=https://a.example'],
    ['pupil_login_provider', qr/it needs issuer=https/, 'a',
     'a issuer=http://a.example', 'a issuer=https://'],
    ['pupil_login_provider', qr/it needs client_id=/,
     'a issuer=https://a.example', 'a issuer=https://a.example client_id=x'],
    ['pupil_login_provider', qr/is none of: uni-login, bankid, eppn, sub/,
     'a issuer=https://a.example client_id=x profile=bank'],
    ['pupil_login_provider', qr/says nothing of schools/,
     map { "a issuer=https://a.example client_id=x profile=$_ schools=1" }
     'sub', 'bankid claim=ssn loa=high'],
    ['pupil_login_provider', qr/says nothing of licences/,
     map { "a issuer=https://a.example client_id=x profile=$_ licensed" }
     'sub', 'eppn', 'bankid claim=ssn loa=high'],
    ['pupil_login_provider', qr/is no list/,
     map { "$provider through=/idp/ $_" } 'loa=,', 'loa=a,', 'loa=,a',
     'schools=,', 'schools=1,,2'],
    ['pupil_login_provider', qr/scope= takes "openid"/,
     map { "$provider through=/idp/ $_" } 'scope=email', 'scope=openid2',
     '"scope=email openidx"'],
    ['pupil_login_provider', qr/is none of: login, select_account/,
     "$provider through=/idp/ prompt=none"],
    ['pupil_login_provider', qr/it needs through=/,
     "$provider", "$provider through=idp/", "$provider through=/idp"],
    ['pupil_login_provider', qr/after= and failed= take a path/,
     "$provider through=/idp/ failed=//elsewhere.example/",
     "$provider through=/idp/ after=//elsewhere.example/",
     "$provider through=/idp/ after=https://elsewhere.example/"],
    ['pupil_login_provider', qr/no file with one line/,
     "$provider through=/idp/ client_secret_file=/dev/null",
     "$provider through=/idp/ client_secret_file=/nowhere"],
    ['pupil_login_provider', qr/and so does choose=/,
     "$provider through=/idp/ choose=https://elsewhere.example/"],
    ['pupil_login_provider', qr/what people call it/,
     "$provider through=/idp/ title=" . 'x' x 101,
     "$provider through=/idp/ title=\xff"],
    ['pupil_login_provider', qr/one line of text/,
     "$provider through=/idp/ \"title=a\\tb\""],
    ['pupil_login_tenant', qr/what people call it/,
     'a id=' . uuid() . ' title=' . 'x' x 101],
    ['pupil_login_tenant', qr/a word that pages use/,
     map { "$_ id=" . uuid() } 'A', 'a-b', 'a' x 33],
    ['pupil_login_tenant', qr/it needs id=/, 'a schools=1', 'a id=x',
     'a id=' . uc uuid()],
    ['pupil_login_tenant', qr/is no code of a school/,
     map { 'a id=' . uuid() . " schools=$_" } 'a,', ',a', 'a,,b', 'uni:', ':a',
     'a:b:c', 'a.b', 'a' x 33],
    ['pupil_login_tenant', qr/"a" is there twice/,
     map { 'a id=' . uuid() . " schools=$_" } 'a,b,a', 'a,uni:a', 'uni:a,uni:a'],
    ['pupil_allowed_origin', qr/origins such as/, 'http://a.example',
     'https://a.example/', 'a.example', 'https://'],
    ['pupil_deny', qr/pupil_deny: /, 'nothing', 'identity.nickname',
     'identity purpose=marketing', 'identity relation=friend'],
    ['pupil_deny', qr/pupil_deny: .*denies nothing/,
     'identity purpose=security', 'identity.given_name purpose=teaching '
     . 'relation=self', 'credential.password_hash relation=teaches'],
    ['pupil_pool', qr/"both" is none of: data, keys/, 'both connections=1'],
    ['pupil_pool', qr/out of bounds/, 'data connections=0',
     'keys depth=1000', 'data statement_timeout=1ms', 'data share=0',
     'keys share=101', 'data share=50%', 'data audit=64'],
    ['pupil_pool', qr/unknown parameter/, 'data size=1'],
    ['pupil_pool', qr/leave at least one for reads/,
     'data connections=2 writers=2', 'data writers=6', 'data audit=6',
     'data writers=3 audit=3'],
    ['pupil_pool', qr/of pupil_pool data alone/, 'keys writers=1',
     'keys audit=0'],
    ['pupil_pool', qr/is there already/, 'data depth=1 depth=2'],
    ['pupil_homework_cache', qr/out of bounds: 16k to 1024m, or off/, '15k', '0',
     'on', '2g', '-1', '8mm', ' " "'],
    ['pupil_key_cache', qr/out of bounds/, 'owners=10', 'lifetime=1ms',
     'lifetime=x'],
    ['pupil_session_zone', qr/name:size/, 'x', ':1m'],
    ['pupil_session_zone', qr/pupil_session_zone: the size is at least 256k/,
     'x:1k', 'x:y'],
    ['pupil_session_zone', qr/out of bounds: 1s to 5m|takes valid=/,
     'x:1m valid=1h', 'x:1m vali=1s'],
    ['pupil_password_hash', qr/out of bounds/, 'memory=8m', 'iterations=1',
     'queue=0', 'parallel=0', 'parallel=65', 'memory=x'],
    ['pupil_password_hash', qr/thread pool "slow"/, 'pool=slow'],
    ['pupil_login_pace', qr/out of bounds: 1 to 60000/, 'rate=0', 'rate=60001',
     'rate=x'],
    ['pupil_login_pace', qr/out of bounds: 1 to 1024/, 'queue=0', 'queue=1025'],
    ['pupil_password_new', qr/out of bounds: 8 to 64/, '/dev/null length=7',
     '/dev/null length=65', '/dev/null length=x'],
    ['pupil_password_new', qr/cannot open "\/nowhere"/, '/nowhere'],
    ['pupil_password_new', qr/no regular file/, '/dev/null'],
    ['pupil_audit_durability', qr/is none of: on, local, off/, 'maybe'],
    ['pupil_audit_group', qr/out of bounds: 1 to 128/, '0', '129', 'x'],
    ['pupil_audit_holes', qr/is none of: alarm, refuse/, 'on', '503'],
    ['pupil_key_cache', qr/unknown parameter "of": it takes off, owners=/,
     'of'],
    ['pupil_key_cache', qr/"off" stands alone/, 'off owners=2000'],
    ['pupil_probe', qr/is none of: off, on/, 'maybe', '1'],
    ['pupil_plugin', qr/pupil_plugin: /, '/nowhere/x.so'],
    ['pupil_plugin', qr/64 hex digits/,
     "$plugins/pupil_example.so sha256=12"],
    ['pupil_plugin', qr/pupil_plugin: /,
     "$plugins/pupil_example.so sha256=" . '00' x 32,
     "$plugins/pupil_example.so nothing=1",
     "$plugins/pupil_identity.so"],
);

for my $row (@values) {
    my ($directive, $message, @bad) = @$row;
    my %base = $directive eq 'pupil_tenant' ? (base => { tenant => '' }) : ();
    refused "$directive $_", $message, %base, server => $all,
        http => "$directive $_;" for @bad;
}

accepted $_, server => $all, http => "$_;" for
    'pupil_session_timeout idle=1h absolute=8h',
    'pupil_allowed_origin https://a.example https://b.example:8443',
    'pupil_deny contact', 'pupil_deny identity.family_name purpose=learning',
    'pupil_pool data connections=2 writers=1 depth=16 queue=0 statement_timeout=3s
     connect_timeout=3s', 'pupil_pool keys connections=1 share=100',
    'pupil_pool data connections=8 writers=2 audit=3 share=25',
    'pupil_pool data connections=3 writers=2',
    'pupil_key_cache owners=2000 lifetime=5m', 'pupil_key_cache off',
    'pupil_audit_group 1', 'pupil_audit_group 128',
    'pupil_homework_cache 16k', 'pupil_homework_cache off',
    'pupil_session_zone sessions:10m valid=5s',
    'pupil_session_limit 1', 'pupil_session_limit 1000',
    'pupil_support_grant 1m', 'pupil_support_grant 24h',
    'pupil_password_hash memory=32m iterations=3 queue=8 parallel=2',
    'pupil_login_pace rate=60 queue=8',
    'pupil_audit_durability local', 'pupil_audit_holes refuse',
    'pupil_audit_holes alarm', 'pupil_score_claims off',
    'pupil_score_claims kindless', 'pupil_score_claims on',
    'pupil_probe on', 'pupil_probe off',
    "pupil_plugin $plugins/pupil_example.so",
    map({ s/^/pupil_login_provider /r } "$provider through=/idp/ form_post",
        "$provider through=/idp/ loa=a,b schools=1 'scope=email openid'",
        "$provider through=/idp/ licensed"),
    'pupil_second_factor teacher=required pupil=off dpo=optional',
    'pupil_step_up dpo=15m school_admin=1h pupil=off',
    'pupil_login_password off', 'pupil_mail da', 'pupil_mail off',
    'pupil_mail sv forgotten=https://a.example/b?c=d second_factor',
    'pupil_mail en second_factor', 'pupil_sign_up off',
    "pupil_sign_up tenant=$uuid $sign_up trial=30d";
accepted 'a network in a variable', http => 'geo $school { default off;
    10.0.0.0/8 north; } pupil_login_network $school;';
accepted 'a network of a tenant and a geo', http => 'geo $host_network {
    default off; } map $pupil_tenant:$host_network $uri_of { default off; }
    pupil_login_network "$uri_of-${host_network}";';
accepted 'a network of a name', http => 'pupil_login_network north;';
accepted 'a tenant in a variable', base => { tenant => '' },
    http => 'map $host $tenant { default x; } pupil_tenant $tenant;';
like check(http => 'pupil_audit_durability off;')->{err}, qr/\[warn\].*crash/,
    'relaxed durability is a warning';

for my $twice ('pupil_database "host=a";', 'pupil_keystore "host=a";',
    "pupil_master_key $key;", "pupil_tenant $tenant;")
{
    refused "twice: $twice", qr/is duplicate/, http => $twice;
}
refused "twice: $_", qr/duplicate|there already/, http => "$_; $_;" for
    'pupil_session_zone x:1m', 'pupil_key_cache owners=2000',
    'pupil_key_cache off', 'pupil_audit_group 2',
    'pupil_homework_cache 1m',
    'pupil_password_hash queue=2', 'pupil_pool data depth=2',
    'pupil_login_pace rate=60',
    'pupil_session_timeout idle=1h', 'pupil_audit_durability on',
    'pupil_audit_holes refuse', 'pupil_probe on',
    "pupil_login_provider $provider through=/idp/",
    'pupil_login_tenant a id=' . uuid();


# ---- what may be beside what

# One directive after the other, each with these words.
sub beside ($directive, @words) { join ' ', map { "$directive $_;" } @words }

my %id = map { $_ => 'id=' . uuid() } qw(a b);
for my $case (['the same school', 'a', "b $id{b} schools=2,1"],
    ['one of any provider and one of one', 'a', "b $id{b} schools=uni:1"],
    ['the same id', 'already', "b $id{a}"])
{
    my ($name, $says, $other) = @$case;
    refused "tenants: $name", $says eq 'a' ? qr/"1" cannot be of both/
        : qr/there already/, server => $all, http => beside(
        'pupil_login_tenant', "a $id{a} schools=1", $other);
}
accepted 'tenants of schools of their own', server => $all, http => beside(
    'pupil_login_tenant', "a $id{a} schools=1,uni:2", "b $id{b} schools=12,skol:2");
refused 'tenants, and a variable', qr/takes the UUID of the tenant/,
    base => { tenant => '' }, server => $all, http => 'map $host $tenant {'
    . " default x; } pupil_tenant \$tenant; pupil_login_tenant a $id{a};";
refused 'tenants, and no page to choose on', qr/needs choose=/, server => $all,
    http => "pupil_login_tenant a $id{a};"
            . "pupil_login_provider $provider through=/idp/;";
accepted 'tenants, and a provider that says nothing of schools', server => $all,
    http => "pupil_login_tenant a $id{a}; pupil_login_provider "
            . $provider =~ s/uni-login/sub/r . ' through=/idp/;';
accepted 'tenants, and one', server => $all, http =>
    "pupil_login_tenant a $id{a};"
    . "pupil_login_provider $provider through=/idp/ choose=/choose;";

my %at = (a => 'a issuer=https://a.example client_id=x through=/idp/',
          b => 'b issuer=https://b.example client_id=x through=/idp/',
          again => 'c issuer=https://a.example client_id=x through=/idp/');
my $nin = 'profile=bankid claim=ssn';
for my $case (
    ['no prefix', "$at{a} profile=sub", "$at{b} profile=sub"],
    ['none of one', "$at{a} profile=sub prefix=a:", "$at{b} profile=sub"],
    ['the same', "$at{a} profile=sub prefix=a:",
     "$at{b} profile=uni-login prefix=a:"],
    ['a longer one', "$at{a} profile=sub prefix=a:",
     "$at{b} profile=sub prefix=a:b"],
    ['one issuer, two claims', "$at{a} profile=sub",
     "$at{again} profile=sub claim=email"],
    ['one issuer, numbers of two countries', "$at{a} $nin loa=se",
     "$at{again} $nin loa=dk"],
    ['one of both shares', "$at{a} profile=sub shared_names",
     "$at{b} profile=sub"],
    ['both share, and do not', "$at{a} profile=sub prefix=a: shared_names",
     "$at{b} profile=sub prefix=a:b shared_names"])
{
    my ($name, @providers) = @$case;
    refused "prefixes: $name", qr/it could name accounts of "a": give both/,
        server => $all, http => beside('pupil_login_provider', @providers);
}
for my $case (
    ['two', "$at{a} profile=sub prefix=a:", "$at{b} profile=sub prefix=b:"],
    ['one issuer twice', "$at{a} profile=sub",
     "$at{again} profile=sub acr_values=high"],
    ['who is one person at both', "$at{a} $nin loa=x prefix=n: shared_names",
     "$at{b} $nin loa=y prefix=n: shared_names"])
{
    my ($name, @providers) = @$case;
    accepted "prefixes: $name", server => $all,
        http => beside('pupil_login_provider', @providers);
}


# ---- guards

accepted 'a guard of any location', server => join '', map {
    "location $_ { pupil_access a purpose=learning; return 204; }\n" }
    qw(/a =/b ~^/c @d);
accepted 'one that is switched off inside', server => 'location /a {
    pupil_access a purpose=learning; location /a/b { pupil_access off; }
    location /a/c { pupil_session; } if ($http_x) { return 204; } }';
refused 'a guard of a handler', qr/a location of its own/, server =>
    'location /a { pupil_session; pupil_access a purpose=learning; }';
refused 'a handler behind a guard', qr/a location of its own/, server =>
    'location /a { pupil_access a purpose=learning; pupil_session; }';
refused 'two guards', qr/a location of its own|duplicate/, server =>
    'location /a { pupil_access a purpose=learning; pupil_access off; }';
refused 'a guard of a server', qr/not allowed here/, server =>
    'pupil_access a purpose=learning;';
refused "a guard: $_->[0]", $_->[1], server => "location /a { pupil_access"
    . " $_->[0]; }" for
    ['A purpose=learning', qr/name of an application/],
    ['a', qr/needs purpose=/],
    ['a purpose=commerce', qr/is none of: authentication, teaching/],
    ['a purpose=learning role=king', qr/role= takes roles/],
    ['a purpose=learning age=1s', qr/out of bounds: 1m to 31d/],
    ['a purpose=learning login=https://elsewhere.example/', qr/login= takes/],
    ['a purpose=learning claims=identity.given_name',
     qr/its plugin does not grant it/],
    ['a purpose=authentication claims=enrolment.class_id',
     qr/not one record for each person/];
refused 'a claim that is denied', qr/pupil_deny takes it away/,
    http => 'pupil_deny identity.family_name;', server => 'location /a {
    pupil_access a purpose=authentication claims=identity.family_name; }';
refused 'a guard without a tenant', qr/needs pupil_tenant/,
    base => { tenant => '' },
    server => 'location /a { pupil_access a purpose=learning; }';
refused 'a guard without a database', qr/add "pupil_database/,
    base => { database => '' },
    server => 'location /a { pupil_access a purpose=learning; }';


# ---- the key file

my @keys = (
    ['missing', qr/pupil_master_key: /, undef],
    ['readable by others', qr/pupil_master_key: /,
     'pupil-kek-v1 1 ' . 'ab' x 32 . "\n", 0644],
    ['not a key', qr/pupil_master_key: /, "hello\n", 0600],
    ['too short', qr/pupil_master_key: /, "pupil-kek-v1 1 abcd\n", 0600],
);
for my $bad (@keys) {
    my ($name, $message, $text, $mode) = @$bad;
    my $file = tmp_dir() . '/bad-key';
    unlink $file;
    spew($file, $text, $mode) if defined $text;
    my $run = check(base => { key => "pupil_master_key $file;" });
    isnt $run->{code}, 0, "a key file that is $name";
    like $run->{err}, $message, 'with a message';
    unlike $run->{err}, qr/abcd|abababab/, 'that shows nothing of it';
}


# ---- narrowing (I4)

refused 'denied to what cannot work without', qr/pupil_deny takes it away/,
    http => 'pupil_deny credential;', server => $all;
refused 'all that a handler is for', qr/pupil_deny takes it away/,
    server => 'location /v1/homework { pupil_homework; pupil_deny homework; }';
accepted 'a part of it',
    server => 'location /v1/homework { pupil_homework;
        pupil_deny homework purpose=teaching; }';

done_testing;
