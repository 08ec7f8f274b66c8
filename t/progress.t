use lib 't/lib';
use Pupil::Test;
use Pupil::Class;
use Pupil::Util;

# /v1/progress: each submission is stored once, however often it comes.

my $class = Pupil::Class->up(workers => 2);
my $pupil = $class->pupil;
my $homework = $class->assign;
my $res;

sub stored () {
    return $class->db->selectrow_array(
        'SELECT count(*) FROM data.progress');
}


# ---- one

my $first = $class->answer($homework, 0, score => { raw => 1, max => 10 },
    success => \1, duration => 'PT34S',
    timestamp => '2026-11-01T10:00:00+01:00');
$res = $pupil->post('/v1/progress', json => $first);
is_status $res, 201, 'a submission is stored';
is_deeply $res->json, { id => $first->{id}, status => 'stored' },
    'the answer says so';
is_deeply [map { [@$_{qw(category operation purpose relation outcome)}] }
               $class->audit($res)],
    [[qw(homework read learning taught_by allowed)],
     [qw(homework read learning system allowed)],
     [qw(progress write learning self allowed)]],
    'I2: with its audit record, also of what it was judged by';

for my $n (1 .. 3) {
    is_status $pupil->post('/v1/progress', json => $first), 200,
        "I15: sent again, replay $n looks like success";
}
is stored(), 1, 'I15: and is stored once';

$res = $pupil->post('/v1/progress', json => { %$first, answer => 'other' });
is_problem $res, 409, 'id-conflict', name => 'the same id, other content';
is_deeply $class->outcomes($res), ['conflict'], 'audited';
is_status $class->classmate->post('/v1/progress', json => $first), 201,
    'ids of others are never compared';

$res = $class->other->post('/v1/progress', json => $class->answer($homework));
is_problem $res, 404, 'not-found', name => 'not assigned';
is_deeply $class->outcomes($res), ['not_found'], 'audited';
is_problem $pupil->post('/v1/progress',
    json => $class->answer($homework, 0, exercise_id => uuid)), 404,
    'not-found', name => 'no such exercise';
is_problem $class->teacher->post('/v1/progress',
    json => $class->answer($homework)), 403, 'not-granted',
    name => 'teachers do not submit';
is_problem $pupil->post('/v1/progress',
    json => $class->answer($homework, 0, score => { raw => -1, max => 1 })),
    422, 'invalid', field => '/score/raw';
is stored(), 2, 'nothing of that is stored';


# ---- a score is one of its exercise

for my $score ([1_000_000, 1_000_000], [1, 9], [1, 10.000001]) {
    my ($raw, $max) = @$score;
    my $name = "$raw of $max, where it is of 10";
    for my $time ('at first', 'again') {        # what is kept judges, too
        $res = $pupil->post('/v1/progress', json => $class->answer($homework,
            0, score => { raw => $raw + 0, max => $max + 0 }));
        is_problem $res, 422, 'invalid', field => '/score/max',
            name => "$name, $time";
        is $res->json->{errors}[0]{rule}, 'const', 'by that rule';
    }
}
$res = $pupil->post('/v1/progress', json => [
    $class->answer($homework, 1, score => { raw => 5, max => 5 }),
    $class->answer($homework, 1, score => { raw => 5, max => 10 }),
    $class->answer($homework, 0, score => { raw => 5, max => 10.0 })]);
is_deeply [map { $_->{status} } @{ $res->json->{results} }],
    [qw(stored refused stored)], 'in an array each on its own';
is_deeply $res->json->{results}[1]{problem}{errors},
    [{ field => '/1/score/max', rule => 'const' }], 'which says where';
is_problem $class->other->post('/v1/progress', json => $class->answer(
    $homework, 0, score => { raw => 1, max => 9 })), 404, 'not-found',
    name => 'who has not got it learns nothing of its points';
is stored(), 4, 'and only the good ones are stored';


# ---- many

my @batch = map { $class->answer($homework, $_ % 2) } 1 .. 6;
$batch[2] = $first;
$batch[3]{homework_id} = uuid;
$batch[4]{colour} = 'red';
$batch[5] = { %$first, answer => 'other' };
$res = $pupil->post('/v1/progress', json => \@batch);
is_status $res, 200, 'an array';
is_deeply [map { $_->{status} } @{ $res->json->{results} }],
    [qw(stored stored replayed refused refused conflict)],
    'each on its own, in order';
is_deeply [map { $_->{id} } @{ $res->json->{results} }],
    [map { $_->{id} } @batch], 'with its id';
is_deeply [map { $_->{problem} ? $_->{problem}{status} : 0 }
           @{ $res->json->{results} }], [0, 0, 0, 404, 422, 409],
    'and its problem';
