package Pupil::Ss12000;

# Copyright (C) the Pupil authors
#
# A server that speaks SS 12000, version 2.1, as a school's system does: pages
# of what it is told that there is, filters of what was changed, deletions, and
# OAuth 2.0 client credentials.  It takes what the OpenAPI of the standard takes
# and nothing else.
#
#     my $peer = Pupil::Ss12000->new(tls => 1);
#     $peer->tell(Pupil::Ss12000::school());
#     $peer->faults(persons => [{}, { status => 429 }]);
#
# A fault is of one answer: the first of a path, the second, and so on; {} is
# none.  status; head => { name => value }; body => text; cut => bytes of it
# that are sent; token => what pageToken is; stall => seconds.

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
    my $folder = tmp_dir() . '/ss12000-' . ++$n;
    mkdir $folder or die "$folder: $!\n";
    my $self = bless { port => free_port(), folder => $folder, %opt }, $class;
    $self->tell({});
    $self->{pid} = fork // die "fork: $!\n";
    if (!$self->{pid}) {
        eval { $self->_serve };
        print STDERR "# ss12000: $@" if $@;
        POSIX::_exit(1);
    }
    wait_until(20, 'the server of rosters', sub {
        IO::Socket::INET->new("127.0.0.1:$self->{port}") });
    return $self;
}

sub DESTROY ($self) {
    return if !$self->{pid} || $self->{gone}++;
    local $?;
    kill KILL => $self->{pid};
    waitpid $self->{pid}, 0;
}

sub url ($self) { $self->_origin . '/ss12000/v2' }
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


# ---- a school

sub id ($kind, $n) { sprintf '%08x-0000-4000-8000-%012x', ord $kind, $n }

sub ref_to ($kind, $n) { { id => id($kind, $n) } }

