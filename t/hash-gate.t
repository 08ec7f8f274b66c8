#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# The gate in front of hashing: all workers together make no more hashes at
# once than pupil_password_hash says, whoever comes has a turn, and a worker
# that is killed inside keeps nobody out.

use lib 't/lib';
use Pupil::Test;
use Time::HiRes qw(sleep);

my $site = pupil_up(import => 1);
my @person = map { $site->person($_) } qw(CBeane OKlein);


# A log-in on each of n connections, over both workers: [connection, ...].
sub rush ($nginx, $n) {
    my @http = map { $nginx->http(timeout => 300) } 1 .. $n;
    $_->connect for @http;
    $http[$_]->send_raw($http[$_]->request_bytes(POST => '/v1/login', json => {
        identifier => "nobody$_." . rand, password => 'x' })) for 0 .. $#http;
    return @http;
}
# A connection, once both workers serve.
sub ready ($nginx) {
    my @http;
    wait_until(60, 'both workers to be ready', sub {
        @http = map { $nginx->http } 1 .. 8;
        !grep { (eval { $_->get('/status/ready')->status } // 0) != 200 }
            @http });
    return $http[0];
}

sub change ($nginx, $settings) {
    $nginx->set(http => $nginx->{http}
                =~ s/(?<=pupil_password_hash )[^;]+/$settings/r);
    $nginx->reload(wait => 1);
}

sub at_once ($parallel) {
    my $nginx = $site->nginx(workers => 2,
        conf => { pupil_request_timeout => '300s' },   # it may be full
        http => "pupil_password_hash parallel=$parallel queue=64;")->start;
    ready($nginx);
    $site->db->do('DELETE FROM pupil.login_throttle');
    my @http = rush($nginx, 24);
    my @status = map { $_->read_response('POST')->status } @http;
    is "@status", join(' ', (401) x 24), "parallel=$parallel: all are answered";
    my $login = $nginx->http->get('/status')->json->{login};
    is $login->{parallel_max}, $parallel, '... the status tells the bound';
    return ($nginx, $login->{parallel_most});
}

my ($two, $most) = at_once(2);
is $most, 2, '... and both workers hash at once';
$two->quit;

(my $one, $most) = at_once(1);
is $most, 1, 'parallel=1: one of the two at a time';


# ---- a worker that is killed inside

change($one, 'parallel=1 memory=128m iterations=4');
my $http = ready($one);

for my $round (1 .. 3) {
    $site->db->do('DELETE FROM pupil.login_throttle');
    my @http = rush($one, 4);
    sleep 0.3;
    $one->kill_worker($_) for $one->workers;
    eval { $_->read_response('POST') } for @http;
    $http = ready($one);
}
$site->db->do('DELETE FROM pupil.login_throttle');
is $http->login(@{ $person[0] }{qw(login password)})->status, 200,
    'after workers were killed while they hashed, log-ins go on';


# ---- over a reload the gate is the same

change($one, 'parallel=2');
ready($one);
$site->db->do('DELETE FROM pupil.login_throttle');
$_->read_response('POST') for rush($one, 16);
is $one->http->get('/status')->json->{login}{parallel_most}, 2,
    'a reload changes the bound, and whoever died inside is not counted';

done_testing;
