package Bench::Report;

# What was measured, against the targets: a table and charts in
# docs/performance, and the targets for result.json.
#
# Rates are medians.  Of CPU the least of all rounds counts, as other work on
# the machine can only add to it.  Ratios of rates are taken within a round.

use v5.36;
use utf8;

use Bench::Machine qw(describe median spread least);
use Exporter qw(import);
use List::Util qw(min max);
use Pupil::Util;

our @EXPORT_OK = qw(report);

my @peers = qw(pupil-1 pupil-2 node static);


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

sub quotient ($a, $b) { defined $a && $b ? $a / $b : undef }


# [name, sense, target, measured]
sub targets ($r) {
    my $p = 'pupil-2';
    my $batch = rate_ratio($r, 'batch', $p, $p, 'submit');
    my @list = (
        ['homework fetch, peak, times Node.js', '>=', 6,
         rate_ratio($r, 'homework', $p, 'node')],
        ['homework fetch, peak, times PHP', '>=', 10,
         rate_ratio($r, 'homework', $p, 'php')],
        ['homework fetch, times its statements one at a time per connection',
         '>=', 1.5, rate_ratio($r, 'homework', $p, 'composed')],
        ['gateway CPU per homework fetch, of Node.js\'s', '<=', 0.125,
         cpu_ratio($r, 'server_us', 'homework', $p, 'node')],
        ['gateway CPU per homework fetch, times `return 200`', '<=', 5,
         cpu_ratio($r, 'server_us', 'homework', $p, 'static')],
        ['database CPU per homework fetch, of the naive statement\'s', '<=',
         0.5, cpu_ratio($r, 'database_us', 'homework', $p, 'naive')],
        ['class overview, times Node.js', '>=', 6,
         rate_ratio($r, 'overview', $p, 'node')],
        ['submit, single, times Node.js', '>=', 4,
         rate_ratio($r, 'submit', $p, 'node')],
        ['submit, batch of 20, times single, per submission', '>=', 3,
         defined $batch ? 20 * $batch : undef],
        ['p99 at half of peak, ms', '<=', 5, late($r, 'own', $p, 'p99')],
        ['p99, of Node.js\'s at half of its peak', '<=', 1 / 3,
         quotient(late($r, 'node', $p, 'p99'),
                  late($r, 'node', 'node', 'p99'))],
        ['log-in, of bare Argon2id on the same threads', '>=', 0.95,
         rate_ratio($r, 'login', $p, 'argon2id')],
    );
    return map {
        my ($name, $sense, $target, $measured) = @$_;
        { name => $name, target => "$sense " . sprintf('%.3g', $target),
          measured => defined $measured ? 0 + sprintf('%.3g', $measured)
                                        : undef,
          met => !defined $measured ? undef : ($sense eq '>='
              ? $measured >= $target : $measured <= $target)
              ? JSON::XS::true() : JSON::XS::false() };
    } @list;
}


