package Bench::Memory;

# Resident memory of a worker that holds idle connections.

use v5.36;

use Bench::Entrant::Pupil;
use Bench::Machine qw(build_tool);
use Exporter qw(import);
use IPC::Open2;
use Pupil::Util;

our @EXPORT_OK = qw(memory);

my @counts = (100, 1000, 10_000);

# What connections speak: [name, how t/bench/idle_load speaks, TLS]
my @kinds = (['plain', 'plain', 0], ['TLS', 'tls', 1],
             ['HTTP/2', 'http2', 1]);


# { kind => { connections => KiB } }: one worker each, which answered one
# request on each connection.
sub memory ($school, @n) {
    @n = @counts if !@n;
    my %got;

    for my $kind (@kinds) {
        my ($name, $how, $tls) = @$kind;
        my $entrant = Bench::Entrant::Pupil->start($school, workers => 1,
            conf => { pupil_behind_proxy => $tls ? 'off' : 'on' },
            nginx => { tls => $tls, connections => $n[-1] + 1000,
                       main => "worker_rlimit_nofile 65536;\n" });
        my ($worker) = $entrant->pids;
        my $pid = open2(my $out, my $in, build_tool('idle_load'), '--port',
                        $entrant->port, '--path', '/status/live', '--how',
                        $how, @n);
        for my $n (@n) {
            my $held = <$out> // '';
            die "idle_load: $n connections were not opened\n"
                if $held ne "$n\n";
            $got{$name}{$n} = process_rss($worker);
            syswrite $in, "\n";
        }
        close $in;
        waitpid $pid, 0;
        $entrant->stop;
    }
    return \%got;
}

1;
