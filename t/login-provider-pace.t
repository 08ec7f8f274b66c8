#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# More come back from their provider than log-ins go on by pupil_login_pace:
# the rest wait, networks and schools in turn, and who finds no room comes again
# with the same code.  One that waits and goes leaves its place.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;
use Pupil::Provider;

use constant QUEUE => 8;            # of which one network has seven

my $idp = Pupil::Provider->new;
my $site = pupil_up(import => 1);
my $there = Pupil::Day::neighbour($site);
my $pupil = $site->person('OKlein');
$idp->tell(claims => { uniid => $pupil->{login} });

my $page = $idp->server_conf(name => 'page',
    words => 'profile=uni-login failed=/app/login');
$page =~ s/^(pupil_login_provider.*?;)//ms;
my $nginx = $site->nginx(
    conf => { pupil_request_timeout => '300s',
              pupil_login_pace => 'rate=1 queue=' . QUEUE },
    http => 'set_real_ip_from 127.0.0.1; real_ip_header X-Forwarded-For;',
    server => $idp->server_conf . $page . <<"")->start->wait_ready;
location /there/login/ { pupil_login; pupil_tenant @{[$there->tenant]}; }
location /page/login/ { pupil_login; $1 }

sub login () { $nginx->http->get('/status')->json->{login} }

# A browser that is on its way back, from that network.
sub back ($network, $at = '/v1/login/uni') {
    my $http = $nginx->http(timeout => 300,
        header => { 'X-Forwarded-For' => "198.18.$network.7" });
    return { http => $http, path => $idp->authorize($http->get($at)) };
}

sub come ($browser) {
    my $http = $browser->{http};
    $http->send_raw($http->request_bytes(GET => $browser->{path}));
    return $browser;
}

sub answer ($browser) { $browser->{http}->read_response }

sub waiting ($n, $name) {
    wait_until(60, "$n to wait", sub { login()->{provider_waiting} == $n });
    pass $name;
}

# ---- one a minute

my @crowd = map { back(1) } 0 .. QUEUE;
my @others = (back(2), back(3, '/there/login/uni'));
my $on_page = back(1, '/page/login/page');
my $sent_away = $crowd[QUEUE];
is login()->{provider_rate_max}, 1, 'the status tells the pace';
is_status answer(come($crowd[0])), 303, 'the first goes on at once';
my $asked = $idp->tell->{token};

come($crowd[$_]) for 1 .. QUEUE - 1;
waiting(QUEUE - 1, 'others wait');
my $res = answer(come($sent_away));
is_problem $res, 503, 'busy', name => 'a network has not all places';
is $res->header('retry-after'), 60, 'when to come again';
is_status my $shown = answer(come($on_page)), 303, 'where there is a page';
is $shown->header('location'), '/app/login?login=busy', 'it says so';
is login()->{provider_busy}, 2, 'they are counted';
is login()->{busy}, 0, 'and not as passwords are';
come($others[0]);
waiting(QUEUE, 'another network has a place');
is_problem answer(come($others[1])), 503, 'busy', name => 'there is no room';

$crowd[1]{http}->reset;
waiting(QUEUE - 1, 'who goes leaves the place');
come($others[1]);
waiting(QUEUE, 'to another school');
is $idp->tell->{token}, $asked, 'nobody who waits has spent a code';


is_status $nginx->http->login(@$pupil{qw(login password)}), 200,
    'a password does not wait for them';

$_->{http}->reset for @crowd[2 .. QUEUE - 1], @others;
waiting(0, 'all are gone');


# ---- one a second

$nginx->set(http => $nginx->{http} =~ s/(?<=pupil_login_pace )[^;]+/rate=60/r);
$nginx->reload(wait => 1);
$nginx->wait_ready;

# Of these answers, how many were on record before that one.
sub before ($one, @all) {
    my %at = map { @$_ } @{ $site->db->selectall_arrayref('SELECT request,'
        . ' min(extract(epoch FROM at)) FROM pupil.audit_record GROUP BY 1') };
    my $mine = $at{ $one->request_id } // return;
    return scalar grep { $at{ $_->request_id } < $mine } @all;
}

# Until they wait all at once, which takes no time but on a machine that is full.
my (@came, @answers);
for (1 .. 20) {
    @crowd = map { back(1) } 1 .. 5;
    @others = (back(2), back(1, '/there/login/uni'));
    @came = map { come($_) } @crowd, @others;
    my $all = login()->{provider_waiting} == @came - 1;
    @answers = map { answer($_) } @came;
    last if $all;
}
is_status $_, 303, 'all get in' for @answers[0 .. 5];
my $one = $crowd[0]{http};
is $one->get('/v1/session')->json->{user}{id}, $pupil->{id}, '... logged in';
my @first = splice @answers, 0, 5;
cmp_ok before($answers[0], @first), '<=', 2, 'another network has its turn';
cmp_ok before($answers[1], @first), '<=', 2, 'and another school';

# The same code, by who was told to come again.
$nginx->set(http => $nginx->{http} =~ s/rate=60;/rate=60000;/r);
$nginx->reload(wait => 1);
$nginx->wait_ready;
is_status $sent_away->{http}->get($sent_away->{path}), 303,
    'who was sent away comes again';
is $sent_away->{http}->get('/v1/session')->json->{user}{id}, $pupil->{id},
    '... and is in';

done_testing;
