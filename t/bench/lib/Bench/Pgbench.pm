package Bench::Pgbench;

# pgbench, running the statements of a homework fetch as Pupil runs them: the
# limit of asking PostgreSQL one request at a time on each connection.
#
# A fetch is one pipeline with one Sync, and so one transaction and one durable
# commit.  pgbench passes text, where Pupil passes binary parameters and asks
# for binary results; t/bench/sql_load is the same in binary.  Nulls, and what
# no request changes, are literals.

use v5.36;

use Bench::Machine qw(build_tool session_options);
use Exporter qw(import);
use JSON::XS ();
use POSIX ();
use Pupil::Util;
use Time::HiRes qw(sleep time);

our @EXPORT_OK = qw(pgbench_limit);

# Fetches of a script: the persons of them all are one look-up before.
use constant BLOCK => 8;

my %types = (16 => 'bool', 20 => 'int8', 23 => 'int4', 25 => 'text',
             1184 => 'timestamptz', 2950 => 'uuid');

my %own = (
    none => [], now => [':now'], 'no id' => ['NULL'],
    page => ["'f'", ':now', ':now', "'00000000-0000-0000-0000-000000000000'",
             ':most', 'NULL', "'infinity'",
             "'00000000-0000-0000-0000-000000000000'", 'NULL'],
);


# What a measurement has: rate, database_us, wal.
sub pgbench_limit ($school, $seconds, $warm, $connections = 8) {
    my $site = $school->site;
    my ($script, $blocks, $settings) = prepared($school);
    my $log = tmp_dir() . '/pgbench-log';
    unlink glob "$log.*";

    my $conninfo = $site->conninfo('pupil', user => 'pupil_gateway');
    my $options = join ' ', '-c pupil.tenant=' . $site->tenant,
                  session_options($settings);
    open my $err, '>', "$log-err" or die "$log-err: $!\n";
    my $pid = start_process(['pgbench', '-n', '-M', 'prepared', '-c',
        $connections, '-j', 2, '-T', int($seconds + $warm + 60),
        '-f', $script, '-l', '--log-prefix', $log, '-D', "blocks=$blocks",
        '-D', 'most=50', '-D', 'now=' . now(), "$conninfo options='$options'"],
        stdout => $err, stderr => $err);

    my ($since) = $school->db->selectrow_array('SELECT clock_timestamp()');
    my $audited = sub {
        return ($school->db->selectrow_array('SELECT count(*)'
            . ' FROM pupil.audit_record WHERE tenant = ? AND at >= ?', {},
            $site->tenant, $since))[0];
    };
    # Connected, and every statement planned.
    wait_until(30, 'pgbench to fetch', sub {
        $audited->() >= BLOCK * $connections });
    sleep $warm;
    my @from = moment($school);
    sleep $seconds;
    my @to = moment($school);
    kill ALRM => $pid;      # as when its time is over
    process_ends($pid, 30) or kill KILL => $pid;
    die 'pgbench: ' . slurp("$log-err") if $?;

    my $fetches = BLOCK * fetched($log, $from[0], $to[0]);
    die "pgbench: nothing was fetched\n" if !$fetches;
    $audited = $audited->();
    die "pgbench: $audited audit records of $fetches fetches\n"
        if $audited < $fetches;
    return { rate => $fetches / ($to[0] - $from[0]),
             database_us => ($to[1] - $from[1]) / $fetches / 1000,
             wal => ($to[2] - $from[2]) / $fetches };
}

sub now () { POSIX::strftime('%Y-%m-%dT%H:%M:%SZ', gmtime) }

# Time, nanoseconds of PostgreSQL's processes, WAL.
sub moment ($school) {
    my ($wal) = $school->db->selectrow_array(
        "SELECT pg_current_wal_insert_lsn() - '0/0'");
    my $ns = 0;
    for my $pid (children_of($school->site->pg->pid)) {
        $ns += (split ' ', eval { slurp("/proc/$pid/schedstat") } // 0)[0];
    }
    return (time, $ns, $wal);
}

# Scripts that ended between two times: pgbench's log has a line for each, of
# client, number, microseconds, script, and when.
sub fetched ($log, $from, $to) {
    my $n = 0;
    for my $file (glob "$log.*") {
        for my $line (split /\n/, slurp($file)) {
            my (undef, undef, undef, undef, $s, $us) = split / /, $line;
            my $at = $s + $us / 1e6;
            $n++ if $at >= $from && $at < $to;
        }
    }
    return $n;
}


# The script, how many blocks of pupils there are, and the settings.
sub prepared ($school) {
    state ($script, $blocks, $settings);
    return ($script, $blocks, $settings) if $script;

    my $sql = run_cmd(build_tool('print_sql', 'statements'),
                      glob build_dir() . '/plugins/pupil_*.so');
    die $sql->{err} if $sql->{code};
    my $all = JSON::XS::decode_json($sql->{out});

    $blocks = people($school);
    $settings = $all->{session};
    $script = spew(tmp_dir() . '/pgbench.sql', join "\n",
        '\set n random(1, :blocks)',
        'SELECT * FROM public.bench_people WHERE n = :n \gset',
        map { my $i = $_;
              ('\startpipeline',
               (map { statement($all->{ $_->[0] }, $own{ $_->[1] },
                                $school->site->tenant, $i) . ';' }
                @{ $all->{'homework fetch'} }),
               '\endpipeline') } 1 .. BLOCK);
    return ($script, $blocks, $settings);
}

# With pgbench's variables in place of parameters, which have no types.
sub statement ($st, $own, $tenant, $i) {
    my @values = ('1', "'$tenant'", 'gen_random_uuid()', ":p$i", "'pupil'",
                  ":i$i", "'192.0.2.0/24'", @$own);
    return $st->{sql} =~ s{\$(\d+)}{
        my $type = $types{ $st->{oids}[$1 - 1] } // die "a type of \$$1\n";
        "($values[$1 - 1])::$type"
    }ger;
}

# A row for each block: the number, pupils and their institutions.
sub people ($school) {
    my $db = $school->db;
    my @pupils = $school->sessions('pupil');
    my $blocks = int(@pupils / BLOCK);
    my @columns = map { ("p$_", "i$_") } 1 .. BLOCK;

    $db->do('CREATE TABLE public.bench_people'
            . ' (n integer PRIMARY KEY, ' . join(', ', map { "$_ text" }
            @columns) . ')');
    $db->do('GRANT SELECT ON public.bench_people TO pupil_gateway');
    my $insert = $db->prepare('INSERT INTO public.bench_people VALUES ('
                              . join(', ', ('?') x (1 + @columns)) . ')');
    for my $n (1 .. $blocks) {
        my @of = splice @pupils, 0, BLOCK;
        $insert->execute($n, map { @$_{qw(subject institution)} } @of);
    }
    $db->do('ANALYZE public.bench_people');
    return $blocks;
}

1;
