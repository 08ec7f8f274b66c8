package Bench::Log;

# The audit of a site, filled with authentic records and sealed: the sealer and
# the verifier find what workers would have left them.
#
#     my $log = Bench::Log->new($site);
#     $log->fill(1_000_000, $person->{id} => 1_000);
#     $log->seal;
#     $log->verify->{findings};

use v5.36;

use Bench::Machine qw(build_tool);
use JSON::XS ();
use Pupil::Seal;
use Pupil::Util;

use constant PEOPLE => 10_000;

# Requests were made of it before: they left the shape and the policy, and are
# sealed now, so that what is filled in before them is in batches of its own.
sub new ($class, $site) {
    my $db = $site->db;
    my ($shape) = $db->selectrow_array(<<'SQL');
SELECT encode(s.shape, 'hex') FROM pupil.audit_shape AS s
  JOIN pupil.audit_record AS r USING (shape)
 WHERE strpos(s.accesses, '"about":"actor"') > 0 LIMIT 1
SQL
    my ($policy) = $db->selectrow_array(
        "SELECT encode(policy, 'hex') FROM pupil.policy LIMIT 1");
    my ($since, $until) = $db->selectrow_array(<<'SQL');
SELECT (extract(epoch FROM greatest(date_trunc('month', now()),
                                    now() - interval '12 hours'))
        * 1000000)::bigint, (extract(epoch FROM min(at)) * 1000000)::bigint
  FROM pupil.audit_record
SQL
    my $self = bless {
        site => $site, seal => Pupil::Seal->new($site), shape => $shape,
        policy => $policy, filled => 0, since => $since, until => $until,
    }, $class;
    $self->seal;
    return $self;
}

# So many records more, of which so many events are about somebody: in the first
# half of the hours that are left, as the sealer looks half a day back for what was
# committed late.
sub fill ($self, $records, $subject = undef, $events = 0) {
    my $site = $self->{site};
    my $from = $self->{since};
    my $until = int(($from + $self->{until}) / 2);
    my $run = run_cmd(build_tool(qw(audit_fill seeding)),
        '--database', $site->conninfo('pupil'),
        '--keystore', $site->conninfo('pupil_keys'), '--key', $site->key,
        '--tenant', $site->tenant, '--shape', $self->{shape},
        '--policy', $self->{policy}, '--records', $records,
        '--people', PEOPLE, '--since', $from, '--until', $until,
        $subject ? ('--subject', $subject, '--events', $events) : (),
        { timeout => 1800 });
    die "audit_fill: $run->{err}\n" if $run->{code};
    $self->{since} = $until;
    $self->{filled} += $records;
    return $self;
}

# What pupilctl says, and what it took: { json, wall, cpu, server, rss }, in
# seconds and bytes.
sub command ($self, @args) {
    my $site = $self->{site};
    my @program = ('/usr/bin/time', '-o', tmp_dir() . '/took', '-f',
                   '%e %U %S %M', build_dir() . '/pupilctl');
    my $before = server_cpu($site);
    my $run = run_cmd(@program, @args, '--json', '--checkpoints',
        $self->{seal}->dir, $site->ctl_where, { timeout => 3600, env => {
            PUPIL_SQL => root_dir() . '/sql',
            PUPIL_PLUGINS => build_dir() . '/plugins' } });
    die "pupilctl @args: $run->{out}$run->{err}\n" if $run->{code};
    my ($wall, $user, $system, $rss) = split ' ', slurp(tmp_dir() . '/took');
    return { json => JSON::XS::decode_json($run->{out}), wall => $wall,
             cpu => $user + $system, server => server_cpu($site) - $before,
             rss => 1024 * $rss };
}

sub seal ($self) { $self->command(qw(audit seal)) }
sub verify ($self) { $self->command(qw(audit verify)) }

# A sealer that follows, once all that there was is sealed.
sub follow ($self) {
    my $site = $self->{site};
    my $pid = start_process([$self->{seal}->command(qw(audit seal --follow))],
        env => { PUPIL_SQL => root_dir() . '/sql',
                 PUPIL_PLUGINS => build_dir() . '/plugins' });
    my $backend = wait_until(20, 'the sealer', sub {
        $site->db->selectrow_array(
            "SELECT a.pid FROM pg_stat_activity AS a JOIN pg_locks AS l"
            . " USING (pid) WHERE l.locktype = 'advisory' AND l.granted"
            . " AND a.application_name = 'pupilctl'") });
    my $sealer = bless { log => $self, pid => $pid, backend => $backend },
        'Bench::Log::Sealer';
    $sealer->resume;
    return $sealer;
}

sub Bench::Log::Sealer::pause ($self) { kill STOP => $self->{pid} }

sub Bench::Log::Sealer::resume ($self) {
    kill CONT => $self->{pid};
    $self->{log}->sealed;
    $self->{events} = $self->{log}->events;
    $self->{ticks} = ticks($self->{backend}, 13, 14);
}

# What its connection took since it was resumed, until all is sealed: µs of CPU
# for each record.
sub Bench::Log::Sealer::took ($self) {
    my $log = $self->{log};
    $log->sealed;
    return 10_000 * (ticks($self->{backend}, 13, 14) - $self->{ticks})
        / ($log->events - $self->{events});
}

sub Bench::Log::Sealer::end ($self) {
    kill TERM => $self->{pid};
    process_ends($self->{pid}, 20);
}

sub sealed ($self) {
    my $count = 'SELECT count(*) FROM pupil.audit_record'
        . ' WHERE number IS NOT NULL';
    my ($all) = $self->{site}->db->selectrow_array($count);
    wait_until(120, 'all to be sealed', sub { $self->events >= $all });
}

sub events ($self) {
    return $self->{site}->db->selectrow_array(
        'SELECT coalesce(max(event + events), 0) FROM pupil.seal');
}

# Of the server's processes that ended and those that are left, by which the
# connections of a command are counted once it is gone.
sub server_cpu ($site) {
    my $ticks = 0;
    my $pid = $site->pg->pid;
    $ticks += ticks($_, 13, 14) for children_of($pid);
    return ($ticks + ticks($pid, 15, 16)) / 100;
}

sub ticks ($pid, @fields) {
    my $stat = eval { slurp("/proc/$pid/stat") } // return 0;
    my @values = split ' ', $stat =~ s/^.*\) //sr;
    my $sum = 0;
    $sum += $values[$_ - 2] for @fields;
    return $sum;
}

1;
