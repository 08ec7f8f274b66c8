#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# /v1/homework by what is to do, late and done, by dates, newest or oldest
# first, in pages forth and back: the same with and without what workers keep,
# and of each a cursor of its own.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;
use POSIX qw(strftime);

my $day = Pupil::Day->up(workers => 1);
my ($site, $cached) = ($day->site, $day->nginx);
my ($teacher, $pupil) = ($day->teacher, $day->pupil);
my $plain = $site->nginx(workers => 1, http => '', conf => {
    pupil_homework_cache => 'off' })->start;
$plain->wait_ready;

sub at ($who, $nginx) {
    my $http = $nginx->http;
    $http->{cookies} = $day->as($who)->cookies;
    $http->csrf($day->as($who)->csrf);
    return $http;
}

sub titles ($res) { [map { $_->{title} } @{ $res->json->{homework} }] }

# Without the cache; with it, where it fills and where it hits: the same bytes.
sub look ($query, $who = 'pupil') {
    my $want = $day->expect(200, at($who, $plain)->get("/v1/homework$query"));
    for my $round (1, 2) {
        my $got = at($who, $cached)->get("/v1/homework$query");
        is $got->body, $want->body, "$who: $query: kept, round $round"
            or diag $got->text;
    }
    return $want;
}


# ---- of each day one that is done and one that is not

my $zone = 'Asia/Kolkata';
$site->ctl_ok('tenant', 'zone', $zone, $site->ctl_where);
$day->reload;
$plain->reload(wait => 1);
$plain->wait_ready;

# The day has begun here, whatever the hour is in UTC.
my ($midnight) = $site->keystore->selectrow_array('SELECT extract(epoch FROM'
    . ' d.begins) FROM keystore.zone_day(?, now()) AS d', {}, $zone);
sub text ($time) { strftime('%Y-%m-%dT%H:%M:%SZ', gmtime $time) }
my @days = ([late => $midnight - 1], [today => $midnight],
            [tomorrow => time + 86400], [week => time + 7 * 86400]);
my (%given, @all);
for (@days) {
    my ($when, $due) = @$_;
    for my $what (qw(done begun)) {
        my $title = "$when, $what";
        my $homework = $day->assign(title => $title, due_at => text($due),
            assigned_at => Pupil::Class::at(-9));
        $given{$title} = $homework;
        my @answers = $what eq 'done' ? (0, 1) : (1);
        $day->expect(201, $pupil->post('/v1/progress', json =>
            $day->answer($homework, $_))) for @answers;
    }
}

# By the date due, and of one date by the id.
@all = map { $_->{title} } sort { $a->{due_at} cmp $b->{due_at}
                                  || $a->{id} cmp $b->{id} } values %given;
sub those ($pattern) { [grep { /$pattern/ } @all] }

is_deeply titles(look('?status=all')), \@all, 'all, by the date due';
is_deeply titles(look('')), those(qr/tomorrow|week/), 'open, as ever';
is_deeply titles(look('?status=todo')), those(qr/^(?!late).*begun/),
    'to do: of today, though the hour is over';
is_deeply titles(look('?status=late')), ['late, begun'],
    'late: of yesterday, where the school is';
is_deeply titles(look('?status=done')), those(qr/done/),
    'done: whatever the date';
is_deeply titles(look('?status=todo', 'classmate')), those(qr/^(?!late)/),
    'another has all of it to do';
is_deeply titles(look('?status=done', 'classmate')), [], 'and has done none';

my $finished = $given{'today, begun'};
$day->expect(201, $pupil->post('/v1/progress', json =>
    $day->answer($finished, 0)));
is_deeply titles(look('?status=todo')), those(qr/^(tomorrow|week), begun/),
    'what is done is not to do';
is_deeply titles(look('?status=done')), those(qr/done|today/), 'but done';


# ---- orders and dates

for my $query ('?status=all', '', '?status=todo', '?status=done',
               '?status=late')
{
    my $and = $query ? '&' : '?';
    is_deeply titles(look("$query${and}order=newest")),
        [reverse @{ titles(look("$query${and}order=oldest")) }],
        "newest first: $query";
}
my ($from, $to) = map { text($_->[1]) } @days[1, 3];
is_deeply titles(look("?status=all&due_after=$from")), those(qr/^(?!late)/),
    'due then or later';
is_deeply titles(look("?status=all&due_before=$to")), those(qr/^(?!week)/),
    'due before';
is_deeply titles(look("?status=done&due_after=$from&due_before=$to")),
    those(qr/^today|^tomorrow, done/), 'both, of what is done';
is_deeply titles(look("?due_before=$to")), those(qr/^tomorrow/),
    'both, of what is open';
is_deeply titles(look('?order=newest', 'teacher')),
    [reverse @{ those(qr/tomorrow|week/) }], 'a teacher\'s';
is_deeply titles(look('?status=all&order=newest&limit=3', 'teacher')),
    [(reverse @all)[0 .. 2]], 'and a page of it';


# ---- pages, forth and back

