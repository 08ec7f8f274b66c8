package Pupil::HTTP;

# An HTTP client that can also be rude: keep-alive, pipelining, chunks and raw
# bytes over plain TCP or TLS, a cookie jar, and the CSRF token of the session
# by itself.
#
#     my $http = Pupil::HTTP->new(port => $port, tls => 1);
#     $http->login('anna@example.org', 'password');
#     my $res = $http->post('/v1/progress', json => { ... });
#     $http->send_raw("GET / HTTP/1.1\r\n..."); $res = $http->read_response;

use v5.36;

use IO::Socket::INET;
use IO::Socket::SSL;
use IO::Select;
use JSON::XS ();
use Pupil::HTTP::Response;
use Pupil::Util;
use Time::HiRes qw(time);

my $json = JSON::XS->new->utf8->canonical->allow_nonref;


# Options: port, host (localhost), tls, timeout (120 s), header => { ... } for
# every request.
sub new ($class, %opt) {
    return bless { host => 'localhost', address => '127.0.0.1',
                   timeout => 120, header => {}, cookies => {}, in => '',
                   %opt }, $class;
}

sub cookies ($self) { $self->{cookies} }
sub csrf ($self, @value) { $self->{csrf} = $value[0] if @value; $self->{csrf} }


# Another client of the same server with nothing remembered.
sub fresh ($self) {
    return ref($self)->new(map { $_ => $self->{$_} }
                           qw(port host address tls timeout));
}


# ---- connection

