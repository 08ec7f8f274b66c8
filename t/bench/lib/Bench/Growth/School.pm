package Bench::Growth::School;

# Schools of growing size, each a cluster of its own, all made by t/bench/grow
# in one go: the smaller is copied, and then grows on.  Every pupil of them is
# authentic and can be asked for.
#
#     my $made = Bench::Growth::School->make([1000, 10000], audits => [...]);
#     $_->open for values %$made;

use v5.36;

use Bench::Entrant::Pupil;
use Bench::Growth::Load;
use Bench::Machine qw(build_tool);
use List::Util qw(sum);
use Pupil::Postgres;
use Pupil::Site;
use Pupil::Util;

use constant {
    GROUP => 30,            # pupils
    SESSIONS => 600,        # pupils that make requests
    TEACHERS => 30,
    COLD => 20_000,         # others, for what nobody has asked for before
    PASSWORD => 'A long password of everybody, 2026',
};

# The same for all that are measured; extensions count, and only when asked.
my %conf = (
    synchronous_commit => 'on', shared_buffers => '1GB',
    max_wal_size => '8GB', checkpoint_timeout => '30min',
    max_connections => 200, autovacuum => 'off',
    shared_preload_libraries => 'pg_stat_statements,auto_explain',
    'pg_stat_statements.track' => 'none',
    'auto_explain.log_min_duration' => -1,
    'auto_explain.log_format' => 'json',
    'auto_explain.log_nested_statements' => 'on',
);
my %filling = (%conf, full_page_writes => 'off', wal_level => 'minimal',
               max_wal_senders => 0, maintenance_work_mem => '512MB');


# What it is: { pupils, audit, ... }
sub facts ($self) { $self->{facts} }
sub site ($self) { $self->{site} }
sub db ($self) { $self->{site}->db }
sub sessions ($self, $role) { @{ $self->{sessions}{$role} } }

# Pupils whom nobody asks for otherwise.
sub strangers ($self) { @{ $self->{strangers} } }


# Schools by name: "pupils N" for each number; "audit N", with so many audit
# records, and "sizes", with a school for each class size, both grown out of
# the one of $opt{base} pupils.
sub make ($class, $numbers, %opt) {
    my $site = Pupil::Site->new(pg => Pupil::Postgres->new(conf => \%filling));
    $site->keystore->do('INSERT INTO keystore.setting (tenant, keys_a_minute)'
                        . ' VALUES (?, 2000000000)', {}, $site->tenant);
    $site->db->do('CREATE EXTENSION pg_stat_statements');

    my %made;
    my $self = bless { site => $site, stages => [], facts => { pupils => 0 } },
               $class;

    for my $pupils (@$numbers) {
        $self->grow($pupils - $self->{facts}{pupils}, GROUP);
        $self->tidy;
        print STDERR "$self->{facts}{pupils} pupils\n";
        $made{"pupils $pupils"} = $self->copy;
        next if $pupils != $opt{base};
        $made{sizes} = $self->copy->add_sizes($opt{sizes}) if $opt{sizes};
        $self->add_audits($opt{audits}, \%made) if $opt{audits};
    }
    $self->halt;
    return \%made;
}


# A stopped cluster with the same rows.
sub copy ($self) {
    my $site = $self->{site};
    my $running = $site->pg->pid;
    $self->halt;
    my $pg = do {
        no warnings 'redefine';
        local *Pupil::Postgres::run = sub (@cmd) {
            my $run = run_cmd(@cmd, { timeout => 1800 });   # gigabytes
            die "@cmd: $run->{err}\n" if $run->{code};
        };
        Pupil::Postgres->new(from => $site->pg->data, fsync => 1,
                             conf => \%conf);
    };
    $site->pg->start if $running;

    my $copy = bless { %$site, pg => $pg }, ref $site;
    return bless { site => $copy, stages => [@{ $self->{stages} }],
                   facts => { %{ $self->{facts} } } }, ref $self;
}


