#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# What is being written of a person while they are erased does not outlive
# them: a statement that began before the fence commits after it, and its rows
# go, too.  A trigger holds the statement, as a slow disk would.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

my $day = Pupil::Day->up(conf => {
    pupil_pool => 'data statement_timeout=60s' })->all_here->work;
my ($site, $nginx) = ($day->site, $day->nginx);
my $dbh = $site->pg->dbh('pupil');

# Whoever inserts into a table waits for this lock, and no lock_timeout ends it.
my $gate = $site->pg->connect('pupil');
$dbh->do(<<'SQL');
CREATE FUNCTION public.held() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    WHILE NOT pg_try_advisory_xact_lock_shared(77) LOOP
        PERFORM pg_sleep(0.02);
    END LOOP;
    RETURN NEW;
END $$
SQL

sub waiting { $dbh->selectrow_array("SELECT count(*) FROM pg_stat_activity"
    . " WHERE usename = 'pupil_gateway' AND wait_event = 'PgSleep'") }

sub erase_process ($id) {
    my $env = Pupil::Site->ctl_env;
    open my $null, '>', '/dev/null' or die "$!\n";
    return start_process([build_dir() . '/pupilctl', 'subject', 'erase', $id,
        $site->ctl_where], env => $env, stdout => $null, stderr => $null);
}

sub rows ($table, $id) {
    my $whose = $table =~ /session/ ? 'subject' : 'owner';
    return 0 + $dbh->selectrow_array("SELECT count(*) FROM $table WHERE $whose"
        . ' = ?', {}, $id);
}

# Somebody is erased while a request of theirs is held at a table.
sub erased_meanwhile ($table, $who, $send, @left) {
    my $id = $day->person($who)->{id};
    $gate->do('SELECT pg_advisory_lock(77)');
    $dbh->do("CREATE TRIGGER held BEFORE INSERT ON $table FOR EACH ROW"
        . ' EXECUTE FUNCTION public.held()');
    my $http = $send->();
    ok eval { wait_until(60, 'the request', \&waiting) },
        "$table: the request is held" or diag $@;

    my $pid = erase_process($id);
    ok eval { wait_until(60, 'the fence', sub { $dbh->selectrow_array(
        "SELECT state = 'erased' FROM pupil.owner WHERE owner = ?", {}, $id)
        }) }, "$table: the person is fenced";
    my $ended = process_ends($pid, 3);          # if nothing holds it up
    $gate->do('SELECT pg_advisory_unlock(77)');
    my $res = $http->read_response;
    note 'status ' . $res->status;
    ok $ended || process_ends($pid, 60), "$table: the erasure ends";

    is rows($_, $id), 0, "$table: nothing is left in $_" for @left;
    is $dbh->selectrow_array("SELECT count(*) FROM pupil.erasure AS e JOIN"
        . ' pupil.ledger AS l USING (tenant, number) WHERE l.subject = ? AND'
        . " e.state <> 'done'", {}, $id), 0, "$table: all is done";
    $dbh->do("DROP TRIGGER held ON $table");
}

sub sent ($http, $method, $path, $json) {
    $http->send_raw($http->request_bytes($method, $path, json => $json));
    return $http;
}

erased_meanwhile('data.progress', pupil => sub {
    sent($day->pupil, POST => '/v1/progress', $day->answer($day->homework, 1))
}, 'data.progress');

erased_meanwhile('data.example', classmate => sub {
    sent($day->classmate, PATCH => '/v1/data/example', $day->preference)
}, 'data.example');

erased_meanwhile('data.network', colleague => sub {
    sent($nginx->http, POST => '/v1/login', $day->credentials('colleague'))
}, 'data.network', 'pupil.session');


# ---- a roster that is being imported

my $other = $day->person('other')->{id};
$gate->do('SELECT pg_advisory_lock(1347760177, hashtext(?))', {},
          $site->tenant);
my $run = $site->ctl('subject', 'erase', $other, $site->ctl_where);
is $run->{code}, 1, 'nobody is erased while a roster is imported';
like $run->{err}, qr/an import of this tenant is running/, 'and why';
is $dbh->selectrow_array('SELECT state FROM pupil.owner WHERE owner = ?', {},
    $other), 'active', 'nothing is begun';
is $site->ctl('work', $site->ctl_where)->{code}, 0, 'work goes on';
$gate->do('SELECT pg_advisory_unlock_all()');
is $site->ctl('subject', 'erase', $other, $site->ctl_where)->{code}, 0,
    'afterwards they are';

done_testing;