sub target_table ($r) {
    return "| measure | target | measured | met |\n| --- | --- | --- | --- |\n"
        . join '', map {
            my $met = !defined $_->{met} ? 'not measured' : $_->{met} ? 'yes'
                                                          : 'no';
            "| $_->{name} | $_->{target} | " . ($_->{measured} // '')
                . " | $met |\n"
        } @{ $r->{targets} };
}


my %labels = (composed => 'its statements alone, 8 connections',
              naive => 'the same, audit record in a commit of its own',
              argon2id => 'bare Argon2id, 2 threads');

sub title_of ($r, $who) { $r->{entrants}{$who} // $labels{$who} // $who }

sub workload_table ($r, $w) {
    my $of = $r->{measured}{$w};
    my $cell = sub ($form, $who, $what, $format) {
        my @v = values_of($r, $w, $who, $what);
        @v ? $form->(\@v, $format) : '';
    };
    my @who = grep { $of->{$_} } @peers, qw(composed naive argon2id);
    return "| | requests/s | gateway CPU, µs | database CPU, µs | WAL, bytes"
        . " | flushes | p50, ms |\n| --- |" . ' --- |' x 6 . "\n"
        . join '', map {
            my $who = $_;
            my @p50 = map { $_ / 1000 } values_of($r, $w, $who, 'p50');
            '| ' . join(' | ', title_of($r, $who),
                $cell->(\&spread, $who, 'rate', '%.0f'),
                $cell->(\&least, $who, 'server_us', '%.0f'),
                $cell->(\&least, $who, 'database_us', '%.0f'),
                $cell->(\&spread, $who, 'wal', '%.0f'),
                $cell->(\&spread, $who, 'fsyncs', '%.2f'),
                @p50 ? sprintf('%.1f', median(@p50)) : '') . " |\n"
        } @who;
}


sub latency_table ($r) {
    my %title = (own => 'half of its own peak',
                 node => 'half of Node.js\'s peak');
    my $text = "| | rate, requests/s | p50, ms | p99, ms | p99.9, ms |\n"
        . "| --- | --- | --- | --- | --- |\n";
    for my $rate (grep { $r->{latency}{$_} } qw(own node)) {
        for my $who (grep { $r->{latency}{$rate}{$_} } @peers) {
            my @rates = map { $_->{rate} } @{ $r->{latency}{$rate}{$who} };
            $text .= '| ' . title_of($r, $who) . ", $title{$rate} | "
                . sprintf('%.0f', median(@rates)) . ' | '
                . join(' | ', map { sprintf '%.2f', late($r, $rate, $who, $_) }
                       qw(p50 p99 p999)) . " |\n";
        }
    }
    return $text;
}


# Bars of the median rates of a workload.
sub chart ($r, $w) {
    my @who = grep { $r->{measured}{$w}{$_} && $_ ne 'static' } @peers,
              qw(composed naive);
    my %rate = map { $_ => median(values_of($r, $w, $_, 'rate')) } @who;
    my $most = max(values %rate);
    my $height = 30 + 28 * @who;
    my $text = qq{<svg xmlns="http://www.w3.org/2000/svg" width="720"}
        . qq{ height="$height" font-family="sans-serif" font-size="13">\n}
        . qq{<text x="8" y="18" font-weight="bold">}
        . $r->{workloads}{$w}{title} . qq{: requests/s</text>\n};
    my $y = 30;

    for my $who (@who) {
        my $width = sprintf '%.1f', 340 * $rate{$who} / $most;
        my $colour = $who =~ /^pupil/ ? '#2563a8' : '#8a8f98';
        my $title = title_of($r, $who) =~ s/`//gr;
        my $at = sprintf '%.1f', 308 + $width;
        $text .= sprintf qq{<text x="292" y="%d" text-anchor="end">%s</text>}
            . qq{<rect x="300" y="%d" width="%s" height="18" fill="%s"/>}
            . qq{<text x="%s" y="%d">%.0f</text>\n}, $y + 14, $title, $y,
            $width, $colour, $at, $y + 14, $rate{$who};
        $y += 28;
    }
    return "$text</svg>\n";
}


sub document ($r) {
    my @foreign = map { values_of($r, 'homework', $_, 'foreign') }
                  keys %{ $r->{measured}{homework} // {} };
    my $foreign = @foreign ? median(@foreign) : 0;
    my $warn = $foreign > 0.05 ? sprintf("**Measured while other work took"
        . " %.0f %% of the processors: read the ratios, not the figures.**\n\n",
        100 * $foreign) : '';
    my $m = $r->{machine};
    my $facts = $r->{school};
    my $missing = join '', map { "Without $_: $r->{missing}{$_}.\n\n" }
                  sort keys %{ $r->{missing} };

    my $text = <<"END";
# Performance

<!-- Written by t/bench/run: do not edit. -->

${warn}@{[describe($m)]}
$r->{date}. `synchronous_commit=on`, `fsync=on`; `fdatasync` of 8 KiB takes
$m->{fsync_us} µs.

$facts->{pupils} pupils, $facts->{enrolments} enrolments, $facts->{homework}
homeworks, $facts->{submissions} submissions (volume of OULAD; names made up).
$r->{rounds} interleaved rounds of $r->{seconds} s; client, gateway and
database share the processors; everything over TLS. Everybody reads
by the statements that Pupil composes, opens the same sealed fields, and has the audit
record on disk before the answer; $r->{checked} answers were compared, and
audit records are counted in each run. Rates: median (least to greatest). CPU:
least (median to greatest), as other work on the machine can only add to it.
What the audit record costs: [audit.md](audit.md).

$missing## Targets

@{[target_table($r)]}
END

    for my $w (grep { $r->{measured}{$_} }
               qw(homework overview submit batch login mix)) {
        $text .= "## \u$r->{workloads}{$w}{title}\n\n"
            . ($w eq 'login' ? '' : "![requests/s]($w.svg)\n\n")
            . workload_table($r, $w) . "\n";
    }
    $text .= "## Latency of a homework fetch at a fixed rate\n\n"
        . "Counted from when a request was due.\n\n" . latency_table($r)
        if %{ $r->{latency} };
    return $text;
}


# Adds the targets to the result and writes the folder.
sub report ($r, $docs) {
    $r->{targets} = [targets($r)];
    my %files = ('README.md' => document($r) =~ s/\n+\z/\n/r);
    $files{"$_.svg"} = chart($r, $_)
        for grep { $_ ne 'login' } keys %{ $r->{measured} };

    for my $name (sort keys %files) {
        my $text = $files{$name};
        utf8::encode($text);
        spew("$docs/$name", $text);
    }
}

1;
