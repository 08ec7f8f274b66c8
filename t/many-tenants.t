#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# More tenants than a worker has room for keys of: a request whose tenant's
# keys made room for others while it waited for the database is answered as if
# they had not.

use lib 't/lib';
use Pupil::Test;
use Pupil::Clock;
use Pupil::Day;
use JSON::XS qw(decode_json);

use constant OTHERS => 260;    # over PUPIL_KEYRING_TENANTS, 256

my $site = pupil_up(import => 1);
my $day = Pupil::Day->up(site => $site, start => 0, conf => { pupil_tenant => '$school' },
    http => 'map $http_x_tenant $school { default $http_x_tenant; "" '
            . $site->tenant . "; }\n");
my $nginx = $day->nginx;
$nginx->by(Pupil::Clock->new(slow => 10))->start;
$day->work;

my $nobody = bless { %$site, tenant => undef }, ref $site;
my @others = map {
    decode_json($nobody->ctl_ok('tenant', 'add', "Kommun $_", '--json',
                                $nobody->ctl_where)->{out})->{tenant}
} 1 .. OTHERS;

my %token;
@token{@others} = $day->unknown(tenants => \@others);

# All others, once each: none of them knows its session.
sub others ($name) {
    my $http = $nginx->http;
    my %status;
    $status{ $http->get('/v1/session', header => { 'X-Tenant' => $_,
                            Cookie => "__Host-pupil=$token{$_}" })
             ->status }++ for @others;
    is_deeply \%status, { 401 => OTHERS }, "$name: the others are served";
}

my %asks = (
    'a list of homework' => ['pupil', '/v1/homework', 'data.homework'],
    'enrolments' => ['pupil', '/v1/data/enrolment', 'pupil.enrolment'],
    'an overview' => ['teacher',
        "/v1/homework/@{[$day->homework->{id}]}/progress", 'pupil.enrolment'],
    'progress' => ['pupil', '/v1/progress', 'data.progress'],
);

for my $name (sort keys %asks) {
    my ($who, $path, $table) = @{ $asks{$name} };
    my $http = $day->$who->fresh;
    %{ $http->cookies } = %{ $day->$who->cookies };
    my $right = $http->get($path);
    is_status $right, 200, $name;

    my $lock = $site->pg->connect('pupil', AutoCommit => 0);
    $lock->do("LOCK TABLE $table IN ACCESS EXCLUSIVE MODE");
    $http->connect;
    $http->send_raw($http->request_bytes(GET => $path));
    wait_until(60, 'it waits', sub { $site->db->selectrow_array(
        'SELECT 1 FROM pg_locks WHERE NOT granted') });
    others($name);
    $lock->rollback;
    $lock->disconnect;

    my $res = $http->read_response;
    is_status $res, 200, "$name, while others' keys take its room";
    is $res->body, $right->body, "$name: the same answer";
}

done_testing;
