#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I18: plain columns that decide who reads what, and which of a record's sealed
# values belong together, are authentic.  A superuser changes one column at a
# time of an answer and of a homework: the record is left out wherever it is
# read, and on record as tampered with, by table, record and subject.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

my $day = Pupil::Day->up(conf => { pupil_session_zone => undef });
my ($db, $nginx) = ($day->db, $day->nginx);
$nginx->allow_log(qr/\[crit\].* is not authentic/);
$day->all_here->work;

# Whoever may run DDL is not kept by a constraint.
$db->do("ALTER TABLE data.$_ DROP CONSTRAINT IF EXISTS has_facts")
    for qw(homework progress);

my %id = map { $_ => $day->person($_)->{id} }
    qw(teacher pupil classmate colleague);
my $class = $day->class_id;
my $homework = $day->homework->{id};
my $answer = $day->submission->{id};
my $other = $day->assign(title => 'Kapitel Lingon')->{id};


# ---- what is changed, where it is read, and what is found

# SQL on the row of a record, which is put back when the code has run.
sub changed ($table, $record, $set, $code) {
    my ($row) = $db->selectrow_array("SELECT row_to_json(t)::text FROM $table"
        . ' AS t WHERE record = ?', {}, $record);
    my $done = eval { $db->do("UPDATE $table SET $set WHERE record = ?", {},
                              $record) } // 0;
    return diag("$set: $done rows") if $done != 1;
    my @found = $code->();
    $db->do("DELETE FROM $table WHERE record = ?", {}, $record);
    $db->do("INSERT INTO $table SELECT * FROM json_populate_record(NULL::"
        . "$table, ?::json)", {}, $row);
    return @found;
}

# What the audit says was tampered with in an answer.
sub notes ($res) {
    return join '; ', @{ $db->selectcol_arrayref('SELECT note FROM'
        . " pupil.audit_record WHERE request = ? AND outcome = 'tampered'"
        . ' ORDER BY note', {}, $res->request_id) };
}

# Is the record shown?  In each of these, by what is asked.
sub in_records ($res) {
    return scalar grep { $_->{id} eq $answer || $_->{id} eq $homework }
                  @{ $res->json->{records} };
}
sub in_list ($res) {
    return scalar grep { $_->{id} eq $homework }
                  @{ $res->json->{homework} };
}
sub in_history ($res) {
    return scalar grep { $_->{id} eq $answer }
                  @{ $res->json->{submissions} };
}
sub in_overview ($res) {
    my ($pupil) = grep { $_->{id} eq $id{pupil} } @{ $res->json->{pupils} };
    return $pupil->{status} ne 'not_started';
}
sub in_progress ($res) {
    return $res->json->{progress}{status} ne 'not_started';
}
sub in_answer ($res) { $res->status == 200 }

my %read = (
    overview  => [\&in_overview, "/v1/homework/$homework/progress"],
    other     => [\&in_overview, "/v1/homework/$other/progress"],
    beside    => [\&in_progress, "/v1/homework/$homework"],
    history   => [\&in_history, '/v1/progress'],
    answers   => [\&in_records, "/v1/data/progress/$id{pupil}"],
    mine      => [\&in_records, '/v1/data/progress'],
    one       => [\&in_answer, "/v1/homework/$homework"],
    pupils    => [\&in_answer, "/v1/homework/$homework/progress"],
    list      => [\&in_list, '/v1/homework?status=all'],
    feed      => [\&in_list, '/v1/homework'],
    of_class  => [\&in_records, "/v1/data/homework/$class"],
);

sub is_found ($table, $record, $subject, $set, $who, $where, $why) {
    my ($shown, $path) = @{ $read{$where} };
    my ($status, $there, $notes) = changed($table, $record, $set, sub {
        my $res = $day->as($who)->get($path);
        return $res->status, scalar($res->status == 200 && $shown->($res)),
               notes($res);
    });
    my $what = "$set: $where of $who";
    isnt $status // 500, 500, "$what: answered";
    ok !$there, "$what: left out";
    is $notes, "$table $record of $subject: $why", "$what: on record";
}


# ---- what is as it was stored is shown

for my $ask ([teacher => 'overview'], [pupil => 'beside'], [pupil => 'history'],
             [teacher => 'answers'], [pupil => 'mine'], [pupil => 'one'],
             [teacher => 'pupils'], [pupil => 'list'], [pupil => 'feed'],
             [pupil => 'of_class'])
{
    my ($who, $where) = @$ask;
    my ($shown, $path) = @{ $read{$where} };
    my $res = $day->as($who)->get($path);
    ok $shown->($res), "$where of $who";
    is notes($res), '', "$where of $who: nothing is found";
}


# ---- an answer: another teacher of that pupil, who is not shown it

my @where = ($id{pupil}, $class, $id{colleague});
my $elsewhere = $db->selectrow_hashref(<<'SQL', {}, @where);
SELECT t.subject, t.class FROM pupil.enrolment AS p JOIN pupil.enrolment AS t
    ON t.class = p.class AND t.role = 'teacher' AND t.subject <> ALL (
       SELECT subject FROM pupil.enrolment WHERE class = $2
       AND role = 'teacher')
 WHERE p.subject = $1 AND p.class <> $2 AND t.subject <> $3 LIMIT 1
SQL
my ($stranger) = grep { $day->person($_)->{id} eq $elsewhere->{subject} }
    map { /^\d/ && !/CBeane|DTodd/ ? (split /,/)[4] : () } split /\n/, slurp(root_dir()
        . '/docs/quickstart/data/sds-100-users/Teacher.csv');
my @answer = ('data.progress', $answer, $id{pupil});

