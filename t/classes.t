#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# /v1/classes: whose classes are shown, and what of them; a class, its pupils
# by what it was given, in one audited read; one of its pupils; nobody else's.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;
use List::Util qw(max);

my $day = Pupil::Day->up(workers => 1);
my ($db, $site, $teacher, $pupil) = ($day->db, $day->site, $day->teacher,
                                     $day->pupil);
my ($title, $id) = ('Math - Algebra 1', $day->class_id);
my %who = map { $_ => $day->person($_)->{id} }
    qw(teacher pupil classmate other);
my $path = "/v1/classes/$id";


# ---- which there are

my $res = $day->expect(200, $teacher->get('/v1/classes'));
my ($mine) = grep { $_->{id} eq $id } @{ $res->json->{classes} };
is_deeply $mine, { id => $id, title => $title, pupils => 30 },
    'a class of a teacher\'s';
is_deeply { map { $_->{title} => $_->{id} } @{ $res->json->{classes} } },
    { $day->classes }, 'and all others';
my %record = (category => 'enrolment', operation => 'read', note => undef,
              outcome => 'allowed');
is_deeply [$day->audit($res)], [{ %record, role => 'teacher',
    purpose => 'teaching', relation => 'teaches', subjects => [$who{teacher}],
    fields => [qw(class_id class_title role)] }], 'on record: teaching';

$res = $day->expect(200, $pupil->get('/v1/classes'));
is_deeply [grep { $_->{id} eq $id } @{ $res->json->{classes} }],
    [{ id => $id, title => $title }], 'a pupil sees which, not how many';
is_deeply [$day->audit($res)], [{ %record, role => 'pupil',
    purpose => 'learning', relation => 'self', subjects => [$who{pupil}],
    fields => [qw(class_id class_title)] }], 'on record: learning';
is_deeply [grep { $_->{id} eq $id } @{ $day->expect(200,
    $day->other->get('/v1/classes'))->json->{classes} }], [],
    'nobody sees another school\'s';


# ---- of each state one

my %given;
sub give ($name, $due, %with) {
    return $given{$name} = $day->assign(title => $name,
        assigned_at => Pupil::Class::at(-9), due_at => Pupil::Class::at($due),
        %with);
}
sub hand_in ($who, $name, @exercises) {
    $day->expect(201, $day->as($who)->post('/v1/progress', json =>
        $day->answer($given{$name}, $_))) for @exercises;
}
give(late => -3);
give(old => -2);
give(open => 3);
give(coming => 9, assigned_at => Pupil::Class::at(1));
hand_in(pupil => late => 0, 0);
hand_in(pupil => old => 0, 1);
hand_in(classmate => open => 0, 1);
for my $case ([old => 'pupil'], [open => 'classmate']) {
    my ($name, $who) = @$case;
    my $to = "/v1/homework/$given{$name}{id}/pupils/$who{$who}";
    $day->expect(200, $teacher->put("$to/assessment", json =>
        { points => 7, comment => 'Bra' }));
    $day->expect(200, $teacher->post("$to/return"))
        if $name eq 'old';
}

$res = $day->expect(200, $teacher->get($path));
my $grid = $res->json;
is_deeply $grid->{class}, { id => $id, title => $title }, 'the class';
is_deeply $grid->{homework}, [map {
    my $h = $given{$_};
    { exercises => 2, map { $_ => $h->{$_} } qw(id title assigned_at due_at) }
} qw(open old late)], 'what it was given, the latest first';
is $grid->{next}, undef, 'is all';
is scalar(@{ $grid->{pupils} }), 30, 'each pupil';
is_deeply [map { $_->{id} } @{ $grid->{pupils} }],
    [sort map { $_->{id} } @{ $grid->{pupils} }], 'by id';

my %of = map { $_->{id} => $_ } @{ $grid->{pupils} };
sub states ($pupil) {
    return [map { [@$_{qw(status exercises_done)}, $_->{late} ? 'late' : '',
                   $_->{assessment}] } @{ $pupil->{homework} }];
}
is $of{ $who{pupil} }{display_name}, 'Ora Klein', 'by name';
is_deeply states($of{ $who{pupil} }), [['not_started', 0, '', undef],
    ['completed', 2, '', 'returned'], ['in_progress', 1, 'late', undef]],
    'not begun; done and returned; begun and late';
is_deeply states($of{ $who{classmate} }), [['completed', 2, '', 'assessed'],
    ['not_started', 0, 'late', undef], ['not_started', 0, 'late', undef]],
    'done and assessed; late';

my @records = $day->audit($res);
is_deeply [map { "$_->{category}: @{ $_->{fields} }" } @records],
    ['assessment: returned_at', 'enrolment: class_title',
     'homework: assigned_at due_at exercises title',
     'identity: family_name given_name', 'progress: done exercise_id'],
    'one record of each category, and of what is shown alone';
is_deeply [grep { $_->{purpose} ne 'teaching' || $_->{relation} ne 'teaches' }
           @records], [], 'for teaching';
is_deeply [map { scalar @{ $_->{subjects} } } @records[0, 3, 4]],
    [30, 30, 30], 'of every pupil';
unlike $res->text, qr/because|Bra|Read it/, 'no answer and no comment';


# ---- pages of homework

my (@pages, $next);
do {
    my $page = $day->expect(200, $teacher->get("$path?limit=2"
        . ($next ? "&cursor=$next" : '')))->json;
    push @pages, $page;
    $next = $page->{next};
} while $next && @pages < 4;
is_deeply [map { [map { $_->{title} } @{ $_->{homework} }] } @pages],
    [[qw(open old)], ['late']], 'further back';
