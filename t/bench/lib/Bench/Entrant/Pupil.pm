package Bench::Entrant::Pupil;

# nginx with Pupil, as docs/quickstart/nginx.conf.in has it, with room for the
# benchmark's sessions (and keys: the default holds them all), and with time: a
# log-in's thread gives way to all that is measured, and to all else on the
# machine, and one that was late would make the run void.

use v5.36;

use Pupil::Util;

# Options: workers, conf (as of Pupil::Site's http_conf), name, title, serves
# (workloads, all if none are named), and those of Pupil::Nginx.
sub start ($class, $school, %opt) {
    my $workers = $opt{workers} // 2;
    my $nginx = $school->site->nginx(
        workers => $workers, log_level => 'warn',
        %{ $opt{nginx} // {} },
        http => 'keepalive_requests 1000000; keepalive_timeout 1h;',
        conf => { access_log => 'off',
                  pupil_session_zone => 'pupil_sessions:16m',
                  pupil_request_timeout => '1m',
                  %{ $opt{conf} // {} } });
    $nginx->start;
    wait_until(20, 'Pupil to be ready',
               sub { $nginx->http->get('/status/ready')->status == 200 });
    return bless { nginx => $nginx, serves => $opt{serves},
                   name => $opt{name} // "pupil-$workers",
                   title => $opt{title} // "Pupil, $workers worker"
                            . ($workers > 1 ? 's' : '') }, $class;
}

sub name ($self) { $self->{name} }
sub title ($self) { $self->{title} }
sub port ($self) { $self->{nginx}->port }
sub pids ($self) { $self->{nginx}->workers }
sub http ($self) { $self->{nginx}->http }
sub stop ($self) { $self->{nginx}->quit }

sub serves ($self, $workload) {
    return !$self->{serves} || grep { $_ eq $workload } @{ $self->{serves} };
}

# What /status says, of each worker; the kernel chooses which one answers.
sub status ($self) {
    my %of;
    my $left = 200 * $self->pids;
    while (keys %of < $self->pids && $left--) {
        my $status = $self->http->get('/status')->json;
        $of{ $status->{worker}{pid} } = $status;
    }
    return values %of;
}

1;
