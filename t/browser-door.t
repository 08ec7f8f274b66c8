#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# What the quick start's web app has for who is not logged in, in a real browser
# and by mails that are sent: a forgotten password, a teacher who signs up, a
# code by mail; and what people are told of their account then.

use lib 't/lib';
use Pupil::Test;
use Pupil::Outbox;
use Pupil::Relay;
use Pupil::Web;

my $site = pupil_up(import => 1);
Pupil::Outbox::addresses($site);
my ($school) = $site->db->selectrow_array('SELECT institution FROM'
    . ' pupil.institution LIMIT 1');
my $port = free_port();
my %page = map { $_ => Pupil::Web->link_of($_, $port) } qw(forgotten page);
my $tenant = $site->tenant;
my $web = Pupil::Web->up(site => $site, port => $port,
    conf => { pupil_mail => "en forgotten=$page{forgotten} second_factor",
              pupil_second_factor => 'school_admin=required',
              pupil_sign_up => "tenant=$tenant institution=$school trial=30d"
                               . " page=$page{page}" });
my $relay = Pupil::Relay->new;
my $ctl = build_dir() . '/pupilctl';
my %person = map { $_->[0] => $site->person($_->[1]) }
    [teacher => 'CBeane'], [admin => 'FFlowers'];

my @checks = $web->browse('door.mjs', 300, { %person, mails => $relay->{folder},
    env => $site->ctl_env,
    work => [$ctl, 'work', $relay->options, $site->ctl_where] });
cmp_ok scalar(@checks), '>=', 50, 'to the end: ' . @checks . ' checks';
ok $_->{ok}, $_->{name} or diag $_->{detail} for @checks;

# The token of a link is in no log, as it is behind the "#".
my $logs = $web->nginx->log_text . slurp($web->nginx->dir . '/access.log');
my @tokens = map { $_->{body} =~ /#([\w-]+)$/m } $relay->mails;
is scalar(@tokens), 2, 'two links';
unlike $logs, qr/\Q$_\E/, 'no log has one' for @tokens;

done_testing;
