package Pupil::PgProxy;

# A man in the middle of PostgreSQL's wire protocol (version 3, no TLS), for
# what no honest server does:
#
#     my $proxy = Pupil::PgProxy->new($pg, client => sub ($type, $body) {...});
#     ... $pg->conninfo('pupil', host => '127.0.0.1', port => $proxy->port,
#                       sslmode => 'disable')
#     $proxy->mode('swap');
#
# It is a process of its own.  Hooks run in it: client gets each message that
# nginx sends, and gives the body that is passed on; it is for all modes.
# Modes, for connections to the database that is named (pupil):
#
#     pass    as it comes
#     swap    the answers of two requests in flight change places: next_one()
#     nonce   one bit of the first column of the next row is turned: next_one()
#     rows    the next result loses its rows: next_one()
#     discard DISCARD ALL goes before a statement that comes with nothing in
#             flight: next_one()
#     lie     rows of a statement are changed, until another mode is set: lie()
#     look    rows of a statement are written down: look(), seen()
#     cut     the connection ends in place of the answer to a statement, once
#             that is committed: next_one()
#     hold    a statement waits, once what was sent before it has run, until
#             another mode is set: hold(), held()

use v5.36;

use Carp qw(croak);
use IO::Select;
use IO::Socket::INET;
use JSON::XS ();
use Pupil::Util;

my @started;


# Options: client => sub, database (pupil).
sub new ($class, $pg, %opt) {
    state $count = 0;
    my $port = free_port();
    my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1',
        LocalPort => $port, Listen => 64, ReuseAddr => 1)
        or croak "proxy: $!";
    my $self = bless { database => 'pupil', %opt, to => $pg->port,
                       port => $port, listener => $listener,
                       mode_file => tmp_dir() . '/proxy' . ++$count },
                     $class;

    $self->mode('pass');
    $self->{pid} = fork // croak "fork: $!";
    if (!$self->{pid}) {
        $SIG{$_} = 'DEFAULT' for qw(TERM INT HUP);
        eval { $self->serve };
        print STDERR "# proxy: $@" if $@;
        POSIX::_exit(0);
    }
    close $listener;
    push @started, $self;
    return $self;
}

sub port ($self) { $self->{port} }

# A mode that does one thing goes back to pass by itself.
sub mode ($self, @mode) {
    return slurp($self->{mode_file}) if !@mode;
    return $self->put($self->{mode_file}, $mode[0]);
}

# At once: the proxy reads it with each statement.
sub put ($self, $file, $text) {
    rename spew("$file.new", $text), $file or croak "proxy: $!";
    return $self;
}

# In each row of statements that match, columns by number get other bytes
# (undef: NULL).
sub lie ($self, $sql, %set) {
    return $self->about(lie => $sql,
        { map { $_ => defined $set{$_} ? unpack 'H*', $set{$_} : undef }
          keys %set });
}

# Until another mode is set, rows of statements that match are kept; they come
# as lists of bytes.
sub look ($self, $sql) { $self->about(look => $sql, {}) }
sub seen ($self) {
    return map { [map { defined ? pack 'H*', $_ : undef } @$_] }
           map { JSON::XS::decode_json($_) }
           split /\n/, slurp("$self->{mode_file}.seen");
}

# The next statement that matches waits until another mode is set.
sub hold ($self, $sql) {
    unlink "$self->{mode_file}.held";
    return $self->about(hold => $sql, {});
}
sub held ($self) { -e "$self->{mode_file}.held" }

# Does it once, to the next statement that matches.  (Workers ask on their own,
# too: theirs must not be what is hit.)
sub next_one ($self, $mode, $sql) { $self->about($mode => $sql, {}) }

sub about ($self, $mode, $sql, $set) {
    spew("$self->{mode_file}.seen", '');
    $self->put("$self->{mode_file}.about",
               JSON::XS::encode_json({ sql => "$sql", set => $set }));
    return $self->mode($mode);
}

# True once what the mode asked for was done.
sub done ($self) { $self->mode eq 'pass' }

sub stop ($self) {
    my $pid = delete $self->{pid} // return;
    kill KILL => $pid;
    process_ends($pid, 60);
}

