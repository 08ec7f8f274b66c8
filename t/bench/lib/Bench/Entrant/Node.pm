package Bench::Entrant::Node;

# t/bench/node: Fastify, postgres.js and sodium-native.  `npm ci` installs
# what its lock file names.

use v5.36;

use Bench::Machine qw(build_tool);
use JSON::XS ();
use Pupil::HTTP;
use Pupil::Util;

my %serves = map { $_ => 1 } qw(homework overview submit batch);
my @all;


# Options: processes, connections (of each to the data).
sub start ($class, $school, %opt) {
    my $processes = $opt{processes} // 2;
    my $dir = root_dir() . '/t/bench/node';
    install($dir);

    my $site = $school->site;
    my $ca = test_ca();
    my $port = free_port();
    my $sql = run_cmd(build_tool('print_sql', 'statements'),
                      glob build_dir() . '/plugins/pupil_*.so');
    die $sql->{err} if $sql->{code};

    my $config = spew(tmp_dir() . '/node.json', JSON::XS::encode_json({
        port => $port, processes => $processes, kek => $site->key,
        connections => $opt{connections} // 4,
        tenant => $site->tenant, cert => $ca->{cert}, key => $ca->{key},
        database => login($site, 'pupil', 'pupil_gateway'),
        keystore => login($site, 'pupil_keys', 'pupil_keeper'),
        statements => JSON::XS::decode_json($sql->{out}) }), 0600);

    open my $log, '>>', tmp_dir() . '/node.log' or die "node.log: $!\n";
    my $pid = start_process(['node', "$dir/server.js"],
        env => { BENCH_CONFIG => $config, NODE_ENV => 'production' },
        stdout => $log, stderr => $log);
    my $self = bless { pid => $pid, port => $port, n => $processes }, $class;
    push @all, $self;

    wait_until(30, 'Node.js to listen', sub {
        die slurp(tmp_dir() . '/node.log') if process_ends($pid, 0);
        eval { $self->http->get('/ready')->status == 200 };
    });
    sleep 1;    # the other process
    return $self;
}

# npm installs all that is needed beside it.
sub missing ($class) {
    return grep { run_cmd('sh', '-c', "command -v $_")->{code} } qw(node npm);
}

sub install ($dir) {
    my $done = "$dir/node_modules/.package-lock.json";
    with_lock('npm-bench', sub {
        return if -f $done && -M $done <= -M "$dir/package-lock.json";
        my $run = run_cmd(qw(npm ci --silent --ignore-scripts --prefix), $dir,
                          { timeout => 300 });
        die "npm ci: $run->{err}\n" if $run->{code};
        utime undef, undef, $done;
    });
}

sub login ($site, $db, $user) {
    return { path => $site->pg->dir . '/.s.PGSQL.' . $site->pg->port,
             database => $db, username => $user,
             password => $site->{roles}{$user} };
}

sub name ($self) { 'node' }
sub title ($self) { "Node.js, Fastify, $self->{n} processes" }
sub port ($self) { $self->{port} }
sub pids ($self) { $self->{pid}, children_of($self->{pid}) }
sub http ($self) { Pupil::HTTP->new(port => $self->{port}, tls => 1) }
sub serves ($self, $workload) { $serves{$workload} }

sub stop ($self) {
    my $pid = delete $self->{pid} // return;
    kill TERM => $pid;
    process_ends($pid, 5) or do { kill KILL => $pid; process_ends($pid, 5) };
}

END { local $?; $_->stop for @all }

1;