my ($then) = grep { $_->{id} eq $who{pupil} } @{ $pages[1]{pupils} };
is_deeply states($then), [['in_progress', 1, 'late', undef]],
    'and how far they were with that';
for my $case ([limit => 0, 'minimum'], [limit => 101, 'maximum'],
              [cursor => 'x', 'cursor'], [status => 'all',
               'additionalProperties'])
{
    my ($field, $value, $rule) = @$case;
    is_problem $teacher->get("$path?$field=$value"), 422, 'invalid',
        field => $field, rule => $rule;
}


# ---- one of them

$res = $day->expect(200, $teacher->get("$path/pupils/$who{pupil}"));
is_deeply $res->json, { %$grid, pupils => [$of{ $who{pupil} }] },
    'one pupil, by the same homework';
is_deeply [map { @{ $_->{subjects} } } grep { $_->{category} =~ /progress/ }
           $day->audit($res)], [$who{pupil}], 'on record alone';
for my $none ($who{other}, $who{teacher}, uuid()) {
    $res = $teacher->get("$path/pupils/$none");
    is_problem $res, 404, 'not-found', name => 'who does not learn there',
        body_lacks => [$title];
    is_deeply $day->outcomes($res), ['not_found'], 'on record';
}

sub subject (@args) { $site->ctl_ok('subject', @args, $site->ctl_where) }

subject(restrict => $who{classmate});
$res = $teacher->get("$path/pupils/$who{classmate}");
is_problem $res, 403, 'restricted', name => 'who is restricted',
    body_lacks => [$title];
is_deeply [map { [@$_{qw(outcome subjects)}] } $day->audit($res)],
    [map { ['restricted', [$who{classmate}]] } 1 .. 3], 'on record';
is_deeply [grep { $_->{id} eq $who{classmate} }
    @{ $day->expect(200, $teacher->get($path))->json->{pupils} }], [],
    'is in no list';
subject(unrestrict => $who{classmate});


# ---- nobody else

for my $route ($path, "$path/pupils/$who{classmate}") {
    for my $case ([pupil => 403, 'not-granted'], [other => 404, 'not-found'],
                  [colleague => 404, 'not-found'],
                  [admin => 403, 'not-granted'])
    {
        my ($who, $status, $slug) = @$case;
        $res = $day->as($who)->get($route);
        is_problem $res, $status, $slug, name => "$who: $route";
        is_deeply $day->outcomes($res), [$slug =~ s/-/_/r], 'on record';
    }
    is_problem $day->nginx->http->get($route), 401, 'no-session';
}
is_problem $teacher->get('/v1/classes/' . uuid()), 404, 'not-found';
$res = $day->admin->get('/v1/classes');
is_problem $res, 403, 'not-granted', name => 'an administrator';
is_deeply $day->outcomes($res), ['not_granted'], 'on record';
is_problem $pupil->post('/v1/classes', json => {}), 405, 'method-not-allowed';


# ---- by grants

sub denied ($what) {
    $day->reload(http => $site->http_conf(pupil => "pupil_deny $what;\n"));
}
denied('assessment');
my ($one) = @{ $day->expect(200, $teacher->get($path))->json->{pupils} };
ok !exists $one->{homework}[0]{assessment}, 'assessments that are denied';
denied('identity relation=teaches');
($one) = @{ $day->expect(200, $teacher->get($path))->json->{pupils} };
is_deeply [sort keys %$one], [qw(homework id)], 'names that are';
for my $what (qw(progress.done homework.exercises)) {
    denied("$what relation=teaches");
    is_problem $teacher->get($path), 403, 'not-granted', name => "$what denied";
}
denied('enrolment.class_title');
is_deeply [grep { exists $_->{title} } @{ $day->expect(200,
    $teacher->get('/v1/classes'))->json->{classes} }], [], 'titles that are';
denied('enrolment.role relation=teaches');
is_problem $teacher->get('/v1/classes'), 403, 'not-granted',
    name => 'who counts no pupils is not told of classes';
$day->reload(http => $site->http_conf);


# ---- changed behind the gateway: left out, and recorded (I18, I20)

$day->nginx->allow_log(qr/\[crit\].*(not authentic|is not what was stored
                          |has other facts|tampered|not what)/x);
$db->do('UPDATE data.progress SET done = false WHERE owner = ?'
    . ' AND homework_id = ?', {}, $who{pupil}, $given{late}{id});
$res = $teacher->get("$path/pupils/$who{pupil}");
is_deeply states($res->json->{pupils}[0])->[2],
    ['not_started', 0, 'late', undef], 'a submission that was edited is none';
ok scalar(grep { $_ eq 'tampered' } @{ $day->outcomes($res) }),
    'and on record';
$db->do('UPDATE pupil.enrolment SET valid_from = valid_from - 1'
    . ' WHERE class = ? AND subject = ?', {}, $id, $who{classmate});
$res = $day->expect(200, $teacher->get($path));
is scalar(@{ $res->json->{pupils} }), 29, 'a pupil whose enrolment was';
is_problem $teacher->get("$path/pupils/$who{classmate}"), 404, 'not-found';
$db->do('UPDATE pupil.enrolment SET valid_from = valid_from - 1'
    . ' WHERE class = ? AND subject = ?', {}, $id, $who{teacher});
is_problem $teacher->get($path), 404, 'not-found', name => 'and a teacher';

done_testing;
