package Bench::Growth::Fit;

# How a cost grows: over points [size, cost].

use v5.36;

use Exporter qw(import);
use List::Util qw(sum min max);

our @EXPORT_OK = qw(fit);

# What least-of-rounds CPU still wanders by.
use constant NOISE => 1.15;


sub slope (@points) {
    my $n = @points;
    my ($x, $y) = map { my $i = $_; sum(map { $_->[$i] } @points) / $n } 0, 1;
    my $square = sum(map { ($_->[0] - $x) ** 2 } @points);
    return 0 if $square == 0;
    return sum(map { ($_->[0] - $x) * ($_->[1] - $y) } @points) / $square;
}


# exponent: of the power law that fits best.  doubling: what a doubling of the
# size adds.  ratio: of the costs at the ends.  logarithmic: the ratio that a
# cost has which is all logarithm; ok: no more than that.
sub fit ($points, %opt) {
    my @points = grep { defined $_->[1] && $_->[1] > 0 }
                 sort { $a->[0] <=> $b->[0] } @$points;
    return if @points < 2;

    my ($first, $last) = @points[0, -1];
    my $ratio = $last->[1] / $first->[1];
    my $log = $first->[0] > 1 ? log($last->[0]) / log($first->[0]) : undef;
    return {
        exponent => slope(map { [log $_->[0], log $_->[1]] } @points),
        doubling => slope(map { [log($_->[0]) / log 2, $_->[1]] } @points),
        each => slope(@points), ratio => $ratio, logarithmic => $log,
        defined $log ? (ok => $ratio <= $log * ($opt{noise} // NOISE)) : (),
    };
}

1;
