package Pupil::Nginx;

# A private nginx: its own folder, port, configuration and processes.
#
#     my $nginx = Pupil::Nginx->new(http => '...', server => 'location / {}');
#     is $nginx->test->{code}, 0;
#     $nginx->start; $nginx->http->get('/'); $nginx->reload; $nginx->quit;
#
# PUPIL_NGINX, PUPIL_MODULE and PUPIL_PLUGINS choose the binaries.  The log is
# checked when the test ends: what a test provokes on purpose it must announce
# with allow_log().

use v5.36;

use Pupil::HTTP;
use Pupil::Util;
use Time::HiRes qw(sleep time);

my @all;

sub binary { $ENV{PUPIL_NGINX} // '/usr/sbin/nginx' }

sub module { $ENV{PUPIL_MODULE} // build_dir() . '/ngx_http_pupil_module.so' }

# The folder of the plugins.
sub plugins { $ENV{PUPIL_PLUGINS} // build_dir() . '/plugins' }


# Options: tls, workers (1), connections (512), load (1: load_module), main, events, http, server
# (text for that block), log_level (info), conf (the whole text instead), user
# (another directive of that name, or none: ''), http2 (with tls: on), wrap (a
# program with arguments that runs nginx in its own place, such as prlimit), asan
# (more of ASAN_OPTIONS).
sub new ($class, %opt) {
    state $count = 0;
    my $dir = tmp_dir() . '/nginx' . ++$count;
    my $self = bless {
        workers => 1, connections => 512, load => 1, log_level => 'info', main => '',
        events => '', http => '', server => '', http2 => 1, allow => [],
        %opt, dir => $dir, port => $opt{port} // free_port(),
    }, $class;

    for my $made ($dir, "$dir/html", "$dir/temp") {
        mkdir $made or die "$made: $!\n";
        chmod 0755, $made;
    }
    spew($self->error_log, '');
    $self->write_conf;
    push @all, $self;
    return $self;
}

sub dir ($self) { $self->{dir} }
sub port ($self) { $self->{port} }
sub pid ($self) { $self->{pid} }
sub conf_file ($self) { "$self->{dir}/nginx.conf" }
sub error_log ($self) { "$self->{dir}/error.log" }
sub log_text ($self) { slurp($self->error_log) }
sub url ($self) { 'http' . ($self->{tls} ? 's' : '') . "://localhost:$self->{port}" }


# A client of this server.
sub http ($self, %opt) {
    return Pupil::HTTP->new(port => $self->{port}, tls => $self->{tls}, %opt);
}


sub user { $ENV{PUPIL_NGINX_USER} // 'www-data' }


sub conf_text ($self) {
    return $self->{conf} if defined $self->{conf};

    my $dir = $self->{dir};
    my $load = $self->{load} && !$ENV{PUPIL_STATIC}
                ? 'load_module ' . module() . ';' : '';
    my $user = am_root() ? $self->{user} // 'user ' . user() . ';' : '';
    my $listen = $self->{port}
        . ($self->{tls} ? ' ssl' . ($self->{http2} ? ' http2' : '') : '');
    my $tls = '';

    if ($self->{tls}) {
        my $ca = test_ca();
        $tls = "ssl_certificate $ca->{cert}; ssl_certificate_key $ca->{key};";
    }

    return <<"";
$load
$user
daemon off;
worker_processes $self->{workers};
worker_shutdown_timeout 20s;
error_log $dir/error.log $self->{log_level};
pid $dir/nginx.pid;
lock_file $dir/nginx.lock;
$self->{main}
events {
    worker_connections $self->{connections};
    $self->{events}
}
http {
    access_log $dir/access.log;
    client_body_temp_path $dir/temp/body;
    proxy_temp_path $dir/temp/proxy;
    fastcgi_temp_path $dir/temp/fastcgi;
    uwsgi_temp_path $dir/temp/uwsgi;
    scgi_temp_path $dir/temp/scgi;
    $self->{http}
    server {
        listen 127.0.0.1:$listen;
        server_name localhost;
        root $dir/html;
        $tls
        $self->{server}
    }
}

}


# Sets options and writes the file anew, for test() or reload().
sub set ($self, %opt) {
    %$self = (%$self, %opt);
    $self->write_conf;
    return $self;
}

# Of a program, be it nginx, with a library of build/ loaded before its own.
sub preload_env ($class, $library, %env) {
    my $env = $class->sanitizer_env(leaks => 0);
    $env->{ASAN_OPTIONS} .= ':verify_asan_link_order=0';
    return { %$env, LD_PRELOAD => build_dir() . "/$library", %env };
}

sub write_conf ($self) { spew($self->conf_file, $self->conf_text) }


# leaks => 0: nginx -t ends without freeing its pools, on purpose.
sub sanitizer_env ($self, %opt) {
    my $leaks = $opt{leaks} // 1;
    my $log = Pupil::Util::report_dir() . '/report';
    my $supp = root_dir() . '/t/lib/lsan.supp';
    my $more = ref $self && $self->{asan} ? ":$self->{asan}" : '';
    # no detect_stack_use_after_return: gcc's fake stack does not give
    # libsodium's hash states the 64-byte alignment that their type has
    return {
        ASAN_OPTIONS => "log_path=$log:detect_leaks=$leaks:exitcode=99$more",
        UBSAN_OPTIONS => "log_path=$log:print_stacktrace=1",
        LSAN_OPTIONS => -f $supp ? "suppressions=$supp:print_suppressions=0"
                                 : '',
    };
}


sub command ($self) {
    return (binary(), '-p', "$self->{dir}/", '-c', $self->conf_file);
}


# nginx -t: { code, out, err }
sub test ($self) {
    return run_cmd($self->command, '-e', 'stderr', '-t',
                   { env => $self->sanitizer_env(leaks => 0) });
}


# From the next start on: its clock (Pupil::Clock), or what counts its hashes
# (Pupil::Hashes).
sub by ($self, $preload) {
    $self->{preload} = $preload;
    return $self;
}


# Starts it, and waits until it listens, and its workers are connected.
sub start ($self) {
    die "nginx runs already\n" if $self->{pid};
    my $seen = length $self->log_text;
    open my $log, '>>', "$self->{dir}/stderr.log" or die "stderr.log: $!\n";
    $self->{pid} = start_process(
        [@{ $self->{wrap} // [] }, $self->command, '-e', $self->error_log],
        stdout => $log,
        stderr => $log, env => $self->{preload} ? $self->{preload}->env
                                                : $self->sanitizer_env);

    wait_until(60, 'nginx to listen', sub {
        if (process_ends($self->{pid}, 0)) {
            delete $self->{pid};
            die 'nginx did not start: ' . slurp("$self->{dir}/stderr.log")
                . $self->log_text;
        }
        my $probe = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                          PeerPort => $self->{port});
        return $probe && $self->workers >= ($self->{workers} =~ /^\d+$/
                                            ? $self->{workers} : 1);
    });
    return $self->connected($seen);
}

# Waits until each worker is connected to both databases: a request waits two
# seconds for that, which a slow machine takes.  Not where the log says since
# then that there is something amiss, or where nothing says how it is.
sub connected ($self, $seen) {
    return $self if $self->conf_text !~ /\bpupil_status;/;
    my %of;
    eval { wait_until(60, 'each worker to be connected', sub {
        return 1 if substr($self->log_text, $seen)
                    =~ /\[(?:error|crit|alert|emerg)\].* pupil: /;
        my $http = $self->http(timeout => 10);
        my $res = $http->get('/status');
        return 1 if $res->status != 200;
        my $status = $res->json;
        $of{ $status->{worker}{pid} } = 1
            if !grep { !$status->{$_}{connections} }
               qw(database_data database_keys);
        my %now = map { $_ => 1 } $self->workers;
        return keys %now == grep { $now{$_} } keys %of;
    }) };
    return $self;
}


# The pids of the workers, those that shut down included.
sub workers ($self) {
    return $self->{pid} ? grep { alive($_) } children_of($self->{pid}) : ();
}

# A client of each worker, by its pid, as /status says it.
sub client_of_each ($self) {
    my %of;
    wait_until(60, 'an answer of each worker', sub {
        for (1 .. 20) {
            my $http = $self->http;
            $of{ $http->get('/status')->json->{worker}{pid} } //= $http;
            return 1 if !grep { !$of{$_} } $self->workers;
        }
        return 0;
    });
    return %of{grep { $of{$_} } $self->workers};
}

# Waits until each worker can serve.
sub wait_ready ($self, $seconds = 60) {
    my %of = $self->client_of_each;
    wait_until($seconds, 'each worker to be ready', sub {
        !grep { $_->get('/status/ready')->status != 200 } values %of });
    return $self;
}


# SIGHUP; waits until all of the old workers' successors are there, and with
# wait => 1 until the old ones are gone.
sub reload ($self, %opt) {
    my %old = map { $_ => 1 } $self->workers;
    my $seen = length $self->log_text;

    kill HUP => $self->{pid};
    wait_until(60, 'nginx to reload', sub {
        return 1 if grep { !$old{$_} } $self->workers;
        return substr($self->log_text, $seen) =~ /\[emerg\]/;
    });
    wait_until(60, 'the old workers to end', sub {
        !grep { $old{$_} } $self->workers
    }) if $opt{wait};
    return $opt{wait} ? $self->connected($seen) : $self;
}


# A signal to one worker, SIGKILL if none is named; what nginx writes about
# its death is then expected, that it took away a lock of the worker's as well.
sub kill_worker ($self, $pid = ($self->workers)[0], $signal = 'KILL') {
    $self->allow_log(qr/worker process $pid exited on signal/,
                     qr/shared memory zone "\w+" was locked by $pid\b/);
    kill $signal => $pid;
    wait_until(60, "worker $pid to end", sub { !alive($pid) });
    return $self;
}


# Open descriptors, and resident KiB, summed over the workers.
sub fds ($self) {
    my $sum = 0;
    for my $pid ($self->workers) {
        opendir my $dir, "/proc/$pid/fd" or next;
        $sum += grep { !/^\./ } readdir $dir;
    }
    return $sum;
}

sub rss ($self) {
    my $sum = 0;
    $sum += process_rss($_) for $self->workers;
    return $sum;
}


# Ends it gracefully; false if that did not work in $seconds, and then by
# force.  The exit code is checked, too: a sanitizer sets it.
sub quit ($self, $seconds = 60) {
    my $pid = delete $self->{pid} // return 1;
    my @workers = children_of($pid);
    my $graceful = 1;

    kill QUIT => $pid;
    if (!process_ends($pid, $seconds)) {
        $graceful = 0;
        $self->complain("did not end $seconds s after SIGQUIT");
        kill TERM => $pid;
        if (!process_ends($pid, 60)) {
            kill KILL => $pid, @workers;
            process_ends($pid, 60);
        }
    } elsif ($? != 0) {
        $graceful = 0;
        $self->complain("ended with status $?");
    }
    return $graceful;
}


# As if the machine lost its power.
sub kill9 ($self) {
    my $pid = delete $self->{pid} // return $self;
    my @workers = children_of($pid);
    kill KILL => $pid, @workers;
    process_ends($pid, 60);
    wait_until(60, 'the workers to end', sub { !grep { alive($_) } @workers });
    return $self;
}


# Lines of error.log that match are expected and not complained about.
sub allow_log ($self, @patterns) {
    push @{ $self->{allow} }, @patterns;
    return $self;
}

sub complain ($self, $text) { push @{ $self->{complaints} }, $text }


# Waits for a line in error.log.
sub wait_log ($self, $pattern, $seconds = 60) {
    return wait_until($seconds, "error.log to have $pattern",
                      sub { $self->log_text =~ $pattern });
}


my $BAD = qr/ \[ (?:alert|emerg) \] | (?:ERROR|SUMMARY): [ ] \w+Sanitizer
             | runtime [ ] error: /x;

# What is wrong with the logs: lines, none if all is well.
sub bad_lines ($self) {
    my @bad = @{ $self->{complaints} // [] };
    for my $file ($self->error_log, "$self->{dir}/stderr.log") {
        next if !-f $file;
        for my $line (split /\n/, slurp($file)) {
            next if $line !~ $BAD;
            next if grep { $line =~ $_ } @{ $self->{allow} };
            push @bad, $line;
        }
    }
    return @bad;
}


sub all { @all }

# For a test of the check itself: this server is no longer part of it.
sub disown ($self) {
    @all = grep { $_ != $self } @all;
    return $self;
}

1;