is_deeply $res->json->{results}[4]{problem}{errors},
    [{ field => '/4/colour', rule => 'additionalProperties' }],
    'which names the member';
is_deeply $class->outcomes($res), [qw(allowed conflict not_found)],
    'the audit has each outcome';

my $twice = $class->answer($homework);
$res = $pupil->post('/v1/progress', json => [$twice, $twice,
    { %$twice, answer => 7 }]);
is_deeply [map { $_->{status} } @{ $res->json->{results} }],
    [qw(stored replayed conflict)], 'one id in one array';
is_problem $pupil->post('/v1/progress', json => []), 422, 'invalid';


# ---- what counts

is $class->db->selectrow_array('SELECT count(*) FROM data.progress'
    . ' WHERE owner = ? AND NOT superseded', {},
    $class->person('pupil')->{id}), 2, 'one current submission an exercise';

my @clients = map { my $http = $class->nginx->http;
    $http->login(@{ $class->person('pupil') }{qw(login password)}); $http }
    1 .. 4;
my $same = $class->answer($homework);
for my $http (@clients) {
    $http->send_raw($http->request_bytes(POST => '/v1/progress',
                                         json => $same));
}
is_deeply [sort map { $_->read_response->status } @clients],
    [200, 200, 200, 201], 'I15: four at once, stored once';
for my $http (@clients) {
    $http->send_raw($http->request_bytes(POST => '/v1/progress',
        json => $class->answer($homework)));
}
is_deeply [map { $_->read_response->status } @clients], [(201) x 4],
    'four of one exercise at once';
is $class->db->selectrow_array('SELECT count(*) FROM data.progress'
    . ' WHERE owner = ? AND exercise_id = ? AND NOT superseded', {},
    $class->person('pupil')->{id}, $homework->{exercises}[0]{id}), 1,
    'one of them is current';


# ---- history

my $exact = $class->answer($homework, 1);
my $body = json_of($exact);
$body =~ s/"answer":\{[^}]*\}/"answer": {"n":1.10,  "big":12345678901234567890}/
    or die;
$body =~ s/\}$/,"score":{"raw":2.50,"max":5.0}}/;
is_status $pupil->post('/v1/progress', body => $body), 201, 'an exact one';
$res = $pupil->get("/v1/progress?homework_id=$homework->{id}&limit=1");
is_status $res, 200, 'the history';
is $res->json->{submissions}[0]{id}, $exact->{id}, 'newest first';
like $res->body, qr/"answer":\{"n":1\.10,  "big":12345678901234567890\}/,
    'an answer comes back byte for byte';
like $res->body, qr/"score":\{"raw":2\.50,"max":5\.0\}/, 'so do numbers';

my (@seen, $cursor);
for my $page (1 .. 20) {
    $res = $pupil->get('/v1/progress?limit=3'
                       . ($cursor ? "&cursor=$cursor" : ''));
    push @seen, map { $_->{id} } @{ $res->json->{submissions} };
    $cursor = $res->json->{next} // last;
}
is_deeply [sort @seen], [sort map { $_->[0] } @{
    $class->db->selectall_arrayref('SELECT record::text FROM data.progress'
        . ' WHERE owner = ?', {}, $class->person('pupil')->{id}) }],
    'pages of three: each once';
my ($own) = grep { $_->{id} eq $first->{id} } @{
    $pupil->get('/v1/progress?limit=100')->json->{submissions} };
is $own->{timestamp}, '2026-11-01T09:00:00Z', 'times are UTC';
is_deeply [sort keys %$own], [sort qw(answer duration exercise_id homework_id
    id score submitted_at success timestamp)], 'members as they were sent';


# ---- the end of an assignment

is_status $class->teacher->delete("/v1/homework/$homework->{id}"), 204,
    'the homework is taken back';
is_status $pupil->post('/v1/progress', json => $first), 200,
    'I15: a replay succeeds all the same';
is_problem $pupil->post('/v1/progress', json => $class->answer($homework)),
    404, 'not-found', name => 'what is new does not';


# ---- rows that authorise are authentic (I18)

my $next = $class->assign(title => 'Next');
$class->db->do('UPDATE pupil.enrolment SET valid_from = valid_from - 1'
    . ' WHERE subject = ?', {}, $class->person('classmate')->{id});
$res = $class->classmate->post('/v1/progress', json => $class->answer($next));
is_problem $res, 404, 'not-found',
    name => 'I18: an enrolment that was edited gives no right to write';
my %seen;
is_deeply [grep { !$seen{$_}++ } @{ $class->outcomes($res) }],
    [qw(not_found tampered)], 'audited, each row';
$class->nginx->allow_log(qr/is not authentic/);

done_testing;
