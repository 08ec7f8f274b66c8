package Bench::School;

# The school that the benchmark serves: OULAD's enrolments, imported by
# pupilctl, homework given over the API, submissions and sessions by
# t/bench/seed.  Making it takes a minute or two, so it is kept in
# build/bench/school until something that it is made of changes.
#
#     my $school = Bench::School->up;                # small => 1: for a test
#     $school->site->nginx(...)->start;
#     my @pupils = $school->sessions('pupil');

use v5.36;

use Bench::Machine qw(build_tool);
use Bench::Roster qw(assessments presentations roster_write teacher_of);
use Bench::Tenants qw(done);
use Digest::SHA ();
use File::Path qw(make_path remove_tree);
use JSON::XS ();
use POSIX qw(strftime);
use Pupil::Postgres;
use Pupil::Site;
use Pupil::Util;

my $json = JSON::XS->new->utf8->canonical;

# The same for every entrant.
my %conf = (
    synchronous_commit => 'on', shared_buffers => '1GB',
    max_wal_size => '8GB', checkpoint_timeout => '30min',
    max_connections => 400, autovacuum => 'off',
    shared_preload_libraries => 'pg_stat_statements',
    'pg_stat_statements.track' => 'none',
);

use constant SESSIONS => 1000;


sub up ($class, %opt) {
    my $kept = build_dir() . '/bench/school' . ($opt{small} ? '-small' : '');
    my $self = bless {}, $class;
    $Bench::Roster::small = $opt{small};
    my $print = fingerprint();

    if (!-f "$kept/print" || slurp("$kept/print") ne $print) {
        $self->make($kept, $print);
    }
    $self->open($kept);
    return $self;
}

sub site ($self) { $self->{site} }

# The school again, with nobody at work: data and keys in clusters of their own.
sub apart ($self) {
    my $site = bless { %{ $self->{site} }, pg => $self->cluster,
                       keys => $self->cluster }, 'Pupil::Site';
    $_->start for $site->pg, $site->keys_pg;
    return $site;
}

# A copy of the cluster that is kept.
sub cluster ($self) {
    return Pupil::Postgres->new(from => "$self->{kept}/data", fsync => 1,
                                conf => \%conf);
}
sub db ($self) { $self->{site}->db }

# [{ role, token, csrf, subject, institution }]
sub sessions ($self, $role) {
    return grep { $_->{role} eq $role } @{ $self->{sessions} };
}

# { pupils, enrolments, ... }
sub facts ($self) { $self->{facts} }


# Of everything that the school is made of.
sub fingerprint () {
    my $root = root_dir();
    my $sha = Digest::SHA->new(256);
    $sha->addfile($_) for
        files_below(qr/\.sql\z/, "$root/sql", "$root/plugins"),
        files_below(qr/\.c\z/, "$root/ngx_module/core"),
        sort glob "$root/t/bench/{seed,seed_facts,seeding}.c"
            . " $root/t/bench/lib/Bench/{School,Roster}.pm"
            . " $root/t/bench/data/oulad/*";
    return $sha->hexdigest;
}


sub make ($self, $kept, $print) {
    my $roster = tmp_dir() . '/roster';
    mkdir $roster or die "$roster: $!\n";
    my $facts = roster_write($roster);

    print STDERR "importing $facts->{enrolments} enrolments\n";
    my $pg = Pupil::Postgres->new(conf => { %conf, fsync => 'off' });
    my $site = Pupil::Site->new(pg => $pg);
    $site->ctl_ok('import', 'oneroster', $roster, '--dates', 'open',
                  $site->ctl_where, { timeout => 600 });
    $facts->{homework} = give_homework($site);

    print STDERR "submissions and sessions\n";
    seed($site, 'yes', tmp_dir() . '/none');
    $site->db->do($_) for 'TRUNCATE pupil.session, pupil.audit_record',
        'VACUUM ANALYZE';
    my $counted = 'SELECT count(*) FROM data.progress';
    $facts->{submissions} = $site->db->selectrow_array($counted);

    $pg->stop;
    remove_tree($kept);
    make_path($kept);
    for my $copy ([$pg->data => 'data'], [$site->key => 'kek']) {
        my $run = run_cmd('cp', '-a', $copy->[0], "$kept/$copy->[1]",
                          { timeout => 300 });
        die "cp: $run->{err}" if $run->{code};
    }
    spew("$kept/site.json", $json->encode({
        tenant => $site->tenant, roles => $site->{roles},
        facts => $facts }), 0600);
    spew("$kept/print", $print);
}


