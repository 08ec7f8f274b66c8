use lib 't/lib';
use Pupil::Test;
use Pupil::Class;

# Configuration narrows (I4): what is denied is not in the SQL, the JSON and
# the audit (I3).  And without an audit nothing is shown (I1).

my $class = Pupil::Class->up(pupil => <<'');
pupil_deny homework.description;
pupil_deny identity purpose=learning;
pupil_deny progress.result purpose=learning;
pupil_deny progress.done purpose=teaching;
pupil_deny network;

my $homework = $class->assign;
my $one = "/v1/homework/$homework->{id}";
my $res;

sub touched ($res) {
    return { map { ("$_->{category} $_->{relation}" => "@{ $_->{fields} }") }
             $class->audit($res) };
}


$res = $class->pupil->get($one);
is_status $res, 200, 'a pupil still fetches homework';
ok !exists $res->json->{$_}, "I3: without $_"
    for qw(description assigned_by);
is_deeply touched($res), { 'enrolment self' => 'class_title',
    'homework taught_by' => 'assigned_at assigned_by due_at exercises title',
    'progress self' => 'done exercise_id' },
    'I3: the audit names only what was touched';

$res = $class->teacher->get($one);
ok !exists $res->json->{summary}, 'a teacher without summary';
is $res->json->{assigned_by}{display_name}, 'Craig Beane',
    'a denial of one purpose leaves the others';
is_problem $class->teacher->get("$one/progress"), 403, 'not-granted',
    name => 'what cannot work without is refused';

is_status $class->pupil->post('/v1/progress', json => $class->answer($homework,
    0, score => { raw => 1, max => 10 })), 201, 'a submission';
ok !exists $class->pupil->get('/v1/progress')->json->{submissions}[0]{score},
    'I3: without its result';


$res = $class->pupil->get('/v1/data/network');
is_problem $res, 403, 'not-granted', name => 'a category that nobody may see';
is_deeply [map { [@$_{qw(category purpose relation operation outcome)},
                  "@{ $_->{fields} }"] } $class->audit($res)],
    [['network', 'subject_access', 'self', 'read', 'not_granted', '']],
    'is refused on record, too';

$class->as($_) for qw(pupil teacher);
$class->db->do('REVOKE INSERT ON pupil.audit_record FROM pupil_gateway');

my @requests = (
    [pupil => GET => '/v1/homework'],
    [pupil => GET => $one],
    [pupil => GET => '/v1/homework/' . uuid],
    [pupil => GET => '/v1/progress'],
    [pupil => POST => '/v1/progress', json => $class->answer($homework)],
    [pupil => GET => '/v1/data/identity'],
    [pupil => PATCH => '/v1/data/example',
     json => { favourite_subjects => 'Go' }],
    [pupil => POST => '/v1/homework', json => $class->body],
    [teacher => GET => '/v1/homework'],
    [teacher => GET => "$one/progress"],
    [teacher => POST => '/v1/homework', json => $class->body],
    [teacher => PATCH => $one, json => { title => 'x' }],
    [teacher => DELETE => $one],
    [teacher => GET => '/v1/data/enrolment'],
);
for my $request (@requests) {
    my ($who, $method, $path, %opt) = @$request;
    is_problem $class->as($who)->request($method, $path, %opt), 503,
        'unavailable', name => "I1: no audit, no answer: $who $method $path",
        body_lacks => ['Algebra', 'Klein', 'Chapter'];
}

$class->db->do('GRANT INSERT ON pupil.audit_record TO pupil_gateway');
is_status $class->pupil->get($one), 200, 'the homework is still there';
is scalar @{ $class->pupil->get('/v1/progress')->json->{submissions} }, 1,
    'I2: nothing was written without its audit record';
is_deeply $class->pupil->get('/v1/data/example')->json->{records}, [],
    'I2: nor any data';

done_testing;
