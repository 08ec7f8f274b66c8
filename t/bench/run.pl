#!/usr/bin/perl
# Copyright (C) the Pupil authors
#
# The benchmark: one PostgreSQL, one school, and everybody who can serve it,
# one after another in interleaved rounds.  Writes build/bench/result.json and
# docs/performance/.
#
#     t/bench/run [--minutes M] [--rounds N] [--seconds S] [--small]
#                 [--entrants pupil-2,node] [--workloads homework,submit]
#                 [--no-latency] [--no-ablations] [--no-memory] [--no-counts]
#                 [--no-revocations] [--docs FOLDER] [--result FILE]
#
# --minutes: how long all may take; the seconds of each measurement follow
# from that, if they are not given.  --small: a school of 600 pupils, to see
# that everything runs: its figures mean nothing.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/../lib", "$FindBin::Bin/lib";
use Bench::Machine qw(machine fsync_us median);
use Bench::Measure qw(measure beside counts argon2id sql_limit check_answers
                      WARM);
use Bench::Memory qw(memory);
use Bench::Pgbench qw(pgbench_limit);
use Bench::Report qw(report);
use Bench::Revocation qw(revocations);
use Bench::School;
use Bench::Workload qw(workloads requests_write samples);
use File::Path qw(make_path);
use Getopt::Long;
use JSON::XS ();
use List::Util qw(max min);
use POSIX qw(strftime);
use Pupil::Util;

my %opt = (rounds => 5, minutes => 14, latency => 1, ablations => 1,
           memory => 1, counts => 1, revocations => 1,
           docs => root_dir() . '/docs/performance',
           result => build_dir() . '/bench/result.json');
GetOptions(\%opt, 'rounds=i', 'seconds=f', 'minutes=f', 'entrants=s',
           'workloads=s', 'latency!', 'ablations!', 'memory!', 'counts!',
           'revocations!', 'small!', 'docs=s', 'result=s') or exit 2;

# Seconds of a measurement beside those that are counted: connections, the
# last answers, the audit's count.
use constant OVERHEAD => WARM + 0.35;
use constant MEMORY_SECONDS => 45;
use constant REVOCATIONS_SECONDS => 60;
use constant COUNTS_SECONDS => 1;

# name => [class, options]; those of Pupil alone may have a directive that
# this build does not know yet.
my @off = (workers => 2, serves => ['homework']);
my %entrants = (
    'pupil-1' => ['Bench::Entrant::Pupil', workers => 1],
    'pupil-2' => ['Bench::Entrant::Pupil', workers => 2],
    node => ['Bench::Entrant::Node', processes => 2],
    php => ['Bench::Entrant::Php', children => 8, workers => 2],
    laravel => ['Bench::Entrant::Laravel'],
    static => ['Bench::Entrant::Static', workers => 1],
    probe => ['Bench::Entrant::Pupil', workers => 2, serves => ['mix'],
              title => 'Pupil, 2 workers, `pupil_probe on`',
              conf => { pupil_probe => 'on' }],
    'no-key-cache' => ['Bench::Entrant::Pupil', @off,
                       title => 'owner-key cache off',
                       conf => { pupil_key_cache => 'off' }],
    'no-audit-groups' => ['Bench::Entrant::Pupil', @off,
                          title => 'audit records one by one',
                          conf => { pupil_audit_group => 1 }],
    'no-pipelining' => ['Bench::Entrant::Pupil', @off,
                        title => 'pipelining off',
                        conf => { pupil_pool => 'data depth=1' }],
    'no-definitions' => ['Bench::Entrant::Pupil', @off,
                         title => 'cached definitions off',
                         conf => { pupil_homework_cache => 'off' }],
);
my @order = qw(pupil-1 pupil-2 node php laravel static);

# What the database can do alone: name => code of school and seconds.
my %limits = (
    composed => sub ($school, $s) { sql_limit($school, 'composed', $s) },
    naive => sub ($school, $s) { sql_limit($school, 'naive', $s) },
    pgbench => sub ($school, $s) { pgbench_limit($school, $s, WARM) },
);

my @ablations = qw(no-key-cache no-audit-groups no-pipelining
                   no-definitions);


sub wanted ($list, @all) {
    return @all if !defined $list;
    my %wanted = map { $_ => 1 } split /,/, $list;
    delete @wanted{ my @found = grep { $wanted{$_} } @all };
    die "nothing is called @{[sort keys %wanted]}: there are @all\n" if %wanted;
    return @found;
}

