#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I8 where both databases were restored to one earlier moment, so that neither
# tells of the other: pupil_ledger names the mirrored ledger, and a key store
# that has fewer entries is not used, by workers that know of nothing else.
# Without it, and this is shown, the name is back.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

my $site = pupil_up(import => 1);
my ($ledger, $mirror) = map { tmp_dir() . "/$_" } qw(ledger mirror);
my @file = ('--ledger', $ledger, '--mirror', "cat >> $mirror");
spew($mirror, '');
my $run = $site->ctl('erasure', 'key', '--key', $site->key);
chomp(my $signer = $run->{out});

my $day = Pupil::Day->up(site => $site)->all_here->work;
my $nginx = $day->nginx;
my $http = $nginx->{http};
my $id = $day->person('pupil')->{id};
my $overview = "/v1/homework/$day->{homework}{id}/progress";
$nginx->allow_log(qr/\[(?:error|crit)\].*(?:connection|database|terminat
                     |restored|listening|shutting)/x);

sub dump_ ($name) {
    $site->pg->dump($name, tmp_dir() . "/$name.sql");
}

sub restore_ ($name) {
    $site->pg->dbh('postgres')->do("DROP DATABASE $name WITH (FORCE)");
    my $run = run_cmd('psql', '-qX', '-v', 'ON_ERROR_STOP=1', '-f',
                      tmp_dir() . "/$name.sql",
                      $site->pg->conninfo('postgres'), { timeout => 300 });
    die "psql: $run->{err}" if $run->{code};
}

# The configuration with this directive.
sub configured ($path, $who) {
    return $nginx->set(http => "$http\npupil_ledger $path signer=$who;");
}

sub name_ {
    my $all = $day->expect(200, $day->teacher->get($overview));
    my ($entry) = grep { $_->{id} eq $id } @{ $all->json->{pupils} };
    return $entry->{display_name} // 'none';
}

my $name = name_();
dump_($_) for qw(pupil pupil_keys);
is $site->ctl('subject', 'erase', $id, @file, $site->ctl_where)->{code}, 0,
    'they are erased';
is name_(), 'none', 'the name is gone';
$nginx->quit;
restore_($_) for qw(pupil pupil_keys);


# ---- without the mirror

$nginx->start;
$day->ready;
is name_(), $name, 'two backups of one day know nothing: the name is back';
$nginx->quit;


# ---- with it

ok eval { configured($mirror, $signer)->start }, 'nginx starts with it'
    or diag $@;
my $last;
ok eval { wait_until(60, 'the gate', sub {
    $last = $nginx->http->get('/v1/session');
    return $last->body =~ /restore-pending/ }) }, 'nothing is served'
    or diag $last->text;
like $nginx->http->get('/status/ready')->json->{why},
    qr/key store was restored/, 'and why';
$run = $site->ctl('check', $nginx->conf_file, $site->ctl_where);
is $run->{code}, 1, 'pupilctl check finds it';
like $run->{out}, qr/key store was restored.*0 of 1 entries/, 'and why';
$run = $site->ctl('restore', 'replay', @file, $site->ctl_where);
is $run->{out}, "$id erased again, entry 1\n", 'replay' or diag $run->{err};
ok eval { $day->ready }, 'the gate opens' or diag $@;
is name_(), 'none', 'the name is gone';
is $site->ctl('check', $nginx->conf_file, $site->ctl_where)->{code}, 0,
    'check finds nothing';


# ---- what the directive refuses

my $tampered = spew(tmp_dir() . '/tampered', slurp($mirror)
                    =~ s/number 1/number 2/r);
for ([$tampered, $signer, qr/note 1 is not signed by pupil-erasure/],
     [tmp_dir() . '/none', $signer, qr/cannot open .*none/],
     [$mirror, 'x', qr/"x" is no signer.*pupilctl erasure key/])
{
    my ($path, $who, $said) = @$_;
    my $test = configured($path, $who)->test;
    isnt $test->{code}, 0, 'nginx -t refuses it';
    like $test->{err}, $said, 'and why';
    like $site->ctl('check', $nginx->conf_file, $site->ctl_where)->{out},
        $said, 'check in the same words';
}

done_testing;
