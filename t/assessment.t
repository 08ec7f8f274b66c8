#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# What a teacher says of a pupil's homework: who may write and see it, when the
# pupil does, that it overrules a machine and says whose it is, what is sealed
# and recorded, and what ends it.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;
use Time::HiRes qw(sleep);

my $day = Pupil::Day->up(workers => 1);
my ($db, $site, $teacher, $pupil) = ($day->db, $day->site, $day->teacher,
                                     $day->pupil);
my %id = map { $_ => $day->person($_)->{id} }
         qw(teacher pupil classmate colleague other admin);

my $homework = $day->assign(title => 'Kapitel ett', exercises => [
    { title => 'Capital', max_score => 4, kind => 'choice',
      options => [qw(Oslo Stockholm)], key => [1] },
    { title => 'A day', max_score => 6.5, kind => 'essay' }]);
my $one = "/v1/homework/$homework->{id}";
my $own = "$one/assessment";

sub of ($who = 'pupil', $homework = $one) { "$homework/pupils/$id{$who}" }
sub path (@of) { of(@of) . '/assessment' }
sub put ($json, @of) { $teacher->put(path(@of), json => $json) }
sub assessment ($res) { $res->json->{assessment} }

# What the records of a look say was shown, and of whom.
sub looked ($res) {
    return [map { "$_->{category}: @{ $_->{fields} }" } $day->audit($res)];
}
my @nothing = ('assessment: comment points returned_at');
my @all = (@nothing, 'homework: exercises');        # of which max_score is

my $words = 'Bättre än förra gången; läs om kräftdjur';
my %given = (points => 7.5, comment => $words);


# ---- a draft is the teacher's alone

my $res = $teacher->get(path());
is_status $res, 200, 'a teacher of the class asks';
is_deeply $res->json, { homework_id => $homework->{id},
    pupil_id => $id{pupil}, assessment => undef }, 'there is none';
is_deeply looked($res), \@nothing, 'nothing else is said to be shown (I1)';

$res = put(\%given);
is_status $res, 200, 'it is assessed';
my $draft = assessment($res);
my $version = delete $draft->{version};
like $version, qr/^[0-9a-f-]{36}$/, 'has a version';
is_deeply $draft, { points => 7.5, max_score => 10.5, by => 'teacher',
    comment => $words, returned_at => undef }, 'and is shown';
is_deeply assessment($teacher->get(path())), { %$draft, version => $version },
    'also to whoever asks again';
my ($written) = grep { $_->{operation} eq 'write' } $day->audit($res);
is_deeply $written, { category => 'assessment', operation => 'write',
    fields => [qw(assessed_by class_id comment homework_id points)],
    purpose => 'teaching', relation => 'teaches', role => 'teacher',
    outcome => 'allowed', subjects => [$id{pupil}], note => undef },
    'on record, with its pupil (I2)';
$res = $teacher->get(path());
is_deeply looked($res), \@all, 'a look is on record as what is shown';
my ($read) = grep { $_->{category} eq 'assessment' } $day->audit($res);
is_deeply [@$read{qw(operation purpose fields subjects)}], ['read', 'teaching',
    [qw(comment points returned_at)], [$id{pupil}]], 'as is each look (I1)';

$res = $pupil->get($own);
is_status $res, 200, 'the pupil asks';
is_deeply $res->json, { homework_id => $homework->{id}, assessment => undef },
    'and does not know of it';
is_deeply looked($res), \@nothing, 'on record, as no more';
is_deeply $pupil->get('/v1/data/assessment')->json->{records}, [],
    'not by the generic endpoint either';
unlike join(' ', map { $pupil->get($_)->body } $one, "$one/assessment",
    '/v1/homework?status=all', '/v1/progress', '/v1/data/'), qr/kräftdjur/,
    'nowhere';
is $db->selectrow_array("SELECT count(*) FROM data.assessment AS a WHERE"
    . " a::text LIKE '%' || encode('kr', 'hex') || 'c3a4%' OR a::text LIKE"
    . " '%kr%ftdjur%'"), 0, 'nor does the database have it in clear (I5)';


# ---- sent again, and by another

is_deeply assessment(put(\%given)), { %$draft, version => $version },
    'the same again writes nothing (I15)';
is_deeply assessment(put({ %given, version => uuid() })),
    { %$draft, version => $version }, 'whatever version it was made of';
