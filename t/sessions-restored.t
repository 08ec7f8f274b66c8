#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# Sessions that somebody revoked stay dead after the database was restored from
# a dump that was made while they lived: one, all others of one's own, all of
# somebody's, all of a tenant's.  Their rows are there again, and so are those
# of who was not revoked, who go on.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

my $day = Pupil::Day->up(workers => 2,
    conf => { pupil_session_zone => 'pupil_sessions:1m valid=5m' });
my ($site, $nginx) = ($day->site, $day->nginx);
my $dump = tmp_dir() . '/dump.sql';
my %person = map { $_ => $day->person($_) } qw(pupil classmate teacher);
$nginx->allow_log(qr/\[(?:error|crit)\].*(?:connection|database|terminat
                     |restored|listening|shutting)/x);

sub log_in ($who) {
    my $http = $nginx->http;
    my $res = $http->enter(@{ $person{$who} }{qw(login password)});
    die $res->text if $res->status != 200;
    return $http;
}

# What is answered once the database is there again.
my %token;
sub status_of ($session) {
    my $res;
    $token{$session} //= $session->cookies->{'__Host-pupil'};
    wait_until(60, 'an answer', sub {
        $res = $nginx->http->get('/v1/session', header => { Cookie =>
            "__Host-pupil=$token{$session}" });
        return $res->status != 503;
    });
    return $res->status;
}

sub statuses (@sessions) { join ' ', map { status_of($_) } @sessions }

sub rows () { $site->db->selectrow_array('SELECT count(*) FROM pupil.session') }

my ($one, $other, $mine, $theirs, $out, $stays) = map { log_in($_) }
    qw(pupil pupil pupil classmate teacher teacher);
my @all = ($one, $other, $mine, $theirs, $out, $stays);
is statuses(@all), join(' ', (200) x @all), 'all live';
my $rows = rows();
$site->pg->dump('pupil', $dump);

my ($own) = grep { $_->{current} }
            @{ $one->get('/v1/me/sessions')->json->{sessions} };
is_status $mine->delete("/v1/me/sessions/$own->{id}"), 204, 'one is ended';
is_status $mine->delete('/v1/me/sessions'), 204, 'all others of one\'s own';
is_status $out->delete('/v1/session'), 204, 'a log-out';
$site->ctl_ok(qw(user sessions), $person{classmate}{login}, '--end',
              $site->ctl_where);
my $ended = join ' ', (401, 401, 200, 401, 401, 200);
is statuses(@all), $ended, 'who was ended is out';

$site->pg->replace('pupil', $dump);
is rows(), $rows, 'the rows of all are there again';
is statuses(@all), $ended, 'who was ended stays out, and nobody else';
$nginx->quit;
$nginx->start;
is statuses(@all), $ended, '... as a host says that knows of nobody';

$site->pg->dump('pupil', $dump);
$site->ctl_ok(qw(tenant sessions --end), $site->ctl_where);
is statuses(@all), join(' ', (401) x @all), 'all of a tenant\'s are ended';
$site->pg->replace('pupil', $dump);
is statuses(@all), join(' ', (401) x @all), 'and stay so';
cmp_ok rows(), '>=', $rows, 'though their rows are there';

done_testing;