# A copy of what was kept, with sessions of today.
sub open ($self, $kept) {
    my $saved = $json->decode(slurp("$kept/site.json"));
    $self->{kept} = $kept;
    my $pg = $self->cluster;
    my $key = tmp_dir() . '/kek';
    my $copy = run_cmd('cp', '-a', "$kept/kek", $key);
    die $copy->{err} if $copy->{code};

    $self->{site} = bless {
        tenant => $saved->{tenant}, roles => $saved->{roles}, pg => $pg,
        key => $key, tenant_name => 'Testkommunen',
    }, 'Pupil::Site';
    $self->{facts} = $saved->{facts};
    $pg->start;

    my $out = tmp_dir() . '/sessions';
    seed($self->{site}, 'no', $out);
    for my $line (split /\n/, slurp($out)) {
        my %session;
        @session{qw(role token csrf subject institution)} = split / /, $line;
        push @{ $self->{sessions} }, \%session;
    }
    $self->db->do('CREATE EXTENSION IF NOT EXISTS pg_stat_statements');
    # without a cache of keys, a minute of load is past the cap
    $self->{site}->keystore->do('INSERT INTO keystore.setting (tenant,'
        . ' keys_a_minute) VALUES (?, 2000000000) ON CONFLICT (tenant)'
        . ' DO UPDATE SET keys_a_minute = excluded.keys_a_minute', {},
        $saved->{tenant});
    $self->db->do('VACUUM ANALYZE pupil.session');
    $self->db->do('CHECKPOINT');
}


sub seed ($site, $work, $out) {
    my $run = run_cmd(build_tool(qw(seed seed_facts seeding)), '--database',
        $site->conninfo('pupil'), '--keystore', $site->conninfo('pupil_keys'),
        '--key', $site->key, '--tenant', $site->tenant, '--work', $work,
        '--sessions', SESSIONS, '--out', $out, { timeout => 300 });
    die "seed: $run->{err}" if $run->{code};
}


# The assessments of each presentation, and one homework of each tutor group,
# given by their teachers; how many.
sub give_homework ($site) {
    my $of = assessments();
    my $nginx = $site->nginx->start;
    my $given = 0;

    for my $presentation (sort keys %{ presentations() }) {
        my $person = $site->person(teacher_of($presentation));
        my $http = $nginx->http;
        done(sub { $http->login(@$person{qw(login password)}) });
        my $records = done(sub { $http->get('/v1/data/enrolment') })->{records};
        my ($tutor) = grep { $_->{class_title} =~ /tutor/ } @$records;
        my ($class) = grep { $_->{class_title} !~ /tutor/ } @$records;

        my @work = ([$tutor->{class_id}, 'Tutor group work', 3],
            map { [$class->{class_id}, "Assessment $_->[0] ($_->[1])",
                   10 + $given % 90] } @{ $of->{$presentation} });
        for my $work (@work) {
            done(sub { $http->post('/v1/homework', json => homework(@$work)) });
            $given++;
        }
    }

    $nginx->quit;
    return $given;
}

sub homework ($class, $title, $days) {
    return {
        class_id => $class, title => $title,
        description => 'Read the unit, work through its examples, and then'
            . ' answer the questions in your own words. Hand in all parts'
            . ' before the day it is due; late work needs a reason.',
        due_at => strftime('%Y-%m-%dT15:00:00Z', gmtime(time + 86400 * $days
                                                        + 86400 * 300)),
        exercises => [map { { title => "Part $_", max_score => 10 } } 1 .. 3],
    };
}

1;
