#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# The exercises of a homework can be changed until the first answer is in:
# texts, points, keys, what is added and taken away.  An exercise that keeps its
# id is the same question; an answer and a change at the same moment leave no
# answer to what is not there.

use lib 't/lib';
use Pupil::Test;
use Pupil::Class;
use Time::HiRes qw(sleep);

my $class = Pupil::Class->up(workers => 2);
my ($teacher, $pupil, $db) = ($class->teacher, $class->pupil, $class->db);
my @three = (
    { title => 'Which?', max_score => 2, kind => 'choice', text => 'One of:',
      options => ['A', 'B "b"', 'C'], key => [1] },
    { title => 'How many?', max_score => 3, kind => 'number', unit => 'kg',
      key => { value => 4, tolerance => 0.5 } },
    { title => 'Anything', max_score => 1 },
);

sub given { $class->assign(exercises => \@three, @_) }
sub path ($homework) { "/v1/homework/$homework->{id}" }
sub as_is ($exercise, %with) { my %is = (%$exercise, %with); \%is }
sub change ($homework, @exercises) {
    return $teacher->patch(path($homework),
                           json => { exercises => \@exercises });
}
sub submit ($homework, $exercise, $answer) {
    return $pupil->post('/v1/progress', json => { id => uuid(),
        homework_id => $homework->{id}, exercise_id => $exercise->{id},
        answer => $answer });
}
sub ids ($homework) { map { $_->{id} } @{ $homework->{exercises} } }
sub stranded () {
    return $db->selectrow_array('SELECT count(*) FROM data.progress AS p'
        . ' JOIN data.homework AS h ON h.record = p.homework_id'
        . ' WHERE p.exercise_id <> ALL (h.exercise_ids)');
}


# ---- changed, added, taken away, in another order

my $homework = given();
my @was = @{ $homework->{exercises} };
is_deeply [map { $_->{id} } @{ $pupil->get('/v1/homework')->json
    ->{homework}[0]{exercises} }], [ids($homework)], 'a pupil has the list';
my $res = change($homework, { title => 'New', max_score => 5, kind => 'essay' },
                 as_is($was[1], title => 'How heavy?', max_score => 4),
                 as_is($was[0], text => 'Just one of:'));
is_status $res, 200, 'exercises are changed';
my $now = $res->json;
is_deeply [map { $_->{title} } @{ $now->{exercises} }],
    ['New', 'How heavy?', 'Which?'], 'as they were sent';
is_deeply [(ids($now))[1, 2]], [(ids($homework))[1, 0]], 'those that were there'
    . ' keep their ids';
ok !(grep { $_ eq (ids($now))[0] } ids($homework)), 'a new one has its own';
is $now->{title}, 'Chapter one', 'all else is as it was';
unlike $res->body, qr/"key"|tolerance/, 'without keys';
is_deeply $pupil->get(path($homework))->json->{exercises}, $now->{exercises},
    'a pupil sees it';
is_deeply $pupil->get('/v1/homework')->json->{homework}[0]{exercises},
    $now->{exercises}, 'in the list, too';
my ($written) = grep { $_->{operation} eq 'write' } $class->audit($res);
is join(' ', @{ $written->{fields} }), 'description due_at exercise_ids'
    . ' exercises keys title', 'on record';
is join(' ', sort map { "$_->{relation} @{ $_->{fields} }" } grep {
        $_->{operation} eq 'read' && $_->{purpose} eq 'learning' }
        $class->audit($res)), 'system keys', '... as it reads the keys';
is_deeply change($homework, as_is($now->{exercises}[2]),
    { title => 'New', max_score => 5, kind => 'essay' })->json->{exercises},
    change($homework, as_is($now->{exercises}[2]),
    { title => 'New', max_score => 5, kind => 'essay' })->json->{exercises},
    'what is sent again is what it was';
$res = $teacher->patch(path($homework), json => { title => 'Chapter 1',
    due_at => Pupil::Class::at(9), exercises => [as_is($now->{exercises}[2])] });
is_deeply [$res->json->{title}, scalar ids($res->json)], ['Chapter 1', 1],
    'with the rest';


# ---- keys: kept, changed, taken away

$homework = given();
@was = @{ $homework->{exercises} };
change($homework, as_is($was[0], title => 'Which one?'),
       as_is($was[1], key => { value => 7 }), as_is($was[2]));
