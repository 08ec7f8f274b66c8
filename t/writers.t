#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# pupil_pool writers=: what commits has connections of its own, so that reads
# never wait behind a commit.  Neither kind fills the other's queue, and while
# one kind has no connection the other serves both.

use lib 't/lib';
use Pupil::Test;
use Pupil::Class;

# Nothing is given up because the machine is slow.
my $conf = { pupil_session_zone => undef, pupil_request_timeout => '60s',
    pupil_pool => 'data connections=2 writers=1 depth=2 queue=3'
                  . ' statement_timeout=60s' };
my $class = Pupil::Class->up(conf => $conf);
my ($site, $nginx, $db) = ($class->site, $class->nginx, $class->db);
my $pupil = $class->pupil;

sub pool () { $nginx->http->get('/status')->json->{database_data} }
sub preference ($text) { return (json => { favourite_subjects => $text }) }

is $pupil->patch('/v1/data/example', preference('Astronomi'))->status, 200,
    'a write';
pool();     # asks the database about partitions, once for a while
wait_until(10, 'both connections', sub { pool()->{connections} == 2 });

# A client of the pupil's that has asked.
sub ask (@request) {
    my $http = $nginx->http;
    $http->{cookies} = { %{ $pupil->cookies } };
    $http->csrf($pupil->csrf);
    $http->connect;
    $http->send_raw($http->request_bytes(@request));
    return $http;
}

# A read that needs no record: a session that there is not.
sub reads () {
    my $http = $nginx->http;
    $http->cookies->{'__Host-pupil'} = 'A' x 43;
    return $http->get('/v1/session')->status;
}

my $lock = $site->pg->connect('pupil', AutoCommit => 0);
sub hold ($table) {
    $lock->do("LOCK TABLE $table IN ACCESS EXCLUSIVE MODE");
}

# A request's statement: workers write records of their own, too.
sub waits_for_lock () {
    return $db->selectrow_array('SELECT pid FROM pg_stat_activity WHERE'
        . " usename = 'pupil_gateway' AND wait_event_type = 'Lock'"
        . q{ AND query LIKE '%data."example"%'});
}

sub waiting () {
    my $pool = pool();
    return $pool->{in_flight} + $pool->{queued};
}

# Asks n times; the first meets the lock, and more than there is room for.
sub pile_up ($n, @request) {
    my @asked = ask(@request);
    wait_until(20, 'one to wait for the lock', \&waits_for_lock);
    push @asked, ask(@request) for 2 .. $n;
    wait_until(20, 'all to pile up', sub { waiting() >= 3 });
    return @asked;
}

# Those that had a place are served, and the others were told at once.
sub served ($name, @asked) {
    my @answers = map { $_->read_response } @asked;
    cmp_ok scalar(grep { $_->status == 200 } @answers), '>=', 3, $name;
    my @over = grep { $_->status != 200 } @answers;
    cmp_ok scalar @over, '>=', 1, "$name: not all have one";
    is_problem $_, 503, 'busy', name => "$name: the others do not wait"
        for @over;
}

my @patch = (PATCH => '/v1/data/example', preference('A text'));


# ---- commits that take long

hold('pupil.audit_record');
my @writes = pile_up(8, @patch);
# each of those has first asked who it is, in the places of reads
wait_until(20, 'that to be over', sub { reads() == 401 });
for (1 .. 3) {
    is reads(), 401, 'reads go on';
    cmp_ok waiting(), '>=', 3, 'while commits wait';
}
$lock->rollback;
served('the writes that had a place', @writes);


# ---- reads that take long

my $homework = $class->assign;
hold('data.example');
my @reads = pile_up(8, GET => '/v1/data/example');
$lock->rollback;
served('the reads that had a place', @reads);


# ---- one kind has no connection

# Whichever goes: one is left, and no other can come.
for my $i (0, 1) {
    my @backends = @{ $db->selectcol_arrayref('SELECT pid FROM pg_stat_activity'
        . " WHERE usename = 'pupil_gateway' ORDER BY pid") };
    is scalar(@backends), 2, 'two connections';
    $db->do('ALTER ROLE pupil_gateway CONNECTION LIMIT 1');
    $db->do('SELECT pg_terminate_backend(?)', {}, $backends[$i]);
    wait_until(20, 'one connection', sub { pool()->{connections} == 1 });

    is_status $pupil->get('/v1/data/identity'), 200, 'a read is served';
    is_status $pupil->patch('/v1/data/example', preference('Fiske')), 200,
        'a write is served';
    is_status $pupil->get('/v1/homework'), 200, 'and a read';

    $db->do('ALTER ROLE pupil_gateway CONNECTION LIMIT -1');
    wait_until(20, 'both connections', sub { pool()->{connections} == 2 });
}

# What waits when its kind goes is taken by the other.
hold('pupil.audit_record');
@writes = pile_up(3, @patch);
$db->do('ALTER ROLE pupil_gateway CONNECTION LIMIT 1');
$db->do('SELECT pg_terminate_backend(?)', {},
        wait_until(20, 'one to wait', \&waits_for_lock));
wait_until(20, 'the writer to be lost', sub { pool()->{connections} == 1 });
$lock->rollback;
is join(' ', sort map { $_->read_response->status } @writes), '200 200 503',
    'one was lost with its connection, the others go on';
$db->do('ALTER ROLE pupil_gateway CONNECTION LIMIT -1');
wait_until(20, 'both connections', sub { pool()->{connections} == 2 });


# ---- none of its own: all serve all

$nginx->set(http => $site->http_conf(conf => { %$conf,
    pupil_pool => $conf->{pupil_pool} =~ s/writers=1/writers=0/r }));
$nginx->reload(wait => 1);
wait_until(10, 'ready', sub {
    $nginx->http->get('/status/ready')->status == 200
    && pool()->{connections} == 2 && pool()->{in_flight} == 0 });
$pupil->close;
hold('pupil.audit_record');
@writes = pile_up(8, @patch);
$lock->rollback;
served('writers=0: a place', @writes);

done_testing;