is_found @answer, "class_id = '$elsewhere->{class}'", $stranger => 'answers',
    'facts';
is_found @answer, "class_id = '$elsewhere->{class}'", pupil => 'history',
    'facts';
is_found @answer, "done = NOT done", teacher => $_, 'facts'
    for qw(overview answers);
is_found @answer, "done = NOT done", pupil => $_, 'facts'
    for qw(beside mine);
is_found @answer, "homework_id = '$other'", teacher => 'other', 'facts';
is_found @answer, "homework_id = '$other'", pupil => 'history', 'facts';
is_found @answer, "exercise_id = '" . $day->homework->{exercises}[1]{id} . "'",
    teacher => 'overview', 'facts';


# ---- sealed values that do not belong together, and that are gone

my $newer = $day->answer($day->homework, 0, answer => { text => 'Ny' },
                         score => { raw => 9, max => 10 });
my ($old) = $db->selectrow_array("SELECT encode(answer, 'hex') FROM"
    . ' data.progress WHERE record = ?', {}, $answer);
$day->expect(201, $day->pupil->post('/v1/progress', json => $newer));
$answer = $newer->{id};
@answer = ('data.progress', $answer, $id{pupil});
is_found @answer, "answer = decode('$old', 'hex')", pupil => 'history',
    'answer';
is_found @answer, 'result = NULL', teacher => 'overview', 'result';
is_found @answer, 'result = NULL', pupil => 'history', 'result';
is_found @answer, 'facts = NULL', teacher => $_, 'facts'
    for qw(overview answers);
is_found @answer, 'facts = NULL', pupil => $_, 'facts'
    for qw(beside history mine);
is_found @answer, "facts = set_byte(facts, $_, get_byte(facts, $_) # 1)",
    teacher => 'overview', 'facts' for 0, 40, 70;


# ---- a homework

my @homework = ('data.homework', $homework, $class);
for my $set ("due_at = due_at + interval '1 day'",
    "assigned_at = assigned_at - interval '1 day'",
    "assigned_by = '$id{colleague}'", 'assigned_by = NULL',
    'exercise_ids = exercise_ids[1:1]', 'facts = NULL')
{
    is_found @homework, $set, pupil => $_, 'facts'
        for qw(one list feed of_class);
    is_found @homework, $set, teacher => $_, 'facts' for qw(one pupils);
}
is_found @homework, 'description = NULL', pupil => $_, 'description'
    for qw(one feed);

my ($title) = $db->selectrow_array("SELECT encode(title, 'hex') FROM"
    . ' data.homework WHERE record = ?', {}, $homework);
my $due = Pupil::Class::at(9);
my $res = $day->teacher->patch("/v1/homework/$homework",
    json => { title => 'Kapitel Hallon', due_at => $due });
is_status $res, 200, 'a homework is changed';
is $res->json->{due_at}, $due, 'as it was said';
is_found @homework, "title = decode('$title', 'hex')", pupil => 'one',
    'title';


# ---- keys that have to be asked for first: one of them, then with each request

$day->reload;
ok in_progress($day->classmate->get("/v1/homework/$homework")) eq '',
    'a worker has the key of the class';
is_found @answer, 'done = NOT done', pupil => 'beside', 'facts';

$nginx->set(http => $day->site->http_conf(conf => {
    pupil_session_zone => undef, pupil_key_cache => 'off' }));
$day->reload;
is_found @answer, 'done = NOT done', pupil => $_, 'facts'
    for qw(beside history mine);
is_found @answer, 'done = NOT done', teacher => 'overview', 'facts';
is_found @homework, 'assigned_by = NULL', pupil => $_, 'facts'
    for qw(one feed list);


# ---- who writes has what was stored, or writes nothing

my %write = (patch => sub {
        $day->teacher->patch("/v1/homework/$homework",
                             json => { title => 'Kapitel Odon' }) },
    delete => sub { $day->teacher->delete("/v1/homework/$homework") });
for my $write (sort keys %write) {
    my ($status, $notes) = changed(@homework[0, 1],
        "due_at = due_at + interval '1 day'", sub {
        my $res = $write{$write}->();
        return $res->status, notes($res);
    });
    is $status, 404, "$write of a homework that was changed";
    is $notes, "data.homework $homework of $class: facts", 'on record';
}


# Two at once: each has read what was stored before the other wrote.
my %change = (title => 'Kapitel Nypon', due_at => Pupil::Class::at(11));
my %sent = map { $_ => $nginx->http } keys %change;
my $lock = $day->pg->connect('pupil');
$lock->begin_work;
$lock->do('SELECT FROM data.homework WHERE record = ? FOR UPDATE', {},
          $homework);
for my $what (sort keys %change) {
    my $http = $sent{$what};
    $http->{cookies} = $day->teacher->cookies;
    $http->csrf($day->teacher->csrf);
    $http->connect;
    $http->send_raw($http->request_bytes(PATCH => "/v1/homework/$homework",
        json => { $what => $change{$what} }));
}
wait_until(60, 'a change to wait', sub { $db->selectrow_array(
    "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'") });
select undef, undef, undef, 0.3;
$lock->rollback;
is_status $sent{$_}->read_response('PATCH'), 200, "two at once: $_"
    for sort keys %change;
$res = $day->teacher->get("/v1/homework/$homework")->json;
is_deeply { map { $_ => $res->{$_} } keys %change }, \%change,
    'nothing of either is lost';

is_status $day->teacher->delete("/v1/homework/$homework"), 204,
    'it is taken back';
is_found @homework, 'deleted_at = NULL', pupil => $_, 'facts'
    for qw(one feed);

done_testing;