sub entrant_start ($school, $name, @more) {
    my ($class, @args) = @{ $entrants{$name} };
    (my $file = "$class.pm") =~ s{::}{/}g;
    die "this benchmark has no $class\n" if !-f "$FindBin::Bin/lib/$file";
    require $file;
    return $class->start($school, name => $name, @args, @more);
}

# Those of all that can be had; what cannot is told.  Whoever is asked for by
# name has to be there.
sub entrants_start ($school, @names) {
    my (@entrants, %missing);

    for my $name (@names) {
        my $entrant = eval {
            entrant_start($school, $name, $name eq 'static' && @entrants
                          ? (bytes => answer_size($school, $entrants[0]))
                          : ());
        };
        if ($entrant) {
            push @entrants, $entrant;
        } elsif ($opt{entrants}) {
            die "$name: ", why($@), "\n";
        } else {
            $missing{$name} = why($@);
            print STDERR "without $name: $missing{$name}\n";
        }
    }
    return \@entrants, \%missing;
}

# The one line that matters of what an entrant died of.
sub why ($text) {
    my ($line) = $text =~ /(?:\[emerg\] [\d#]+: )(.*?)(?: in \/.*)?$/m;
    return $line // $text =~ s/\n.*//sr;
}

# The mean size of a homework fetch.
sub answer_size ($school, $entrant) {
    my @samples = samples($school);
    my $sum = 0;
    my $n = 0;
    for my $sample (grep { $_->[1] eq '/v1/homework' } @samples) {
        my $http = $entrant->http;
        $http->cookies->{'__Host-pupil'} = $sample->[0]{token};
        $sum += length $http->get($sample->[1])->body;
        $n++;
    }
    return int $sum / $n;
}


# Everything that is done in each round: [workload, who, code of seconds].
sub measurements ($school, $entrants, $workloads) {
    my %have = map { $_->{name} => $_ } @$workloads;
    my @all;

    for my $w (@$workloads) {
        push @all, map { my $e = $_;
            [$w->{name}, $e->name, sub ($seconds) {
                measure($school, $e, $w, seconds => $seconds) }]
        } grep { $_->serves($w->{name}) } @$entrants;
    }
    push @all, map { my $limit = $limits{$_};
        [homework => $_, sub ($seconds) { $limit->($school, $seconds) }]
    } sort keys %limits if $have{homework};
    push @all, [login => 'argon2id', \&argon2id] if $have{login};
    return @all;
}

# With rates that follow from the peaks: [kind, who, code of seconds].  Half of
# everybody's own peak, all at half of Node.js's; and a quarter of Pupil's,
# alone and while log-ins take what they can.
sub latencies ($school, $entrants, $workloads, $got) {
    my %w = map { $_->{name} => $_ } @$workloads;
    my %peak = map { $_ => median(map { $_->{rate} }
                                  @{ $got->{homework}{$_} }) }
               keys %{ $got->{homework} };
    my @timed = timed($entrants);
    my $at = sub ($e, $rate) {
        sub ($seconds) { measure($school, $e, $w{homework},
                                 seconds => $seconds, rate => $rate) }
    };
    my @all = map { [own => $_->name, $at->($_, $peak{ $_->name } / 2)] }
              @timed;
    push @all, map { [node => $_->name, $at->($_, $peak{node} / 2)] } @timed
        if $peak{node};

    for my $e (grep { $w{login} && $_->name =~ /^pupil-/ } @timed) {
        my $rate = $peak{ $e->name } / 4;
        push @all, [quiet => $e->name, $at->($e, $rate)],
            [logins => $e->name, sub ($seconds) {
                beside($school, $e, @w{qw(homework login)},
                       seconds => $seconds, rate => $rate) }];
    }
    return @all;
}

# Whose latency is measured.
sub timed ($entrants) {
    return grep { $opt{latency} && $_->serves('homework')
                  && $_->name !~ /^(?:no-|static$)/ } @$entrants;
}

# What is counted once: statements and flushes a request.
sub counted ($entrants, $workloads) {
    return if !$opt{counts};
    return map { my $w = $_;
                 map { [$_, $w] } grep { $_->serves($w->{name})
                                         && $_->name !~ /^(?:static|probe)$/ }
                 @$entrants } grep { $_->{name} ne 'login' } @$workloads;
}


# The seconds of each of n measurements, of what is left of the time.
sub share ($n, $rest) {
    return $opt{seconds}
        // max(0.5, min(3, ($opt{minutes} * 60 - (time - $^T) - $rest) / $n
                           - OVERHEAD));
}

