package Bench::Growth::Axes;

# One sub for each thing that can be more.  Each gives { loads => { number =>
# { path => [measurements] } } }, and what PostgreSQL counts where that is not
# the same at every number: counts, plans.

use v5.36;

use Bench::Entrant::Pupil;
use Bench::Growth::Counts qw(count_path plans_of);
use Bench::Growth::Load qw(load);
use Bench::Growth::Plugins qw(plugins_up plugins_measure);
use Exporter qw(import);
use List::Util qw(min);

our @EXPORT_OK = qw(axes keep);

sub axes () { qw(subjects audit sizes clients connections workers plugins) }

my @paths = qw(homework session overview submit show login);
my @kept = qw(rate server_us database_us client_us wal foreign p50);


# Interleaved: cells are [number, path, school, options].  What a round cannot
# measure, as when something else stalls the machine, is tried once more.
sub rounds ($range, @cells) {
    my %loads;
    for my $round (1 .. $range->{rounds}) {
        for my $cell (@cells) {
            my ($number, $path, $school, %opt) = @$cell;
            my @args = ($school, $path, seconds => $range->{seconds}
                        * ($path eq 'login' ? 3 : 1), %opt);
            my $m = eval { load(@args) } // do {
                print STDERR "again: $@";
                load(@args);
            };
            push @{ $loads{$number}{$path} }, keep($m);
        }
        print STDERR "  round $round\n";
    }
    return \%loads;
}

sub keep ($m) { return { map { $_ => $m->{$_} } @kept } }

sub counted ($school, @names) {
    return {
        counts => { map { $_ => count_path($school, $_, $_ eq 'login' ? 20
                                                                      : 400) }
                    @names },
        plans => { map { $_ => plans_of($school, $_) } @names },
    };
}


sub subjects ($made, $range) {
    my (@cells, %got);
    for my $n (@{ $range->{subjects} }) {
        my $school = $made->{"pupils $n"}->open;
        my @names = (@paths, $school->strangers >= 1500 ? 'cold' : ());
        my $counted = counted($school, @names);
        $got{$_}{$n} = $counted->{$_} for keys %$counted;
        push @cells, map { [$n, $_, $school] } @names;
        $got{bytes}{$n} = $school->db->selectrow_array(
            "SELECT sum(pg_database_size(datname)) FROM pg_database"
            . " WHERE datname IN ('pupil', 'pupil_keys')");
    }
    my $loads = rounds($range, @cells);
    for my $n (@{ $range->{subjects} }) {
        my $school = $made->{"pupils $n"};
        $school->entrant_end($_) for qw(sessionless cold);
        $school->close if $n != $range->{base}
            && $n != $range->{subjects}[-1];
    }
    return { %got, loads => $loads };
}


sub audit ($made, $range) {
    my (@cells, %got);
    for my $n (@{ $range->{audit} }) {
        my $school = $made->{"audit $n"}->open;
        my @names = qw(homework overview submit show);
        my $counted = counted($school, @names);
        $got{$_}{$n} = $counted->{$_} for keys %$counted;
        push @cells, map { [$n, $_, $school] } @names;
        $got{bytes}{$n} = $school->db->selectrow_array(
            'SELECT sum(pg_total_relation_size(inhrelid)) FROM pg_inherits'
            . " WHERE inhparent = 'pupil.audit_record'::regclass");
    }
    my $loads = rounds($range, @cells);
    $made->{"audit $_"}->close for @{ $range->{audit} };
    return { %got, loads => $loads };
}


# Each size as a school of its own, of the same cluster.
sub sizes ($made, $range) {
    my $school = $made->{sizes}->open;
    my (@cells, %got);

    $school->entrant('warm');
    for my $n (@{ $range->{sizes} }) {
        my $view = $school->of_size($n);
        my @names = qw(homework overview submit);
        my $counted = counted($view, @names);
        $got{$_}{$n} = $counted->{$_} for keys %$counted;
        push @cells, map { [$n, $_, $view] } @names;
    }
    my $loads = rounds($range, @cells);
    $school->close;
    return { %got, loads => $loads };
}


sub base ($made, $range) {
    my $school = $made->{"pupils $range->{base}"};
    return $school->site->pg->pid ? $school : $school->open;
}

sub clients ($made, $range) {
    my $school = base($made, $range);
    return { loads => rounds($range, map { my $n = $_;
        map { [$n, $_, $school, connections => $n] } qw(homework submit)
    } @{ $range->{clients} }) };
}


# The same nginx with one thing set otherwise, for each number.
sub variants ($made, $range, $numbers, $options) {
    my $school = base($made, $range);
    my (@cells, @entrants);
    for my $n (@$numbers) {
        my $entrant = Bench::Entrant::Pupil->start($school,
            name => "pupil-$n", $options->($n));
        push @entrants, $entrant;
        Bench::Growth::Load::warm($school, $entrant);
        push @cells, map { [$n, $_, $school, entrant => $entrant] }
                     qw(homework submit);
    }
    my $loads = rounds($range, @cells);
    $_->{nginx}->quit for @entrants;
    return { loads => $loads };
}

sub connections ($made, $range) {
    return variants($made, $range, $range->{connections}, sub ($n) {
        return (workers => 2, conf => {
            pupil_pool => "data connections=$n queue=1024" });
    });
}

sub workers ($made, $range) {
    return variants($made, $range, [1, 2], sub ($n) { (workers => $n) });
}


sub plugins ($made, $range) {
    my $school = base($made, $range);
    my @numbers = @{ $range->{plugins} };
    my $more = plugins_up($school, $numbers[-1] - $numbers[0]);
    my %got = (accept_s => $more->{accept_s});
    for my $n (@numbers) {
        my $m = plugins_measure($school, $more, $n, %$range);
        $got{loads}{$n}{$_} = [map { keep($_) } @{ $m->{load}{$_} }]
            for keys %{ $m->{load} };
        delete $m->{load};
        $got{cost}{$n} = $m;
    }
    return \%got;
}

1;
