#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I1, request by request: under load and faults every answer is compared, by its
# X-Request-Id, with what is stored of it.  An answer that shows, refuses or
# stores something has exactly its records, by its own actor; a 503 may have
# some.  With records in groups and one by one.  And none of the faults is taken
# for a record that somebody removed.

use lib 't/lib';
use Pupil::Test;

package ByRequest;

use v5.36;
use parent -norequire, 'Pupil::Chaos';
use Pupil::Chaos;
use Pupil::HTTP2;
use Pupil::Test;
use Pupil::Util;
use Time::HiRes qw(sleep);

# What pupils and the teacher ask: name, path or submission.
sub asks ($self, $person) {
    my $teacher = $person == $self->{teacher};
    my $other = ($self->pupils)[$person == ($self->pupils)[0] ? 1 : 0]{id};
    return (
        [session => GET => '/v1/session'],
        [identity => GET => '/v1/data/identity'],
        [list => GET => '/v1/homework'],
        $teacher
        ? ([overview => GET => $self->path('overview')],
           [denied => GET => '/v1/progress'])
        : ([history => GET => '/v1/progress?limit=5'],
           [unknown => GET => "/v1/data/identity/$other"],
           [submit => 'POST', '/v1/progress']),
    );
}

sub once ($self, $http, $person, $ask, $n) {
    my (undef, $method, $path) = @$ask;
    return eval { $http->request($method, $path, once => 1,
        $method eq 'POST'
        ? (json => $self->submission($person, "$person->{login} wrote $n",
                                     $n)) : ()) };
}

# Every answer is a line: request id, status, kind, actor.
sub act ($self, $person, $stop) {
    my @asks = $self->asks($person);
    my $http = $self->client($person, timeout => 120);
    open my $log, '>', $stop =~ s{stop$}{answers.$person->{login}}r
        or die "answers: $!\n";

    for (my $n = 0; !-e $stop; $n++) {
        my $ask = $asks[$n % @asks];
        my $res = $self->once($http, $person, $ask, $n);
        $http->close, next if !$res || !$res->status;
        my $kind = $person == $self->{teacher} ? "teacher's $ask->[0]"
                                               : $ask->[0];
        say $log join "\t", $res->request_id, $res->status, $kind,
                            $person->{id};
        sleep $res->status == 503 ? 0.02 : 0.002;
    }
    close $log;
    return { statuses => {}, acked => {}, open => {}, faults => [],
             slowest => 0 };
}

# Clients that leave before the answer, by HTTP/1.1 and by HTTP/2.
sub leave ($self, $stop) {
    my $person = ($self->pupils)[0];
    my $cookie = join '; ', map { "$_=$person->{cookies}{$_}" }
                            sort keys %{ $person->{cookies} };
    my @paths = map { $_->[2] } grep { $_->[1] eq 'GET' }
                $self->asks($person);

    while (!-e $stop) {
        my $path = $paths[rand @paths];
        eval {
            my $http = $self->client($person)->connect;
            $http->send_raw($http->request_bytes(GET => $path));
            sleep rand 0.01;
            $http->reset;
        };
        eval {
            my $h2 = Pupil::HTTP2->new(port => $self->nginx->port)->hello;
            for my $stream (1, 3, 5) {
                $h2->headers($stream, [':method' => 'GET', ':path' => $path,
                    ':scheme' => 'https', ':authority' => 'localhost',
                    cookie => $cookie], end => 1);
            }
            sleep rand 0.01;
            $h2->reset_stream($_) for 1, 3, 5;
            $h2->close;
        };
        sleep 0.02;
    }
}

package main;

use Time::HiRes qw(sleep);

my $chaos = ByRequest->new(pupils => 3);
my ($site, $nginx) = ($chaos->site, $chaos->nginx);
my $db = $site->db;
my $log = 'pupil.audit_record';
my $month = $db->selectrow_array(
    q{SELECT to_char(now() AT TIME ZONE 'UTC', '"audit_record_"YYYY_MM')});


# What each kind of answer leaves when all is calm: kind => outcomes.
sub expected () {
    my %of;
    for my $person ($chaos->{teacher}, ($chaos->pupils)[0]) {
        for my $ask ($chaos->asks($person)) {
            my $res = $chaos->once($chaos->client($person), $person, $ask,
                                   int rand 1e9);
            my $kind = $person == $chaos->{teacher} ? "teacher's $ask->[0]"
                                                    : $ask->[0];
            $of{$kind} = join ' ', @{ $db->selectcol_arrayref('SELECT outcome'
                . " FROM $log WHERE request = ? ORDER BY outcome", {},
                $res->request_id) };
        }
    }
    return \%of;
}

