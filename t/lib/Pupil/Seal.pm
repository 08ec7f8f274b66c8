package Pupil::Seal;

# Copyright (C) the Pupil authors
#
# The sealed log of a site, as the operator has it: a folder of checkpoints
# outside of the database, and the commands.

use v5.36;

use Pupil::Clock;
use Pupil::Site;
use Pupil::Util qw(build_dir slurp tmp_dir);

# Options: speed (1), of what the commands wait for; see Pupil::Clock.
sub new ($class, $site, %opt) {
    my $self = bless { site => $site, dir => tmp_dir() . '/checkpoints' },
        $class;
    $self->{clock} = Pupil::Clock->new(%opt) if %opt;
    mkdir $self->{dir};
    return $self;
}

sub dir ($self) { $self->{dir} }
sub file ($self) { "$self->{dir}/" . $self->{site}->tenant . '.checkpoints' }

sub anchors ($self) {
    my $text = slurp($self->file);
    utf8::decode($text);
    return $text;
}

sub ctl ($self, @args) {
    return $self->{site}->ctl(@args, '--checkpoints', $self->{dir},
                              $self->{site}->ctl_where, { env => $self->env });
}

# The same, for start_process(), with env.
sub command ($self, @args) {
    return (build_dir() . '/pupilctl', @args, '--checkpoints',
            $self->{dir}, $self->{site}->ctl_where);
}

sub env ($self) {
    return { %{ Pupil::Site->ctl_env },
             %{ $self->{clock} ? $self->{clock}->env : {} } };
}

sub seal ($self, @more) { $self->ctl(qw(audit seal), @more) }

1;
