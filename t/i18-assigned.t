#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I18: what a pupil hands in goes to the class that was given the homework, and
# to no other.  A superuser moves, copies and edits rows of data.homework, so
# that an answer would come before another class's teacher, or be taken for
# what nobody assigned: of a worker that knows nothing yet, and of one that has
# met the homework.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

my $day = Pupil::Day->up(workers => 1);
my ($db, $nginx) = ($day->db, $day->nginx);
$nginx->allow_log(qr/\[crit\].* is not authentic/);

# Whoever may run DDL is not kept by a constraint.
$db->do('ALTER TABLE data.homework DROP CONSTRAINT IF EXISTS has_facts');
$db->do('DROP INDEX IF EXISTS data.homework_record');

my $pupil = $day->person('pupil')->{id};
my $class = $day->class_id;
my $homework = $day->assign;
my $early = $day->assign(assigned_at => Pupil::Class::at(3));
my $gone = $day->assign;
my $kept = rows_of($gone->{id});
is $day->teacher->delete("/v1/homework/$gone->{id}")->status, 204,
    'one is taken back';

# Another class of the pupil's, and a teacher of it who does not teach theirs.
my $else = $db->selectrow_hashref(<<'SQL', {}, $pupil, $class);
SELECT t.subject, t.class FROM pupil.enrolment AS p JOIN pupil.enrolment AS t
    ON t.class = p.class AND t.role = 'teacher' AND t.subject <> ALL (
       SELECT subject FROM pupil.enrolment WHERE class = $2
       AND role = 'teacher')
 WHERE p.subject = $1 AND p.role = 'pupil' AND p.class <> $2 LIMIT 1
SQL
my ($stranger) = grep { $day->person($_)->{id} eq $else->{subject} }
    map { /^\d/ && !/CBeane/ ? (split /,/)[4] : () } split /\n/, slurp(root_dir()
        . '/docs/quickstart/data/sds-100-users/Teacher.csv');


sub rows_of ($record) {
    return $db->selectcol_arrayref('SELECT row_to_json(h)::text FROM'
        . ' data.homework AS h WHERE record = ?', {}, $record);
}

sub put_back ($record, $rows) {
    $db->do('DELETE FROM data.homework WHERE record = ?', {}, $record);
    $db->do('INSERT INTO data.homework SELECT * FROM json_populate_record('
        . 'NULL::data.homework, ?::json)', {}, $_) for @$rows;
}

sub notes ($res) {
    return join '; ', @{ $db->selectcol_arrayref('SELECT note FROM'
        . " pupil.audit_record WHERE request = ? AND outcome = 'tampered'"
        . ' ORDER BY note', {}, $res->request_id) };
}

# Of a submission: its status, the class it went to, and what was found.
sub submits ($body) {
    my $res = $day->pupil->post('/v1/progress', json => $body);
    my $to = $db->selectrow_array('SELECT class_id FROM data.progress WHERE'
        . ' record = ?', {}, $body->{id}) // 'nobody';
    return join ' ', $res->status,
        $to eq $class ? 'theirs' : $to eq 'nobody' ? $to : 'another', notes($res);
}

sub seen ($body) {
    my $res = $day->as($stranger)->get("/v1/data/progress/$pupil");
    die $res->text if $res->status != 200;
    return scalar grep { $_->{id} eq $body->{id} } @{ $res->json->{records} };
}

my $added = uuid();
my $found = 'data.homework RECORD of OWNER: facts';

# What is done to a homework's row; what a submission then is: to a worker that
# has not met the homework, and to one that has.
my @lies = (
    { name => 'moved to another class', of => $homework,
      set => "owner = '$else->{class}'",
      cold => "404 nobody $found", warm => "404 nobody $found",
      owner => $else->{class} },
    { name => 'copied into another class', of => $homework, copy => 1,
      set => "owner = '$else->{class}'",
      cold => "201 theirs $found", warm => '201 theirs ',
      owner => $else->{class} },
    { name => 'an exercise that nobody gave', of => $homework,
      set => "exercise_ids = exercise_ids || '$added'::uuid",
      with => { exercise_id => $added },
      cold => "404 nobody $found", warm => "404 nobody $found" },
    { name => 'and one that somebody gave beside it', of => $homework,
      set => "exercise_ids = exercise_ids || '$added'::uuid",
      cold => "404 nobody $found", warm => '201 theirs ' },
    { name => 'taken away', of => $homework, set => "exercise_ids = '{}'",
      cold => "404 nobody $found", warm => '201 theirs ' },
    { name => 'other facts', of => $homework,
      set => 'facts = set_byte(facts, 0, get_byte(facts, 0) # 1)',
      cold => "404 nobody $found", warm => '201 theirs ' },
    { name => 'the last byte of the facts', of => $homework,
      set => 'facts = set_byte(facts, length(facts) - 1,'
          . ' get_byte(facts, length(facts) - 1) # 1)',
      cold => "404 nobody $found", warm => "404 nobody $found" },
    { name => 'no facts', of => $homework, set => 'facts = NULL',
      cold => "404 nobody $found", warm => "404 nobody $found" },
    { name => 'of the future', of => $early, set => 'assigned_at = now()',
      cold => "404 nobody $found", warm => "404 nobody $found" },
    { name => 'taken back', of => $gone, set => 'deleted_at = NULL',
      cold => "404 nobody $found", warm => "404 nobody $found" },
);


# ---- what is as it was stored

is submits($day->answer($homework)), '201 theirs ', 'homework of the class';
is submits($day->answer($early)), '404 nobody ', 'not yet assigned';
is submits($day->answer($gone)), '404 nobody ', 'taken back';


# ---- each lie

for my $lie (@lies) {
    my $record = $lie->{of}{id};
    my $was = rows_of($record);

    for my $state (qw(cold warm)) {
        $day->reload;
        if ($state eq 'warm') {
            submits($day->answer($homework, $_)) for 0, 1;
        }
        if ($lie->{copy}) {
            $db->do("CREATE TEMP TABLE copy AS SELECT * FROM data.homework"
                . " WHERE record = '$record'");
            $db->do("UPDATE copy SET $lie->{set}");
            $db->do('INSERT INTO data.homework SELECT * FROM copy');
            $db->do('DROP TABLE copy');
        }
        else {
            is $db->do("UPDATE data.homework SET $lie->{set}"
                . ' WHERE record = ?', {}, $record), 1, "$lie->{name}: done";
        }

        my $body = { %{ $day->answer($lie->{of}) }, %{ $lie->{with} // {} } };
        my $owner = $lie->{owner} // $class;
        is submits($body),
            $lie->{$state} =~ s/RECORD/$record/r =~ s/OWNER/$owner/r,
            "$lie->{name}: $state";
        put_back($record, $was);
        is seen($body), 0, "$lie->{name}: $state: another teacher sees"
            . ' nothing of it';
    }
}

# The old row of one that was taken back is an authentic one; what can be known
# of it is the class's.
put_back($gone->{id}, $kept);
is submits($day->answer($gone)), '201 theirs ',
    'an old row, put back whole, is an old homework of that class';


# ---- what changes while it is handed in is met anew

$day->reload;
submits($day->answer($homework, $_)) for 0, 1;
is $day->teacher->patch("/v1/homework/$homework->{id}",
    json => { due_at => Pupil::Class::at(9) })->status, 200, 'due later';
is submits($day->answer($homework)), '201 theirs ', 'and handed in';
is $day->teacher->delete("/v1/homework/$homework->{id}")->status, 204,
    'taken back';
is submits($day->answer($homework)), '404 nobody ', 'and no longer taken';

done_testing;
