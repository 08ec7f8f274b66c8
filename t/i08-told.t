#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I8: what is told of the mark on the key store's channel, where the gateway's
# own role can tell anything, is a reason to ask and is not believed.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

my $day = Pupil::Day->up(workers => 1)->all_here->work;
my ($site, $nginx) = ($day->site, $day->nginx);
$nginx->allow_log(qr/\[(?:error|crit)\].*(?:connection|database|terminat
                     |restored|listening|shutting)/x);

sub backends {
    return map { @$_ } @{ $site->pg->dbh('postgres')->selectall_arrayref(
        "SELECT pid FROM pg_stat_activity WHERE usename = 'pupil_keeper'") };
}

# Each that is new has seen the mark.
sub connect_anew {
    my %old = map { $_ => 1 } backends();
    $site->pg->dbh('postgres')->do('SELECT pg_terminate_backend(pid) FROM'
        . " pg_stat_activity WHERE usename = 'pupil_keeper'");
    return eval { wait_until(60, 'new connections', sub {
        my @now = backends();
        return @now >= keys %old && !grep { $old{$_} } @now }) };
}

my $keys = $site->keystore;
for my $told ('mark 9000000 0', 'mark 9000000 9000000', 'mark x', 'mark ') {
    $keys->do('SET ROLE pupil_keeper');
    $keys->do('SELECT pg_notify(?, ?)', {}, 'pupil_keystore', $told);
    $keys->do('RESET ROLE');
    is $nginx->http->get('/v1/session')->status, 401, "\"$told\": it serves";
    ok connect_anew(), 'connections to the key store are made';
    is $nginx->http->get('/status/ready')->status, 200, 'it is ready';
    is $day->classmate->get('/v1/homework')->status, 200, 'and serves';
}

done_testing;
