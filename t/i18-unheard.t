#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I18: who keeps what the key store tells from the workers, and lets its answers
# through, gains the time that a key is cached: sessions in the zone do not
# serve meanwhile, and what was revoked is so when that time is over.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

my $day = Pupil::Day->up(workers => 1, conf => {
    pupil_session_zone => 'pupil_sessions:1m valid=5m',
    pupil_key_cache => 'lifetime=3s' })->all_here->work;
my $keys = $day->site->keystore;
my $homework = $day->homework->{id};
my %id = map { $_ => $day->person($_)->{id} } qw(teacher classmate);

sub zone_hits () {
    return $day->nginx->http->get('/status')->json->{sessions}{zone_hits};
}

# Whether a request is served by the zone.
sub by_zone () {
    my $before = zone_hits();
    $day->expect(200, $day->teacher->get('/v1/session'));
    return zone_hits() != $before;
}

sub names () {
    my $res = $day->teacher->get("/v1/homework/$homework/progress");
    return $res->status . " " . $res->body;
}

by_zone();
ok by_zone(), 'a session is in the zone';
like names(), qr/^200.*McMillan/s, 'a name is shown';

# The connection that listens, by its heartbeat, and no other.
$keys->do('ALTER ROLE pupil_keeper NOLOGIN');
is $keys->selectrow_array('SELECT count(pg_terminate_backend(pid)) FROM'
    . " pg_stat_activity WHERE usename = 'pupil_keeper' AND query ="
    . " 'SELECT 1'"), 1, 'the key store is not heard any more';
wait_until(60, 'the zone to be left', sub { !by_zone() });
pass 'a session in the zone does not serve then';

$keys->do("UPDATE keystore.owner_key SET state = 'restricted' WHERE owner = ?",
          {}, $id{classmate});
wait_until(60, 'keys to be over', sub { names() !~ /McMillan/ });
like names(), qr/^200/, 'what nobody was told of counts once keys are over';

$keys->do('ALTER ROLE pupil_keeper LOGIN');
wait_until(60, 'the key store to be heard', sub { by_zone() });
pass 'and the zone serves again';

done_testing;