sub connect ($self) {
    $self->close;
    my $socket = IO::Socket::INET->new(
        PeerAddr => $self->{address}, PeerPort => $self->{port},
        Timeout => $self->{timeout}) or die "connect $self->{port}: $@\n";
    $socket->sockopt(Socket::SO_KEEPALIVE(), 1);
    setsockopt $socket, Socket::IPPROTO_TCP(), Socket::TCP_NODELAY(), 1;

    if ($self->{tls}) {
        IO::Socket::SSL->start_SSL($socket, SSL_hostname => $self->{host},
            SSL_verifycn_name => $self->{host},
            SSL_verifycn_scheme => 'http', SSL_ca_file => test_ca()->{ca},
            Timeout => $self->{timeout}, %{ $self->{ssl} // {} })
            or die "TLS: $IO::Socket::SSL::SSL_ERROR\n";
    }

    $self->{socket} = $socket;
    return $self;
}

sub socket ($self) { $self->{socket} }

sub close ($self) {
    my $socket = delete $self->{socket};
    $self->{in} = '';
    close $socket if $socket;
    return $self;
}


# Closes with RST, as a client that is gone.
sub reset ($self) {
    my $socket = $self->{socket} or return $self;
    setsockopt $socket, Socket::SOL_SOCKET(), Socket::SO_LINGER(),
        pack('ii', 1, 0);
    if ($self->{tls}) {
        $socket->stop_SSL(SSL_no_shutdown => 1, SSL_fast_shutdown => 1);
    }
    return $self->close;
}


sub send_raw ($self, $bytes) {
    $self->connect if !$self->{socket};
    local $SIG{PIPE} = 'IGNORE';
    my $sent = 0;
    while ($sent < length $bytes) {
        my $n = syswrite $self->{socket}, $bytes, 16384, $sent;
        return 0 if !defined $n;
        $sent += $n;
    }
    return 1;
}


# Reads some bytes into the buffer; false at the end of the connection.
sub fill ($self, $until) {
    my $socket = $self->{socket} or return 0;
    my $ready = $self->{tls} && $socket->pending;
    if (!$ready) {
        my $left = $until - time;
        die "timeout after $self->{timeout} s\n"
            if $left <= 0 || !IO::Select->new($socket)->can_read($left);
    }
    my $n = sysread $socket, $self->{in}, 65536, length $self->{in};
    return $n;
}


# What the pattern captures at the start of the buffer, reading on until it
# matches; undef if the connection ends before.
sub take ($self, $pattern, $until) {
    while (1) {
        return $1 if $self->{in} =~ s/$pattern//;
        $self->fill($until) or return;
    }
}


# The next response on the connection, or undef if it ends before a whole one
# came.  A response to HEAD has no body.
sub read_response ($self, $method = 'GET') {
    my $until = time + $self->{timeout};
    my $res;

    do {
        my $head = $self->take(qr/\A(.*?)\r\n\r\n/s, $until)
            // return $self->close && undef;
        $res = Pupil::HTTP::Response->parse_head($head);
    } while ($res->status >= 100 && $res->status < 200);

    my $length = $res->header('content-length');
    my $body = '';

    if ($method eq 'HEAD' || $res->status == 204 || $res->status == 304) {
        # none

    } elsif (($res->header('transfer-encoding') // '') eq 'chunked') {
        while (1) {
            my $size = hex($self->take(qr/\A([0-9a-fA-F]+)[^\r]*\r\n/,
                                       $until)
                           // return $self->close && undef);
            while (length $self->{in} < $size + 2) {
                $self->fill($until) or return $self->close && undef;
            }
            $body .= substr $self->{in}, 0, $size;
            substr $self->{in}, 0, $size + 2, '';
            last if $size == 0;
        }

    } elsif (defined $length) {
        while (length $self->{in} < $length) {
            $self->fill($until) or return $self->close && undef;
        }
        $body = substr $self->{in}, 0, $length, '';

    } else {
        1 while $self->fill($until);
        $body = $self->{in};
        $self->close;
    }

    $res->body($body);
    $self->learn($res);
    $self->close
        if lc($res->header('connection') // '') eq 'close';
    return $res;
}


# ---- requests

# The bytes of a request.  Options: json => value, body => bytes, type =>
# Content-Type, chunked => size of chunks, header => { ... } (undef drops
# one), cookies => 0, csrf => 0.
sub request_bytes ($self, $method, $path, %opt) {
    my $body = exists $opt{json} ? $json->encode($opt{json}) : $opt{body};
    my %header = (Host => "$self->{host}:$self->{port}");

    if (defined $body) {
        $header{'Content-Type'} = $opt{type} // 'application/json';
        if ($opt{chunked}) {
            $header{'Transfer-Encoding'} = 'chunked';
            $body = join '', (map { sprintf "%x\r\n%s\r\n", length, $_ }
                              unpack "(a$opt{chunked})*", $body), "0\r\n\r\n";
        } else {
            $header{'Content-Length'} = length $body;
        }
    }
    if (%{ $self->{cookies} } && ($opt{cookies} // 1)) {
        $header{Cookie} = join '; ', map { "$_=$self->{cookies}{$_}" }
                                     sort keys %{ $self->{cookies} };
    }
    if ($self->{csrf} && ($opt{csrf} // 1) && $method !~ /^(GET|HEAD)$/) {
        $header{'X-Pupil-CSRF'} = $self->{csrf};
    }
    %header = (%header, %{ $self->{header} }, %{ $opt{header} // {} });

    return "$method $path HTTP/1.1\r\n"
        . join('', map { "$_: $header{$_}\r\n" }
                   grep { defined $header{$_} } sort keys %header)
        . "\r\n" . ($body // '');
}


# One request and its response.  A kept connection that the server had closed
# meanwhile is opened again, once, if no byte of a response came.
sub request ($self, $method, $path, %opt) {
    my $bytes = $self->request_bytes($method, $path, %opt);
    my $kept = $self->{socket};

    my $res = $self->send_raw($bytes) || $kept ? $self->read_response($method)
                                               : undef;
    if (!$res && $kept && !$opt{once}) {
        $self->connect;
        $self->send_raw($bytes);
        $res = $self->read_response($method);
    }
    return $res // Pupil::HTTP::Response->none;
}

sub get ($self, $path, %opt) { $self->request(GET => $path, %opt) }
sub head ($self, $path, %opt) { $self->request(HEAD => $path, %opt) }
sub post ($self, $path, %opt) { $self->request(POST => $path, %opt) }
sub patch ($self, $path, %opt) { $self->request(PATCH => $path, %opt) }
sub put ($self, $path, %opt) { $self->request(PUT => $path, %opt) }
sub delete ($self, $path, %opt) { $self->request(DELETE => $path, %opt) }


# Sends several requests ([method, path, options...]) at once; their responses
# in order.
sub pipeline ($self, @requests) {
    $self->send_raw(join '', map { $self->request_bytes(@$_) } @requests);
    return map { $self->read_response($_->[0]) } @requests;
}


sub login ($self, $identifier, $password) {
    return $self->post('/v1/login', json => { identifier => $identifier,
                                              password => $password });
}

# The same, and again where it is to come again, as on a machine that was slow:
# there an attempt that had no answer counts, too.
sub enter ($self, @who) {
    my $res;
    wait_until(60, 'a log-in', sub {
        ($res = $self->login(@who))->status !~ /^(?:429|503)$/ });
    return $res;
}

sub logout ($self) { $self->delete('/v1/session') }


# Cookies and the CSRF token of a response.
sub learn ($self, $res) {
    for my $cookie ($res->headers('set-cookie')) {
        my ($name, $value, $rest) = $cookie =~ /^([^=]+)=([^;]*)(.*)$/s
            or next;
        if ($value eq '' || $rest =~ /;\s*Max-Age=(?:0|-\d+)\s*(?:;|$)/i) {
            delete $self->{cookies}{$name};
        } else {
            $self->{cookies}{$name} = $value;
        }
    }
    if (($res->header('content-type') // '') =~ m{^application/json}
        && $res->body =~ /"csrf_token"/)
    {
        my $data = eval { $res->json };
        my $token = ref $data eq 'HASH' && ref $data->{session} eq 'HASH'
                    ? $data->{session}{csrf_token} : undef;
        $self->{csrf} = $token if defined $token;
    }
}


# The same request through curl, over HTTP/2 (or version => '1.1').
sub curl ($self, $method, $path, %opt) {
    my $body = exists $opt{json} ? $json->encode($opt{json}) : $opt{body};
    my %header = (%{ $self->{header} }, %{ $opt{header} // {} });
    my $dir = tmp_dir();
    my $scheme = $self->{tls} ? 'https' : 'http';
    my $version = $opt{version} // '2';
    my @version = $version ne '2' ? "--http$version"
                : $self->{tls} ? '--http2' : '--http2-prior-knowledge';

    $header{'Content-Type'} //= $opt{type} // 'application/json'
        if defined $body;
    $header{'X-Pupil-CSRF'} //= $self->{csrf}
        if $self->{csrf} && $method !~ /^(GET|HEAD)$/;
    $header{Cookie} //= join '; ', map { "$_=$self->{cookies}{$_}" }
                                   sort keys %{ $self->{cookies} }
        if %{ $self->{cookies} };

    spew("$dir/curl.body", $body) if defined $body;
    my $run = run_cmd('curl', '-q', '-sS', @version, '--max-time',
        $self->{timeout}, '--path-as-is', '--cacert', test_ca()->{ca},
        '--resolve', "$self->{host}:$self->{port}:$self->{address}",
        ($method eq 'HEAD' ? '-I' : ('-X', $method, '-D', "$dir/curl.head")),
        ($method eq 'HEAD' ? () : ('-o', "$dir/curl.out")),
        (defined $body ? ('--data-binary', "\@$dir/curl.body") : ()),
        (map { ('-H', "$_: $header{$_}") }
         grep { defined $header{$_} } sort keys %header),
        @{ $opt{args} // [] }, "$scheme://$self->{host}:$self->{port}$path");

    if ($run->{code}) {
        my $res = Pupil::HTTP::Response->none;
        $res->{error} = $run->{err};
        return $res;
    }

    my $text = $method eq 'HEAD' ? $run->{out} : slurp("$dir/curl.head");
    my @heads = grep { length } split /\r\n\r\n/, $text;
    my $res = Pupil::HTTP::Response->parse_head($heads[-1]);
    $res->body(-f "$dir/curl.out" && $method ne 'HEAD'
               ? slurp("$dir/curl.out") : '');
    unlink map { "$dir/curl.$_" } qw(body head out);
    $self->learn($res);
    return $res;
}

1;
