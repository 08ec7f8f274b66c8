#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# An end of a tenant's audit that no command has written, as whoever writes the
# data database can: nothing of the tenant goes on record, so nothing of it is
# answered, which /status/ready and `pupilctl check` say.  Once the row is gone it
# is served again, by workers that go on, and its log has no hole.  An end that is
# under way takes no worker from the others.

use lib 't/lib';
use Pupil::Test;
use Pupil::Away;
use Pupil::Day;

my $site = pupil_up(import => 1);
my $there = Pupil::Day::neighbour($site);
my ($db, $dir) = ($site->db, tmp_dir());
mkdir "$dir/checkpoints" or die "$dir: $!\n";
my @checkpoints = ('--checkpoints', "$dir/checkpoints");

my $nginx = $site->nginx(workers => 2, conf => { pupil_tenant => '$school' },
                         http => Pupil::Away::map($site, $there))->start;
my $here = bless { site => $site, nginx => $nginx, people => {}, http => {} },
    'Pupil::Day';
my $away = Pupil::Away->day($there, $nginx);
$here->ready;
my @each = $here->on_each($here->as('pupil'));
my @others = $here->on_each($away->as('pupil'));

sub session ($http, @more) { $http->get('/v1/session', @more)->status }
sub there ($http) { session($http, header => { 'X-School' => 'there' }) }
sub ready ($http) {
    my $res = $http->get('/status/ready');
    return $res->status == 200 ? 'ready' : $res->json->{why} =~ s/:.*//r;
}
sub check { $site->ctl('check', $nginx->conf_file, $site->ctl_where)->{out} }

is join(' ', map { session($_) } @each), '200 200', 'a tenant is served';
unlike check(), qr/audit_end/, 'and check finds no end';


# ---- one that somebody wrote

my $why = 'the audit of a tenant has ended, and no command has ended it';

for my $closed ('false', 'true') {
    $db->do("INSERT INTO pupil.audit_end VALUES (?, now(), $closed)", {},
            $site->tenant);
    $here->soon(503, "closed is $closed: nothing is answered", \&session, @each);
    $here->soon($why, 'workers say why they are not ready', \&ready, @each);
    $here->soon(200, 'others are served', \&there, @others);
    like check(), qr/pupil\.audit_end\b.*\Q@{[$site->tenant]}\E.*DELETE/,
        'check names it, and what to do';
    like $nginx->log_text, qr/pupil: .*pupil\.audit_end.*\Q@{[$site->tenant]}\E/,
        'and so does the log';

    $db->do('DELETE FROM pupil.audit_end WHERE tenant = ?', {}, $site->tenant);
    $here->soon(200, 'it is gone: all is answered', \&session, @each);
    $here->soon('ready', 'and workers are ready', \&ready, @each);
    unlike check(), qr/audit_end/, 'and check finds none';
}

my @sealed = ([qw(audit seal), @checkpoints, $site->ctl_databases],
              [qw(audit verify), @checkpoints, $site->ctl_where]);
for (@sealed) {
    my $run = $site->ctl(@$_);
    is $run->{code}, 0, "audit $_->[1]: numbers that were refused are no hole"
        or diag "$run->{out}$run->{err}";
}


# ---- one that is under way

$there->ctl('tenant', 'offboard', 'Grannkommunen', '--without-export',
            $there->ctl_where);
is $db->selectrow_array('SELECT closed FROM pupil.audit_end WHERE tenant = ?',
    {}, $there->tenant), 0, 'a tenant that ends waits to be sealed';
$here->soon(503, 'nothing of it is answered', \&there, @others);
like check(), qr/the end of the tenant \Q@{[$there->tenant]}\E.*not done/,
    'check says that it is not done';
sleep 3;
$here->soon('ready', 'it makes no worker red', \&ready, @each);
$here->soon(200, 'others are served', \&session, @each);

done_testing;
