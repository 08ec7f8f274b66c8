#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# One address for two tenants: a real OpenID provider, the npm oidc-provider,
# whose institution_ids say of which somebody is, the quick start's web app, on
# which who is of both chooses, and a real browser (t/tenant-by-claim.t has what
# can go wrong).

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;
use Pupil::Provider;
use Pupil::Web;

my $port = free_port();
my $idp = Pupil::Provider->at($port);
my $site = pupil_up(import => 1);
my %of = (north => $site, south => Pupil::Day::neighbour($site));
my $at_home = bless { %$site, tenant => undef }, ref $site;
my ($home) = $at_home->ctl_ok('tenant', 'add', 'Shared log-in', '--json',
    $at_home->ctl_where)->{out} =~ /([0-9a-f-]{36})/;
my %teacher = map { $_ => $of{$_}->person('CBeane', "A password of $_, 2026") }
              keys %of;
my %pupil = map { $_ => $of{$_}->person('OKlein') } keys %of;

# As the web app is to be told of.
my ($words) = slurp(root_dir() . '/docs/operations.md')
    =~ /`(after=\S+ failed=\S+\s+choose=[^`]+)`/;
ok $words, 'the web app says where a provider sends browsers';
my $web = Pupil::Web->up(site => $site, conf => { pupil_tenant => $home },
    server => "pupil_login_tenant north id=$of{north}{tenant} schools=280321"
        . " title=Nordskolen;\n"
        . "pupil_login_tenant south id=$of{south}{tenant} schools=280323"
        . " title=Sydskolen;\n"
        . $idp->server_conf(words => 'profile=uni-login'
            . " title=UNI-Login $words")
        . $idp->server_conf(name => 'skol', words => 'profile=uni-login'
            . " title=Skolfederation $words")
        . "location /v1/login/ { pupil_login; }\n");

my $ca = test_ca();
local $ENV{NODE_EXTRA_CA_CERTS} = $ca->{ca};
my @checks = $web->browse('tenants.mjs', 300, { port => $port,
    broker => "https://localhost:$port", secret => 'a secret of ours & theirs',
    key => $ca->{key}, cert => $ca->{cert}, teacher => \%teacher,
    pupil => \%pupil, schools => {
        OKlein => ['280323'], CBeane => ['280321', '280323'],
        stranger => ['999999'] } });
cmp_ok scalar(@checks), '>=', 25, 'to the end: ' . @checks . ' checks';
ok $_->{ok}, $_->{name} or diag $_->{detail} for @checks;

# Who was refused is on record where the address is, of nobody; no log has whose.
my $records = 'SELECT count(*) FROM pupil.audit_record WHERE tenant = ?'
              . " AND outcome = 'refused' AND role <> 'gateway'";
cmp_ok $site->db->selectrow_array($records, {}, $home), '>=', 1, 'on record';
unlike $web->nginx->log_text, qr/CBeane|28032\d/, 'no log has whose';

done_testing;
