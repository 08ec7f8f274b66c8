#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# Tokens that no session has, from hundreds of connections, while the table of
# sessions does not answer: who is logged in goes on.  What the tenant's key has
# not made is refused at once, and asks for nothing.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;
use Pupil::PgProxy;
use MIME::Base64 qw(encode_base64url);

use constant { STRANGERS => 400, READS => 30 };

my $site = pupil_up(import => 1);
my $proxy = Pupil::PgProxy->new($site->pg);
my $database = '"' . $site->gateway('pupil', host => '127.0.0.1',
    port => $proxy->port, sslmode => 'disable') . '"';
my $day = Pupil::Day->up(site => $site, workers => 1, conf => {
    pupil_session_zone => 'pupil_sessions:1m valid=5m',
    pupil_database => $database },
    pupil => "pupil_request_timeout 1m;\n"
             . "pupil_pool data statement_timeout=1m;\n")->all_here->work;
my $list = '/v1/homework';
$day->expect(200, $day->as($_)->get($list)) for qw(pupil teacher);

sub sessions () { $day->nginx->http->get('/status')->json->{sessions} }

# Of the right form.
sub made_up () { encode_base64url(pack 'S*', map { rand 65536 } 1 .. 16) }

# What the key has made, and no session has.
my @unknown = $day->unknown(n => STRANGERS);
my $holder = $day->pg->connect('pupil');
$holder->begin_work;
$holder->do('LOCK TABLE pupil.session IN ACCESS EXCLUSIVE MODE');

sub sends ($token) {
    my $http = $day->nginx->http(timeout => 300);
    $http->{cookies} = { '__Host-pupil' => $token };
    $http->send_raw($http->request_bytes(GET => $list));
    return $http;
}

my $asked = sessions();
my @made_up = map { sends(made_up()) } 1 .. STRANGERS;
my %made_up;
$made_up{ $_->read_response->status }++ for @made_up;
is_deeply \%made_up, { 401 => STRANGERS },
    'what somebody made up is refused while nothing can be looked up';
is sessions()->{strangers}, $asked->{strangers}, 'and is no stranger';

my @strangers = map { sends($_) } @unknown;
my $patience = $day->nginx->http;
$patience->get('/status') for 1 .. 3;           # and they have arrived

# Until one is not answered.
my %status;
READ: for my $n (1 .. READS) {
    for my $who (qw(pupil teacher)) {
        my $res = eval { $day->as($who)->get($list) };
        $status{ $res ? $res->status : 'none' }++;
        last READ if !$res;
    }
}
is_deeply \%status, { 200 => 2 * READS }, 'who is logged in is served';
my $sessions = sessions();
cmp_ok $sessions->{strangers_waiting}, '>', 100, 'strangers wait';
cmp_ok $sessions->{strangers_refused}, '>', 0, 'and not all of them';

$holder->rollback;
my %answers;
$answers{ $_->read_response->status }++ for @strangers;
is $answers{401} + $answers{503}, STRANGERS, 'each of them is answered'
    or diag json_of(\%answers);
cmp_ok $answers{401}, '>', 100, 'those who waited as ever';
is sessions()->{strangers_waiting}, 0, 'nobody waits';


# ---- who is a stranger

my $before = sessions()->{strangers};
$day->expect(401, $strangers[0]->get($list));
is sessions()->{strangers}, $before + 1, 'a token that nobody has';

$day->reload(http => $day->site->http_conf(conf => {
    pupil_session_zone => 'pupil_sessions:1m valid=1s',
    pupil_database => $database }));
$day->expect(200, $day->pupil->get($list));
sleep 2;
$before = sessions();
$day->expect(200, $day->pupil->get($list));
my $after = sessions();
is $after->{zone_misses}, $before->{zone_misses} + 1,
    'a session whose entry is old is read again';
is $after->{strangers}, $before->{strangers}, 'and is none';

$day->expect(204, $day->pupil->logout);
$day->pupil->{cookies} = { '__Host-pupil' => $unknown[0] };
$day->expect(401, $day->pupil->get($list)) for 1 .. 3;
is sessions()->{strangers}, $before->{strangers} + 3,
    'who is refused is one each time';

# Some who go while they wait, or while they are looked up.
$proxy->hold(qr/pupil[.]session AS s/);
$_->close, $_->send_raw($_->request_bytes(GET => $list))
    for @strangers[0 .. 9];
wait_until(60, 'some wait', sub {
    my $now = sessions();
    $proxy->held && $now->{strangers_waiting} + $now->{strangers_served} == 10;
});
$_->reset for @strangers[0 .. 4];
wait_until(60, 'some go', sub { sessions()->{strangers_waiting} < 6 });
$proxy->mode('pass');
is_status $_->read_response, 401, 'who waited is told' for @strangers[5 .. 9];
wait_until(60, 'their places are free', sub {
    my $now = sessions();
    !$now->{strangers_waiting} && !$now->{strangers_served} });
$day->expect(401, $strangers[0]->get($list));
pass 'nor does who comes next';

done_testing;
