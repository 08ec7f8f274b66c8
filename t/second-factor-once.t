#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# A code of the second factor that is sent a thousand times, by as many as can be
# at the same moment, is worth one session, and a code of recovery, too.  Those
# of the one meet in the key store, those of the other at the credential's row:
# each is held until several wait for it.  The throttle, which would refuse most
# of them, is switched off by a trigger.

use lib 't/lib';
use Pupil::Test;
use Pupil::Clock;
use Pupil::Day;
use Pupil::Factor;

use constant { CLIENTS => 100, TIMES => 10 };

my $day = Pupil::Day->up(start => 0, workers => 2,
    server => 'location /v1/login/ { pupil_login; }',
    conf => { pupil_second_factor => 'teacher=required',
              pupil_pool => 'data connections=12 writers=8' });
my ($site, $nginx) = ($day->site, $day->nginx);

is $nginx->test->{code}, 0, 'nginx takes pupil_second_factor' or do {
    done_testing;
    exit;
};
my $clock = Pupil::Clock->new->of_all($day->pg);
$nginx->start;
my $db = $day->db;
$day->ready;

my $PATH = '/v1/login/second-factor';
my $teacher = Pupil::Factor->new($day, 'teacher', $clock);
$teacher->token;
my @recovery = @{ $teacher->enrol->json->{recovery_codes} };

$db->do('CREATE FUNCTION pupil.no_throttle() RETURNS trigger LANGUAGE plpgsql'
    . ' AS $$ BEGIN NEW.failures := 0; NEW.not_before := NEW.last_at;'
    . ' RETURN NEW; END $$');
$db->do('CREATE TRIGGER no_throttle BEFORE INSERT OR UPDATE ON'
    . ' pupil.login_throttle FOR EACH ROW EXECUTE FUNCTION'
    . ' pupil.no_throttle()');

sub sessions () {
    $db->selectrow_array('SELECT count(*) FROM pupil.session WHERE subject = ?',
                         {}, $teacher->who->{id});
}

# Until then nobody changes the credential; whoever wants to is there.
my $pg = $site->pg->connect('pupil');

sub hold_row () {
    $db->begin_work;
    $db->do('SELECT FROM data.credential WHERE owner = ? FOR UPDATE', {},
            $teacher->who->{id});
    return sub {
        wait_until(60, 'several statements that wait for one row', sub {
            $pg->selectrow_array(q{SELECT count(*) >= 2 FROM pg_stat_activity}
                . q{ WHERE wait_event_type = 'Lock'}
                . q{ AND query LIKE '%second_factor = %'})
        });
        $db->commit;
    };
}

# Nobody uses a code; whoever wants to gives up after a moment, and comes again.
sub hold_codes () {
    my $keys = $site->keystore;
    $keys->begin_work;
    $keys->do('LOCK TABLE keystore.ended IN SHARE MODE');
    return sub {
        wait_until(60, 'several workers that wait for it', sub {
            my %pid = map { $_ => 1 } slurp($site->pg->log_file) =~
                /\[(\d+)\].*STATEMENT: .*keystore\.spend/g;
            keys %pid >= 2;
        });
        $keys->commit;
    };
}

# All of one ticket; the statuses, each with how often it came.
sub at_once ($method, $code, $hold) {
    my $ticket = $teacher->half->cookies->{'__Host-pupil-login'};
    my @clients = map { $nginx->http } 1 .. CLIENTS;
    my %seen;

    for my $client (@clients) {
        $client->cookies->{'__Host-pupil-login'} = $ticket;
        $client->connect;
    }
    my $let_go = $hold->();
    for my $client (@clients) {
        $client->send_raw($client->request_bytes(POST => $PATH,
            json => { method => $method, code => $code }) x TIMES);
    }
    $let_go->();
    for my $client (@clients) {
        $seen{$client->read_response('POST')->status}++ for 1 .. TIMES;
    }
    return %seen;
}

my $before = sessions();
my %seen = at_once(totp => $teacher->next_code, \&hold_codes);
is $seen{200}, 1, 'a code, a thousand times at once: one log-in'
    or diag explain \%seen;
is_deeply [grep { !/^(?:200|401|429|503)$/ } keys %seen], [],
    'all others are refused';
is sessions(), $before + 1, 'one session';

%seen = at_once(recovery => $recovery[0], \&hold_row);
is $seen{200}, 1, 'a code of recovery: one log-in' or diag explain \%seen;
is_deeply [grep { !/^(?:200|401|409|429|503)$/ } keys %seen], [],
    'all others are refused';
is sessions(), 1, 'one session, and no other is left';

done_testing;
