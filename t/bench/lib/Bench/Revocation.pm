package Bench::Revocation;

# What it costs to take something away for ever (docs/architecture.md,
# "Floors"), one by one and for a class: of pupilctl, each time a process of its
# own, and of both databases, each in a cluster of its own.  Beside each stands
# the like of it that takes nothing away.

use v5.36;

use Bench::Roster qw(presentations roster_write);
use Exporter qw(import);
use POSIX ();
use Pupil::Util;
use Time::HiRes qw(time);

our @EXPORT_OK = qw(revocations);

use constant { CLASS => 30, CLASSES => 3 };     # pupils of each

# name => what is run, of the site and of what people have.  In this order: an
# import gives roles again.
my @measures = (
    [shown => sub ($site, $of) {
        each_of($site, $of, qw(user show LOGIN)) }],
    [again => sub ($site, $of) { imports($site, $of, sub ($class) { }) }],
    [class => sub ($site, $of) {
        imports($site, $of, sub ($class) { leave($of->{roster}, $class) }) }],
    [role => sub ($site, $of) {
        each_of($site, $of, qw(user role remove LOGIN pupil --institution),
                $of->{institution}) }],
);


# { name => { runs, revoked, ms, ctl_ms, data_ms, keys_ms } }, of all runs.
sub revocations ($school) {
    my $site = $school->apart;
    my $roster = tmp_dir() . '/revoked';
    mkdir $roster or die "$roster: $!\n";
    roster_write($roster);

    my $of = presentations();
    my @classes = (sort keys %$of)[0 .. CLASSES - 1];
    my %of = (roster => $roster,
              classes => [map { s/ /-/r . '-tutor' } @classes],
              people => [map { "s$_" }
                         @{ $of->{ $classes[0] } }[0 .. CLASS - 1]],
              institution => ($school->sessions('pupil'))[0]{institution});

    # the first run of all finds nothing in a cache
    pupilctl($site, qw(user show), $of{people}[0]);
    my %got = map { my ($name, $code) = @$_;
                    ($name => measured($site, sub { $code->($site, \%of) })) }
              @measures;
    $_->stop for $site->pg, $site->keys_pg;
    return \%got;
}


sub pupilctl ($site, @args) {
    $site->ctl_ok(@args, $site->ctl_where, { timeout => 600 });
}

# One run for each of the people; how many.
sub each_of ($site, $of, @args) {
    for my $login (@{ $of->{people} }) {
        pupilctl($site, map { $_ eq 'LOGIN' ? $login : $_ } @args);
    }
    return scalar @{ $of->{people} };
}

# One for each class, after prepare(class); how many.
sub imports ($site, $of, $prepare) {
    for my $class (@{ $of->{classes} }) {
        $prepare->($class);
        pupilctl($site, qw(import oneroster), $of->{roster},
                 qw(--dates open --close-absent));
    }
    return scalar @{ $of->{classes} };
}

# The class's pupils are no longer in it.
sub leave ($roster, $class) {
    my $file = "$roster/enrollments.csv";
    spew($file, slurp($file) =~ s/^\Q$class\E,s\d+,student\n//gmr);
}


# What code took of the clock and of processors; it gives the number of runs.
sub measured ($site, $code) {
    my @clusters = ($site->pg, $site->keys_pg);
    my ($floors, @cpu) = (floors($site), map { ended_ms($_) } @clusters);
    my ($ctl, $from) = (children_ms(), time);
    my $runs = $code->();
    my $ms = 1000 * (time - $from);
    my $ctl_ms = children_ms() - $ctl;
    my @ms = map { ended_ms($_) - shift @cpu } @clusters;

    return { runs => $runs, revoked => floors($site) - $floors, ms => $ms,
             ctl_ms => $ctl_ms, data_ms => $ms[0], keys_ms => $ms[1] };
}

# A revocation raises one by one.
sub floors ($site) {
    return 0 + $site->keystore->selectrow_array(
        'SELECT coalesce(sum(authority), 0) FROM keystore.floor');
}

# CPU of what this process has started, and has ended.
sub children_ms () {
    my (undef, undef, $user, $system) = times;
    return 1000 * ($user + $system);
}

# Of a cluster's backends that have ended: those of pupilctl, which go a moment
# after it.
sub ended_ms ($pg) {
    wait_until(10, 'backends to end', sub {
        $pg->dbh('postgres')->selectrow_array('SELECT count(*) = 0 FROM'
            . " pg_stat_activity WHERE usename = 'pupil_operator'") });
    my @stat = split ' ', slurp('/proc/' . $pg->pid . '/stat') =~ s/^.*\) //r;
    my $hertz = POSIX::sysconf(POSIX::_SC_CLK_TCK());
    return 1000 * ($stat[13] + $stat[14]) / $hertz;
}

1;
