#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# A row that somebody moved, or gave a column of another, is left out of every
# list and on record, and nothing else of the list is missing (I6, I18).

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

my $day = Pupil::Day->up(workers => 1);
my ($db, $nginx) = ($day->db, $day->nginx);
$nginx->allow_log(qr/\[crit\]/);
my %class = $day->classes;
my ($here, $there) = ($day->class_id,
                      grep { $_ ne $day->class_id } values %class);
my %foreign = $day->classes('colleague');
my ($foreign) = values %foreign;

# What stays, what is moved, and where columns are taken from.
my ($stays, $moved, $other) = map { $day->assign(title => $_,
    class_id => $here, due_at => Pupil::Class::at($_ eq 'Moved' ? 3 : 5)) }
    qw(Stays Moved Other);
my $afar = $day->assign(title => 'Afar', class_id => $there);
my %answer = map { my $homework = $_;
    my $body = $day->answer($homework, 0, score => { raw => 1, max => 10 });
    $day->expect(201, $day->pupil->post('/v1/progress', json => $body));
    $homework->{id} => $body->{id} } $stays, $moved, $other;

sub columns ($table) {
    return @{ $db->selectcol_arrayref('SELECT attname FROM pg_attribute WHERE'
        . ' attrelid = ?::regclass AND attnum > 0 AND NOT attisdropped', {},
        $table) };
}

my %lists;
for my $who (qw(teacher pupil)) {
    $lists{"$who: the open list"} = [$who, '/v1/homework', 'homework'];
    $lists{"$who: all homework"} = [$who, '/v1/homework?status=all',
                                    'homework'];
}
my %progress = (
    'teacher: the overview' => ['teacher', "/v1/homework/$moved->{id}/progress",
                                'pupils', undef],
    'pupil: the history' => ['pupil', '/v1/progress', 'submissions'],
    'pupil: the open list' => $lists{'pupil: the open list'},
    'pupil: all homework' => $lists{'pupil: all homework'},
);

sub ids ($res, $of) { map { $_->{id} } @{ $res->json->{$of} } }

# Every list, once a row has changed: the rest is there.  Whether that was found.
sub look ($name, $lists, @rest) {
    my (@bad, $found);
    for my $list (sort keys %$lists) {
        my ($who, $path, $of) = @{ $lists->{$list} };
        for my $round (1, 2) {
            my $res = $day->as($who)->get($path);
            push @bad, "$list: " . $res->status if $res->status != 200;
            next if $res->status != 200;
            my %there = map { $_ => 1 } ids($res, $of);
            push @bad, map { "$list: lacks $_" }
                       grep { !$there{$_} } $of eq 'pupils'
                       ? $day->person('pupil')->{id}
                       : $of eq 'submissions' ? @answer{@rest} : @rest;
            $found++ if grep { $_ eq 'tampered' } @{ $day->outcomes($res) };
        }
    }
    is join(', ', @bad), '', $name;
    return $found;
}

sub change ($table, $record, $set, @values) {
    my ($rows) = $db->selectcol_arrayref("SELECT t::text FROM $table AS t"
        . ' WHERE record = ?', {}, $record);
    my $done = eval { $db->do("UPDATE $table SET $set WHERE record = ?", {},
                              @values, $record); 1 };
    return if !$done;
    return sub ($now = $record) {
        $db->do("DELETE FROM $table WHERE record = ?", {}, $now);
        $db->do("INSERT INTO $table SELECT (?::$table).*", {}, $rows->[0]);
    };
}


# ---- homework

for my $class ([$there, 'another class of the teacher'],
               [$foreign, "somebody else's class"])
{
    my $back = change('data.homework', $moved->{id}, 'owner = ?', $class->[0]);
    ok look("homework that was moved to $class->[1]", \%lists,
            $stays->{id}, $other->{id}) || $class->[0] eq $foreign,
        '... is found';
    $back->();
}

for my $column (grep { !/^(?:tenant|owner|record|updated_at|source)$/ }
                columns('data.homework'))
{
    my $back = change('data.homework', $moved->{id}, "$column ="
        . " (SELECT o.$column FROM data.homework AS o WHERE o.record = ?)",
        $afar->{id}) or next;
    look("homework with $column of another", \%lists,
         $stays->{id}, $other->{id});
    $back->();
}
my $id = $moved->{exercises}[0]{id};
for my $set ('description = NULL', 'assigned_by = NULL', 'key_version = 0',
             'key_version = 7', "facts = ''", "facts = facts || '\\x00'",
             "title = ''", "title = '\\x00'", "exercises = ''",
             "exercise_ids = '{}'", "exercise_ids = '{{$id}}'",
             "exercise_ids = '{NULL}'", "due_at = 'infinity'",
             "assigned_at = '-infinity'", "record = '$afar->{id}'",
             'record = gen_random_uuid()')
{
    my $back = change('data.homework', $moved->{id}, $set) or next;
    ok look("homework with $set", \%lists, $stays->{id}, $other->{id})
        || $set =~ /^key_version/, '... is found, if anybody reads it';
    my ($now) = $db->selectrow_array('SELECT record FROM data.homework WHERE'
        . ' owner = ? AND record NOT IN (?, ?)', {}, $here, $stays->{id},
        $other->{id});
    $back->($now);
}


# ---- what was handed in

my $submission = $answer{ $moved->{id} };
for my $column (grep { !/^(?:tenant|record|updated_at|source)$/ }
                columns('data.progress'))
{
    my $back = $column eq 'owner'
        ? change('data.progress', $submission, 'owner = ?',
                 $day->person('classmate')->{id})
        : change('data.progress', $submission, "$column ="
            . " (SELECT o.$column FROM data.progress AS o WHERE o.record = ?)",
            $answer{ $other->{id} });
    next if !$back;
    look("a submission with $column of another", \%progress,
         $stays->{id}, $other->{id});
    $back->();
}

for my $set ('key_version = 0', "facts = ''", "answer = ''", "result = NULL",
             'superseded = true', 'done = NOT done', "fingerprint = ''",
             "updated_at = 'infinity'", "updated_at = '-infinity'")
{
    my $back = change('data.progress', $submission, $set) or next;
    look("a submission with $set", \%progress, $stays->{id},
         $other->{id});
    $back->();
}

is_status $day->$_->get('/v1/homework'), 200, "all is as ever: $_"
    for qw(teacher pupil);

done_testing;
