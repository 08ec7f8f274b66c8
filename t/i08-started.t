#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I8 of workers that have just started, where the key store is older than an
# erasure that the data knows of: whichever of the two they meet first, they
# are not ready before both marks were compared.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

my $day = Pupil::Day->up(workers => 1)->all_here->work;
my ($site, $nginx) = ($day->site, $day->nginx);
my $dump = tmp_dir() . '/dump.sql';
$nginx->allow_log(qr/\[(?:error|crit)\].*(?:connection|database|terminat
                     |restored|listening|shutting)/x);

my $run = run_cmd('pg_dump', '-C', '-f', $dump,
                  $site->pg->conninfo('pupil_keys'), { timeout => 300 });
die "pg_dump: $run->{err}" if $run->{code};
is $site->ctl('subject', 'erase', $day->person('pupil')->{id},
              $site->ctl_where)->{code}, 0, 'they are erased';
$nginx->quit;
$site->pg->dbh('postgres')->do('DROP DATABASE pupil_keys WITH (FORCE)');
$run = run_cmd('psql', '-qX', '-v', 'ON_ERROR_STOP=1', '-f', $dump,
               $site->pg->conninfo('postgres'), { timeout => 300 });
die "psql: $run->{err}" if $run->{code};

my @served;
for my $start (1 .. 6) {
    $nginx->start;
    wait_until(60, 'a connection to the data', sub {
        $site->pg->dbh('postgres')->selectrow_array('SELECT count(*) FROM'
            . " pg_stat_activity WHERE usename = 'pupil_gateway' AND state ="
            . " 'idle'") >= 4 });
    push @served, grep { $_ == 200 }
         map { $nginx->http->get('/status/ready')->status } 1 .. 3;
    $nginx->quit;
}
is_deeply \@served, [], 'no worker was ready at any time';

done_testing;
