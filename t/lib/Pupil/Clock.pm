package Pupil::Clock;

# The clocks of programs that a test starts: t/lib/clock.c.
#
#     my $clock = Pupil::Clock->new(ahead => 900);     # the time of day
#     start_process([...], env => $clock->env);
#     $clock->forward(60);                             # at once, for all
#     $clock->faster(600);      # what ran for a second has run for ten minutes
#     $clock->pass(3600);       # an hour, at once, not of the time of day
#
#     Pupil::Clock->new(speed => 5)    # who waits ten seconds waits two
#     Pupil::Clock->new(slow => 10)    # who gives up after two waits twenty: for
#                                      # nginx where a machine may be slow, and
#                                      # its limits are not what is tested

use v5.36;

use Pupil::Nginx;
use Pupil::Util;

sub new ($class, %opt) {
    state $count = 0;
    my $self = bless { ahead => 0, speed => 1, passed => 0, slow => 1,
                       %opt,
                       file => tmp_dir() . '/clock' . ++$count }, $class;
    spew($self->{file}, $self->text);
    return $self;
}

sub text ($self) { pack 'qqqq', @$self{qw(ahead speed passed slow)} }

sub forward ($self, $seconds) {
    $self->{ahead} += $seconds;
    return $self->set;
}

sub faster ($self, $speed) {
    $self->{speed} = $speed;
    return $self->set;
}

sub pass ($self, $seconds) {
    $self->{passed} += $seconds;
    return $self->set;
}

sub ahead ($self) { $self->{ahead} }

# In its place: programs have it mapped.
sub set ($self) {
    open my $out, '+<:raw', $self->{file} or die "$self->{file}: $!\n";
    syswrite $out, $self->text;
    return $self;
}

# That of all that is started from then on, nginx, pupilctl and PostgreSQL, which
# is started anew.
sub of_all ($self, $pg) {
    my $env = $self->env;

    $pg->stop;
    @ENV{qw(LD_PRELOAD PUPIL_CLOCK)} = @$env{qw(LD_PRELOAD PUPIL_CLOCK)};
    $pg->start;
    return $self;
}

sub env ($self) {
    return Pupil::Nginx->preload_env('clock.so',
                                     PUPIL_CLOCK => $self->{file});
}

1;
