#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# What error.log says of a database in trouble: an outage's line again when its
# reason changes and when the last connection goes, text and no other bytes,
# and statements by their names.

use lib 't/lib';
use Pupil::Test;

use IO::Socket::INET;

my $site = pupil_up(import => 1);
my $nginx = $site->nginx->start;
my $person = $site->person('CBeane');
my $http = $nginx->http;
is_status $http->login(@$person{qw(login password)}), 200, 'a log-in';


# ---- statements have names

$site->db->do('REVOKE SELECT ON data.identity FROM pupil_gateway');
is_status $http->get('/v1/session'), 503, 'a privilege that is missing';
like $nginx->log_text,
    qr/statement "session show" on "data" failed: SQLSTATE 42501/,
    'the statement is named';
$site->db->do('GRANT SELECT ON data.identity TO pupil_gateway');


# ---- the reason changes

sub outage { return [grep { /database "data": (?!all)/ }
                     split /\n/, $nginx->log_text] }

my $role = $site->db->selectrow_array('SELECT rolpassword FROM pg_authid'
    . " WHERE rolname = 'pupil_gateway'");
$site->db->do("ALTER ROLE pupil_gateway PASSWORD 'another'");
$site->pg->dbh->do('SELECT pg_terminate_backend(pid) FROM pg_stat_activity'
                   . " WHERE usename = 'pupil_gateway' AND datname = 'pupil'");
ok eval { $nginx->wait_log(qr/database "data": .*password authentication/) },
    'another reason of the same outage is in the log';
ok eval { $nginx->wait_log(qr/database "data": .*still 0 of 6 connections/) }, 'and that the last connection went';
sleep 3;
cmp_ok scalar(@{ outage() }), '<=', 4, 'what stays the same is not repeated'
    or diag join "\n", @{ outage() };
$site->db->do("ALTER ROLE pupil_gateway PASSWORD '$role'");
ok eval { $nginx->wait_log(qr/database "data": all 6 connections are up/) },
    'the end of the outage';


# ---- what a server says that is none

my $port = free_port();
my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1',
    LocalPort => $port, Listen => 16, ReuseAddr => 1) or die "listen: $!";
my $text = "SFATAL\0VFATAL\0C08P01\0M\xff\xfe\x1b[31m \xc3\xa5 \xc2\x9b \xe2\0\0";
my $server = fork // die "fork: $!";
if (!$server) {
    while (my $client = $listener->accept) {
        $client->sysread(my $startup, 1024);
        $client->syswrite('E' . pack('N', 4 + length $text) . $text);
        $client->close;
    }
    POSIX::_exit(0);
}

my $odd = $site->nginx(conf => { pupil_database =>
    "\"host=127.0.0.1 port=$port dbname=pupil user=x sslmode=disable\"" })
    ->start;
$odd->wait_log(qr/database "data": /);
my ($line) = grep { /database "data": / } split /\n/, $odd->log_text;
like $line, qr/\[31m \xc3\xa5/, 'what is text of its message is logged';
ok utf8::decode(my $copy = $line), 'the line is UTF-8' or diag $line;
unlike $line, qr/[\x00-\x1f\x7f\xff\xfe]|\xc2[\x80-\x9f]/,
    'without control characters';

kill TERM => $server;
waitpid $server, 0;
$odd->allow_log(qr/database "data"/);

done_testing;
