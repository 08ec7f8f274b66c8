#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I18: rows that authorise are authentic.  A superuser edits sessions, roles,
# enrolments, index rows and the state of accounts, or makes them up: each is
# refused, and on record as tampering.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

# No zone: each request reads its session.  That of the end has one.
my $day = Pupil::Day->up(conf => { pupil_session_zone => undef });
my ($db, $nginx) = ($day->db, $day->nginx);
$day->all_here->work;
my %id = map { $_ => $day->person($_)->{id} }
    qw(pupil classmate teacher colleague admin other);
my $class = $day->class_id;
my $homework = $day->homework->{id};

sub outcomes ($res) { join ' ', sort @{ $day->outcomes($res) } }

# One edit, taken back: what the request then gives, and what is on record.
sub edited ($name, $sql, $ask, $status, $slug) {
    $db->begin_work;
    my $rows = $db->do($sql);
    $db->commit;
    die "$name: $rows rows\n" if $rows == 0;
    my $res = $ask->();
    is_problem $res, $status, $slug, name => "$name: refused",
        body_lacks => [qw(Klein McMillan Beane Kapitel)];
    like outcomes($res), qr/\btampered\b/, "$name: on record as tampering";
    my ($note) = map { $_->{note} // () } $day->audit($res);
    ok $note, "$name: which says what ($note)";
}

# Saves a table and puts it back.
sub keep ($table, $code) {
    $db->do("CREATE TEMP TABLE kept AS SELECT * FROM $table");
    $code->();
    my $columns = join ', ', map { "\"$_\"" } @{ $db->selectcol_arrayref(
        'SELECT attname FROM pg_attribute WHERE attrelid = ?::regclass'
        . " AND attnum > 0 AND NOT attisdropped AND attgenerated = ''", {},
        $table) };
    $db->do("DELETE FROM $table");
    $db->do("INSERT INTO $table ($columns) SELECT $columns FROM kept");
    $db->do('DROP TABLE kept');
}

sub show { $day->pupil->get('/v1/data/identity') }

is show()->status, 200, 'all is well';


# ---- sessions

my $of_pupil = "UPDATE pupil.session SET %s WHERE subject = '$id{pupil}'";
for my $edit (
    ["another's", "subject = '$id{classmate}'"],
    ['another role', "role = 'tenant_admin'"],
    ['another school', 'institution = gen_random_uuid()'],
    ['for a hundred years', "expires_at = expires_at + interval '100 years'"],
    ['seen just now', "seen_at = seen_at + interval '1 hour'"],
    ['made just now', "created_at = created_at + interval '1 hour'"],
    ['a bit of the MAC', 'mac = set_byte(mac, 3, get_byte(mac, 3) # 1)'],
    ['no MAC', "mac = ''"],
    ['the MAC of another', "mac = (SELECT mac FROM pupil.session WHERE"
     . " subject = '$id{classmate}' LIMIT 1)"])
{
    keep('pupil.session', sub {
        edited("a session, $edit->[0]", sprintf($of_pupil, $edit->[1]),
               \&show, 401, 'no-session');
    });
}
is show()->status, 200, 'the session as it was';

# A session that was made up: its hash cannot be known without the key.
keep('pupil.session', sub {
    my ($token) = $day->unknown;
    $db->do("INSERT INTO pupil.session SELECT tenant, sha256('$token'),"
        . ' subject, role, institution, created_at, seen_at, expires_at, mac'
        . " FROM pupil.session WHERE subject = '$id{teacher}' LIMIT 1");
    my $http = $nginx->http;
    $http->cookies->{'__Host-pupil'} = $token;
    is_problem $http->get('/v1/session'), 401, 'no-session',
        name => 'a session that was made up';
});
# Somebody else's row under my hash.
keep('pupil.session', sub {
    edited('a session of the teacher under the pupil\'s hash', <<"SQL",
UPDATE pupil.session AS s SET subject = t.subject, role = t.role,
       institution = t.institution, created_at = t.created_at,
       seen_at = t.seen_at, expires_at = t.expires_at, mac = t.mac
  FROM pupil.session AS t
 WHERE s.subject = '$id{pupil}' AND t.subject = '$id{teacher}'
SQL
           \&show, 401, 'no-session');
});


# ---- roles and accounts

for my $edit (
    ['a stronger one', "role = 'school_admin'", 0],
    ['another school', 'institution = gen_random_uuid()', 0],
    ['for ever', 'valid_from = DATE \'2000-01-01\'', 1],
    ['another source', "source = 'elsewhere'", 1],
    ['a bit of the MAC', 'mac = set_byte(mac, 3, get_byte(mac, 3) # 1)', 1])
{
    my ($name, $set, $found) = @$edit;
    keep('pupil.role', sub {
        my $sql = "UPDATE pupil.role SET $set WHERE subject = '$id{pupil}'";
        if ($found) {
            edited("a role, $name", $sql, \&show, 401, 'no-session');
        } else {
            # The role that the session has is not there any more.
            $db->do($sql);
            is_problem show(), 401, 'no-session',
                name => "a role, $name: the session ends";
        }
        my $res = $nginx->http->login(@{ $day->person('pupil') }
                                       {qw(login password)});
        is_problem $res, 401, 'invalid-credentials',
            name => "a role, $name: no log-in";
        like outcomes($res), qr/tampered/, 'on record';
        $db->do('DELETE FROM pupil.login_throttle');
    });
}

# A role that was made up beside the true one does not promote.
keep('pupil.role', sub {
    $db->do('INSERT INTO pupil.role SELECT tenant, subject, institution,'
        . " 'tenant_admin', valid_from, valid_to, source, mac FROM"
        . " pupil.role WHERE subject = '$id{pupil}'");
    my $res = $nginx->http->login(@{ $day->person('pupil') }
                                   {qw(login password)});
    is $res->status, 200, 'with a made-up role beside the true one';
    is $res->json->{user}{role}, 'pupil', 'a log-in has the true one';
    like outcomes($res), qr/tampered/, 'on record';
    $res = $day->pupil->get('/v1/session');
    unlike $res->body, qr/tenant_admin/, 'it is not shown';
    like outcomes($res), qr/tampered/, 'on record';
});

$day->set_status($id{classmate}, 'closed');
is $day->classmate->get('/v1/session')->status, 401,
    'whose account is closed is out';
edited('a closed account that is opened', "UPDATE pupil.subject SET status ="
    . " 'active' WHERE subject = '$id{classmate}'",
    sub { $day->classmate->get('/v1/session') }, 401, 'no-session');
my $res = $nginx->http->login(@{ $day->person('classmate') }
                               {qw(login password)});
is_problem $res, 401, 'invalid-credentials', name => 'nor a log-in';
like outcomes($res), qr/tampered/, 'on record';
$day->set_status($id{classmate}, 'active');


# ---- enrolments

sub fetch { $day->pupil->get("/v1/homework/$homework") }
is fetch()->status, 200, 'the pupil\'s homework';
my $mine = "WHERE subject = '$id{pupil}' AND class = '$class'";
for my $edit (
    ['for ever', "valid_to = DATE '2999-01-01'"],
    ['since long', "valid_from = DATE '2000-01-01'"],
    ['another source', "source = 'elsewhere'"],
    ['another id', 'enrolment = gen_random_uuid()'],
    ['a bit of the MAC', 'mac = set_byte(mac, 3, get_byte(mac, 3) # 1)'],
    ['the MAC of another', 'mac = (SELECT mac FROM pupil.enrolment WHERE'
     . " subject = '$id{classmate}' LIMIT 1)"])
{
    keep('pupil.enrolment', sub {
        my $sql = "UPDATE pupil.enrolment SET $edit->[1] $mine";
        edited("an enrolment, $edit->[0]", $sql, \&fetch, 404, 'not-found');
        my $body = $day->answer($day->homework, 0);
        my $res = $day->pupil->post('/v1/progress', json => $body);
        is_problem $res, 404, 'not-found', name => 'nor is work taken';
        is $db->selectrow_array('SELECT count(*) FROM data.progress WHERE'
            . ' record = ?', {}, $body->{id}), 0, 'or stored';
    });
}

# Whoever is not enrolled is enrolled by SQL.
keep('pupil.enrolment', sub {
    my $forge = sub ($who, $role) {
        "INSERT INTO pupil.enrolment SELECT tenant, gen_random_uuid(),"
        . " '$id{$who}', class, institution, '$role', valid_from, valid_to,"
        . " source, mac FROM pupil.enrolment WHERE class = '$class' AND role"
        . " = '$role' LIMIT 1"
    };
    edited('a teacher who is put into a class', $forge->('colleague',
           'teacher'), sub { $day->colleague->get("/v1/homework/$homework"
           . '/progress') }, 404, 'not-found');
    $res = $day->colleague->get("/v1/data/identity/$id{pupil}");
    isnt $res->status, 200, 'sees no name there'
        if !$db->selectrow_array('SELECT count(*) FROM pupil.enrolment AS a'
            . ' JOIN pupil.enrolment AS b USING (tenant, class) WHERE'
            . " a.subject = '$id{colleague}' AND b.subject = '$id{pupil}'"
            . " AND class <> '$class'");
    $res = $day->colleague->post('/v1/homework', json => $day->body);
    is_problem $res, 404, 'not-found', name => 'and assigns nothing';
    $res = $day->teacher->get("/v1/homework/$homework/progress");
    is $res->status, 200, 'the true teacher does';
    $db->do($forge->('other', 'pupil'));
    $res = $day->teacher->get("/v1/homework/$homework/progress");
    is_deeply [grep { $_->{id} eq $id{other} } @{ $res->json->{pupils} }],
        [], 'a pupil who is put into a class is not in it';
    like outcomes($res), qr/tampered/, 'on record';
    $res = $day->other->get("/v1/homework/$homework");
    is_problem $res, 404, 'not-found', name => 'and sees nothing of it';
});
is fetch()->status, 200, 'the enrolments as they were';


# ---- index rows

my $index = 'UPDATE pupil.blind_index AS i SET %s FROM pupil.blind_index AS j'
    . " WHERE i.owner = '$id{pupil}' AND i.field = 'login_id'"
    . " AND j.owner = '$id{classmate}' AND j.field = 'login_id'";
for my $edit (
    ["to another's account", 'owner = j.owner, record = j.record',
     'classmate'],
    ["with another's MAC", 'owner = j.owner, record = j.record, mac = j.mac',
     'classmate'],
    ['to another record', 'record = j.record', 'pupil'],
    ['a bit of the MAC', 'mac = set_byte(i.mac, 3, get_byte(i.mac, 3) # 1)',
     'pupil'])
{
    my ($name, $set, $whose) = @$edit;
    keep('pupil.blind_index', sub {
        edited("an index row, $name", sprintf($index, $set), sub {
            $nginx->http->login($day->person('pupil')->{login},
                                $day->person($whose)->{password})
        }, 401, 'invalid-credentials');
    });
    $db->do('DELETE FROM pupil.login_throttle');
}
is $nginx->http->login(@{ $day->person('pupil') }{qw(login password)})
       ->status, 200, 'the index as it was';


# What was found is in the operator's list.
my $list = $day->site->ctl_ok('audit', 'list', '--limit', 5000,
                              $day->site->ctl_where)->{out};
for my $what (qw(pupil.session pupil.role pupil.subject pupil.enrolment
                 pupil.blind_index))
{
    like $list, qr/^.*\btampered\b.*\Q$what\E/m, "pupilctl lists it: $what";
}


# ---- a zone in front hides an edit for its time, and no longer

$day->reload(http => $day->site->http_conf(
    conf => { pupil_session_zone => 'pupil_sessions:1m valid=1s' }));
is show()->status, 200, 'with a zone';
keep('pupil.session', sub {
    $db->do(sprintf $of_pupil, "role = 'tenant_admin'");
    my $until = time + 10;
    my $res;
    do { $res = show(); select undef, undef, undef, 0.2 }
        while $res->status == 200 && time < $until;
    is_problem $res, 401, 'no-session', name => 'an edit is found in time';
    like outcomes($res), qr/tampered/, 'on record';
});

done_testing;
