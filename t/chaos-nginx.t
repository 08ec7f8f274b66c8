#!/usr/bin/perl

# I2, I12, I15 while nginx is reloaded, and its processes are killed, under
# load: nothing acknowledged is lost or stored twice, nobody sees another's
# answer, and a reload is not noticed by whoever tries again.

use lib 't/lib';
use Pupil::Test;
use Pupil::Chaos;
use Time::HiRes qw(sleep time);

my $chaos = Pupil::Chaos->new(pupils => 4, slow => 10);
my $nginx = $chaos->nginx;

sub statuses ($report) {
    return join ', ', map { "$_: $report->{statuses}{$_}" }
                      sort keys %{ $report->{statuses} };
}

# Nothing but answers, and connections that were cut at most so often.
sub only ($report, $name, $cut) {
    is $chaos->errors($report), '', "$name: no error was answered";
    cmp_ok $report->{statuses}{0} // 0, '<=', $cut,
        "$name: at most $cut connections were cut (" . statuses($report)
        . ')';
    cmp_ok $report->{statuses}{201} // 0, '>', 5, "$name: pupils could work";
}

my $load = $chaos->start;
sleep 3;
my $report = $chaos->worked($load)->end($load);
only($report, 'warm-up', 0);
$chaos->settled($report, 'warm-up');
my $warm = $chaos->measure;


# ---- reload: an old worker ends what it has begun

$load = $chaos->start;
for (1 .. 4) {
    sleep 0.8;
    $nginx->reload(wait => 1);
}
sleep 0.5;
$report = $chaos->worked($load)->end($load);

# An idle connection that is closed while a request comes (pitfall 23): one
# per process and reload.
only($report, 'reload', 4 * 5);
$chaos->settled($report, 'reload');
$chaos->flat($warm, 'reload');

# A configuration that is refused changes nothing.
$load = $chaos->start;
my @before = $nginx->workers;
my $conf = slurp($nginx->conf_file);
$nginx->allow_log(qr/\[emerg\].*(?:pupil_pool|nonsense)/);
spew($nginx->conf_file, $conf =~ s/pupil_tenant /nonsense on; pupil_tenant /r);
$nginx->reload;
sleep 0.5;
is join(' ', $nginx->workers), "@before", 'a bad configuration: same workers';
spew($nginx->conf_file, $conf);
$report = $chaos->worked($load)->end($load);
only($report, 'a bad configuration', 0);
$chaos->settled($report, 'a bad configuration');


# ---- kill -9

$load = $chaos->start;
for (1 .. 4) {
    sleep 0.8;
    my @old = $nginx->workers;
    my $killed = $old[$_ % 2];
    $nginx->kill_worker($killed);
    wait_until(60, 'a new worker', sub {
        my @new = $nginx->workers;
        return @new == 2 && !grep { $_ == $killed } @new;
    });
}
sleep 0.5;
$report = $chaos->worked($load)->end($load);
only($report, 'kill -9', 4 * 5);
cmp_ok $report->{statuses}{0} // 0, '>', 0, 'kill -9: was noticed';
$chaos->settled($report, 'kill -9');
$chaos->recovers(60, 'kill -9');
$chaos->flat($warm, 'kill -9');

# All at once: master and workers, then a start.
$load = $chaos->start;
sleep 0.8;
$nginx->kill9;
$nginx->start;
sleep 0.8;
$report = $chaos->worked($load)->end($load);
is $chaos->errors($report), '',
    'all are killed: no error was answered (' . statuses($report) . ')';
$chaos->settled($report, 'all are killed');
$chaos->recovers(60, 'all are killed');
is_status $chaos->client(($chaos->pupils)[0])->get('/v1/session'), 200,
    'sessions outlive all workers';

done_testing;
