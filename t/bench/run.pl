#!/usr/bin/perl
# Copyright (C) the Pupil authors
#
# The benchmark: one PostgreSQL, one school, and everybody who can serve it,
# one after another in interleaved rounds.  Writes build/bench/result.json and
# docs/performance/.
#
#     t/bench/run [--rounds N] [--seconds S] [--entrants pupil-2,node]
#                 [--workloads homework,submit] [--no-latency]
#                 [--docs FOLDER]

use v5.36;

use FindBin;
use lib "$FindBin::Bin/../lib", "$FindBin::Bin/lib";
use Bench::Machine qw(machine fsync_us build_tool median);
use Bench::Measure qw(measure sql_limit check_answers);
use Bench::Report qw(report);
use Bench::School;
use Bench::Workload qw(workloads requests_write samples);
use File::Path qw(make_path);
use Getopt::Long;
use JSON::XS ();
use POSIX qw(strftime);
use Pupil::Util;

my %opt = (rounds => 5, seconds => 2, latency => 1,
           docs => root_dir() . '/docs/performance');
GetOptions(\%opt, 'rounds=i', 'seconds=f', 'entrants=s', 'workloads=s',
           'latency!', 'docs=s') or exit 2;

my %entrants = (
    'pupil-1' => ['Bench::Entrant::Pupil', workers => 1],
    'pupil-2' => ['Bench::Entrant::Pupil', workers => 2],
    node => ['Bench::Entrant::Node', processes => 2],
    static => ['Bench::Entrant::Static', workers => 1],
);
my @order = qw(pupil-1 pupil-2 node static);


# Those that are asked for and can be had; what cannot is told.
sub entrants_start ($school) {
    my %wanted = map { $_ => 1 } split /,/, $opt{entrants} // join ',', @order;
    my (@entrants, %missing);

    for my $name (grep { $wanted{$_} } @order) {
        my ($class, @args) = @{ $entrants{$name} };
        push @args, bytes => answer_size($school, $entrants[0])
            if $name eq 'static' && @entrants;
        my $entrant = eval {
            (my $file = "$class.pm") =~ s{::}{/}g;
            require $file;
            $class->start($school, @args);
        };
        if ($entrant) {
            push @entrants, $entrant;
        } else {
            $missing{$name} = $@ =~ s/\n.*//sr;
            print STDERR "without $name: $missing{$name}\n";
        }
    }
    return \@entrants, \%missing;
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


sub main () {
    my $school = Bench::School->up;
    my $info = machine();
    $info->{fsync_us} = 0 + sprintf '%.0f', fsync_us($school->site->pg->data);

    my ($entrants, $missing) = entrants_start($school);
    my %wanted = map { $_ => 1 } split /,/, $opt{workloads} // join ',',
                 map { $_->{name} } workloads();
    my @workloads = grep { $wanted{ $_->{name} } } workloads();
    $_->{file} = requests_write($school, $_->{name}) for @workloads;

    warm($school, $_, \@workloads) for @$entrants;
    my $checked = check_answers($entrants, samples($school));
    my (%got, %latency);

    for my $round (1 .. $opt{rounds}) {
        for my $w (@workloads) {
            for my $e (grep { $_->serves($w->{name}) } @$entrants) {
                push @{ $got{ $w->{name} }{ $e->name } },
                    measure($school, $e, $w, seconds => $opt{seconds});
            }
        }
        push @{ $got{homework}{$_} }, sql_limit($school, $_, $opt{seconds})
            for grep { $wanted{homework} } qw(composed naive);
        push @{ $got{login}{argon2id} }, argon2id($opt{seconds})
            if $wanted{login};
        print STDERR "round $round of $opt{rounds}\n";
    }

    latencies($school, $entrants, \@workloads, \%got, \%latency)
        if $opt{latency} && $wanted{homework};

    my $result = {
        machine => $info, date => strftime('%Y-%m-%d %H:%M UTC', gmtime),
        school => $school->facts, rounds => $opt{rounds},
        seconds => $opt{seconds}, missing => $missing, checked => $checked,
        measured => \%got, latency => \%latency,
        entrants => { map { $_->name => $_->title } @$entrants },
        workloads => { map { $_->{name} => { title => $_->{title},
                             items => $_->{items} } } @workloads },
    };
    make_path($opt{docs});
    report($result, $opt{docs});
    spew(build_dir() . '/bench/result.json',
         JSON::XS->new->canonical->pretty->encode($result));
    print build_dir(), "/bench/result.json\n";
}


# Sessions and keys are in everybody's caches, as on any school day but for its
# first minute.
sub warm ($school, $entrant, $workloads) {
    for my $w (grep { $_->{name} =~ /^(?:homework|overview)$/ } @$workloads) {
        next if $entrant->name eq 'static';
        measure($school, $entrant, $w, seconds => 20,
                max => $w->{name} eq 'homework' ? 4000 : 100);
    }
}


# Of two threads, as two workers have.
sub argon2id ($seconds) {
    my $run = run_cmd(build_tool('pwhash'), 2, $seconds);
    die $run->{err} if $run->{code};
    return { rate => 0 + $run->{out} };
}


# Open loop, homework: each at half of its own peak, and all at half of
# Node.js's.
sub latencies ($school, $entrants, $workloads, $got, $latency) {
    my ($w) = grep { $_->{name} eq 'homework' } @$workloads;
    my %peak = map { my $name = $_;
                     $name => median(map { $_->{rate} }
                                     @{ $got->{homework}{$name} }) }
               map { $_->name } grep { $_->serves('homework') } @$entrants;
    my @rates = ([own => sub ($name) { $peak{$name} / 2 }],
                 $peak{node} ? [node => sub ($) { $peak{node} / 2 }] : ());

    for my $round (1 .. $opt{rounds}) {
        for my $rate (@rates) {
            for my $e (grep { $peak{ $_->name } && $_->name ne 'static' }
                       @$entrants)
            {
                push @{ $latency->{ $rate->[0] }{ $e->name } },
                    measure($school, $e, $w, seconds => $opt{seconds},
                            rate => $rate->[1]->($e->name));
            }
        }
    }
}

main() if !caller;