$res = put({ points => 3, version => uuid() });
is_problem $res, 409, 'conflict', name => 'another, of a version that is gone';
is_deeply $day->outcomes($res), ['conflict'], 'on record';
$res = assessment(put({ points => 8, comment => $words, version => $version }));
is $res->{points}, 8, 'of the version that is there';
isnt $res->{version}, $version, 'which is another now';
$res = assessment(put({ comment => 'Nothing else' }));
is_deeply [@$res{qw(points comment)}], [undef, 'Nothing else'],
    'without a version the last one counts, whole';
is assessment(put({ points => 7.50 }))->{comment}, undef, 'null: none is left';
put(\%given);


# ---- sent twice at once: one writes, and the other finds what it wrote (I15)

my $holder = $site->pg->connect('pupil');
my @twice = map { $day->nginx->http } 1, 2;
$_->login(@{ $day->person('teacher') }{qw(login password)}) for @twice;

sub at_once ($held, $method, $path, @json) {
    $holder->begin_work;
    $holder->do($held);
    $twice[$_]->send_raw($twice[$_]->request_bytes($method, $path,
        json => $json[$_ % @json])) for 0, 1;
    wait_until(60, 'one to wait', sub { $db->selectrow_array(
        'SELECT count(*) FROM pg_stat_activity WHERE usename ='
        . " 'pupil_gateway' AND wait_event_type = 'Lock'") });
    sleep 0.3;                      # and the other to be behind it
    $holder->rollback;
    return map { $_->read_response($method) } @twice;
}

my %both = (points => 6, comment => 'At once');
my @res = at_once('SELECT FROM data.assessment FOR UPDATE', PUT => path(),
                  \%both);
is_deeply [map { $_->status } @res], [200, 200], 'both are told that it is';
is assessment($res[0])->{version}, assessment($res[1])->{version}, 'as one';
is_deeply [sort map { scalar grep { $_->{operation} eq 'write' }
    $day->audit($_) } @res], [0, 1], 'one of them on record as a write (I1)';
put(\%given);


# ---- the first of all, which says that it is

my @none = (pupil => '/v1/homework/' . $day->assign->{id});
my %first = (points => 3, comment => 'The first', version => undef);

$res = put(\%first, @none);
is assessment($res)->{comment}, 'The first', 'made from none';
$version = assessment($res)->{version};
is assessment(put(\%first, @none))->{version}, $version,
    'the same again writes nothing (I15)';
$res = put({ %first, comment => 'Another' }, @none);
is_problem $res, 409, 'conflict', name => 'another that is made from none';
is_deeply $day->outcomes($res), ['conflict'], 'on record';
is_problem put({ %first, version => uuid(), points => 1 },
    classmate => $none[1]), 409, 'conflict',
    name => 'and none that is made from one that is not there';
is assessment($teacher->get(path(@none)))->{comment}, 'The first',
    'takes nothing away';
$none[0] = 'classmate';
@res = at_once('LOCK TABLE data.assessment IN SHARE MODE', PUT => path(@none),
    \%first, { %first, comment => 'At once' });
is_deeply [sort map { $_->status } @res], [200, 409],
    'two at once: one is told of the other';
my ($won) = grep { $_->status == 200 } @res;
is_deeply assessment($teacher->get(path(@none))), assessment($won),
    'whose it is';
is assessment(put({ comment => 'Whatever is there' }, @none))->{comment},
    'Whatever is there', 'who does not say counts, as ever';


# ---- what may be said

for my $case ([{}, '', 'minProperties'], [{ points => undef }, '',
               'minProperties'], [{ points => -1 }, '/points', 'minimum'],
              [{ points => '7' }, '/points', 'type'],
              [{ points => 1.1234567 }, '/points', 'decimals'],
              [{ comment => '' }, '/comment', 'minLength'],
              [{ comment => 7 }, '/comment', 'type'],
              [{ comment => "90125\x{7}" }, '/comment', 'control-character'],
              [{ comment => "\x{e5}" x 4001 }, '/comment', 'maxLength'],
              [{ %given, version => '90125' }, '/version', 'uuid'],
              [{ %given, grade => 90125 }, '/grade', 'additionalProperties'])
{
    my ($json, $field, $rule) = @$case;
    my $res = put($json);
    is_problem $res, 422, 'invalid', field => $field, rule => $rule,
        name => "$field: $rule", body_lacks => ['90125'];
    is_deeply $day->outcomes($res), [], 'is only counted';
}
is_status put({ comment => "\x{e5}" x 4000 }), 200, 'as long as it may be';
$res = put({ points => 10.500001 });
is_problem $res, 422, 'invalid', field => '/points', rule => 'maximum',
    name => 'more than the homework has';
