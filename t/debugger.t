#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# A debugger comes to its end on a worker, whose plugins are copies that have no
# file, and reads the copies where docs/operations.md says that they are.

use lib 't/lib';
use Pupil::Test;

plan skip_all => 'only root debugs workers' if !am_root();

my $site = pupil_up(import => 1);
my $nginx = $site->nginx->start;
my ($worker) = $nginx->workers;
my $plugins = () = $nginx->conf_text =~ /^\s*pupil_plugin /mg;

sub debugged (@args) {
    my $run = run_cmd('gdb', '-nx', '-batch', '-p', $worker, @args);
    kill CONT => $worker;       # a debugger that was killed leaves it stopped
    return $run;
}

my $run = debugged('-ex', 'info sharedlibrary');
ok !$run->{timeout}, 'gdb does not wait for a plugin';
is $run->{code}, 0, 'and ends' or diag $run->{err};

$run = debugged('-iex', "set solib-search-path /proc/$worker/fd",
    '-ex', 'info sharedlibrary', '-ex', 'info line identity_normalise');
is $run->{code}, 0, 'gdb that is told where copies are' or diag $run->{err};
is scalar(() = $run->{out} =~ m{ Yes +/proc/$worker/fd/\d+$}mg), $plugins,
    'has read each of them';
like $run->{out}, qr/^Line \d+ of "plugins\/identity\//m,
    'and knows its lines';

is_status $nginx->http->get('/status/live'), 200, 'the worker goes on';


# ---- where there are fewer descriptors than the copies' numbers

my $few = $site->nginx(wrap => ['prlimit', '--nofile=300:300'],
                       connections => 100)->start;
is_status $few->http->get('/status/live'), 200,
    'with few descriptors nginx has plugins, too';

done_testing;
