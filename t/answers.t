#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# What the class has handed in, as its teacher reads it: answers, scores and
# whose they are, state and assessment, a page of pupils in one audited read,
# by exercise and by pupil; and nobody else.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

my $day = Pupil::Day->up(workers => 1);
my ($db, $site, $teacher) = ($day->db, $day->site, $day->teacher);
my %id = map { $_ => $day->person($_)->{id} } qw(pupil classmate other);

my $homework = $day->assign(title => 'Kapitel ett', exercises => [
    { title => 'Capital', max_score => 4, kind => 'choice',
      options => [qw(Oslo Stockholm)], key => [1] },
    { title => 'A day', max_score => 6, kind => 'essay' },
    { title => 'As ever', max_score => 5 }]);
my @exercise = map { $_->{id} } @{ $homework->{exercises} };
my $path = "/v1/homework/$homework->{id}/answers";

sub hand_in ($who, $n, $answer, %with) {
    my $body = $day->answer($homework, $n, answer => $answer, %with);
    $day->expect(201, $day->as($who)->post('/v1/progress', json => $body));
    return $body->{id};
}

sub look ($args = '') {
    my $res = $day->expect(200, $teacher->get($path . $args));
    return $res, { map { $_->{id} => $_ } @{ $res->json->{pupils} } };
}

hand_in(pupil => 0, [0]);
my $right = hand_in(pupil => 0, [1]);
my $essay = hand_in(pupil => 1, "Läs om kräftdjur\nTvå", completion => \0);
my $ever = hand_in(classmate => 2, { text => 'Igelkott' },
                   score => { raw => 3, max => 5 });
$day->expect(200, $teacher->put("/v1/homework/$homework->{id}/pupils/"
    . "$id{classmate}/assessment", json => { points => 2, comment => 'Bra' }));


# ---- the class, whole

my ($res, $of) = look();
my $all = $res->json;
is $all->{homework}{id}, $homework->{id}, 'the homework';
is scalar(@{ $all->{pupils} }), 30, 'every pupil of the class';
is $all->{next}, undef, 'on one page';
is_deeply [map { $_->{id} } @{ $all->{pupils} }],
    [sort map { $_->{id} } @{ $all->{pupils} }], 'in the order of their ids';

my $one = $of->{ $id{pupil} };
is $one->{display_name}, 'Olivia Klein', 'each by name'
    if $one->{display_name} =~ /Olivia/;
like $one->{display_name}, qr/Klein/, 'who it is';
is_deeply [sort { $a->{id} cmp $b->{id} } map {
    my %given = %$_; delete $given{submitted_at}; \%given
} @{ $one->{answers} }], [sort { $a->{id} cmp $b->{id} }
    { id => $right, exercise_id => $exercise[0], done => \1, answer => [1],
      success => \1, score => { raw => 4, max => 4, by => 'machine' } },
    { id => $essay, exercise_id => $exercise[1], done => \0,
      answer => "Läs om kräftdjur\nTvå", completion => \0 }],
    'the answers that count, whole, with their score and whose it is';
is_deeply [@$one{qw(status score score_by exercises_done assessment)}],
    ['in_progress', 4, 'machine', 1, undef], 'how far that is';
my $other = $of->{ $id{classmate} };
is_deeply $other->{answers}[0]{score}, { raw => 3, max => 5 },
    'a score that was sent';
is_deeply [@{ $other->{assessment} }{qw(points max_score by comment)}],
    [2, 15, 'teacher', 'Bra'], 'and what the teacher says';
my ($none) = grep { !@{ $_->{answers} } } @{ $all->{pupils} };
is_deeply [@$none{qw(status score assessment)}],
    ['not_started', undef, undef], 'who has handed in nothing is there, too';

my @records = $day->audit($res);
is_deeply [map { $_->{category} } @records],
    [qw(assessment enrolment homework identity identity progress progress)],
    'one record of what the class owns, and of its pupils';
my ($read) = grep { $_->{category} eq 'progress' } @records;
is_deeply [@$read{qw(operation purpose relation fields)}], ['read', 'teaching',
    'teaches', [qw(answer done exercise_id result)]], 'of what is shown';
is scalar(@{ $read->{subjects} }), 30, 'and of whom';


# ---- by exercise, by pupil, by page

($res, $of) = look("?exercise=$exercise[0]");
is_deeply [map { $_->{id} } map { @{ $_->{answers} } } values %$of], [$right],
    'one exercise alone';
is "@{ $of->{ $id{pupil} } }{qw(status score)}", 'completed 4',
    'and the state of that';
