#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# Exercises of a kind: what a teacher may define, what an answer has to be, and
# that it is the server that scores what has a key, which nobody is shown.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

# Numbers that stand nowhere else: whoever sees one has seen a key.
my ($SECRET, $NEAR) = (47110815.25, 0.0625);

# /external/ is that of an exercise engine, /strict takes no score at all.
my $day = Pupil::Day->up(workers => 1, server => '
    location /external { pupil_progress; pupil_score_claims on; }
    location /strict { pupil_progress; pupil_score_claims off; }');
my ($db, $pupil, $teacher) = ($day->db, $day->pupil, $day->teacher);

my @EXERCISES = (
    { title => 'Capital', max_score => 2, kind => 'choice',
      text => "Of Sweden?\nOne of them.", options => [qw(Oslo Stockholm Turku)],
      key => [1] },
    { title => 'Primes', max_score => 2.5, kind => 'choice',
      options => [2, 4, 5, 9], multiple => \1, key => [2, 0] },
    { title => 'Length', max_score => 4, kind => 'number', unit => 'cm',
      key => { value => $SECRET, tolerance => $NEAR } },
    { title => 'A word', max_score => 1, kind => 'text' },
    { title => 'A day', max_score => 10, kind => 'essay' },
    { title => 'A page', max_score => 1, kind => 'link' },
    { title => 'A number of your own', max_score => 1, kind => 'number' },
    { title => 'Without a kind', max_score => 3 },
);
$_->{options} = [map { "$_" } @{ $_->{options} }]
    for grep { $_->{options} } @EXERCISES;
my %N = (one => 0, many => 1, number => 2, text => 3, essay => 4, link => 5,
         open => 6, plain => 7);

my $homework = $day->assign(title => 'Kinds', exercises => \@EXERCISES);
my $one = "/v1/homework/$homework->{id}";

sub answer ($exercise, $answer, %with) {
    return $day->answer($homework, $N{$exercise}, answer => $answer, %with);
}

sub submit ($body, $path = '/v1/progress') {
    return $pupil->post($path, json => $body);
}

# The last that was handed in.
sub last_of ($http = $pupil) {
    return $http->get('/v1/progress?limit=1')->json->{submissions}[0];
}

sub counter ($name) {
    return $day->nginx->http->get('/status')->json->{evidence}{$name};
}


# ---- what is shown

my @shown = map { my %of = %$_; delete $of{key};
                  $of{multiple} = $of{multiple} ? \1 : \0 if $of{options};
                  \%of } @EXERCISES;
my $got = $pupil->get($one)->json->{exercises};
delete $_->{id} for @$got;
is json_of($got), json_of(\@shown), 'exercises are shown as they were defined';
is json_of([map { my %of = %$_; delete $of{id}; \%of }
            @{ $homework->{exercises} }]), json_of(\@shown),
    'to the teacher as well';


# ---- definitions

sub define (%exercise) {
    return $teacher->post('/v1/homework', json => $day->body(
        exercises => [{ title => 'E', max_score => 1, %exercise }]));
}

my @choice = (kind => 'choice', options => ['Mark 90125', 'b']);
for my $case (
    ['kind', 'enum', kind => 'Mark 90125'],
    ['text', 'additionalProperties', text => 'Mark 90125'],
    ['key', 'additionalProperties', kind => 'essay', key => 'Mark 90125'],
    ['options', 'required', kind => 'choice'],
    ['options/1', 'uniqueItems', kind => 'choice',
     options => [('Mark 90125') x 2]],
    ['key/0', 'enum', @choice, key => [90125]],
    ['key', 'maxItems', @choice, key => [0, 1]],
    ['key/value', 'type', kind => 'number', key => { value => 'Mark 90125' }],
    ['key/tolerance', 'minimum', kind => 'number',
     key => { value => 90125, tolerance => -90125 }])
{
    my ($field, $rule, %exercise) = @$case;
    is_problem define(%exercise), 422, 'invalid',
        field => "/exercises/0/$field", rule => $rule,
        name => "$field: $rule", body_lacks => ['Mark', '90125'];
}
for my $case (['text', 4000, sub ($n) { (kind => 'text', text => 'x' x $n) }],
              ['unit', 20, sub ($n) { (kind => 'number', unit => 'x' x $n) }],
              ['options/0', 200, sub ($n) { (kind => 'choice',
                  options => ["\x{e5}" x $n, 'b']) }],
              ['options', 20, sub ($n) { (kind => 'choice',
                  options => [1 .. $n]) }, 'maxItems'])
{
    my ($field, $most, $make, $rule) = @$case;
    my @with = map { my %of = $make->($_);
        $of{options} = [map { "$_" } @{ $of{options} }] if $of{options};
        \%of } $most, $most + 1;
    is_status define(%{ $with[0] }), 201, "$field: $most";
    is_problem define(%{ $with[1] }), 422, 'invalid',
        field => "/exercises/0/$field", rule => $rule // 'maxLength',
        name => "$field: one more";
}

# All of them are one value: as many bytes as that may have, and one more.
sub filled ($bytes) {
    my @all = map { { title => 'E', max_score => 1, kind => 'text',
                      text => 'x' x 4000 } } 1 .. 16;
    $all[15]{text} = '';
    my $each = 36 + length(q({"id":"","title":"E","max_score":1,)
        . q("kind":"text","text":""},));
    $all[15]{text} = 'x' x ($bytes - 1 - 16 * $each - 15 * 4000);
    return $teacher->post('/v1/homework', json => $day->body(
        exercises => \@all));
}
my $full = filled(65536);
is_status $full, 201, 'exercises of 64 KiB';
is_problem filled(65537), 422, 'invalid', field => '/exercises',
    rule => 'maxLength', name => 'a byte more';
$day->expect(204, $teacher->delete('/v1/homework/' . $full->json->{id}));


# ---- who scores

for my $case ([one => [1], 2, 2], [one => [0], 0, 2],
              [many => [0, 2], 2.5, 2.5], [many => [0], 0, 2.5],
              [many => [0, 1, 2], 0, 2.5],
              [number => $SECRET + $NEAR, 4, 4],
              [number => $SECRET + 2 * $NEAR, 0, 4])
{
    my ($exercise, $answer, $raw, $max) = @$case;
    my $body = answer($exercise, $answer);
    my $name = "$exercise: " . json_of($answer);
    is_status submit($body), 201, $name;
    my $stored = last_of();
    is_deeply $stored->{score}, { raw => $raw, max => $max, by => 'machine' },
        "$name: $raw points, marked as a machine's";
    ok $raw ? $stored->{success} : !$stored->{success}, "$name: right or not";
    is_status submit($body), 200, "$name: sent again (I15)";
}
is_status submit(answer(open => 7)), 201, 'a number without a key';
ok !exists last_of()->{score}, 'is scored by nobody';
is_status submit(answer(essay => "A day\nat sea")), 201, 'nor is an essay';
ok !exists last_of()->{score}, 'which the teacher reads';
is last_of()->{answer}, "A day\nat sea", 'as it was written';

is_status submit(answer(one => [1])), 201, 'the right one again';
is_status submit(answer(many => [2, 0])), 201, 'and the others';
my $progress = $pupil->get($one)->json->{progress};
is "$progress->{score} $progress->{score_by}", '4.5 machine',
    'the sum is marked, too';
my ($row) = grep { $_->{id} eq $day->person('pupil')->{id} }
    @{ $teacher->get("$one/progress")->json->{pupils} };
is "$row->{score} $row->{score_by}", '4.5 machine', 'also to the teacher';


# ---- what a client says of it

my @claim = (score => { raw => 1, max => 1 });
for my $time ('at first', 'again') {        # by what a worker keeps, too
    is_problem submit(answer(one => [0], score => { raw => 2, max => 2 })), 422,
        'invalid', field => '/score', rule => 'not-accepted',
        name => "a score beside a key, $time";
}
is_problem submit(answer(one => [0], success => \1)), 422, 'invalid',
    field => '/success', rule => 'not-accepted', name => 'or that it is right';
is_problem submit(answer(text => 'x', @claim)), 422, 'invalid',
    field => '/score', rule => 'not-accepted',
    name => 'a score where the location takes none';
is_problem submit(answer(one => [0], score => { raw => 2, max => 2 }),
    '/external'), 422, 'invalid', field => '/score', rule => 'not-accepted',
    name => 'nor is a key overruled where it does';
is_status submit(answer(text => 'x', @claim), '/external'), 201,
    'where it takes them';
is_deeply last_of()->{score}, { raw => 1, max => 1, by => 'claimed' },
    'it is shown as claimed';
is_problem submit(answer(text => 'x', score => { raw => 2, max => 2 }),
    '/external'), 422, 'invalid', field => '/score/max', rule => 'const',
    name => 'and bounded by the exercise';
is $pupil->get($one)->json->{progress}{score_by}, 'mixed', 'a sum of both';

is_status submit(answer(plain => { any => 'thing' },
    score => { raw => 3, max => 3 })), 201, 'without a kind it is as it was';
is_deeply last_of()->{score}, { raw => 3, max => 3 }, 'and so it is shown';
is_problem submit(answer(plain => 1, score => { raw => 3, max => 3 }),
    '/strict'), 422, 'invalid', field => '/score', rule => 'not-accepted',
    name => 'but where a location takes none at all';


# ---- what is an answer

for my $case ([one => 1, '', 'type'], [one => [7], '/0', 'enum'],
              [one => [0, 1], '', 'maxItems'], [many => [0, 0], '/1',
               'uniqueItems'], [number => '7', '', 'type'],
              [text => "Mark\n90125", '', 'control-character'],
              [essay => 90125, '', 'type'],
              [link => 'http://mark.example/90125', '', 'https'],
              [link => 'https://mark:90125@a.example/', '', 'https'])
{
    my ($exercise, $answer, $at, $rule) = @$case;
    for my $time ('at first', 'again') {
        is_problem submit(answer($exercise, $answer)), 422, 'invalid',
            field => "/answer$at", rule => $rule,
            name => "$exercise: $rule, $time", body_lacks => ['Mark', '90125'];
    }
}
is_status submit(answer(link => 'https://a.example/page?of=1#two')), 201,
    'a page';
my $res = submit([answer(one => [2]), answer(one => [3]), answer(text => 'x')]);
is_deeply [map { $_->{status} } @{ $res->json->{results} }],
    [qw(stored refused stored)], 'in an array each on its own';
is_deeply $res->json->{results}[1]{problem}{errors},
    [{ field => '/1/answer/0', rule => 'enum' }], 'which says where';
is_problem $day->other->post('/v1/progress', json => answer(one => [9])), 404,
    'not-found', name => 'who has not got it learns nothing of it';

for my $case ([essay => 60000], [text => 8192], [plain => 8192]) {
    my ($exercise, $most) = @$case;
    is_status submit(answer($exercise, 'x' x ($most - 2))), 201,
        "$exercise: $most bytes";
    my $over = submit(answer($exercise, 'x' x ($most - 1)));
    is_problem $over, 422, 'invalid', field => '/answer', rule => 'maxLength',
        name => "$exercise: one more";
    # what an exercise is, is stored: who asks in this way is on record (I1)
    is_deeply $day->outcomes($over), $exercise eq 'essay' ? [] : ['refused'],
        'on record where it is the exercise that says so';
}
is length submit(answer(essay => 'y' x 59998)) && length last_of()->{answer},
    59998, 'an essay comes back whole';


# ---- a key is nobody's to see

my @secret = ($SECRET, $NEAR);
my @looks = map { my $who = $_; map { [$who, $_] }
    '/v1/homework', '/v1/homework', '/v1/homework?status=all', $one,
    "$one/progress", '/v1/progress', '/v1/data/', '/v1/data/homework',
    '/v1/data/homework/' . $day->class_id, '/v1/data/progress',
    "/v1/data/homework/$homework->{id}", '/v1/me/audit', '/v1/session' }
    qw(pupil classmate teacher admin);
my (@leaks, %answers);
for my $look (@looks) {
    my ($who, $path) = @$look;
    my $body = $day->as($who)->get($path)->body;
    $answers{ length $body }++;
    push @leaks, "$who $path" if $body =~ /"keys?"\s*:/
        || grep { index($body, $_) >= 0 } @secret;
}
is_deeply \@leaks, [], 'no answer has a key';
cmp_ok scalar keys %answers, '>', 5, 'of many different ones';
my @tried = map { [$_, $day->as($_)->patch('/v1/data/homework/'
    . $day->class_id, json => { keys => [] })->status] } qw(pupil teacher);
is_deeply [grep { $_->[1] < 400 } @tried], [], 'nobody writes one beside';
my ($plugin) = slurp(root_dir() . '/plugins/homework/homework.c')
    =~ /homework_grants\[\] = \{(.*?)\n\};/s;
is_deeply [map { /PUPIL_RELATION_(\w+)/ } grep { /keys/ && /OPERATION_READ/ }
           split /\},/, $plugin], ['SYSTEM'], 'only the system is granted to';
