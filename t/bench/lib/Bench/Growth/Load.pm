package Bench::Growth::Load;

# The hot paths as requests, and what they cost.

use v5.36;

use Bench::Machine qw(build_tool load_tool);
use Bench::Measure qw(measure);
use Bench::Workload;
use Exporter qw(import);
use JSON::XS ();
use Pupil::Util;

our @EXPORT_OK = qw(path load send_some write_file);

# name => [title, entrant, requests, connections]
my %paths = (
    homework => ['homework fetch', warm => \&homework, 32],
    overview => ['class overview', warm => \&overview, 32],
    submit => ['progress submit, single', warm => \&submit, 32],
    show => ['who am I', warm => \&show, 32],
    session => ['homework fetch, session read', sessionless => \&homework, 32],
    cold => ['homework fetch, nothing cached', cold => \&strange, 32],
    login => ['log-in', warm => \&login, 4],
    mix => ['school-morning mix', warm => \&mix, 32],
);

# Which of these the mix has, of 40.
our %mix = (login => 1, overview => 2, submit => 13, homework => 24);


# { name, title, entrant, connections }
sub path ($name) {
    my $p = $paths{$name};
    return { name => $name, title => $p->[0], entrant => $p->[1],
             connections => $p->[3] };
}

sub request { Bench::Workload::request(@_) }

sub homework ($school) {
    return map { request(GET => '/v1/homework', $_) }
           $school->sessions('pupil');
}

sub strange ($school) {
    return map { request(GET => '/v1/homework', $_) } $school->strangers;
}

sub show ($school) {
    return map { request(GET => '/v1/session', $_) } $school->sessions('pupil');
}

sub overviews (@teachers) {
    return map { my $session = $_;
                 map { request(GET => "/v1/homework/$_/progress", $session) }
                 @{ $session->{work} } } @teachers;
}

sub overview ($school) { overviews($school->sessions('teacher')) }

# Each request another pupil's, and another exercise.
sub submit ($school) {
    my $n = 0;
    return map {
        my @work = map { [split /:/] } @{ $_->{work} };
        request(POST => '/v1/progress', $_,
                Bench::Workload::submission($work[$n % @work], $n++));
    } $school->sessions('pupil');
}

sub login ($school) {
    my $secret = Bench::Growth::School::PASSWORD();
    return map { request(POST => '/v1/login', undef, {
        identifier => $_->{login}, password => $secret }) }
        $school->sessions('pupil');
}

sub mix ($school) {
    my %of = map { $_ => [$paths{$_}[2]->($school)] } keys %mix;
    my @turn;
    for my $name (sort keys %mix) {
        push @turn, map { [($_ + 0.5) / $mix{$name}, $name] }
                    0 .. $mix{$name} - 1;
    }
    @turn = map { $_->[1] } sort { $a->[0] <=> $b->[0] } @turn;
    return map { my $all = $of{ $turn[$_ % @turn] }; $all->[$_ % @$all] }
           0 .. 3999;
}


# The file of a path's requests, kept.
sub file ($school, $name) {
    return $school->{requests}{$name} //= do {
        state $count = 0;
        write_file("path$name." . ++$count, $paths{$name}[2]->($school));
    };
}

sub write_file ($name, @requests) {
    die "no request for $name\n" if !@requests;
    return spew(tmp_dir() . "/$name",
                join '', map { length($_) . "\n$_" } @requests);
}


# One measurement: as Bench::Measure has it.  Options: seconds, entrant (one
# that stands for the path's own), connections.
sub load ($school, $name, %opt) {
    my $path = path($name);
    my $entrant = $opt{entrant} // $school->entrant($path->{entrant});
    my $m = eval {
        measure($school, $entrant, { name => $name,
            file => file($school, $name),
            connections => $opt{connections} // $path->{connections} },
            seconds => $opt{seconds});
    } // die $@, log_tail($entrant);
    return $m;
}

sub log_tail ($entrant) {
    my @log = split /\n/, $entrant->{nginx}->log_text;
    return join "\n", @log[-(@log < 3 ? @log : 3) .. -1], '';
}

# So many requests, four at a time, and nothing measured.
sub send_some ($school, $name, $count, $entrant) {
    my $run = run_cmd(load_tool(), '--port',
        $entrant->port, '--requests', file($school, $name), '--connections', 4,
        '--warm', 0, '--seconds', 60, '--max', $count, { timeout => 120 });
    my $m = eval { JSON::XS::decode_json($run->{out}) };
    return if $m && !$m->{refused} && !$m->{failed} && !$m->{lost};
    die "$name: $run->{out}$run->{err}", log_tail($entrant);
}

sub warm ($school, $entrant) {
    send_some($school, homework => 1500, $entrant);
    send_some($school, overview => 300, $entrant);
}

1;
