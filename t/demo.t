# Copyright (C) the Pupil authors
#
# The README's `make demo` and `make demo-stop`, used as a new user would: with
# curl, and with the lines that the demo prints at its end.

use lib 't/lib';
use Pupil::Test;

use IO::Select;
use IO::Socket::INET;
use IO::Socket::SSL ();
use JSON::XS qw(decode_json encode_json);

my $demo = tmp_dir() . '/demo';
my $port = free_port();
my $jar = tmp_dir() . '/jar';

# nor what the make has set that runs this: `make demo` would build in its
# folder, without its flags.
delete @ENV{qw(MAKEFLAGS MFLAGS MAKELEVEL B SAN COV T CFLAGS NGX_SRC
               NGX_OBJS)};
$ENV{DEMO_DIR} = $demo;
$ENV{DEMO_PORT} = $port;
END { system 'make', '-s', 'demo-stop' if -f "$demo/run" }

# The operator of another Pupil has its settings in his shell.
my %shell = (PUPIL_DATABASE => 'host=127.0.0.1 port=1 dbname=of_the_school',
             PUPIL_KEYSTORE => 'host=127.0.0.1 port=1 dbname=of_the_school',
             PUPIL_TENANT => '00000000-0000-4000-8000-000000000001',
             PUPIL_PLUGINS => tmp_dir(), PUPIL_SQL => tmp_dir(),
             PGPORT => 1, PGOPTIONS => '-c statement_timeout=1');
my $run = run_cmd('make', '-s', 'demo', { timeout => 900, env => \%shell });
is $run->{code}, 0, 'make demo' or BAIL_OUT("$run->{out}$run->{err}");


# demo.env is a file for the shell.
my %env = map { split /=/, $_, 2 } grep { /^(PUPIL|TEACHER|OTHER|ADMIN)/ }
          split /\n/, run_cmd('sh', '-c', "set -a; . '$demo/demo.env'; env")
          ->{out};
for my $who (qw(TEACHER PUPIL1 OTHER ADMIN)) {
    like $env{"${who}_ID"}, qr/^[0-9a-f-]{36}$/, "${who}_ID";
    ok length $env{"${who}_$_"}, "${who}_$_" for qw(LOGIN PASSWORD);
}
is $env{PUPIL_URL}, "https://localhost:$port", 'PUPIL_URL';

for ([PUPIL_DB => 'pupil.tenant'], [PUPIL_KEYSTORE => 'keystore.kek_epoch']) {
    my ($name, $table) = @$_;
    my $psql = run_cmd('psql', '-XAtd', $env{$name}, '-c',
        "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"
        . " AND EXISTS (SELECT FROM $table)");
    is $psql->{out}, "t\n", "$name is a superuser's and works";
}


# One call of curl: (status, decoded answer).  The session is in a jar of its
# own for each person.
my %csrf;
sub curl ($who, $method, $path, $body = undef) {
    my $out = tmp_dir() . '/answer';
    my $curl = run_cmd('curl', '-sk', '-o', $out, '-w', '%{http_code}',
        '-X', $method, '-b', "$jar.$who", '-c', "$jar.$who",
        $csrf{$who} ? ('-H', "X-Pupil-CSRF: $csrf{$who}") : (),
        defined $body ? ('-H', 'Content-Type: application/json',
                         '-d', encode_json($body)) : (),
        $env{PUPIL_URL} . $path);
    my $text = slurp($out);
    return ($curl->{out}, length $text ? decode_json($text) : undef);
}

for my $who (qw(TEACHER PUPIL1 OTHER ADMIN)) {
    my ($status, $answer) = curl($who, 'POST', '/v1/login',
        { identifier => $env{"${who}_LOGIN"},
          password => $env{"${who}_PASSWORD"} });
    is $status, 200, "$who logs in";
    is $answer->{user}{id}, $env{"${who}_ID"}, '... as who demo.env says';
    $csrf{$who} = $answer->{session}{csrf_token};
}

my (undef, $me) = curl('ADMIN', 'GET', '/v1/session');
is $me->{user}{role}, 'school_admin', 'ADMIN is a school administrator';

my (undef, $before) = curl('PUPIL1', 'GET', '/v1/homework');
cmp_ok scalar @{ $before->{homework} }, '>', 0, 'PUPIL1 has homework';

my $class = $before->{homework}[0]{class}{id};
my ($status, $given) = curl('TEACHER', 'POST', '/v1/homework',
    { class_id => $class, title => 'Rivers of Europe',
      due_at => '2027-06-01T12:00:00Z',
      exercises => [{ title => 'Rhine', max_score => 4 },
                    { title => 'Danube', max_score => 6 }] });
is $status, 201, 'the teacher assigns homework to a class';
my $id = $given->{id};

($status, my $fetched) = curl('PUPIL1', 'GET', "/v1/homework/$id");
is $status, 200, 'a pupil of it fetches it';
is $fetched->{title}, 'Rivers of Europe', '... with its title';
is $fetched->{progress}{status}, 'not_started', '... not started';

