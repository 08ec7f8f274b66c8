#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I10: no row of one tenant is ever visible in another's request.  Two schools
# in one database, one nginx; first as it is, then with the code's own filter
# taken out of each statement on its way to PostgreSQL, so that row-level
# security stands alone.

use lib 't/lib';
use Pupil::Test;
use Pupil::Away;
use Pupil::Day;
use Pupil::PgProxy;

my $site = pupil_up(import => 1);
my ($pg, $db) = ($site->pg, $site->db);
my $tenant = $site->tenant;
# The same people live there, under other pseudonyms and passwords.
my $there = Pupil::Day::neighbour($site);
my $neighbour = $there->tenant;
isnt $neighbour, $tenant, 'two tenants';

# "tenant = $2" and the like become true; the parameter keeps its type.
my $stripped = tmp_dir() . '/stripped';
sub strip ($type, $body) {
    return $body if $type ne 'P' || !-e "$stripped.on";
    my $count = $body =~ s/\b(?:\w+\.)?tenant = \$2\b/\$2 IS NOT NULL/g;
    if ($count) {
        open my $out, '>>', $stripped or die "$stripped: $!\n";
        print {$out} 'x' x $count;
    }
    return $body;
}
spew($stripped, '');
my $proxy = Pupil::PgProxy->new($pg, client => \&strip);

my $nginx = $site->nginx(
    conf => { pupil_database => '"' . $site->gateway('pupil',
                  host => '127.0.0.1', port => $proxy->port,
                  sslmode => 'disable') . '"',
              pupil_tenant => '$school' },
    http => Pupil::Away::map($site, $there))->start;
my $here = bless { site => $site, nginx => $nginx, people => {}, http => {} },
    'Pupil::Day';
my $away = Pupil::Away->day($there, $nginx);

sub audit_of ($res) {
    return join ' ', sort @{ $db->selectcol_arrayref('SELECT tenant || outcome'
        . ' FROM pupil.audit_record WHERE request = ?', {},
        $res->request_id) };
}

# Everything that one could ask of the other.  Nothing must be found: a row of
# the other tenant's would not be authentic, and so be on record as tampering.
sub apart ($how) {
    my ($mine, $theirs) = ($here->homework->{id}, $away->homework->{id});
    my $their_pupil = $away->person('pupil')->{id};
    my $res;

    for my $ask ($here->requests) {
        next if $ask->{name} =~ /take back|another's|not assigned|log-in/;
        my $res = $here->ask($ask);
        is $res->status, $ask->{status}, "$how: $ask->{name} works"
            or diag $res->text;
        unlike $res->body, qr/There|$theirs|$their_pupil/,
            "$how: nothing from there";
        unlike audit_of($res), qr/tampered/, "$how: no row was in the way";
    }

    $res = $here->teacher->get('/v1/homework');
    my %classes = map { $_->{class}{id} => 1 } @{ $res->json->{homework} };
    my @foreign = grep { $db->selectrow_array('SELECT tenant FROM pupil.class'
        . ' WHERE class = ?', {}, $_) ne $tenant } sort keys %classes;
    is "@foreign", '', "$how: only classes of this tenant";
    is $here->teacher->get("/v1/homework/$mine")->json->{summary}{pupils}, 30,
        "$how: only pupils of this tenant are counted";

    for my $case (
        [teacher => GET => "/v1/homework/$theirs"],
        [teacher => GET => "/v1/homework/$theirs/progress"],
        [teacher => GET => "/v1/homework/$theirs/answers"],
        map({ my $of = "/v1/homework/$_/pupils/$their_pupil";
              [teacher => PUT => "$of/assessment", { comment => 'Bra' }],
              [teacher => GET => "$of/assessment"],
              [teacher => POST => "$of/return"] } $mine, $theirs),
        [pupil => GET => "/v1/homework/$theirs/assessment"],
        [teacher => PATCH => "/v1/homework/$theirs", { title => 'Min' }],
        [teacher => DELETE => "/v1/homework/$theirs"],
        [teacher => GET => "/v1/data/identity/$their_pupil"],
        [teacher => POST => '/v1/homework',
         $here->body(class_id => $away->class_id)],
        [pupil => POST => '/v1/progress', $here->answer($away->homework)],
        [pupil => GET => "/v1/homework/$theirs"])
    {
        my ($who, $method, $path, $json) = @$case;
        $res = $here->as($who)->request($method, $path,
                                        $json ? (json => $json) : ());
        is_problem $res, 404, 'not-found', name => "$how: $method $path";
        is audit_of($res), "${tenant}not_found",
            "$how: not found, and nothing that was tampered with";
    }

    # The same id in both: each has its own.
    my %id = (id => uuid());
    for my $day ($here, $away) {
        $res = $day->pupil->post('/v1/progress',
            json => $day->answer($day->homework, 0, %id));
        is $res->status, 201, "$how: an id is free in each tenant";
    }
    $res = $here->pupil->get('/v1/progress');
    is scalar(grep { $_->{id} eq $id{id} } map { @$_ }
              grep { ref eq 'ARRAY' } values %{ $res->json }), 1,
        "$how: and comes once";

    # A session, a name and a password are a tenant's own.
    my $http = $nginx->http;
    $http->cookies->{'__Host-pupil'}
        = $away->pupil->cookies->{'__Host-pupil'};
    $res = $http->get('/v1/session');
    is_problem $res, 401, 'no-session', name => "$how: no session from there";
    is audit_of($res), '', "$how: it is not there at all";
    $res = $nginx->http->login($away->person('pupil')->{login},
                               $away->person('pupil')->{password});
    is_problem $res, 401, 'invalid-credentials',
        name => "$how: a password from there is wrong here";
    is audit_of($res), "${tenant}refused", "$how: no tampering seen";
    is $nginx->http->login($here->person('pupil')->{login},
                           $here->person('pupil')->{password})->status, 200,
        "$how: the own one is right";
    $db->do('DELETE FROM pupil.login_throttle');
}


