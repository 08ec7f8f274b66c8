package Bench::Growth::Capacity;

# How many pupils a core and a cell serve, from what the growth run measured,
# checked against a measurement that the model has not seen.

use v5.36;
use utf8;

use Bench::Entrant::Pupil;
use Bench::Growth::Axes qw(keep);
use Bench::Growth::Load qw(load);
use Bench::Growth::Plugins;
use Bench::Machine qw(build_tool describe median);
use Bench::Measure qw(counts);
use Exporter qw(import);
use List::Util qw(min max sum);
use Pupil::Util;

our @EXPORT_OK = qw(capacity_facts capacity_page);

# What a Monday at eight is taken to be.  Change it, and run with --from.
my %monday = (
    share => 0.30,          # of the pupils log in
    minutes => 10,          # within these
    busiest => 2,           # the busiest minute, times the mean one
    class => 30,            # pupils to a teacher
    each => { login => 1, show => 1, cold => 1, homework => 2, submit => 3 },
    teacher => { login => 1, show => 1, overview => 2 },
);
my %day = (
    days => 180,            # a year
    each => { login => 0.5, show => 2, homework => 5, submit => 6 },
    teacher => { login => 1, show => 4, overview => 20 },
);
my %cell = (cores => 16, busy => 0.6);
my @sizes = (100_000, 1_000_000);


# What only this model needs; the rest comes from the axes.
sub capacity_facts ($made, $range, $result) {
    my $largest = max(@{ $range->{subjects} });
    my $school = $made->{"pupils $largest"};
    $school->open if !$school->site->pg->pid;
    my $entrant = $school->entrant('warm');
    my (@mix, @hash, %singles);

    for my $round (1 .. $range->{rounds}) {
        push @{ $singles{$_} }, keep(load($school, $_,
            seconds => $range->{seconds}))
            for sort keys %Bench::Growth::Load::mix;
        push @mix, keep(load($school, mix => seconds => 4 * $range->{seconds}));
        push @hash, hash_us(2 * $range->{seconds});
    }
    my ($status) = $entrant->status;
    return {
        largest => $largest, mix => \@mix, singles => \%singles,
        hash_us => min(@hash),
        session_bytes => 16 * 1048576
            / ($status->{sessions}{zone_entries_max} || 1),
        backend_kib => Bench::Growth::Plugins::backend_kib($school),
        fsyncs => counts($school, $entrant, { name => 'mix',
            connections => 32, file => Bench::Growth::Load::file($school,
            'mix') }, $range->{seconds})->{fsyncs},
        %{ key_memory($school) },
    };
}

# CPU of one, bare.
sub hash_us ($seconds) {
    my $tool = build_tool('pwhash');
    my $before = sum((times)[2, 3]);
    my $run = run_cmd($tool, 1, $seconds);
    die $run->{err} if $run->{code};
    return 1e6 * (sum((times)[2, 3]) - $before) / ($run->{out} * $seconds);
}

# What a key costs a worker: locked memory before and after its cache is full.
sub key_memory ($school) {
    my $entrant = Bench::Entrant::Pupil->start($school, workers => 1,
        name => 'keys');
    my ($pid) = $entrant->pids;
    my $seen = sub {
        slurp("/proc/$pid/status") =~ /^VmLck:\s+(\d+)/m;
        return (1024 * $1, ($entrant->status)[0]{key_cache}{owners});
    };
    Bench::Growth::Load::warm($school, $entrant);
    my ($bytes, $keys) = $seen->();
    Bench::Growth::Load::send_some($school, cold => 4000, $entrant);
    my ($after, $more) = $seen->();
    $entrant->stop;
    return { $more > $keys ? (key_bytes => ($after - $bytes) / ($more - $keys))
                           : () };
}


