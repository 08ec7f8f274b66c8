#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# nginx -t and pupilctl check go by the same rules: of a configuration both
# have the same opinion, and say it in the same words.  And what pupilctl check
# prepares is all that a worker prepares.

use lib 't/lib';
use Pupil::Test;

my $site = pupil_up();
my $plugins = Pupil::Nginx::plugins();
my $bad_plugins = build_dir() . '/t/plugins/bad';
my @all = map { m{/pupil_(\w+)\.so$} } sort glob "$plugins/pupil_*.so";

# What both say of a configuration; see Pupil::Site for the options.
sub both ($opt, @how) {
    my $nginx = $site->nginx(@$opt)->disown;
    my $test = $nginx->test;
    my $check = $site->ctl('check', $nginx->conf_file, @how);
    my ($said) = $test->{err}
        =~ m{\[emerg\] (?:\d+#\d+: )?(.*) in \S+:\d+$}m;

    # where it is, which each says in its own way
    $said =~ s/^(?:location "[^"]*"|pupil_\w+): // if defined $said;

    return { nginx => $test->{code}, check => $check->{code}, said => $said,
             found => $check->{out} . $check->{err},
             err => $test->{err} };
}

# All plugins but these.
sub without (@names) {
    my %gone = map { $_ => 1 } @names;
    return [grep { !$gone{$_} } @all];
}

sub plugin ($text) { (pupil => "pupil_plugin $text;\n") }
sub conf (%conf) { (conf => \%conf) }
sub locations (%more) { (locations => \%more) }

my $no_accepted = spew(tmp_dir() . '/accepted', "pupil-accepted-v1\n");
my $open_key = spew(tmp_dir() . '/open', slurp($site->key), 0644);
my $keystore = '"' . $site->gateway('pupil_keys') . '"';


# ---- the same opinion, in the same words

my @refused = (
    ['no pupil_database', conf(pupil_database => undef)],
    ['no pupil_keystore', conf(pupil_keystore => undef)],
    ['no pupil_master_key', conf(pupil_master_key => undef)],
    ['no list of common passwords', conf(pupil_password_new => undef)],
    ['no pupil_plugin', plugins => []],
    ['same_cluster=on', conf(pupil_keystore => "$keystore same_cluster=on")],
    ['same_cluster=off',
     conf(pupil_keystore => "$keystore same_cluster=off")],
    ['a key file that is not there',
     conf(pupil_master_key => '/no/such/key')],
    ['a key file that all can read', conf(pupil_master_key => $open_key)],
    ['grants that were not accepted', conf(pupil_accepted => $no_accepted)],
    ['a plugin that is not there', plugin('/no/such.so')],
    ['a plugin of another ABI', plugin("$bad_plugins/major.so")],
    ['a plugin twice', plugin("$plugins/pupil_identity.so")],
    ['half a hash', plugins => without('example'),
     plugin("$plugins/pupil_example.so sha256=12")],
    ['two hashes', plugins => without('example'),
     plugin("$plugins/pupil_example.so"
            . ' sha256=' . 'ab' x 32 . ' sha256=' . 'ab' x 32)],
    ['a hash of something else', plugins => without('example'),
     plugin("$plugins/pupil_example.so sha256=" . 'ab' x 32)],
    ['an unknown option', plugins => without('example'),
     plugin("$plugins/pupil_example.so colour=red")],
    ['an unknown category', pupil => "pupil_deny shoes;\n"],
    ['an unknown field', pupil => "pupil_deny identity.shoe_size;\n"],
    ['an unknown purpose', pupil => "pupil_deny identity purpose=fun;\n"],
    ['a field that a log-in needs',
     pupil => "pupil_deny credential.login_id;\n"],
    ['the same in the location alone',
     locations(login => 'pupil_deny credential.login_id;')],
    ['a category that a log-in needs', plugins => without('credential')],
    ['a required want of another category alone',
     locations(homework => 'pupil_deny homework;')],
    ['a category whose table a statement names',
     plugins => without('identity')],
    ['the same of one endpoint', plugins => without('progress')],
    ['a table that no want is of', plugins => without('homework'),
     locations(homework => undef)],
    ['a denial before the plugin that it is of',
     plugins => ['identity'], pupil => 'pupil_deny contact; ' . join '',
     map { "pupil_plugin $plugins/pupil_$_.so;" } grep { $_ ne 'identity' }
     @all],

    ['no pupil_tenant', conf(pupil_tenant => undef)],
    ['a regular expression', server => 'location ~ ^/x { pupil_session; }'],
    ['a regular expression in one word',
     server => 'location ~*^/x { pupil_session; }'],
    ['a named location', server => 'location @x { pupil_session; }'],
    ['a location without a slash', server => 'location x { pupil_session; }'],
    ['two handlers', server => 'location /x { pupil_session; pupil_data; }'],
    ['a handler twice',
     server => 'location /x { pupil_status; pupil_status; }'],
    ['idle over absolute',
     conf(pupil_session_timeout => 'idle=2h absolute=1h')],
    ['idle over what absolute is', conf(pupil_session_timeout => 'idle=13h')],
    ['idle over an absolute of outside',
     conf(pupil_session_timeout => 'absolute=1h'),
     locations(session => 'pupil_session_timeout idle=90m;')],
    (map { ["a guard: $_", server => "location /x { pupil_access $_; }"] }
     'A purpose=learning', 'a', 'a purpose=fun', 'a purpose=learning role=x',
     'a purpose=learning age=1s', 'a purpose=learning claims=identity.shoe',
     'a purpose=learning claims=identity.given_name',
     'a purpose=authentication claims=enrolment.class_id',
     'a purpose=learning; pupil_data', 'a purpose=learning; pupil_access off'),
    ['bodies in files',
     locations(login => 'client_body_in_file_only on;')],
    ['the same around it', server => 'client_body_in_file_only clean;'],

    ['an unknown directive', pupil => "pupil_colour red;\n"],
    ['a block', server => 'location /x { pupil_session { } }'],
    ['a directive of http in a location',
     locations(data => 'pupil_probe on;')],
    ['a handler in a server', server => 'pupil_session;'],
    ['a handler in an if',
     server => 'location /x { if ($http_x) { pupil_session; } }'],
    ['a directive of http at the top', main => "pupil_probe on;\n"],
);

# A wrong value of each directive; and, as '', none at all.
my @wrong = (
    [pupil_database => '', '"host"', '"postgresql://[/"', '"dbname=a" b'],
    [pupil_keystore => '', '"host"', '"dbname=a" same_cluster b'],
    [pupil_pool => '', 'data', 'both connections=1', 'data size=1',
     'data connections=0', 'data connections=65', 'data connections=',
     'data connections=x', 'keys depth=129', 'data queue=65537',
     'data statement_timeout=1ms', 'data connect_timeout=11m',
     'data connect_timeout=1x', 'data connections=2 writers=2',
     'data writers=6', 'data writers=3 audit=3', 'keys writers=1',
     'keys audit=1', 'data share=0', 'keys share=101', 'data share=50%',
     'data depth=1 depth=2', 'connections=1 data'],
    [pupil_audit_durability => '', 'maybe', 'on off'],
    [pupil_audit_group => '', '0', '129', 'x', '1 2'],
    [pupil_audit_holes => '', 'on', 'refuse refuse'],
    [pupil_request_timeout => '', '99ms', '0', '11m', 'x', '1s 2s'],
    [pupil_unsent_answers => '', 'session=63k', 'worker=2g', 'all=1m',
     'session=1m session=1m', 'session=x', 'session=1m worker=1m 1m'],
    [pupil_master_key => '', 'a b'],
    [pupil_key_cache => '', 'of', 'off owners=2000', 'owners=10',
     'owners=99999999999999999999', 'lifetime=1ms', 'lifetime=2d',
     'lifetime=x', 'owners=2000 lifetime=1h off', 'off off'],
    [pupil_homework_cache => '', '15k', '0', 'on', '2g', '-1', '8mm',
     '2000m', '" "', 'off off'],
    [pupil_plugin => '', '/no/such.so'],
    [pupil_accepted => '', '/no/such', $open_key, 'a b'],
    [pupil_ledger => '', '/no/such', '/no/such signer=x', 'a b',
     "$open_key signer=x", 'a signer=x b'],
    [pupil_deny => '', 'nothing', 'identity relation=friend',
     'identity colour=red'],
    [pupil_tenant => '', 'X', 'ABCDEF00-0000-4000-8000-000000000000',
     '00000000-0000-0000-0000-000000000000', '""'],
    [pupil_session_zone => '', 'x', ':1m', 'x:1k', 'x:y', 'x:1m valid=1h',
     'x:1m valid=1ms', 'x:1m vali=1s', 'x:1m valid=1s valid=1s'],
    [pupil_session_timeout => '', 'idle=1s', 'absolute=1y', 'idle=x',
     'ide=1h', 'idle=1h idle=1h', 'idle=1h absolute=2h absolute=3h',
     'idle=500ms'],
    [pupil_session_limit => '', '0', '1001', 'x', '3 4'],
    [pupil_support_grant => '', '59s', '25h', 'x', '1h 2h'],
    [pupil_login_password => '', 'on', 'pupils', 'off off'],
    [pupil_score_claims => '', 'yes', 'off off'],
    [pupil_login_network => '', '""', '$http_x', 'a${cookie_b}', '$arg_c',
     '$query_string', '$request_uri', '$remote_addr', 'north off'],
    [pupil_step_up => '', '10m', 'teacher=on', 'dpo=59s', 'parent=10m'],
    [pupil_mail => '', 'on', 'fi', 'sv da',
     'off forgotten=https://a.example/b', 'sv forgotten=https://a.example',
     'sv forgotten=http://a.example/b', 'off second_factor',
     'sv forgotten=https://a.example/#b'],
    [pupil_sign_up => '', 'on', 'off trial=30d',
     map { "tenant=6f1c2c4e-7d1f-4a53-9d2e-0f5a3a1b9c77 $_" } '',
     'institution=6f1c2c4e-7d1f-4a53-9d2e-0f5a3a1b9c77 page=https://a.example/b',
     'institution=x page=https://a.example/b trial=30d'],
    [pupil_second_factor => '', 'required', 'teacher=on', 'parent=off',
     'teacher=off teacher=required'],
    [pupil_login_provider => '', 'a', 'A issuer=https://a.example',
     'a issuer=http://a.example client_id=x', 'a client_id=x colour=red',
     'a issuer=https://a.example client_id=x profile=bankid',
     'a issuer=https://a.example client_id=x profile=eppn through=idp'],
    [pupil_login_tenant => '', 'a', 'A id=6f1c2c4e-7d1f-4a53-9d2e-0f5a3a1b9c77',
     'a id=6F1C2C4E-7d1f-4a53-9d2e-0f5a3a1b9c77', 'a schools=1',
     map { "a id=6f1c2c4e-7d1f-4a53-9d2e-0f5a3a1b9c77 schools=$_" } 'a,', ',a',
     'a,b,a', 'uni:', ':a', 'uni:a,a', 'a.b', 'a' x 33],
    [pupil_password_hash => '', 'memory=8m', 'memory=2000m', 'memory=x',
     'iterations=1', 'iterations=11', 'queue=0', 'queue=1025', 'parallel=0',
     'parallel=65', 'pool=', 'pool=a pool=b', 'lanes=2'],
    [pupil_login_pace => '', 'rate=0', 'rate=60001', 'rate=x', 'queue=0',
     'queue=1025', 'rate=1 rate=2', 'burst=2'],
    [pupil_password_new => '', '/nowhere', '/dev/null length=7',
     '/dev/null length=65', '/dev/null a b'],
    [pupil_allowed_origin => '', 'http://a.example', 'https://a.example/',
     'a.example', 'https://', 'https://a.example b'],
    [pupil_probe => '', 'maybe', '1', 'on off'],
    [pupil_behind_proxy => '', 'maybe', '1', 'on off'],
);
my $docs = slurp(root_dir() . '/docs/directives.md');
my @handlers = $docs =~ /^\#\#\# [ ] (\w+) \n (?:(?!^\#).)*?
                         ^\*\*Context:\*\* [ ] `location`$/gmsx;
cmp_ok scalar(@handlers), '>=', 6, 'handlers are documented';

for my $row (@wrong) {
    my ($directive, @values) = @$row;

    push @refused, map { ["$directive $_", $directive =~ /_(?:plugin|deny)$/
        ? (pupil => "$directive $_;\n") : conf($directive => $_)] } @values;
}

push @refused, map { ["$_ on", server => "location /x { $_ on; }"] }
    @handlers;

# Twice, where once is enough.
push @refused, ["$_ twice", pupil => "$_; $_;\n"]
    for 'pupil_pool data depth=2', 'pupil_audit_durability on',
        'pupil_audit_group 2', 'pupil_key_cache owners=2000',
        'pupil_key_cache off', 'pupil_homework_cache 1m',
        'pupil_session_timeout idle=1h', 'pupil_password_hash queue=2',
        'pupil_login_pace rate=60', 'pupil_probe on';
push @refused, ["$_ twice", pupil => "$_;\n"]
    for 'pupil_database "dbname=a"', 'pupil_keystore "dbname=a"',
        "pupil_master_key $open_key", 'pupil_tenant ' . uuid(),
        'pupil_session_zone x:1m', 'pupil_login_password off';
push @refused, ['pupil_login_network twice', pupil =>
                "pupil_login_network a; pupil_login_network b;\n"];

# What cannot be beside each other.
my $idp = 'issuer=https://a.example client_id=x through=/idp/';
push @refused, map { [$_->[0], pupil => "$_->[1]\n"] }
    ['tenants of one school', join '', map { "pupil_login_tenant $_ id="
        . uuid() . ' schools=1; ' } qw(a b)],
    ['tenants, and no page to choose on', 'pupil_login_tenant a id=' . uuid()
        . "; pupil_login_provider uni $idp profile=uni-login;"],
    ['providers of one prefix', "pupil_login_provider a $idp profile=sub;"
        . " pupil_login_provider b $idp profile=eppn;"];
push @refused, ['tenants, and a variable', conf(pupil_tenant => '$host',
    pupil_login_tenant => 'a id=' . uuid())];

my %documented = map { $_ => 1 } $docs =~ /^### (\w+)$/mg;
delete @documented{@handlers, map { $_->[0] } @wrong};
is join(' ', sort keys %documented), '',
    'each directive of docs/directives.md has a wrong value here';

# nginx -t asks no database, and pupilctl check need not.
for my $case (@refused) {
    my ($name, @opt) = @$case;
    my $both = both(\@opt, '--offline');

    isnt $both->{nginx}, 0, "$name: nginx -t refuses it";
    is $both->{check}, 1, "$name: so does pupilctl check";
    ok defined $both->{said} && index($both->{found}, $both->{said}) >= 0,
        "$name: in the same words"
        or diag $both->{err}, $both->{found};
}

my @accepted = (
    ['everything'],
    ['a part of what an endpoint is for',
     locations(homework => 'pupil_deny homework purpose=teaching;')],
    ['what an endpoint shows beside it', pupil => "pupil_deny identity;\n"],
    ['a category that only /v1/data/ serves', plugins => without('example')],
    ['a location that is denied all', locations(data => join '',
     map { "pupil_deny $_;" } @all)],
    ['the status alone', plugins => [],
     conf(map { $_ => undef } qw(pupil_database pupil_keystore
          pupil_master_key pupil_tenant pupil_session_zone
          pupil_login_password)),
     locations(map { $_ => undef } grep { $_ ne 'status' }
               Pupil::Site::endpoints())],
    ['a tenant of each location', conf(pupil_tenant => undef),
     locations(map { $_ => 'pupil_tenant ' . $site->tenant . ';' }
               grep { $_ ne 'status' } Pupil::Site::endpoints())],
    ['a tenant in a variable', conf(pupil_tenant => '$pupil_of_host'),
     http => "map \$host \$pupil_of_host { pupil_x " . $site->tenant . "; }\n"],
    ['tenants that share an address', conf(pupil_login_tenant => 'a id='
        . $site->tenant . ' schools=1', pupil_login_provider =>
        "uni $idp profile=uni-login choose=/choose")],
    ['a network in a variable', conf(pupil_login_network => '$school'),
     http => "geo \$school { default off; 10.0.0.0/8 north; }\n"],
    ['timeouts of two levels',
     conf(pupil_session_timeout => 'idle=13h absolute=1d'),
     locations(session => 'pupil_session_timeout idle=90m;')],
    ['both timeouts, one at a time',
     pupil => 'pupil_session_timeout idle=1h;'
              . " pupil_session_timeout absolute=2h;\n"],
    ['bodies in files, but not here',
     http => "client_body_in_file_only on;\n",
     server => 'client_body_in_file_only off;'],
    ['all kinds of prefixes', server => 'location =/a { pupil_session; }
     location ^~ /b { pupil_session; location /b/c { pupil_data; } }'],
    ['every value', pupil => <<'END'],
pupil_pool data connections=2 writers=1 audit=0 depth=16 queue=0 share=25
           statement_timeout=3s connect_timeout=1m30s;
pupil_pool keys connections=1 share=100;
pupil_audit_durability LOCAL; pupil_audit_group 1;
pupil_request_timeout 100ms; pupil_unsent_answers worker=512m session=64k;
pupil_key_cache owners=2000 lifetime=1d; pupil_homework_cache 16k;
pupil_session_timeout idle=5m absolute=31d; pupil_probe on;
pupil_password_hash memory=32m iterations=3 queue=8 parallel=1 pool=pupil;
pupil_login_pace rate=60 queue=8;
pupil_allowed_origin https://a.example https://b.example:8443;
END
    ['guards', server => join '', map { "location $_ { pupil_access forum"
        . ' purpose=authentication role=pupil,teacher age=1d login=/in'
        . ' claims=identity.given_name,enrolment.role; return 204; }' }
     qw(/a ~^/b @c)],
    ['a guard that is off', server => 'location /a { pupil_access off; }'],
    ['what is switched off', pupil =>
     "pupil_key_cache off; pupil_homework_cache OFF; pupil_probe Off;\n"],
);

for my $case (@accepted) {
    my ($name, @opt) = @$case;
    my $both = both(\@opt);

    is $both->{nginx}, 0, "$name: nginx -t accepts it" or diag $both->{err};
    is $both->{check}, 0, "$name: so does pupilctl check"
        or diag $both->{found};
}


# ---- what nginx alone can know

# ctl/check/nginxconf.c says why.  A certificate is left out: nginx's own.
my @alone = (
    ['a thread pool that is not there',
     pupil => "pupil_password_hash pool=slow;\n"],
    ['a variable that is not there', conf(pupil_tenant => '$no_such_thing')],
);

for my $case (@alone) {
    my ($name, @opt) = @$case;
    my $both = both(\@opt);

    isnt $both->{nginx}, 0, "$name: nginx -t refuses it";
    is $both->{check}, 0, "$name: pupilctl check cannot know"
        or diag $both->{found};
}


# ---- what pupilctl alone can know

my @unknown = (uuid(), uuid());
my $tenants = both([conf(pupil_tenant => '$pupil_of_host'),
    http => "map \$host \$pupil_of_host { hostnames; default $unknown[0];"
        . " a " . $site->tenant . "; b $unknown[1]; }\n"]);
is $tenants->{nginx}, 0, 'a tenant that the database has not: nginx -t';
is $tenants->{check}, 1, 'pupilctl check looks';
is join(' ', sort $tenants->{found} =~ /no tenant ([-0-9a-f]{36})/g),
    join(' ', sort @unknown), 'and names each once';


my $school = uuid();
$site->db->do('INSERT INTO pupil.institution (tenant, institution, title,'
    . " source) VALUES (?, ?, '', '')", {}, $site->tenant, $school);
for my $case ([$school, 0], [uuid(), 1]) {
    my $sign_up = both([conf(pupil_sign_up => 'tenant=' . $site->tenant
        . " institution=$case->[0] page=https://a.example/ trial=30d")]);
    is $sign_up->{check}, $case->[1], 'where teachers sign up to:'
        . ($case->[1] ? ' no school of the tenant' : ' a school')
        or diag $sign_up->{found};
    is scalar(() = $sign_up->{found} =~ /no such institution/g), $case->[1],
        'and how often that is said';
}


# ---- all that a worker prepares is prepared

my $conf = $site->nginx->disown->conf_file;

# [what, which database, SQL that breaks it, SQL that mends, the statement]
my @broken = (
    ['a look before a write', db =>
     'ALTER TABLE pupil.owner RENAME key_version TO version',
     'ALTER TABLE pupil.owner RENAME version TO key_version',
     'data example self look'],
    ['evidence of an enrolment', db =>
     'ALTER TABLE pupil.enrolment RENAME source TO origin',
     'ALTER TABLE pupil.enrolment RENAME origin TO source',
     'teaches evidence'],
    ['evidence of a role', db =>
     'ALTER TABLE pupil.role RENAME valid_from TO since',
     'ALTER TABLE pupil.role RENAME since TO valid_from', 'dpo evidence'],
    ['the end of the audit\'s partitions', db =>
     'ALTER FUNCTION pupil.audit_covered_until() RENAME TO until',
     'ALTER FUNCTION pupil.until() RENAME TO audit_covered_until',
     'audit_probe'],
    ['keys of tenants', keystore =>
     'ALTER TABLE keystore.tenant_key RENAME epoch TO era',
     'ALTER TABLE keystore.tenant_key RENAME era TO epoch', 'tenant_keys'],
    ['service keys', keystore =>
     'ALTER TABLE keystore.service_key RENAME wrapped TO packed',
     'ALTER TABLE keystore.service_key RENAME packed TO wrapped',
     'service_keys'],
    ['keys of owners', keystore =>
     'ALTER FUNCTION keystore.fetch_owner_keys(uuid, uuid[]) RENAME TO f',
     'ALTER FUNCTION keystore.f(uuid, uuid[]) RENAME TO fetch_owner_keys',
     'owner_keys'],
);

for my $case (@broken) {
    my ($name, $which, $break, $mend, $statement) = @$case;

    $site->$which->do($break);
    my $check = $site->ctl('check', $conf);
    is $check->{code}, 1, "I17: $name: pupilctl check finds it";
    like $check->{out}, qr/the statement "$statement" does not fit/,
        "I17: $name: and names it";
    $site->$which->do($mend);
}

is $site->ctl('check', $conf)->{code}, 0, 'mended, it finds nothing';


# ---- where no database is in reach

$site->pg->stop;
is $site->ctl('check', $conf)->{code}, 1, 'no database: it is said';
my $offline = $site->ctl('check', $conf, '--offline');
is $offline->{code}, 0, '--offline: none is asked';
like $offline->{out},
    qr/: [1-9]\d* locations, [1-9]\d* statements, 0 findings$/,
    'all of the configuration is looked at';

done_testing;