# Each row of this tenant has a twin there, with the same ids: whatever is not
# kept apart comes twice, and is not authentic.
sub twins {
    my $tables = $db->selectcol_arrayref(<<'SQL');
SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant'
 WHERE n.nspname IN ('pupil', 'data') AND c.relkind = 'r'
   AND NOT c.relispartition AND c.relname <> 'tenant' ORDER BY 1
SQL
    my $made = 0;
    for my $table (@$tables) {
        my @columns = @{ $db->selectcol_arrayref('SELECT quote_ident(attname)'
            . ' FROM pg_attribute WHERE attrelid = ?::regclass AND attnum > 0'
            . " AND NOT attisdropped AND attname <> 'tenant'", {}, $table) };
        $made += $db->do("INSERT INTO $table (tenant, "
            . join(', ', @columns) . ") SELECT '$neighbour', "
            . join(', ', @columns) . " FROM $table WHERE tenant = '$tenant'"
            . ' ON CONFLICT DO NOTHING');
    }
    return $made;
}

$here->ready;
$_->work for $here, $away;
cmp_ok twins(), '>', 500, 'rows have twins in the other tenant';
is_problem $nginx->http->get('/v1/session', header => { 'X-School'
    => 'none' }), 404, 'unknown-tenant';
apart('as it is');

# ---- without the code's own filter

spew("$stripped.on", '');
$here->reload;
is_deeply [map { $_->cookies->{'__Host-pupil'} ? () : 'gone' }
           $here->pupil, $away->pupil], [], 'the same sessions go on';
$_->close for $here->pupil, $away->pupil;
my $before = length slurp($stripped);
apart('row-level security alone');
cmp_ok length(slurp($stripped)), '>', 60,
    'the filter was taken out of the statements';


# ---- the roles themselves

for my $role (qw(pupil_gateway pupil_operator)) {
    my $dbh = $pg->connect('pupil', user => $role,
                           password => $site->{roles}{$role});
    my @tables = @{ $db->selectcol_arrayref(<<'SQL') };
SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant'
 WHERE n.nspname IN ('pupil', 'data') AND c.relkind IN ('r', 'v', 'p')
   AND NOT c.relispartition ORDER BY 1
SQL
    cmp_ok scalar(@tables), '>', 15, 'tables with a tenant';
    for my $set (['no tenant', ''], ['the tenant', $tenant]) {
        my ($name, $value) = @$set;
        $dbh->do("SELECT set_config('pupil.tenant', ?, false)", {}, $value);
        my @open = grep {
            my $n = eval { $dbh->selectrow_array("SELECT count(*) FROM $_"
                . ' WHERE tenant <> ?', {}, $value || $tenant)
                + ($value ? 0 : $dbh->selectrow_array(
                      "SELECT count(*) FROM $_")) };
            $n;
        } @tables;
        # The operator chooses among tenants: their names are no person's.
        @open = grep { $_ ne 'pupil.tenant' } @open
            if $role eq 'pupil_operator';
        is "@open", '', "$role, $name set: no row of another's";
    }
    ok !eval {
        $dbh->do('INSERT INTO pupil.login_throttle VALUES (?, ?, 1, now(),'
                 . ' now())', {}, $neighbour, 'x' x 32);
        1;
    }, "$role cannot write another's row";
    $dbh->disconnect;
}
my $bad = $db->selectcol_arrayref(<<'SQL');
SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant'
 WHERE n.nspname IN ('pupil', 'data') AND c.relkind IN ('r', 'p')
   AND NOT c.relispartition
   AND NOT (c.relrowsecurity AND c.relforcerowsecurity)
SQL
is "@$bad", '', 'row-level security is on, and forced, on every table';

done_testing;
