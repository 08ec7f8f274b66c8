#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# A homework is given to another class, too: a copy with its exercises and their
# keys, once whatever is sent again (I15), by whoever teaches both classes.

use lib 't/lib';
use Pupil::Test;
use Pupil::Class;

my $class = Pupil::Class->up;
my ($teacher, $db, $path) = ($class->teacher, $class->db, '/v1/homework');
my $here = $class->class_id;
my ($other) = do { my %of = $class->classes; grep { $_ ne $here } values %of };
my @exercises = (
    { title => 'Which?', max_score => 2.50, kind => 'choice', key => [1],
      text => "One\n\"of\":", options => ['A', 'B "b"', 'C'] },
    { title => 'How many?', max_score => 3, kind => 'number', unit => 'kg',
      key => { value => 4, tolerance => 0.5 } },
    { title => 'Anything', max_score => 1 },
    { title => 'Some', max_score => 1, kind => 'choice', multiple => \1,
      options => ['a', 'b'] },
);
my $source = $class->assign(exercises => \@exercises);
my @was = @{ $source->{exercises} };

sub copy_of ($id, %with) {
    return { id => uuid(), class_id => $other, copy_of => $id,
             due_at => Pupil::Class::at(9), %with };
}
sub plain ($homework) {
    return [map { my %one = %$_; delete $one{id}; \%one }
            @{ $homework->{exercises} }];
}


# ---- a copy

my $body = copy_of($source->{id});
my $res = $teacher->post($path, json => $body);
is_status $res, 201, 'given to another class';
my $copy = $res->json;
is $copy->{id}, $body->{id}, 'with the id that was sent';
is $copy->{class}{id}, $other, 'of that class';
is_deeply [@$copy{qw(title description due_at)}],
    [@$source{qw(title description)}, $body->{due_at}], 'as it is, due as sent';
is_deeply plain($copy), plain($source), 'with its exercises';
my %ids = map { $_->{id} => 1 } @was, @{ $copy->{exercises} };
is scalar(keys %ids), 8, 'which are others';
is_deeply $teacher->get("$path/$source->{id}")->json, $source,
    'what it is a copy of stays as it is';
my @audit = $class->audit($res);
my ($written) = grep { $_->{operation} eq 'write' } @audit;
is join(' ', @{ $written->{fields} }), 'assigned_at assigned_by description'
    . ' due_at exercise_ids exercises keys title', 'on record';
is join(' ', map { "$_->{relation} @{ $_->{fields} }" } grep {
        $_->{operation} eq 'read' && $_->{purpose} eq 'learning' } @audit),
    'system keys', '... as it reads the keys';
$res = $teacher->post($path, json => copy_of($source->{id}, class_id => $here,
    title => 'Again', description => undef));
is_deeply [@{ $res->json }{qw(title description)}], ['Again', undef],
    'to the same class, with other words';


# ---- with its keys: by those the gateway scores

my $same = $teacher->post($path, json => copy_of($source->{id},
    class_id => $here))->json;
for my $case ([0, [1], 2.5], [1, 4.5, 3], [1, 5, 0]) {
    my ($n, $answer, $points) = @$case;
    my $id = uuid();
    is_status $class->pupil->post('/v1/progress', json => { id => $id,
        homework_id => $same->{id}, exercise_id => $same->{exercises}[$n]{id},
        answer => $answer }), 201, 'an answer';
    my ($is) = grep { $_->{id} eq $id } @{ $class->pupil->get(
        "/v1/progress?homework_id=$same->{id}")->json->{submissions} };
    is $is->{score}{raw} + 0, $points, '... is scored by the key';
}
unlike join(' ', map { $_->body } $res,
    $class->pupil->get("$path/$same->{id}")), qr/"key"|tolerance/,
    'which nobody is shown';


# ---- sent again

$res = $teacher->post($path, json => $body);
is_status $res, 200, 'the same again';
is_deeply $res->json, $copy, 'is what it was';
is_status $teacher->patch("$path/$source->{id}", json => { title => 'New',
    exercises => [{ title => 'Other', max_score => 1 }] }), 200,
    'what it was a copy of is changed';
is_deeply $teacher->post($path, json => $body)->json, $copy,
    'that changes nothing of it';
is_status $teacher->delete("$path/$source->{id}"), 204, 'it is taken back';
is_deeply $teacher->post($path, json => $body)->json, $copy, 'nor does that';
is $db->selectrow_array('SELECT count(*) FROM data.homework WHERE record = ?',
    {}, $body->{id}), 1, 'it is stored once';
for my $with ([title => 'T'], [description => 'D'], [copy_of => $same->{id}],
              [due_at => Pupil::Class::at(8)], [class_id => $here]) {
    is_problem $teacher->post($path, json => { %$body, @$with }), 409,
        'id-conflict', name => "another $with->[0]";
}


# ---- what is refused

$res = $teacher->post($path, json => copy_of($source->{id}));
is_problem $res, 404, 'not-found', name => 'what was taken back';
is_deeply $class->outcomes($res), ['not_found'], 'which is on record';
is_problem $teacher->post($path, json => copy_of(uuid())), 404, 'not-found',
    name => 'what is not';
my ($theirs) = do { my %of = $class->classes('colleague'); values %of };
$res = $class->colleague->post($path, json => copy_of($same->{id},
    class_id => $theirs));
is_problem $res, 404, 'not-found', name => 'of a class that one does not teach';
is_deeply $class->outcomes($res), ['not_found'], 'which is on record';
is_problem $teacher->post($path, json => copy_of($same->{id},
    class_id => $theirs)), 404, 'not-found', name => 'nor to such a class';
is_problem $class->pupil->post($path, json => copy_of($same->{id},
    class_id => $here)), 403, 'not-granted', name => 'nor a pupil';
is_problem $teacher->post($path, json => copy_of($same->{id},
    exercises => \@exercises)), 422, 'invalid', field => '/exercises',
    rule => 'additionalProperties', name => 'with exercises of its own';
is_problem $teacher->post($path, json => copy_of('x')), 422, 'invalid',
    field => '/copy_of', rule => 'uuid', name => 'no id';
my $none = copy_of('x');
delete $none->{copy_of};
is_problem $teacher->post($path, json => $none), 422, 'invalid',
    field => '/title', rule => 'required', name => 'without, all is sent';
is_problem $teacher->post($path, json => { %$none, title => 'T' }), 422,
    'invalid', field => '/exercises', rule => 'required', name => '... all';

done_testing;