# Starts it, with the sessions that requests are made of.
sub open ($self) {
    my $site = $self->{site};
    $site->pg->start if !$site->pg->pid;
    delete @$self{qw(sessions strangers)};
    my $all = sum(map { $_->{pupils} } grep { $_->{size} == GROUP }
                  @{ $self->{stages} });

    for my $stage (grep { $_->{size} == GROUP } @{ $self->{stages} }) {
        my @lines = map { line($_) } split /\n/, slurp($stage->{file});
        my $share = $stage->{pupils} / $all;
        for my $role ([pupil => SESSIONS], [teacher => TEACHERS]) {
            my @of = grep { $_->{role} eq $role->[0] } @lines;
            my $last = int($share * $role->[1] + 0.999) - 1;
            $last = $#of if $last > $#of;
            push @{ $self->{sessions}{ $role->[0] } }, @of[0 .. $last];
            push @{ $self->{strangers} }, @of[$last + 1 .. $#of]
                if $role->[0] eq 'pupil';
        }
    }
    $self->db->do('CHECKPOINT');
    return $self;
}

# It with the people of classes of one size.
sub of_size ($self, $size) {
    my @lines = map { map { line($_) } split /\n/, slurp($_->{file}) }
                grep { $_->{size} == $size } @{ $self->{stages} };
    my %of;
    push @{ $of{ $_->{role} } }, $_ for @lines;
    $#{ $of{pupil} } = 299 if @{ $of{pupil} } > 300;
    return bless { %$self, sessions => \%of, requests => {} }, ref $self;
}

sub line ($text) {
    my %session;
    (@session{qw(role token csrf subject institution login)}, my @work)
        = split / /, $text;
    $session{work} = \@work;
    return \%session;
}


# Two processes fill at once.
sub grow ($self, $pupils, $size) {
    state $files = 0;
    my $groups = int($pupils / $size + 0.5);
    my $tool = build_tool(qw(grow grow_copy seed_facts seeding));
    my $site = $self->{site};
    my @parts = grep { $_ } $groups > 20 ? ($groups - int $groups / 2,
                                            int $groups / 2) : $groups;
    my %pid;

    for my $part (@parts) {
        my $file = tmp_dir() . '/grown' . ++$files;
        my $want = int((SESSIONS + COLD) / @parts);
        $pid{ start_process([$tool, '--database', $site->conninfo('pupil'),
            '--keystore', $site->conninfo('pupil_keys'), '--key', $site->key,
            '--tenant', $site->tenant, '--groups', $part, '--size', $size,
            '--pupils', $want, '--teachers', TEACHERS, '--out', $file]) } = 1;
        push @{ $self->{stages} }, { file => $file, size => $size,
                                     pupils => $part * $size };
    }
    for my $pid (keys %pid) {
        process_ends($pid, 1800) && !$? or die "grow: status $?\n";
    }
    $self->{facts}{pupils} += $groups * $size;
    return $self;
}

sub tidy ($self) {
    $self->db->do('VACUUM ANALYZE');
    $self->{site}->keystore->do('VACUUM ANALYZE');
}


# As many pupils for each class size.
sub add_sizes ($self, $sizes) {
    $self->refill;
    $self->grow(TEACHERS * $_ / 3, $_) for grep { $_ != GROUP } @$sizes;
    $self->tidy;
    $self->halt;
    return $self->seal;
}


# Of the cluster as it is, one with so many audit records for each number; the
# records are copies of those that some requests leave.
sub add_audits ($self, $numbers, $made) {
    my $copy = $self->copy;
    my $have = 0;

    for my $number (@$numbers) {
        $copy->refill;
        $copy->leave_records if !$have;
        $copy->add_records($number - $have);
        $copy->db->do('VACUUM ANALYZE');
        $have = $number;
        print STDERR "$number audit records\n";
        $copy->halt;
        $made->{"audit $number"} = $copy->seal;
        $copy = $copy->copy if $number != $numbers->[-1];
        $made->{"audit $number"}{facts}{audit} = $number;
    }
}

sub refill ($self) {
    my $pg = $self->{site}->pg;
    $pg->{fsync} = 0;
    $pg->set(%filling);
    $pg->start;
    return $self;
}

# With the settings that are measured under.
sub seal ($self) {
    my $pg = $self->{site}->pg;
    $pg->{fsync} = 1;
    $pg->{conf} = { %conf };
    $pg->configure;
    return $self;
}

sub leave_records ($self) {
    my $nginx = $self->{site}->nginx->start;
    for my $line ((split /\n/, slurp($self->{stages}[0]{file}))[0 .. 29]) {
        my $session = line($line);
        my $http = $nginx->http;
        $http->cookies->{'__Host-pupil'} = $session->{token};
        my $res = $http->get($session->{role} eq 'pupil' ? '/v1/homework'
                             : "/v1/homework/$session->{work}[0]/progress");
        die 'status ', $res->status, "\n" if $res->status != 200;
    }
    $nginx->quit;
}

# Spread over the month that has begun, the newest now.
sub add_records ($self, $count) {
    my $columns = $self->db->selectcol_arrayref(
        'SELECT column_name FROM information_schema.columns'
        . " WHERE table_schema = 'pupil' AND table_name = 'audit_record'"
        . " AND is_generated = 'NEVER' AND column_name NOT IN"
        . " ('at', 'request') ORDER BY ordinal_position");
    my ($to, $from) = map { my $of = $_; join ', ', map { $of . qq{"$_"} }
                            @$columns } '', 's.';
    my $sql = "INSERT INTO pupil.audit_record (at, request, $to)"
        . " SELECT now() - (now() - date_trunc('month', now(), 'UTC'))"
        . " * ((%d - n)::float8 / %d), gen_random_uuid(), $from"
        . ' FROM generate_series(1, %d) AS n JOIN sample AS s'
        . ' ON s.k = n %% 30 + 1';
    my $half = int($count / 2);
    my $sample = 'CREATE TEMP TABLE sample AS SELECT row_number() OVER () AS'
        . ' k, r.* FROM (SELECT * FROM pupil.audit_record LIMIT 30) AS r';
    my @pids;

    for my $part (grep { $_ } $half, $count - $half) {
        push @pids, start_process(['psql', '-qX', '-v', 'ON_ERROR_STOP=1',
            '-d', $self->{site}->conninfo('pupil'), '-c', $sample, '-c',
            sprintf $sql, ($part) x 3]);
    }
    for my $pid (@pids) {
        process_ends($pid, 3600) && !$? or die "audit records: status $?\n";
    }
}


# nginx in front of it, kept: kind => options of Bench::Entrant::Pupil.
my %entrants = (
    warm => {},
    sessionless => { conf => { pupil_session_zone => undef } },
    cold => { conf => { pupil_session_zone => undef,
              pupil_key_cache => 'owners=1024 lifetime=1m' } },
);

sub entrant ($self, $kind, %opt) {
    return $self->{entrants}{$kind} //= do {
        my $entrant = Bench::Entrant::Pupil->start($self, workers => 2,
            name => "pupil-$kind", %{ $entrants{$kind} // {} }, %opt);
        Bench::Growth::Load::warm($self, $entrant) if $kind ne 'cold';
        $entrant;
    };
}

sub entrant_end ($self, $kind) {
    my $entrant = delete $self->{entrants}{$kind} // return;
    $entrant->{nginx}->quit;
}

sub close ($self) {
    $self->entrant_end($_) for keys %{ $self->{entrants} // {} };
    $self->halt;
}

# Stops it, however much is still to be written.
sub halt ($self) {
    my $pg = $self->{site}->pg;
    return if !$pg->pid;
    $self->db->do('CHECKPOINT');
    $pg->stop;
}

1;
