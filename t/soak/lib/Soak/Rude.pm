package Soak::Rude;

# Copyright (C) the Pupil authors
#
# Clients that leave in mid-request, reset their streams, or read slowly.
# Nothing is acknowledged to them; what they sent whole may be stored, once.

use v5.36;

use JSON::XS ();
use Pupil::HTTP2;
use Pupil::Test ();
use Time::HiRes qw(sleep time);

use constant { SLOW => 4, HELD => 3 };


sub new ($class, $school, $work) {
    return bless { school => $school, work => $work, sent => {}, slow => [],
                   n => 0, left => 0 }, $class;
}

sub run ($self, $over) {
    my @ways = ([\&leave, 0], [\&leave, 1], [\&in_the_body], [\&resets],
                [\&reads_slowly]);
    while (!$over->()) {
        my ($way, @how) = @{ $ways[rand @ways] };
        eval { $way->($self, @how); $self->{left}++; 1 } or sleep 0.1;
        sleep rand 0.1;
    }
    $_->[1]->close for @{ $self->{slow} };
    return { sent => $self->{sent}, left => $self->{left} };
}

sub item ($self) {
    my $person = $self->{school}{leaver};
    my $item = $self->{school}->submission($person, $self->{work},
        int rand 3, Pupil::Test::uuid(), ++$self->{n});
    $self->{sent}{ $item->{id} } = [$person->{id}, $item];
    return $item;
}

sub paths { qw(/v1/session /v1/homework /v1/progress?limit=100) }

# HTTP/1.1, after a request; by FIN or by RST.
sub leave ($self, $rst) {
    my $http = $self->{school}->client($self->{school}{leaver});
    my $path = (paths())[rand 3];

    $http->send_raw(rand() < 0.5
        ? $http->request_bytes(GET => $path)
        : $http->request_bytes(POST => '/v1/progress',
                               json => $self->item));
    sleep rand 0.02;
    $rst ? $http->reset : $http->close;
}

sub in_the_body ($self) {
    my $http = $self->{school}->client($self->{school}{leaver});
    my $bytes = $http->request_bytes(POST => '/v1/progress',
                                     json => $self->item);
    $http->send_raw(substr $bytes, 0, -20);
    sleep rand 0.02;
    $http->close;
}


# ---- HTTP/2

sub fields ($self, $method, $path) {
    my $school = $self->{school};
    my $person = $school->{leaver};
    my %more = %{ $school->{header} };
    return [':method' => $method, ':scheme' => 'https', ':path' => $path,
            ':authority' => 'localhost', 'content-type' =>
            'application/json', 'x-pupil-csrf' => $person->{csrf},
            (map { lc $_ => $more{$_} } keys %more),
            cookie => join '; ', map { "$_=$person->{cookies}{$_}" }
                                 sort keys %{ $person->{cookies} }];
}

sub h2 ($self, %opt) {
    return Pupil::HTTP2->new(port => $self->{school}{nginx}->port,
                             %opt)->hello;
}

sub resets ($self) {
    my $h2 = $self->h2;
    $h2->headers(1, $self->fields(POST => '/v1/progress'));
    $h2->data(1, Pupil::Test::json_of($self->item));
    $h2->headers($_, $self->fields(GET => (paths())[rand 3]), end => 1)
        for 3, 5, 7;
    sleep rand 0.02;
    $h2->reset_stream($_) for 1, 3, 5, 7;
    $h2->close(int rand 2);
}

# A few at once, each held for some seconds.
sub reads_slowly ($self) {
    my $slow = $self->{slow};
    while (@$slow && ($slow->[0][0] < time - HELD || @$slow >= SLOW)) {
        (shift @$slow)->[1]->close;
    }
    my $h2 = $self->h2(window => 100);
    $h2->headers($_, $self->fields(GET => '/v1/progress?limit=100'), end => 1)
        for 1, 3, 5;
    $h2->wait(0.1);
    push @$slow, [time, $h2];
}

1;
