package Pupil::Volume;

# Rows by the ten thousand, for what the size of a school changes: plans of
# statements, pages that they touch.  Nothing in them opens: sealed values
# and MACs are bytes of the usual length.
#
#     my $volume = Pupil::Volume->new($site);
#     $volume->grow(3_000);                   # pupils, in all
#     $volume->id(subject => 17);             # the 18th
#
# Thirty pupils and a teacher share four classes.  A class has ten homeworks of
# two exercises, two of which are open.  A pupil has five submissions, the last
# of which took another's place, and five events of the sealed audit.  Pupil n
# is in group n / 30; subject 10**9 + g is the teacher of group g; group g has
# the classes 4 g to 4 g + 3, and class c has the homeworks 10 c to 10 c + 9, of
# which the first two are open.

use v5.36;

use Digest::MD5 qw(md5_hex);
use Exporter qw(import);

use constant { GROUP => 30, CLASSES => 4, HOMEWORKS => 10,
               TEACHER => 1_000_000_000 };

our @EXPORT_OK = qw(GROUP CLASSES HOMEWORKS TEACHER);


sub new ($class, $site) {
    my $self = bless { site => $site, pupils => 0 }, $class;
    $self->prepare($_) for $site->db, $site->keystore;
    return $self;
}

sub pupils ($self) { $self->{pupils} }


# The identifier of the nth of its kind: subject, institution, class,
# enrolment, homework, exercise, submission.
sub id ($self, $kind, $n) {
    my $hex = md5_hex($kind . $n);
    return join '-', unpack 'A8 A4 A4 A4 A12', $hex;
}


# The 32 bytes of the nth term, token, bucket, or of the MAC of the nth
# subject, role, enrolment, index row, session; as PostgreSQL writes them.
sub key ($self, $kind, $n) { '\x' . md5_hex($kind . $n) x 2 }


sub prepare ($self, $db) {
    $db->do(q{SET client_min_messages = 'warning'});
    $db->do('SET synchronous_commit = off');
    $db->do(<<'SQL');
CREATE OR REPLACE FUNCTION pg_temp.id(kind text, n bigint) RETURNS uuid
    LANGUAGE sql IMMUTABLE AS $$ SELECT md5(kind || n)::uuid $$;
CREATE OR REPLACE FUNCTION pg_temp.key(kind text, n bigint) RETURNS bytea
    LANGUAGE sql IMMUTABLE AS $$
    SELECT uuid_send(md5(kind || n)::uuid) || uuid_send(md5(kind || n)::uuid)
$$;
CREATE OR REPLACE FUNCTION pg_temp.sealed(len integer) RETURNS bytea
    LANGUAGE sql IMMUTABLE AS $$ SELECT decode(repeat('5a', len), 'hex') $$
SQL
}


# More, up to so many pupils; whole groups.
sub grow ($self, $pupils) {
    my ($from, $to) = ($self->{pupils} / GROUP, int $pupils / GROUP);
    my %of = (tenant => "'" . $self->{site}->tenant . "'::uuid",
              from => "${from}::bigint", to => "${to}::bigint");
    my $run = sub ($db, $sql) {
        $db->do($sql =~ s{:(tenant|from|to)\b}{$of{$1}}gr);
    };

    $run->($self->{site}->db, $_) for split /;\n/, _data();
    $run->($self->{site}->keystore, $_) for split /;\n/, _keys();
    $self->{pupils} = $to * GROUP;
    return $self;
}


# Answers of one pupil to homework that is nobody's, beside what there is.
sub answer ($self, $pupil, $answers) {
    my $owner = $self->id(subject => $pupil);
    $self->{site}->db->do(<<'SQL', {}, $owner, $answers);
INSERT INTO data.progress (tenant, owner, record, key_version, source,
       homework_id, class_id, exercise_id, done, answer, fingerprint, facts)
SELECT p.tenant, p.owner, gen_random_uuid(), p.key_version, p.source,
       gen_random_uuid(), p.class_id, gen_random_uuid(), p.done, p.answer,
       p.fingerprint, p.facts
  FROM (SELECT * FROM data.progress WHERE owner = ? LIMIT 1) AS p,
       generate_series(1, ?) AS n
SQL
}

sub _data () { return <<'SQL' }
CREATE TEMP TABLE IF NOT EXISTS person (g bigint, n bigint, role text);
TRUNCATE person;
INSERT INTO person
SELECT g, g * 30 + i, 'pupil'
  FROM generate_series(:from, :to - 1) AS g,
       generate_series(0, 29) AS i
 UNION ALL