is_deeply $day->outcomes($res), ['refused'], 'tells of it: on record (I1)';
is_status put({ points => 10.5, comment => $words }), 200, 'all of it';
my $there = '/v1/homework/' . $day->assign->{id};
is_deeply [@{ assessment(put({ comment => 'Fine' }, pupil => $there)) }
           {qw(points max_score comment)}], [undef, 15, 'Fine'],
    'a comment alone';


# ---- returned

is_problem $teacher->post(of('classmate') . '/return'), 404, 'not-found',
    name => 'nothing to return';
$res = $teacher->post(of() . '/return');
is_status $res, 200, 'it is returned';
my $returned = assessment($res);
like $returned->{returned_at}, qr/^\d{4}-.*Z$/, 'now';
is_deeply [@$returned{qw(points comment)}], [10.5, $words], 'as it was';
($written) = grep { $_->{operation} eq 'write' } $day->audit($res);
is_deeply [@$written{qw(fields subjects)}], [['returned_at'], [$id{pupil}]],
    'on record';
is_deeply assessment($teacher->post(of() . '/return')), $returned,
    'once: the second time nothing changes';

$res = $pupil->get($own);
my %shown = (points => 10.5, max_score => 10.5, by => 'teacher',
             comment => $words, returned_at => $returned->{returned_at});
is_deeply $res->json, { homework_id => $homework->{id},
    assessment => \%shown }, 'the pupil sees it, and whose it is';
is_deeply looked($res), \@all, 'on record as what is shown, and no more';
($read) = grep { $_->{category} eq 'assessment' } $day->audit($res);
is_deeply [@$read{qw(purpose relation fields subjects)}], ['learning', 'self',
    [qw(comment points returned_at)], [$id{pupil}]], 'on record';
my ($record) = @{ $pupil->get('/v1/data/assessment')->json->{records} };
is_deeply [@$record{qw(homework_id assessed_by points)}],
    [$homework->{id}, $id{teacher}, 10.5], 'and who gave it, of all held';
is $day->classmate->get($own)->json->{assessment}, undef,
    'a classmate has none';

is_deeply assessment(put({ points => 2, comment => $words })), {
    %$returned, points => 2, version =>
    assessment($teacher->get(path()))->{version} }, 'changed afterwards';
is $pupil->get($own)->json->{assessment}{points}, 2, 'that shows at once';


# ---- a machine is overruled

$day->expect(201, $pupil->post('/v1/progress', json => $day->answer($homework,
    0, answer => [0])));
my $progress = $pupil->get($one)->json->{progress};
is "$progress->{score} $progress->{score_by}", '0 machine',
    'a machine says nothing for it';
is "@{ $pupil->get($own)->json->{assessment} }{qw(points by)}", '2 teacher',
    'what the teacher gives stands beside, and says so';


# ---- nobody else

for my $case ([pupil => 403, 'not-granted'], [classmate => 403, 'not-granted'],
              [colleague => 404, 'not-found'], [other => 404, 'not-found'],
              [admin => 403, 'not-granted'])
{
    my ($who, $status, $slug) = @$case;
    my $http = $day->as($who);
    for my $ask ([GET => path()], [PUT => path(), json => \%given],
                 [POST => of() . '/return'])
    {
        my ($method, $at, @json) = @$ask;
        my $res = $http->request($method, $at, @json);
        is_problem $res, $status, $slug, name => "$who: $method";
        is_deeply $day->outcomes($res), [$slug =~ s/-/_/r], 'on record';
    }
}
is_problem $day->nginx->http->get(path()), 401, 'no-session';
is_problem $teacher->get($own), 403, 'not-granted', name => 'own is a pupil\'s';
is_problem $day->other->get($own), 404, 'not-found', name => 'of one\'s class';
for my $who (qw(other colleague teacher)) {
    is_problem put(\%given, $who), 404, 'not-found',
        name => "$who does not learn in that class";
}
is_problem $teacher->put("$one/pupils/" . uuid() . '/assessment',
    json => \%given), 404, 'not-found', name => 'nor does nobody';
is_problem $teacher->put(path(pupil => '/v1/homework/' . uuid()),
    json => \%given), 404, 'not-found', name => 'no such homework';