is $db->selectrow_array("SELECT count(*) FROM data.homework WHERE"
    . " encode(keys, 'escape') LIKE ?", {}, '%value%'), 0,
    'nor does the database have it in clear (I5)';
cmp_ok $db->selectrow_array('SELECT octet_length(keys) FROM data.homework'
    . ' WHERE record = ?', {}, $homework->{id}), '>', 100, 'which has it';


# ---- what a worker keeps of it may be no longer so

submit(answer(one => [1]));
my $stale = counter('stale');
$day->expect(200, $teacher->patch($one, json => { title => 'Kinds again' }));
is_status submit(answer(one => [1])), 201, 'the homework has changed';
is counter('stale'), $stale + 1, 'what was kept of it is not relied on';
is last_of()->{score}{raw}, 2, 'it is scored by what is stored';
is_status submit(answer(one => [1])), 201, 'and then';
is counter('stale'), $stale + 1, 'that is kept';

my $other = $day->assign(title => 'Other keys', exercises => [
    { %{ $EXERCISES[0] }, key => [2] }]);
$db->do('UPDATE data.homework AS h SET keys = o.keys FROM data.homework AS o'
    . ' WHERE h.record = ? AND o.record = ?', {}, $other->{id},
    $homework->{id});
is_problem $pupil->post('/v1/progress', json => $day->answer($other, 0,
    answer => [1])), 404, 'not-found', name => 'another homework\'s key';
