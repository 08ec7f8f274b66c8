package Bench::Growth::Report;

# docs/performance/growth.md: a section an axis, the fits, and the verdict.

use v5.36;
use utf8;

use Bench::Growth::Fit qw(fit);
use Bench::Growth::Load;
use Bench::Machine qw(describe median);
use Exporter qw(import);
use List::Util qw(min max sum uniq);

our @EXPORT_OK = qw(growth_page);

my %title = (
    subjects => ['Pupils', 'pupils'], audit => ['Audit records', 'records'],
    sizes => ['Class size', 'pupils in a class'],
    clients => ['Clients', 'connections of clients'],
    connections => ['Connections to the database', 'a worker'],
    workers => ['Workers', 'workers'], plugins => ['Plugins', 'categories'],
);
my @paths = qw(homework session cold overview submit show login);


sub numbers ($axis) { sort { $a <=> $b } keys %{ $axis->{loads} } }

sub number ($n) {
    1 while $n =~ s/^(\d+)(\d{3})/$1,$2/;
    return $n;
}

sub values_of ($axis, $n, $path, $what) {
    return map { $_->{$what} } @{ $axis->{loads}{$n}{$path} // [] };
}

sub least ($axis, $n, $path, $what) {
    my @v = values_of($axis, $n, $path, $what);
    return @v ? min(@v) : undef;
}

sub cell ($format, $value) { defined $value ? sprintf $format, $value : '' }

sub table ($head, @rows) {
    return '| ' . join(' | ', @$head) . " |\n|" . ' --- |' x @$head . "\n"
        . join '', map { '| ' . join(' | ', @$_) . " |\n" } @rows;
}


# Of a path: [what, format, sub (n) -> value].  Log-in: the database alone, as
# the gateway's part is Argon2id.
sub lines ($axis) {
    my %has = map { $_ => 1 } map { keys %$_ } values %{ $axis->{loads} };
    return map {
        my $path = $_;
        my $title = Bench::Growth::Load::path($path)->{title};
        (($path eq 'login' ? () : ["$title: gateway, µs", '%.0f', sub ($n) {
              least($axis, $n, $path, 'server_us') }]),
         ["$title: database, µs", '%.0f', sub ($n) {
              least($axis, $n, $path, 'database_us') }]);
    } grep { $has{$_} } @paths;
}

# Of a statement, in the first path that runs it.
sub statement_lines ($axis) {
    my (%seen, @lines);
    my $of = $axis->{counts} // return;
    for my $path (grep { my $p = $_; grep { $of->{$_}{$p} } keys %$of } @paths)
    {
        for my $name (sort { $a cmp $b } uniq map { keys %{ $of->{$_}{$path}
                      // {} } } keys %$of)
        {
            next if $name =~ /^(?:tenant|heartbeat)$/
                || ($name eq 'key fetch' && $path ne 'cold')
                || $seen{$name}++;
            my $value = sub ($n) {
                my $c = $of->{$n}{$path}{$name} // return;
                # one insert has the records of several requests
                return $c->{buffers} * ($name eq 'audit insert' ? $c->{calls}
                                                                : 1);
            };
            push @lines, [$name, '%.1f', $value,
                          max(map { $value->($_) // 0 } keys %$of)];
        }
    }
    return grep { $_->[3] > 0 } @lines;
}


# Each line with its fit.
sub fitted ($axis, $noise, @lines) {
    my @n = numbers($axis);
    return map {
        my ($name, $format, $value) = @$_;
        my @points = map { [$_, $value->($_)] } @n;
        { name => $name, format => $format, points => \@points,
          fit => scalar fit(\@points, noise => $noise) };
    } @lines;
}

sub fit_table ($first, $verdict, @fitted) {
    return '' if !@fitted;
    my @n = map { $_->[0] } @{ $fitted[0]{points} };
    return table([$first, (map { number($_) } @n), 'exponent',
                  'a doubling adds', 'times', $verdict ? 'verdict' : ()],
        map {
            my $line = $_;
            my $fit = $line->{fit} // {};
            [$line->{name}, (map { cell($line->{format}, $_->[1]) }
                             @{ $line->{points} }),
             cell('%.2f', $fit->{exponent}), cell('%.1f', $fit->{doubling}),
             cell('%.2f', $fit->{ratio}),
             !$verdict ? () : !%$fit ? '' : $fit->{ok} ? 'yes' : '**no**'];
        } @fitted);
}


# Large tables that a hot path reads whole, and plans that change.
sub plans_text ($axis) {
    my $plans = $axis->{plans} // return '';
    my (@whole, %shapes);
    for my $n (sort { $a <=> $b } keys %$plans) {
        for my $path (sort keys %{ $plans->{$n} }) {
            my $of = $plans->{$n}{$path};
            for my $name (sort keys %$of) {
                $shapes{$name}{ $of->{$name}{shape} }{$n} = 1
                    if $name ne 'audit insert';
                push @whole, map { "| $name | $_ | " . number($n) . " |" }
                             sort keys %{ $of->{$name}{whole} };
            }
        }
    }
    my @changing = grep { keys %{ $shapes{$_} } > 1 } sort keys %shapes;
    return (@whole ? "**Read whole, more than 500 rows:**\n\n| statement |"
            . " table | at |\n| --- | --- | --- |\n" . join("\n", uniq @whole)
            . "\n" : "No statement reads a table of more than 500 rows"
            . " whole.\n")
        . (@changing ? "\nPlans that are not the same at every size: "
           . join(', ', @changing) . ".\n" : "\nEvery statement has the same"
           . " plan at every size.\n");
}


sub stored_section ($r, $name, $intro) {
    my $axis = $r->{axes}{$name} // return '';
    my @cpu = fitted($axis, 1.15, lines($axis));
    my @counts = fitted($axis, 1, statement_lines($axis));
    my @n = numbers($axis);
    my $bound = sprintf '%.2f', log($n[-1]) / log($n[0]);
    return "## $title{$name}[0]\n\n$intro From " . number($n[0]) . ' to '
        . number($n[-1]) . " the logarithm grows $bound times: what grows more"
        . " than that is worse than logarithmic (CPU: 15 % more than that, for"
        . " what the least of rounds still wanders).\n\nCPU per request:\n\n"
        . fit_table($title{$name}[1], 1, @cpu)
        . "\nBuffers that a run of a statement touches:\n\n"
        . fit_table('statement', 1, @counts) . "\n" . plans_text($axis) . "\n";
}

sub plain_section ($r, $name, $intro) {
    my $axis = $r->{axes}{$name} // return '';
    my @rates = map {
        my $path = $_;
        [Bench::Growth::Load::path($path)->{title} . ': requests/s', '%.0f',
         sub ($n) { my @v = values_of($axis, $n, $path, 'rate');
                    @v ? median(@v) : undef }] }
        grep { my $p = $_; grep { $_->{$p} } values %{ $axis->{loads} } }
        @paths;
    my @counts = fitted($axis, 1, statement_lines($axis));
    return "## $title{$name}[0]\n\n$intro\n\n"
        . fit_table($title{$name}[1], 0, fitted($axis, 1, lines($axis)),
                    fitted($axis, 1, @rates))
        . (@counts ? "\nBuffers that a run of a statement touches:\n\n"
           . fit_table('statement', 0, @counts) . "\n" . plans_text($axis)
           : '') . "\n";
}

sub plugin_section ($r) {
    my $axis = $r->{axes}{plugins} // return '';
    my @lines = (
        ['`nginx -t`, ms of CPU', '%.0f', 'config_ms'],
        ['worker after the load, KiB', '%.0f', 'rss'],
        ['backend that has run every category, KiB', '%.0f', 'backend']);
    my @cost = fitted($axis, 1, map { my ($name, $format, $what) = @$_;
        [$name, $format, sub ($n) { $axis->{cost}{$n}{$what} }] } @lines);
    my @each = map { sprintf '%s %.1f', $_->{name}, $_->{fit}{each} } @cost;
    return plain_section($r, plugins => 'Copies of the example, each with its'
        . ' table. One worker; every connection has prepared the statements of'
        . ' every category.') . fit_table('categories', 0, @cost)
        . "\nOne category more: " . join('; ', @each) . ". Accepting one"
        . sprintf(" takes %.2f s.\n", $axis->{accept_s});
}


sub verdict ($r) {
    my (@bad, $lines);
    for my $name (grep { $r->{axes}{$_} } qw(subjects audit)) {
        my $axis = $r->{axes}{$name};
        for my $line (fitted($axis, 1.15, lines($axis)),
                      fitted($axis, 1, statement_lines($axis)))
        {
            $lines++ if $line->{fit};
            push @bad, "$line->{name} ($title{$name}[1])"
                if $line->{fit} && !$line->{fit}{ok};
        }
    }
    return 'Not measured.' if !$lines;
    return "**Nothing on the hot paths is worse than logarithmic in what is"
        . " stored**: $lines costs fitted." if !@bad;
    return "**Worse than logarithmic in what is stored**, of $lines costs: "
        . join('; ', @bad) . '.';
}


sub growth_page ($r) {
    my @foreign = map { map { map { $_->{foreign} // () } @$_ } values %$_ }
                  map { values %{ $_->{loads} } } values %{ $r->{axes} };
    my $warn = @foreign && median(@foreign) > 0.05
        ? sprintf("**Measured while other work took %.0f %% of the processors"
                  . " (median): of CPU read the ratios.**\n\n",
                  100 * median(@foreign)) : '';
    my $base = number($r->{range}{base});
    my $text = <<"END" . join '', (
# How cost grows

<!-- Written by t/bench/growth: do not edit. -->

$warn@{[describe($r->{machine})]} $r->{date}.
`fdatasync` of 8 KiB takes $r->{machine}{fsync_us} µs. Every pupil is authentic:
two classes of 30, six homeworks, five submissions, a session; 600 of them,
spread over all, make the requests over TLS, so the volume is what is stored,
and what is asked for stays in memory; "nothing cached" asks for others each
time. CPU per request is the scheduler's account, the least of
$r->{range}{rounds} interleaved rounds of $r->{range}{seconds} s, as other work
can only add to it. Buffers are PostgreSQL's own count and are exact, but for
those of an audit insert, which is shared and given by request. The exponent is that of
the power law that fits best; `times` compares the ends.

@{[verdict($r)]}

END
        stored_section($r, subjects => 'Two workers, 32 clients.'),
        stored_section($r, audit => "With $base pupils; all records in the"
            . ' partition of this month.'),
        plain_section($r, sizes => 'Pupils and teachers of classes of each'
            . ' size. The overview shows every pupil, so it grows with the'
            . ' class.'),
        plain_section($r, clients => "Two workers, $base pupils. With few"
            . ' clients an audit record has nobody to share its commit with.'),
        plain_section($r, connections => 'Two workers, 32 clients.'),
        plain_section($r, workers => 'Rates as far as the two cores go, which'
            . ' the database and the client share.'),
        plugin_section($r));
    utf8::encode($text);
    return $text =~ s/\n+\z/\n/r;
}

1;
