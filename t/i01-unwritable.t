#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I1: a log that cannot be written is seen.  Why stands in error.log, in one
# line, and in another when the reason changes; /status/ready is red, with and
# without traffic, also when commits do not return; and all is well again by
# itself.

use lib 't/lib';
use Pupil::Test;
use Pupil::Clock;
use Pupil::Day;

my $day = Pupil::Day->up(workers => 1, start => 0,
    pg => { conf => { wal_level => 'replica', max_wal_senders => 2 } });
my $nginx = $day->nginx;

# The database and the worker go by one clock.
my $clock = Pupil::Clock->new;
$day->pg->by($clock)->restart;
$nginx->by($clock)->start;
$day->ready->all_here->work;
my $db = $day->db;
my $log = 'pupil.audit_record';
my $month = $db->selectrow_array(
    q{SELECT to_char(now() AT TIME ZONE 'UTC', '"audit_record_"YYYY_MM')});
my ($bounds) = $db->selectrow_array('SELECT pg_get_expr(relpartbound, oid)'
    . ' FROM pg_class WHERE relname = ?', {}, $month);

# Name, SQL that breaks it and mends it, what the log says of it.
my @breaks = (
    ['no partition', "ALTER TABLE $log DETACH PARTITION pupil.$month",
     "ALTER TABLE $log ATTACH PARTITION pupil.$month $bounds",
     qr/SQLSTATE 23514.*no partition for today.*pupilctl migrate/],
    ['no privilege', "REVOKE INSERT ON $log FROM pupil_gateway",
     "GRANT INSERT ON $log TO pupil_gateway",
     qr/SQLSTATE 42501.*pupil_gateway/],
    ['a clock that differs', <<"SQL", "DROP TRIGGER no ON pupil.$month",
CREATE OR REPLACE FUNCTION pupil.no() RETURNS trigger LANGUAGE plpgsql AS
    \$\$ BEGIN NEW.at := pupil.clock_differs(); RETURN NEW; END \$\$;
CREATE TRIGGER no BEFORE INSERT ON pupil.$month
    FOR EACH ROW EXECUTE FUNCTION pupil.no();
SQL
     qr/SQLSTATE PU003.*clocks/],
    ['records that are dropped', <<"SQL", "DROP TRIGGER no ON pupil.$month",
CREATE OR REPLACE FUNCTION pupil.no() RETURNS trigger LANGUAGE plpgsql AS
    \$\$ BEGIN RETURN NULL; END \$\$;
CREATE TRIGGER no BEFORE INSERT ON pupil.$month
    FOR EACH ROW EXECUTE FUNCTION pupil.no();
SQL
     qr/took records away.*trigger/],
);

my $seen = 0;

# Lines about the audit since the last call.
sub lines () {
    my $text = $nginx->log_text;
    my @lines = grep { /pupil: audit records/ } split /\n/,
                substr $text, $seen;
    $seen = length $text;
    return @lines;
}

sub ready () { $nginx->http->get('/status/ready') }

sub red ($why, $name) {
    my $res;
    wait_until(60, $name, sub { ($res = ready())->status == 503 });
    like $res->json->{why}, $why, "$name: and says why";
}

sub green ($name) {
    wait_until(60, "$name: ready again", sub { ready()->status == 200 });
}


# ---- requests find it

lines();
for my $break (@breaks) {
    my ($name, $break_sql, $mend_sql, $line) = @$break;
    $db->do($break_sql);
    for (1 .. 12) {
        is $day->pupil->get('/v1/session')->status, 503, "$name: 503"
            or last;
    }
    my @lines = lines();
    is scalar(@lines), 1, "$name: one line" or diag join "\n", @lines;
    like $lines[0] // '', qr/\[error\].*$line/, "$name: that says why";
    is ready()->status, 503, "$name: not ready";
    $db->do($mend_sql);
    green($name);
    is $day->pupil->get('/v1/session')->status, 200, "$name: over";
}


# ---- nobody asks: the probe finds it

for my $break (@breaks) {
    my ($name, $break_sql, $mend_sql) = @$break;
    $db->do($break_sql);
    $clock->forward(6);         # a probe is that old before there is another
    red(qr/audit/, "$name, without traffic");
    $db->do($mend_sql);
    green("$name, without traffic");
}
is $db->selectrow_array("SELECT count(*) FROM $log WHERE tenant <> ?", {},
                        $day->tenant), 0, 'probes leave no record';


# ---- commits that do not return

$day->pg->set(synchronous_standby_names => 'nobody')->reload;
red(qr/audit.*commit|commit.*audit/, 'a standby that is not there');
$day->pg->set(synchronous_standby_names => undef)->reload;
green('a standby that is not there');
is $day->pupil->get('/v1/session')->status, 200, 'all is well again';

done_testing;
