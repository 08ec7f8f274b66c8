#!/usr/bin/perl

# Workers start while both databases are down: they stay up, answer 503 with
# Retry-After, and recover by themselves.  One line at the begin of the outage
# and one at its end, whatever is asked meanwhile.

use lib 't/lib';
use Pupil::Test;
use Time::HiRes qw(sleep time);

my $site = pupil_up(import => 1);
my $pg = $site->pg;
my $teacher = $site->person('CBeane');
my @asks = ([GET => '/v1/session'], [GET => '/v1/homework'],
            [GET => '/v1/progress'], [GET => '/v1/data/identity'],
            [POST => '/v1/login', json => { identifier => 'somebody',
                                            password => 'secret' }]);
my $cookie = { Cookie => '__Host-pupil=' . 'A' x 43 };

$pg->stop;
my $nginx = $site->nginx(workers => 2)->start;
my @workers = $nginx->workers;
is scalar(@workers), 2, 'both workers are there';

my %client = $nginx->client_of_each;
is join(' ', sort keys %client), join(' ', sort @workers),
    'a client of each worker';

sub ask ($http, $ask) {
    my ($method, $path, @body) = @$ask;
    return $http->request($method, $path, @body, header => $cookie);
}


# ---- down

my ($slowest, @faults) = (0);
for my $round (1 .. 3) {
    for my $pid (@workers) {
        for my $ask (@asks) {
            my $start = time;
            my $res = ask($client{$pid}, $ask);
            push @faults, map { "$pid @$ask[0, 1]: $_" }
                problem_faults($res, 503, 'unavailable');
            my $took = time - $start;
            $slowest = $took if $took > $slowest;
        }
        my $http = $client{$pid};
        push @faults, 'live: ' . $_ for grep { $_ != 200 }
            $http->get('/status/live')->status, $http->get('/status')->status;
        my $ready = $http->get('/status/ready');
        push @faults, 'ready: ' . $ready->text if $ready->status != 503
            || $ready->json->{why} ne 'no connection to the database'
            || !$ready->header('retry-after');
    }
    sleep 0.7;
}
is join("\n", @faults), '', '503 with Retry-After, live and not ready';
cmp_ok $slowest, '<', 60, sprintf 'the slowest took %.2f s', $slowest;
is join(' ', sort $nginx->workers), join(' ', sort @workers),
    'no worker has ended';


# ---- up again

my $start = time;
$pg->start;
for my $pid (@workers) {
    ok eval { wait_until(60, 'ready', sub {
        $client{$pid}->get('/status/ready')->status == 200 }) },
        sprintf 'a worker serves by itself, after %.1f s', time - $start;
    is_problem ask($client{$pid}, $asks[0]), 401, 'no-session';
    is_problem ask($client{$pid}, $asks[4]), 401, 'invalid-credentials';
    is_status $client{$pid}->login(@$teacher{qw(login password)}), 200,
        'a log-in';
    is_status $client{$pid}->get('/v1/data/identity'), 200, 'and data';
}

wait_until(60, 'all lines', sub {
    8 == (() = $nginx->log_text =~ /pupil: .*again after \d+ ms/g) });
# why a database is still away may change meanwhile, and is said
my @lines = grep { / pupil: / && !/\(still / } split /\n/, $nginx->log_text;
for my $pid (@workers) {
    for my $what (qr/database "data": /, qr/database "keys": /,
                  qr/listening on "pupil_session"/,
                  qr/listening on "pupil_keystore"/)
    {
        my @of = grep { / $pid#.*$what/ } @lines;
        is scalar(@of), 2, "two lines of a worker: $what"
            or diag join "\n", @of;
        like $of[0] // '', qr/\[error\].*connection to server.*failed: /,
            'one at the begin, which says why';
        like $of[1] // '', qr/\[notice\].*again after \d+ ms/,
            'and one at the end';
    }
}
is scalar(@lines), 16, 'none else' or diag join "\n", @lines;

done_testing;
