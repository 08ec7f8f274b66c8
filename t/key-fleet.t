#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# Neither are keys wrapped under an epoch, nor is one retired, while a worker of
# the fleet lacks the newest: not even one that is cut off from the key store at
# that moment, as it would serve nobody when it is back.

use lib 't/lib';
use Pupil::Test;

my $site = pupil_up(import => 1);
my $keys = $site->keystore;
my @where = $site->ctl_where;
my %key = map { $_ => spew(tmp_dir() . "/kek.$_", slurp($site->key), 0600) }
          qw(one two);
my %host = map { $_ => $site->nginx(workers => 1,
    conf => { pupil_master_key => $key{$_} })->start } keys %key;
$_->allow_log(qr/terminating connection|connection .*lost|not heard/)
    for values %host;
wait_until(60, 'both hosts', sub {
    2 == grep { $_->http->get('/status/ready')->status == 200 } values %host });

sub key (@args) { $site->ctl('key', @args, @where) }

# A host gets the key file as it is.
sub copy_to ($name) {
    spew($key{$name}, slurp($site->key), 0600);
    $host{$name}->reload(wait => 1);
}

# A host does nothing while the code runs, and has lost its connections.
sub cut_off ($name, $code) {
    my ($worker) = $host{$name}->workers;
    kill STOP => $worker;
    $keys->do("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE"
        . " usename = 'pupil_keeper'");
    my $other = $name eq 'one' ? 'two' : 'one';
    wait_until(60, 'the other to be back', sub {
        $host{$other}->{pid}
            ? $host{$other}->http->get('/status/ready')->status == 200 : 1 });
    $code->();
    kill CONT => $worker;
}


# ---- under the new epoch

key('generate');
copy_to('one');
key('register');

cut_off(two => sub {
    like key('rotate')->{err}, qr/1 worker .*without epoch 2.*reload/s,
        'a host that is cut off and lacks the epoch keeps keys from being'
        . ' wrapped under it';
});
copy_to('two');
my $run;
ok eval { wait_until(60, 'rotate', sub {
    ($run = key('rotate'))->{code} == 0 }) }, 'until it has it'
    or diag $run->{err};


# ---- the end of the old one

key('generate');
copy_to('one');
key('register');

cut_off(two => sub {
    my $retire = key('retire', 1);
    isnt $retire->{code}, 0, 'nor is an epoch retired meanwhile';
    like $retire->{err}, qr/1 worker .*without epoch 3/s, 'and why';
});
$host{two}->quit;
like key('retire', 1)->{err}, qr/five minutes/,
    'a host that has ended counts for five minutes';
$keys->do("UPDATE keystore.worker SET seen_at = now() - interval '5 minutes'"
    . ' WHERE NOT 3 = ANY (epochs)');
$run = key('retire', 1);
is $run->{code}, 0, 'and no longer' or diag $run->{err};


# ---- what a row says

my ($rows, $host, $epochs) = $keys->selectrow_array('SELECT count(*), min(host),'
    . " min(epochs::text) FROM keystore.worker WHERE seen_at > now()"
    . " - interval '1 minute'");
is $rows, 1, 'a worker has one, whatever was reloaded';
like $host, qr/nginx\.conf$/, 'of its host and configuration';
is $epochs, '{1,2,3}', 'and its epochs';

my $keeper = $site->keys_pg->connect('pupil_keys');
$keeper->do('SET SESSION AUTHORIZATION pupil_keeper');
ok !eval { $keeper->do('DELETE FROM keystore.worker'); 1 },
    'no worker takes that of another away';


# ---- what somebody says who has the workers' role

sub says (@what) {
    $keeper->do('SELECT keystore.report(?, ?, ?, ?)', {}, @what);
}

says($host, 0, 'infinity', '1');
is $keys->selectrow_array('SELECT started_at <= now() FROM keystore.worker WHERE'
    . ' host = ? AND slot = 0', {}, $host), 1, 'nobody begins in the future';
$keys->do("UPDATE keystore.worker SET seen_at = now() - interval '40 seconds'"
    . ' WHERE host = ?', {}, $host);
says($host, 0, '2026-01-01', '1,2,3');
is $keys->selectrow_array('SELECT epochs FROM keystore.worker WHERE host = ? AND'
    . ' slot = 0', {}, $host)->[2], 3, 'whoever reports has its row back';

says('ghost', 0, '2026-01-01', '1');
like key('rotate')->{err}, qr/1 worker .*without epoch 3.*worker 0 of ghost/s,
    'who lacks an epoch is named';
$keeper->do("SELECT keystore.report('ghost ' || n, 0, now(), '1') FROM"
    . ' generate_series(1, 5000) AS n');
is $keys->selectrow_array('SELECT count(*) <= 4096 FROM keystore.worker'), 1,
    'and there are so many rows, and no more';

done_testing;
