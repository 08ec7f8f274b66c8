#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# What one answer shows is of one moment.  A man in the middle holds a
# statement of an answer back until others have written, and each answer has to
# fit what is known then; a run of writers and readers at once finds what
# nobody thought of.  The rule: docs/architecture.md, "One snapshot".

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;
use Pupil::PgProxy;
use POSIX qw(strftime);

my $site = pupil_up(import => 1);
my $proxy = Pupil::PgProxy->new($site->pg);
my $day = Pupil::Day->up(site => $site, start => 0, workers => 1, conf => {
    pupil_database => '"' . $site->gateway('pupil', host => '127.0.0.1',
        port => $proxy->port, sslmode => 'disable') . '"',
    pupil_pool => 'data connections=8' });
$day->nginx->start;
$day->ready;
$day->as($_) for qw(teacher pupil);

# What a statement says that no other does.
my %sql = (
    list => qr/count\(\*\) FROM h\) > \$12/,
    current => qr/AS p ON true WHERE e\.tenant/,
    summary => qr/AS in_progress/,
    definitions => qr/= ANY \(\$8\)/,
    results => qr/p\.class_id = k\.owner/,
);

# A request of somebody, of which a statement waits until $meanwhile is done.
sub during ($statement, $who, $path, $meanwhile) {
    my $http = $day->as($who);
    $proxy->hold($sql{$statement});
    $http->send_raw($http->request_bytes(GET => $path));
    wait_until(60, "$statement waits", sub { $proxy->held });
    $meanwhile->();
    $proxy->mode('pass');
    return $http->read_response;
}

# Others than who waits.
my %others = map { my $http = $day->nginx->http;
                   $http->{cookies} = $day->as($_)->cookies;
                   $http->csrf($day->as($_)->csrf);
                   $_ => $http } qw(teacher pupil);

sub assign (%with) {
    return $day->expect(201, $others{teacher}->post('/v1/homework',
        json => $day->body(%with)))->json;
}

sub take_back ($homework) {
    $day->expect(204, $others{teacher}->delete(
        "/v1/homework/$homework->{id}"));
}

# Both exercises, with all points.
sub complete ($homework) {
    $day->expect(200, $others{pupil}->post('/v1/progress', json => [
        map { my $points = $homework->{exercises}[$_]{max_score};
              $day->answer($homework, $_, completion => \1,
                  score => { raw => $points, max => $points }) } 0, 1]));
    return $homework;
}

# Items that were completed and are shown as anything else; those without what
# stands beside.
sub not_whole ($res, @completed) {
    my %completed = map { $_->{id} => 1 } @completed;
    return map { "$_->{title}: " . json_of($_->{progress}) }
           grep { !$_->{progress} || $completed{$_->{id}}
                  && $_->{progress}{status} ne 'completed' }
           @{ $res->json->{homework} };
}

sub bare ($res) {
    return map { $_->{title} } grep { !$_->{summary} }
           @{ $res->json->{homework} };
}

# One that is due, and another date for it.
sub due () {
    my $homework = complete(assign(title => 'Due', due_at => strftime(
        '%Y-%m-%dT%H:%M:%SZ', gmtime(time + 2))));
    wait_until(60, 'it is due', sub { !grep { $_->{id} eq $homework->{id} }
        @{ $others{pupil}->get('/v1/homework')->json->{homework} } });
    return $homework;
}

sub put_off ($homework) {
    $day->expect(200, $others{teacher}->patch("/v1/homework/$homework->{id}",
        json => { due_at => Pupil::Class::at(3) }));
}

my @done = map { complete(assign(title => "Kapitel $_",
                                 due_at => Pupil::Class::at($_))) } 1 .. 5;
my $open = '/v1/homework';
my $page = '/v1/homework?status=all&limit=2';


# ---- what a pupil sees

is join(', ', not_whole($day->pupil->get($open), @done)), '',
    'what is completed is shown as completed';

my $first = shift @done;
my $res = during(list => pupil => $page, sub { take_back($first) });
is_status $res, 200, 'a page that moves while it is read';
is join(', ', not_whole($res, $first, @done)), '',
    'a page: what is completed stays so';

my $gone = shift @done;
$day->pupil->get($open) for 1, 2;             # and what it needs is kept
$res = during(current => pupil => $open, sub { take_back($gone) });
is_status $res, 200, 'homework that is taken back while the list is read';
is join(', ', not_whole($res, $gone, @done)), '',
    'the open list: what is completed stays so';

push @done, due();
take_back(assign(title => 'A version that no worker has'));
$res = during(definitions => pupil => $open, sub { put_off($done[-1]) });
is_status $res, 200, 'homework that is open again while the list is filled';
is join(', ', not_whole($res, @done)), '',
    'a list that is filled: what is completed stays so';
is join(', ', not_whole($day->pupil->get($open), @done)), '', 'and then';


# ---- what a teacher sees

my @given;
$res = during(list => teacher => '/v1/homework?status=all', sub {
    push @given, assign(title => 'New') });
is_status $res, 200, 'homework that comes while all is read';
is join(', ', bare($res)), '', 'a page: each with its summary';

$day->teacher->get($open) for 1, 2;
$res = during(summary => teacher => $open, sub { take_back(pop @given) });
is_status $res, 200, 'homework that goes while the list is read';
is join(', ', bare($res)), '', 'the open list: each with its summary';

push @given, due();
take_back(assign(title => 'Another version'));
$res = during(definitions => teacher => $open, sub { put_off($given[-1]) });
is_status $res, 200, 'homework that is open again while the list is filled';
is join(', ', bare($res)), '', 'a list that is filled: each with its summary';

my $path = "/v1/homework/$given[0]{id}/progress";
$res = during(results => teacher => $path, sub { take_back(pop @given) });
is_status $res, 200, 'the overview is of the moment when it began';
is_status $day->teacher->get($path), 404, 'and then it is gone';


# ---- writers and readers at once

my $pid = fork // die "fork: $!\n";
if (!$pid) {
    my $churn = $day->nginx->http;
    $churn->{cookies} = $others{teacher}->cookies;
    $churn->csrf($others{teacher}->csrf);
    while (1) {
        my $new = $churn->post('/v1/homework', json => $day->body(
            title => 'Comes and goes', due_at => Pupil::Class::at(1)));
        last if $new->status != 201;
        $churn->delete('/v1/homework/' . $new->json->{id});
    }
    POSIX::_exit(0);
}

my (@wrong, %status);
for (1 .. 150) {
    for my $path ($open, $page) {
        my $list = $others{pupil}->get($path);
        $status{ $list->status }++;
        push @wrong, not_whole($list, @done) if $list->status == 200;
        $list = $others{teacher}->get($path);
        $status{ $list->status }++;
        push @wrong, bare($list) if $list->status == 200;
    }
}
kill KILL => $pid;
waitpid $pid, 0;
is_deeply \%status, { 200 => 600 }, 'lists while a teacher is at work';
is scalar @wrong, 0, 'and each of them is whole'
    or diag join "\n", @wrong[0 .. ($#wrong < 9 ? $#wrong : 9)];

done_testing;
