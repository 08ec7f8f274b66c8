#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# Whoever ends a session while it gets another token, by a switch of roles or by
# a new password, ends it: it has another row then, and is the same session.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;
use Pupil::Provider;

use constant LIMIT => 2;

my $idp = Pupil::Provider->new;
my $day = Pupil::Day->up(workers => 2, start => 0,
    conf => { pupil_login_password => 'all', pupil_session_limit => LIMIT },
    server => $idp->server_conf(words => 'profile=uni-login failed=/login')
        . 'location /v1/login/ { pupil_login; }');
my ($site, $db, $nginx) = ($day->site, $day->db, $day->nginx);
my $holder = $site->pg->connect('pupil');
my $pupil = $day->person('pupil');
my $school = $db->selectrow_array('SELECT institution FROM pupil.role WHERE'
    . ' subject = ?', {}, $pupil->{id});
$nginx->start;
$day->ready;

sub by_password () {
    my $http = $nginx->http;
    my $res = $http->enter(@$pupil{qw(login password)});
    die $res->text if $res->status != 200;
    return $http;
}

my $logins = 0;
sub by_provider () {
    my $http = $nginx->http;
    $idp->tell(claims => { uniid => $pupil->{login}, sub => 'f:1',
                           sid => 's' . ++$logins });
    my $res = $idp->visit($http);
    die $res->text if $res->status != 303;
    $http->get('/v1/session');
    return $http;
}

# Its own browser, in another tab.
sub beside ($http) {
    my $tab = $nginx->http;
    $tab->{cookies} = { %{ $http->cookies } };
    $tab->csrf($http->csrf);
    return $tab;
}

sub listed ($http) {
    my ($own) = grep { $_->{current} }
                @{ $http->get('/v1/me/sessions')->json->{sessions} };
    return $own->{id};
}

# Whoever ends sessions, and makes none, waits for us.
$db->do(q{CREATE FUNCTION pupil.held() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF current_query() !~ 'INSERT INTO pupil.session ' THEN
            PERFORM pg_advisory_xact_lock_shared(1);
        END IF;
        RETURN NULL;
    END $$});
$db->do('CREATE TRIGGER held BEFORE DELETE ON pupil.session'
        . ' EXECUTE FUNCTION pupil.held()');

sub waits () {
    return $db->selectrow_array('SELECT count(*) FROM pg_stat_activity WHERE'
        . " wait_event = 'advisory' AND usename = 'pupil_gateway'");
}

# What is to end is known, and has not ended.  Whoever waits for too long has an
# answer that says so: then once more.
sub race ($case) {
    $db->do('DELETE FROM pupil.session');
    my $stolen = $case->{provider} ? by_provider() : by_password();
    my ($ends, @end) = $case->{end}->($stolen);
    my ($method, $path, %json) = @{ $case->{switch} };
    $_->close, $_->connect for $stolen, $ends;

    $holder->do('SELECT pg_advisory_lock(1)');
    $ends->send_raw($ends->request_bytes(@end));
    wait_until(60, 'the end to wait', \&waits);
    my $switched = $stolen->request($method => $path, %json);
    $holder->do('SELECT pg_advisory_unlock(1)');

    my $ended = $ends->read_response($end[0]);
    return if $switched->status != 200 || $ended->status != $case->{told};
    return $stolen;
}

my @switch = (POST => '/v1/session/institution',
              json => { institution_id => $school });
my @cases = (
    { name => 'by its name, from another session', switch => \@switch,
      told => 204, end => sub ($stolen) {
          my $id = listed($stolen);
          my $mine = by_password();
          return ($mine, DELETE => "/v1/me/sessions/$id");
      } },
    { name => 'by its own name', switch => \@switch, told => 204,
      end => sub ($stolen) {
          return (beside($stolen),
                  DELETE => '/v1/me/sessions/' . listed($stolen));
      } },
    { name => 'by its own log-out', switch => \@switch, told => 204,
      end => sub ($stolen) { (beside($stolen), DELETE => '/v1/session') } },
    { name => 'by a log-in past the limit', switch => \@switch, told => 200,
      end => sub ($stolen) {
          by_password() for 2 .. LIMIT;
          return ($nginx->http, POST => '/v1/login', json => {
              identifier => $pupil->{login},
              password => $pupil->{password} });
      } },
    { name => 'by its provider', switch => \@switch, told => 200,
      provider => 1, end => \&logged_out },
    { name => 'by its provider, at a new password', told => 200,
      switch => [POST => '/v1/me/password', json => {
          current => $pupil->{password},
          new => 'a long walk along the shore' }],
      provider => 1, end => \&logged_out },
);

sub logged_out ($stolen) {
    return ($nginx->http, POST => '/v1/login/uni/backchannel-logout',
        $idp->logout_form($idp->logout_token(claims => {
            sid => "s$logins", sub => 'f:1' })));
}

for my $case (@cases) {
    my $stolen;
    for my $try (1 .. 20) {
        $stolen = eval { race($case) };
        last if $stolen;
        diag $@ if $@;
        $holder->do('SELECT pg_advisory_unlock_all()');
    }
    ok $stolen, "$case->{name}: it has ended, as is told";
    is $stolen && $stolen->get('/v1/session')->status, 401,
        "$case->{name}: whatever its token is";
}

done_testing;
