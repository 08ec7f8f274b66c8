use lib 't/lib';
use Pupil::Test;
use Pupil::Class;

# /v1/data/: any category, by its plugin's grants and nothing else.

my $class = Pupil::Class->up;
my ($teacher, $pupil) = ($class->teacher, $class->pupil);
my %id = map { $_ => $class->person($_)->{id} }
         qw(teacher pupil classmate colleague other admin);
my ($res, @audit);


# ---- what there is

$res = $pupil->get('/v1/data/');
is_status $res, 200, 'the categories';
my %grants = map { ("$_->{category} $_->{relation}" => $_) }
             @{ $res->json->{categories} };
is_deeply $grants{'identity self'}{read}, [qw(given_name family_name)],
    'with the fields that may be read';
is $grants{'identity self'}{purpose}, 'subject_access', 'and the purpose';
is_deeply [@{ $grants{'identity self'} }{qw(source recipients kept)}],
    ['The roster of the school.', 'none',
     { from => 'account_closed', days => 30, then => 'erase' }],
    'where it comes from, who gets it, and how long it is kept (article 15)';
is_deeply $grants{'progress self'}{kept},
    { from => 'enrolment_ended', days => 365, then => 'anonymise' },
    'of each by its plugin';
is_deeply $grants{'identity taught_by'}{write}, [], 'none of others is'
    . ' written';
ok !$grants{'identity teaches'}, 'a pupil teaches nobody';
unlike $res->body, qr/password_hash|second_factor|deleted_at/,
    'internal fields do not exist';


# ---- own

$res = $pupil->get('/v1/data/identity');
is_status $res, 200, 'own names';
is_deeply $res->json, { category => 'identity', subject => $id{pupil},
    purpose => 'subject_access', relation => 'self', next => undef,
    records => [{ id => $id{pupil}, source => 'sds', given_name => 'Ora',
                  family_name => 'Klein' }] }, 'are these, and who brought'
    . ' them';
ok !exists $teacher->get("/v1/data/identity/$id{pupil}")->json
    ->{records}[0]{source}, 'which is said to nobody else';
@audit = $class->audit($res);
is_deeply [map { [@$_{qw(category purpose relation outcome)}] } @audit],
    [[qw(identity subject_access self allowed)]], 'audited';
is_deeply $audit[0]{subjects}, [$id{pupil}], 'about oneself';
is_deeply $pupil->get("/v1/data/identity/$id{pupil}")->json->{records},
    $res->json->{records}, 'the same by id';

$res = $pupil->get('/v1/data/enrolment');
my @classes = @{ $res->json->{records} };
ok scalar @classes > 1, 'own classes';
is_deeply [sort keys %{ $classes[0] }], [sort qw(id source class_id class_title
    school_id school_title role from)], 'with titles';
is $classes[0]{school_title}, 'Contoso High School', 'of the school, too';
my (@seen, $cursor);
for my $page (1 .. 20) {
    $res = $pupil->get('/v1/data/enrolment?limit=2'
                       . ($cursor ? "&cursor=$cursor" : ''));
    push @seen, map { $_->{id} } @{ $res->json->{records} };
    $cursor = $res->json->{next} // last;
}
is_deeply \@seen, [map { $_->{id} } @classes], 'in pages of two';


# ---- others

$res = $teacher->get("/v1/data/identity/$id{pupil}");
is_status $res, 200, 'the names of a pupil, for a teacher';
is_deeply [@{ $res->json }{qw(relation purpose)}], [qw(teaches teaching)],
    'who teaches';
is $res->json->{records}[0]{family_name}, 'Klein', 'are shown';
@audit = $class->audit($res);
is_deeply $audit[0]{subjects}, [$id{pupil}], 'the audit names the pupil';

is $pupil->get("/v1/data/identity/$id{teacher}")->json->{relation},
    'taught_by', 'the names of a teacher, for a pupil';
