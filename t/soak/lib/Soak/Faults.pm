package Soak::Faults;

# Copyright (C) the Pupil authors
#
# What goes wrong, at random but by a seed: the same seed gives the same
# faults in the same order.

use v5.36;

use Pupil::Util;
use Time::HiRes qw(sleep time);

# Tables that requests read or write, and how often each kind of fault is.
my @TABLES = qw(data.progress data.homework data.homework_version
    data.identity data.credential pupil.session pupil.enrolment pupil.class
    pupil.subject pupil.owner);
my %FAULTS = (
    reload => 3, worker => 3, frozen => 4, terminated => 3, table => 5,
    audit => 3, row => 3, restart => 1, groups => 2,
);


sub new ($class, $nginx, @schools) {
    my $site = $schools[0]{site};
    my $db = $site->db;
    my $month = $db->selectrow_array("SELECT to_char(now() AT TIME ZONE"
        . q{ 'UTC', '"pupil.audit_record_"YYYY_MM')});
    return bless { nginx => $nginx, site => $site, schools => \@schools,
                   http => $nginx->{http}, group => 0, rss => 0,
                   audit => ['pupil.audit_record', $month] }, $class;
}

# One fault; says what it was.
sub one ($self) {
    my @kinds = map { ($_) x $FAULTS{$_} } sort keys %FAULTS;
    my $kind = $kinds[rand @kinds];

    return "$kind " . ($self->$kind // '');
}

sub pick (@list) { $list[rand @list] }

# Mostly short: 50 ms to 3 s.
sub duration { 0.05 * 60 ** rand }


# ---- nginx

sub reload ($self) { $self->{nginx}->reload; return }

sub worker ($self) {
    my @workers = $self->{nginx}->workers;
    $self->{nginx}->kill_worker(pick(@workers));
    wait_until(20, 'a new worker', sub { $self->{nginx}->workers >= 2 });
    return;
}

# Audit records one by one, or in groups as by default.
sub groups ($self) {
    $self->{group} = !$self->{group};
    $self->{nginx}->set(http => $self->{http}
        . ($self->{group} ? "pupil_audit_group 1;\n" : ''));
    $self->{nginx}->reload;
    return $self->{group} ? 'of one' : 'by default';
}


# ---- PostgreSQL

# The backends of workers, of either database.
sub backends ($self) {
    my ($dbh) = pick([$self->{site}->db, 'pupil_gateway'],
                     [$self->{site}->db, 'pupil_gateway'],
                     [$self->{site}->keystore, 'pupil_keeper']);
    return $dbh->[0], @{ $dbh->[0]->selectcol_arrayref('SELECT pid FROM'
        . ' pg_stat_activity WHERE usename = ? ORDER BY pid', {},
        $dbh->[1]) };
}

sub frozen ($self) {
    my (undef, @pids) = $self->backends;
    return 'nobody' if !@pids;

    my ($pid, $for) = (pick(@pids), duration());
    kill STOP => $pid;
    sleep $for;
    kill CONT => $pid;
    return sprintf 'for %.2f s', $for;
}

sub terminated ($self) {
    my ($db, @pids) = $self->backends;
    my @these = rand() < 0.5 ? @pids : grep { defined } pick(@pids);
    $db->do('SELECT pg_terminate_backend(?)', {}, $_) for @these;
    return @these . ' of ' . @pids;
}

sub locked ($self, $what, @statement) {
    my $for = duration();
    my $db = $self->{site}->pg->connect('pupil');
    $db->begin_work;
    my $taken = eval {
        $db->do("SET LOCAL lock_timeout = '3s'");
        $db->do(@statement);
    };
    sleep $for if $taken;
    $db->rollback;
    $db->disconnect;
    return $taken ? sprintf '%s for %.2f s', $what, $for : "$what: in vain";
}

sub table ($self) {
    my $table = pick(@TABLES);
    return $self->locked($table, "LOCK TABLE $table IN ACCESS EXCLUSIVE MODE");
}

sub audit ($self) {
    my $table = pick(@{ $self->{audit} });
    return $self->locked($table, "LOCK TABLE $table IN ACCESS EXCLUSIVE MODE");
}

sub row ($self) {
    my $pupil = pick(@{ pick(@{ $self->{schools} })->{pupils} });
    return $self->locked("rows of $pupil->{login}", 'UPDATE data.progress SET'
        . ' superseded = superseded WHERE owner = ?', {}, $pupil->{id});
}

sub restart ($self) {
    my $site = $self->{site};
    my $pg = pick($site->pg, $site->keys_pg);
    $pg->restart('immediate');
    return $pg == $site->pg ? 'of the data' : 'of the key store';
}

1;
