#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I9: a sealer of one tenant alone says how far it is of that tenant, and of no
# other: so that tenant ends while it is sealed, as it does by a sealer of all.

use lib 't/lib';
use Pupil::Test;
use Pupil::Seal;

my $site = pupil_up(import => 1);
my ($db, $tenant) = ($site->db, $site->tenant);
my $seal = Pupil::Seal->new($site);
my $log = tmp_dir() . '/log';

open my $out, '>', $log or die "$log: $!\n";
my $sealer = start_process([$seal->command(qw(audit seal --follow))],
    env => Pupil::Nginx->sanitizer_env, stdout => $out, stderr => $out);
wait_until(60, 'the log to be sealed', sub {
    $db->selectrow_array('SELECT count(*) FROM pupil.seal WHERE tenant = ?', {},
                         $tenant) });

my $run = $site->ctl(qw(tenant offboard Testkommunen --without-export),
                     $site->ctl_where);
is $run->{code}, 0, 'the tenant ends' or diag $run->{err}, slurp($log);
is 0 + $db->selectrow_array('SELECT count(*) FROM pupil.sealer'), 0,
    'of all tenants nothing was said';


ok alive($sealer), 'the sealer follows on' or diag slurp($log);
is 0 + $db->selectrow_array('SELECT count(*) FROM pupil.sealer_tenant WHERE'
    . ' tenant = ?', {}, $tenant), 0, 'what it said went with the tenant';

kill TERM => $sealer;
process_ends($sealer, 60);
done_testing;