SELECT g, 1000000000 + g, 'teacher'
  FROM generate_series(:from, :to - 1) AS g;
INSERT INTO pupil.owner (tenant, owner, kind)
SELECT :tenant, pg_temp.id('subject', n), 'subject' FROM person
 UNION ALL
SELECT :tenant, pg_temp.id('class', g * 4 + i), 'class'
  FROM person, generate_series(0, 3) AS i WHERE role = 'teacher'
 UNION ALL
SELECT :tenant, pg_temp.id('institution', g / 20), 'institution'
  FROM person WHERE role = 'teacher' AND g % 20 = 0
    ON CONFLICT DO NOTHING;
INSERT INTO pupil.institution (tenant, institution, title, source)
SELECT :tenant, pg_temp.id('institution', g / 20),
       pg_temp.sealed(137), 'test'
  FROM person WHERE role = 'teacher' AND g % 20 = 0;
INSERT INTO pupil.class (tenant, class, institution, title, source)
SELECT :tenant, pg_temp.id('class', g * 4 + i),
       pg_temp.id('institution', g / 20), pg_temp.sealed(137),
       'test'
  FROM person, generate_series(0, 3) AS i WHERE role = 'teacher';
INSERT INTO pupil.subject (tenant, subject, status, source, mac)
SELECT :tenant, pg_temp.id('subject', n), 'active', 'test',
       pg_temp.key('subject', n) FROM person;
INSERT INTO pupil.role (tenant, subject, institution, role, valid_from,
       source, mac)
SELECT :tenant, pg_temp.id('subject', n), pg_temp.id('institution', g / 20),
       role, '2020-01-01', 'test', pg_temp.key('role', n) FROM person;
INSERT INTO pupil.enrolment (tenant, enrolment, subject, class, institution,
       role, valid_from, source, mac)
SELECT :tenant, pg_temp.id('enrolment', n * 4 + i), pg_temp.id('subject', n),
       pg_temp.id('class', g * 4 + i), pg_temp.id('institution', g / 20),
       role, '2020-01-01', 'test', pg_temp.key('enrolment', n * 4 + i)
  FROM person, generate_series(0, 3) AS i;
INSERT INTO pupil.blind_index (tenant, category, field, term, owner, record,
       mac)
SELECT :tenant, 'credential', 'login_id', pg_temp.key('term', n),
       pg_temp.id('subject', n), pg_temp.id('subject', n),
       pg_temp.key('index', n) FROM person;
INSERT INTO pupil.session (tenant, token_hash, subject, role, institution,
       created_at, seen_at, expires_at, mac)
SELECT :tenant, pg_temp.key('token', n), pg_temp.id('subject', n), role,
       pg_temp.id('institution', g / 20), now(), now(),
       now() + interval '1 hour', pg_temp.key('session', n)
  FROM person;
INSERT INTO pupil.login_throttle (tenant, bucket, failures, last_at,
       not_before)
SELECT :tenant, pg_temp.key('bucket', n), 1, now(), now() FROM person;
INSERT INTO data.identity (tenant, owner, record, key_version, source,
       given_name, family_name)
SELECT :tenant, pg_temp.id('subject', n), pg_temp.id('subject', n), 1, 'test',
       pg_temp.sealed(105), pg_temp.sealed(105)
  FROM person;
INSERT INTO data.credential (tenant, owner, record, key_version, source,
       updated_at, login_id, password_hash, facts)
SELECT :tenant, pg_temp.id('subject', n), pg_temp.id('subject', n), 1, 'test',
       '2026-01-01T00:00:00Z', pg_temp.sealed(105), pg_temp.sealed(190),
       pg_temp.key('credential', n)
  FROM person;
INSERT INTO data.contact (tenant, owner, record, key_version, source, email)
SELECT :tenant, pg_temp.id('subject', n), pg_temp.id('subject', n), 1, 'test',
       pg_temp.sealed(105) FROM person WHERE role = 'teacher';
INSERT INTO data.network (tenant, owner, record, key_version, source, address,
       seen_at)
SELECT :tenant, pg_temp.id('subject', n), pg_temp.id('network', n), 1, 'test',
       pg_temp.sealed(105), now() FROM person;
INSERT INTO data.example (tenant, owner, record, key_version, source,
       favourite_subjects)
