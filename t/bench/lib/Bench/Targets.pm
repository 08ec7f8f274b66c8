package Bench::Targets;

# What was measured against what was aimed at.
#
# Rates are medians.  Of CPU the least of all rounds counts, as other work on
# the machine can only add to it.  Ratios of rates are taken within a round.

use v5.36;

use Bench::Machine qw(median);
use Exporter qw(import);
use JSON::XS ();
use List::Util qw(max min);

our @EXPORT_OK = qw(targets values_of late);


sub values_of ($r, $workload, $who, $what) {
    my $of = $r->{measured}{$workload} // {};
    return grep { defined } map { $_->{$what} } @{ $of->{$who} // [] };
}

sub rate_ratio ($r, $workload, $a, $b, $other = $workload) {
    my @x = values_of($r, $workload, $a, 'rate');
    my @y = values_of($r, $other, $b, 'rate');
    return @x && @y ? median(map { $x[$_] / $y[$_] } 0 .. min($#x, $#y))
                    : undef;
}

sub cpu_ratio ($r, $what, $workload, $a, $b) {
    my @x = values_of($r, $workload, $a, $what);
    my @y = values_of($r, $workload, $b, $what);
    return @x && @y && min(@y) > 0 ? min(@x) / min(@y) : undef;
}

# The median over the rounds, in ms.
sub late ($r, $rate, $who, $what) {
    my $of = $r->{latency}{$rate} // {};
    my @all = map { $_->{$what} } @{ $of->{$who} // [] };
    return @all ? median(@all) / 1000 : undef;
}

# Of latencies in the same round.
sub late_ratio ($r, $a, $b, $who, $what) {
    my ($x, $y) = map { $r->{latency}{$_}{$who} // [] } $a, $b;
    my @all = map { $x->[$_]{$what} / max(1, $y->[$_]{$what}) }
              0 .. min($#$x, $#$y);
    return @all ? median(@all) : undef;
}

sub quotient ($a, $b) { defined $a && $b ? $a / $b : undef }

sub mebibytes ($r, $kind) {
    my $of = $r->{memory}{$kind} // return;
    return $of->{ max(keys %$of) } / 1024;
}

sub stall ($r) {
    my @us = map { $_->{longest_us} } @{ $r->{loops} };
    return @us ? max(@us) / 1000 : undef;
}


# One worker or two, whichever answers more of a workload: where the database
# shares the processors, as here, that is not always two.
sub best ($r, $workload) {
    my %rate = map { my @of = values_of($r, $workload, $_, 'rate');
                     @of ? ($_ => median(@of)) : () } qw(pupil-1 pupil-2);
    return (sort { $rate{$b} <=> $rate{$a} } sort keys %rate)[0]
           // 'pupil-2';
}


# [name, sense, target, measured, by whom]
sub rows ($r) {
    my ($p, $overview, $submit, $login) =
        map { best($r, $_) } qw(homework overview submit login);
    my $batch = rate_ratio($r, 'batch', $submit, $submit, 'submit');
    my $limit = values_of($r, 'homework', 'pgbench', 'rate') ? 'pgbench'
                                                            : 'composed';
    my $shown = grep { $r->{measured}{homework}{$_} } @{ $r->{ablations} };

    return (
        ['homework fetch, peak, times Node.js', '>=', 6,
         rate_ratio($r, 'homework', $p, 'node'), $p],
        ['homework fetch, peak, times PHP', '>=', 10,
         rate_ratio($r, 'homework', $p, 'php'), $p],
        ['homework fetch, times its statements one at a time per connection',
         '>=', 1.5, rate_ratio($r, 'homework', $p, $limit), $p],
        ['gateway CPU per homework fetch, of Node.js\'s', '<=', 0.125,
         cpu_ratio($r, 'server_us', 'homework', $p, 'node'), $p],
        ['gateway CPU per homework fetch, times `return 200`', '<=', 5,
         cpu_ratio($r, 'server_us', 'homework', $p, 'static'), $p],
        ['database CPU per homework fetch, of the naive statement\'s', '<=',
         0.5, cpu_ratio($r, 'database_us', 'homework', $p, 'naive'), $p],
        ['class overview, times Node.js', '>=', 6,
         rate_ratio($r, 'overview', $overview, 'node'), $overview],
        ['submit, single, times Node.js', '>=', 4,
         rate_ratio($r, 'submit', $submit, 'node'), $submit],
        ['submit, batch of 20, times single, per submission', '>=', 3,
         defined $batch ? 20 * $batch : undef, $submit],
        ['p99 at half of peak, ms', '<=', 5, late($r, 'own', $p, 'p99'), $p],
        ['p99, of Node.js\'s at half of its peak', '<=', 1 / 3,
         quotient(late($r, 'node', $p, 'p99'),
                  late($r, 'node', 'node', 'p99')), $p],
        ['log-in, of bare Argon2id on the same threads', '>=', 0.95,
         rate_ratio($r, 'login', $login, 'argon2id'), $login],
        ['homework p99 while log-ins saturate, times quiet', '<=', 2,
         late_ratio($r, 'logins', 'quiet', $p, 'p99'), $p],
        ['longest callback over the mix, ms of thread CPU time', '<=', 5,
         stall($r)],
        ['RSS of a worker with 10,000 idle connections, plain, MiB', '<=', 32,
         mebibytes($r, 'plain')],
        ['the same, TLS', '<=', 160, mebibytes($r, 'TLS')],
        ['the same, HTTP/2', '<=', 210, mebibytes($r, 'HTTP/2')],
        ['options shown on and off', '>=', 4, $shown || undef],
    );
}

# What result.json has: name, target, measured, met, by; null for not measured.
sub targets ($r) {
    return map {
        my ($name, $sense, $target, $measured, $by) = @$_;
        { name => $name, by => $by, target => "$sense " . sprintf('%.3g', $target),
          measured => defined $measured ? 0 + sprintf('%.3g', $measured)
                                        : undef,
          met => !defined $measured ? undef : ($sense eq '>='
              ? $measured >= $target : $measured <= $target)
              ? JSON::XS::true() : JSON::XS::false() };
    } rows($r);
}

1;
