#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I18: workers hear from the key store that a floor was raised, and drop what
# they hold of the person within a second, however long the zone of sessions
# may serve.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

my $day = Pupil::Day->up(
    conf => { pupil_session_zone => 'pupil_sessions:1m valid=5m' });
my ($db, $site) = ($day->db, $day->site);
$day->all_here->work;
my %person = map { $_ => $day->person($_) } qw(teacher pupil);
my $homework = $day->homework->{id};

sub zone { $day->nginx->http->get('/status')->json->{sessions} }

# What a request answers in the end: within a second, and some for the machine.
sub soon ($status, $ask) {
    my $until = Time::HiRes::time() + 2;
    my $res;
    select undef, undef, undef, 0.05
        while ($res = $ask->())->status != $status
              && Time::HiRes::time() < $until;
    return $res;
}

sub fetch { $day->pupil->get("/v1/homework/$homework") }
sub whoami { $day->teacher->get('/v1/session') }

is fetch()->status, 200, 'a pupil';
my $hits = zone()->{zone_hits};
is fetch()->status, 200, 'again';
cmp_ok zone()->{zone_hits}, '>', $hits, 'from the zone';

# Somebody who puts the rows back at once finds them revoked.
my $rows = $day->rows_of('pupil.role', $person{teacher}{id});
is whoami()->status, 200, 'a teacher, in the zone';
my $school = whoami()->json->{institutions}[0]{id};
$site->ctl_ok('user', 'role', 'remove', $person{teacher}{login}, 'teacher',
              '--institution', $school, $site->ctl_where);
$day->put_back($rows);
is_problem soon(401, \&whoami), 401, 'no-session',
    name => 'a removed role ends the session within a second';
is fetch()->status, 200, 'others stay in';


# ---- many at once, as an import does, are told of in one word

my $classmate = $day->as('classmate');
is $classmate->get("/v1/homework/$homework")->status, 200, 'a classmate';
my @many = ($day->person('classmate')->{id}, map { uuid() } 1 .. 100);
my $keystore = $site->keystore;
$day->take_numbers(authority => @many);
$keystore->begin_work;
$keystore->do("SELECT set_config('pupil.tenant', ?, true)", {},
              $site->tenant);
$keystore->do(q{SELECT keystore.raise(?::uuid[], 'authority',
    array_fill(1, ARRAY[101]))}, {}, \@many);
$keystore->commit;
is_problem soon(401, sub { $classmate->get('/v1/session') }), 401, 'no-session',
    name => 'one of many whose floor was raised is out';
is fetch()->status, 200, 'who is not among them stays in';

done_testing;
