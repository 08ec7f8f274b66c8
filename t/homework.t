use lib 't/lib';
use Pupil::Test;
use Pupil::Class;

# /v1/homework: what a teacher assigns, who sees it, and what the audit says.

my $class = Pupil::Class->up;
my ($teacher, $pupil) = ($class->teacher, $class->pupil);
my $res;

my @members = qw(assigned_at assigned_by class description due_at exercises
                 id title);


# ---- assigning

$res = $teacher->post('/v1/homework', json => $class->body);
is_status $res, 201, 'a teacher assigns homework';
my $homework = $res->json;
is $res->header('location'), "/v1/homework/$homework->{id}", 'Location';
is_deeply [sort keys %$homework], [sort @members, qw(summary version)],
    'the answer is the homework';
is $homework->{title}, 'Chapter one', 'its title';
is $homework->{class}{title}, 'Math - Algebra 1', 'the title of its class';
is $homework->{assigned_by}{display_name}, 'Craig Beane', 'who assigned it';
is_deeply [map { $_->{title} } @{ $homework->{exercises} }],
    ['First', 'Second'], 'its exercises';
is_deeply $homework->{summary}, { pupils => 30, completed => 0,
    in_progress => 0 }, 'nobody began';

my @audit = $class->audit($res);
ok((grep { $_->{operation} eq 'write' && $_->{category} eq 'homework'
           && $_->{outcome} eq 'allowed' } @audit), 'the write is audited');
ok !(grep { "@{ $_->{fields} }" =~ /deleted_at/ } @audit),
    'no field is audited that was not touched';

is_problem $pupil->post('/v1/homework', json => $class->body), 403,
    'not-granted', name => 'a pupil may not assign';
$res = $class->colleague->post('/v1/homework', json => $class->body);
is_problem $res, 404, 'not-found', name => 'nor a teacher of another class';
is_deeply $class->outcomes($res), ['not_found'], 'which is audited';
is_problem $teacher->post('/v1/homework',
    json => $class->body(due_at => Pupil::Class::at(-1))), 422, 'invalid',
    field => '/due_at';
is_problem $teacher->post('/v1/homework',
    json => $class->body(colour => 'red')), 422, 'invalid',
    field => '/colour', rule => 'additionalProperties';


# ---- fetching

$res = $pupil->get('/v1/homework');
is_status $res, 200, 'a pupil fetches homework';
my ($mine) = grep { $_->{id} eq $homework->{id} } @{ $res->json->{homework} };
is_deeply [sort keys %$mine], [sort @members, 'progress'], 'with progress';
is_deeply $mine->{progress}, { status => 'not_started', score => undef,
    max_score => 15, exercises_done => 0, updated_at => undef },
    'not begun';
is $mine->{assigned_by}{display_name}, 'Craig Beane', 'and the name of the'
    . ' teacher';

@audit = $class->audit($res);
is_deeply [map { $_->{category} } @audit],
    [qw(enrolment homework identity progress)], 'the audit: one line each';
is_deeply [map { $_->{outcome} } @audit], [('allowed') x 4], 'allowed';
my ($names) = grep { $_->{category} eq 'identity' } @audit;
is_deeply $names->{subjects}, [$class->person('teacher')->{id}],
    'of the teacher the names';
my ($own) = grep { $_->{category} eq 'progress' } @audit;
is_deeply $own->{subjects}, [$class->person('pupil')->{id}],
    'of the pupil the progress';

is_status $pupil->get("/v1/homework/$homework->{id}"), 200, 'one homework';
$res = $class->other->get("/v1/homework/$homework->{id}");
is_problem $res, 404, 'not-found', name => 'of others it is unknown',
    body_lacks => ['Chapter'];
is_deeply $class->outcomes($res), ['not_found'], 'which is audited';
is_deeply $class->other->get('/v1/homework')->json,
    { homework => [], next => undef }, 'and in no list of theirs';