is submit($homework, $was[0], [1])->status, 201, 'an answer';
is submit($homework, $was[1], 7)->status, 201, 'another';
is_deeply [map { $_->{score} } sort { $a->{score}{max} <=> $b->{score}{max} }
    @{ $pupil->get("/v1/progress?homework_id=$homework->{id}")->json
        ->{submissions} }],
    [{ raw => 2, max => 2, by => 'machine' },
     { raw => 3, max => 3, by => 'machine' }],
    'scored by the key that was kept, and by the new one';
$homework = given();
@was = @{ $homework->{exercises} };
change($homework, as_is($was[0], key => undef), as_is($was[1]));
submit($homework, $was[0], [1]);
ok !exists $pupil->get("/v1/progress?homework_id=$homework->{id}")->json
    ->{submissions}[0]{score}, 'null takes a key away';


# ---- from what it was: nothing of a colleague's is put back

$homework = given();
my $old = $homework->{version};
like $old, qr/^[0-9a-f-]{36}$/, 'which state it is in';
is $teacher->get(path($homework))->json->{version}, $old, 'is said to a teacher';
is_deeply [map { $_->{version} } grep { $_->{id} eq $homework->{id} }
    @{ $teacher->get('/v1/homework')->json->{homework} }], [$old], 'in the list';
ok !exists $pupil->get(path($homework))->json->{version}, 'and to no pupil';
$res = $teacher->patch(path($homework), json => { title => 'A', version => $old });
is_status $res, 200, 'what was made from it is taken';
my $new = $res->json->{version};
isnt $new, $old, 'and is another state';
for my $case ([title => 'B'], [exercises => [{ title => 'B', max_score => 1 }]]) {
    is_problem $teacher->patch(path($homework), json => { @$case, version => $old }),
        409, 'conflict', field => '/version', rule => 'stale',
        name => "$case->[0], made from another state";
}
is $teacher->get(path($homework))->json->{title}, 'A', 'nothing is changed';
is_status change($homework, { title => 'C', max_score => 1 }), 200,
    'whoever says none wants it in any case';
is_status $teacher->patch(path($homework), json => { title => 'D',
    version => $teacher->get(path($homework))->json->{version} }), 200,
    'from what it is now';
is_problem $teacher->patch(path($homework), json => { version => $old }), 422,
    'invalid', rule => 'minProperties', name => 'nothing else: no change';
is_problem $teacher->patch(path($homework), json => { title => 'E',
    version => 'x' }), 422, 'invalid', field => '/version', rule => 'uuid',
    name => 'none that there can be';


# ---- until the first answer

$homework = given();
@was = @{ $homework->{exercises} };
submit($homework, $was[0], [1]);

$res = change($homework, as_is($was[0]));
is_problem $res, 409, 'conflict', field => '/exercises', rule => 'answered',
    name => 'then no more';
is_deeply $class->outcomes($res), ['conflict'], 'which is on record';
is_deeply $teacher->get(path($homework))->json->{exercises}, \@was,
    'nothing is changed';
is_status $teacher->patch(path($homework), json => { title => 'Later' }), 200,
    'all but exercises is';


# ---- what is refused

$homework = given();
@was = @{ $homework->{exercises} };
my %bad = (
    'another kind' => ['/exercises/0/kind', 'const',
        { id => $was[0]{id}, title => 'x', max_score => 1, kind => 'essay' }],
    'no kind' => ['/exercises/0/kind', 'const',
        { id => $was[0]{id}, title => 'x', max_score => 1 }],
    'other options' => ['/exercises/0/options', 'const',
        as_is($was[0], options => ['A', 'C', 'B "b"'])],
    'fewer' => ['/exercises/0/options', 'const',
        as_is($was[0], options => ['A', 'B "b"'])],
    'several' => ['/exercises/0/multiple', 'const',
        as_is($was[0], multiple => \1)],
    'another unit' => ['/exercises/0/unit', 'const',
        as_is($was[1], unit => 'g')],
    'no unit' => ['/exercises/0/unit', 'const', { map { $_ => $was[1]{$_} }
        qw(id title max_score kind) }],
    "another homework's" => ['/exercises/0/id', 'exists',
        as_is($was[0], id => uuid())],
    'no id' => ['/exercises/0/id', 'uuid', as_is($was[0], id => 'x')],
);
for my $name (sort keys %bad) {
    my ($field, $rule, @exercises) = @{ $bad{$name} };
    is_problem change($homework, @exercises), 422, 'invalid', field => $field,
        rule => $rule, name => $name;
}
is_problem change($homework, as_is($was[0]), as_is($was[0])), 422, 'invalid',
    field => '/exercises/1/id', rule => 'uniqueItems', name => 'one twice';
