#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# The log formats of the documents: a line for each request, of which a client
# writes no more than what is its own, whatever its path decodes to.

use lib 't/lib';
use Pupil::Test;

use JSON::XS qw(decode_json);

my $site = pupil_up;
my %format = map {
    my ($format) = slurp(root_dir() . "/docs/$_") =~ /^\s*(log_format .*?;)$/ms;
    $_ => $format // die "no log_format in $_\n";
} qw(operations.md quickstart/nginx.conf.in);

# Paths as they are sent, with what they decode to.
my %path = (
    '/status/live%20200%20pupil%200.001' => '/status/live 200 pupil 0.001',
    '/x%22%2C%22status%22%3A200%2C%22role%22%3A%22dpo'
        => '/x","status":200,"role":"dpo',
    '/x%0A%7B%22status%22%3A200%7D' => "/x\n{\"status\":200}",
    '/x%5C%22%5C' => '/x\\"\\',
    '/skol%C3%A5r' => "/skol\x{e5}r",
);

for my $from (sort keys %format) {
    my $nginx = $site->nginx(http => $format{$from},
                             locations => { status => undef });
    $nginx->set(server => $nginx->{server}
                . "access_log $nginx->{dir}/pupil.log pupil;\n")->start;

    for my $sent (sort keys %path) {
        my $res = $nginx->http->get($sent);
        wait_until(60, 'a line', sub { -s "$nginx->{dir}/pupil.log" });
        my ($line, @more) = split /\n/, slurp("$nginx->{dir}/pupil.log");
        spew("$nginx->{dir}/pupil.log", '');
        is scalar(@more), 0, "$from: $sent is one line";
        my $said = eval { decode_json($line) } // {};
        is $said->{uri}, $path{$sent}, 'with its path' or diag $line;
        is $said->{status}, $res->status, 'with its status';
        is $said->{role}, '', 'and with nobody';
    }
}

done_testing;
