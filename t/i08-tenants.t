#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I8 with two tenants: while a restored database lacks the erasure of one, none
# is done in the other, whose copy would count in its place and open the gate.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

my $day = Pupil::Day->up->all_here->work;
my ($site, $nginx) = ($day->site, $day->nginx);
my $there = Pupil::Day::neighbour($site);
my $id = $day->person('pupil')->{id};
my $dump = tmp_dir() . '/dump.sql';
$nginx->allow_log(qr/\[(?:error|crit)\].*(?:connection|database|terminat
                     |restored|listening|shutting)/x);

sub pupil_of ($of) {
    return $of->db->selectrow_array('SELECT subject FROM pupil.role WHERE'
        . " tenant = ? AND role = 'pupil' ORDER BY subject LIMIT 1", {},
        $of->tenant);
}

sub rows ($of) {
    return 0 + $site->db->selectrow_array('SELECT count(*) FROM data.identity'
        . ' WHERE owner = ?', {}, $of);
}

sub marks {
    return join ' ', $site->keystore->selectrow_array('SELECT entered,'
        . ' destroyed FROM keystore.mark'), $site->db->selectrow_array(
        'SELECT copied FROM pupil.mark');
}

sub ready { $nginx->http->get('/status/ready') }

my $other = pupil_of($there);
$site->pg->dump('pupil', $dump);
is $site->ctl('subject', 'erase', $id, $site->ctl_where)->{code}, 0,
    'somebody is erased';
$site->pg->replace('pupil', $dump);
is rows($id), 1, 'a backup has them again';


# ---- an erasure of the other tenant

my $run = $there->ctl('subject', 'erase', $other, $there->ctl_where);
is $run->{code}, 1, 'none is done in the other tenant';
like $run->{err}, qr/0 of 1 entries.*run pupilctl restore replay/, 'and why';
is marks(), '1 1 0', 'nothing is entered, nor counted';
is rows($other), 1, 'nor deleted';


# ---- one that was entered before, and is not done

$site->keystore->do("BEGIN; SET LOCAL pupil.tenant = '@{[ $there->tenant ]}';"
    . " SELECT keystore.enter_erasure('$other'); COMMIT");
is $site->ctl('work', $site->ctl_where)->{code}, 0, 'work';
is marks(), '2 1 0', 'leaves it alone';
is ready()->status, 503, 'the gate stays shut';

$run = $site->ctl('restore', 'replay', $site->ctl_where);
is $run->{code}, 0, 'replay' or diag $run->{err};
my @order = $run->{out} =~ /^(\S+) erased again/mg;
is_deeply \@order, [$id, $other], 'first whose key is gone: the gate opens with'
    . ' the last of them';
is marks(), '2 2 2', 'all are counted';
is rows($_), 0, 'and deleted' for $id, $other;
ok eval { wait_until(60, 'an open gate', sub { ready()->status == 200 }) },
    'the gate opens';

done_testing;
