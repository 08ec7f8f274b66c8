#!/usr/bin/perl

# Sessions over several workers and two hosts that share nothing but the
# databases: logged in on one, good on all; logged out on one, dead on all
# within a second, also where the news cannot arrive.

use lib 't/lib';
use Pupil::Test;
use List::Util qw(min);
use Time::HiRes qw(sleep time);

my $site = pupil_up(import => 1);
my ($pg, $db) = ($site->pg, $site->db);
my @people = map { $site->person($_) } qw(CBeane DTodd);
my @hosts = map { $site->nginx(workers => 2, conf => {
    pupil_session_zone => 'pupil_sessions:1m valid=5m' })->start } 1 .. 2;

# A connection to each worker of each host.
my @clients = map { my %of = $_->client_of_each; values %of } @hosts;

# One session, on all of them.
sub log_in ($who = 0) {
    my $first = $clients[0];
    $first->csrf(undef);
    my $res = $first->enter(@{ $people[$who] }{qw(login password)});
    die $res->text if $res->status != 200;
    for my $http (@clients) {
        $http->{cookies} = { %{ $first->cookies } };
        $http->csrf($first->csrf);
    }
}

sub statuses () {
    return join ' ', map { $_->get('/v1/session')->status } @clients;
}

# All of its clients say 401; how many seconds that took, of which the fewest
# of some tries are looked at: a machine may be slow at any time.
sub dies () {
    my $start = time;
    wait_until(60, 'dead everywhere', sub { statuses() eq '401 401 401 401' });
    return time - $start;
}

sub counters ($name) {
    return map { $_->get('/status')->json->{sessions}{$name} } @clients;
}

sub listens ($name) {
    ok eval { wait_until(60, 'the listeners', sub {
        (join ' ', counters('listening')) eq '1 1 1 1' }) },
        "$name: all workers listen" or diag join ' ', counters('listening');
}

# The backends of listeners: they are asked nothing but for a heartbeat.
sub listeners () {
    return @{ $db->selectcol_arrayref('SELECT pid FROM pg_stat_activity WHERE'
        . " usename = 'pupil_gateway' AND query = 'SELECT 1'") };
}


# ---- news

listens('start');
my @all;
eval { wait_until(60, 'their heartbeats', sub { (@all = listeners()) == 4 }) };
is scalar(@all), 4, 'a connection of each to listen';

my @took;
for my $n (0 .. 3) {
    log_in($n % 2);
    is statuses(), '200 200 200 200', 'logged in on one, good on all';
    is statuses(), '200 200 200 200', 'and again';
    is_status $clients[$n]->logout, 204, "logged out on client $n";
    push @took, dies();
}
my $best = min(@took);
cmp_ok $best, '<', 1, sprintf 'dead on all after %.2f s', $best;
cmp_ok $_, '>', 0, "the zone has served $_ times" for counters('zone_hits');

# What is not told is believed: this shows that the zone serves.
log_in();
is statuses(), '200 200 200 200', 'a session';
$db->do('DELETE FROM pupil.session');
is statuses(), '200 200 200 200', 'ended without notice: the zone serves';
log_in();
is statuses(), '200 200 200 200', 'another session';


# ---- a listener that hears nothing: its backend is frozen

@took = ();
for (1 .. 5) {
    my @frozen = listeners();
    kill STOP => @frozen;
    is_status $clients[3]->logout, 204, 'no news: logged out on one';
    push @took, dies();
    kill CONT => @frozen;
    listens('no news');
    last if $took[-1] < 1.3;
    log_in();
}
$best = min(@took);
cmp_ok $best, '<', 1.3, sprintf 'no news: dead on all after %.2f s', $best;


# ---- a listener that is cut, and cannot come back

log_in();
is statuses(), '200 200 200 200', 'cut: a session';
my @mark = map { length $_->log_text } @hosts;
$db->do('ALTER ROLE pupil_gateway NOLOGIN');
$db->do('SELECT pg_terminate_backend(?)', {}, $_) for listeners();
wait_until(60, 'no listener', sub {
    (join ' ', counters('listening')) eq '0 0 0 0' });
sleep 1;        # as long as a heartbeat counts
my @hits = counters('zone_hits');
is statuses(), '200 200 200 200', 'cut: served from the database';
is join(' ', counters('zone_hits')), "@hits", 'cut: the zone serves nobody';
$db->do('DELETE FROM pupil.session');
is statuses(), '401 401 401 401', 'cut: what is ended is ended at once';

$db->do('ALTER ROLE pupil_gateway LOGIN');
listens('back');
log_in();
is statuses(), '200 200 200 200', 'back: a session';
my @now;
ok eval { wait_until(60, 'the zone', sub {
    @hits = counters('zone_hits');
    statuses();
    @now = counters('zone_hits');
    return !grep { $now[$_] <= $hits[$_] } 0 .. 3;
}) }, 'back: the zone serves again' or diag "@hits, then @now";
is statuses(), '200 200 200 200', 'back: from the zone';

for my $n (0, 1) {
    my $log = substr $hosts[$n]->log_text, $mark[$n];
    for my $worker ($hosts[$n]->workers) {
        my @lines = $log =~ /^(.* $worker#.* pupil: .*)$/mg;
        is join(' ', map { /(not listening on|listening on .* again)/ } @lines),
            'not listening on listening on "pupil_session" again',
            'a line at the begin and one at the end' or diag @lines;
    }
}

done_testing;
