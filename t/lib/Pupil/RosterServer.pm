package Pupil::RosterServer;

# Copyright (C) the Pupil authors
#
# A server that has a roster: what it is told that there is, by paths, OAuth 2.0
# client credentials, and faults.  What it answers is of a package with its
# protocol, _base and _answer: Pupil::Ss12000, Pupil::OneRoster; or _connection:
# Pupil::UniLogin.
#
# A fault is of one answer: the first of a path, the second, and so on; {} is
# none.  status; head => { name => value }; body => text; cut => bytes of it
# that are sent; stall => seconds, or until it is told something; what else
# there is is the protocol's.

use v5.36;
use utf8;

use IO::Socket::SSL ();
use JSON::XS ();
use MIME::Base64 qw(decode_base64);
use POSIX ();
use Pupil::Util;

my $json = JSON::XS->new->canonical->utf8;

sub new ($class, %opt) {
    state $n = 0;
    my $folder = tmp_dir() . '/roster-server-' . ++$n;
    mkdir $folder or die "$folder: $!\n";
    my $self = bless { port => free_port(), folder => $folder, %opt }, $class;
    $self->tell({});
    $self->{pid} = fork // die "fork: $!\n";
    if (!$self->{pid}) {
        eval { $self->_serve };
        print STDERR "# roster server: $@" if $@;
        POSIX::_exit(1);
    }
    wait_until(60, 'the server of rosters', sub {
        IO::Socket::INET->new("127.0.0.1:$self->{port}") });
    return $self;
}

sub DESTROY ($self) {
    return if !$self->{pid} || $self->{gone}++;
    local $?;
    kill KILL => $self->{pid};
    waitpid $self->{pid}, 0;
}

sub url ($self) { $self->_origin . '/' . $self->_base }
sub token_url ($self) { $self->_origin . '/token' }

sub _origin ($self) {
    return $self->{tls} ? "https://localhost:$self->{port}"
                        : "http://127.0.0.1:$self->{port}";
}

# What there is, by paths; and no fault any more.
sub tell ($self, $world) {
    $self->{world} = $world;
    $self->faults;
}

sub faults ($self, %faults) {
    state $n = 0;
    my $file = "$self->{folder}/told";
    spew("$file.new", $json->encode({ n => ++$n, world => $self->{world},
                                      faults => \%faults }));
    rename "$file.new", $file or die "$file: $!\n";
    unlink "$self->{folder}/asked";
}

# What it was asked since it was told something: [path, { query }, { head }].
sub asked ($self) {
    my $file = "$self->{folder}/asked";
    return -f $file ? map { $json->decode($_) } split /\n/, slurp($file) : ();
}


# ---- the server, a process of its own

sub _serve ($self) {
    my $ca = test_ca();
    my @own = (LocalAddr => '127.0.0.1', LocalPort => $self->{port},
               Listen => 50, ReuseAddr => 1);
    my $listen = IO::Socket::INET->new(@own) or die "listen: $!\n";
    $SIG{CHLD} = $SIG{PIPE} = 'IGNORE';
    while (1) {
        my $client = $listen->accept or next;
        if ($self->{tls}) {
            IO::Socket::SSL->start_SSL($client, SSL_server => 1, Timeout => 5,
                SSL_cert_file => $ca->{cert}, SSL_key_file => $ca->{key},
                $self->_tls) or next;
        }
        eval { $self->_connection($client) };
        print STDERR "# roster server: $@" if $@;
        $client->close;
    }
}

# What else is to be said of TLS.
sub _tls ($self) { }

# A request: the first line, { head }, body; nothing where there is none.
sub _request ($self, $client) {
    my $head = '';
    while ($head !~ /\r\n\r\n/) {
        defined(my $line = $client->getline) or return;
        $head .= $line;
    }
    my %head = map { lc($_->[0]) => $_->[1] }
        map { [/^([^:]+): *(.*?)\r?$/] } grep { /:/ } split /\n/, $head;
    my $body = '';
    $client->read($body, $head{'content-length'}) if $head{'content-length'};
    return $head =~ s/\r\n.*//sr, \%head, $body;
}

# What it was told last.
sub _told ($self) {
    my $told = $json->decode(slurp("$self->{folder}/told"));
    if (($self->{n} // 0) != $told->{n}) {
        @$self{qw(n count)} = ($told->{n}, {});
    }
    return $told;
}

sub _log ($self, @asked) {
    open my $log, '>>', "$self->{folder}/asked" or die;
    print {$log} $json->encode(\@asked), "\n";
    close $log;
}

# One request: connections are not kept.
sub _connection ($self, $client) {
    my ($line, $head, $body) = $self->_request($client) or return;
    my ($method, $path, $query) = $line =~ m{^(\w+) ([^ ?]+)(?:\?(\S+))? HTTP};
    my $told = $self->_told;
    my %query = map { map { s/%(..)/chr hex $1/ger } split /=/, $_, 2 }
        split /&/, $query // '';
    my $base = $self->_base;
    $path =~ s{^/\Q$base\E/}{};
    $self->_log($path, \%query, $head);

    my $fault = $told->{faults}{$path}[$self->{count}{$path}++] // {};
    my ($status, $answer, %more) = $path eq '/token'
        ? $self->_token($head, $body)
        : $method ne 'GET' ? (404, {})
        : !$self->_allowed($head) ? (401, { code => '401', message => 'no' })
        : $self->_answer($told->{world}, $path, \%query, $fault);
    $self->_stall($fault->{stall}, $told->{n}) if $fault->{stall};
    ($status, $answer) = ($fault->{status}, { code => 'x', message => 'x' })
        if $fault->{status};
    $answer->{pageToken} = $fault->{token} if exists $fault->{token};
    %more = (%more, %{ $fault->{head} // {} });
    my $text = $fault->{body} // $json->encode($answer);
    print {$client} "HTTP/1.1 $status X\r\nContent-Type: application/json\r\n",
        "Connection: close\r\nContent-Length: ", length $text, "\r\n",
        (map { "$_: $more{$_}\r\n" } grep { defined $more{$_} } sort keys %more),
        "\r\n", defined $fault->{cut} ? substr $text, 0, $fault->{cut} : $text;
}

# So many seconds, or until it is told something.
sub _stall ($self, $seconds, $n) {
    my $end = time + $seconds;
    select undef, undef, undef, 0.05
        while time < $end
              && $json->decode(slurp("$self->{folder}/told"))->{n} == $n;
}

sub _token ($self, $head, $body) {
    my ($basic) = ($head->{authorization} // '') =~ /^Basic (.*)/;
    my $login = decode_base64($basic // '');
    return 401, { error => "no $login" }
        if $login ne 'pupil%20test:s%3Acret%2F1'
            || $body ne 'grant_type=client_credentials&scope=ss12000%20read';
    return 200, { access_token => 'token-' . ++$self->{tokens},
                  token_type => 'Bearer', expires_in => 60 };
}

sub _allowed ($self, $head) {
    return 1 if !$self->{login};
    return ($head->{authorization} // '') eq "Bearer token-$self->{tokens}"
        if $self->{login} eq 'oauth';
    return ($head->{ $self->{login}[0] } // '') eq $self->{login}[1];
}

1;
