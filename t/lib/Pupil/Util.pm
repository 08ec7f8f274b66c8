package Pupil::Util;

# Files, processes and ports.  Only processes that were started here are ever
# signalled, by their pid.

use v5.36;

use Cwd qw(abs_path);
use Errno qw(EINTR);
use Exporter qw(import);
use Fcntl qw(:flock O_RDWR O_CREAT);
use File::Basename qw(dirname);
use File::Find ();
use File::Path qw(make_path remove_tree);
use File::Spec ();
use File::Temp ();
use IO::Socket::INET;
use IO::Select;
use List::Util qw(max min);
use POSIX ();
use Time::HiRes qw(sleep time);

our @EXPORT = qw(root_dir build_dir tmp_dir files_below slurp spew run_cmd wait_until
                 free_port start_process process_ends process_rss children_of
                 with_lock test_ca am_root alive);

my ($tmp, @port_locks);


sub root_dir () { state $dir = abs_path(dirname(__FILE__) . '/../../..') }

sub build_dir () { $ENV{PUPIL_BUILD} // root_dir() . '/build' }

sub am_root () { $> == 0 }


# Where tests have their folders.  Each copies a cluster of two thousand files
# and removes it: on a disk that was a quarter of the processor time of all
# tests, in memory it is next to nothing.
sub tmp_place () {
    my $memory = '/dev/shm';
    return File::Spec->tmpdir if $ENV{TMPDIR} || !-w $memory;

    my ($free) = qx(df -BM --output=avail $memory) =~ /(\d+)M/;
    my ($left) = slurp('/proc/meminfo') =~ /^MemAvailable: +(\d+) kB/m;
    my ($flags) = slurp('/proc/mounts') =~ m{^\S+ $memory \S+ (\S+)}m;
    my $fits = min($free // 0, $left / 1024) >= 8192
        && ($flags // 'noexec') !~ /\bnoexec\b/;
    return $fits ? $memory : File::Spec->tmpdir;
}


# The test's own folder.  Others may enter it: PostgreSQL and nginx's workers
# run under accounts of their own.
sub tmp_dir () {
    return $tmp if $tmp;
    $tmp = File::Temp::tempdir('pupil-XXXXXX', DIR => tmp_place(),
                               CLEANUP => 0);
    chmod 0755, $tmp;
    return $tmp;
}


# The files below folders, at any depth, whose paths match; sorted.
sub files_below ($pattern, @folders) {
    my @found;
    File::Find::find({ no_chdir => 1, wanted => sub {
        push @found, $File::Find::name if -f && $File::Find::name =~ $pattern;
    } }, @folders);
    return sort @found;
}


# Where sanitizers write; any account may.
sub report_dir () {
    my $dir = tmp_dir() . '/reports';
    mkdir $dir and chmod 01777, $dir;
    return $dir;
}


sub forget_tmp_dir ($keep) {
    return if !$tmp;
    $keep ? print STDERR "# kept: $tmp\n" : remove_tree($tmp, { safe => 0 });
    undef $tmp;
}


sub slurp ($path) {
    open my $in, '<:raw', $path or die "$path: $!\n";
    local $/;
    return scalar(<$in>) // '';
}


sub spew ($path, $text, $mode = 0644) {
    open my $out, '>:raw', $path or die "$path: $!\n";
    print {$out} $text or die "$path: $!\n";
    close $out or die "$path: $!\n";
    chmod $mode, $path;
    return $path;
}


# Runs a program to its end.  Options: stdin => bytes, env => {...},
# timeout => seconds (300), as => account, dir => working folder.  Gives a hash
# of code (128 + signal if killed), out, err, and timeout if it was cut short.
sub run_cmd (@cmd) {
    my %opt = ref $cmd[-1] eq 'HASH' ? %{ pop @cmd } : ();
    my %file = map { $_ => File::Temp->new } qw(stdin out err);

    if (defined $opt{stdin}) {
        syswrite $file{stdin}, $opt{stdin};
        seek $file{stdin}, 0, 0;
    }

    my $pid = start_process(\@cmd, %opt, stdin => $file{stdin},
                            stdout => $file{out}, stderr => $file{err});
    my $ended = process_ends($pid, $opt{timeout} // 300);
    my $status = $?;

    if (!$ended) {
        kill TERM => $pid;              # it may have started others
        if (!process_ends($pid, 60)) {
            kill KILL => $pid;
            process_ends($pid, 60);
        }
        $status = $?;
    }

    return {
        code => $status & 127 ? 128 + ($status & 127) : $status >> 8,
        out => slurp($file{out}->filename),
        err => slurp($file{err}->filename)
            . ($ended ? '' : "# cut short\n"),
        timeout => !$ended,
    };
}


# Starts a program as our own child and gives its pid.  Options: env, as, dir,
# stdin, stdout, stderr (handles; the default is /dev/null, or ours).
sub start_process ($cmd, %opt) {
    my $pid = fork // die "fork: $!\n";
    return $pid if $pid;

    eval {
        open STDIN, '<&', $opt{stdin} // do { open my $n, '<', '/dev/null'; $n }
            or die "stdin: $!\n";
        if ($opt{stdout}) { open STDOUT, '>&', $opt{stdout} or die "$!\n" }
        if ($opt{stderr}) { open STDERR, '>&', $opt{stderr} or die "$!\n" }

        $ENV{$_} = $opt{env}{$_} for keys %{ $opt{env} // {} };
        if ($opt{as}) {
            become($opt{as});
            delete $ENV{PERL5LIB};      # may be out of its reach
        }
        if ($opt{dir}) { chdir $opt{dir} or die "$opt{dir}: $!\n" }

        no warnings 'exec';
        exec { $cmd->[0] } @$cmd or die "$cmd->[0]: $!\n";
    };
    syswrite STDERR, $@;
    POSIX::_exit(127);
}


sub become ($account) {
    return if $> != 0;
    my (undef, undef, $uid, $gid, undef, undef, undef, $home)
        = getpwnam $account or die "no account $account\n";
    $) = "$gid $gid";
    $( = $gid;
    $! = 0;
    POSIX::setuid($uid) or die "setuid $account: $!\n";
    @ENV{qw(HOME USER LOGNAME)} = ($home, $account, $account);
    chdir '/';
}


# Waits for a child of ours; true with $? set, or false when time is over.
sub process_ends ($pid, $seconds) {
    my $until = time + $seconds;
    while (1) {
        my $got = waitpid $pid, POSIX::WNOHANG();
        return 1 if $got == $pid;
        return 1 if $got == -1 && $! != EINTR;
        return 0 if time > $until;
        sleep 0.01;
    }
}


sub alive ($pid) {
    my $stat = eval { slurp("/proc/$pid/stat") } // return 0;
    return $stat !~ /\) [ZX] /;
}


sub children_of ($pid) {
    my $list = eval { slurp("/proc/$pid/task/$pid/children") } // '';
    return split ' ', $list;
}


# Resident memory in KiB.
sub process_rss ($pid) {
    my $status = eval { slurp("/proc/$pid/status") } // '';
    return $status =~ /^VmRSS:\s+(\d+)/m ? $1 : 0;
}


# Calls $code until it gives something true, which is returned; dies after
# $seconds with $what.  What takes long is asked for less often, ten times a
# second: each question can be a request, or a connection.
sub wait_until ($seconds, $what, $code) {
    my $from = time;
    while (1) {
        my $value = $code->();
        return $value if $value;
        my $waited = time - $from;
        die "waited $seconds s in vain: $what\n" if $waited > $seconds;
        sleep min(0.1, max(0.02, $waited / 10));
    }
}


sub with_lock ($name, $code) {
    make_path(build_dir() . '/t');
    open my $lock, '>', build_dir() . "/t/$name.lock" or die "$name: $!\n";
    flock $lock, LOCK_EX or die "$name: $!\n";
    return $code->();
}


# A TCP port on loopback, ours until this process ends: each number has a lock
# file, so that test files that run at once never get the same one, and lies
# below the range from which the kernel picks ports for clients.
sub free_port () {
    my $dir = File::Spec->tmpdir . "/pupil-ports-$>";
    make_path($dir);

    for (1 .. 500) {
        my $port = 20000 + int rand 12000;
        sysopen my $lock, "$dir/$port", O_RDWR | O_CREAT or next;
        flock $lock, LOCK_EX | LOCK_NB or next;
        my $probe = IO::Socket::INET->new(
            LocalAddr => '127.0.0.1', LocalPort => $port, Listen => 1,
            ReuseAddr => 1) or next;
        close $probe;
        push @port_locks, $lock;
        return $port;
    }
    die "no free port\n";
}


# A certificate authority of our own and one certificate for localhost, made
# once: { ca, cert, key } are paths.
sub test_ca () {
    my $dir = build_dir() . '/t/tls';
    my %path = (ca => "$dir/ca.crt", cert => "$dir/server.crt",
                key => "$dir/server.key");

    with_lock('tls', sub {
        return if -f "$dir/done";
        make_path($dir);
        spew("$dir/ext", "subjectAltName=DNS:localhost,IP:127.0.0.1\n");
        my @new = qw(openssl req -nodes -newkey ec
                     -pkeyopt ec_paramgen_curve:P-256);
        for my $cmd (
            [@new, qw(-x509 -days 3650 -subj), '/CN=Pupil test CA',
             '-keyout', "$dir/ca.key", '-out', $path{ca}],
            [@new, qw(-subj /CN=localhost), '-keyout', $path{key},
             '-out', "$dir/server.csr"],
            [qw(openssl x509 -req -days 3650 -CAcreateserial), '-in',
             "$dir/server.csr", '-CA', $path{ca}, '-CAkey', "$dir/ca.key",
             '-extfile', "$dir/ext", '-out', $path{cert}])
        {
            my $run = run_cmd(@$cmd);
            die "@$cmd: $run->{err}\n" if $run->{code};
        }
        spew("$dir/done", '');
    });

    # workers read it, and may not reach the checkout
    my $ca = tmp_dir() . '/ca.crt';
    if (!-f $ca) {
        spew("$ca.$$", slurp($path{ca}));
        rename "$ca.$$", $ca or die "$ca: $!\n";
    }
    $path{ca} = $ca;

    return \%path;
}

1;