for my $case (['?status=all', 'pupil'], ['?status=all&order=newest', 'pupil'],
    ['?status=todo', 'pupil'], ['?status=done&order=newest', 'pupil'],
    ['?limit=3', 'pupil'], ['?status=todo&order=newest', 'classmate'],
    ['?status=all&order=newest', 'teacher'], ['', 'teacher'],
    ["?status=all&due_after=$from&due_before=$to", 'pupil'])
{
    my ($query, $who) = @$case;
    my $args = $query =~ s/^\?|&?limit=3//gr;
    my @whole = @{ titles(look("?$args" =~ s/^\?$//r, $who)) };
    my (@pages, @back);
    my $res = look("?limit=2&$args" =~ s/&$//r, $who);
    ok !exists $res->json->{previous}, "$who $query: the first page is first";
    for (1 .. 9) {
        push @pages, titles($res);
        my $next = $res->json->{next} // last;
        $res = look("?limit=2&$args&cursor=$next" =~ s/&&/&/r, $who);
    }
    is_deeply [map { @$_ } @pages], \@whole, 'forth, each once';
    for (1 .. 9) {
        unshift @back, titles($res);
        my $previous = $res->json->{previous} // last;
        $res = look("?limit=2&$args&cursor=$previous" =~ s/&&/&/r, $who);
    }
    is_deeply \@back, \@pages, 'and back, the same pages';
    my $next = $res->json->{next};
    is_deeply titles(look("?limit=2&$args&cursor=$next" =~ s/&&/&/r, $who)),
        $pages[1], 'and forth again' if @pages > 1;
}


# ---- a page that is empty by then: it says where the list goes on

my $middle = those(qr/^tomorrow/);
my %at;
for my $order (qw(oldest newest)) {
    my $query = "?status=todo&limit=2&order=$order";
    my $first = look($query, 'classmate')->json;
    $at{$query} = look("$query&cursor=$first->{next}", 'classmate')->json;
}
for my $homework (map { $given{$_} } @{ those(qr/^(today|week)/) }) {
    $day->expect(201, $day->classmate->post('/v1/progress', json =>
        $day->answer($homework, $_))) for 0, 1;
}
for my $query (sort keys %at) {
    my $there = $query =~ /newest/ ? [reverse @$middle] : $middle;
    for my $case ([previous => 'next'], [next => 'previous']) {
        my ($to, $back) = @$case;
        my $res = look("$query&cursor=$at{$query}{$to}", 'classmate');
        is_deeply titles($res), [], "$query: nothing is left of $to";
        is $res->json->{$to}, undef, 'nor behind that';
        ok $res->json->{$back}, 'but the other way' or next;
        $res = look("$query&cursor=@{[$res->json->{$back}]}", 'classmate');
        is_deeply titles($res), $there, 'lies what there is';
    }
}


# ---- what is refused

my $cursor = look('?status=all&limit=2')->json->{next};
for my $case (["status=done&cursor=$cursor", 'cursor', 'same-query'],
    ["cursor=$cursor", 'cursor', 'same-query'],
    ["status=all&order=newest&cursor=$cursor", 'cursor', 'same-query'],
    ["status=all&due_after=$from&cursor=$cursor", 'cursor', 'same-query'],
    ["status=all&due_before=$to&cursor=$cursor", 'cursor', 'same-query'],
    ['cursor=' . substr($cursor, 1), 'cursor', 'cursor'],
    ['order=due', 'order', 'enum'], ['status=closed', 'status', 'enum'],
    ['due_after=tomorrow', 'due_after', 'date-time'],
    ['due_before=2026-13-01T00:00:00Z', 'due_before', 'date-time'],
    ["due_after=$to&due_before=$from", 'due_before', 'after-due_after'],
    ["due_after=$to&due_before=$to", 'due_before', 'after-due_after'])
{
    my ($args, $field, $rule) = @$case;
    is_problem $pupil->get("/v1/homework?$args"), 422, 'invalid',
        field => $field, rule => $rule;
}
is_status $pupil->get("/v1/homework?status=all&limit=5&cursor=$cursor"), 200,
    'a page may be of another size';
is_status $pupil->get('/v1/homework?due_after=2999-12-31T23:59:59.999999Z'),
    200, 'the last instant there is leaves none: what was not sent is not wrong';
for my $status (qw(todo late done)) {
    is_problem $teacher->get("/v1/homework?status=$status"), 422, 'invalid',
        field => 'status', rule => 'pupil';
    is_problem $day->admin->get("/v1/homework?status=$status"), 403,
        'not-granted';
}


# ---- on record, and by grants

my $res = $pupil->get('/v1/homework?status=late');
is_deeply [map { $_->{category} } $day->audit($res)],
    [qw(enrolment homework identity progress)], 'audited as the list is';
for my $denied (qw(progress.done homework.exercises)) {
    $day->reload(http => $site->http_conf(pupil => "pupil_deny $denied;\n"));
    is_status $pupil->get('/v1/homework?status=all'), 200,
        "$denied denied: the list";
    $res = $pupil->get('/v1/homework?status=todo');
    is_problem $res, 403, 'not-granted', name => 'is not shown by it';
    is_deeply $day->outcomes($res), ['not_granted'], 'on record';
}

done_testing;
