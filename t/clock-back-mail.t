#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# Clocks that are set back by a day, as where a machine starts by one that is
# ahead: who asked for mail under the clock of before has some, who logged in by
# a code by mail does so again, and what was used stays used.

use lib 't/lib';
use Pupil::Test;
use Pupil::Clock;
use Pupil::Day;
use Pupil::Factor;
use Pupil::Outbox;
use Pupil::Relay;

my $PAGE = 'https://skolan.example/losenord';
my $DAY = 86_400;

my $site = pupil_up(import => 1);
Pupil::Outbox::addresses($site);
my $relay = Pupil::Relay->new;
my $clock = Pupil::Clock->new;
my $day = Pupil::Day->up(site => $site, start => 0,
    conf => { pupil_request_timeout => '60s',
              pupil_mail => "en second_factor forgotten=$PAGE",
              pupil_second_factor => 'teacher=required' });
$clock->of_all($day->pg);
my $nginx = $day->nginx;
$nginx->start;
$day->ready;
my ($db, $keys) = ($day->db, $site->keystore);
my $teacher = Pupil::Factor->new($day, 'teacher', $clock);
my ($id, $name) = @{ $teacher->who }{qw(id login)};
my $colleague = $day->person('colleague')->{login};
my $TICKET = '__Host-pupil-login';

sub forgotten ($who) {
    return $nginx->http->post('/v1/login/forgotten', json => {
        identifier => $who });
}

sub ask ($http) {
    return $http->post('/v1/login/second-factor', json => {
        method => 'email' });
}

sub outbox { scalar $db->selectrow_array('SELECT count(*) FROM pupil.outbox') }

# The bodies of the mails that are sent now.
sub sent () {
    is $site->ctl('work', $relay->options, $site->ctl_where)->{code}, 0,
        'mail is sent';
    return map { $_->{body} } $relay->mails;
}

# In by a code by mail: the ticket of before, the code, and the answer.
sub by_mail () {
    my $http = $teacher->half;
    is_status ask($http), 202, 'a code is asked for';
    my %used = (cookie => $http->cookies->{$TICKET});
    ($used{code}) = map { /^    (\d{6})$/m } sent();
    $used{answer} = $teacher->prove($http, email => $used{code} // 'none');
    return \%used;
}

sub again ($used) {
    my $http = $nginx->http;
    $http->cookies->{$TICKET} = $used->{cookie};
    return $teacher->prove($http, email => $used->{code});
}


# ---- by a clock that is a day ahead

$clock->forward($DAY);
$nginx->wait_ready;
my $credential = $day->rows_of('data.credential', $id);
my $before = by_mail();
is_status $before->{answer}, 200, 'somebody is in';
is_status forgotten($colleague), 202, 'a colleague has forgotten';
is scalar(sent()), 1, 'and has a link';
is_status ask(scalar $teacher->half), 202, 'a code is asked for';
is_status forgotten($name), 202, 'and a link';
is outbox(), 2, 'which are not sent yet';


# ---- it is set back

$clock->forward(-$DAY);
$nginx->wait_ready;
is scalar(sent()), 0, 'what nobody takes any more is not sent';
is outbox(), 0, 'nor is it kept';
is_status forgotten($colleague), 202, 'who has forgotten again';
is scalar(sent()), 1, 'has a link again';
is_status forgotten($colleague), 202, 'and once more, at once';
is scalar(sent()), 0, 'has no other';
is_status forgotten($name), 202, 'so has who had none';
is scalar(sent()), 1, 'one';

my $used = by_mail();
is_status $used->{answer}, 200, 'a code by mail lets in';
is_problem again($used), 401, 'invalid-credentials', name => 'once';
$clock->forward(2);
is_status by_mail()->{answer}, 200, 'the next one does, too';

# Whoever puts the row of before back has no second use of any (I18).
$day->put_back($credential);
is_problem again($used), 401, 'invalid-credentials',
    name => 'put back, not of the time after';
$clock->forward($DAY - 2);
$nginx->wait_ready;
is_problem again($before), 401, 'invalid-credentials',
    name => 'nor, once it is that time again, of the time before';


# ---- own passwords, of which an hour has so many

my ($owners) = $keys->selectrow_array('SELECT owners FROM keystore.size WHERE'
    . ' tenant = ?', {}, $site->tenant);
$keys->do('INSERT INTO keystore.floor (tenant, subject, own_at) SELECT ?,'
    . " gen_random_uuid(), now() + interval '23 hours' FROM"
    . ' generate_series(1, ?)', {}, $site->tenant, 100 + int($owners / 8));
my @words = ($day->person('pupil')->{password}, map {
    "a long walk along the shore $_" } 1, 2);
my $pupil = $day->as('pupil');
for my $n (1, 2) {                    # the first is not counted
    is_status $pupil->post('/v1/me/password', json => {
        current => $words[$n - 1], new => $words[$n] }), 200,
        "many that were changed in a day to come keep nobody from it: $n";
}

done_testing;
