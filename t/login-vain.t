#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# What is asked in vain, again and again, by somebody's session or by a link
# that was used, costs few keys and few records: the key store hands out so many
# a minute, and everybody's log-in needs one.

use lib 't/lib';
use utf8;
use Pupil::Test;
use Pupil::Day;
use Pupil::Outbox;
use Pupil::Relay;

my $PAGE = 'https://provider.example/page';
my $NEW = 'a long walk along the shore';
my ($TIMES, $FEW) = (30, 15);

my $site = pupil_up(import => 1);
Pupil::Outbox::addresses($site);
my $relay = Pupil::Relay->new;
my ($school) = $site->db->selectrow_array('SELECT institution FROM'
    . ' pupil.institution LIMIT 1');
my $day = Pupil::Day->up(site => $site, workers => 1, conf => {
    pupil_mail => "sv forgotten=$PAGE",
    pupil_second_factor => 'tenant_admin=required',
    pupil_sign_up => "tenant=${\ $site->tenant} institution=$school page=$PAGE"
        . ' trial=30d' });
my ($nginx, $db) = ($day->nginx, $day->db);
my $teacher = $day->person('teacher');

sub keys_fetched {
    return $site->keystore->selectrow_array(
        'SELECT coalesce(sum(keys), 0) FROM keystore.fetch');
}

# As often as somebody likes: what is answered, then that they are to wait.
sub in_vain ($name, $status, $ask) {
    my ($keys, $records) = (keys_fetched(), $day->audited);
    my %n;
    $n{$ask->()->status}++ for 1 .. $TIMES;
    my $served = $TIMES - ($n{429} // 0);
    is_deeply [sort keys %n], [sort $status, 429], "$name: $status, or 429";
    cmp_ok $served, '<', $FEW, "$name: few are looked at";
    cmp_ok keys_fetched() - $keys, '<', $FEW, "$name: few keys";
    cmp_ok $day->audited - $records, '<=', 2 * $served,
        "$name: of those that wait one record for each time";
}

sub token ($path, %json) {
    is_status $nginx->http->post("/v1/login/$path", json => \%json), 202,
        $path;
    is $site->ctl('work', $relay->options, $site->ctl_where)->{code}, 0,
        'mail is sent';
    my ($mail) = grep { $_->{body} =~ /#/ } $relay->mails;
    my ($token) = $mail->{body} =~ m{^\Q$PAGE\E#([\w-]+)$}m;
    return $token;
}

sub reset_by ($token, $new = $NEW) {
    return $nginx->http->post('/v1/login/password', json => {
        token => $token, new => $new });
}


# ---- who has a session

my $http = $day->as('pupil');
my $pupil = $day->person('pupil');
in_vain('step-up', 403, sub { $http->post('/v1/login/step-up',
                                          json => { password => 'not it' }) });
in_vain('recovery codes', 409,
        sub { $http->post('/v1/login/recovery-codes') });
is_status $nginx->http->login(@$pupil{qw(login password)}), 200,
    'who logs in is not kept from it';


# ---- who has a link

my $used = token('forgotten', identifier => $teacher->{login});
is_status reset_by($used), 200, 'a new password';
in_vain('a link that was used', 401, sub { reset_by($used, "$NEW, twice") });

$db->do('DELETE FROM pupil.login_throttle WHERE failures = 1');     # asking's
my $link = token('forgotten', identifier => $teacher->{login});
is_problem reset_by($link, lc "$teacher->{login}\@skolan.example"), 422,
    'invalid', field => '/new',
    name => 'a newer one is looked at, however often that was tried';
is_status $nginx->http->login($teacher->{login}, $NEW), 200,
    'and its owner logs in';

my $email = 'somebody@nowhere.example';
$link = token('sign-up', email => $email, language => 'sv');
sub confirm ($new) {
    return $nginx->http->post('/v1/login/sign-up/confirm', json => {
        token => $link, given_name => 'A', new => $new });
}
in_vain('a password that is a name', 422, sub { confirm($email) });

done_testing;
