package Bench::Measure;

# One measurement of one entrant under one workload.

use v5.36;

use Bench::Machine qw(build_tool load_tool machine);
use Exporter qw(import);
use JSON::XS ();
use List::Util qw(max);
use Pupil::Util;
use Time::HiRes qw(sleep);

our @EXPORT_OK = qw(measure beside counts argon2id sql_limit check_answers
                    WARM);

# Seconds before what is counted.
use constant WARM => 0.3;

my $canonical = JSON::XS->new->utf8->canonical;


# PostgreSQL's own processes: the postmaster's children.
sub database_pids ($school) { children_of($school->site->pg->pid) }

sub counters ($db) {
    my ($wal, $fsyncs) = $db->selectrow_array(
        "SELECT pg_current_wal_insert_lsn() - '0/0', wal_sync"
        . ' FROM pg_stat_wal');
    return { wal => $wal, fsyncs => $fsyncs };
}

# Requests that are on record: an answer can leave more than one record.
sub audited ($school, $since) {
    return $school->db->selectrow_array('SELECT count(DISTINCT request) FROM'
        . ' pupil.audit_record WHERE tenant = ? AND at >= ?', {},
        $school->site->tenant, $since);
}

sub load_command ($e, $w, %opt) {
    return (load_tool(), '--port', $e->port,
            '--requests', $w->{file}, '--connections', $w->{connections},
            '--seconds', $opt{seconds}, '--warm', WARM,
            $opt{rate} ? ('--rate', $opt{rate}) : (),
            $opt{max} ? ('--max', $opt{max}) : ());
}


# What http_load printed.  An answer that is not 2xx, be it of the warm-up, or
# one that did not come: void.
sub outcome ($what, $run) {
    die "$what: $run->{err}" if $run->{code};
    my $m = $canonical->decode($run->{out});
    die "$what: $run->{out}" if $m->{ok} != $m->{total} || $m->{lost};
    return $m;
}


# What $code->($seconds) measures: where nothing was answered in time, as on a
# slow machine, in twice the time.
sub in_time ($what, $seconds, $code) {
    for (; $seconds <= 60; $seconds *= 2) {
        my $m = $code->($seconds);
        return $m if $m;
    }
    die "$what: nothing was answered in time\n";
}


# Options: seconds, rate (open loop), max (requests: to warm up).  A run that
# leaves fewer audit records than it was answered, or that was refused
# anything, is void: it dies.
sub measure ($school, $entrant, $w, %opt) {
    return in_time($entrant->name . ", $w->{name}", $opt{seconds},
        sub ($seconds) { once($school, $entrant, $w, %opt,
                              seconds => $seconds) });
}

sub once ($school, $entrant, $w, %opt) {
    my $db = $school->db;
    my ($since) = $db->selectrow_array('SELECT clock_timestamp()');
    my $before = counters($db);
    my $what = $entrant->name . ", $w->{name}";
    my $m = outcome($what, run_cmd(load_command($entrant, $w, %opt),
        '--account', join(':', server => join ',', $entrant->pids),
        '--account', join(':', database => join ',', database_pids($school)),
        { timeout => 120 }));

    my $after = counters($db);
    my $audited = audited($school, $since);
    die "$what: $audited requests on record of $m->{total} answers\n"
        if $entrant->name ne 'static' && $audited < $m->{total};

    return { total => $m->{total} } if $opt{max} && $m->{total};
    my $n = $m->{requests} or return;
    return {
        rate => $n / $m->{seconds}, server_us => $m->{cpu}{server} / $n / 1e3,
        database_us => $m->{cpu}{database} / $n / 1e3,
        client_us => $m->{client_ns} / $n / 1e3, total => $m->{total},
        wal => ($after->{wal} - $before->{wal}) / $m->{total},
        bytes => $m->{bytes} / $n, unanswered => $m->{unanswered},
        foreign => $m->{foreign}, map { $_ => $m->{$_} } qw(p50 p99 p999),
    };
}


# An open loop while another load runs in a closed loop beside it: what
# measure() gives, and the other's rate.
sub beside ($school, $entrant, $w, $other, %opt) {
    return in_time($entrant->name . ", $w->{name} beside $other->{name}",
        $opt{seconds}, sub ($seconds) {
            once_beside($school, $entrant, $w, $other, %opt,
                        seconds => $seconds) });
}