SELECT :tenant, pg_temp.id('subject', n), pg_temp.id('subject', n), 1, 'test',
       pg_temp.sealed(105) FROM person;
INSERT INTO data.homework (tenant, owner, record, key_version, source, title,
       description, exercises, exercise_ids, assigned_by, assigned_at, due_at,
       facts)
SELECT :tenant, pg_temp.id('class', g * 4 + i),
       pg_temp.id('homework', (g * 4 + i) * 10 + h), 1, 'test',
       pg_temp.sealed(105), pg_temp.sealed(169),
       pg_temp.sealed(169),
       ARRAY[pg_temp.id('exercise', ((g * 4 + i) * 10 + h) * 2),
             pg_temp.id('exercise', ((g * 4 + i) * 10 + h) * 2 + 1)],
       pg_temp.id('subject', n), now() - interval '90 days',
       now() + CASE WHEN h < 2 THEN interval '7 days'
                    ELSE interval '-7 days' END * (h + 1),
       pg_temp.sealed(128)
  FROM person, generate_series(0, 3) AS i, generate_series(0, 9) AS h
 WHERE role = 'teacher';
INSERT INTO data.progress (tenant, owner, record, key_version, source,
       updated_at, homework_id, class_id, exercise_id, done, answer, result,
       fingerprint, superseded, facts)
SELECT :tenant, pg_temp.id('subject', n), pg_temp.id('submission', n * 5 + s),
       1, 'test', now() - (5 - s) * interval '1 hour',
       pg_temp.id('homework', h), pg_temp.id('class', h / 10),
       pg_temp.id('exercise', h * 2 + (s = 1)::int),
       true, pg_temp.sealed(137), pg_temp.sealed(169),
       pg_temp.key('fingerprint', n * 5 + s), s = 0, pg_temp.sealed(96)
  FROM person, generate_series(0, 4) AS s
 CROSS JOIN LATERAL (SELECT (g * 4 + (ARRAY[0, 0, 1, 2, 0])[s + 1]) * 10)
       AS k (h)
 WHERE role = 'pupil';
INSERT INTO pupil.audit_shape (shape, accesses) VALUES (sha256('[]'), '[]')
    ON CONFLICT DO NOTHING;
INSERT INTO pupil.audit_record (at, tenant, request, role, shape, policy,
       outcome, subjects, writer, number, mac)
SELECT date_trunc('month', now()) + (n * 5 + e) * interval '1 ms', :tenant,
       gen_random_uuid(), 'teacher', sha256('[]'), '', 'allowed',
       ARRAY[pg_temp.id('subject', n)], 1, n * 5 + e, pg_temp.sealed(16)
  FROM person, generate_series(1, 5) AS e WHERE role = 'pupil';
INSERT INTO pupil.audit_subject (tenant, subject, at, writer, number, event,
       leaf)
SELECT :tenant, pg_temp.id('subject', n), date_trunc('month', now())
       + (n * 5 + e) * interval '1 ms', 1, n * 5 + e, n * 5 + e - 1,
       n * 5 + e - 1
  FROM person, generate_series(1, 5) AS e WHERE role = 'pupil';
INSERT INTO pupil.seal_writer (tenant, writer, number)
VALUES (:tenant, 1, :to * 150) ON CONFLICT (tenant, writer)
    DO UPDATE SET number = EXCLUDED.number;
INSERT INTO pupil.seal (tenant, batch, event, events, size, since, until,
       writers, firsts, lasts, missing, note)
SELECT :tenant, :to, :from * 150, (:to - :from) * 150, (:to * 150 / 256 + 1)
       * 256, now(), now(), '{1}', '{1}', '{1}', 0, '';
INSERT INTO pupil.seal_tile (tenant, level, tile, hashes)
SELECT :tenant, 0, t, pg_temp.sealed(8192)
  FROM generate_series(:from * 150 / 256, :to * 150 / 256) AS t
    ON CONFLICT DO NOTHING
SQL


sub _keys () { return <<'SQL' }
INSERT INTO keystore.owner_key (tenant, owner, state, version, tenant_version,
       wrapped)
SELECT :tenant, pg_temp.id('subject', n), 'active', 1, 1, pg_temp.sealed(105)
  FROM generate_series(:from * 30, :to * 30 - 1) AS n
 UNION ALL
SELECT :tenant, pg_temp.id('subject', 1000000000 + g), 'active', 1, 1,
       pg_temp.sealed(105)
  FROM generate_series(:from, :to - 1) AS g
SQL

1;
