package Pupil::Factor;

# Copyright (C) the Pupil authors
#
# Somebody with an authenticator (TOTP, RFC 6238), who enrols it and logs in
# with it.
#
#     my $factor = Pupil::Factor->new($day, 'teacher', $clock);
#     my $http = $factor->enrol;
#     my $res = $factor->prove($factor->half, totp => $factor->code);

use v5.36;

use Digest::SHA ();
use Pupil::Util;

my $STEP = 30;
my $PATH = '/v1/login/second-factor';


# clock: nginx's, a Pupil::Clock.
sub new ($class, $day, $who, $clock) {
    return bless { day => $day, who => $day->person($who), clock => $clock },
                 $class;
}

sub now ($self) { int((time + $self->{clock}->ahead) / $STEP) }

sub who ($self) { $self->{who} }

# A client that has given the password, and what it was answered.
sub half ($self, $http = $self->{day}->nginx->http) {
    my $res = $http->login(@{ $self->{who} }{qw(login password)});
    return wantarray ? ($http, $res) : $http;
}

sub token ($self) {
    my $site = $self->{day}->site;
    my $out = $site->ctl_ok('user', 'token', $self->{who}{login},
                            $site->ctl_where)->{out};
    chomp $out;
    return $out;
}

sub prove ($self, $http, $method, $code) {
    return $http->post($PATH, json => { method => $method, code => $code });
}

# The answer to a token: a secret that is to be confirmed.
sub ask ($self, $http, $token = $self->token) {
    my $res = $self->prove($http, token => $token);
    $self->{secret} = $res->json->{secret} if $res->status == 200;
    return $res;
}

# Enrolled, and logged in by it: the answer, with the codes of recovery.
sub enrol ($self, $http = scalar $self->half) {
    my $res = $self->ask($http);
    die $res->text if $res->status != 200;
    return $self->prove($http, totp => $self->next_code);
}


# The code of a step, 0 for the present one.
sub code ($self, $step = 0, $secret = $self->{secret}) {
    return at($secret, $self->now + $step);
}

# One that has not been used, and counts.
sub next_code ($self) {
    my $now = $self->now;
    if (($self->{last} // 0) >= $now) {
        $self->{clock}->forward($STEP * ($self->{last} + 1 - $now));
        $now = $self->{last} + 1;
    }
    return at($self->{secret}, $self->{last} = $now);
}

sub at ($secret, $step) {
    my $bits = join '', map { substr unpack('B8', chr index
        'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567', $_), 3 } split //, $secret;
    my $hash = Digest::SHA::hmac_sha1(pack('Q>', $step), pack 'B*', $bits);
    my $from = ord(substr $hash, 19) & 15;
    my $value = unpack('N', substr $hash, $from, 4) & 0x7fffffff;
    return sprintf '%06d', $value % 1_000_000;
}

1;