is $class->admin->get("/v1/data/identity/$id{pupil}")->json->{relation},
    'school_admin', 'for an administrator';

my %bodies;
for my $case ([pupil => 'classmate'], [pupil => 'other'],
              [teacher => 'other'], [other => 'pupil'], [admin => 'other'])
{
    my ($who, $whom) = @$case;
    $res = $class->as($who)->get("/v1/data/identity/$id{$whom}");
    is_problem $res, 404, 'not-found', name => "$who asks about $whom",
        body_lacks => ['Klein', 'McMillan'];
    is_deeply $class->outcomes($res), ['not_found'], 'audited';
    $bodies{without_id($res)}++;
}
$res = $teacher->get('/v1/data/identity/' . uuid);
is_problem $res, 404, 'not-found', name => 'nobody';
$bodies{without_id($res)}++;
is scalar keys %bodies, 1, 'unknown and not yours: the same bytes';

sub without_id ($res) {
    my ($id, $body) = ($res->request_id, $res->body);
    $body =~ s/\Q$id\E//g;
    return $body;
}


# ---- what is not granted (I3)

for my $path ('credential', "credential/$id{pupil}", "contact/$id{pupil}") {
    $res = $teacher->get("/v1/data/$path");
    unlike $res->body, qr/argon2/i, "$path: no hash";
}
is_problem $teacher->get("/v1/data/network/$id{pupil}"), 403, 'not-granted',
    name => 'I3: what no grant names is refused';
for my $case (
    ['a teacher reads addresses' => $teacher, GET => "network/$id{pupil}",
     [qw(network read teaching teaches)], [$id{pupil}]],
    ['a pupil reads addresses' => $pupil, GET => "contact/$id{teacher}",
     [qw(contact read learning taught_by)], [$id{teacher}]],
    ['an administrator reads progress' => $class->admin,
     GET => "credential/$id{pupil}",
     [qw(credential read administration school_admin)], [$id{pupil}]],
    ['a pupil changes the own name' => $pupil, PATCH => 'identity',
     [qw(identity write subject_access self)], [$id{pupil}]],
    ['a teacher changes names' => $teacher, PATCH => "identity/$id{pupil}",
     [qw(identity write teaching teaches)], [$id{pupil}]])
{
    my ($name, $who, $method, $path, $what, $subjects) = @$case;
    $res = $who->request($method, "/v1/data/$path",
        $method eq 'PATCH' ? (json => { given_name => 'X' }) : ());
    is_problem $res, 403, 'not-granted', name => $name;
    @audit = $class->audit($res);
    is scalar @audit, 1, '... is one line of the audit';
    is_deeply [@{ $audit[0] }{qw(category operation purpose relation)}],
        $what, '... which says what was asked';
    is_deeply [@{ $audit[0] }{qw(fields outcome subjects)}],
        [[], 'not_granted', $subjects], '... about whom, and no field';
}
is_problem $pupil->get('/v1/data/nonsense'), 404, 'not-found',
    name => 'no such category';
is_problem $pupil->get('/v1/data/identity?fields=all'), 422, 'invalid',
    field => 'fields';


# ---- writing

$res = $pupil->patch('/v1/data/example',
    json => { favourite_subjects => 'Chess' });
is_status $res, 200, 'a value is written';
is $res->json->{id}, $id{pupil}, 'the record';
@audit = $class->audit($res);
is_deeply [map { [@$_{qw(category operation outcome)}] } @audit],
    [[qw(example write allowed)]], 'I2: audited';
is $pupil->get('/v1/data/example')->json->{records}[0]{favourite_subjects},
    'Chess', 'and read back';
ok !$class->db->selectrow_array('SELECT count(*) FROM data.example'
    . " WHERE position(convert_to('Chess', 'UTF8') in favourite_subjects) > 0"),
    'I5: sealed in the table';

is_problem $pupil->patch('/v1/data/example', json => { colour => 'red' }),
    422, 'invalid', field => '/colour', rule => 'additionalProperties';
