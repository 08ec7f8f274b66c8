#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# A real browser and the real npm oidc-provider, shaped as UNI-Login's broker:
# the answer as a query, and as a form of another site, as which a browser takes
# localhost where we are 127.0.0.1; and as one of BankID, which says a national
# number and how it was proved.

use lib 't/lib';
use Pupil::Test;
use Pupil::Provider;

my $port = free_port();
my $secret = 'a secret of ours & theirs';
my $idp = Pupil::Provider->at($port);
my ($number, $level) = ('191212121212', 'urn:grn:authn:se:bankid:same-device');
my $bank = Pupil::Provider->at(free_port());
my ($way, $directive) = $bank->server_conf(name => 'bank', words =>
    "profile=bankid claim=ssn prefix=bankid: loa=$level")
    =~ /^(location.*?^\})\n(.*;)$/ms;
my $site = pupil_up(import => 1);
my $nginx = $site->nginx(server => join '',
    $idp->server_conf(name => 'query'),
    $idp->server_conf(name => 'form', words => 'profile=uni-login form_post'),
    $way, "location /bank/login/ { pupil_login; $directive }",
    'location /v1/login/ { pupil_login; }');
spew($nginx->dir . '/html/index.html', "<title>here</title>\n");
$nginx->start;
my $pupil = $site->person('OKlein');
my ($name) = $site->ctl_ok('user', 'national', 'bankid:', $site->ctl_where,
                           { stdin => "$number\n" })->{out} =~ /^(\S+)$/;
my ($officer) = $site->ctl_ok('user', 'add', $name, 'dpo', $site->ctl_where)
    ->{out} =~ /^(\S+)$/;

my $url = $nginx->url =~ s/localhost/127.0.0.1/r;
my $shots = $ENV{PUPIL_SHOTS} // tmp_dir() . '/browser';
mkdir $shots;
my $ca = test_ca();
my $run = run_cmd('node', root_dir() . '/t/browser/oidc.mjs', $shots, {
    timeout => 300, env => { HOME => tmp_dir() },
    stdin => json_of({ url => $url, port => $port, secret => $secret,
        key => $ca->{key}, cert => $ca->{cert}, login => $pupil->{login},
        id => $pupil->{id}, bank => { port => $bank->{port},
            number => $number, level => $level, id => $officer } }),
});
is $run->{code}, 0, 'the browser ran' or diag $run->{err};

my @checks = map { JSON::XS::decode_json($_) }
    grep { /^\{/ } split /\n/, $run->{out};
cmp_ok scalar(@checks), '>=', 14, 'to the end';
ok $_->{ok}, $_->{name} or diag $_->{detail} for @checks;

done_testing;
