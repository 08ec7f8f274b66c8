package Pupil::Postgres;

# A private PostgreSQL cluster: its own folder, port and processes.
#
#     my $pg = Pupil::Postgres->new(tls => 1, conf => { log_statement => 'all' });
#     $pg->start;
#     $pg->dbh('pupil')->do('...');      # as the superuser
#     $pg->restart; $pg->stop('immediate'); $pg->kill9; $pg->start;
#
# The superuser is postgres: over the Unix socket with no password, over TCP
# with the one of superuser_password().

use v5.36;

use DBI;
use File::Path qw(make_path);
use Pupil::Util;
use Time::HiRes qw(sleep);

my $BIN = '/usr/lib/postgresql/15/bin';
my @started;

# Of programs that serve the tests: what they free they keep.  By itself cp
# maps and unmaps a buffer for each of a cluster's two thousand files, and
# each backend the room of each large query, for page faults alone.
use constant MEMORY => { MALLOC_MMAP_THRESHOLD_ => 32 << 20,
                         MALLOC_TRIM_THRESHOLD_ => 1 << 30 };

sub superuser_password { 'only-for-tests' }

sub account { am_root() ? 'postgres' : undef }


# Options: tls, fsync (off unless asked for), conf => { name => value },
# hba => lines that come first, own_system (1: a system identifier that no
# other cluster has, not that of the template), from (the folder of a cluster
# that was stopped, to begin with a copy of it).
sub new ($class, %opt) {
    state $count = 0;
    my $dir = tmp_dir() . '/pg' . ++$count;
    my $self = bless {
        %opt, dir => $dir, data => "$dir/data", port => free_port(),
        log => "$dir/log",
    }, $class;

    mkdir $dir or die "$dir: $!\n";
    give($dir);
    $opt{own_system} ? initdb($self->{data})
                     : copy_cluster($opt{from} // template(), $self->{data});
    spew($self->{log}, '');
    give($self->{log});
    $self->configure;
    push @started, $self;
    return $self;
}

sub dir ($self) { $self->{dir} }
sub data ($self) { $self->{data} }
sub port ($self) { $self->{port} }
sub log_file ($self) { $self->{log} }
sub pid ($self) { $self->{pid} }


sub run (@cmd) {
    my $run = run_cmd(@cmd);
    die "@cmd: $run->{err}\n" if $run->{code};
}


# What is zero in it, most of its write-ahead log, is not written again.
sub copy_cluster ($from, $to) {
    run(qw(cp -a --sparse=always), $from, $to, { env => MEMORY });
}


sub give ($path) {
    return if !am_root();
    my ($uid, $gid) = (getpwnam 'postgres')[2, 3];
    chown $uid, $gid, $path;
}


# initdb takes seconds: it is done once, and copied.
sub template {
    my $template = build_dir() . '/t/pg-template-15-' . $>;

    with_lock('pg-template', sub {
        return if -f "$template/PG_VERSION";
        my $new = tmp_dir() . '/initdb';
        initdb($new);
        run('mv', '-T', $new, $template);
    });

    return $template;
}


sub initdb ($data) {
    mkdir $data or die "$data: $!\n";
    give($data);
    my $secret = spew("$data.password", superuser_password());
    my $run = run_cmd("$BIN/initdb", '-D', $data, '-U', 'postgres',
        '--encoding=UTF8', '--locale=C.UTF-8', '--auth-local=trust',
        '--auth-host=scram-sha-256', "--pwfile=$secret",
        { as => account(), env => { TZ => 'UTC' } });
    die "initdb: $run->{err}$run->{out}" if $run->{code};
    unlink $secret;
}


sub configure ($self) {
    my %conf = (
        listen_addresses => '127.0.0.1', port => $self->{port},
        unix_socket_directories => $self->{dir}, max_connections => 100,
        shared_buffers => '32MB', timezone => 'UTC',
        fsync => $self->{fsync} ? 'on' : 'off',
        log_line_prefix => '%m [%p] %q%u@%d ', lc_messages => 'C',
        jit => 'off', %{ $self->{conf} // {} },
    );

    if ($self->{tls}) {
        my $ca = test_ca();
        for my $name (qw(ca cert key)) {
            my $to = "$self->{data}/$name.pem";
            spew($to, slurp($ca->{$name}), 0600);
            give($to);
        }
        @conf{qw(ssl ssl_ca_file ssl_cert_file ssl_key_file)}
            = qw(on ca.pem cert.pem key.pem);
    }

    my $text = join '', map { my $value = $conf{$_} =~ s/'/''/gr;
                              "$_ = '$value'\n" } sort keys %conf;
    spew("$self->{data}/postgresql.auto.conf", $text, 0600);
    give("$self->{data}/postgresql.auto.conf");

    my $tcp = $self->{tls} ? 'hostssl' : 'host';
    spew("$self->{data}/pg_hba.conf", ($self->{hba} // '') . <<"", 0600);
local all,replication postgres trust
local all all scram-sha-256
$tcp all all 127.0.0.1/32 scram-sha-256

    give("$self->{data}/pg_hba.conf");
}


# Changes settings for the next start; give undef to drop one.
sub set ($self, %conf) {
    for my $name (keys %conf) {
        defined $conf{$name} ? $self->{conf}{$name} = $conf{$name}
                             : delete $self->{conf}{$name};
    }
    $self->configure;
    return $self;
}

# The clock (Pupil::Clock) that it goes by from the next start on.
sub by ($self, $clock) {
    $self->{clock} = $clock;
    return $self;
}


# Of its processes, which end without what t/lib/ends.c says, if that is built.
sub env ($self) {
    my %env = (%{ +MEMORY }, $self->{clock} ? %{ $self->{clock}->env } : ());
    my $ends = build_dir() . '/ends.so';
    my @load = grep { defined && length } $env{LD_PRELOAD} // $ENV{LD_PRELOAD},
                                          -e $ends ? $ends : ();
    return { %env, @load ? (LD_PRELOAD => join ':', @load) : () };
}


sub start ($self) {
    die "PostgreSQL runs already\n" if $self->{pid};
    open my $log, '>>', $self->{log} or die "$self->{log}: $!\n";
    $self->{pid} = start_process(["$BIN/postgres", '-D', $self->{data}],
                                 as => account(), stdout => $log,
                                 stderr => $log, env => $self->env);
    wait_until(60, 'PostgreSQL to start', sub {
        if (process_ends($self->{pid}, 0)) {
            delete $self->{pid};
            die "PostgreSQL did not start:\n" . slurp($self->{log});
        }
        my $dbh = eval { $self->connect('postgres', PrintError => 0) };
        return $dbh && $dbh->disconnect;
    });
    return $self;
}


# mode: smart, fast (the default) or immediate
sub stop ($self, $mode = 'fast') {
    my $pid = delete $self->{pid} // return $self;
    my %signal = (smart => 'TERM', fast => 'INT', immediate => 'QUIT');

    $_->disconnect for values %{ delete $self->{dbh} // {} };
    kill $signal{$mode} // die("stop: $mode?\n"), $pid;
    if (!process_ends($pid, 60)) {
        kill QUIT => $pid;
        kill KILL => $pid if !process_ends($pid, 60);
        process_ends($pid, 60);
        die "PostgreSQL did not stop ($mode)\n";
    }
    return $self;
}


sub restart ($self, $mode = 'fast') { $self->stop($mode)->start }


sub reload ($self) { kill HUP => $self->{pid}; return $self }


# No process of it runs.  The postmaster stands before its children are asked
# for: one that it forks meanwhile would serve on.
sub freeze ($self) {
    my $pid = $self->{pid};
    kill STOP => $pid;
    wait_until(60, 'the postmaster to stand',
               sub { slurp("/proc/$pid/stat") =~ /\) T / });
    my @all = ($pid, children_of($pid));
    kill STOP => @all;
    return @all;
}

sub thaw ($self) { kill CONT => $self->{pid}, children_of($self->{pid}) }


# As if the machine lost its power: the postmaster and its children.
sub kill9 ($self) {
    my $pid = $self->{pid} // return $self;
    my @all = $self->freeze;
    delete @$self{qw(pid dbh)};
    kill KILL => @all;
    process_ends($pid, 60) or die "PostgreSQL survives SIGKILL\n";
    wait_until(60, 'the backends to end', sub { !grep { alive($_) } @all });
    return $self;
}


# A conninfo.  Options: user, password, host (tcp for TCP), and any other
# libpq keyword.
sub conninfo ($self, $db = 'postgres', %opt) {
    my $host = delete $opt{host} // 'socket';
    my %word = (dbname => $db, port => $self->{port}, user => 'postgres',
                host => $host eq 'socket' ? $self->{dir}
                      : $host eq 'tcp' ? 'localhost' : $host, %opt);
    if ($self->{tls} && $host ne 'socket') {
        $word{sslmode} //= 'verify-full';
        $word{sslrootcert} //= test_ca()->{ca};
    }
    if ($host eq 'tcp' && $word{user} eq 'postgres') {
        $word{password} //= superuser_password();
    }
    return join ' ', map { my $v = $word{$_} =~ s/([\\'])/\\$1/gr;
                           $v =~ /[\s'\\]|^$/ ? "$_='$v'" : "$_=$v" }
                     sort keys %word;
}


sub connect ($self, $db, %opt) {
    my $user = delete $opt{user} // 'postgres';
    my $password = delete $opt{password};
    return DBI->connect(
        "dbi:Pg:dbname=$db;host=$self->{dir};port=$self->{port}", $user,
        $password, { RaiseError => 1, PrintError => 0, AutoCommit => 1,
                     AutoInactiveDestroy => 1, pg_enable_utf8 => 0, %opt });
}


# The superuser's handle for a database, kept; a dead one is replaced.
sub dbh ($self, $db = 'postgres') {
    my $dbh = $self->{dbh}{$db};
    return $dbh if $dbh && $dbh->ping;
    return $self->{dbh}{$db} = $self->connect($db);
}


# Text that the log has gained since the last call, or since the start.
# A backup of a database, into a file.
sub dump ($self, $db, $file) {
    my $run = run_cmd('pg_dump', '-C', '-f', $file, $self->conninfo($db));
    die "pg_dump: $run->{err}" if $run->{code};
    return $self;
}

# The database as it was dumped, under another name.
sub beside ($self, $db, $file, $as = 'beside') {
    spew("$file.$as", slurp($file) =~ s/((?:DATABASE|connect) )$db\b/$1$as/gr);
    my $run = run_cmd('psql', '-qX', '-v', 'ON_ERROR_STOP=1', '-f',
                      "$file.$as", $self->conninfo('postgres'));
    die "psql: $run->{err}" if $run->{code};
    return $self;
}

# The same of a dump that is asked for again and again: restored once, and copied
# since.  What a dump says of the database itself no copy has.
sub beside_again ($self, $db, $file, $as = 'beside') {
    my $dbh = $self->dbh('postgres');
    my $kept = $self->{restored}{$file};

    if (!$kept) {
        $kept = 'restored_' . (1 + keys %{ $self->{restored} });
        $self->beside($db, $file, $kept);
        $self->{restored}{$file} = $kept;
    }
    $dbh->do("CREATE DATABASE $as TEMPLATE $kept STRATEGY file_copy");
    $dbh->do(s/DATABASE $db\b/DATABASE $as/r)
        for slurp($file) =~ /^((?:ALTER|GRANT|REVOKE)\b.* DATABASE $db\b.*;)$/mg;
    return $self;
}

# As it was dumped, in its place: nobody meets half of it.  Ends its
# connections.  Options: again => 1.
sub replace ($self, $db, $file, %opt) {
    $opt{again} ? $self->beside_again($db, $file) : $self->beside($db, $file);
    my $dbh = $self->dbh('postgres');
    $dbh->do("DROP DATABASE $db WITH (FORCE)");
    $dbh->do("ALTER DATABASE beside RENAME TO $db");
    return $self;
}


sub new_log ($self) {
    my $log = slurp($self->{log});
    my $from = $self->{log_seen} // 0;
    $self->{log_seen} = length $log;
    return substr $log, $from;
}


sub stop_all { eval { $_->stop('immediate'); 1 } or warn $@ for splice @started }

1;
