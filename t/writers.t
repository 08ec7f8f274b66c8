#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# pupil_pool writers=: what commits has connections of its own, so that reads
# never wait behind a commit.  Neither kind fills the other's queue, and while
# one kind has no connection the other serves both.

use lib 't/lib';
use Pupil::Test;
use Pupil::Class;
use IO::Select;

# Nothing is given up because the machine is slow.
my $conf = { pupil_session_zone => undef, pupil_request_timeout => '60s',
    pupil_pool => 'data connections=2 writers=1 depth=2 queue=3'
                  . ' statement_timeout=60s' };
my $class = Pupil::Class->up(conf => $conf);
my ($site, $nginx, $db) = ($class->site, $class->nginx, $class->db);
my $pupil = $class->pupil;

my $ended = do {
    my $http = $class->pupil->fresh;
    my %person = %{ $class->person('pupil') };
    $http->login(@person{qw(login password)});
    my $token = $http->cookies->{'__Host-pupil'};
    $http->delete('/v1/session');
    $token;
};

sub pool () { $nginx->http->get('/status')->json->{database_data} }
sub preference ($text) { return (json => { favourite_subjects => $text }) }

is $pupil->patch('/v1/data/example', preference('Astronomi'))->status, 200,
    'a write';
pool();     # asks the database about partitions, once for a while
wait_until(60, 'both connections', sub { pool()->{connections} == 2 });

# A client of the pupil's that has asked.
sub ask (@request) {
    my $http = $nginx->http;
    $http->{cookies} = { %{ $pupil->cookies } };
    $http->csrf($pupil->csrf);
    $http->connect;
    $http->send_raw($http->request_bytes(@request));
    return $http;
}

# A read that needs no record: a session that is over.
sub reads () {
    my $http = $nginx->http;
    $http->cookies->{'__Host-pupil'} = $ended;
    return $http->get('/v1/session')->status;
}

# Writes that take long: no lock, which a server gives up after a while.
my $gate = $site->pg->connect('pupil');
$db->do(<<'SQL');
CREATE FUNCTION public.held() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    WHILE NOT pg_try_advisory_xact_lock_shared(77) LOOP
        PERFORM pg_sleep(0.02);
    END LOOP;
    RETURN NEW;
END $$;
CREATE TRIGGER held BEFORE INSERT ON data.example FOR EACH ROW
    EXECUTE FUNCTION public.held()
SQL

sub hold_writes () { $gate->do('SELECT pg_advisory_lock(77)') }
sub let_go () { $gate->do('SELECT pg_advisory_unlock(77)') }

sub is_held () {
    return $db->selectrow_array('SELECT pid FROM pg_stat_activity WHERE'
        . " usename = 'pupil_gateway' AND wait_event = 'PgSleep'");
}

# All that takes long: the server's processes stand still.
my @still;
END { kill CONT => @still }
sub backends () {
    return @{ $db->selectcol_arrayref('SELECT pid FROM pg_stat_activity'
        . " WHERE usename = 'pupil_gateway' ORDER BY pid") };
}

sub waiting () {
    my $pool = pool();
    return $pool->{in_flight} + $pool->{queued};
}

sub answered (@asked) {
    return scalar grep { IO::Select->new($_->socket)->can_read(0) } @asked;
}

# Asks n times; the first is held, and more than there is room for.  None is
# on its way any more, and would take a place of those that are there.
sub pile_up ($n, $held, @request) {
    my @asked = ask(@request);
    wait_until(60, 'one to be held', $held);
    push @asked, ask(@request) for 2 .. $n;
    wait_until(60, 'all to pile up', sub {
        my $waiting = waiting();
        $waiting >= 3 && $waiting + answered(@asked) >= $n });
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

hold_writes();
my @writes = pile_up(8, \&is_held, @patch);
# each of those has first asked who it is, in the places of reads
wait_until(60, 'that to be over', sub { reads() == 401 });
for (1 .. 3) {
    is reads(), 401, 'reads go on';
    cmp_ok waiting(), '>=', 3, 'while commits wait';
}
let_go();
served('the writes that had a place', @writes);


# ---- reads that take long

my $homework = $class->assign;
@still = backends();
kill STOP => @still;
my @reads = pile_up(8, sub { waiting() >= 1 }, GET => '/v1/session');
kill CONT => @still;
served('the reads that had a place', @reads);


# ---- one kind has no connection

# Whichever goes: one is left, and no other can come.
for my $i (0, 1) {
    my @backends = backends();
    is scalar(@backends), 2, 'two connections';
    $db->do('ALTER ROLE pupil_gateway CONNECTION LIMIT 1');
    $db->do('SELECT pg_terminate_backend(?)', {}, $backends[$i]);
    wait_until(60, 'one connection', sub { pool()->{connections} == 1 });

    is_status $pupil->get('/v1/data/identity'), 200, 'a read is served';
    is_status $pupil->patch('/v1/data/example', preference('Fiske')), 200,
        'a write is served';
    is_status $pupil->get('/v1/homework'), 200, 'and a read';

    $db->do('ALTER ROLE pupil_gateway CONNECTION LIMIT -1');
    wait_until(60, 'both connections', sub { pool()->{connections} == 2 });
}

# What waits when its kind goes is taken by the other.
hold_writes();
@writes = pile_up(3, \&is_held, @patch);
$db->do('ALTER ROLE pupil_gateway CONNECTION LIMIT 1');
$db->do('SELECT pg_terminate_backend(?)', {},
        wait_until(60, 'one to wait', \&is_held));
wait_until(60, 'the writer to be lost', sub { pool()->{connections} == 1 });
let_go();
is join(' ', sort map { $_->read_response->status } @writes), '200 200 503',
    'one was lost with its connection, the others go on';
$db->do('ALTER ROLE pupil_gateway CONNECTION LIMIT -1');
wait_until(60, 'both connections', sub { pool()->{connections} == 2 });


# ---- none of its own: all serve all

$nginx->set(http => $site->http_conf(conf => { %$conf,
    pupil_pool => $conf->{pupil_pool} =~ s/writers=1/writers=0/r }));
$nginx->reload(wait => 1);
wait_until(60, 'ready', sub {
    $nginx->http->get('/status/ready')->status == 200
    && pool()->{connections} == 2 && pool()->{in_flight} == 0 });
$pupil->close;
@still = backends();
kill STOP => @still;
@reads = pile_up(8, sub { waiting() >= 1 }, GET => '/v1/session');
kill CONT => @still;
served('writers=0: a place', @reads);
is_status $pupil->patch('/v1/data/example', preference('Bo')), 200,
    'writers=0: a write is served';

done_testing;