sub meta { { created => '2026-08-01T08:00:00+02:00',
             modified => $_[0] // '2026-08-01T08:00:00+02:00' } }

sub person ($n, $given, $family, %more) {
    return { id => id('p', $n), meta => meta(), givenName => $given,
             familyName => $family, middleName => 'Mellan',
             eduPersonPrincipalNames => [lc "$given\@skola.example"],
             civicNo => { value => '201301012384', nationality => 'SE' },
             emails => [{ value => lc "$given\@hemma.example",
                          type => 'Privat' },
                        { value => lc "$given.work\@skola.example",
                          type => 'Skola personal' }],
             securityMarking => 'Ingen', enrolments => [], %more };
}

sub enrolled ($school) { { enroledAt => ref_to('o', $school),
                           schoolYear => 7, schoolType => 'GR' } }

sub duty ($n, $person, $role, %more) {
    return { id => id('d', $n), meta => meta(), dutyAt => ref_to('o', 1),
             person => ref_to('p', $person), dutyRole => $role, %more };
}

sub group ($n, $name, $type, @members) {
    return { id => id('g', $n), meta => meta(), displayName => $name,
             groupType => $type, schoolType => 'GR',
             organisation => ref_to('o', 1),
             groupMemberships => [map { { person => ref_to('p', $_) } }
                                  @members] };
}

# Twelve pupils in a class, six of them taught in a group, a teacher, a head, a
# nurse and a guardian.
sub school () {
    return {
        organisations => [map { { id => id('o', $_), meta => meta(),
            displayName => "Skola $_", schoolUnitCode => "1234567$_" } } 1, 2],
        duties => [duty(1, 20, 'Lärare'), duty(2, 21, 'Rektor'),
                   duty(3, 22, 'Skolsköterska')],
        persons => [
            (map { person($_, "Elev$_", 'Ek', enrolments => [enrolled(1)]) }
                1 .. 12),
            person(20, 'Tina', 'Lind'), person(21, 'Rut', 'Rask'),
            person(22, 'Sia', 'Syster'), person(30, 'Vera', 'Vuxen')],
        groups => [group(1, '7A', 'Klass', 1 .. 12),
                   group(2, 'Matematik', 'Undervisning', 1 .. 6),
                   group(3, 'Kollegiet', 'Personalgrupp', 20, 21)],
        activities => [
            { id => id('a', 1), meta => meta(), displayName => 'Ma 7',
              activityType => 'Undervisning', organisation => ref_to('o', 1),
              groups => [ref_to('g', 1), ref_to('g', 2), ref_to('g', 3)],
              teachers => [{ duty => ref_to('d', 1) }] },
            { id => id('a', 2), meta => meta(), displayName => 'Rast',
              activityType => 'Övrigt', organisation => ref_to('o', 1),
              groups => [ref_to('g', 1)],
              teachers => [{ duty => ref_to('d', 3) }] }],
        deletedEntities => {},
    };
}


# ---- the server, a process of its own

sub _serve ($self) {
    my $ca = test_ca();
    my @own = (LocalAddr => '127.0.0.1', LocalPort => $self->{port},
               Listen => 50, ReuseAddr => 1);
    my $listen = IO::Socket::INET->new(@own) or die "listen: $!\n";
    $SIG{CHLD} = 'IGNORE';
    while (1) {
        my $client = $listen->accept or next;
        if ($self->{tls}) {
            IO::Socket::SSL->start_SSL($client, SSL_server => 1, Timeout => 5,
                SSL_cert_file => $ca->{cert}, SSL_key_file => $ca->{key})
                or next;
        }
        eval { $self->_connection($client) };
        print STDERR "# ss12000: $@" if $@;
        $client->close;
    }
}

# One request: connections are not kept.
sub _connection ($self, $client) {
    my $head = '';
    while ($head !~ /\r\n\r\n/) {
        defined(my $line = $client->getline) or return;
        $head .= $line;
    }
    my ($method, $path, $query) = $head =~ m{^(\w+) ([^ ?]+)(?:\?(\S+))? HTTP};
    my %head = map { lc($_->[0]) => $_->[1] }
        map { [/^([^:]+): *(.*?)\r?$/] } grep { /:/ } split /\n/, $head;
    my $body = '';
    $client->read($body, $head{'content-length'}) if $head{'content-length'};

    my $told = $json->decode(slurp("$self->{folder}/told"));
    if (($self->{n} // 0) != $told->{n}) {
        @$self{qw(n count)} = ($told->{n}, {});
    }
    my %query = map { map { s/%(..)/chr hex $1/ger } split /=/, $_, 2 }
        split /&/, $query // '';
    $path =~ s{^/ss12000/v2/}{};
    open my $log, '>>', "$self->{folder}/asked" or die;
    print {$log} $json->encode([$path, \%query, \%head]), "\n";
    close $log;

    my $fault = $told->{faults}{$path}[$self->{count}{$path}++] // {};
    my ($status, $answer) = $path eq '/token'
        ? $self->_token(\%head, $body)
        : $self->_answer($told->{world}, $method, $path, \%query, \%head,
                         $fault);
    sleep $fault->{stall} if $fault->{stall};
    ($status, $answer) = ($fault->{status}, { code => 'x', message => 'x' })
        if $fault->{status};
    $answer->{pageToken} = $fault->{token} if exists $fault->{token};
    my $text = $fault->{body} // $json->encode($answer);
    print {$client} "HTTP/1.1 $status X\r\nContent-Type: application/json\r\n",
        "Connection: close\r\nContent-Length: ", length $text, "\r\n",
        (map { "$_: $fault->{head}{$_}\r\n" } keys %{ $fault->{head} // {} }),
        "\r\n", defined $fault->{cut} ? substr $text, 0, $fault->{cut} : $text;
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

sub _answer ($self, $world, $method, $path, $query, $head, $fault) {
    return 401, { code => '401', message => 'no' } if !$self->_allowed($head);
    return 404, {} if $method ne 'GET' || !exists $world->{$path};
    my %left = %$query;
    my ($limit, $token) = delete @left{qw(limit pageToken)};
    my $after = $path eq 'deletedEntities' ? 'after' : 'meta.modified.after';
    my $since = delete $left{$after};
    return 400, { code => 'INVALID_FILTER', message => 'x' }
        if %left || (defined $token && defined $since)
            || ($limit // 1) !~ /^[1-9][0-9]*$/
            || (defined $since
                && $since !~ /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    return 200, { data => $world->{$path}, pageToken => undef }
        if $path eq 'deletedEntities';

    my @all = grep { !defined $since || $_->{meta}{modified} ge $since }
        @{ $world->{$path} };
    my $from = defined $token && $token =~ /^t\+(\d+)=$/ ? $1 : 0;
    $from = 0 if $fault->{again};
    my $to = $from + ($limit // 1000);
    my @page = @all[$from .. ($to > @all ? @all : $to) - 1];
    my $list = $path eq 'organisations' ? 'organisations' : 'data';
    return 200, { $list => \@page,
                  pageToken => $to < @all ? "t+$to=" : undef };
}

1;