is_problem $class->admin->get('/v1/homework'), 403, 'not-granted',
    name => 'an administrator has no homework';

my $later = $class->assign(title => 'Tomorrow',
    assigned_at => Pupil::Class::at(1), due_at => Pupil::Class::at(3));
is_problem $pupil->get("/v1/homework/$later->{id}"), 404, 'not-found',
    name => 'nobody learns of homework before it is assigned';
is_status $teacher->get("/v1/homework/$later->{id}"), 200,
    'but the teacher does';
my %through = map { $_ => [map { $_->{id} } @{ $class->as($_)->get(
    '/v1/data/homework/' . $class->class_id)->json->{records} }] }
    qw(pupil teacher);
ok scalar(grep { $_ eq $homework->{id} } @{ $through{pupil} }),
    'over /v1/data/ pupils see what was assigned';
ok !(grep { $_ eq $later->{id} } @{ $through{pupil} }),
    '... and not what will be';
ok scalar(grep { $_ eq $later->{id} } @{ $through{teacher} }),
    '... which the teacher does';

my $past = $class->assign(title => 'Last week',
    assigned_at => Pupil::Class::at(-7), due_at => Pupil::Class::at(-1));
my @open = map { $_->{id} } @{ $pupil->get('/v1/homework')->json->{homework} };
ok !(grep { $_ eq $past->{id} } @open), 'open: without what is due';
my @all = map { $_->{id} }
          @{ $pupil->get('/v1/homework?status=all')->json->{homework} };
ok scalar(grep { $_ eq $past->{id} } @all), 'all: with it';


# ---- pages

$class->assign(title => "Chapter $_", due_at => Pupil::Class::at($_))
    for 8 .. 12;
my (@seen, $cursor);
for my $page (1 .. 9) {
    $res = $pupil->get('/v1/homework?limit=2'
                       . ($cursor ? "&cursor=$cursor" : ''));
    push @seen, map { $_->{title} } @{ $res->json->{homework} };
    $cursor = $res->json->{next} // last;
}
is_deeply \@seen, ['Chapter one', map { "Chapter $_" } 8 .. 12],
    'pages of two: each once, by due date';
is_problem $pupil->get('/v1/homework?cursor=x'), 422, 'invalid',
    field => 'cursor', rule => 'cursor';
is_problem $pupil->get('/v1/homework?limit=0'), 422, 'invalid',
    field => 'limit';


# ---- changing

$res = $teacher->patch("/v1/homework/$homework->{id}",
    json => { title => 'Chapter 1', description => undef });
is_status $res, 200, 'a teacher changes homework';
is $res->json->{title}, 'Chapter 1', 'its title';
ok !defined $res->json->{description}, 'without description';
is $pupil->get("/v1/homework/$homework->{id}")->json->{title}, 'Chapter 1',
    'pupils see the change';
is_problem $teacher->patch("/v1/homework/$later->{id}",
    json => { due_at => Pupil::Class::at(0.5) }), 422, 'invalid',
    field => '/due_at', rule => 'after-assigned_at';
is_problem $class->colleague->patch("/v1/homework/$homework->{id}",
    json => { title => 'Mine' }), 404, 'not-found',
    name => 'another teacher cannot';
is_problem $pupil->patch("/v1/homework/$homework->{id}",
    json => { title => 'Mine' }), 403, 'not-granted', name => 'nor a pupil';
is_problem $teacher->patch('/v1/homework/' . uuid,
    json => { title => 'None' }), 404, 'not-found', name => 'nor what is not';


# ---- overview

my @answers = map { $class->answer($homework, $_,
    score => { raw => 2.5, max => $_ ? 5 : 10 }) } 0, 1;
is_status $pupil->post('/v1/progress', json => $answers[0]), 201, 'one of two';
$res = $teacher->get("/v1/homework/$homework->{id}/progress");
is_status $res, 200, 'the overview';
my $view = $res->json;
is_deeply $view->{summary}, { pupils => 30, completed => 0,
    in_progress => 1 }, 'its summary';
