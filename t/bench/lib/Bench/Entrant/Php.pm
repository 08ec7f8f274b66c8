package Bench::Entrant::Php;

# t/bench/php: php-fpm with PDO and sodium, behind the nginx that the others
# have.

use v5.36;

use Bench::Machine qw(build_tool session_options);
use File::Copy qw(copy);
use JSON::XS ();
use Pupil::Nginx;
use Pupil::Util;

my %serves = map { $_ => 1 } qw(homework overview submit batch);
my @packages = qw(php8.2-fpm php8.2-pgsql php8.2-opcache php8.2-apcu);
my $fpm = '/usr/sbin/php-fpm8.2';
my @all;


# Options: children (processes of PHP), workers (of nginx).
sub start ($class, $school, %opt) {
    install($class->missing);

    my $dir = tmp_dir() . '/' . $class->name;
    mkdir $dir or die "$dir: $!\n";
    chmod 0755, $dir;
    for my $file (glob root_dir() . '/t/bench/php/*.php') {
        copy($file, $dir) or die "$file: $!\n";
    }
    config_write($school->site, "$dir/config.php");

    my $socket = "$dir/fpm.sock";
    my $user = am_root() ? 'user = ' . Pupil::Nginx::user() . "\nlisten.owner = "
                           . Pupil::Nginx::user() . "\n" : '';
    # of 3, 4, 6, 8 and 16: four do for reads, eight for writes
    my $children = $opt{children} // 8;
    my $conf = spew("$dir/fpm.conf", <<"");
[global]
error_log = $dir/fpm.log
daemonize = no
[pupil]
${user}listen = $socket
listen.backlog = 4096
pm = static
pm.max_children = $children
pm.max_requests = 0
catch_workers_output = yes

    open my $log, '>>', "$dir/fpm.out" or die "fpm.out: $!\n";
    my $self = bless { dir => $dir, pid => start_process(
        [$fpm, '-F', '-y', $conf, $class->settings],
        stdout => $log, stderr => $log) }, $class;
    push @all, $self;
    wait_until(20, 'php-fpm to listen', sub {
        die slurp("$dir/fpm.log") if process_ends($self->{pid}, 0);
        -S $socket;
    });

    # no fastcgi_keep_conn: a kept connection holds one of the few processes, and
    # who waits for one on another connection may wait for ever
    $self->{nginx} = Pupil::Nginx->new(
        tls => 1, load => 0, workers => $opt{workers} // 2, log_level => 'warn',
        http => 'keepalive_requests 1000000;'
            . " upstream php { server unix:$socket; }",
        server => 'access_log off; location / { fastcgi_pass php;'
            . ' fastcgi_buffers 16 16k;'
            . ' include /etc/nginx/fastcgi_params;'
            . " fastcgi_param SCRIPT_FILENAME $dir/" . $class->script . '; }');
    $self->{nginx}->start;
    wait_until(20, $class->name . ' to be ready',
               sub { $self->http->get('/ready')->status == 200 });
    return $self;
}

# The packages that are not installed.
sub missing ($class) {
    return grep {
        run_cmd('dpkg-query', '-W', '-f', '${db:Status-Status}', $_)->{out}
            ne 'installed';
    } $class->packages;
}

sub install (@missing) {
    return if !@missing;

    my @root = am_root() ? () : ('sudo', '-n');
    for my $cmd (['update', '-qq'],
                 [qw(install -y -qq --no-install-recommends), @missing])
    {
        my $run = run_cmd(@root, qw(env DEBIAN_FRONTEND=noninteractive apt-get),
                          @$cmd, { timeout => 300 });
        die "apt-get @$cmd: $run->{err}\n" if $run->{code};
    }
}

# Compiled once, kept in memory; JIT saves a twentieth of the CPU.
sub settings ($class) {
    return map { ('-d', $_) } 'opcache.enable=1',
        'opcache.validate_timestamps=0', 'opcache.jit=tracing',
        'opcache.jit_buffer_size=64M', 'apc.enabled=1', 'apc.shm_size=64M',
        'expose_php=0', 'output_buffering=65536', 'zend.assertions=-1';
}

# Memory that opcache shares: the statements are not parsed for each request.
sub config_write ($site, $file) {
    my $sql = run_cmd(build_tool('print_sql', 'statements'),
                      glob build_dir() . '/plugins/pupil_*.so');
    die $sql->{err} if $sql->{code};
    my $statements = JSON::XS::decode_json($sql->{out});
    my $session = delete $statements->{session};
    my $config = JSON::XS->new->encode({
        kek => slurp($site->key) =~ s/\s+$//r, tenant => $site->tenant,
        database => login($site, 'pupil', 'pupil_gateway', $session),
        keystore => login($site, 'pupil_keys', 'pupil_keeper', $session),
        statements => $statements });
    my $run = run_cmd('php8.2', '-r', 'echo "<?php return ", var_export('
        . 'json_decode(stream_get_contents(STDIN), true), true), ";\n";',
        { stdin => $config });
    die "php8.2: $run->{err}" if $run->{code};
    spew($file, '');
    if (am_root()) {
        my (undef, undef, $uid, $gid) = getpwnam Pupil::Nginx::user();
        chown $uid, $gid, $file or die "$file: $!\n";
    }
    spew($file, $run->{out}, 0600);
}

sub login ($site, $db, $user, $session) {
    return { dsn => 'pgsql:host=' . $site->pg->dir . ';port=' . $site->pg->port
                    . ";dbname=$db;options='" . join(' ',
                    '-c TimeZone=UTC', '-c pupil.tenant=' . $site->tenant,
                    session_options($session)) . "'",
             username => $user, password => $site->{roles}{$user} };
}

sub packages ($class) { @packages }
sub script ($class) { 'index.php' }
sub name ($self) { 'php' }
sub title ($self) { 'PHP, php-fpm with PDO' }
sub port ($self) { $self->{nginx}->port }
sub http ($self) { $self->{nginx}->http }
sub pids ($self) { $self->{nginx}->workers, children_of($self->{pid}) }
sub serves ($self, $workload) { $serves{$workload} }

sub stop ($self) {
    my $pid = delete $self->{pid} // return;
    kill QUIT => $pid;
    process_ends($pid, 5) or do { kill KILL => $pid; process_ends($pid, 5) };
}

END { local $?; $_->stop for @all }

1;