# The plan as text, and the seconds of a measurement.
sub plan ($measurements, $timed, $counted) {
    my $n = $opt{rounds} * ($measurements + $timed);
    my $rest = rest($counted);
    my $seconds = share($n, $rest);
    my $all = $n * ($seconds + OVERHEAD) + $rest;

    printf STDERR "plan: %d rounds of %d measurements and %d at fixed rates,"
        . " %.1f s each;\n%d counts%s; about %.0f minutes from now, %.0f in"
        . " all\n", $opt{rounds}, $measurements, $timed, $seconds, $counted,
        join('', map { $opt{$_} ? "; $_" : '' } qw(memory revocations)),
        $all / 60, ($all + time - $^T) / 60;
    return $seconds;
}

# Seconds of all that comes behind the rounds.
sub rest ($counted) {
    return $counted * (COUNTS_SECONDS + 3) + 20
        + ($opt{memory} ? MEMORY_SECONDS : 0)
        + ($opt{revocations} ? REVOCATIONS_SECONDS : 0);
}

# Adds to %$got{kind}{who}, interleaved.
sub rounds ($what, $seconds, $got, @measurements) {
    for my $round (1 .. $opt{rounds}) {
        for my $m (@measurements) {
            my ($kind, $who, $code) = @$m;
            push @{ $got->{$kind}{$who} }, $code->($seconds);
        }
        print STDERR "$what: round $round of $opt{rounds}\n";
    }
}


sub main () {
    my @names = wanted($opt{entrants}, @order,
                       $opt{ablations} ? ('probe', @ablations) : ());
    my %workload = map { $_->{name} => $_ } workloads();
    my @workloads = @workload{ wanted($opt{workloads},
                                      map { $_->{name} } workloads()) };
    my $school = Bench::School->up(small => $opt{small});
    my $info = machine();
    $info->{fsync_us} = 0 + sprintf '%.0f', fsync_us($school->site->pg->data);

    my ($entrants, $missing) = entrants_start($school, @names);
    $_->{file} = requests_write($school, $_->{name}) for @workloads;

    warm($school, $_, \@workloads) for @$entrants;
    my $checked = check_answers($entrants, samples($school));
    my (%got, %latency, %counts);

    my @measurements = measurements($school, $entrants, \@workloads);
    my @counted = counted($entrants, \@workloads);
    my @timed = map { $_->name } timed($entrants);
    my $rates = (1 + grep { $_ eq 'node' } @timed) * @timed
              + 2 * grep { /^pupil-/ } @timed;
    my $seconds = plan(scalar @measurements, $rates, scalar @counted);

    rounds(peak => $seconds, \%got, @measurements);
    # the peaks may have taken longer than was planned
    my @fixed = latencies($school, $entrants, \@workloads, \%got);
    rounds(latency => min($seconds, share($opt{rounds} * @fixed,
                                          rest(scalar @counted))),
           \%latency, @fixed) if @fixed;
    $counts{ $_->[1]{name} }{ $_->[0]->name }
        = counts($school, @$_, COUNTS_SECONDS) for @counted;
    my ($probe) = grep { $_->name eq 'probe' } @$entrants;
    my @loops = $probe ? map { $_->{event_loop} } $probe->status : ();

    my $result = {
        machine => $info, date => strftime('%Y-%m-%d %H:%M UTC', gmtime),
        school => $school->facts, rounds => $opt{rounds},
        seconds => 0 + sprintf('%.1f', $seconds), missing => $missing,
        checked => $checked, measured => \%got, latency => \%latency,
        counts => \%counts, loops => \@loops, ablations => \@ablations,
        memory => $opt{memory}
            ? memory($school, $opt{small} ? (10, 100) : ()) : {},
        revocations => $opt{revocations} ? revocations($school) : {},
        entrants => { map { $_->name => $_->title } @$entrants },
        workloads => { map { $_->{name} => { title => $_->{title},
                             items => $_->{items} } } @workloads },
        minutes => 0 + sprintf('%.1f', (time - $^T) / 60),
    };
    make_path($opt{docs});
    report($result, $opt{docs});
    spew($opt{result}, JSON::XS->new->canonical->pretty->encode($result));
    print "$opt{result}\n";
}


# Sessions and keys are in everybody's caches, as on any school day but for its
# first minute.
sub warm ($school, $entrant, $workloads) {
    for my $w (grep { $_->{name} =~ /^(?:homework|overview)$/ } @$workloads) {
        next if $entrant->name eq 'static' || ($w->{name} ne 'homework'
            && !$entrant->serves($w->{name}) && $entrant->name ne 'probe');
        measure($school, $entrant, $w, seconds => 20,
                max => $w->{name} eq 'homework' ? 4000 : 100);
    }
}

main() if !caller;
