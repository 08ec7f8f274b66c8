#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I9: how long what was sealed is not shipped, of the tenant that waits longest,
# stands in /status; over a minute workers say so, and which tenant.  It is what
# the database has of it, whatever becomes of the sealer.  The same of what is
# not sealed for over ten seconds.  pupilctl check finds a sealer that ships
# nothing.

use lib 't/lib';
use Pupil::Test;
use Pupil::Seal;

my $site = pupil_up(import => 1);
my ($db, $tenant) = ($site->db, $site->tenant);
my $nginx = $site->nginx(workers => 2)->start;
my $seal = Pupil::Seal->new($site);
my ($log, $away, $fails) = map { tmp_dir() . "/$_" } qw(log away fails);
my $ship = "if [ -e $fails ]; then exit 1; fi; cp \"\$1\" $away";

sub start (@ship) {
    open my $out, '>', $log or die "$log: $!\n";
    return start_process([build_dir() . '/pupilctl', qw(audit seal --follow),
        '--checkpoints', $seal->dir, @ship, $site->ctl_databases],
        env => Pupil::Nginx->sanitizer_env, stdout => $out, stderr => $out);
}

sub finish ($sealer) { kill TERM => $sealer; process_ends($sealer, 60) }

sub lag ($name) { $nginx->http->get('/status')->json->{audit}{"${name}_seconds"} }

# What becomes of it, within a while.
sub becomes ($what, $is) {
    return eval { wait_until(60, $what, $is); 1 };
}

sub said ($re) {
    return scalar grep { /$re/ } split /\n/, $nginx->log_text;
}

sub sealed {
    return 0 + $db->selectrow_array('SELECT count(*) FROM pupil.seal');
}

sub check () { $site->ctl('check', $nginx->conf_file, $site->ctl_where)->{out} }


# ---- what is shipped

is lag('unshipped'), undef, 'without a sealer nothing is known';
my $sealer = start('--ship', $ship);
ok becomes('what is shipped', sub {
    sealed() && -e $away && (lag('unshipped') // -1) == 0 }),
    'what is shipped is not behind' or diag slurp($log);
unlike check(), qr/ships/, 'nor a finding';


# ---- what is not

spew($fails, '');
my $batches = sealed();
$site->ctl_ok('user', 'list', $site->ctl_where);
ok becomes('a batch', sub { sealed() > $batches && lag('unshipped') > 0 }),
    'what is not shipped is behind' or diag slurp($log);
my ($since) = $db->selectrow_array('SELECT since FROM pupil.unshipped WHERE'
    . ' tenant = ?', {}, $tenant);
$batches = sealed();
$site->ctl_ok('user', 'list', $site->ctl_where);
ok becomes('a batch', sub { sealed() > $batches }), 'another batch';
is $db->selectrow_array('SELECT since FROM pupil.unshipped'), $since,
    'it is the oldest that counts';
is said('shipped'), 0, 'a while says nobody';

finish($sealer);
$db->do("UPDATE pupil.unshipped SET since = since - interval '70 s'");
my $waits = qr/\[error\].*checkpoint of tenant \Q$tenant\E is not shipped/;
ok becomes('a minute', sub { lag('unshipped') > 60 && said($waits) }),
    'over a minute workers say so, and whose, without a sealer, too';
is said($waits), 1, '... once';
# whichever worker answers, which looks for itself
my %shown = (
    prometheus => qr/^pupil_audit_unshipped_seconds\{worker="\d+"\} \d\d+$/m,
    html => qr/unshipped_seconds<\/td><td>\d\d+</);
for my $format (sort keys %shown) {
    ok becomes("the $format", sub {
        $nginx->http->get("/status?format=$format")->body =~ $shown{$format} }),
        "it stands in the $format";
}
ok becomes('ten seconds', sub {
    said(qr/\[error\].*nothing is sealed since \d+ s/) }),
    'that nothing is sealed is said as well';


# ---- who goes on ships it

unlink $fails or die "$fails: $!\n";
$sealer = start('--ship', $ship);
ok becomes('what is shipped', sub { lag('unshipped') == 0 }),
    'the next sealer ships it' or diag slurp($log);
is slurp($away), slurp($seal->file), 'all of it';
ok becomes('the log', sub {
    said(qr/\[notice\].*are shipped again/)
    && said(qr/\[notice\].*is sealed again/) }), 'and workers say so';
finish($sealer);


# ---- a sealer that does not ship

$sealer = start();
ok becomes('the sealer', sub {
    !$db->selectrow_array('SELECT ships FROM pupil.sealer') }),
    'one that has no command says so';
like check(), qr/the sealer ships no checkpoints: give pupilctl audit seal --ship/,
    'which is a finding';
ok becomes('a worker', sub { !defined lag('unshipped') }),
    'of which there is no lag';
finish($sealer);

done_testing;
