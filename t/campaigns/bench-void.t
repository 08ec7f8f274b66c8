#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# A run of the benchmark in which any answer was not 2xx is void: what is
# refused leaves fewer records, and would count as lost ones.  Also in its
# warm-up, which is measured by nothing else.

use lib 't/lib', 't/bench/lib';
use Pupil::Test;
use Bench::Machine qw(load_tool);
use Bench::Measure;

plan(skip_all => 'a bench is of the build that ships, not of a sanitized one')
    if $ENV{PUPIL_SANITIZE};

my $request = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
my $file = spew(tmp_dir() . '/requests', length($request) . "\n$request");
my $nginx = Pupil::Nginx->new(tls => 1, http2 => 0, load => 0,
    http => 'map $connection_requests $first { default 0; 1 1; }',
    server => 'return 204;')->start;

# Half a second of it, after half a second to warm up; 0 when it is void.
sub counts ($server) {
    $nginx->set(server => "keepalive_requests 1000000; $server")
          ->reload(wait => 1);
    my $run = run_cmd(load_tool(), '--port',
        $nginx->port, '--requests', $file, '--connections', 2, '--warm', 0.5,
        '--seconds', 0.5);
    return eval { Bench::Measure::outcome('a run', $run); 1 } // 0;
}

is counts('return 204;'), 1, 'all is answered: it counts';
is counts('if ($first) { return 503; } return 204;'), 0,
    'the first are refused, while it warms up: void';
is counts('return 301 /elsewhere;'), 0, 'led elsewhere: void';

done_testing;
