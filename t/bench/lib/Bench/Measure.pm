package Bench::Measure;

# One measurement of one entrant under one workload.

use v5.36;

use Bench::Machine qw(build_tool);
use Exporter qw(import);
use JSON::XS ();
use Pupil::Util;

our @EXPORT_OK = qw(measure sql_limit check_answers);

my $canonical = JSON::XS->new->utf8->canonical;


# PostgreSQL's own processes: the postmaster's children.
sub database_pids ($school) { children_of($school->site->pg->pid) }

sub counters ($db) {
    my ($wal, $fsyncs) = $db->selectrow_array(
        "SELECT pg_current_wal_insert_lsn() - '0/0', wal_sync"
        . ' FROM pg_stat_wal');
    return { wal => $wal, fsyncs => $fsyncs };
}

sub audited ($db, $since) {
    return $db->selectrow_array('SELECT count(*) FROM pupil.audit_record'
                                . ' WHERE at >= ?', {}, $since);
}


# Options: seconds, rate (open loop), max (requests: to warm up).  A run that
# leaves fewer audit records than it was answered, or that was refused
# anything, is void: it dies.
sub measure ($school, $entrant, $w, %opt) {
    my $db = $school->db;
    my ($since) = $db->selectrow_array('SELECT clock_timestamp()');
    my $before = counters($db);
    my $run = run_cmd(build_tool(qw(http_load accounts)), '--port', $entrant->port,
        '--requests', $w->{file}, '--connections', $w->{connections},
        '--seconds', $opt{seconds}, '--warm', 0.5,
        '--account', join(':', server => join ',', $entrant->pids),
        '--account', join(':', database => join ',', database_pids($school)),
        $opt{rate} ? ('--rate', $opt{rate}) : (),
        $opt{max} ? ('--max', $opt{max}) : (), { timeout => 120 });
    my $what = $entrant->name . ", $w->{name}";
    die "$what: $run->{err}" if $run->{code};

    my $m = $canonical->decode($run->{out});
    my $after = counters($db);
    my $n = $m->{requests} || die "$what: nothing was answered\n";
    die "$what: $run->{out}" if $m->{refused} || $m->{failed} || $m->{lost};

    my $audited = audited($db, $since);
    die "$what: $audited audit records of $m->{total} answers\n"
        if $entrant->name ne 'static' && $audited < $m->{total};

    return if $opt{max};
    return {
        rate => $n / $m->{seconds}, server_us => $m->{cpu}{server} / $n / 1e3,
        database_us => $m->{cpu}{database} / $n / 1e3,
        client_us => $m->{client_ns} / $n / 1e3,
        wal => ($after->{wal} - $before->{wal}) / $m->{total},
        fsyncs => ($after->{fsyncs} - $before->{fsyncs}) / $m->{total},
        bytes => $m->{bytes} / $n, unanswered => $m->{unanswered},
        foreign => $m->{foreign}, map { $_ => $m->{$_} } qw(p50 p99 p999),
    };
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
        '--connections', 8, '--seconds', $seconds, '--warm', 0.5,
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
