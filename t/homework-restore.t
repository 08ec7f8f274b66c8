#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# A homework that was taken back can be given again for thirty days: as it was,
# with what pupils had done, by whoever teaches the class, once whatever is
# sent again, and on record (I2).  Nobody else meets it meanwhile, and what a
# database makes of the mark is seen (I18, I20).

use lib 't/lib';
use Pupil::Test;
use Pupil::Class;
use Pupil::Clock;
use Pupil::PgProxy;

my $site = pupil_up(import => 1);
my $clock = Pupil::Clock->new;
$clock->of_all($site->pg);
my $class = Pupil::Class->up(site => $site);
my ($teacher, $pupil, $db) = ($class->teacher, $class->pupil, $class->db);
my $homework = $class->assign(title => 'Chapter one');
my $path = "/v1/homework/$homework->{id}";
is_status $pupil->post('/v1/progress', json => $class->answer($homework)), 201,
    'a pupil has begun';

sub withdrawn ($who = $teacher, $more = '') {
    my $res = $who->get("/v1/homework?status=withdrawn$more");
    is_status $res, 200, 'the list of what was taken back';
    return [map { $_->{title} } @{ $res->json->{homework} }];
}

# As a teacher sees it, but for what changes with each write.
sub shown () { $teacher->get($path)->json }
my $before = shown();


# ---- taken back, and given again

is_deeply withdrawn(), [], 'nothing was taken back';
is_status $teacher->delete($path), 204, 'taken back';
is_problem $pupil->get($path), 404, 'not-found',
    name => 'a pupil meets it no more';
is_deeply withdrawn(), ['Chapter one'], 'the teacher finds it';
my $res = $teacher->get('/v1/homework?status=withdrawn');
ok !exists $res->json->{homework}[0]{summary}, 'without what pupils did';
is join(' ', sort map { $_->{category} } $class->audit($res)),
    'enrolment homework identity', 'and this is what is on record';
is_deeply withdrawn($class->colleague), [],
    'a colleague of another class does not';
is_problem $pupil->get('/v1/homework?status=withdrawn'), 422, 'invalid',
    field => 'status', rule => 'teacher', name => 'nor a pupil';

for my $case ([$pupil, 404, 'not_found', 'a pupil of the class'],
              [$class->other, 404, 'not_found', 'of another school'],
              [$class->colleague, 404, 'not_found', 'of another class'],
              [$class->admin, 403, 'not_granted', 'who administers'])
{
    my ($who, $status, $outcome, $name) = @$case;
    $res = $who->post("$path/restore");
    is_problem $res, $status, $outcome =~ tr/_/-/r, name => $name;
    is_deeply $class->outcomes($res), [$outcome], 'which is on record';
}
is_problem $teacher->patch($path, json => { title => 'Other' }), 404,
    'not-found', name => 'what was taken back is not changed';

$res = $teacher->post("$path/restore");
is_status $res, 200, 'given again';
is_deeply $res->json, $before, 'as it was, with what pupils had done';
my ($record) = grep { $_->{operation} eq 'write' } $class->audit($res);
is "@$record{qw(category outcome)} @{ $record->{fields} }",
    'homework allowed deleted_at', 'on record';
is $pupil->get($path)->json->{progress}{exercises_done}, 1,
    'the pupil goes on where they were';
is_deeply [map { $_->{title} }
           @{ $pupil->get('/v1/homework')->json->{homework} }],
    ['Chapter one'], 'and finds it in the list';
is_deeply withdrawn(), [], 'nothing is left that was taken back';


# ---- sent again

$res = $teacher->post("$path/restore");
is_status $res, 200, 'sent again';
is_deeply $res->json, $before, 'the same answer';
is_problem $pupil->post("$path/restore"), 403, 'not-granted',
    name => 'a pupil gives nothing';
is_problem $teacher->post('/v1/homework/' . uuid() . '/restore'), 404,
    'not-found', name => 'what never was';


# ---- the list in pages

my @more = map { $class->assign(title => "More $_",
                                due_at => Pupil::Class::at(10 + $_)) } 1 .. 3;
is_status $teacher->delete("/v1/homework/$_->{id}"), 204, 'taken back'
    for @more;
is_deeply withdrawn($teacher, '&order=newest'), ['More 3', 'More 2', 'More 1'],
    'newest first';
my $page = $teacher->get('/v1/homework?status=withdrawn&limit=2')->json;
is_deeply [map { $_->{title} } @{ $page->{homework} }], ['More 1', 'More 2'],
    'a page';
my $next = $teacher->get(
    "/v1/homework?status=withdrawn&limit=2&cursor=$page->{next}");
is_deeply [map { $_->{title} } @{ $next->json->{homework} }], ['More 3'],
    'the next';
