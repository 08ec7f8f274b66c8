#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# /status is figures on use, and nobody is in them: in whatever format, behind a
# school day and all that a client can say of itself, there are numbers and
# names of what is counted, no person, no pseudonym, no request and no address.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

my $day = Pupil::Day->up(http => 'set_real_ip_from 127.0.0.1;'
    . ' real_ip_header X-Forwarded-For;');
my $nginx = $day->nginx;
$day->all_here->work;
my @clients = ('203.0.113.7', '2001:db8:7::77');
my @said = ('Nobody.At.All', 'curious.agent', 'a-word-of-theirs');

for my $client (@clients) {
    my $http = $nginx->http(header => { 'X-Forwarded-For' => $client,
                                        'User-Agent' => $said[1] });
    is_status $http->post('/v1/login', json => {
        identifier => $said[0], password => $said[2] }), 401, "from $client";
    is $http->get("/v1/homework/$said[2]")->status, 404, 'what is not there';
}
$day->ask($_) for grep { $_->{name} ne 'take back' } $day->requests;


# ---- what may be said of a figure: its name, its kind, which worker's

my %text = map { $_ => $nginx->http->get("/status?format=$_")->body }
               qw(json prometheus html);
my @leaves;

sub leaves ($value, @path) {
    return ref $value eq 'HASH'
        ? map { leaves($value->{$_}, @path, $_) } sort keys %$value
        : ref $value eq 'ARRAY' ? map { leaves($_, @path) } @$value
        : [join('.', @path), $value];
}

@leaves = leaves(JSON::XS::decode_json($text{json}));
cmp_ok scalar(@leaves), '>', 50, 'figures';
my @words = grep { defined $_->[1]
                   && $_->[1] !~ /^(?:-?\d+(?:\.\d+)?(?:e-?\d+)?|[01]?)$/ } @leaves;
is_deeply [grep { $_->[1] !~ /^(?:ok|ready|up|down|on|off|\d+\.\d+(?:\.\d+)?)$/ }
           @words], [], 'numbers, and names of what is counted';
is_deeply [grep { $_->[0] !~ /^[a-z0-9_.]+$/ } @leaves], [],
    'under names that the program has given';


# ---- nobody

my $uuid = qr/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/;
my $name = $day->pupil->get('/v1/session')->json->{user}{display_name};
my ($anybody) = map { qr/$_/i } join '|', map { quotemeta } @said,
    split(/ /, $name), map { @{ $day->person($_) }{qw(id login)} }
                       qw(teacher pupil classmate);
my $address = qr/\b(?:\d{1,3}\.){3}\d{1,3}\b|[0-9a-f]{1,4}:[0-9a-f:]{2,}/i;

for my $format (sort keys %text) {
    my $body = $text{$format};
    unlike $body, $anybody, "$format: nobody of the school";
    unlike $body, $uuid, "$format: no pseudonym, and no request";
    unlike $body =~ s/\d\d:\d\d:\d\d//gr, $address, "$format: and no address";
}
like "x $said[0] x", $anybody, 'somebody would be found';
like "x $day->{homework}{id} x", $uuid, 'an id would be, too';
like "x $_ x", $address, "and $_" for @clients, '127.0.0.1';

done_testing;