my @exercises = map { $_->{id} } @{ $fetched->{exercises} };
my @results = map { {
    id => uuid(), homework_id => $id, exercise_id => $exercises[$_],
    answer => 'Into the sea', score => { raw => 3 + $_, max => 4 + 2 * $_ },
} } 0, 1;
($status) = curl('PUPIL1', 'POST', '/v1/progress', $results[0]);
is $status, 201, 'submits an answer';
($status) = curl('PUPIL1', 'POST', '/v1/progress', $results[1]);
is $status, 201, 'submits another';

($status, my $overview) = curl('TEACHER', 'GET',
                               "/v1/homework/$id/progress");
is $status, 200, "the teacher's overview";
my ($row) = grep { $_->{id} eq $env{PUPIL1_ID} } @{ $overview->{pupils} };
is $row->{status}, 'completed', '... shows the pupil as done';
is $row->{score}, 7, '... with the score';
is $row->{exercises_done}, 2, '... of both exercises';

for (['GET', "/v1/homework/$id", undef, 404],
     ['GET', "/v1/homework/$id/progress", undef, 404],
     ['POST', '/v1/progress', { %{ $results[0] }, id => uuid() }, 404],
     ['GET', "/v1/data/identity/$env{PUPIL1_ID}", undef, 404],
     ['GET', "/v1/data/progress/$env{PUPIL1_ID}", undef, 403])
{
    my ($method, $path, $body, $expected) = @$_;
    my ($got, $problem) = curl('OTHER', $method, $path, $body);
    is $got, $expected, "another pupil: $method "
        . $path =~ s/[0-9a-f]{8}-[0-9a-f-]{27}/{id}/gr;
    unlike encode_json($problem), qr/Rivers|Rhine|sea|Klein/,
        '... and is shown nothing';
}


# What stands before Pupil: the demo's nginx.conf is where others begin.
my $head = run_cmd('curl', '-skI', "$env{PUPIL_URL}/");
like $head->{out}, qr/^strict-transport-security: max-age=\d{7,}/mi,
    'HSTS: the page';
like run_cmd('curl', '-skI', "$env{PUPIL_URL}/v1/session")->{out},
    qr/^strict-transport-security: max-age=\d{7,}/mi, 'HSTS: the API';
unlike $head->{out}, qr{^server: nginx/}mi, 'no version of nginx';

sub handshake (@options) {
    return run_cmd('openssl', 's_client', '-connect', "localhost:$port",
                   '-tls1_2', @options, { stdin => '' })->{code};
}
is handshake('-cipher', 'ECDHE-RSA-AES128-GCM-SHA256:'
             . 'ECDHE-ECDSA-AES128-GCM-SHA256'), 0, 'TLS 1.2 with AES-GCM';
isnt handshake('-cipher', 'ECDHE-RSA-AES128-SHA256:'
               . 'ECDHE-ECDSA-AES128-SHA256:AES128-SHA'), 0,
    'and with nothing that is no AEAD';

my $slow = IO::Socket::SSL->new(PeerAddr => "127.0.0.1:$port",
    SSL_verify_mode => IO::Socket::SSL::SSL_VERIFY_NONE())
    or die "slow client: $!";
$slow->print("GET /v1/session HTTP/1.1\r\nHost: localhost\r\n");
my $since = time;
IO::Select->new($slow)->can_read(60);
cmp_ok time - $since, '<', 45, 'half a request is not waited for';
close $slow;


# What the demo says to try: its own lines, as they are, from the checkout.
my ($try) = $run->{out} =~ /^Open it.*?\n\n(.*?)\n\n/ms;
ok $try, 'the demo says what to try';
$try =~ s/^ +//mg;
$try =~ s/\bjar\b/'$jar.try'/g;
my $tried = run_cmd('bash', '-c', "set -e; $try");
is $tried->{code}, 0, 'its lines work' or diag $tried->{err};
like $tried->{out}, qr/"status":"ok"/, '... the log-in';
like $tried->{out}, qr/"homework":\[\{/, '... the homework';
like $tried->{out}, qr/"class_title":"/, '... the classes';
like $tried->{out}, qr/identity .* authentication/, '... the audit list';


my $state = slurp("$demo/run") =~ s/\s+\z//r;
my @pids = map { slurp($_) =~ /^(\d+)/ }
           "$state/nginx.pid", "$state/pg/postmaster.pid";
is run_cmd('make', '-s', 'demo-stop', { timeout => 300 })->{code}, 0,
    'make demo-stop';
# pg_ctl waits for the end of the pid file, which is just before the process's.
ok eval { wait_until(60, 'the end', sub { !grep { alive($_) } @pids }); 1 },
    '... ends nginx and PostgreSQL';
ok !-e "$demo/demo.env", '... and takes the passwords with it';

done_testing;
