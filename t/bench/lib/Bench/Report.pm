package Bench::Report;

# What was measured: a table and charts in docs/performance, and the targets
# for result.json.

use v5.36;
use utf8;

use Bench::Machine qw(describe median spread least);
use Bench::Targets qw(targets values_of late);
use Exporter qw(import);
use List::Util qw(max);
use Pupil::Util;

our @EXPORT_OK = qw(report);

# In this order, as far as they were measured.
my @peers = qw(pupil-1 pupil-2 node php laravel static);
my @limits = qw(composed pgbench naive argon2id);


sub target_table ($r) {
    return "| measure | target | measured | met | workers |\n|"
        . ' --- |' x 5 . "\n"
        . join '', map {
            my $met = !defined $_->{met} ? 'not measured' : $_->{met} ? 'yes'
                                                          : 'no';
            "| $_->{name} | $_->{target} | " . ($_->{measured} // '')
                . " | $met | " . (($_->{by} // '') =~ s/pupil-//r) . " |\n"
        } @{ $r->{targets} };
}


my %labels = (composed => 'its statements alone, in binary, 8 connections',
              pgbench => 'the same by pgbench, as text',
              naive => 'full join, audit record in a commit of its own',
              argon2id => 'bare Argon2id, as many threads');

my %kinds = (
    quiet => 'a quarter of its own peak', own => 'half of its own peak',
    node => 'half of Node.js\'s peak',
    logins => 'a quarter of its own peak, while log-ins take what they can',
);

sub title_of ($r, $who) { $r->{entrants}{$who} // $labels{$who} // $who }

sub workload_table ($r, $w) {
    my $of = $r->{measured}{$w};
    my $cell = sub ($form, $who, $what, $format) {
        my @v = values_of($r, $w, $who, $what);
        @v ? $form->(\@v, $format) : '';
    };
    my @who = grep { $of->{$_} } @peers, $w eq 'mix' ? 'probe' : (), @limits;
    return "| | requests/s | gateway CPU, µs | database CPU, µs | WAL, bytes"
        . " | p50, ms |\n| --- |" . ' --- |' x 5 . "\n"
        . join '', map {
            my $who = $_;
            my @p50 = map { $_ / 1000 } values_of($r, $w, $who, 'p50');
            '| ' . join(' | ', title_of($r, $who),
                $cell->(\&spread, $who, 'rate', '%.0f'),
                $cell->(\&least, $who, 'server_us', '%.0f'),
                $cell->(\&least, $who, 'database_us', '%.0f'),
                $cell->(\&spread, $who, 'wal', '%.0f'),
                @p50 ? sprintf('%.1f', median(@p50)) : '') . " |\n"
        } @who;
}


sub latency_table ($r) {
    my $text = "| | rate, requests/s | p50, ms | p99, ms | p99.9, ms |\n"
        . "| --- | --- | --- | --- | --- |\n";
    for my $rate (grep { $r->{latency}{$_} } qw(own node quiet logins)) {
        for my $who (grep { $r->{latency}{$rate}{$_} } @peers) {
            my @rates = map { $_->{rate} } @{ $r->{latency}{$rate}{$who} };
            $text .= '| ' . title_of($r, $who) . ", $kinds{$rate} | "
                . sprintf('%.0f', median(@rates)) . ' | '
                . join(' | ', map { sprintf '%.2f', late($r, $rate, $who, $_) }
                       qw(p50 p99 p999)) . " |\n";
        }
    }
    return $text;
}


# What was counted once: a row for each workload and entrant.
sub counts_table ($r) {
    my $text = "| | statements | WAL, bytes | flushes |\n"
        . "| --- | --- | --- | --- |\n";
    for my $w (grep { $r->{counts}{$_} } qw(homework overview submit batch
                                             mix)) {
        my $of = $r->{counts}{$w};
        for my $who (grep { $of->{$_} } @peers) {
            $text .= sprintf "| %s, %s | %.2f | %.0f | %.2f |\n",
                $r->{workloads}{$w}{title}, title_of($r, $who),
                @{ $of->{$who} }{qw(statements wal fsyncs)};
        }
    }
    return $text;
}


# Homework fetches with one thing off, beside all on.
sub ablation_table ($r) {
    my $text = "| | requests/s | gateway CPU, µs | database CPU, µs"
        . " | statements |\n| --- |" . ' --- |' x 4 . "\n";
    for my $who ('pupil-2', @{ $r->{ablations} }) {
        my @rates = values_of($r, 'homework', $who, 'rate') or do {
            $text .= "| without $who: $r->{missing}{$who} | | | | |\n"
                if $r->{missing}{$who};
            next;
        };
        my $counted = $r->{counts}{homework}{$who};
        $text .= '| ' . join(' | ', $who eq 'pupil-2' ? 'all on'
                                                      : title_of($r, $who),
            spread(\@rates, '%.0f'),
            map({ least([values_of($r, 'homework', $who, $_)], '%.0f') }
                qw(server_us database_us)),
            $counted ? sprintf('%.2f', $counted->{statements}) : '')
            . " |\n";
    }
    return $text;
}


# KiB of resident memory, by connections.
sub memory_table ($r) {
    my @kinds = grep { $r->{memory}{$_} } qw(plain TLS HTTP/2);
    my @n = sort { $a <=> $b } keys %{ $r->{memory}{ $kinds[0] } };
    return '| connections | ' . join(' | ', @kinds) . " |\n"
        . '| --- |' . ' --- |' x @kinds . "\n"
        . join '', map { my $n = $_;
            "| $n | " . join(' | ', map {
                sprintf '%.1f MiB', $r->{memory}{$_}{$n} / 1024
            } @kinds) . " |\n"
        } @n;
}


# Each of pupilctl's runs, and as far as it revokes, each revocation.
my @revocations = (
    [role => 'a role of one person, `pupilctl user role remove`'],
    [shown => 'that person shown, which revokes nothing'],
    [class => 'the import that ends the enrolments of a class'],
    [again => 'the same import when nothing has changed'],
);

sub revocation_table ($r) {
    return '| a run of pupilctl | revocations | ms | its CPU, ms | data CPU, ms'
        . " | key store CPU, ms |\n| --- |" . ' --- |' x 5 . "\n"
        . join '', map {
            my ($name, $title) = @$_;
            my $m = $r->{revocations}{$name};
            "| $title | $m->{revoked} in $m->{runs} | " . join(' | ', map {
                sprintf '%.1f', $m->{$_} / $m->{runs}
            } qw(ms ctl_ms data_ms keys_ms)) . " |\n"
        } @revocations;
}


# The longest callbacks of any worker, in microseconds, by kind.
sub loop_table ($r) {
    my @loops = @{ $r->{loops} };
    my @kinds = map { /^(\w+)_longest_us$/ ? $1 : () } sort keys %{ $loops[0] };
    my $sum = sub ($name) { my $n = 0; $n += $_->{$name} for @loops; $n };
    return "| callback | longest, µs | over 1 ms | over 5 ms |\n"
        . "| --- | --- | --- | --- |\n" . join '', map {
            my $at = $_ eq 'any' ? '' : "${_}_";
            "| $_ | " . join(' | ', max(map { $_->{"${at}longest_us"} } @loops),
                             map { $sum->("$at$_") } qw(over_1ms over_5ms))
                . " |\n"
        } 'any', @kinds;
}


# Bars of the median rates of a workload.
sub chart ($r, $w) {
    my @who = grep { $r->{measured}{$w}{$_} && $_ ne 'static' } @peers,
              @limits;
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
$r->{rounds} interleaved rounds of $r->{seconds} s, $r->{minutes} minutes in
all; client, gateway and database share the processors; everything over TLS. Everybody asks
by statements that Pupil composes, checks MACs, floors and facts of what comes,
and has the audit record on disk before the answer; only Pupil numbers and
authenticates its records. Node.js and PHP cache sessions, keys and the evidence of submissions;
they read homework by the full join and open its fields each time, as what
Pupil keeps of it, sealed and by version, is what none of them comes with; $r->{checked} answers were compared, and
audit records are counted in each run. Rates: median (least to greatest). CPU:
least (median to greatest), as other work on the machine can only add to it.
What the audit record costs: [audit.md](audit.md). What tenants notice of each
other: [fair.md](fair.md).@{[-f root_dir()
    . '/docs/performance/bounds.md' ? " What bounds a target that\nis not met:"
    . ' [bounds.md](bounds.md).' : '']}

$missing## Targets

@{[target_table($r)]}
END

    for my $w (grep { $r->{measured}{$_} }
               qw(homework overview submit batch login mix)) {
        $text .= "## \u$r->{workloads}{$w}{title}\n\n"
            . ($w eq 'login' ? '' : "![requests/s]($w.svg)\n\n")
            . workload_table($r, $w) . "\n";
    }
    my @more = (
        ['Latency of a homework fetch at a fixed rate', $r->{latency},
         'Counted from when a request was due.', \&latency_table],
        ['Statements, WAL and flushes a request', $r->{counts},
         'Of one run each, by `pg_stat_statements`, which is off else.',
         \&counts_table],
        ['With and without', $r->{measured}{homework}
         && @{ $r->{ablations} } ? { 1 => 1 } : {},
         'Homework fetches of Pupil, 2 workers.', \&ablation_table],
        ['How long the event loop is held', @{ $r->{loops} } ? { 1 => 1 } : {},
         'Thread CPU time of callbacks over the mix, by `pupil_probe`, from'
         . ' the start of the workers on. What a callback runs within another'
         . ' (`resume`, `cleanup`) is in both.', \&loop_table],
        ['Revocations', $r->{revocations},
         'What is taken away for ever, of one person and of a class. Each run'
         . ' of pupilctl is a process of its own, which connects and unwraps'
         . ' keys; data and keys are in clusters of their own here, nobody else'
         . ' is at work, and CPU is that of the backends. All is of one run.',
         \&revocation_table],
        ['Memory of a worker with idle connections', $r->{memory},
         'Resident, shared pages included; each connection has had one answer'
         . ' of the module.', \&memory_table],
    );
    for my $more (grep { %{ $_->[1] // {} } } @more) {
        my ($title, undef, $intro, $table) = @$more;
        $text .= "## $title\n\n$intro\n\n" . $table->($r) . "\n";
    }
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
