#!/usr/bin/perl

# Data and key store in one cluster: a backup of the data would take the keys
# along.  Workers and pupilctl refuse it, unless same_cluster says that this
# is a trial.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

my $site = pupil_up;
my $nginx = $site->nginx(workers => 2, conf => {
    pupil_keystore => '"' . $site->gateway('pupil_keys') . '"' });
my $why = qr/data\ and\ key\ store\ are\ in\ the\ same\ cluster.*same_cluster/x;
my $check = $site->ctl('check', $nginx->conf_file);
is $check->{code}, 1, 'pupilctl check has a finding';
like $check->{out}, $why, 'that says so';
is $nginx->test->{code}, 0, 'nginx -t cannot know';

$nginx->start;
$nginx->wait_log($why);
my $http = $nginx->http;
my ($unknown) = Pupil::Day->up(site => $site, start => 0)->unknown;
for my $ask ([GET => '/v1/session'], [GET => '/v1/data/identity'],
             [POST => '/v1/login',
              json => { identifier => 'a', password => 'b' }]) {
    my ($method, $path, @body) = @$ask;
    is_problem $http->request($method, $path, @body,
        header => { Cookie => "__Host-pupil=$unknown" }),
        503, 'unavailable', name => "$method $path 503";
}
is_status $http->get("/status/ready"), 503, 'not ready';
is_status $http->get('/status/live'), 200, 'live';
$http->get('/v1/session') for 1 .. 20;
sleep 6;            # until it has tried again

is scalar(my @workers = $nginx->workers), 2, 'both workers live';
for my $worker (@workers) {
    my %said;
    for my $line ($nginx->log_text =~ /^(.* $worker#.* pupil: .*)$/mg) {
        $said{$1}++ if $line =~ /(database "\w+"|listening on "\w+")/
                       && $line !~ /\(still /;
        like $line, $why, 'a line says why';
    }
    is join(' ', grep { $_ > 1 } values %said), '', 'once of each';
}


# ---- unless it is a trial

$nginx->set(http => $site->http_conf)->reload(wait => 1);
$http->close;
ok eval { $nginx->wait_ready },
    'same_cluster: ready';
is_problem $http->get('/v1/session'), 401, 'no-session';

done_testing;
