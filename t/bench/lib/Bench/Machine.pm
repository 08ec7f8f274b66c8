package Bench::Machine;

# The machine that is measured on, the tools in C, and the statistics.

use v5.36;

use Exporter qw(import);
use File::Path qw(make_path);
use List::Util qw(min max);
use Pupil::Nginx;
use Pupil::Postgres;
use Pupil::Util;

our @EXPORT_OK = qw(machine describe fsync_us build_tool load_tool
                    session_options median spread least);


sub machine () {
    my $cpu = slurp('/proc/cpuinfo');
    my ($model) = $cpu =~ /^model name\s*:\s*(.+)$/m;
    my $memory = slurp('/proc/meminfo') =~ /^MemTotal:\s+(\d+)/m ? $1 : 0;
    my $os = slurp('/etc/os-release') =~ /^PRETTY_NAME="(.+)"$/m ? $1 : '';
    my $version = run_cmd('/usr/lib/postgresql/15/bin/postgres', '--version');
    my ($pg) = $version->{out} =~ /(\d+\.\d+)/;

    return {
        model => $model // 'unknown',
        cores => scalar(() = $cpu =~ /^processor/mg),
        memory_gib => sprintf('%.0f', $memory / 1048576), os => $os,
        kernel => (split ' ', slurp('/proc/version'))[2], postgresql => $pg,
    };
}

sub describe ($m) {
    return "$m->{cores} processors ($m->{model}), $m->{memory_gib} GiB,"
        . " $m->{os}, Linux $m->{kernel},\nPostgreSQL $m->{postgresql}.";
}


# Microseconds of an fdatasync of 8 KiB where the cluster lies.
sub fsync_us ($dir) {
    my $file = "$dir/fdatasync.tmp";
    my $run = run_cmd(build_tool(qw(fdatasync accounts)), $file, 0.5);
    unlink $file;
    die "fdatasync: $run->{err}\n" if $run->{code};
    return 0 + $run->{out};
}


# Compiles t/bench/NAME.c (and more files) against core; the path.
sub build_tool (@names) {
    state %built;
    return $built{"@names"} //= compile(@names);
}

sub compile (@names) {
    my $root = root_dir();
    my $dir = build_dir() . '/bench';
    make_path($dir);
    my $out = "$dir/$names[0]";
    my $run = run_cmd(qw(cc -std=gnu11 -D_GNU_SOURCE -O2 -Wall -Wextra),
        qw(-Werror -Wshadow),
        "-I$root/include", "-I$root/ngx_module",
        '-I' . (run_cmd('pg_config', '--includedir')->{out} =~ s/\n//r),
        '-o', "$out.$$", (map { "$root/t/bench/$_.c" } @names),
        build_dir() . '/libpupil_core.a',
        qw(-lpq -lsodium -lpcre2-8 -lunistring -lssl -lcrypto -ldl -lpthread));
    die "cc: $run->{err}" if $run->{code};

    # it is there at once and whole: another bench may be about to run it
    rename("$out.$$", $out) or die "$out: $!";
    return $out;
}

# What asks over HTTP.
sub load_tool () {
    return build_tool(qw(http_load http_conn http_requests accounts));
}


# The settings of Pupil's sessions, and which day it is, as libpq's options
# have them.
sub session_options ($sql) {
    return '-c pupil.day=' . int(time / 86_400), map {
        my ($name, $value) = /^SET (\w+) = (\w+(?:, \w+)*)\z/
            or die "a setting: $_\n";
        "-c $name=" . $value =~ s/ //gr;
    } split /;/, $sql;
}


sub median (@values) {
    my @sorted = sort { $a <=> $b } @values;
    return undef if !@sorted;
    return @sorted % 2 ? $sorted[$#sorted / 2]
                       : ($sorted[@sorted / 2 - 1] + $sorted[@sorted / 2]) / 2;
}

# "median (least to greatest)"
sub spread ($values, $format) {
    return sprintf "$format ($format to $format)", median(@$values),
        min(@$values), max(@$values);
}

# "least (median to greatest)"
sub least ($values, $format) {
    return sprintf "$format ($format to $format)", min(@$values),
        median(@$values), max(@$values);
}


# What was started ends with the program, however it ends.
my $main = $$;
$SIG{INT} = $SIG{TERM} = $SIG{HUP} = sub { exit 1 };
$SIG{PIPE} = 'IGNORE';

END {
    if ($$ == $main) {
        my $code = $?;
        $_->quit for Pupil::Nginx::all();
        Pupil::Postgres::stop_all();
        Pupil::Util::forget_tmp_dir($ENV{PUPIL_KEEP});
        $? = $code;
    }
}

1;
