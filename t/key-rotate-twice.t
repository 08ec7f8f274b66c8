#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# Two runs of pupilctl key rotate at once: one waits for the other, and both
# end well.

use lib 't/lib';
use Pupil::Test;

my $site = pupil_up();
my $keys = $site->keystore;
my @all = $site->ctl_databases;

$site->ctl_ok(qw(key generate --key), $site->key);
$site->ctl_ok(qw(key register), @all);

sub waiting () {
    return $keys->selectrow_array('SELECT count(*) FROM pg_stat_activity WHERE'
        . " usename = 'pupil_operator' AND wait_event_type = 'Lock'");
}

my $holder = $site->pg->connect('pupil_keys', AutoCommit => 0);
$holder->do('SELECT FROM keystore.tenant_key FOR UPDATE');
my @runs = map {
    my $file = tmp_dir() . "/run$_";
    open my $out, '>', $file or die "$file: $!\n";
    my $pid = start_process([build_dir() . '/pupilctl', qw(key rotate), @all],
        stdout => $out, stderr => $out, env => Pupil::Nginx->sanitizer_env);
    { pid => $pid, file => $file };
} 1, 2;
wait_until(60, 'both to wait', sub { waiting() == 2 });
$holder->rollback;

for my $run (@runs) {
    ok process_ends($run->{pid}, 60), 'a rotation ends';
    is $? >> 8, 0, 'well' or diag slurp($run->{file});
}
is_deeply $keys->selectall_arrayref('SELECT version, epoch FROM'
    . ' keystore.tenant_key'), [[2, 2]], 'there is one new version, alone';

done_testing;
