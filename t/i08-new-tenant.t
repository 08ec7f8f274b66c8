#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I8 with a tenant that came after the backup: the data database does not know
# it, and its erasures count all the same, so that restore replay opens the
# gate for the others.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

my $day = Pupil::Day->up->all_here->work;
my ($site, $nginx) = ($day->site, $day->nginx);
my $dump = tmp_dir() . '/dump.sql';
$nginx->allow_log(qr/\[(?:error|crit)\].*(?:connection|database|terminat
                     |restored|listening|shutting)/x);

$site->pg->dump('pupil', $dump);
my $there = Pupil::Day::neighbour($site);
my $id = $there->db->selectrow_array('SELECT subject FROM pupil.role WHERE'
    . " tenant = ? AND role = 'pupil' LIMIT 1", {}, $there->tenant);
is $there->ctl('subject', 'erase', $id, $there->ctl_where)->{code}, 0,
    'somebody of a new tenant is erased';

$site->pg->replace('pupil', $dump);
ok eval { wait_until(60, 'the gate', sub {
    $nginx->http->get('/v1/session')->body =~ /restore-pending/ }) },
    'a backup of before is not served';
is $site->db->selectrow_array('SELECT count(*) FROM pupil.tenant'), 1,
    'nor does it have that tenant';

my $run = $site->ctl('restore', 'replay', $site->ctl_where);
is $run->{code}, 0, 'replay' or diag $run->{err};
is $run->{out}, "$id erased again, entry 1\n", 'has that entry, too';
is $site->db->selectrow_array('SELECT copied FROM pupil.mark'), 1,
    'it is counted';
my $last;
ok eval { wait_until(60, 'an open gate', sub {
    $last = $nginx->http->get('/status/ready');
    return $last->status == 200 }) }, 'the gate opens' or diag $last->body;
$run = $site->ctl('restore', 'replay', $site->ctl_where);
is "$run->{code}$run->{out}", 0, 'again: nothing to do' or diag $run->{err};
is $site->ctl('check', $nginx->conf_file, $site->ctl_where)->{code}, 0,
    'and check finds nothing';

done_testing;
