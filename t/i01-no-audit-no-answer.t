#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I1: no personal data leaves unless the audit record of the access is
# committed.  With a log that cannot be written, or that drops what is written
# without a word, every route answers 503, refusals and log-ins too, shows
# nothing and changes nothing.  Malformed requests and those without a session
# are counted and not recorded.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

my $day = Pupil::Day->up->all_here->work;
my $db = $day->db;

# Whatever of these is in an answer was shown.
my $PERSONAL = qr/Beane|Craig|Klein|\bOra\b|McMillan|Algebra|Contoso|bär
                 |skalbaggar|fråga|Kräft|Astronomi|snickeri|__Host/x;


# How a log can be unwritable: SQL that breaks it, SQL that mends it.
my $month = $db->selectrow_array(
    q{SELECT to_char(now() AT TIME ZONE 'UTC', '"audit_record_"YYYY_MM')});
my ($bounds) = $db->selectrow_array('SELECT pg_get_expr(relpartbound, oid)'
    . ' FROM pg_class WHERE relname = ?', {}, $month);
my $log = 'pupil.audit_record';
my @breaks = (
    ['no privilege', "REVOKE INSERT ON $log FROM pupil_gateway",
     "GRANT INSERT ON $log TO pupil_gateway"],
    ['a constraint that no row meets',
     "ALTER TABLE $log ADD CONSTRAINT no CHECK (false) NOT VALID",
     "ALTER TABLE $log DROP CONSTRAINT no"],
    ['no partition for today', "ALTER TABLE $log DETACH PARTITION"
     . " pupil.$month",
     "ALTER TABLE $log ATTACH PARTITION pupil.$month $bounds"],
    # The statement itself succeeds and has sent its rows: pitfall 12.
    ['a failure at the commit', <<"SQL", "DROP TRIGGER no ON pupil.$month"],
CREATE OR REPLACE FUNCTION pupil.no() RETURNS trigger LANGUAGE plpgsql AS
    \$\$ BEGIN RAISE EXCEPTION 'not today'; END \$\$;
CREATE CONSTRAINT TRIGGER no AFTER INSERT ON pupil.$month
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION pupil.no();
SQL
    # Nothing fails: only a count tells (rows that a trigger takes away).
    ['records that are dropped', <<"SQL", "DROP TRIGGER no ON pupil.$month"],
CREATE OR REPLACE FUNCTION pupil.no() RETURNS trigger LANGUAGE plpgsql AS
    \$\$ BEGIN RETURN NULL; END \$\$;
CREATE TRIGGER no BEFORE INSERT ON pupil.$month
    FOR EACH ROW EXECUTE FUNCTION pupil.no();
SQL
);


# ---- every route of the document has a request here

# These are answered without a record, as they show nothing personal.  A
# log-out takes access away and gives none: that it cannot be recorded must
# not leave a session open.  The way to a provider and back is gone in
# t/login-oidc.t, a provider says that somebody has logged out in
# t/login-oidc-logout.t, the second half of a log-in is t/second-factor.t's, and
# new codes of recovery are t/recovery-codes.t's.
my %unrecorded = map { $_ => 1 } 'GET /status', 'GET /status/live',
    'GET /status/ready', 'GET /v1/data/', 'GET /v1/login',
    'DELETE /v1/session',
    map({ "GET /v1/login/{provider}$_" } '', '/logout', '/step-up'),
    'POST /v1/login/{provider}/backchannel-logout',
    'POST /v1/login/second-factor', 'POST /v1/login/recovery-codes',
    map({ "POST /v1/login/$_" } qw(forgotten password tenant code
                                   sign-up sign-up/confirm)),
    map({ "$_ /v1/login/{provider}/tenant" } qw(GET POST)),
    map { "$_ /v1/login/{provider}/callback" } qw(GET POST);

my $list = run_cmd('node', root_dir() . '/t/browser/openapi.mjs', 'list',
                   root_dir() . '/docs/openapi.yaml');
my @routes = split /\n/, $list->{out};
my @asked = map { "$_->{method} $_->{path}" } $day->requests;
cmp_ok scalar(@routes), '>=', 20, 'the routes of the document';
is_deeply [grep {
    my $like = s/\{\w+\}/[^\/]+/gr;
    !$unrecorded{$_} && !grep { /^$like$/ } @asked
} @routes], [], 'each is asked here';


# ---- everything works

is_deeply [grep { $_ } map {
    my $before = $day->audited;
    my $res = $day->ask($_);
    $res->status != $_->{status} ? "$_->{name}: " . $res->text
    : $day->audited > $before ? undef : "$_->{name}: not recorded"
} grep { $_->{name} ne 'take back' } $day->requests], [],
    'all is well: every access is answered, and recorded';


# ---- no log: no answer

for my $break (@breaks) {
    my ($how, $break_sql, $mend_sql) = @$break;
    $db->do('DELETE FROM pupil.login_throttle');
    my $stored = $day->stored;
    my $audited = $day->audited;
    $db->do($break_sql);

    for my $ask ($day->requests) {
        my $res = $day->ask($ask);
        my @faults = problem_faults($res, 503, 'unavailable');
        push @faults, 'shown: ' . $res->text
            if $res->text =~ $PERSONAL || $res->body =~ $PERSONAL;
        push @faults, 'a cookie' if $res->headers('set-cookie');
        ok !@faults, "$how: $ask->{name} is answered 503, and no more"
            or diag join "\n", @faults;
    }

    $db->do($mend_sql);
    is $day->stored, $stored, "$how: nothing is changed";
    is $day->audited, $audited, "$how: nothing is recorded";
    is $day->pupil->get('/v1/session')->status, 200,
        "$how: over, and all is well again";
}


# ---- a log-out: no record, and no need of one

for my $break (@breaks) {
    my ($how, $break_sql, $mend_sql) = @$break;
    my $leaver = $day->as('colleague')->fresh;
    is $leaver->login(@{ $day->credentials('colleague') }{
        qw(identifier password) })->status, 200, 'somebody is there';
    $db->do($break_sql);
    my $res = $leaver->delete('/v1/session');
    is $res->status, 204, "$how: whoever leaves may";
    is $res->body, '', "$how: and is shown nothing";
    $db->do($mend_sql);
}


# ---- counted only

my @only_counted = (
    [400, pupil => POST => '/v1/progress', '{'],
    [422, pupil => POST => '/v1/progress', '{"id":"no"}'],
    [415, pupil => POST => '/v1/progress', '{}', type => 'text/plain'],
    [405, pupil => PUT => '/v1/homework', '{}'],
    [422, nobody => POST => '/v1/login', '{"identifier":"a"}'],
    [401, nobody => GET => '/v1/session'],
    [401, nobody => GET => '/v1/homework'],
    [401, nobody => GET => '/v1/data/identity'],
);
my $audited = $day->audited;
my $before = $day->nginx->http->get('/status')->body;
for my $case (@only_counted) {
    my ($status, $who, $method, $path, $body, %opt) = @$case;
    my $http = $who eq 'nobody' ? $day->nginx->http : $day->as($who);
    is $http->request($method, $path,
                      defined $body ? (body => $body, %opt) : ())->status,
        $status, "$method $path by $who: $status";
}
is $day->audited, $audited, 'none of them is in the log';
isnt $day->nginx->http->get('/status')->body, $before, 'but they are counted';

# The last of the requests, and after it what is not there.
my ($take) = grep { $_->{name} eq 'take back' } $day->requests;
is $day->ask($take)->status, 204, 'the homework is taken back';
is $day->pupil->get($take->{path})->status, 404, 'and gone';

done_testing;
