#!/usr/bin/perl

# Records of what is shown are written for many requests at once.  No answer
# leaves before its record is committed (I1); each has its own, complete; all of
# a group fail with it; who leaves is on record all the same.  A group is as
# large as pupil_audit_group allows.

use lib 't/lib';
use Pupil::Test;
use Pupil::Class;
use Time::HiRes qw(sleep);

my $class = Pupil::Class->up(nginx => { workers => 1 });
my ($db, $nginx) = ($class->db, $class->nginx);
my $homework = $class->assign;
my $path = "/v1/homework/$homework->{id}";
my $first = $class->pupil;
is_status $first->get($path), 200, 'keys and session are known';

# Connections that share the pupil's session.
my @clients = map { $first->fresh } 1 .. 24;
for my $client (@clients) {
    %{ $client->cookies } = %{ $first->cookies };
    $client->connect;
}

# Holds the table, so that a commit of the gateway has to wait.
my $lock = $class->site->pg->connect('pupil');
sub hold () {
    $lock->begin_work;
    $lock->do('LOCK TABLE pupil.audit_record IN ACCESS EXCLUSIVE MODE');
}

sub ask (@who) { $_->send_raw($_->request_bytes('GET', $path)) for @who }

sub readable ($client, $seconds) {
    vec(my $bits = '', fileno $client->socket, 1) = 1;
    return scalar select $bits, undef, undef, $seconds;
}

sub waits () {
    return $db->selectrow_array("SELECT count(*) FROM pg_stat_activity WHERE"
        . " usename = 'pupil_gateway' AND wait_event_type = 'Lock'");
}


hold;
my $before = $db->selectrow_array('SELECT clock_timestamp()');
ask($clients[0]);
wait_until(60, 'the first group is on its way', sub { waits() });
ask(@clients[1 .. $#clients]);
sleep 0.5;
ok !(grep { readable($_, 0) } @clients),
    'I1: nobody is answered before the commit';
is waits(), 2, 'and two connections wait, whatever the number of requests';

my $gone = pop @clients;
$gone->close;
sleep 0.1;
$lock->rollback;

my @answers = map { $_->read_response } @clients;
is scalar(grep { $_->status == 200 } @answers), 23, 'then all are';
is scalar(grep { $_->json->{id} eq $homework->{id} } @answers), 23,
    'with what they asked for';

my $records = sub {
    return $db->selectall_arrayref('SELECT request::text, xmin::text, outcome,'
        . ' actor::text, cardinality(subjects) FROM pupil.audit_record'
        . " WHERE at > ? AND role <> 'gateway'", {}, $before);
};
wait_until(60, 'a record each', sub { @{ $records->() } == 24 });
my $rows = $records->();
my %request = map { $_->[0] => $_ } @$rows;
is scalar(keys %request), 24, 'of its own request';
is scalar(grep { !$request{ $_->header('X-Request-Id') } } @answers), 0,
    'each answer has its record';
my %group;
$group{ $_->[1] }++ for @$rows;
my ($largest) = sort { $b <=> $a } values %group;
cmp_ok $largest, '>=', 12,
    "many in one transaction (of @{[join ' and ', sort values %group]})";
is scalar(grep { $_->[2] eq 'allowed' && $_->[3] eq $rows->[0][3]
                 && $_->[4] == 1 } @$rows), 24,
    'complete: outcome, actor, the teacher whose name was shown';


# A group that fails takes all of its requests with it.

$db->do('ALTER TABLE pupil.audit_record ADD CONSTRAINT broken'
        . " CHECK (outcome <> 'allowed') NOT VALID");
ask(@clients);
@answers = map { $_->read_response } @clients;
is scalar(grep { $_->status == 503 } @answers), 23,
    'I1: a group that is not committed shows nothing';
ok !(grep { $_->body =~ /\Q$homework->{title}/ } @answers),
    'of anybody';
$db->do('ALTER TABLE pupil.audit_record DROP CONSTRAINT broken');
is_status $first->get($path), 200, 'and the next is served';


# pupil_audit_group: no more than that, and full ones do not wait.

for my $size (1, 5) {
    $nginx->set(http => $class->site->http_conf(
        pupil => "pupil_audit_group $size;\n"));
    $nginx->reload(wait => 1);
    $_->close for $first, @clients;
    wait_until(60, 'ready', sub { $first->get($path)->status == 200 });
    $_->connect for @clients;
    wait_until(60, 'writers', sub { $nginx->http->get('/status')
        ->json->{database_data}{connections} == 6 });

    $before = $db->selectrow_array('SELECT clock_timestamp()');
    hold;
    ask(@clients);
    wait_until(60, "$size: some on their way", sub { waits() && sleep 0.5 });
    ok !(grep { readable($_, 0) } @clients), "$size: nobody is answered";
    $lock->rollback;
    is scalar(grep { $_->read_response->status == 200 } @clients), 23,
        "$size: then all are";

    $rows = $records->();
    is scalar(@$rows), 23, "$size: a record each";
    %group = ();
    $group{ $_->[1] }++ for @$rows;
    ($largest) = sort { $b <=> $a } values %group;
    is $largest, $size, "$size: at most so many in a transaction";
}

done_testing;
