package Bench::Entrant::Static;

# The limit of nginx itself: the same bytes over TLS, with no work behind.

use v5.36;

use Pupil::Nginx;

# Options: workers, body (bytes of the answer).
sub start ($class, $school, %opt) {
    my $workers = $opt{workers} // 1;
    die "its size is that of an answer of Pupil's\n" if !$opt{bytes};
    my $nginx = Pupil::Nginx->new(
        tls => 1, load => 0, workers => $workers, log_level => 'warn',
        http => 'keepalive_requests 1000000;',
        server => 'access_log off; ' . answer($opt{bytes}));
    $nginx->start;
    return bless { nginx => $nginx }, $class;
}

# A parameter in nginx.conf is at most 4 KiB long.
sub answer ($bytes) {
    my ($all, $rest) = (int($bytes / 1000), $bytes % 1000);
    return "set \$k '" . 'x' x 1000 . "'; set \$rest '" . 'x' x $rest . "';"
        . ' location / { default_type application/json; return 200 "'
        . '$k' x $all . '$rest"; }';
}

sub name ($self) { 'static' }
sub title ($self) { 'nginx `return 200`, same bytes' }
sub port ($self) { $self->{nginx}->port }
sub pids ($self) { $self->{nginx}->workers }
sub http ($self) { $self->{nginx}->http }
sub serves ($self, $workload) { $workload eq 'homework' }

1;