is_problem $teacher->get("/v1/homework?status=all&cursor=$page->{next}"), 422,
    'invalid', field => 'cursor', rule => 'same-query',
    name => 'whose place is of that list';


# ---- thirty days

# Of what was taken back 29 and 31 days ago: whoever comes logs in anew.
sub days_later ($days) {
    $clock->forward($days * 86400);
    $class->{http} = {};
    return $teacher = $class->teacher;
}

days_later(29);
is_deeply withdrawn(), [map { "More $_" } 1 .. 3], 'after 29 days it is there';
is_status $teacher->post("/v1/homework/$more[0]{id}/restore"), 200,
    'and can be given';
days_later(2);
is_deeply withdrawn(), [], 'after 31 days it is not';
is_problem $teacher->post("/v1/homework/$more[1]{id}/restore"), 404,
    'not-found', name => 'nor can it be given';
is_status $teacher->post("/v1/homework/$more[0]{id}/restore"), 200,
    'what was given again stays';


# ---- who moves the mark in the table

my $kept = $class->assign(title => 'Kept', due_at => Pupil::Class::at(60));
my $gone = $class->assign(title => 'Gone', due_at => Pupil::Class::at(60));
is_status $teacher->delete("/v1/homework/$gone->{id}"), 204, 'taken back';
$db->do('UPDATE data.homework SET deleted_at = now() WHERE record = ?', {},
        $kept->{id});
is_problem $teacher->post("/v1/homework/$kept->{id}/restore"), 404,
    'not-found', name => 'who marks what was not taken back';
is_deeply withdrawn(), ['Gone'], 'shows it to nobody';
$db->do("UPDATE data.homework SET deleted_at = now() - interval '1 second'"
    . ' WHERE record = ?', {}, $gone->{id});
is_deeply withdrawn(), [], 'nor who moves the day';
$class->nginx->allow_log(qr/is not what was stored|withdrawn/);
$db->do('DELETE FROM data.homework WHERE record = ANY (?)', {},
        [map { $_->{id} } $kept, $gone]);


# ---- a database that shows what was taken back

# In what is prepared.
sub without ($type, $body) {
    $body =~ s/ AND [ht]\.deleted_at IS NULL/ AND true/g if $type eq 'P';
    return $body;
}

my $learner = $class->person('pupil')->{id};
my $secret = $class->assign(title => 'Taken back',
                            due_at => Pupil::Class::at(60));
is_status $teacher->delete("/v1/homework/$secret->{id}"), 204, 'taken back';
my $proxy = Pupil::PgProxy->new($site->pg, client => \&without);
my $lying = $site->nginx(conf => {
    pupil_database => '"' . $site->gateway('pupil', host => '127.0.0.1',
        port => $proxy->port, sslmode => 'disable') . '"' })
    ->by($clock)->start;
$lying->allow_log(qr/withdrawn/);
for my $who (qw(pupil teacher)) {
    my $http = $lying->http;
    $http->{cookies} = $class->as($who)->cookies;
    $http->csrf($class->as($who)->csrf);
    for my $query ('', '?status=all') {
        my $res = $http->get("/v1/homework$query");
        is_status $res, 200, "$who: the list$query";
        unlike $res->body, qr/Taken back/, 'shows it not';
        ok scalar(grep { $_ eq 'tampered' } @{ $class->outcomes($res) }),
            'and that is on record';
    }
    is_problem $http->get("/v1/homework/$secret->{id}"), 404, 'not-found',
        name => "$who: nor alone";
    is_problem $http->patch("/v1/homework/$secret->{id}",
        json => { title => 'Changed' }), $who eq 'pupil' ? 403 : 404,
        $who eq 'pupil' ? 'not-granted' : 'not-found', name => "$who: a change";
    if ($who eq 'pupil') {
        my $res = $http->post('/v1/progress', json => $class->answer($secret));
        is_problem $res, 404, 'not-found', name => 'nothing is handed in';
        ok scalar(grep { $_ eq 'tampered' } @{ $class->outcomes($res) }),
            'and that is on record';
    }
    for my $path ('/v1/data/homework/' . $class->class_id,
                  $who eq 'pupil' ? "/v1/homework/$secret->{id}/assessment"
                  : ('/v1/classes/' . $class->class_id, "/v1/homework/$secret->{id}"
                     . "/pupils/$learner/assessment"))
    {
        my $res = $http->get($path);
        unlike $res->body, qr/Taken back|\Q$secret->{id}\E","title/,
            "$who: GET $path shows it not";
        ok scalar(grep { $_ eq 'tampered' } @{ $class->outcomes($res) }),
            'and that is on record';
    }
}

done_testing;
