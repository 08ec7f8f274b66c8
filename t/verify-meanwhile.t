#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# pupilctl audit verify raises no alarm for what is written while it looks: a
# batch that is sealed between two of its statements, and records that are under
# way at each of its looks.  What stays missing is found.

use lib 't/lib';
use Pupil::Test;
use Pupil::Chaos;
use Pupil::Seal;

my $chaos = Pupil::Chaos->new(pupils => 2, workers => 1);
my ($site, $nginx) = ($chaos->site, $chaos->nginx);
my $seal = Pupil::Seal->new($site);
my ($db, $keys) = ($site->db, $site->keystore);
my @log = qw(seal seal_tile seal_writer audit_subject);

sub work ($times) {
    for my $person ($chaos->{teacher}, $chaos->pupils) {
        my $http = $chaos->client($person);
        $http->get('/v1/data/identity') for 1 .. $times;
    }
}

# The log as it is, kept; and put back, in the transaction of $dbh.
sub keep ($as) {
    $db->do("CREATE TABLE public.${as}_$_ AS SELECT * FROM pupil.$_") for @log;
}

sub put_back ($dbh, $as) {
    for (@log) {
        $dbh->do("DELETE FROM pupil.$_");
        $dbh->do("INSERT INTO pupil.$_ SELECT * FROM public.${as}_$_");
    }
}

# pupilctl audit verify: { pid, file }.
sub start () {
    my $file = tmp_dir() . '/' . uuid();
    open my $out, '>', $file or die "$file: $!\n";
    my $pid = start_process([build_dir() . '/pupilctl', qw(audit verify),
        $site->ctl_where], stdout => $out, stderr => $out,
        env => Pupil::Site->ctl_env);
    return { pid => $pid, file => $file };
}

sub ended ($run, $what, $code = 0) {
    ok process_ends($run->{pid}, 60), "$what: it ends";
    is $? >> 8, $code, "$what: what it finds"
        or diag substr slurp($run->{file}), 0, 2000;
}


# ---- a batch that is sealed meanwhile

work(2);
is $seal->seal->{code}, 0, 'a batch';
keep('one');
work(2);
is $seal->seal->{code}, 0, 'and another';
keep('two');

for my $step (['those under whom events are listed', 'pupil_keys',
               'keystore.hole', 1],
              ['how far each writer is', 'pupil', 'pupil.seal_writer', 2])
{
    my ($what, $database, $table, $waiting) = @$step;
    put_back($db, 'one');
    my $writer = $site->pg->connect('pupil', AutoCommit => 0);
    my $holder = $site->pg->connect($database, AutoCommit => 0);
    $holder->do("LOCK TABLE $table IN ACCESS EXCLUSIVE MODE");
    my $run = start();
    wait_until(60, "$what: verify to wait", sub {
        $db->selectrow_array('SELECT count(*) FROM pg_stat_activity WHERE'
            . " usename = 'pupil_operator' AND wait_event_type = 'Lock'")
            == $waiting });
    put_back($database eq 'pupil' ? $holder : $writer, 'two');
    $_->commit, $_->disconnect for $writer, $holder;
    ended($run, $what);
}


# ---- records under way at each look

# The newest of a writer come one after the other, each before the one below
# it: with every look of verify's there is another that is under way.
work(12);
$nginx->kill9;
my ($writer) = $db->selectrow_array('SELECT writer FROM pupil.audit_record'
    . " WHERE role <> 'gateway' GROUP BY writer ORDER BY count(*) DESC LIMIT 1");
my @numbers = reverse @{ $db->selectcol_arrayref('SELECT number FROM'
    . ' pupil.audit_record WHERE writer = ? ORDER BY number DESC LIMIT 24', {},
    $writer) };
$db->do('CREATE TABLE public.records AS SELECT * FROM pupil.audit_record WHERE'
    . ' writer = ? AND number >= ?', {}, $writer, $numbers[0]);

# Of those, the first two pairs and $pairs more; of the last, the upper alone.
sub there ($pairs, @never) {
    $db->begin_work;
    $db->do('DELETE FROM pupil.audit_record WHERE writer = ? AND number >= ?',
            {}, $writer, $numbers[0]);
    my $last = 2 * $pairs + 1;
    my @are = @numbers[grep { $_ != $last - 1 } 0 .. $last];
    $db->do('INSERT INTO pupil.audit_record SELECT * FROM public.records WHERE'
        . ' number = ANY (?::bigint[]) AND number <> ALL (?::bigint[])', {},
        \@are, \@never);
    $db->commit;
}

# Which looks have ended: another with each.
sub look () {
    return $db->selectrow_array("SELECT string_agg(query_start::text, ' ' ORDER"
        . " BY pid) FROM pg_stat_activity WHERE usename = 'pupil_operator' AND"
        . " state = 'idle' AND query = 'ROLLBACK'") // '';
}

for my $case (['under way', 0], ['one that stays missing', 1, $numbers[2]]) {
    my ($what, $code, @never) = @$case;
    my ($pairs, $seen) = (2, '');
    there($pairs, @never);
    my $run = start();
    wait_until(60, "$what: verify to end", sub {
        return 1 if !alive($run->{pid});
        my $look = look();
        return 0 if $look eq '' || $look eq $seen || $pairs == 11;
        $seen = $look;
        there(++$pairs, @never);
        return 0;
    });
    cmp_ok $pairs, '>', 2, "$what: it has looked again";
    ended($run, $what, $code);
    like slurp($run->{file}), qr/number $numbers[2] was stored, and is not/,
        "$what: it says which" if @never;
}

done_testing;
