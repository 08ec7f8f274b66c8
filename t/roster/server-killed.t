#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# An import from a server that is killed, while pages are read or at a step of
# what is written: nobody is half there, the last good run is that of before,
# and the next one asks for all and does the rest.

use lib 't/lib';
use utf8;
use Pupil::Test;
use Pupil::Campaign;
use Pupil::Killed;
use Pupil::OneRoster;
use Pupil::Roster;
use Pupil::Ss12000;

my $site = pupil_up(schools => 1);
my $school;

my @STEPS = (
    ['the run', pupil_keys => 'LOCK TABLE keystore.import_run IN SHARE MODE'],
    ['an image', pupil => 'LOCK TABLE pupil.import_image IN SHARE MODE'],
    ['a log-in name', pupil => 'LOCK TABLE pupil.blind_index IN SHARE MODE'],
    ['a name', pupil => 'LOCK TABLE data.identity IN SHARE MODE'],
    ['a role', pupil => 'LOCK TABLE pupil.role IN SHARE MODE'],
    ['an enrolment', pupil => 'LOCK TABLE pupil.enrolment IN SHARE MODE'],
    ['an account', pupil => 'LOCK TABLE pupil.closed IN SHARE MODE'],
);

sub who ($login) { Pupil::Roster::person($school, "$login\@skola.example") }

# Somebody is there with a name, a log-in name and the source's id, or not at
# all: accounts of which one of these is missing.
sub half {
    my $db = $school->db;
    return $db->selectrow_array(<<~"", {}, $school->tenant);
        SELECT count(*) FROM pupil.subject AS s JOIN pupil.owner AS o ON
        o.owner = s.subject LEFT JOIN data.identity AS i ON i.owner = s.subject
        WHERE s.tenant = ? AND s.status = 'active' AND s.subject NOT IN
        (SELECT decoy FROM pupil.tenant) AND (i.given_name IS NULL OR NOT EXISTS
        (SELECT FROM pupil.blind_index AS b WHERE b.owner = s.subject AND
        b.category = 'credential') OR NOT EXISTS (SELECT FROM pupil.blind_index
        AS b WHERE b.owner = s.subject AND b.category = 'source'))

}
sub runs { 0 + $school->keystore->selectrow_array('SELECT count(*) FROM'
    . ' keystore.import_run WHERE tenant = ?', {}, $school->tenant) }

# One that is killed while this page of its server's is awaited.
sub killed_reading ($peer, $path, @words) {
    $peer->faults($path => [{}, { stall => 60 }]);
    open my $null, '>', '/dev/null' or die "$!\n";
    my $pid = start_process([build_dir() . '/pupilctl', @words],
        env => Pupil::Site->ctl_env, stdout => $null, stderr => $null);
    my $waits = eval { wait_until 30, 'the page to be asked for', sub {
        2 <= grep { $_->[0] eq $path } $peer->asked } };
    kill KILL => $pid;
    process_ends($pid, 60) or die "pupilctl survives SIGKILL\n";
    my $killed = ($? & 127) == 9;
    wait_until 20, 'what it had begun to end', sub {
        !Pupil::Killed::sessions($site) };
    return $waits && $killed;
}

for my $case (
    { kind => 'oneroster-rest', of => 'Pupil::OneRoster', path => 'users',
      from => 0, first => 'elev01', new => 'elev13', tells => sub {
          $_->{users}[0]{status} = 'tobedeleted';
          $_->{users}[1]{familyName} = 'Alm';
          push @{ $_->{users} }, Pupil::OneRoster::user('v1p1', 'elev13',
                                                        'student');
          push @{ $_->{enrollments} }, Pupil::OneRoster::enrolled(31, 'elev13',
              'k2', 'student');
          $_->{users}[1]{dateLastModified} = '2099-01-01T00:00:00.000Z' } },
    { kind => 'ss12000', of => 'Pupil::Ss12000', path => 'persons',
      from => 1, first => 'elev1', new => 'elev13', tells => sub {
          shift @{ $_->{persons} };
          $_->{deletedEntities} = { persons => [Pupil::Ss12000::id('p', 1)] };
          $_->{persons}[0]{familyName} = 'Alm';
          $_->{persons}[0]{meta} = Pupil::Ss12000::meta(
              '2099-01-01T00:00:00Z');
          push @{ $_->{persons} }, Pupil::Ss12000::person(13, 'Elev13', 'Ek',
              enrolments => [Pupil::Ss12000::enrolled(1)]);
          push @{ $_->{groups}[1]{groupMemberships} },
              { person => Pupil::Ss12000::ref_to('p', 13) } } })
{
    subtest $case->{kind} => sub {
        $school = Pupil::Roster::tenant($site, $case->{kind});
        my $peer = $case->{of}->new;
        my $state = tmp_dir() . "/state-$case->{kind}";
        my @import = ('import', $case->{kind}, $peer->url, '--limit', 10,
                      '--state', $state, '--json', $school->ctl_where);

        $peer->tell($case->{of}->can('school')->());
        ok killed_reading($peer, $case->{path}, @import),
            'the first one is killed while it reads';
        is_deeply [Pupil::Roster::live($school)], [0, 0, 0, 0, 0],
            'nobody is there';
        ok !-e $state, 'and no good run';
        $peer->faults;
        my $run = $school->ctl(@import);
        is $run->{code}, 0, 'the next one' or diag $run->{err};
        is_deeply [Pupil::Roster::live($school)], [12, 1, 1, 18, 2],
            'takes all';
        my ($before, $runs) = (slurp($state), runs());

        my $world = $case->{of}->can('school')->();
        $case->{tells}->() for $world;
        $peer->tell($world);
        my $db = $school->db;
        $db->begin_work;
        $db->do('DELETE FROM data.identity WHERE tenant = ?', {},
                $school->tenant);
        is half(), 14, 'without a name one would be half there';
        $db->rollback;

        ok killed_reading($peer, $case->{path}, @import),
            'another one is killed while it reads';
        is_deeply [Pupil::Roster::live($school)], [12, 1, 1, 18, 2],
            'nothing is changed';
        is runs(), $runs, 'nor begun';
        is slurp($state), $before, 'the last good run is that of before';
        $peer->faults;

        for my $step (one_in(2, $case->{from}, @STEPS)) {
            my ($name, @held) = @$step;
            ok killed_at($site, \@held, @import), "it is killed at $name";
            is half(), 0, "$name: nobody is half there";
            is slurp($state), $before, "$name: it was no good run";
        }
        $run = $school->ctl(@import);
        is $run->{code}, 0, 'the next one' or diag $run->{err};
        is who($case->{first}), 'no role', 'who leaves';
        is who($case->{new}), 'pupil 1, in pupil 1', 'who joins';
        is_deeply [Pupil::Roster::live($school)], [12, 1, 1, 17, 2],
            'and all others';
        isnt slurp($state), $before, 'is a good run';
        unlink $state;
        $run = $school->ctl(@import);
        my $json = JSON::XS::decode_json($run->{out});
        is $json->{$_}{changed}, 0, "no change of $_ is left"
            for qw(institutions classes users roles enrolments);
        is_deeply $json->{ended}, { roles => 0, enrolments => 0 },
            'nor an end';
    };
}

done_testing;
