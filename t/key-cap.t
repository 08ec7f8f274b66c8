#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# The cap of owner keys, as a worker meets it: keys are asked for and fetched
# in one trip, /status tells how much of the cap is spent, and what the cap
# refuses is 503, and never taken for absent.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;
use Pupil::PgProxy;

my $site = pupil_up(import => 1);
# Which of the two statements were sent: workers ask for their mark beside them.
my $seen = tmp_dir() . '/seen';
my %which;
my $proxy = Pupil::PgProxy->new($site->pg, database => 'pupil_keys',
    client => sub ($type, $body) {
        my ($first, $second) = unpack 'Z*Z*', $body;
        $which{$first} = $1 if $type eq 'P'
            && $second =~ /keystore\.(ask|fetch)_owner_keys/;
        open my $out, '>>', $seen or die "$seen: $!\n";
        print {$out} "$which{$second} " if $type eq 'B' && $which{$second};
        return $body;
    });
my $day = Pupil::Day->up(site => $site, start => 0,
    conf => { pupil_keystore => '"' . $site->gateway('pupil_keys',
        host => '127.0.0.1', port => $proxy->port, sslmode => 'disable')
        . '" same_cluster', pupil_key_cache => 'off',
        pupil_pool => 'keys connections=1' });
my $nginx = $day->nginx;
$nginx->start;
$day->ready->work;
my ($keys, $tenant) = ($site->keystore, $site->tenant);

sub status () { $nginx->http->get('/status')->json->{key_cache} }


# ---- one trip

my $client = $day->pupil;
is_status $client->get('/v1/data/identity'), 200, 'keys come';
my $lock = $site->pg->connect('pupil_keys', AutoCommit => 0);
$lock->do('LOCK TABLE keystore.fetch IN ACCESS EXCLUSIVE MODE');
spew($seen, '');
$client->send_raw($client->request_bytes(GET => '/v1/data/identity'));
wait_until(60, 'it waits', sub { $keys->selectrow_array(
    'SELECT 1 FROM pg_locks WHERE NOT granted') });
wait_until(60, 'both to be sent', sub { slurp($seen) =~ /fetch/ });
like slurp($seen), qr{^(?:ask fetch )+$},
    'keys are asked for and fetched before an answer has come';
$lock->rollback;
$lock->disconnect;
is $client->read_response->status, 200, 'and it is served';


# ---- a first part that failed

# Asking fails as often as is said, with that SQLSTATE.
$keys->do(<<'SQL');
CREATE SEQUENCE keystore.failures;
GRANT USAGE ON SEQUENCE keystore.failures TO PUBLIC;
ALTER FUNCTION keystore.ask_owner_keys(uuid, uuid[]) RENAME TO ask_in_turn;
GRANT EXECUTE ON FUNCTION keystore.ask_in_turn(uuid, uuid[]) TO pupil_keeper;
CREATE FUNCTION keystore.ask_owner_keys(ticket uuid, owners uuid[],
                                        OUT refused text, OUT share float8)
    LANGUAGE plpgsql AS $$
BEGIN
    IF nextval('keystore.failures') <= 0 THEN
        RAISE EXCEPTION 'it fails'
            USING ERRCODE = current_setting('pupil.failure');
    END IF;
    SELECT * FROM keystore.ask_in_turn(ticket, owners) INTO refused, share;
END $$;
SQL
sub asking_fails ($times, $code) {
    my $first = 1 - $times;
    $keys->do("ALTER SEQUENCE keystore.failures MINVALUE -1 RESTART $first");
    $keys->do("ALTER FUNCTION keystore.ask_owner_keys(uuid, uuid[])"
        . " SET pupil.failure = '$code'");
}
sub refused () {
    $keys->selectrow_array('SELECT sum(refused) FROM keystore.fetch');
}

$keys->do('DELETE FROM keystore.fetch');
asking_fails(1, '55P03');
is_status $client->get('/v1/data/identity'), 200,
    'who meets a lock when asking asks again';
is refused(), 0, 'and has not fetched without a ticket';

asking_fails(1, '23514');
is_problem $client->get('/v1/data/identity'), 503, 'unavailable',
    name => 'whose asking fails';
asking_fails(0, '55P03');
is_status $client->get('/v1/data/identity'), 200, 'is served later';
is refused(), 0, 'and has not fetched either';


# ---- the cap

cmp_ok status()->{cap_percent}, '<', 5, 'little of the cap is spent';
is status()->{cap_warning}, 0, 'there is nothing to warn of';

sleep 1 while time % 60 > 40;
$keys->do('INSERT INTO keystore.setting (tenant, keys_a_minute) SELECT ?,'
    . ' ceil(sum(keys)) + 1 FROM keystore.fetch', {}, $tenant);
$keys->do("UPDATE keystore.fetch SET minute = date_bin('1 minute', now(),"
    . " 'epoch') WHERE minute = (SELECT max(minute) FROM keystore.fetch)");
my @paths = ('/v1/data/identity', '/v1/homework', '/v1/progress',
             "/v1/homework/$day->{homework}{id}");
$nginx->allow_log(qr/pupil: the key store refuses/);

my %got;
for my $n (1 .. 5) {
    for my $path (@paths) {
        my $res = $client->get($path);
        $got{ $res->status }++;
        is_problem $res, 503, 'unavailable', name => "$path past the cap"
            if $res->status != 200;
    }
}
cmp_ok $got{503} // 0, '>=', 10, 'most is refused';
is $got{200} // 0, 20 - ($got{503} // 0), 'nothing is answered half';
cmp_ok status()->{cap_percent}, '>=', 80, '/status tells how much is spent';
is status()->{cap_warning}, 1, 'and warns';
is status()->{refused}, $got{503}, 'and how often it was refused';
my @lines = $nginx->log_text =~ /\[error\].*(pupil: the key store refuses.*)/g;
is scalar(@lines), 1, 'the log says so once';
like $lines[0], qr/its cap a minute is reached/, 'and why';
is $keys->selectrow_array('SELECT sum(capped) FROM keystore.fetch'),
    $got{503}, 'the key store has counted as many';
is $keys->selectrow_array('SELECT sum(refused) FROM keystore.fetch'), 0,
    'and found no ticket amiss';

$keys->do('UPDATE keystore.setting SET keys_a_minute = 1000000');
is_status $client->get($_), 200, "$_ below the cap" for @paths;

done_testing;
