#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# A code of the second factor that is sent a thousand times, by as many as can be
# at the same moment, is worth one session, and a code of recovery, too.  Those
# of the one meet in the key store, those of the other at the credential's row:
# each is held until several wait for it, and fifty are under way.  Who finds no
# place comes again, until all of the thousand have been compared.  The
# throttle, which would refuse most of them, is switched off by a trigger.

use lib 't/lib';
use Pupil::Test;
use Pupil::Clock;
use Pupil::Day;
use Pupil::Factor;

use constant { CLIENTS => 100, TIMES => 10, AT_ONCE => 50 };
use constant ALL => CLIENTS * TIMES;

my $day = Pupil::Day->up(start => 0, workers => 2,
    server => 'location /v1/login/ { pupil_login; }'
              . ' location = /under-way { stub_status; }',
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

# Requests that nginx has and has not answered.
sub under_way () {
    my ($n) = $nginx->http->get('/under-way')->body =~ /Writing: (\d+)/;
    return $n - 1;
}

# Each client sends so many of them; the statuses, each with how often it came.
sub statuses ($bytes, $meanwhile, %times) {
    my %seen;

    $_->{client}->send_raw($bytes x $_->{n}) for values %times;
    $meanwhile->();
    for my $of (values %times) {
        my %of;
        $of{ $of->{client}->read_response('POST')->status }++ for 1 .. $of->{n};
        $of->{n} = $of{503} // 0;
        $seen{$_} += $of{$_} for keys %of;
    }
    return %seen;
}

# All of one ticket, at once, and those that found no place again; the statuses,
# each with how often it came, at first and at last.
sub at_once ($method, $code, $hold) {
    my $ticket = $teacher->half->cookies->{'__Host-pupil-login'};
    my %client = map { $_ => { client => $nginx->http, n => TIMES } }
                 1 .. CLIENTS;

    for my $client (map { $_->{client} } values %client) {
        $client->cookies->{'__Host-pupil-login'} = $ticket;
        $client->connect;
    }
    my $bytes = $client{1}{client}->request_bytes(POST => $PATH,
        json => { method => $method, code => $code });
    my $let_go = $hold->();
    my %first = statuses($bytes, sub {
        wait_until(60, AT_ONCE . ' to be under way', sub {
            under_way() >= AT_ONCE });
        $let_go->();
    }, %client);
    my %last = %first;
    for (1 .. TIMES) {
        delete $last{503} or last;
        my %again = statuses($bytes, sub { }, %client);
        $last{$_} += $again{$_} for keys %again;
    }
    return \(%first, %last);
}

my $before = sessions();
my ($first, $last) = at_once(totp => $teacher->next_code, \&hold_codes);
cmp_ok $first->{401}, '>=', AT_ONCE, 'a code, a thousand times at once, many of'
    . ' which have a place' or diag explain $first;
is_deeply $last, { 200 => 1, 401 => ALL - 1 }, 'all are compared: one log-in'
    or diag explain $first, $last;
is sessions(), $before + 1, 'one session';

($first, $last) = at_once(recovery => $recovery[0], \&hold_row);
my $refused = sub ($seen) { $seen->{401} + (delete $seen->{409} // 0) };
cmp_ok $refused->({ %$first }), '>=', AT_ONCE, 'so with a code of recovery'
    or diag explain $first;
$last->{401} = $refused->($last);
is_deeply $last, { 200 => 1, 401 => ALL - 1 }, 'one log-in, too'
    or diag explain $first, $last;
is sessions(), 1, 'one session, and no other is left';

done_testing;