is scalar @{ $view->{pupils} }, 30, 'all pupils of the class';
my ($klein) = grep { $_->{display_name} eq 'Ora Klein' } @{ $view->{pupils} };
is $klein->{status}, 'in_progress', 'one is at it';
is $klein->{score}, 2.5, 'with a score';
is $klein->{exercises_done}, 1, 'and one exercise';
@audit = $class->audit($res);
my ($results) = sort { @{ $b->{subjects} } <=> @{ $a->{subjects} } }
                grep { $_->{category} eq 'progress' } @audit;
is scalar @{ $results->{subjects} }, 30, 'the audit names every pupil';

is_status $pupil->post('/v1/progress', json => $answers[1]), 201, 'the other';
$res = $teacher->get("/v1/homework/$homework->{id}");
is_deeply $res->json->{summary}, { pupils => 30, completed => 1,
    in_progress => 0 }, 'the summary of the homework';
is_deeply $pupil->get("/v1/homework/$homework->{id}")->json->{progress}{score},
    5, 'the sum';
is_problem $class->colleague->get("/v1/homework/$homework->{id}/progress"),
    404, 'not-found', name => 'not for another teacher';
is_problem $pupil->get("/v1/homework/$homework->{id}/progress"), 403,
    'not-granted', name => 'not for pupils';


# ---- what a pupil may not do, and with what they know nothing of

my %denied = (GET => ['/progress'], PATCH => ['', { title => 'Mine' }],
              DELETE => ['']);
for my $method (sort keys %denied) {
    my ($tail, $json) = @{ $denied{$method} };
    for my $case ([$pupil, $homework->{id}, 403, 'not_granted', 'visible'],
                  [$pupil, $past->{id}, 403, 'not_granted', 'due'],
                  [$pupil, $later->{id}, 404, 'not_found', 'to come'],
                  [$pupil, uuid, 404, 'not_found', 'unknown'],
                  [$class->other, $homework->{id}, 404, 'not_found',
                   'of another class'])
    {
        my ($who, $id, $status, $outcome, $name) = @$case;
        $res = $who->request($method, "/v1/homework/$id$tail",
                             $json ? (json => $json) : ());
        is_problem $res, $status, $outcome =~ tr/_/-/r,
            name => "$method by a pupil, $name";
        is_deeply $class->outcomes($res), [$outcome], 'which is audited';
    }
}


# ---- taking back

is_problem $pupil->delete("/v1/homework/$homework->{id}"), 403,
    'not-granted', name => 'a pupil cannot delete';
is_status $teacher->delete("/v1/homework/$homework->{id}"), 204,
    'the teacher can';
is_problem $pupil->get("/v1/homework/$homework->{id}"), 404, 'not-found',
    name => 'it is gone';
is_problem $teacher->delete("/v1/homework/$homework->{id}"), 404,
    'not-found', name => 'and gone once';


# ---- rows that authorise are authentic (I18)

my $other = $class->person('other');
$class->db->do('INSERT INTO pupil.enrolment SELECT tenant,'
    . ' gen_random_uuid(), ?, class, r.institution, role, e.valid_from,'
    . ' e.valid_to, e.source, e.mac FROM pupil.enrolment e,'
    . ' (SELECT institution FROM pupil.role WHERE subject = ?) r'
    . ' WHERE e.subject = ? AND e.class = ?', {}, $other->{id}, $other->{id},
    $class->person('pupil')->{id}, $class->class_id);
$res = $class->other->get('/v1/homework');
is_status $res, 200, 'I18: a pupil that a database administrator enrolled';
is_deeply $res->json->{homework}, [], 'sees nothing of the class';
ok scalar(grep { $_ eq 'tampered' } @{ $class->outcomes($res) }),
    'and the audit says so';
is_problem $class->other->get("/v1/homework/$past->{id}"), 404, 'not-found',
    name => 'not one homework';
$class->nginx->allow_log(qr/is not authentic/);

done_testing;