END { local $?; $_->stop for @started }


# ---- the process

sub serve ($self) {
    my $select = IO::Select->new($self->{listener});
    my %link;

    while (1) {
        $self->let_go(\%link) if $self->{holding};
        for my $socket ($select->can_read($self->{holding} ? 0.02 : undef)) {
            if ($socket == $self->{listener}) {
                my $client = $socket->accept or next;
                my $server = IO::Socket::INET->new(
                    PeerAddr => '127.0.0.1', PeerPort => $self->{to});
                next if !$server;
                my $link = { client => $client, server => $server,
                             in => { c => '', s => '' }, start => 1,
                             held => [] };
                @link{$client, $server} = ($link, $link);
                $select->add($client, $server);
                next;
            }

            my $link = $link{$socket} or next;
            my $side = $socket == $link->{client} ? 'c' : 's';
            my $n = sysread $socket, $link->{in}{$side}, 65536,
                            length $link->{in}{$side};
            if (!$n || !$self->forward($link, $side)) {
                $select->remove($link->{client}, $link->{server});
                delete @link{$link->{client}, $link->{server}};
                close $_ for $link->{client}, $link->{server};
            }
        }
    }
}


# Takes whole messages from what has come.
sub forward ($self, $link, $side) {
    my $out = '';

    while (1) {
        my $head = $side eq 'c' && $link->{start} ? 0 : 1;
        last if length $link->{in}{$side} < $head + 4;
        my $len = unpack 'N', substr $link->{in}{$side}, $head, 4;
        last if length $link->{in}{$side} < $head + $len;

        if ($side eq 'c' && ($link->{holds} || $self->holds($link, $head))) {
            $out .= 'H' . pack 'N', 4 if $out ne '';     # Flush: it runs
            last;
        }

        my $message = substr $link->{in}{$side}, 0, $head + $len, '';
        my $type = $head ? substr $message, 0, 1 : '';
        my $body = substr $message, $head + 4;

        if ($side eq 'c') {
            if (!$head) {
                $link->{start} = 0;
                my %word = split /\0/, substr $body, 4;
                $link->{ours} = ($word{database} // '')
                                eq $self->{database};
            } elsif ($link->{ours} && $self->{client}) {
                $body = $self->{client}->($type, $body);
            }
            if ($head && $link->{ours} && $self->discards($link, $type, $body))
            {
                $self->mode('pass');
                $link->{swallow} = 1;
                $out .= 'Q' . pack('NZ*', 4 + 12, 'DISCARD ALL');
            }
            follow($link, $type, $body) if $head && $link->{ours};
            $out .= ($head ? $type : '') . pack('N', 4 + length $body)
                    . $body;
        } else {
            $out .= $self->answer($link, $type, $body);
            if ($link->{over}) {
                $self->mode('pass');
                return 0;
            }
        }
    }

    return 1 if $out eq '';
    my $to = $side eq 'c' ? $link->{server} : $link->{client};
    return send_all($to, $out);
}

# Whether the message that comes next has to wait: the Bind of a statement that
# hold() names.
sub holds ($self, $link, $head) {
    return if !$head || !$link->{ours} || $self->{holding}
              || $self->mode ne 'hold' || $link->{in}{c} !~ /^B/;
    my (undef, $name) = unpack 'Z*Z*', substr $link->{in}{c}, 5;
    return if !$self->asked($link->{sql}{$name} // '');
    return $link->{holds} = $self->{holding} = 1;
}

# Whether the session is to be emptied before this message.
sub discards ($self, $link, $type, $body) {
    return if $type ne 'B' || @{ $link->{bound} // [] }
              || $self->mode ne 'discard';
    my (undef, $name) = unpack 'Z*Z*', $body;
    return $self->asked($link->{sql}{$name} // '');
}

# Says that it waits, once the server has done all before it; lets it go.
sub let_go ($self, $links) {
    my ($link) = grep { $_->{holds} } values %$links;
    if ($link && $self->mode eq 'hold') {
        spew("$self->{mode_file}.held", '')
            if !grep { defined } @{ $link->{bound} // [] };
        return;
    }
    $self->{holding} = 0;
    return if !$link;
    $link->{holds} = 0;
    $self->forward($link, 'c');
}

# Which statement the next rows are of: those that are bound, in their order.
sub follow ($link, $type, $body) {
    my ($first, $second) = unpack 'Z*Z*', $body;
    $link->{sql}{$first} = $second if $type eq 'P';
    push @{ $link->{bound} }, $link->{sql}{$second} // '' if $type eq 'B';
    push @{ $link->{bound} }, undef if $type eq 'S' || $type eq 'Q';
}

# An error ends all that is bound before the next Sync.
sub followed ($link, $type) {
    my $bound = $link->{bound} // return;
    shift @$bound if $type eq 'C' && defined $bound->[0];
    return if $type ne 'Z';
    shift @$bound while defined $bound->[0];
    shift @$bound;
}

sub send_all ($socket, $bytes) {
    my $sent = 0;
    while ($sent < length $bytes) {
        my $n = syswrite $socket, $bytes, 65536, $sent;
        return 0 if !defined $n;
        $sent += $n;
    }
    return 1;
}


# What is passed on in place of a message of the server.
sub answer ($self, $link, $type, $body) {
    my $message = $type . pack('N', 4 + length $body) . $body;
    return $message if !$link->{ours};

    if ($link->{swallow}) {
        $link->{swallow} = 0 if $type eq 'Z';
        return '';
    }

    my $mode = $self->mode;
    my $asked = $mode ne 'pass' && defined $link->{bound}[0]
                && $self->asked($link->{bound}[0]);
    $message = $self->row($mode, $body, $message)
        if $type eq 'D' && $asked && ($mode eq 'lie' || $mode eq 'look');
    followed($link, $type);

    # An exchange ends with ReadyForQuery.
    if ($asked && $mode eq 'swap' || @{ $link->{held} }) {
        push @{ $link->{held} }, '' if !@{ $link->{held} };
        $link->{held}[-1] .= $message;
        return '' if $type ne 'Z';
        if (@{ $link->{held} } == 1 && $mode eq 'swap') {
            push @{ $link->{held} }, '';
            return '';
        }
        my @held = @{ $link->{held} };
        $link->{held} = [];
        $self->mode('pass');
        return join '', reverse @held;
    }

    if ($asked && $mode eq 'cut' || $link->{cut}) {
        $link->{cut} = 1;
        $link->{over} = 1 if $type eq 'Z';
        return '';
    }

    if ($asked && $mode eq 'nonce' && $type eq 'D') {
        $self->mode('pass');
        my ($columns, $len) = unpack 'nN', $body;
        substr($body, 6 + $len - 1, 1) ^.= "\1";
        return $type . pack('N', 4 + length $body) . $body;
    }

    if ($asked && $mode eq 'rows' || $link->{dropping}) {
        if ($type eq 'D') {
            $link->{dropping} = 1;
            return '';
        }
        if ($link->{dropping}) {
            $link->{dropping} = 0;
            $self->mode('pass');
        }
    }
    return $message;
}

# What lie() and look() are about, when it is this statement.
sub asked ($self, $sql) {
    my $about = JSON::XS::decode_json(slurp("$self->{mode_file}.about"));
    $self->{set} = $about->{set};
    return $sql =~ $about->{sql};
}

sub row ($self, $mode, $body, $message) {
    my ($n, $rest) = unpack 'n a*', $body;
    my @columns;
    for (1 .. $n) {
        my $len = unpack 'l>', substr $rest, 0, 4, '';
        push @columns, $len < 0 ? undef : substr $rest, 0, $len, '';
    }
    spew("$self->{mode_file}.seen", slurp("$self->{mode_file}.seen")
         . JSON::XS::encode_json([map { defined ? unpack 'H*', $_ : undef }
                                  @columns]) . "\n");
    return $message if $mode eq 'look';

    while (my ($i, $hex) = each %{ $self->{set} }) {
        $columns[$i] = defined $hex ? pack 'H*', $hex : undef;
    }
    $body = pack 'n', $n;
    $body .= defined ? pack('N/a', $_) : pack 'l>', -1 for @columns;
    return 'D' . pack('N', 4 + length $body) . $body;
}

1;