is_problem $teacher->put(path(), json => \%given, csrf => 0), 403, 'csrf';
is_problem $teacher->patch("/v1/data/assessment/$id{pupil}",
    json => { points => 1 }), 403, 'not-granted',
    name => 'written in no other way';
is_problem $pupil->patch('/v1/data/assessment', json => { points => 1 }), 403,
    'not-granted', name => 'least of all by the pupil';


# ---- changed behind the gateway (I18)

$day->nginx->allow_log(qr/\[crit\].*assessment/);
my $rows = $day->rows_of('data.assessment', $id{pupil});
my $early = $db->selectrow_array('SELECT record FROM data.assessment WHERE'
    . ' returned_at IS NULL');
$db->do('UPDATE data.assessment SET returned_at = now() WHERE record = ?', {},
    $early);
$res = $pupil->get("/v1/homework/$early/assessment");
is $res->json->{assessment}, undef, 'returned by somebody else: it is not';
is_deeply $day->outcomes($res), [qw(allowed tampered)], 'and is found';
$day->put_back($rows);
$db->do('UPDATE data.assessment AS a SET points = b.points FROM data.assessment'
    . ' AS b WHERE a.record = ? AND b.record = ?', {}, $early,
    $homework->{id});
$res = $teacher->get(path(pupil => "/v1/homework/$early"));
is_problem $res, 404, 'not-found', name => 'points of another homework';
like join(' ', @{ $day->outcomes($res) }), qr/tampered/, 'are found, too';
$day->put_back($rows);


# ---- denied, restricted, withdrawn, ended

$day->reload(http => $site->http_conf(pupil =>
    "pupil_deny assessment.comment purpose=learning;\n"));
is_deeply [sort keys %{ $pupil->get($own)->json->{assessment} }],
    [qw(by max_score points returned_at)], 'a field that is denied (I3)';
$day->reload(http => $site->http_conf(pupil =>
    "pupil_deny homework.exercises purpose=teaching;\n"));
is_problem put({ points => 0 }), 422, 'invalid', field => '/points',
    rule => 'not-accepted', name => 'no points where it is not known of what';
is_deeply [sort keys %{ assessment(put({ comment => $words, points => undef },
    'classmate')) }], [qw(by comment max_score points returned_at version)],
    'but a comment';
$day->reload(http => $site->http_conf(plugins => [grep { $_ ne 'assessment' }
    qw(assessment contact credential enrolment example homework identity
       network progress)]));
is_status $teacher->get($one), 200, 'without the plugin homework works';
is_problem put(\%given), 403, 'not-granted', name => 'and this does not';
is_problem $pupil->get($own), 403, 'not-granted', name => 'for anybody';
$day->reload(http => $site->http_conf);

sub subject (@args) {
    is $site->ctl('subject', @args, $site->ctl_where)->{code}, 0,
        "subject $args[0]";
}

subject(restrict => $id{pupil});
for my $ask ([GET => path()], [PUT => path(), json => { points => 1 }],
             [POST => of() . '/return'])
{
    my ($method, $at, @json) = @$ask;
    $res = $teacher->request($method, $at, @json);
    is_problem $res, 403, 'restricted', name => "$method of who is restricted";
    is_deeply $day->outcomes($res), ['restricted'], 'on record';
}
subject(unrestrict => $id{pupil});
is assessment($teacher->get(path()))->{points}, 2, 'lifted: as it was';

$day->expect(204, $teacher->delete($there));
is_problem put({ comment => 'x' }, pupil => $there), 404, 'not-found',
    name => 'homework that was taken back';
is_problem $pupil->get("$there/assessment"), 404, 'not-found',
    name => 'is no pupil\'s either';

my $row = $day->rows_of('pupil.enrolment', $id{pupil});
$day->end_enrolment($id{pupil}, $day->class_id);
is_problem put(\%given), 404, 'not-found', name => 'a pupil who has left';
$day->put_back($row);
$row = $day->rows_of('pupil.enrolment', $id{teacher});
$day->end_enrolment($id{teacher}, $day->class_id);
is_problem put(\%given), 404, 'not-found', name => 'a teacher who has left';
is_problem $teacher->get(path()), 404, 'not-found', name => 'sees it no more';
$day->put_back($row);

subject(erase => $id{pupil});
is $db->selectrow_array('SELECT count(*) FROM data.assessment WHERE owner = ?',
    {}, $id{pupil}), 0, 'who is erased has none';
is_problem put(\%given), 404, 'not-found', name => 'nor gets one';

done_testing;
