#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# A relay that hangs: what pupilctl work waits for it is bounded, and what else
# it has to do, for whatever tenant, does not wait for one mail after the other.

use lib 't/lib';
use Pupil::Test;
use Pupil::Clock;
use Pupil::Day;
use Pupil::Outbox;
use Time::HiRes ();

use constant SPEED => 10;       # a minute is six seconds

my $site = pupil_up(import => 1);
my $outbox = Pupil::Outbox->new($site);
my $there = Pupil::Outbox->new(Pupil::Day::neighbour($site));
my $db = $site->db;
my $clock = Pupil::Clock->new(speed => SPEED);

my %relay;
for my $mode (qw(greeting data quit)) {
    my $port = free_port();
    my $file = tmp_dir() . "/$mode";
    open my $log, '>', $file or die;
    start_process([root_dir() . '/t/lib/relay.py', $port, $mode],
                  stdout => $log);
    wait_until(60, "the relay $mode", sub {
        IO::Socket::INET->new("127.0.0.1:$port") });
    $relay{$mode} = { port => $port, file => $file };
    wait_until(60, 'that to be told', sub { told($mode, 'came') });
    truncate $file, 0 or die;
}

sub told ($mode, $what) { scalar(() = slurp($relay{$mode}{file}) =~ /$what/g) }

sub by ($mode) {
    return ('work', '--mail', "smtp://127.0.0.1:$relay{$mode}{port}",
            '--mail-plain', '--mail-from', 'no-reply@pupil.example');
}

# For all tenants; seconds that it took, of those that it is told.
sub work ($mode) {
    my $began = Time::HiRes::time();
    my $run = $site->ctl(by($mode), $site->ctl_databases,
                         { env => $clock->env });
    return ($run, SPEED * (Time::HiRes::time() - $began));
}


# ---- how long, for whom

for my $case (['greeting', 'says nothing'], ['data', 'takes no mail']) {
    my ($mode, $how) = @$case;
    my $came = told($mode, 'came');
    $_->clear for $outbox, $there;
    $_->put for $outbox, $there;
    my ($run, $took) = work($mode);
    is $run->{code}, 1, "a relay that $how" or diag $run->{err};
    like $run->{err}, qr/the mail relay/, "$how: as is said";
    is told($mode, 'came') - $came, 1, "$how: one mail is tried, and no more";
    cmp_ok $took, '<', 170, "$how: for a minute and a half";
    is $outbox->count + $there->count, 2, "$how: nothing is lost";
}

$_->clear for $outbox, $there;
$_->put for $outbox, $there;
my ($run, $took) = work('quit');
is $run->{code}, 0, 'a relay that says no goodbye' or diag $run->{err};
is told('quit', 'yes'), 2, 'has said yes to each';
cmp_ok $took, '<', 200, 'and is not waited for as for an answer';
is $outbox->count + $there->count, 0, 'and the rows are gone';


# ---- what else there is to do

$_->clear for $outbox, $there;
$_->put(20) for $outbox, $there;
$clock->faster(1);
my $pid = start_process([build_dir() . '/pupilctl', by('greeting'), '--follow',
    $site->ctl_databases], env => { %{ $site->ctl_env }, %{ $clock->env } });
my $came = told('greeting', 'came');
my $done = eval {
    wait_until(60, 'a mail to be on its way', sub {
        told('greeting', 'came') > $came });
    $clock->faster(SPEED);
    for my $round (1 .. 5) {
        my $id = $outbox->revoke;
        wait_until(120 / SPEED, "revocation $round to be finished", sub {
            !$db->selectrow_array('SELECT count(*) FROM pupil.revocation WHERE'
                . ' revocation = ?', {}, $id) });
    }
    1;
};
diag $@ if !$done;
kill KILL => $pid;
process_ends($pid, 60);
ok $done, 'each revocation is finished while a relay hangs';
cmp_ok told('greeting', 'came') - $came, '<=', 2, 'which is left alone then';

done_testing;
