#!/usr/bin/perl

# Several hosts with target_session_attrs=read-write: a host that is dead, one
# that is read-only, and a standby that becomes the primary while the old one
# stops.  Service recovers by itself, and nothing acknowledged is lost.

use lib 't/lib';
use Pupil::Test;
use Time::HiRes qw(time);

my $site = pupil_up(import => 1);
my $old = $site->pg;
my $teacher = $site->person('CBeane');

# A streaming standby, as an operator makes one.
my $new = Pupil::Postgres->new;
run_cmd('rm', '-rf', $new->data);
my $copy = run_cmd('/usr/lib/postgresql/15/bin/pg_basebackup', '-R',
    '--checkpoint=fast', '-D', $new->data, '-d', $old->conninfo('postgres'),
    { as => Pupil::Postgres::account() });
is $copy->{code}, 0, 'pg_basebackup' or diag $copy->{err};
my ($primary) = slurp($new->data . '/postgresql.auto.conf')
    =~ /^primary_conninfo = '(.*)'$/m;
$new->set(primary_conninfo => $primary =~ s/''/'/gr);
$new->start;
is $new->dbh->selectrow_array('SELECT pg_is_in_recovery()'), 1, 'a standby';

my $dead = free_port();
my $hosts = sub (@ports) {
    my %opt = (host => join(',', ('127.0.0.1') x @ports),
               port => join(',', @ports), sslmode => 'disable');
    return (
        pupil_database => '"' . $site->gateway('pupil', %opt) . '"',
        pupil_keystore => '"' . $site->gateway('pupil_keys', %opt)
                          . '" same_cluster');
};

# Neither the dead host nor the standby is where writes go.
my $nginx = $site->nginx(workers => 2, conf => {
    $hosts->($dead, $new->port, $old->port) })->start;
my $http = $nginx->http(timeout => 120);

sub serves ($seconds, $name) {
    my $start = time;
    my $ok = eval { wait_until($seconds, $name, sub {
        my $res = $http->get('/v1/data/identity');
        die 'neither 200 nor 503: ' . $res->text . "\n"
            if $res->status != 200 && $res->status != 503;
        return $res->status == 200;
    }) };
    ok $ok, sprintf '%s: serves after %.1f s', $name, time - $start
        or diag $@, $nginx->log_text;
}

# nginx's connections to a server.
sub connections ($pg) {
    return $pg->dbh->selectrow_array('SELECT count(*) FROM pg_stat_activity'
        . " WHERE usename IN ('pupil_gateway', 'pupil_keeper')");
}

sub preference ($text) {
    my $res = $http->patch('/v1/data/example',
                           json => { favourite_subjects => $text });
    return $res->status;
}

sub has_preference ($text, $name) {
    my $res = $http->get('/v1/data/example');
    is $res->json->{records}[0]{favourite_subjects}, $text, $name
        or diag $res->text;
}

$nginx->wait_ready;
is_status $http->login(@$teacher{qw(login password)}), 200,
    'the first host is dead, the second read-only: a log-in';
is preference('Astronomi'), 200, 'and a write';
is connections($new), 0, 'none of the standby is kept';
cmp_ok connections($old), '>=', 8, 'all are of the primary';
unlike $nginx->log_text, qr/\[(?:error|crit)\].*pupil: /,
    'which is worth no line';


# ---- the primary becomes read-only under the connections that are there

my $seen = length $nginx->log_text;
$old->set(default_transaction_read_only => 'on')->reload;
# until the backends have seen it, a write is still stored
my ($tries, $stored) = (0, 'Astronomi');
wait_until(60, 'read-only', sub {
    my $text = 'Fiske ' . ++$tries;
    my $status = preference($text);
    $stored = $text if $status == 200;
    return $status == 503;
});
is_problem $http->get('/v1/data/identity'), 503, 'unavailable',
    name => 'read-only: no audit, no answer';
like substr($nginx->log_text, $seen), qr/database "data": .*are up\)/,
    'read-only: such a connection is dropped';
$old->set(default_transaction_read_only => undef)->reload;
serves(15, 'read-only no more');
has_preference($stored, 'read-only: what got 503 is not there');
wait_until(60, 'all connections', sub {
    my $log = $nginx->log_text;
    my $begun = () = $log =~ /of \d connections are up\)/g;
    my $ended = () = $log =~ /connections are up again/g;
    return $begun == $ended;
});


# ---- fail-over: the primary stops, the standby becomes it

is preference('Snickeri'), 200, 'the last write to the old primary';
$seen = length $nginx->log_text;
$old->stop;
wait_until(60, 'an outage', sub {
    $http->get('/v1/data/identity')->status == 503 });
is_problem $http->get('/v1/session'), 503, 'unavailable',
    name => 'fail-over: 503 while there is a standby alone';
is $new->dbh->selectrow_array('SELECT pg_promote()'), 1, 'promoted';
serves(20, 'fail-over');
has_preference('Snickeri', 'fail-over: what was acknowledged is there');
is preference('Kemi'), 200, 'fail-over: writes';
ok eval { wait_until(60, 'either worker', sub {
    $nginx->http->login(@$teacher{qw(login password)})->status == 200 }) },
    'fail-over: a log-in';
is_status $http->logout, 204, 'fail-over: the session is the same';

wait_until(60, 'all connections', sub {
    my @up = substr($nginx->log_text, $seen) =~ /(connections are up again)/g;
    return @up >= 4;
});
my $log = substr $nginx->log_text, $seen;
for my $worker ($nginx->workers) {
    for my $database (qw(data keys)) {
        # why it is still away may change meanwhile, and is said
        my @lines = grep { !/\(still / }
                    $log =~ /^(.* $worker#.*database "$database".*)$/mg;
        is scalar(@lines), 2, "$database: a line at the begin, one at the end"
            or diag join "\n", @lines;
    }
}

done_testing;