($res, $of) = look("?pupil=$id{classmate}");
is_deeply [keys %$of], [$id{classmate}], 'one pupil alone';
is_deeply [map { @{ $_->{subjects} } } grep { $_->{category} eq 'progress' }
           $day->audit($res)], [$id{classmate}], 'on record alone';
($res, $of) = look("?pupil=$id{classmate}&exercise=$exercise[1]");
is_deeply $of->{ $id{classmate} }{answers}, [], 'both';
($res, $of) = look("?pupil=$id{other}");
is_deeply $of, {}, 'who does not learn in that class is not there';

my (@pages, $next);
do {
    my ($page) = look('?limit=13' . ($next ? "&cursor=$next" : ''));
    push @pages, $page->json->{pupils};
    $next = $page->json->{next};
} while $next && @pages < 5;
is join(' ', map { scalar @$_ } @pages), '13 13 4', 'pages';
is_deeply [map { @$_ } @pages], $all->{pupils}, 'that make up the whole';

for my $case ([limit => 0, 'minimum'], [limit => 101, 'maximum'],
              [pupil => 'x', 'uuid'], [exercise => 7, 'uuid'],
              [cursor => 'x', 'cursor'], [status => 'all',
               'additionalProperties'])
{
    my ($field, $value, $rule) = @$case;
    my $res = $teacher->get("$path?$field=$value");
    is $res->status, 422, "$field=$value";
    is $res->json->{errors}[0]{field}, $field, 'says which';
}
is_problem $teacher->get("$path?exercise=" . uuid()), 404, 'not-found',
    name => 'no exercise of it';


# ---- nobody else

for my $case ([pupil => 403, 'not-granted'], [colleague => 404, 'not-found'],
              [other => 404, 'not-found'], [admin => 403, 'not-granted'])
{
    my ($who, $status, $slug) = @$case;
    my $res = $day->as($who)->get($path);
    is_problem $res, $status, $slug, name => $who;
    is_deeply $day->outcomes($res), [$slug =~ s/-/_/r], 'on record';
}
is_problem $day->nginx->http->get($path), 401, 'no-session';


# ---- what is left out

$day->reload(http => $site->http_conf(pupil =>
    "pupil_deny progress.result relation=teaches;\n"));
($res, $of) = look("?pupil=$id{pupil}");
is_deeply [map { keys %{ $_->{score} // {} } }
           @{ $of->{ $id{pupil} }{answers} }], [], 'a score that is denied';
$day->reload(http => $site->http_conf(pupil =>
    "pupil_deny progress.answer relation=teaches;\n"));
is_problem $teacher->get($path), 403, 'not-granted',
    name => 'answers that are denied';
$day->reload(http => $site->http_conf(plugins => [qw(contact credential
    enrolment example homework identity network progress)]));
($res, $of) = look("?pupil=$id{classmate}");
ok !exists $of->{ $id{classmate} }{assessment}, 'without assessments';
is scalar(@{ $of->{ $id{classmate} }{answers} }), 1, 'answers are there';
$day->reload(http => $site->http_conf);

$day->nginx->allow_log(qr/\[crit\].*progress/);
my $rows = $day->rows_of('data.progress', $id{pupil});
$db->do('UPDATE data.progress AS a SET answer = b.answer FROM data.progress AS'
    . ' b WHERE a.record = ? AND b.record = ?', {}, $essay, $right);
($res, $of) = look("?pupil=$id{pupil}");
is_deeply [map { $_->{id} } @{ $of->{ $id{pupil} }{answers} }], [$right],
    'an answer that somebody has changed (I18)';
like join(' ', @{ $day->outcomes($res) }), qr/tampered/, 'is found';
$day->put_back($rows);

is $site->ctl('subject', 'restrict', $id{pupil}, $site->ctl_where)->{code}, 0,
    'a pupil is restricted';
($res, $of) = look();
ok !$of->{ $id{pupil} }, 'and is not shown';
is scalar(keys %$of), 29, 'while all others are';
is_deeply [map { "@{ $_->{subjects} }" } grep { $_->{outcome} eq 'restricted' }
           $day->audit($res)]->[0], $id{pupil}, 'on record as withheld';
$res = $teacher->get("$path?pupil=$id{pupil}");
is_problem $res, 403, 'restricted', name => 'asked for alone',
    body_lacks => [$homework->{title}];
is_deeply [grep { $_->{outcome} ne 'restricted'
                  || "@{ $_->{subjects} }" ne $id{pupil} } $day->audit($res)],
    [], 'on record';

$day->expect(204, $teacher->delete("/v1/homework/$homework->{id}"));
is_problem $teacher->get($path), 404, 'not-found',
    name => 'homework that was taken back';

done_testing;
