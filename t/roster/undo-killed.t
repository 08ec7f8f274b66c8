#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# An import that is killed at any step has images of just what it wrote: its
# undo leads back to what was before it.  An undo that is killed at any step is
# finished by the same command.  One at a time; nginx serves beside, and no
# request fails.

use lib 't/lib';
use Pupil::Test;
use Pupil::Campaign;
use Pupil::Class;
use Pupil::Killed;
use Pupil::Roster;
use JSON::XS ();
use POSIX ();

my $site = pupil_up;
my ($db, $keys) = ($site->db, $site->keystore);
my $class = bless { site => $site, people => {}, http => {} }, 'Pupil::Class';
my %case = (format => 'oneroster', name => 'undo-killed');
my $all = root_dir() . '/t/roster/cases/oneroster';
my ($users, $in) = map { slurp("$all/$_") } 'users.csv', 'enrollments.csv';

sub said ($run) { eval { JSON::XS::decode_json($run->{out}) } // {} }

# What people are, but for those who have nothing: numbers and MACs aside.
sub state_of {
    my $gone = "(SELECT subject FROM pupil.subject WHERE status = 'closed')";
    return join "\n", map { join ' ', map { $_ // 'none' } @$_ }
        (map { $db->selectall_array($_) }
        "SELECT s.subject, s.status, o.state FROM pupil.subject AS s JOIN"
            . " pupil.owner AS o ON o.owner = s.subject WHERE s.subject NOT IN"
            . " $gone ORDER BY 1",
        'SELECT subject, institution, role, valid_from, valid_to, source FROM'
            . ' pupil.role WHERE coalesce(valid_to, current_date) >='
            . ' current_date ORDER BY 1, 2, 3',
        'SELECT subject, class, institution, role, valid_from, valid_to FROM'
            . ' pupil.enrolment WHERE coalesce(valid_to, current_date) >='
            . ' current_date ORDER BY 1, 2, 4',
        "SELECT owner, category, encode(fingerprint, 'hex') FROM"
            . " pupil.imported AS i WHERE category <> 'left' AND owner NOT IN"
            . " $gone AND NOT (category = 'contact' AND EXISTS (SELECT FROM"
            . ' data.contact AS c WHERE c.owner = i.owner AND c.email IS NULL))'
            . ' ORDER BY 1, 2',
        "SELECT owner, category, field, encode(term, 'hex') FROM"
            . " pupil.blind_index WHERE owner NOT IN $gone ORDER BY 1, 2, 3"),
        # a key may be of nobody, where an import was killed behind it
        $keys->selectall_array("SELECT owner FROM keystore.owner_key WHERE"
            . " state = 'active' AND owner = ANY (?) ORDER BY 1", {},
            $db->selectcol_arrayref('SELECT owner FROM pupil.owner'));
}

sub runs { said($site->ctl('import', 'list', '--json', $site->ctl_where)) }

my @import = ('import', 'oneroster', roster_folder(\%case, 1), '--json',
              '--close-absent', $site->ctl_where);
is $site->ctl(@import)->{code}, 0, 'a roster is taken';

my ($some, $rest) = ($users, $in);
$some =~ s/^p1,.*\n//m, $rest =~ s/^e-p1,.*\n//m;          # leaves
$some =~ s/Björn/Birk/;                                    # renamed
$some =~ s/^(p5,,,true,o1,)student/$1teacher/m;            # a role
$rest =~ s/^e-p5,.*\n//m;
$rest =~ s/^(e-p6,,,)c1/$1c2/m;                            # a class
$some =~ s/pupil7,,/swap7,,/;                              # a swap of names
$some =~ s/pupil8,,/pupil7,,/;
$some =~ s/swap7,,/pupil8,,/;
$some .= "p13,,,true,o2,student,pupil1,,Ny,Elev,,,,,,,,\n";     # joins
my @change = ('import', 'oneroster', roster_folder(\%case, 1,
              'users.csv' => $some, 'enrollments.csv' => $rest),
              '--json', '--close-absent', $site->ctl_where);

# What it would be held for is accepted.
sub changing {
    my $held = $site->ctl(@change, '--plan');
    return (@change, $held->{code} == 3
                     ? ('--accept', said($held)->{plan}) : ());
}


# ---- nginx serves beside

$class->{people} = { teacher => $site->person('tina.lar'),
                     map { ($_ => $site->person("pupil$_")) } 10, 11 };
$class->{nginx} = $site->nginx(workers => 2)->start;
my $beside = $class->as(10);
is $beside->get('/v1/session')->status, 200, 'somebody works beside';
my $log = tmp_dir() . '/beside';
my $serving = fork // die "fork: $!\n";
if ($serving == 0) {
    $_->{InactiveDestroy} = 1 for $db, $keys;
    open my $out, '>>', $log or POSIX::_exit(1);
    $out->autoflush;
    while (getppid != 1) {
        my $status = eval { $beside->get('/v1/session')->status } // 'none';
        print {$out} "$status\n";
        select undef, undef, undef, 0.02;
    }
    POSIX::_exit(0);
}


# ---- an import that is killed, and undone

# One in two of an import's, and one in two of an undo's, which has no image of
# its own, are each once.
my @IMPORT = (
    ['an image', pupil => 'LOCK TABLE pupil.import_image IN SHARE MODE'],
    ['the run', pupil_keys => 'LOCK TABLE keystore.import_run IN SHARE MODE'],
    ['a record', pupil => 'LOCK TABLE pupil.audit_record IN SHARE MODE'],
    ['a log-in name', pupil => 'LOCK TABLE pupil.blind_index IN SHARE MODE'],
    ['a name', pupil => 'LOCK TABLE data.identity IN SHARE MODE'],
    ['a print', pupil => 'LOCK TABLE pupil.imported IN SHARE MODE'],
    ['a role', pupil => 'LOCK TABLE pupil.role IN SHARE MODE'],
    ['an enrolment', pupil => 'LOCK TABLE pupil.enrolment IN SHARE MODE'],
    ['a number', pupil_keys => 'LOCK TABLE keystore.floor IN SHARE MODE'],
    ['a revocation', pupil => 'LOCK TABLE pupil.revocation IN SHARE MODE'],
    ['an account', pupil => 'LOCK TABLE pupil.closed IN SHARE MODE'],
    ['a key', pupil_keys => 'LOCK TABLE keystore.owner_key IN SHARE MODE'],
);
my $before = state_of();

for my $step (one_in(2, 0, @IMPORT)) {
    my ($name, @held) = @$step;
    my $many = @{ runs() };
    ok killed_at($site, \@held, changing()), "an import is killed at $name";
    my @runs = @{ runs() };
    my $undo = @runs == $many ? { code => 0 }
        : $site->ctl('import', 'undo', $runs[-1]{run}, $site->ctl_where);
    is $undo->{code}, 0, "$name: what it wrote is undone" or diag $undo->{err};
    $site->ctl('work', $site->ctl_where);
    is state_of(), $before, "$name: all is as before";
}


# ---- an undo that is killed, and taken up

for my $step (one_in(2, 0, @IMPORT[1 .. $#IMPORT]),
              ['the end', pupil => 'LOCK TABLE pupil.import_image IN SHARE'
               . ' MODE'])
{
    my ($name, @held) = @$step;
    my $made = $site->ctl(changing());
    is $made->{code}, 0, 'an import' or diag $made->{err};
    my @undo = ('import', 'undo', said($made)->{run}, $site->ctl_where);
    ok killed_at($site, \@held, @undo), "its undo is killed at $name";
    my $plan = $site->ctl(@undo, '--plan');
    is $plan->{code}, 0, "$name: what is left is planned" or diag $plan->{err};
    my $undo = $site->ctl(@undo);
    is $undo->{code}, 0, "$name: the same command finishes it"
        or diag "$undo->{out}$undo->{err}";
    is state_of(), $before, "$name: all is as before";
}


# ---- one at a time

# The run of one more import.
sub imported {
    my $made = $site->ctl(changing());
    is $made->{code}, 0, 'an import' or diag "$made->{out}$made->{err}";
    return said($made)->{run} // 'none';
}

my $run = imported();
my @undo = ('import', 'undo', $run, $site->ctl_where);
my $holder = $site->pg->connect('pupil', AutoCommit => 0);
$holder->do('LOCK TABLE pupil.role IN SHARE MODE');
open my $null, '>', '/dev/null' or die "$!\n";
my $pid = start_process([build_dir() . '/pupilctl', @undo],
                        env => Pupil::Site->ctl_env, stdout => $null,
                        stderr => $null);
wait_until(60, 'the undo to wait', sub {
    Pupil::Killed::sessions($site, 1) });
for my $other (\@undo, \@change) {
    my $second = $site->ctl(@$other);
    is $second->{code}, 1, "meanwhile no $other->[1]";
    like $second->{err}, qr/is running|import of this tenant/, 'and why';
}
$holder->rollback;
$holder->disconnect;
process_ends($pid, 60);
is $?, 0, 'the first ends';
is state_of(), $before, 'and all is as before';


# ---- a connection that is cut

$run = imported();
@undo = ('import', 'undo', $run, $site->ctl_where);
for my $name (qw(pupil pupil_keys)) {
    my $hold = $site->pg->connect('pupil', AutoCommit => 0);
    $hold->do('LOCK TABLE pupil.role IN SHARE MODE');
    my $cut = start_process([build_dir() . '/pupilctl', @undo],
                            env => Pupil::Site->ctl_env, stdout => $null,
                            stderr => $null);
    wait_until(60, 'the undo to wait', sub {
        Pupil::Killed::sessions($site, 1) });
    $site->pg->dbh('postgres')->do('SELECT pg_terminate_backend(pid) FROM'
        . " pg_stat_activity WHERE usename = 'pupil_operator' AND datname = ?",
        {}, $name);
    $hold->rollback;
    $hold->disconnect;
    process_ends($cut, 60);
    is $? >> 8, 1, "without a connection to $name it fails";
}
is $site->ctl(@undo)->{code}, 0, 'and is taken up';
is state_of(), $before, 'and all is as before';


kill TERM => $serving;
waitpid $serving, 0;
my @answers = split /\n/, slurp($log);
cmp_ok scalar @answers, '>', 100, 'nginx served beside all of it';
is scalar(grep { $_ ne '200' } @answers), 0, 'and no request failed';

done_testing;