# The least CPU of a path at the largest volume, in µs, and its WAL: without
# the images of whole pages that follow a checkpoint.  Hashing is apart; what
# is left to the gateway's loop of a log-in is at least a who-am-I.
sub cpu ($r, $path) {
    my $loads = $r->{axes}{subjects}{loads}{ $r->{capacity}{largest} };
    my @m = @{ $loads->{$path} // $loads->{homework} };
    my %cpu = (gateway => min(map { $_->{server_us} } @m),
               database => min(map { $_->{database_us} } @m),
               wal => min(map { $_->{wal} } @m), argon2id => 0);
    if ($path eq 'login') {
        $cpu{argon2id} = $r->{capacity}{hash_us};
        $cpu{gateway} = max($cpu{gateway} - $cpu{argon2id},
                            cpu($r, 'show')->{gateway});
    }
    return \%cpu;
}

# Requests a second of each path in the busiest minute.
sub rates ($pupils) {
    my $in = $pupils * $monday{share} * $monday{busiest}
             / ($monday{minutes} * 60);
    my %rate = map { $_ => $in * $monday{each}{$_} } keys %{ $monday{each} };
    $rate{$_} += $in / $monday{share} / $monday{class} * $monday{teacher}{$_}
        for keys %{ $monday{teacher} };
    return \%rate;
}

# Cores that are fully busy then: { gateway, database, argon2id }.
sub cores ($r, $pupils) {
    my $rate = rates($pupils);
    return { map { my $what = $_;
        $what => sum(map { $rate->{$_} * cpu($r, $_)->{$what} } keys %$rate)
                 / 1e6 } qw(gateway database argon2id) };
}


# The held-out measurement: the mix, from its parts alone.  CPU adds up; as
# much of the processors is used as by the parts that do not hash; and log-ins
# cannot come faster than one core hashes, as Pupil hashes on cores but one.
sub held_out ($r) {
    my %share = %Bench::Growth::Load::mix;
    my $all = sum(values %share);
    my $of = $r->{capacity}{singles};
    my @mix = @{ $r->{capacity}{mix} };
    my $cores = $r->{machine}{cores};
    my $least = sub ($what, @m) { min(map { $_->{$what} } @m) };
    my %said = map { my $what = $_;
        $what => sum(map { $share{$_} / $all * $least->($what, @{ $of->{$_} }) }
                     keys %share) } qw(server_us database_us client_us);
    my $busy = median(map { $_->{rate} * ($_->{server_us} + $_->{database_us}
                            + $_->{client_us}) / 1e6 / $cores }
                      map { @{ $of->{$_} } } qw(homework submit));
    my $gate = 1e6 * ($cores > 1 ? $cores - 1 : 1) / $r->{capacity}{hash_us}
               * $all / $share{login};

    return (
        ['requests/s at peak, two workers',
         min($gate, 1e6 * $cores * $busy / sum(values %said)),
         median(map { $_->{rate} } @mix), '%.0f'],
        map { ["$_->[0] CPU per request, µs", $said{ $_->[1] },
               $least->($_->[1], @mix), '%.0f'] }
            ['gateway', 'server_us'], ['database', 'database_us']);
}

sub held_table ($r) {
    return "| of the mix | predicted | measured | error |\n"
        . "| --- | --- | --- | --- |\n" . join '', map {
            my ($what, $said, $is, $format) = @$_;
            sprintf "| %s | $format | $format | %+.0f %% |\n", $what, $said,
                $is, 100 * ($said / $is - 1)
        } held_out($r);
}


sub number ($n) {
    my $text = $n >= 100 ? sprintf('%.0f', $n) : sprintf('%.3g', $n);
    1 while $text =~ s/^(\d+)(\d{3})/$1,$2/;
    return $text;
}

sub bytes ($n) {
    my @unit = qw(B kB MB GB TB);
    while ($n >= 1000 && @unit > 1) { $n /= 1000; shift @unit }
    return sprintf('%.3g', $n) . " $unit[0]";
}

my %title = map { $_ => Bench::Growth::Load::path($_)->{title} }
            qw(login show cold homework submit overview);
my @order = qw(login show cold homework submit overview);

sub path_table ($r) {
    return "| path | a pupil | a teacher | gateway, µs | database, µs |"
        . " Argon2id, µs | WAL, bytes |\n| --- |" . ' --- |' x 6 . "\n"
        . join '', map {
            my $c = cpu($r, $_);
            "| $title{$_} | " . ($monday{each}{$_} // 0) . ' | '
            . ($monday{teacher}{$_} // 0) . ' | ' . join(' | ',
                map { sprintf '%.0f', $c->{$_} }
                qw(gateway database argon2id wal)) . " |\n"
        } @order;
}

sub cores_table ($r) {
    my %of = map { $_ => cores($r, $_) } @sizes;
    my @rows = (
        ['requests/s in the busiest minute',
         sub ($n) { number(sum(values %{ rates($n) })) }],
        ['of them log-ins/s', sub ($n) { number(rates($n)->{login}) }],
        map({ my ($what, $label) = @$_;
              ["$label, cores at $cell{busy} busy",
               sub ($n) { number($of{$n}{$what} / $cell{busy}) }] }
            [gateway => 'gateway'], [argon2id => 'Argon2id'],
            [database => 'database']),
        ['pupils to a core, all in all', sub ($n) {
            number($n * $cell{busy} / sum(values %{ $of{$n} })) }],
    );
    return '| ' . join(' | ', '', map { number($_) . ' pupils' } @sizes)
        . " |\n| --- |" . ' --- |' x @sizes . "\n" . join '', map {
            my $row = $_;
            "| $row->[0] | " . join(' | ', map { $row->[1]->($_) } @sizes)
                . " |\n" } @rows;
}


# Per pupil and school day: { records, wal }, teachers' part included.
sub daily ($r) {
    my ($records, $wal) = (0, 0);
    for my $part ([$day{each}, 1], [$day{teacher}, 1 / $monday{class}]) {
        my ($of, $times) = @$part;
        $records += $times * $of->{$_} for keys %$of;
        $wal += $times * $of->{$_} * cpu($r, $_)->{wal} for keys %$of;
    }
    return { records => $records, wal => $wal };
}

# Bytes of one more: the slope between the two greatest.
sub bytes_each ($r, $axis) {
    my $of = $r->{axes}{$axis}{bytes} // return;
    my ($b, $a) = sort { $b <=> $a } keys %$of;
    return defined $a ? ($of->{$b} - $of->{$a}) / ($b - $a) : undef;
}

sub storage_table ($r) {
    my $d = daily($r);
    my ($record, $pupil) = map { bytes_each($r, $_) // 0 } qw(audit subjects);
    my @rows = (
        ['rows of the pupils, with five submissions each, and keys',
         sub ($n) { $n * $pupil }],
        ['WAL a school day', sub ($n) { $n * $d->{wal} }],
        ['audit a school day', sub ($n) { $n * $d->{records} * $record }],
        ["audit a year ($day{days} school days)",
         sub ($n) { $n * $d->{records} * $record * $day{days} }],
    );
    return '| ' . join(' | ', '', map { number($_) . ' pupils' } @sizes)
        . " |\n| --- |" . ' --- |' x @sizes . "\n" . join '', map {
            my $row = $_;
            "| $row->[0] | " . join(' | ', map { bytes($row->[1]->($_)) }
                                    @sizes) . " |\n" } @rows;
}


sub cell_text ($r) {
    my $each = cores($r, 1);
    my $holds = $cell{cores} * $cell{busy} / $each->{database};
    my $hosts = ($each->{gateway} + $each->{argon2id}) / $cell{busy};
    my $workers = 1 + int($holds * $hosts);
    my $c = $r->{capacity};
    my $backend = $c->{backend_kib} / 1024;
    my $cells = 1_000_000 / $holds;
    my $keys = $holds * $monday{share} * (1 + 3 / $monday{class});
    my $per = $c->{key_bytes} || 550;      # as documented
    my $sessions = $holds * $monday{share} * $c->{session_bytes};
    my $flush = $c->{fsyncs};

    return sprintf <<'END', $cell{cores}, 100 * $cell{busy},
A cell is one PostgreSQL cluster with the gateways in front of it. One with %d
cores for the database, %.0f %% busy in the busiest minute, holds **%s
pupils**; its gateways need %s cores beside it, of which Argon2id takes %s.
**One million pupils need %s such %s** at eight o'clock on a Monday. A tenant
is in one cell, and one that is larger than a cell needs larger cells.

- Connections: %d workers in all, with 2 connections each to the data and one
  that listens, twice during a reload, are %d; at %.0f MiB a backend (measured,
  after all statements of the hot paths) that is %s. A worker's default of 4
  is for hosts with few workers.
- Keys: a worker keeps what it has opened, %.0f bytes an owner. All who log in,
  with their classes and teachers, are %s owners: %s if one worker met them all.
- Sessions: %.0f bytes each in the zone; %s for all who log in.
- Flushes: %.2f of the WAL per request of the mix at its peak here, %s/s in the busiest
  minute; the disk measured here can do %s/s one after another, and one flush
  serves all commits that wait for it.
- The cap of owner keys a minute (100,000 a tenant as installed) is met by
  about %s pupils of one tenant who log in within the busiest minute: raise
  `keystore.setting` for large tenants.
END
        number($holds), number($hosts * $holds),
        number($holds * $each->{argon2id} / $cell{busy}),
        number($cells < 1 ? 1 : 0.9999 + $cells) =~ s/\..*//r,
        $cells > 1 ? 'cells' : 'cell', $workers, $workers * 3 * 2, $backend,
        bytes($workers * 6 * $backend * 1048576), $per, number($keys),
        bytes($keys * $per), $c->{session_bytes}, bytes($sessions), $flush,
        number($flush * sum(values %{ rates($holds) })),
        number(1e6 / $r->{machine}{fsync_us}),
        number(100_000 / 4);
}


sub capacity_page ($r) {
    my $text = <<"END";
# What a school and a country need

<!-- Written by t/bench/growth: do not edit. -->

@{[describe($r->{machine})]} $r->{date}.
From the CPU that each path costs by itself with @{[number(
$r->{capacity}{largest})]} pupils stored ([growth](growth.md)): the least of
$r->{range}{rounds} rounds, over TLS, `synchronous_commit=on`. A core is one of
this machine's. What a processor of another make does differs; the ratios hold.

## A Monday at eight

Assumed: @{[100 * $monday{share}]} % of the pupils log in within
$monday{minutes} minutes, and the busiest minute has $monday{busiest} times the
mean. Each who logs in fetches what is due, looks again twice, and hands in
three exercises; a teacher of $monday{class} pupils logs in and looks at two
overviews. Requests of each, and what one costs:

@{[path_table($r)]}
@{[cores_table($r)]}
Argon2id is most of it: whoever logs in by a national identity provider does
not need it, and a session that lasts the week saves it on four mornings of
five.

## Cells

@{[cell_text($r)]}
## Storage

Assumed for a school day: $day{each}{homework} fetches, $day{each}{submit}
submissions and $day{each}{login} log-ins a pupil; $day{teacher}{overview}
overviews a teacher. An audit record takes @{[number(bytes_each($r,
'audit') // 0)]} bytes with its index.

@{[storage_table($r)]}
## Checked against what was held out

The school-morning mix (of 40 requests 24 fetches, 13 submissions, two
overviews, a log-in) was not used above. Predicted from the paths by
themselves, and then measured. What the parts do not know is that log-ins hold
clients up, and that fewer fetches at once share fewer commits.

@{[held_table($r)]}
## What this cannot say

Two cores, one host: that a database of many cores scales as its first two do
is assumed, and so is a network between hosts that does not wait. Measure a
cell of your own with `make bench-growth` before relying on it.
END
    utf8::encode($text);
    return $text;
}

1;