# Answers that are not what is stored of them.
sub compare ($expected, $answers, $since) {
    my (%stored, %actor, @wrong);
    for my $row (@{ $db->selectall_arrayref('SELECT request::text, outcome,'
        . " coalesce(actor::text, 'nobody') FROM $log WHERE at >= ?"
        . ' ORDER BY outcome', {}, $since) })
    {
        push @{ $stored{ $row->[0] } }, $row->[1];
        $actor{ $row->[0] }{ $row->[2] } = 1;
    }
    for (@$answers) {
        my ($request, $status, $kind, $actor) = @$_;
        next if $status == 503;
        my $has = join ' ', @{ $stored{$request} // [] };
        my $by = join ' ', keys %{ $actor{$request} // {} };
        push @wrong, "$kind $status: '$has' by '$by'"
            if $has ne $expected->{$kind} || $by ne $actor;
    }
    return @wrong;
}

sub backends () {
    return @{ $db->selectcol_arrayref('SELECT pid FROM pg_stat_activity WHERE'
        . " usename = 'pupil_gateway' AND datname = 'pupil'") };
}

my %faults = (
    'a reload' => sub { $nginx->reload(wait => 1) },
    'a killed worker' => sub { $nginx->kill_worker },
    'terminated backends' => sub {
        $db->do("SELECT pg_terminate_backend($_)") for backends();
    },
    'frozen backends' => sub {
        my @pids = (backends())[0 .. 2];
        kill STOP => grep { $_ } @pids;
        sleep 1;
        kill CONT => grep { $_ } @pids;
    },
    'a locked log' => sub {
        my $lock = $site->pg->connect('pupil');
        $lock->begin_work;
        $lock->do("LOCK TABLE $log IN ACCESS EXCLUSIVE MODE");
        sleep 1;
        $lock->rollback;
    },
    'a log that fails' => sub {
        $db->do("ALTER TABLE $log ADD CONSTRAINT no CHECK (outcome <>"
                . " 'allowed') NOT VALID");
        sleep 0.7;
        $db->do("ALTER TABLE $log DROP CONSTRAINT no");
    },
    'a log that drops every third record' => sub {
        $db->do($_) for
            'CREATE OR REPLACE FUNCTION pupil.no() RETURNS trigger LANGUAGE'
            . ' plpgsql AS $$ BEGIN RETURN CASE WHEN random() < 0.67 THEN NEW'
            . ' END; END $$',
            "CREATE TRIGGER no BEFORE INSERT ON pupil.$month FOR EACH ROW"
            . ' EXECUTE FUNCTION pupil.no()';
        sleep 0.7;
        $db->do("DROP TRIGGER no ON pupil.$month");
    },
);

my $expected = expected();
is scalar(grep { $_ eq '' } values %$expected), 0,
    'every kind of answer leaves a record';
my (@all, $since);

for my $size (128, 1) {
    $nginx->set(http => $site->http_conf(
        pupil => "pupil_audit_group $size;\n"));
    $nginx->reload(wait => 1);
    wait_until(60, 'ready', sub {
        $nginx->http->get('/status/ready')->status == 200 });

    $since = $db->selectrow_array('SELECT clock_timestamp()');
    my $load = $chaos->start;
    push @{ $load->{pids} },
        $chaos->fork_one(sub { $chaos->leave("$load->{dir}/stop") });
    sleep 1;
    for my $fault (sort keys %faults) {
        $faults{$fault}->();
        sleep 1;
    }
    sleep 1;
    my $report = $chaos->end($load);
    is "@{ $report->{faults} }", '', "$size: all clients ended well";

    @all = map { chomp; [split /\t/] }
           map { split /^/, slurp($_) } glob "$load->{dir}/answers.*";
    my %answered;
    $answered{ $_->[1] }++ for @all;
    diag "$size: ", join ', ', map { "$answered{$_} x $_" }
                               sort keys %answered;
    is join(' ', grep { !/^(?:200|201|403|404|503)$/ } sort keys %answered),
        '', "$size: answers are what they should be";
    cmp_ok $answered{200}, '>', 300, "$size: there was something to compare";
    cmp_ok $answered{503} // 0, '>', 0, "$size: and the faults were felt";
    my @wrong = compare($expected, \@all, $since);
    is scalar(@wrong), 0, "$size: each answer has its records, and no others"
        or diag join "\n", grep { defined } @wrong[0 .. 9];
}

# What was under way is declared within seconds.
my $verified;
for (1 .. 20) {
    for my $person ($chaos->{teacher}, $chaos->pupils) {
        $chaos->client($person)->get('/v1/session');
    }
    $verified = $site->ctl(qw(audit verify), $site->ctl_where);
    last if $verified->{code} == 0;
    sleep 0.5;
}
is $verified->{code}, 0, 'no fault is taken for tampering'
    or diag "$verified->{out}$verified->{err}";


# The comparison can fail: a record less, and one by somebody else.
my ($one, $two) = grep { $_->[1] == 200 } @all;
$db->do("DELETE FROM $log WHERE request = ?", {}, $one->[0]);
$db->do("UPDATE $log SET actor = gen_random_uuid() WHERE request = ?", {},
        $two->[0]);
is scalar(compare($expected, \@all, $since)), 2, 'what is wrong is found';
is $site->ctl(qw(audit verify), $site->ctl_where)->{code}, 1,
    'and pupilctl finds it, too';

$nginx->allow_log(qr/an answer did not carry|worker process \d+ exited/);
done_testing;
