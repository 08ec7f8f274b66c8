#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# A request has a deadline, which its wait in pipelines and in groups of audit
# records counts against: a table that somebody holds makes 503 of what needs
# it, and holds nobody's answer back for minutes.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

my $day = Pupil::Day->up(conf => {
    pupil_pool => 'data connections=2 writers=1 statement_timeout=50s' });
my ($site, $nginx) = ($day->site, $day->nginx);
$day->work;
my %client = map { my $http = $nginx->http;
                   $http->login(@{ $day->person($_) }{qw(login password)});
                   ($_ => $http) } qw(pupil teacher classmate);
$client{nobody} = $nginx->http;

# Sends all of these while a table is held; their answers come before it is
# given back.
sub held ($table, $name, %ask) {
    my $lock = $site->pg->connect('pupil', AutoCommit => 0);
    $lock->do("LOCK TABLE $table IN ACCESS EXCLUSIVE MODE");
    for my $who (sort keys %ask) {
        $client{$who}->connect;
        $client{$who}->send_raw($client{$who}->request_bytes(@{ $ask{$who} }));
    }
    for my $who (sort keys %ask) {
        my $res = eval { $client{$who}->read_response };
        ok $res, "$name: $who is answered while it is held" or next;
        is_problem $res, 503, 'unavailable', name => "$name: $who gets 503";
    }
    is $nginx->http->get('/status/live')->status, 200, "$name: live";
    $lock->rollback;
    $lock->disconnect;
    wait_until(60, 'served again', sub {
        $client{pupil}->fresh->get('/v1/homework')->status != 503 });
}

my @list = (GET => '/v1/homework');
held('pupil.audit_record', 'no record', pupil => \@list,
     teacher => [GET => "/v1/homework/@{[$day->homework->{id}]}/progress"],
     classmate => [GET => '/v1/data/identity']);

my $submission = $day->answer($day->homework, 0);
held('data.progress', 'a submission', pupil =>
     [POST => '/v1/progress', json => $submission]);
like $client{pupil}->post('/v1/progress', json => $submission)->status,
    qr/^20[01]$/, 'sent again, it is stored or was';
is $site->db->selectrow_array('SELECT count(*) FROM data.progress WHERE'
    . ' record = ?', {}, $submission->{id}), 1, 'once';
is_status $client{pupil}->get('/v1/homework'), 200, 'as ever';


# ---- another deadline

$nginx->set(http => $site->http_conf(
    pupil => "pupil_request_timeout 300ms;\n"))->reload(wait => 1);
$_->close for values %client;
held('pupil.enrolment', 'a short one', pupil => \@list, teacher => \@list);
is_status $client{pupil}->get('/v1/homework'), 200, 'and as ever';


# ---- log-ins, whose attempts count and are on record all the same, once they
# have got what they wait for

sub refused () {
    return $site->db->selectrow_array('SELECT count(*) FROM pupil.audit_record'
        . " WHERE outcome = 'refused'");
}

for my $table (qw(pupil.login_throttle pupil.blind_index)) {
    my $before = refused();
    held($table, "a log-in and $table", nobody => [POST => '/v1/login',
        json => { identifier => $day->person('pupil')->{login},
                  password => 'not it' }]);
    ok eval { wait_until(60, '', sub { refused() == $before + 1 }); 1 },
        "$table: the attempt is on record, once";
}

done_testing;