is_problem change($homework), 422, 'invalid', field => '/exercises',
    rule => 'minItems', name => 'none';
is_problem $teacher->post('/v1/homework', json => $class->body(
    exercises => [as_is($was[2])])), 422, 'invalid',
    field => '/exercises/0/id', rule => 'additionalProperties',
    name => 'a new homework says no ids';
is_problem $class->colleague->patch(path($homework),
    json => { exercises => [@was] }), 404, 'not-found',
    name => 'another teacher cannot';
is_problem $pupil->patch(path($homework), json => { exercises => [@was] }), 403,
    'not-granted', name => 'nor a pupil';
is_deeply $teacher->get(path($homework))->json->{exercises}, \@was,
    'nothing was changed';


# ---- assigned again with its id (I15)

my $body = $class->body(id => uuid(), exercises => \@three);
my $first = $teacher->post('/v1/homework', json => $body)->json;
change($first, as_is($first->{exercises}[1]), { title => 'y', max_score => 1 });
$res = $teacher->post('/v1/homework', json => $body);
is_status $res, 200, 'what was assigned at first, again';
is scalar(ids($res->json)), 2, 'is as it is stored';


# ---- at the same moment

$db->do('CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS'
    . " 'BEGIN PERFORM pg_sleep(0.7); RETURN NEW; END'");

# Both, the second while the first is under way.
sub both ($slow, $event, $early, $late) {
    my @http = map { my ($who) = @$_; my $http = $class->nginx->http;
        $http->{cookies} = $class->as($who)->cookies;
        $http->csrf($class->as($who)->csrf); $http->connect; $http }
        $early, $late;
    $db->do("CREATE TRIGGER slow BEFORE $event ON $slow FOR EACH ROW"
            . ' EXECUTE FUNCTION slow()');
    my $n = 0;
    for ($early, $late) {
        my (undef, $method, $path, $json) = @$_;
        $http[$n]->send_raw($http[$n]->request_bytes($method, $path,
                                                     json => $json));
        wait_until(60, 'the first to be under way', sub {
            $db->selectrow_array('SELECT count(*) FROM pg_stat_activity WHERE'
                . " wait_event = 'PgSleep'") }) if !$n++;
    }
    my @res = map { $http[$_]->read_response((($early, $late)[$_])->[1]) } 0, 1;
    $db->do("DROP TRIGGER slow ON $slow");
    return @res;
}

for my $many (0, 1) {
    my $name = $many ? 'answers' : 'an answer';
    my @homework = map { given() } 0 .. $many;
    my ($one) = @homework;
    my @edit = (teacher => PATCH => path($one),
        { exercises => [{ title => 'Other', max_score => 1 }] });
    my @answers = map { { id => uuid(), homework_id => $_->{id},
        exercise_id => $_->{exercises}[2]{id}, answer => 'x' } } @homework;
    my @submit = (pupil => POST => '/v1/progress',
                  $many ? \@answers : $answers[0]);

    my @res = both('data.progress', 'INSERT', \@submit, \@edit);
    is $res[0]->status, $many ? 200 : 201, "$name, and a change meanwhile";
    is_problem $res[1], 409, 'conflict', field => '/exercises',
        rule => 'answered', name => 'which comes too late';
    is stranded(), 0, 'nothing is answered that is not there';

    @homework = map { given() } 0 .. $many;
    ($one) = @homework;
    $edit[2] = path($one);
    for (0 .. $many) {
        @{ $answers[$_] }{qw(id homework_id exercise_id)} = (uuid(),
            $homework[$_]{id}, $homework[$_]{exercises}[2]{id});
    }
    is submit($one, $one->{exercises}[0], 'x')->status, 422,
        'the worker knows the homework as it was';
    @res = both('data.homework', 'UPDATE', \@edit, \@submit);
    is_status $res[0], 200, "a change, and $name meanwhile";
    if ($many) {
        is join(' ', map { $_->{status} } @{ $res[1]->json->{results} }),
            'refused stored', 'of what is there no more one is refused';
    } else {
        is_problem $res[1], 404, 'not-found', name => 'of what is there no more';
    }
    is stranded(), 0, 'nothing is answered that is not there';
}

done_testing;
