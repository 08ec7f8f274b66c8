package Soak::Client;

# Copyright (C) the Pupil authors
#
# A client that does not wait: many of them share a process.  ask() sends,
# pump() reads what is there and gives the response once it is whole, or one
# of status 0 when the connection broke.

use v5.36;

use parent 'Pupil::HTTP';
use IO::Socket::SSL;
use Pupil::HTTP::Response;


# False when the request could not be sent.
sub ask ($self, $method, $path, %opt) {
    if (!$self->socket) {
        eval { $self->connect; 1 } or return 0;
        $self->socket->blocking(0);
    }
    $self->{method} = $method;
    return $self->send_raw($self->request_bytes($method, $path, %opt));
}

sub broken ($self) {
    $self->close;
    return Pupil::HTTP::Response->none;
}

sub pump ($self) {
    my $socket = $self->socket;
    do {
        my $n = sysread $socket, $self->{in}, 65536, length $self->{in};
        return if !defined $n && $SSL_ERROR == SSL_WANT_READ;
        return $self->broken if !$n;
    } while $socket->pending;

    return $self->whole ? $self->read_response($self->{method}) : undef;
}

sub whole ($self) {
    my ($head, $body) = $self->{in} =~ /\A(.*?)\r\n\r\n(.*)\z/s or return 0;
    return 1 if $head =~ m{\AHTTP/1.1 204};
    return $body =~ /(?:\A|\r\n)0\r\n\r\n\z/
        if $head =~ /^transfer-encoding: chunked/mi;
    return length $body >= ($head =~ /^content-length: (\d+)/mi)[0];
}

1;
