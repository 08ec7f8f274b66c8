#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# What one person, one tenant, one table or one backend holds up holds up
# nobody else: a lock on a pupil's rows, a burst of a pupil's, a table that is
# changed, a backend that is frozen.  What could not be stored is 503 with
# Retry-After, and stored once when it comes again (I15).

use lib 't/lib';
use Pupil::Test;
use Pupil::Away;
use Time::HiRes qw(sleep);

my $site = pupil_up(import => 1);
my $there = Pupil::Day::neighbour($site);
my %conf = (pupil_tenant => '$school', pupil_pool => 'data queue=40');
my $nginx = $site->nginx(http => Pupil::Away::map($site, $there),
                         conf => \%conf)->start;
my $here = bless { site => $site, nginx => $nginx, people => {}, http => {} },
    'Pupil::Day';
my $away = Pupil::Away->day($there, $nginx);
$here->ready;
$_->work for $here, $away;

my $superuser = $site->pg->connect('pupil', AutoCommit => 0);

# n clients of somebody's, connected.
sub clients ($day, $who, $n) {
    return map {
        my $http = $nginx->http(header => $day == $away
                                          ? { 'X-School' => 'there' } : {});
        %{ $http->cookies } = %{ $day->$who->cookies };
        $http->csrf($day->$who->csrf);
        $http->connect;
    } 1 .. $n;
}

sub ask ($http, @request) {
    $http->connect if !$http->socket;
    $http->send_raw($http->request_bytes(@request));
}

sub statuses (@answers) {
    my %n;
    $n{ $_->status }++ for @answers;
    return join ', ', map { "$n{$_} of $_" } sort keys %n;
}

# What a day's people ask for, each by a client of its own, one after another.
sub day_goes_on ($day, $name, @paths) {
    my @asks = @paths
        ? map { [pupil => GET => $_] } @paths
        : ([pupil => GET => '/v1/homework'], [pupil => GET => '/v1/progress'],
           [pupil => POST => '/v1/progress',
            json => $day->answer($day->homework, 1)],
           [classmate => POST => '/v1/progress',
            json => $day->answer($day->homework, 0)],
           [teacher => GET =>
            "/v1/homework/@{[$day->homework->{id}]}/progress"]);
    my @answers;
    for my $ask (map { @asks } 1 .. 4) {
        my ($who, @request) = @$ask;
        my ($http) = clients($day, $who, 1);
        ask($http, @request);
        push @answers, $http->read_response($request[0]);
    }
    my $good = grep { $_->status =~ /^20[01]$/ } @answers;
    is $good, scalar @answers, "$name (" . statuses(@answers) . ')';
}

sub pool () { $nginx->http->get('/status')->json->{database_data} }

sub under_way ($n) {
    wait_until(60, "$n to be under way", sub {
        my $pool = pool();
        $pool->{in_flight} + $pool->{queued} >= $n });
}

sub stored (@submissions) {
    return $site->db->selectrow_array('SELECT count(*) FROM data.progress'
        . ' WHERE record = ANY (?::uuid[])', {},
        [map { $_->{id} } @submissions]);
}

sub all_over () {
    wait_until(60, 'all to be over', sub {
        my $pool = pool();
        $pool->{in_flight} == 0 && $pool->{queued} == 0 });
}


# ---- a pupil's rows are locked

sub lock_rows () {
    $superuser->do('UPDATE data.progress SET superseded = superseded WHERE'
        . ' owner = ?', {}, $here->person('pupil')->{id});
}

lock_rows();
my @work = map { $here->answer($here->homework, 0) } 1 .. 8;
my @clients = clients($here, 'pupil', scalar @work);
ask($clients[$_], POST => '/v1/progress', json => $work[$_]) for 0 .. $#work;
under_way(scalar @work);
day_goes_on($away, 'a row: the neighbours go on while it is locked');
my @answers = map { $_->read_response('POST') } @clients;
is statuses(@answers), '8 of 503', 'a row: whose it is gets 503';
is scalar(grep { $_->header('Retry-After') } @answers), 8,
    'a row: and when to come again';
is stored(@work), 0, 'a row: nothing is stored';
$superuser->rollback;

for my $round ('comes', 'comes again') {
    my @again = map { $here->pupil->post('/v1/progress', json => $_) } @work;
    is scalar(grep { $_->status =~ /^20[01]$/ } @again), 8,
        "a row: what $round is accepted (" . statuses(@again) . ')';
    is stored(@work), 8, 'a row: and is there once';
}

