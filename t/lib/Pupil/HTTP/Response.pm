package Pupil::HTTP::Response;

# A response: status 0 means that none came.

use v5.36;

use JSON::XS ();


sub parse_head ($class, $text) {
    my ($line, @lines) = split /\r\n/, $text;
    my ($version, $status) = ($line // '') =~ m{^HTTP/([\d.]+) (\d{3})};
    my @fields = map { /^([^:]+):\s*(.*?)\s*$/ ? [lc $1, $2] : () } @lines;
    return bless { version => $version, status => 0 + ($status // 0),
                   fields => \@fields, body => '', head => $text }, $class;
}

sub none ($class) {
    return bless { status => 0, fields => [], body => '', head => '' }, $class;
}

sub status ($self) { $self->{status} }
sub version ($self) { $self->{version} }
sub head ($self) { $self->{head} }

sub body ($self, @value) {
    $self->{body} = $value[0] if @value;
    return $self->{body};
}

sub headers ($self, $name) {
    return map { $_->[1] } grep { $_->[0] eq lc $name } @{ $self->{fields} };
}

# The first of that name; undef when there is none, in a list, too.
sub header ($self, $name) {
    my ($first) = $self->headers($name);
    return $first;
}

sub request_id ($self) { $self->header('x-request-id') }

sub json ($self) {
    return JSON::XS->new->utf8->allow_nonref->decode($self->{body});
}

# For diag(): everything, cut short.
sub text ($self) {
    return ($self->{error} // '') . $self->{head} . "\n\n"
        . substr $self->{body}, 0, 2000;
}

1;
