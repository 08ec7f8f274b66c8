#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# Records that are anonymised: a plugin that nobody has heard of, and progress,
# whose statistics are after as they were before.  On fixed days what has expired
# is counted by groups and deleted; nothing is said of fewer than ten, nothing
# that gives one away, and no id of a person is left.

use lib 't/lib';
use Pupil::Test;
use Pupil::Class;
use JSON::XS ();

use constant PUPILS => 80;

my $check = run_cmd(build_dir() . '/plugin_load', 'check',
                    build_dir() . '/t/plugins/club.so');
is $check->{code}, 0, 'a plugin may declare what is left of its records'
    or diag($check->{out}), done_testing, exit;

my $site = pupil_up();
my $dir = tmp_dir();

# ---- a class, and a plugin out of the tree

my $demo = root_dir() . '/docs/quickstart/data/sds-100-users';
mkdir "$dir/$_" or die "$dir: $!\n" for qw(sds plugins);
my %rows = (
    Student => [map { "2$_,10001,Given,Family,pupil$_,,WA,,2$_,,9,Active,,2019" }
                1 .. PUPILS],
    StudentEnrollment => [map { "11001,2$_" } 1 .. PUPILS],
);
for my $name (qw(School Section Teacher TeacherRoster Student
                 StudentEnrollment))
{
    my ($head, @lines) = split /\r?\n/, slurp("$demo/$name.csv");
    spew("$dir/sds/$name.csv", join "\n", $head, @{ $rows{$name} // \@lines },
         '');
}
$site->ctl_ok('import', 'sds', "$dir/sds", '--dates', 'open',
              $site->ctl_where);

my $plugins = "$dir/plugins";
for my $object (glob(Pupil::Nginx::plugins() . '/*.so')) {
    symlink $object, "$plugins/" . $object =~ s{.*/}{}r or die "$object: $!\n";
}
symlink build_dir() . '/t/plugins/club.so', "$plugins/pupil_club.so"
    or die "$!\n";
spew("$dir/club.sql", <<'SQL');
CREATE TABLE data.club (
    tenant uuid NOT NULL, owner uuid NOT NULL, record uuid NOT NULL,
    key_version integer NOT NULL, source text NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(), club text, grade text,
    PRIMARY KEY (tenant, owner, record));
SELECT pupil.protect('club');
SQL
my @where = ('--plugins', $plugins, $site->ctl_where);
$site->ctl_ok('migrate', '--database', $site->pg->conninfo('pupil'),
              '--plugins', $plugins, '--plugin-sql', "$dir/club.sql",
              '--ticket', 'clubs');

my ($db, $keys) = ($site->db, $site->keystore);
my @ids = @{ $db->selectcol_arrayref('SELECT DISTINCT subject FROM'
    . " pupil.enrolment WHERE role = 'pupil' ORDER BY subject") };
is scalar @ids, PUPILS, 'a class';

sub retention (@args) {
    my $run = $site->ctl('retention', 'run', '--json', @args, @where);
    return $run if $run->{code} != 0;
    my $of = JSON::XS::decode_json($run->{out})->{expired};
    return { map { $_ => $of->{$_} } grep { $of->{$_} } keys %$of };
}

# { group => { value => persons } }, of the newest release.
sub statistics ($category) {
    my $run = $site->ctl_ok('retention', 'statistics', $category, '--json',
                            @where);
    my $groups = JSON::XS::decode_json($run->{out})->{groups};
    my ($newest) = sort { $b cmp $a } map { $_->{released} } @$groups;
    my %all;
    $all{ $_->{group} }{ $_->{value} // 'all' } = 0 + $_->{persons}
        for grep { $_->{released} eq $newest } @$groups;
    return \%all;
}

sub join_club ($id, $club, $grade, $days = 31) {
    $db->do('INSERT INTO data.club (tenant, owner, record, key_version,'
        . ' source, updated_at, club, grade) VALUES (?, ?, gen_random_uuid(),'
        . " 1, 'test', now() - ?::integer * interval '1 day', ?, ?)", {},
        $site->tenant, $id, $days, $club, $grade);
}

# The same release again, as if it were of the month before.
sub month_before {
    $db->do("UPDATE pupil.$_ SET released = released - interval '1 month'")
        for qw(aggregate release);
    $keys->do("UPDATE keystore.release SET released = released - interval '1"
        . " month'");
}
$db->do('ALTER TABLE pupil.aggregate DROP CONSTRAINT'
    . ' aggregate_tenant_category_released_fkey');


# ---- a plugin that nobody has heard of

join_club($ids[$_], 'go', $_ < 11 ? 'A1' : 'B2') for 0 .. 24;
join_club($ids[$_], 'chess', $_ < 20 ? 'A' : $_ < 32 ? 'B' : 'C') for 0 .. 34;
join_club($ids[$_], 'choir', 'A') for 0 .. 14;
join_club($ids[$_], 'rowing', $_ < 5 ? 'A' : 'B') for 0 .. 8;
join_club($ids[$_], 'go', 'none') for 40 .. 60;
join_club($ids[$_], 'go', 'A', 5) for 40 .. 60;
join_club($ids[0], 'go', 'B', 40);      # is counted by the newer one
$site->ctl_ok('subject', 'restrict', $ids[24], $site->ctl_where);

my $dry = retention('--dry-run');
is $dry->{club}, 104, 'what would go: nothing of who is restricted';
is $db->selectrow_array('SELECT count(*) FROM pupil.release'), 0,
    'a dry run releases nothing';

# Killed while it stores what it has counted.
my $holder = $site->pg->connect('pupil', AutoCommit => 0);
$holder->do('LOCK TABLE pupil.aggregate IN SHARE MODE');
open my $null, '>', '/dev/null' or die "$!\n";
my $pid = start_process([build_dir() . '/pupilctl', 'retention', 'run',
    @where], stdout => $null, stderr => $null,
    env => Pupil::Nginx->sanitizer_env);
ok eval { wait_until(60, 'pupilctl to wait', sub { $db->selectrow_array(
    'SELECT count(*) FROM pg_stat_activity WHERE wait_event_type ='
    . " 'Lock'") }) }, 'a run waits';
kill KILL => $pid;
process_ends($pid, 60);
$holder->rollback;
wait_until(60, 'what it had begun to end', sub {
    !$db->selectrow_array('SELECT count(*) FROM pg_stat_activity WHERE'
        . " usename = 'pupil_operator'") });
is $db->selectrow_array('SELECT count(*) FROM data.club'), 127,
    'killed: nothing is deleted and nothing is counted';

is retention()->{club}, 104, 'all that has expired goes';
is_deeply statistics('club'), {
    go => { all => 24, A => 11, B => 13 },
    chess => { all => 34, A => 20 },
    choir => { all => 15 },
}, 'and what may be said of groups is left: none too small, no value that all'
    . ' have, none that the others give away, nobody who is restricted';
is $db->selectrow_array('SELECT count(*) FROM data.club'), 23,
    'what has not expired is there, and what is restricted';
like $db->selectrow_array('SELECT note FROM pupil.audit_record WHERE ? = ANY'
    . " (subjects) AND note ~ 'retention' ORDER BY at DESC LIMIT 1", {},
    $ids[0]) // '', qr/retention records=104$/, 'on record';

# Fixed days: two releases that differ by somebody would tell who it was.
join_club($ids[$_], 'judo', $_ < 12 ? 'A' : 'B') for 0 .. 24;
is_deeply retention(), {}, 'until the next of its days nothing more is counted';
is $db->selectrow_array("SELECT count(*) FROM data.club WHERE club = 'judo'"),
    25, 'nor deleted';
month_before();
is retention()->{club}, 24, 'then it is';
is_deeply statistics('club'), { judo => { all => 24, A => 12, B => 12 } },
    'a release of its own';


# ---- a hook that lets a person's id through

month_before();
my $members = $db->selectrow_array('SELECT count(*) FROM data.club');
join_club($ids[$_], "of $ids[7]", $_ < 12 ? 'A' : 'B') for 0 .. 23;
my $run = retention();
is $run->{code}, 1, 'a group that names a person is refused';
like $run->{err}, qr/names a person/, 'and why';
is $db->selectrow_array('SELECT count(*) FROM data.club'), $members + 24,
    'and nothing is lost';
$db->do("DELETE FROM data.club WHERE club ~ '^of '");


# ---- progress

$site->ctl_ok('subject', 'unrestrict', $ids[24], $site->ctl_where);
my $nginx = $site->nginx(workers => 1)->start;
my $http = $nginx->http;
wait_until(60, 'nginx', sub { $http->get('/status/ready')->status == 200 });
is_status $http->login(@{ $site->person('CBeane') }{qw(login password)}), 200;
my ($class) = $db->selectrow_array('SELECT class FROM pupil.enrolment WHERE'
    . " role = 'pupil' GROUP BY class HAVING count(*) = ?", {}, PUPILS);
my $res = $http->post('/v1/homework', json => {
    class_id => $class, title => 'For all', due_at => Pupil::Class::at(7),
    exercises => [map { { title => "No. $_", max_score => 10 } } 1 .. 2] });
is_status $res, 201, 'homework for all of them';
my $homework = $res->json;

# Each answers the first exercise, some of them the second; two of them twice.
my (%before, @scores);
for my $n (1 .. 24) {
    my $pupil = $site->person("pupil$n");
    my $client = $nginx->http;
    $client->login(@$pupil{qw(login password)});
    my @answers = ([0, $n <= 13 ? 9.5 : 3]);
    push @answers, [1, 1 + $n % 9] if $n <= 9;
    unshift @answers, [0, 0] if $n <= 2;
    for my $answer (@answers) {
        my ($at, $raw) = @$answer;
        my $sent = $client->post('/v1/progress', json => {
            id => uuid(), homework_id => $homework->{id},
            exercise_id => $homework->{exercises}[$at]{id},
            answer => { text => 'x' }, score => { raw => $raw, max => 10 },
            completion => \1 });
        $sent->status == 201 or die $sent->text;
    }
    $before{ $n <= 13 ? '75-100%' : '25-49%' }++;
}
$db->do('UPDATE pupil.enrolment SET valid_from = current_date - 900, valid_to ='
    . " current_date - 366 WHERE role = 'pupil'");
# Somebody moves an answer to the other exercise, which has one too few.
my $mover = $site->person('pupil24')->{id};
my ($moved) = $db->selectrow_array('UPDATE data.progress SET exercise_id = ?'
    . ' WHERE owner = ? RETURNING record', {}, $homework->{exercises}[1]{id},
    $mover);
$before{'25-49%'}--;
my $answers = $db->selectrow_array('SELECT count(*) FROM data.progress');
my $went = $site->ctl('retention', 'run', '--json', @where);
is $went->{code}, 0, 'a run that finds something';
my $expired = JSON::XS::decode_json($went->{out})->{expired};
is $expired->{progress}, $answers, 'a year after the course answers go';
is $expired->{changed}, 1, 'what somebody has changed is counted as that';
like $went->{err}, qr/progress.*\b$moved\b.* is not as it was stored/,
    'and named';
is $db->selectrow_array('SELECT subjects::text FROM pupil.audit_record WHERE outcome'
    . " = 'tampered' AND note LIKE '%retention changed=1'"), "{$mover}",
    'on record';
is_deeply statistics('progress'), { join(' ', $homework->{id},
    $homework->{exercises}[0]{id}) => { all => 23, %before } },
    'and the statistics are of all others, of each group that is large enough';
is $db->selectrow_array('SELECT count(*) FROM data.progress'), 0,
    'no answer is left';

my $left = $db->selectrow_array("SELECT string_agg(a::text, ' ') FROM"
    . ' pupil.aggregate AS a');
is_deeply [grep { index($left, $_) >= 0 } @ids], [], 'and no id of a person';
is $site->ctl('audit', 'verify', @where)->{code}, 0, 'the audit verifies';

done_testing;
