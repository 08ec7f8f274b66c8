package Bench::Growth::Counts;

# What PostgreSQL itself counts: for each statement of a path the buffers that
# a run of it touches, which no noise can change, and the plan.  Extensions
# count while real requests run, so that no statement and no parameter is
# written down twice.

use v5.36;

use Bench::Growth::Load qw(path send_some);
use Bench::Machine qw(build_tool);
use Exporter qw(import);
use JSON::XS ();
use Pupil::Util;
use Time::HiRes qw(sleep);

our @EXPORT_OK = qw(count_path plans_of);

use constant LARGE => 500;      # rows of a table that must not be read whole


# The words of a statement: what is left when constants become parameters.
sub words ($sql) {
    my $text = lc $sql;
    $text =~ s/'(?:[^']|'')*'/ /g;
    $text =~ s/\$\d+|\b\d+(?:\.\d+)?\b|\b(?:true|false|null|epoch)\b/ /g;
    return join ' ', $text =~ /[a-z_]\w*/g;
}

# The endpoints' names by their words.
sub names () {
    state $names = do {
        my $run = run_cmd(build_tool(qw(print_sql statements)),
                          glob build_dir() . '/plugins/pupil_*.so');
        die "print_sql: $run->{err}" if $run->{code};
        my $all = JSON::XS::decode_json($run->{out});
        my %name = map { words($all->{$_}{sql}) => tr/_/ /r }
                   grep { ref $all->{$_} eq 'HASH' && $all->{$_}{sql} }
                   reverse sort grep { !/^record of / } keys %$all;
        \%name;
    };
    return $names;
}

# What is no endpoint's template, by a word in it.
my @others = (
    [qr/set_config/, 'tenant'], [qr/^select \$1\s*$/, 'heartbeat'],
    [qr/ask_owner_keys/, 'key ask'], [qr/fetch_owner_keys/, 'key fetch'],
    [qr/insert into pupil\.audit_record/, 'audit insert'],
    [qr/audit_shape|pupil\.policy/, 'shapes and policy'],
);

sub name_of ($sql) {
    my $name = names()->{ words($sql) };
    return $name if defined $name;
    for my $other (@others) {
        return $other->[1] if lc($sql) =~ $other->[0];
    }
    return substr $sql =~ s/\s+/ /gr, 0, 48;
}


sub switch ($school, %conf) {
    $school->site->pg->set(%conf);
    $school->site->pg->reload;
    sleep 0.3;
}


# { statement => { calls (a request), buffers, wal, ms (a call) } }
sub count_path ($school, $name, $requests) {
    my $entrant = $school->entrant(path($name)->{entrant});
    my $db = $school->db;
    my %got;

    send_some($school, $name, 8, $entrant);
    switch($school, 'pg_stat_statements.track' => 'top');
    $db->do('SELECT pg_stat_statements_reset()');
    send_some($school, $name, $requests, $entrant);
    my $rows = $db->selectall_arrayref(<<'SQL', { Slice => {} });
SELECT s.query, s.calls, s.shared_blks_hit + s.shared_blks_read AS buffers,
       s.wal_bytes, s.min_exec_time
  FROM pg_stat_statements s JOIN pg_roles r ON r.oid = s.userid
 WHERE r.rolname IN ('pupil_gateway', 'pupil_keeper')
SQL
    switch($school, 'pg_stat_statements.track' => 'none');

    for my $row (@$rows) {
        my $of = $got{ name_of($row->{query}) } //= { calls => 0, buffers => 0,
                                                      wal => 0 };
        $of->{calls} += $row->{calls};
        $of->{buffers} += $row->{buffers};
        $of->{wal} += $row->{wal_bytes};
        $of->{us} = 1000 * $row->{min_exec_time}
            if !defined $of->{us} || $of->{us} > 1000 * $row->{min_exec_time};
    }
    for my $of (values %got) {
        $of->{$_} /= $of->{calls} || 1 for qw(buffers wal);
        $of->{calls} /= $requests;
    }
    # a heartbeat or two
    delete @got{ grep { $got{$_}{calls} < 0.02 } keys %got };
    return \%got;
}


# { statement => { shape, whole => [large tables that are read whole] } }
sub plans_of ($school, $name) {
    my $entrant = $school->entrant(path($name)->{entrant});
    my $pg = $school->site->pg;
    my %large = map { $_->[0] => $_->[1] } map { @$_ }
        map { $_->selectall_arrayref('SELECT relname, reltuples FROM pg_class'
              . ' WHERE relkind = \'r\' AND reltuples > ?', {}, LARGE) }
        $school->db, $school->site->keystore;
    my %got;

    $pg->new_log;
    switch($school, 'auto_explain.log_min_duration' => 0);
    send_some($school, $name, 20, $entrant);
    switch($school, 'auto_explain.log_min_duration' => -1);
    my $log = $pg->new_log;

    while ($log =~ /plan:\n((?:\t.*\n)+)/g) {
        my $plan = JSON::XS::decode_json($1);
        my @nodes = nodes($plan->{Plan});
        my $of = $got{ name_of($plan->{'Query Text'}) } //= { whole => {} };
        $of->{shape} = join ' ', map { join '/', grep { defined }
            @$_{'Node Type', 'Index Name', 'Relation Name'} } @nodes;
        $of->{whole}{ $_->{'Relation Name'} } = 1
            for grep { $_->{'Node Type'} eq 'Seq Scan'
                       && $large{ $_->{'Relation Name'} } } @nodes;
    }
    return \%got;
}

sub nodes ($node) {
    return ($node, map { nodes($_) } @{ $node->{Plans} // [] });
}

1;
