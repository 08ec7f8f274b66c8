#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# A few accounts of one school, each on browsers that are known and with its
# own password, log in on as many connections as they like: a known browser of
# anybody else gets in meanwhile, of the same school behind the same address as
# well as of another.  Whoever makes room is told to come again, and is on
# record as having tried (I1).

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

use constant EACH => 2;             # times that everybody else logs in

my $site = pupil_up(import => 1);
my $there = Pupil::Day::neighbour($site);
my $day = Pupil::Day->up(site => $site, workers => 1,
    http => 'set_real_ip_from 127.0.0.1; real_ip_header X-Forwarded-For;'
            . ' keepalive_timeout 600s;',        # of who is at another for long
    server => "location = /there { pupil_login; pupil_tenant @{[$there->tenant]};
               }",
    conf => { pupil_request_timeout => '300s',
        pupil_password_hash => 'memory=64m iterations=6 parallel=1' });
my ($db, $nginx) = ($day->db, $day->nginx);

my (undef, @row) = split /\n/, slurp(root_dir()
    . '/docs/quickstart/data/sds-100-users/Student.csv');
my ($mine, @crowd) = map { $site->person((split /,/)[4]) } @row[0 .. 17];
my $theirs = $there->person($mine->{login});

sub login () { $nginx->http->get('/status')->json->{login} }

sub client () { $nginx->http(timeout => 300)->connect }

# Sends a log-in from one network; on the browser that this is known on.
sub attempt ($who, %opt) {
    my $http = client();
    $http->{cookies} = { %{ $who->{browser} // {} } };
    $http->send_raw($http->request_bytes(POST => $opt{path} // '/v1/login',
        header => { 'X-Forwarded-For' => '198.18.1.7' },
        json => { identifier => $who->{login},
                  password => $who->{password} }));
    return $http;
}

sub answers (@http) { map { $_->read_response('POST') } @http }

sub got_in (@res) { scalar grep { $_->status == 200 } @res }

sub known ($who, %opt) {
    my $http = attempt($who, %opt);
    my ($res) = answers($http);
    $res->status == 200 or die "$who->{login}: ", $res->status;
    delete $http->cookies->{'__Host-pupil'};
    $who->{browser} = $http->cookies;
}

sub quiet () {
    wait_until(60, 'nobody to log in', sub { login()->{in_progress} == 0 });
    $db->do('DELETE FROM pupil.login_throttle');
}

sub on_record (@res) {
    my %is = map { $_ => 1 } @{ $db->selectcol_arrayref(
        'SELECT DISTINCT request FROM pupil.audit_record') };
    return scalar grep { $is{ $_->request_id } } @res;
}


known($_) for $mine, @crowd;
known($theirs, path => '/there');

for ([6, 7], [17, 2]) {
    my ($accounts, $times) = @$_;
    my $name = "$accounts accounts on $times browsers";
    my $n = $accounts * $times;
    quiet();
    my $before = login();
    my @http = map { attempt($_) } (@crowd[0 .. $accounts - 1]) x $times;
    wait_until(60, 'all to arrive', sub {
        my $now = login();
        $now->{attempts} + $now->{busy}
            >= $n + $before->{attempts} + $before->{busy} });
    ok eval { wait_until(60, 'the queue', sub {
        login()->{busy} > $before->{busy} }) }, "$name: the queue is full";

    my @same = map { attempt($mine) } 1 .. EACH;
    my @other = map { attempt($theirs, path => '/there') } 1 .. EACH;
    my @all = (answers(@other), answers(@same));
    is got_in(@all[0 .. EACH - 1]), EACH, '... another school gets in';
    is got_in(@all[EACH .. $#all]), EACH, '... and another of the same';

    my @others = answers(@http);
    is scalar(grep { $_->status !~ /^(?:200|503)$/ } @others), 0,
        '... as do they, or are told to come again';
    is scalar(grep { $_->status == 503 && !$_->header('retry-after') }
              @others), 0, '... and when';

    # who got in has no failures, and whoever made room has none, either
    is join(' ', @{ $db->selectcol_arrayref('SELECT failures FROM'
        . ' pupil.login_throttle WHERE failures > 0') }), '',
        '... and has not failed';

    cmp_ok login()->{made_room}, '>', $before->{made_room},
        '... and /status tells who made room from who found none';

    # who was sent away for want of a seat has not tried
    my $tried = login()->{attempts} - $before->{attempts};
    my $on = 0;
    wait_until(60, 'all to be on record', sub {
        ($on = on_record(@all, @others)) >= $tried });
    is $on, $tried, '... all that had a place are on record';
}

done_testing;
