#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# The scope of a breach of 10,000 people and a million records of the log, of each
# kind: OULAD's presentations that t/data has, some of whose students are there
# twice, and a year's accesses to them, made up here.  What pupilctl breach scope
# says is what SQL over the raw log says, and how long it took is told, with how
# much memory, which is no more than for a hundredth of it.

use lib 't/lib';
use Pupil::Test;
use Pupil::Oulad;

use JSON::XS qw(decode_json);
use Time::HiRes qw(time);

use constant { PEOPLE => 10_000, RECORDS => 1_000_000 };

my $site = pupil_up();
my ($db, $dir) = ($site->db, tmp_dir());
my @where = $site->ctl_where;
$site->keystore->do('DELETE FROM keystore.fetch');


# ---- what there is

# Students of the first rows a second time, under other ids.
my $more = 2800;
sub twice ($text) {
    my ($head, @rows) = split /^/, $text;
    return join '', $head, @rows,
        map { s/^((?:"[^"]*",){2}")/${1}9/r } @rows[0 .. $more - 1];
}
my $oulad = oulad_write("$dir/oulad", [qw(AAA CCC GGG)],
    map { $_ => \&twice } qw(studentRegistration studentInfo));
my $since = time;
$site->ctl_ok('import', 'oulad', $oulad, '--dates', 'open', @where);
my $people = $db->selectrow_array('SELECT count(*) - 1 FROM pupil.subject');
cmp_ok $people, '>=', PEOPLE, 'people';
diag sprintf '%d people, imported in %.0f s', $people, time - $since;
$site->ctl_ok(qw(user add head@school.example tenant_admin), @where);
my $head = decode_json($site->ctl_ok(qw(user show head@school.example --json),
                                     @where)->{out})->{id};

# Of a hundred shapes: a category or two, of the actor or of others.
$db->do($_) for split /;\n/, <<'SQL';
CREATE TEMP TABLE made AS
SELECT n, format('[{"category":"%s","fields":[%s],"purpose":"teaching",'
       '"relation":"%s","operation":"%s","about":"%s"}]',
       (ARRAY['identity','progress','enrolment','assessment','network'])[n % 5 + 1],
       (ARRAY['"given_name"','"given_name","family_name"','"answer","result"'])
           [n % 3 + 1],
       (ARRAY['teaches','self'])[n % 2 + 1], (ARRAY['read','read','read','write'])
           [n % 4 + 1], (ARRAY['subjects','actor'])[n % 2 + 1]) AS accesses
  FROM generate_series(0, 99) AS n;
INSERT INTO pupil.audit_shape (shape, accesses)
SELECT DISTINCT sha256(convert_to(accesses, 'UTF8')), accesses FROM made
    ON CONFLICT DO NOTHING;
CREATE TEMP TABLE who AS
SELECT row_number() OVER (ORDER BY subject) - 1 AS n, subject FROM pupil.subject;
CREATE UNIQUE INDEX ON who (n)
SQL

# So many accesses, in the days from the first of the month on; every tenth is of
# thirty people.
my $begin = $db->selectrow_array("SELECT date_trunc('month', now())::text");
sub accesses ($records) {
    $db->do('DELETE FROM pupil.audit_record WHERE writer < 100');
    $db->do(<<'SQL', {}, $site->tenant, $begin, $records, $people, $people, $records);
INSERT INTO pupil.audit_record (at, tenant, request, actor, role, shape, policy,
       outcome, subjects, writer, number, mac)
SELECT b.at + g.n * (now() - b.at) / b.most, b.tenant, gen_random_uuid(),
       a.subject, 'teacher', sha256(convert_to(m.accesses, 'UTF8')), '',
       CASE WHEN g.n % 50 = 0 THEN 'not_granted' ELSE 'allowed' END,
       CASE WHEN g.n % 10 = 0 THEN (SELECT array_agg(w.subject) FROM who AS w
            WHERE w.n BETWEEN (g.n * 7919) % b.people
                          AND (g.n * 7919) % b.people + 29)
            ELSE ARRAY[s.subject] END, g.n % 8, g.n, ''
  FROM (SELECT ?::uuid AS tenant, ?::timestamptz AS at, ?::bigint AS most,
               ?::bigint AS people) AS b
 CROSS JOIN (SELECT ?::bigint AS people) AS c
 CROSS JOIN generate_series(1, ?::bigint) AS g (n)
  JOIN made AS m ON m.n = g.n % 100
  JOIN who AS a ON a.n = (g.n * 31) % 200
  JOIN who AS s ON s.n = (g.n * 7919) % c.people
SQL
    $db->do('ANALYZE pupil.audit_record');
}


# ---- each kind