sub once_beside ($school, $entrant, $w, $other, %opt) {
    my $file = tmp_dir() . '/beside';
    open my $out, '>', $file or die "$file: $!\n";
    my $pid = start_process([load_command($entrant, $other,
        seconds => $opt{seconds} + 4 * WARM)], stdout => $out);
    sleep WARM;

    my $m = eval { once($school, $entrant, $w, %opt) };
    my $failed = $@;
    process_ends($pid, 30) or kill KILL => $pid;
    die $failed if $failed;

    my $beside = outcome($entrant->name . ", $other->{name} beside",
                         { code => 0, err => '', out => slurp($file) });
    return if !$m || !$beside->{requests};
    return { %$m, beside => $beside->{requests} / $beside->{seconds} };
}


# Statements and flushes of the WAL a request.  A backend tells its statistics
# when it next has work a second after it last did: a few requests before and
# after make it tell.
sub counts ($school, $entrant, $w, $seconds) {
    my $db = $school->db;
    my $told = sub {
        sleep 1.1;
        my $total = measure($school, $entrant, $w, seconds => 20,
                            max => 8 * $w->{connections})->{total};
        sleep 0.1;
        return $total;
    };

    track($db, 'top');
    $told->();
    $db->do('SELECT pg_stat_statements_reset()');
    my $before = counters($db);
    my $total = measure($school, $entrant, $w, seconds => $seconds)->{total};
    $total += $told->();
    my $after = counters($db);
    my ($statements) = $db->selectrow_array(<<'SQL');
SELECT coalesce(sum(s.calls), 0)
  FROM pg_stat_statements AS s JOIN pg_roles AS r ON r.oid = s.userid
 WHERE r.rolname IN ('pupil_gateway', 'pupil_keeper')
   AND s.query <> 'SELECT $1'
SQL
    track($db, 'none');
    return { statements => $statements / $total,
             wal => ($after->{wal} - $before->{wal}) / $total,
             fsyncs => ($after->{fsyncs} - $before->{fsyncs}) / $total };
}

sub track ($db, $what) {
    $db->do("ALTER SYSTEM SET pg_stat_statements.track = '$what'");
    $db->do('SELECT pg_reload_conf()');
    sleep 0.1;
}


# Bare Argon2id, on as many threads as Pupil's workers use: cores but one.
sub argon2id ($seconds) {
    my $run = run_cmd(build_tool('pwhash'), max(1, machine()->{cores} - 1),
                      $seconds);
    die $run->{err} if $run->{code};
    return { rate => 0 + $run->{out} };
}


# The statements alone, as composed or naive, one at a time on each of as many
# connections as two workers of Pupil have.
sub sql_limit ($school, $form, $seconds) {
    my $site = $school->site;
    my $people = people_file($school);
    my $tool = build_tool(qw(sql_load sql_send statements accounts));
    my $run = run_cmd($tool, '--conninfo',
        $site->gateway('pupil'), '--control', $site->conninfo('pupil'),
        '--tenant', $site->tenant, '--people', $people, '--form', $form,
        '--connections', 8, '--seconds', $seconds, '--warm', WARM,
        glob build_dir() . '/plugins/pupil_*.so');
    die "sql_load: $run->{err}" if $run->{code};

    my $m = $canonical->decode($run->{out});
    return { rate => $m->{requests} / $m->{seconds},
             database_us => $m->{backend_ns} / $m->{requests} / 1000,
             wal => $m->{wal_bytes} / $m->{requests},
             foreign => $m->{foreign} };
}

sub people_file ($school) {
    my $file = tmp_dir() . '/people';
    return $file if -f $file;
    my ($teacher) = $school->sessions('teacher');
    return spew($file, join '', map {
        "$_->{subject} $_->{institution} $teacher->{subject}\n"
    } $school->sessions('pupil'));
}


# Every entrant answers as the first does, but for the order of members; how
# many answers were compared.
sub check_answers ($entrants, @samples) {
    my @peers = grep { $_->name ne 'static' } @$entrants;
    my $compared = 0;

    for my $sample (@samples) {
        my ($session, $path) = @$sample;
        my $first;
        for my $peer (@peers) {
            my $http = $peer->http;
            $http->cookies->{'__Host-pupil'} = $session->{token};
            my $res = $http->get($path);
            my $what = $peer->name . " $path";
            die "$what: ", $res->text, "\n" if $res->status != 200;
            my $text = $canonical->encode($res->json);
            $first //= $text;
            die "$what: another answer\n$text\n$first\n" if $text ne $first;
            $compared++;
        }
    }
    return $compared;
}

1;
