#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I10 on one connection to PostgreSQL for all: the tenant of row-level security
# is set when the next request is of another tenant, and is what it must be
# after errors, reconnects, clients that go, and a session that was emptied.
# The code's own filter is taken out of the statements on their way, so that
# row-level security stands alone.

use lib 't/lib';
use Pupil::Test;
use Pupil::Away;
use Pupil::PgProxy;
use Time::HiRes qw(sleep);

my $site = pupil_up(import => 1);
my $db = $site->db;
my $there = Pupil::Day::neighbour($site);
my @tenant = map { $_->tenant } $site, $there;

# What the proxy does to the statement that sets the tenant, while this file
# says so: "break" makes it fail, "other" names the other tenant.
my $how = spew(tmp_dir() . '/how', '');
my $count = spew(tmp_dir() . '/count', '');
sub meddle ($type, $body) {
    $body =~ s/\b(?:\w+\.)?tenant = \$2\b/\$2 IS NOT NULL/g if $type eq 'P';
    return $body if $type ne 'B' || $body !~ /\A\0p0\0/;
    open my $out, '>>', $count or die "$count: $!\n";
    print {$out} 'x';
    my $what = slurp($how);
    return $body =~ s/$tenant[1]/"\xff" x 36/er if $what eq 'break';
    return $body =~ s/$tenant[1]/$tenant[0]/r if $what eq 'other';
    return $body;
}
my $proxy = Pupil::PgProxy->new($site->pg, client => \&meddle);

my $nginx = $site->nginx(http => Pupil::Away::map($site, $there), conf => {
    pupil_database => '"' . $site->gateway('pupil', host => '127.0.0.1',
        port => $proxy->port, sslmode => 'disable') . '"',
    pupil_tenant => '$school', pupil_session_zone => undef,
    pupil_pool => 'data connections=1 depth=128' })->start;
my $here = bless { site => $site, nginx => $nginx, people => {}, http => {} },
    'Pupil::Day';
my $away = Pupil::Away->day($there, $nginx);
$here->ready;

my @days = ($here, $away);
my @id = map { $_->person('pupil')->{id} } @days;

sub client ($i) {
    my $http = $nginx->http(header => $i ? { 'X-School' => 'there' } : {});
    $http->{cookies} = { %{ $days[$i]->pupil->cookies } };
    $http->csrf($days[$i]->pupil->csrf);
    return $http->connect;
}
my @clients = map { [$_ % 2, client($_ % 2)] } 0 .. 15;

# How often a tenant was set while this ran.
sub settings ($code) {
    my $before = length slurp($count);
    $code->();
    return length(slurp($count)) - $before;
}

