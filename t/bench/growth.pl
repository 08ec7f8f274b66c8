#!/usr/bin/perl
# Copyright (C) the Pupil authors
#
# How the cost of the hot paths grows with what is stored, and with everything
# else that can be more: writes docs/performance/growth.md, capacity.md and
# build/bench/growth.json.  About half an hour; --quick, a few minutes, for a
# look at small volumes.
#
#     t/bench/growth [--quick] [--rounds N] [--seconds S] [--docs FOLDER]
#                    [--axes subjects,audit,...] [--from JSON]
#
# --from: writes the pages again from what was measured.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/../lib", "$FindBin::Bin/lib";
use Bench::Growth::Axes qw(axes);
use Bench::Growth::Capacity qw(capacity_facts capacity_page);
use Bench::Growth::Report qw(growth_page);
use Bench::Growth::School;
use Bench::Machine qw(machine fsync_us);
use File::Path qw(make_path);
use Getopt::Long;
use JSON::XS ();
use POSIX qw(strftime);
use Pupil::Util;

my %opt = (docs => root_dir() . '/docs/performance');
GetOptions(\%opt, 'quick', 'rounds=i', 'seconds=f', 'docs=s', 'axes=s',
           'from=s') or exit 2;
my %range = $opt{quick}
    ? (subjects => [1_000, 3_000, 10_000], audit => [5_000, 50_000],
       sizes => [10, 30, 100], base => 3_000, clients => [1, 16, 64],
       connections => [1, 4, 8], plugins => [7, 16], rounds => 2,
       seconds => 0.6)
    : (subjects => [1_000, 10_000, 100_000, 1_000_000],
       audit => [100_000, 1_000_000, 10_000_000],
       sizes => [10, 30, 100, 300], base => 10_000,
       clients => [1, 4, 16, 64, 256], connections => [1, 2, 4, 8, 16],
       plugins => [7, 14, 27, 40], rounds => 5, seconds => 1);
$range{$_} = $opt{$_} // $range{$_} for qw(rounds seconds);


sub run () {
    my $began = time;
    my %wanted = map { $_ => 1 } split /,/, $opt{axes} // join ',', axes();
    my $made = Bench::Growth::School->make($range{subjects},
        base => $range{base},
        $wanted{sizes} ? (sizes => $range{sizes}) : (),
        $wanted{audit} ? (audits => $range{audit}) : ());
    my $filled = time - $began;
    my $result = {
        machine => machine(), date => strftime('%Y-%m-%d %H:%M UTC', gmtime),
        range => \%range, axes => {}, filled_s => $filled,
    };
    my ($first) = values %$made;
    $result->{machine}{fsync_us} = 0 + fsync_us($first->site->pg->data);

    for my $axis (grep { $wanted{$_} } axes()) {
        print STDERR "$axis\n";
        $result->{axes}{$axis} = Bench::Growth::Axes->can($axis)->($made,
                                                                   \%range);
    }
    print STDERR "capacity\n";
    $result->{capacity} = capacity_facts($made, \%range, $result);
    $_->close for values %$made;
    $result->{took_s} = time - $began;
    return $result;
}


my $json = JSON::XS->new->canonical->pretty;
my $file = $opt{from} // build_dir() . '/bench/growth.json';
my $result = $opt{from} ? $json->decode(slurp($file)) : run();

make_path($opt{docs}, build_dir() . '/bench');
spew($file, $json->encode($result)) if !$opt{from};
spew("$opt{docs}/growth.md", growth_page($result));
spew("$opt{docs}/capacity.md", capacity_page($result))
    if $result->{axes}{subjects};
print "$file\n";