lock_rows();
@work = map { $here->answer($here->homework, 0) } 1 .. 8;
ask($clients[$_], POST => '/v1/progress', json => $work[$_]) for 0 .. $#work;
under_way(scalar @work);
$superuser->rollback;
@answers = map { $_->read_response('POST') } @clients;
is statuses(@answers), '8 of 201', 'a row that is free again: all are stored';


# ---- one pupil asks for more than there is room for

lock_rows();
@work = map { $here->answer($here->homework, 0) } 1 .. 64;
@clients = clients($here, 'pupil', scalar @work);
ask($clients[$_], POST => '/v1/progress', json => $work[$_]) for 0 .. $#work;
under_way(16);
day_goes_on($away, 'a burst: the neighbours go on');
@answers = map { $_->read_response('POST') } @clients;
is statuses(@answers), '64 of 503', 'a burst: whose it is gets 503';
is scalar(grep { $_->header('Retry-After') } @answers), 64,
    'a burst: and when to come again';
$superuser->rollback;
is $here->pupil->post('/v1/progress', json => $work[0])->status, 201,
    'a burst: over';


# ---- a table is changed

$superuser->do('LOCK TABLE data.identity IN ACCESS EXCLUSIVE MODE');
@clients = clients($here, 'pupil', 24);
ask($_, GET => '/v1/data/identity') for @clients;
under_way(8);
day_goes_on($_, 'a table: who does not read it goes on', '/v1/progress')
    for $here, $away;
is statuses(map { $_->read_response } @clients), '24 of 503',
    'a table: who does gets 503';
$superuser->rollback;
all_over();
is_status $here->pupil->get('/v1/data/identity'), 200, 'a table: over';


# ---- a partition is made

my @asked = ((map { [$here, $_] } clients($here, 'pupil', 6)),
             (map { [$away, $_] } clients($away, 'pupil', 6)));
$superuser->do('LOCK TABLE pupil.audit_record IN ACCESS EXCLUSIVE MODE');
ask($_->[1], GET => '/v1/homework') for @asked[0 .. 2, 6 .. 8];
ask($_->[1], POST => '/v1/progress',
    json => $_->[0]->answer($_->[0]->homework, 0)) for @asked[3 .. 5, 9 .. 11];
under_way(6);
$superuser->rollback;
is statuses(map { $_->[1]->read_response } @asked), '6 of 200, 6 of 201',
    'a partition: all wait for it, and are answered';


# ---- a backend is frozen

# The one that did such a thing last, and does nothing now.
sub backend ($what) {
    return wait_until(60, 'a backend', sub { $site->db->selectrow_array(
        "SELECT pid FROM pg_stat_activity WHERE usename = 'pupil_gateway' AND"
        . " state = 'idle' AND query LIKE ? ORDER BY state_change DESC LIMIT 1",
        {}, "%$what%") });
}

for my $what ('pupil.audit_record', 'FROM data.progress') {
    all_over();
    is_status $_->pupil->get('/v1/progress'), 200, "$what: as ever"
        for $here, $away;
    my $pid = backend($what);
    kill STOP => $pid;
    my @many = map { [clients($here, 'pupil', 1), clients($away, 'pupil', 1)] }
               1 .. 12;
    for my $pair (@many) {
        ask($_, GET => '/v1/progress') for @$pair;
        sleep 0.05;
    }
    my @ends = map { my $i = $_; [map { $_->[$i]->read_response } @many] } 0, 1;
    kill CONT => $pid;
    for my $i (0, 1) {
        cmp_ok scalar(grep { $_->status == 200 } @{ $ends[$i] }), '>=', 9,
            "$what is frozen: " . ($i ? 'the neighbours' : 'most of the tenant')
            . ' go on (' . statuses(@{ $ends[$i] }) . ')';
    }
}

# A write that it keeps keeps no other one of that person.
all_over();
is $here->pupil->post('/v1/progress',
    json => $here->answer($here->homework, 0))->status, 201, 'a submission';
my $pid = backend('WITH told AS MATERIALIZED');
kill STOP => $pid;
@work = map { $here->answer($here->homework, 0) } 1 .. 4;
@clients = clients($here, 'pupil', scalar @work);
ask($clients[0], POST => '/v1/progress', json => $work[0]);
under_way(1);
sleep 0.4;
ask($clients[$_], POST => '/v1/progress', json => $work[$_]) for 1 .. $#work;
@answers = map { $_->read_response('POST') } @clients[1 .. $#work];
is statuses(@answers), '3 of 201', 'a write is frozen: the next are stored';
kill CONT => $pid;
is $clients[0]->read_response('POST')->status, 201, 'and it, in the end';

all_over();
done_testing;
