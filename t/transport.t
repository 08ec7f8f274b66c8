#!/usr/bin/perl

# The ways to PostgreSQL: a Unix socket, TCP with SCRAM, TLS with verify-full.
# What cannot be trusted is refused, with one line that says why, and 503
# meanwhile.

use lib 't/lib';
use Pupil::Test;
use List::Util qw(sum0);

my $pg = Pupil::Postgres->new(tls => 1,
    hba => "hostnossl all all 127.0.0.1/32 scram-sha-256\n");
my $site = pupil_up(pg => $pg, import => 1);
my $teacher = $site->person('CBeane');

# Another authority, that signed nothing here.
my $foreign = tmp_dir() . '/foreign.crt';
run_cmd(qw(openssl req -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256
           -x509 -days 9 -subj), '/CN=Another CA', '-keyout',
        tmp_dir() . '/foreign.key', '-out', $foreign)->{code} == 0
    or die "openssl\n";

sub conf (%opt) {
    return (
        pupil_database => '"' . $site->gateway('pupil', %opt) . '"',
        pupil_keystore => '"' . $site->gateway('pupil_keys', %opt)
                          . '" same_cluster');
}

# Other tests look for leaks: with TLS, libpq makes one BIO_METHOD for the life
# of a process, which looks lost when nginx has unloaded libpq at its end.
my $nginx = $site->nginx(conf => { conf() }, asan => 'detect_leaks=0')->start;
my $http;

sub over ($conninfo, %more) {
    my $seen = length $nginx->log_text;
    $nginx->set(http => $site->http_conf(conf => { conf(%$conninfo),
                                                   %more }));
    is $nginx->test->{code}, 0, 'nginx -t';
    $nginx->reload(wait => 1);
    $http->close if $http;
    return $seen;
}

sub ready () {
    return eval { wait_until(60, 'nginx to be ready', sub {
        $nginx->http->get('/status/ready')->status == 200 }) };
}

# How nginx's connections come: of each role, once each.
sub transports () {
    return join ', ', map { "@$_" } @{ $pg->dbh->selectall_arrayref(<<'SQL') };
SELECT DISTINCT usename,
       CASE WHEN client_addr IS NULL THEN 'socket' WHEN ssl THEN 'TLS'
            ELSE 'TCP' END
  FROM pg_stat_activity JOIN pg_stat_ssl USING (pid)
 WHERE usename IN ('pupil_gateway', 'pupil_keeper')
   AND application_name ~ '^pupil( epochs=|$)'
 ORDER BY 1, 2
SQL
}

sub works ($how) {
    ok ready(), "$how: ready" or diag $nginx->log_text;
    is transports(), "pupil_gateway $how, pupil_keeper $how",
        "$how: that is how all connections come";
    $http //= $nginx->http;
    is_status $http->login(@$teacher{qw(login password)}), 200,
        "$how: a log-in";
    my $res = $http->get('/v1/data/identity');
    is $res->json->{records}[0]{given_name}, 'Craig', "$how: data"
        or diag $res->text;
}

# 503 everywhere, and a line for each database that says why.
sub refused ($name, $why, $seen, @databases) {
    wait_until(60, 'a line', sub {
        substr($nginx->log_text, $seen) =~ /"$databases[-1]".*are up\)/ });
    for my $path (qw(/v1/session /v1/data/identity /v1/homework)) {
        is_problem $http->get($path), 503, 'unavailable',
            name => "$name: $path 503";
    }
    my $ready = $nginx->http->get('/status/ready');
    is_status $ready, 503, "$name: not ready";
    like $ready->header('retry-after'), qr/^[1-9]/, "$name: for a while";
    is_status $nginx->http->get('/status/live'), 200, "$name: live";
    for my $database (@databases) {     # some attempts more
        eval { wait_until(60, 'why', sub {
            my @lines = substr($nginx->log_text, $seen)
                =~ /^(.* pupil: database "$database": .*)$/mg;
            return @lines && $lines[-1] =~ $why }) };
    }

    my $log = substr $nginx->log_text, $seen;
    for my $database (@databases) {
        my @lines = $log =~ /^(.* pupil: database "$database": .*)$/mg;
        ok @lines >= 1 && @lines <= 3, "$name: a line about $database, and one"
            . ' where its reason changes' or diag @lines;
        like $lines[-1], $why, "$name: that says why";
    }
    my @all = grep { / pupil: / } split /\n/, $log;
    my %listener;
    $listener{$_}++ for map { /not listening on "(\w+)"/ } @all;
    cmp_ok @all - sum0(values %listener), '<=', 3 * @databases,
        "$name: none per request";
    is scalar(grep { $_ > 1 } values %listener), 0,
        "$name: one of a listener";
    unlike $log, qr/\Q$site->{roles}{pupil_gateway}\E/, "$name: no password";
}


works('socket');

over({ host => 'tcp', sslmode => 'disable' });
works('TCP');

over({ host => 'tcp' });
works('TLS');

# Who says nothing about TLS gets all of it for a host on a network.
my $named = { host => 'db.example', hostaddr => '127.0.0.1' };
my $default = $site->gateway('pupil', %$named) =~ s/ sslmode=\S+//r;
my $seen = over($named, pupil_database => "\"$default\"");
refused('another name', qr/certificate\ for\ "localhost".*does
    \ not\ match\ host\ name\ "db\.example"/x, $seen, 'data', 'keys');

# pupilctl is a client like nginx.
sub operator (%opt) {
    my $conninfo = $site->conninfo('pupil', user => 'pupil_operator', %opt)
        =~ s/ sslmode=\S+//r;
    return $site->ctl('tenant', 'list', '--database', $conninfo);
}
my $run = operator(%$named);
is $run->{code}, 1, 'pupilctl: TLS is verified, unless it is told otherwise';
like $run->{err}, qr/does not match host name "db\.example"/,
    'pupilctl: and says what does not fit';
is operator(host => 'tcp')->{code}, 0, 'pupilctl: this host needs none';
is operator()->{code}, 0, 'pupilctl: nor does a socket';
is $site->ctl('tenant', 'list', '--database', $site->conninfo('pupil',
    user => 'pupil_operator', %$named, sslmode => 'require'))->{code}, 0,
    'pupilctl: what is said counts';

$seen = over({ host => 'tcp', sslrootcert => $foreign });
refused('a foreign authority', qr/certificate verify failed/, $seen,
        'data', 'keys');

$seen = over({ host => 'tcp', password => 'wrong' });
refused('a wrong password', qr/authentication failed for user "pupil_/, $seen,
        'data', 'keys');
unlike substr($nginx->log_text, $seen), qr/wrong/, 'which is not shown';

over({ host => 'tcp' });
works('TLS');


# The server has TLS no more: there is no way back to plain text.
$seen = length $nginx->log_text;
$pg->stop;
$pg->{tls} = 0;
$pg->configure;
$pg->start;
refused('TLS is gone', qr/does not support SSL/, $seen, 'data',
        'keys');
is transports(), '', 'TLS is gone: no connection';

done_testing;