# Asks by turns while the backend does nothing, so that all are on their way at
# once.  Gives the statuses; what was answered must be of who asked.
sub interleave ($name, %with) {
    my $pid = wait_until(60, 'a connection', sub { $db->selectrow_array(
        "SELECT pid FROM pg_stat_activity WHERE usename = 'pupil_gateway'") });
    kill STOP => $pid;
    my @asked = @clients;
    my $ask = sub ($i, $client, @request) {
        $client->connect if !$client->socket;
        $client->send_raw($client->request_bytes(@request));
    };
    $ask->(@{ $asked[0] }, GET => '/v1/data/example');
    $ask->(@$_, @{ $with{$_->[0]} // [] } ? @{ $with{$_->[0]} }
           : (GET => '/v1/data/identity')) for @asked[1 .. $#asked];
    sleep 0.1;
    $with{meanwhile}->() if $with{meanwhile};
    kill CONT => $pid;

    my (%status, @wrong);
    for my $asked (@asked) {
        my ($i, $client) = @$asked;
        my $res = $client->read_response;
        $status{$i}{ $res->status }++;
        push @wrong, $res->text if $res->body =~ $id[1 - $i];
        push @wrong, $res->text if $res->status == 200
            && $asked != $asked[0] && !$with{$i} && $res->body !~ $id[$i];
        $client->close if ($res->header('connection') // '') eq 'close';
    }
    is "@wrong", '', "$name: to each what is its tenant's";
    return \%status;
}

sub ready () {
    wait_until(60, 'to be served', sub {
        $nginx->http->get('/status/ready')->status == 200
        && !grep { $_->pupil->get('/v1/data/identity')->status != 200 }
           @days });
}

like $days[$_]->pupil->get('/v1/data/identity')->body, qr/$id[$_]/,
    'answers name whom they are about' for 0, 1;
is $_->pupil->patch('/v1/data/example', json => $_->preference)->status, 200,
    'a preference' for @days;


# ---- as often as needed

# A worker declares numbers of a tenant in between, once a second at most: most
# tries are by themselves.
my @sets = map {
    $away->pupil->get('/v1/data/identity');
    settings(sub { $here->pupil->get('/v1/data/identity') for 1 .. 5 })
} 1 .. 9;
cmp_ok scalar(grep { $_ == 1 } @sets), '>', 4,
    'five requests of one tenant: set once';
cmp_ok settings(sub { map { $_->pupil->get('/v1/data/identity') }
                      (@days) x 3 }), '>=', 5, 'by turns: set each time';

my $switches = settings(sub {
    is_deeply interleave('interleaved'),
        { 0 => { 200 => 8 }, 1 => { 200 => 8 } }, 'all are answered';
});
cmp_ok $switches, '>', 8, "interleaved: the tenant was set $switches times";


# ---- errors take nothing back

$db->do('ALTER TABLE data.example ADD CONSTRAINT broken CHECK (tenant <>'
        . " '$tenant[1]') NOT VALID");
$nginx->allow_log(qr/SQLSTATE 23514|constraint broken/);
for my $round (1 .. 3) {
    my $status = interleave("errors $round", 1 => [PATCH => '/v1/data/example',
        json => $away->preference("Round $round")]);
    is_deeply $status->{0}, { 200 => 8 }, "errors $round: others go on";
    is $status->{1}{200} // 0, 0, "errors $round: which failed";
}
$db->do('ALTER TABLE data.example DROP CONSTRAINT broken');


# ---- statements that are to be prepared again

sub pool () { $nginx->http->get('/status')->json->{database_data} }
sub retried () { pool()->{retried} }

# The type of a result has changed (SQLSTATE 0A000); 6 digits are all there are.
for my $type ('timestamptz(6)', 'timestamptz') {
    ready();
    my $before = retried();
    $db->do("ALTER TABLE pupil.session ALTER created_at TYPE $type");
    is_deeply interleave($type), { 0 => { 200 => 8 }, 1 => { 200 => 8 } },
        "$type: all are answered";
    cmp_ok retried(), '>', $before, "$type: some at the second try";
}

# Somebody empties the session (SQLSTATE 26000, and no tenant).
for my $day (@days) {
    my $id = $day->person('pupil')->{id};
    ready();
    is $day->pupil->get('/v1/data/identity')->status, 200, 'its tenant is set';
    my $before = retried();
    $proxy->next_one(discard => qr/data\.identity|pupil\.session/);
    my $res;
    wait_until(60, 'the session to be emptied', sub {
        $res = $day->pupil->get('/v1/data/identity');
        return $proxy->done;
    });
    is $res->status, 200, 'the request is served';
    like $res->body, qr/$id/, 'with what is its own';
    cmp_ok retried(), '>', $before, 'at the second try';
}


# ---- clients that go, and connections

my @gone = map { [$_, client($_)] } (0, 1) x 4;
is_deeply interleave('orphans', meanwhile => sub {
    $_->[1]->send_raw($_->[1]->request_bytes(GET => '/v1/data/identity'))
        for @gone;
    sleep 0.1;
    $_->[1]->close for @gone;
    sleep 0.1;
}), { 0 => { 200 => 8 }, 1 => { 200 => 8 } }, 'all others are answered';

my $cut = sub {
    $db->do('SELECT pg_terminate_backend(pid) FROM pg_stat_activity'
            . " WHERE usename = 'pupil_gateway'");
};
for my $round (1 .. 3) {
    my $status = interleave("lost connection $round", meanwhile => $cut);
    cmp_ok $status->{0}{503} // 0, '>=', 1, "lost connection $round: 503";
    my %seen = map { %$_ } values %$status;
    delete @seen{200, 503};
    is_deeply \%seen, {}, 'or served by the next one';
    ready();
    interleave("connected again $round");
}

# A new connection knows nothing of the tenant of the one before it.
for my $day (@days) {
    ready();
    is $day->pupil->get('/v1/data/identity')->status, 200, 'its tenant is set';
    my $before = pool()->{reconnects};
    $cut->();
    wait_until(60, 'a connection', sub {
        pool()->{reconnects} > $before && pool()->{connections} });
    is $day->pupil->get('/v1/data/identity')->status, 200,
        'and is set again after a reconnect';
}


# ---- the setting itself goes wrong

for my $case (['break', qr/the tenant was not set: SQLSTATE 22021/],
              ['other', qr/the server set another tenant than it was told/])
{
    my ($what, $why) = @$case;
    ready();
    $nginx->allow_log($why);
    spew($how, $what);
    my $status = interleave($what);
    ok !$status->{1}{200}, "$what: nothing for who relies on it";
    spew($how, '');
    like $nginx->log_text, $why, "$what: the log says why";
    ready();
    is_deeply interleave("$what, over"),
        { 0 => { 200 => 8 }, 1 => { 200 => 8 } }, "$what: served again";
}

$proxy->stop;
done_testing;