is_problem $pupil->patch('/v1/data/example',
    json => { favourite_subjects => 7 }), 422, 'invalid',
    field => '/favourite_subjects', rule => 'type';
is_problem $pupil->patch('/v1/data/identity', json => { given_name => 'X' }),
    403, 'not-granted', name => 'names are the roster\'s';
is_problem $pupil->patch("/v1/data/example/$id{classmate}",
    json => { favourite_subjects => 'Chess' }), 403, 'not-granted',
    name => 'of others nothing is written';
is_problem $pupil->patch('/v1/data/homework', json => { title => 'x' }), 403,
    'not-granted', name => 'nor what has an endpoint of its own';


# ---- a key that does not unwrap

my $keys = $class->site->keystore;
$keys->do('CREATE TABLE public.kept AS SELECT owner, wrapped'
    . ' FROM keystore.owner_key WHERE owner = ?', {}, $id{classmate});
$keys->do('UPDATE keystore.owner_key SET wrapped = (SELECT wrapped FROM'
    . ' keystore.owner_key WHERE owner = ?) WHERE owner = ?', {},
    $id{other}, $id{classmate});
$res = $teacher->get("/v1/data/identity/$id{classmate}");
is_problem $res, 500, 'integrity', name => 'I6: a key from elsewhere',
    body_lacks => ['McMillan'];
ok scalar(grep { $_ eq 'tampered' } @{ $class->outcomes($res) }), 'audited';
$keys->do('UPDATE keystore.owner_key k SET wrapped = o.wrapped'
    . ' FROM public.kept o WHERE o.owner = k.owner');
is_status $teacher->get("/v1/data/identity/$id{classmate}"), 200,
    'the right one opens';


# ---- rows that authorise are authentic (I18)

$class->db->do('UPDATE pupil.role SET source = source || ? WHERE subject = ?',
    {}, ' edited', $id{admin});
$class->db->do('UPDATE pupil.enrolment SET source = source || ?'
    . ' WHERE subject = ?', {}, ' edited', $id{classmate});
$res = $teacher->get("/v1/data/identity/$id{classmate}");
is_problem $res, 404, 'not-found', name => 'I18: an edited enrolment';
my %seen;
is_deeply [grep { !$seen{$_}++ } @{ $class->outcomes($res) }],
    [qw(not_found tampered)], 'is audited as tampered, each row';

# An enrolment is shown only when it is authentic, like those that authorise:
# or whoever writes the database could show anybody the title of any class.
$class->db->do('INSERT INTO pupil.enrolment SELECT tenant,'
    . ' gen_random_uuid(), ?, class, institution, role, valid_from, valid_to,'
    . ' source, mac FROM pupil.enrolment WHERE subject = ? AND class = ?', {},
    $id{other}, $id{pupil}, $class->class_id);
$res = $class->other->get('/v1/data/enrolment');
is_status $res, 200, 'I18: own enrolments, with one that somebody planted';
ok scalar @{ $res->json->{records} }, '... shows the own';
is scalar(grep { $_->{class_id} eq $class->class_id }
          @{ $res->json->{records} }), 0, '... and not the planted one';
ok scalar(grep { $_ eq 'tampered' } @{ $class->outcomes($res) }),
    '... which the audit tells';

# A sealed value that was moved to another person does not open (I6).
$class->db->do('UPDATE data.identity SET family_name = (SELECT family_name'
    . ' FROM data.identity WHERE owner = ?) WHERE owner = ?', {},
    $id{teacher}, $id{pupil});
$res = $teacher->get("/v1/data/identity/$id{pupil}");
is_problem $res, 500, 'integrity', name => 'I6: a value from elsewhere',
    body_lacks => ['Beane', 'Ora'];
ok scalar(grep { $_ eq 'tampered' } @{ $class->outcomes($res) }), 'audited';
$class->nginx->allow_log(qr/is not authentic/);

done_testing;
