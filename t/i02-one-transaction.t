#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I2: a write and its audit record are in one transaction, and what was
# acknowledged survives kill -9 of any process.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

my $day = Pupil::Day->up(pg => { fsync => 1 })->work;
my $homework = $day->homework;
my $pg = $day->pg;


# ---- one transaction, by PostgreSQL's own word

sub same_transaction ($res, $table, $where, @bind) {
    return $day->db->selectrow_array('SELECT count(DISTINCT t.ctid) FROM'
        . " $table AS t,"
        . ' pupil.audit_record AS r WHERE r.request = ? AND r.xmin = t.xmin'
        . " AND $where", {}, $res->request_id, @bind);
}

my $one = $day->answer($homework, 1);
my $res = $day->pupil->post('/v1/progress', json => $one);
is $res->status, 201, 'a submission';
is same_transaction($res, 'data.progress', 'record = ?', $one->{id}), 1,
    'is written with its record';

my @some = map { $day->answer($homework, $_) } 0, 1, 0;
$res = $day->pupil->post('/v1/progress', json => \@some);
is $res->status, 200, 'several';
is same_transaction($res, 'data.progress', 'record = ANY (?::uuid[])',
    '{' . join(',', map { $_->{id} } @some) . '}'), 3, 'likewise';

$res = $day->teacher->post('/v1/homework', json => $day->body);
is $res->status, 201, 'homework';
my $second = $res->json->{id};
is same_transaction($res, 'data.homework', 'record = ?', $second), 1,
    'likewise';
$res = $day->teacher->patch("/v1/homework/$second",
                            json => { title => 'Ny' });
is same_transaction($res, 'data.homework', 'record = ?', $second), 1,
    'a change of it likewise';
$res = $day->teacher->patch("/v1/homework/$second",
    json => { exercises => [{ title => 'Ny fråga', max_score => 1 }] });
is same_transaction($res, 'data.homework', 'record = ?', $second), 1,
    'a change of its exercises likewise';
$res = $day->teacher->post('/v1/homework', json => { copy_of => $second,
    class_id => $day->class_id, due_at => Pupil::Class::at(8) });
is same_transaction($res, 'data.homework', 'record = ?', $res->json->{id}), 1,
    'and a copy';
$res = $day->teacher->delete("/v1/homework/$second");
is same_transaction($res, 'data.homework', 'deleted_at IS NOT NULL'), 1,
    'and its end';
$res = $day->teacher->post("/v1/homework/$second/restore");
is same_transaction($res, 'data.homework', 'record = ?', $second), 1,
    'and that it is given again';
$res = $day->pupil->patch('/v1/data/example',
                          json => $day->preference('Fiske'));
is same_transaction($res, 'data.example', 'true'), 1, 'a preference';
my $http = $day->nginx->http;
$res = $http->post('/v1/login', json => $day->credentials('classmate'));
is same_transaction($res, 'pupil.session', 'true'), 1, 'a session';


# ---- a write that fails leaves no record of itself

# That somebody tried to log in counts, and is on record by itself (I1).
my %others = ('pupil.session' => ['refused']);
my %tables = ('data.progress' => sub {
                  $day->pupil->post('/v1/progress',
                                    json => $day->answer($homework, 0)) },
              'data.homework' => sub {
                  $day->teacher->post('/v1/homework', json => $day->body) },
              'data.example' => sub {
                  $day->pupil->patch('/v1/data/example',
                                     json => $day->preference('Sim')) },
              'pupil.session' => sub {
                  $day->nginx->http->post('/v1/login',
                      json => $day->credentials('classmate')) });
for my $table (sort keys %tables) {
    $day->db->do("ALTER TABLE $table ADD CONSTRAINT no CHECK (false)"
                 . ' NOT VALID');
    $res = $tables{$table}->();
    is $res->status, 503, "$table cannot be written: 503";
    my $others = $others{$table} // [];
    wait_until(60, 'the record of an attempt', sub {
        @{ $day->outcomes($res) } >= @$others });
    is_deeply $day->outcomes($res), $others, 'and nothing says it was';
    $day->db->do("ALTER TABLE $table DROP CONSTRAINT no");
}


# ---- kill -9

sub stored ($id) {
    return $day->db->selectrow_array(
        'SELECT count(*) FROM data.progress WHERE record = ?', {}, $id);
}

# Until it can be served again: the next request on a new connection.
sub served_again {
    wait_until(60, 'to be served again', sub {
        my $res = eval { $day->pupil->close; $day->pupil->get('/v1/session') };
        $res && $res->status == 200;
    });
}

# A connection that died with its server may be found by a request of after it
# is back: 503 by the contract, of what was not stored, and it is sent again.
sub submitted ($body) {
    my $res;
    wait_until(60, 'it is taken', sub {
        $res = $day->pupil->post('/v1/progress', json => $body);
        $res->status != 503;
    });
    return $res;
}

my %kill = (
    PostgreSQL => sub { $pg->kill9->start },
    'a backend' => sub {
        my $pid = $day->db->selectrow_array('SELECT pid FROM'
            . " pg_stat_activity WHERE usename = 'pupil_gateway' LIMIT 1");
        kill KILL => $pid;
        wait_until(60, 'the recovery', sub {
            eval {
                my $up = $pg->connect('pupil');
                my ($left) = $up->selectrow_array('SELECT count(*) FROM'
                    . ' pg_stat_activity WHERE pid = ?', {}, $pid);
                $up->disconnect;
                !$left;
            }
        });
        $_->disconnect for values %{ delete $pg->{dbh} };
    },
    'a worker of nginx' => sub {
        $day->nginx->kill_worker;
        wait_until(60, 'a new worker', sub { $day->nginx->workers == 1 });
    },
    'all of nginx' => sub { $day->nginx->kill9->start },
);
my %acknowledged;

for my $round (1 .. 2) {
    for my $what (sort keys %kill) {
        for my $n (1 .. 3) {
            my $body = $day->answer($homework, $n % 2);
            my $res = submitted($body);
            is $res->status, 201, "acknowledged ($n)";
            $acknowledged{ $body->{id} } = $res->request_id;
        }
        $kill{$what}->();
        is_deeply [grep { stored($_) != 1 } sort keys %acknowledged], [],
            "$what killed: what was acknowledged is there, once";
        is_deeply [grep {
            !$day->db->selectrow_array('SELECT count(*) FROM'
                . ' pupil.audit_record WHERE request = ?', {}, $_)
        } sort values %acknowledged], [], 'and its record is';
        served_again();
    }
}


# ---- commits wait for the disk, whatever the role's default is

$day->db->do('ALTER ROLE pupil_gateway SET synchronous_commit = off');
$day->db->do("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE"
             . " usename = 'pupil_gateway'");
served_again();
my $wal = $day->db->selectrow_array('SELECT pg_current_wal_flush_lsn()');
my @late;
for my $n (1 .. 20) {
    $day->pupil->post('/v1/progress', json => $day->answer($homework, 0));
    my ($flushed, $written) = $day->db->selectrow_array(
        'SELECT pg_current_wal_flush_lsn(), pg_current_wal_flush_lsn() > ?',
        {}, $wal);
    push @late, $n if !$written;
    $wal = $flushed;
}
is "@late", '', 'each acknowledged write is on disk by then';

done_testing;