sub breach (@args) {
    my $run = run_cmd('/usr/bin/time', '-f', '%e %M', build_dir() . '/pupilctl',
        'breach', @args, '--json', @where, { timeout => 600,
        env => Pupil::Site->ctl_env });
    is $run->{code}, 0, "breach @args" or diag $run->{err};
    my ($seconds, $kib) = $run->{err} =~ /^([\d.]+) (\d+)$/m;
    return { json => eval { decode_json($run->{out}) } // {}, seconds => $seconds,
             kib => $kib };
}

# People and categories by the raw log, straight: how often a category is of whom.
sub raw ($condition, @values) {
    return { map { ("$_->[0] $_->[1]" => $_->[2]) }
             @{ $db->selectall_arrayref(<<"SQL", {}, (@values) x 2) } };
SELECT e.how, e.category, count(DISTINCT e.whom) FROM (
    SELECT CASE operation WHEN 'read' THEN 'shown' ELSE 'changed' END AS how,
           category, unnest(subjects) AS whom
      FROM pupil.audit_event WHERE outcome = 'allowed' AND $condition) AS e
 WHERE e.whom IS NOT NULL AND e.category IS NOT NULL GROUP BY 1, 2
 UNION ALL
SELECT e.how, '', count(DISTINCT e.whom) FROM (
    SELECT CASE operation WHEN 'read' THEN 'shown' ELSE 'changed' END AS how,
           unnest(subjects) AS whom
      FROM pupil.audit_event WHERE outcome = 'allowed' AND category IS NOT NULL
       AND $condition) AS e
 WHERE e.whom IS NOT NULL GROUP BY 1
SQL
}

sub said ($answer) {
    my $found = $answer->{json}{found};
    return { map { my $how = $_;
                   (($found->{$how}{subjects} ? ("$how " => $found->{$how}{subjects})
                     : ()),
                    map { ("$how $_->{category}" => $_->{subjects}) }
                    @{ $found->{$how}{categories} }) } qw(shown changed) };
}

sub could ($answer) { $answer->{json}{found}{could}{subjects} }

my $until = $db->selectrow_array(q{SELECT to_char(clock_timestamp() AT TIME ZONE}
    . q{ 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')});
my $from = $db->selectrow_array(q{SELECT to_char(date_trunc('month', now()) AT TIME}
    . q{ ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')});
my ($teacher) = $db->selectrow_array("SELECT subject FROM pupil.enrolment WHERE role"
    . " = 'teacher' ORDER BY subject LIMIT 1");
my $all = $db->selectrow_array('SELECT count(*) FROM pupil.subject WHERE subject <>'
    . ' (SELECT decoy FROM pupil.tenant)');
my $taught = $db->selectrow_array('SELECT count(DISTINCT p.subject) FROM'
    . ' pupil.enrolment AS t JOIN pupil.enrolment AS p USING (class) WHERE t.subject'
    . " = ? AND p.role = 'pupil'", {}, $teacher);
my @window = ('at >= ?::timestamptz AND at < ?::timestamptz', $from, $until);
my @kinds = (
    ['time', [], @window],
    ['an account', ['--account', $teacher], "$window[0] AND actor = '$teacher'",
     $from, $until],
    ['a worker', ['--worker', '0' x 15 . '3'], "$window[0] AND request IN (SELECT"
     . ' request FROM pupil.audit_record WHERE writer = 3)', $from, $until],
    ['an administrator', ['--account', $head], "$window[0] AND actor = '$head'",
     $from, $until],
    ['a host', ['--host', '192.0.2.1'], @window],
    ['a key', ['--epoch', 1], undef],
    ['a backup', ['--backup', $until], undef],
);
my %could = ('an account' => $taught + 1, 'an administrator' => $all,
             'a host' => $all, 'a key' => $all, 'a backup' => $all);

my %kib;
for my $records (RECORDS / 100, RECORDS) {
    accesses($records);
    $site->ctl_ok(qw(breach open), 'Everything', '--since', $from, '--until', $until,
                  '--reference', 'I-1', @where);
    my $number = $db->selectrow_array('SELECT max(breach) FROM pupil.breach');
    for my $kind (@kinds) {
        my ($name, $by, $condition, @values) = @$kind;
        my $answer = breach('scope', $number, @$by);
        is_deeply said($answer), defined $condition ? raw($condition, @values) : {},
            "$name: what was shown and changed, as SQL over the raw log says";
        is could($answer), $could{$name} // 0, 'and who could have been';
        $kib{$name}{$records} = $answer->{kib};
        diag sprintf '%d records, %s: %.1f s, %.0f MiB', $records, $name,
            $answer->{seconds}, $answer->{kib} / 1024;
    }
}
for my $name (sort keys %kib) {
    cmp_ok $kib{$name}{ RECORDS() }, '<', 1.5 * $kib{$name}{ RECORDS / 100 },
        "$name: a hundred times the records take no more memory";
}

done_testing;