$db->do('UPDATE data.homework SET keys = NULL WHERE record = ?', {},
    $other->{id});
$res = $pupil->post('/v1/progress', json => $day->answer($other, 0,
    answer => [1]));
is_problem $res, 404, 'not-found', name => 'and one that is taken away';
like join(' ', @{ $day->outcomes($res) }), qr/tampered/, 'are found';


# ---- once more

my $id = uuid();
my $body = $day->body(id => $id, exercises => [$EXERCISES[0]]);
is_status $teacher->post('/v1/homework', json => $body), 201, 'one with an id';
is_status $teacher->post('/v1/homework', json => $body), 200, 'sent again';
for my $with ([key => [2]], [text => 'Another'], [options => [qw(a b c)]],
              [multiple => \1])
{
    is_problem $teacher->post('/v1/homework', json => { %$body, exercises => [
        { %{ $EXERCISES[0] }, @$with }] }), 409, 'id-conflict',
        name => "with another $with->[0]";
}


# ---- where the gateway may not know keys

my $site = $day->site;
$day->reload(http => $site->http_conf(pupil =>
    "pupil_deny homework.keys purpose=learning;\n"));
is_status submit(answer(one => [1])), 201, 'a key that is denied';
ok !exists last_of()->{score}, 'scores nothing';
$day->reload(http => $site->http_conf(pupil =>
    "pupil_deny homework.keys purpose=teaching;\n"));
is_problem $teacher->post('/v1/homework', json => $day->body(exercises =>
    [$EXERCISES[0]])), 403, 'not-granted', name => 'none is taken';
is_status define(@choice), 201, 'a choice without one is';

done_testing;
