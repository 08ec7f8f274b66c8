#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I9: a sealer that is killed at any step leaves nothing that the next one does
# not go on from: in the end tiles, batches, lists, the file of checkpoints and
# what was shipped are, byte by byte, those of one that nobody killed.  So are
# the lists when pupilctl audit index is killed.

use lib 't/lib';
use Pupil::Test;
use Pupil::Chaos;
use Pupil::Killed;
use Pupil::Seal;

my $chaos = Pupil::Chaos->new(pupils => 3);
my ($site, $nginx) = ($chaos->site, $chaos->nginx);
my $seal = Pupil::Seal->new($site);
my $db = $site->db;
my $away = tmp_dir() . '/away';
my $ship = "cp \"\$1\" $away";
my @sealed = qw(seal seal_tile seal_writer audit_subject);

sub work () {
    for my $person ($chaos->{teacher}, $chaos->pupils) {
        my $http = $chaos->client($person);
        $http->get($_) for ('/v1/session', '/v1/homework',
                            '/v1/data/identity') x 4;
    }
}

# A log with something in it, and more to be sealed than a tile.
work();
is $seal->seal('--ship', $ship)->{code}, 0, 'there is a log';
work() for 1 .. 2;
$nginx->quit;

my $file = slurp($seal->file);
my $whole = length $file;
$db->do("CREATE TABLE public.kept_$_ AS SELECT * FROM pupil.$_") for @sealed, 'audit_record';

# As it was before the sealer began; what looks at it is on record itself.
sub again () {
    forget();
    $db->do("DELETE FROM pupil.$_"),
    $db->do("INSERT INTO pupil.$_ SELECT * FROM public.kept_$_") for @sealed;
    spew($seal->file, $file);
    spew($away, $file);
}

# All that a sealer leaves, but for when it did so.
sub state_ () {
    return join "\n", slurp($seal->file), (map { join "\n",
        @{ $db->selectcol_arrayref("SELECT (to_jsonb(t) - 'at')::text FROM"
            . " pupil.$_ AS t ORDER BY 1") } } qw(seal seal_tile seal_writer)),
        lists();
}

sub lists () {
    return join "\n", @{ $db->selectcol_arrayref('SELECT t::text FROM'
        . ' pupil.audit_subject AS t ORDER BY 1') };
}

sub forget () {
    $db->do(<<'SQL');
DELETE FROM pupil.audit_record AS r WHERE NOT EXISTS (
       SELECT FROM public.kept_audit_record AS k
        WHERE (k.writer, k.number) = (r.writer, r.number))
SQL
}

sub verify () {
    my $run = $seal->ctl(qw(audit verify));
    forget();
    return $run;
}

is $seal->seal('--ship', $ship)->{code}, 0, 'the rest is sealed';
my $end = state_();
is $db->selectrow_array('SELECT count(*) FROM pupil.seal'), 2, 'in a batch';
cmp_ok length slurp($seal->file), '>', $whole, 'with its checkpoint';


# ---- each step of the sealer

# Where a step waits for nothing by itself, its commit does: for this lock.
$db->do(<<'SQL');
CREATE FUNCTION public.held() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN PERFORM pg_advisory_xact_lock(4711); RETURN NULL; END';
SQL
my @held = 'SELECT pg_advisory_xact_lock(4711)';

sub hold ($table) {
    $db->do("CREATE CONSTRAINT TRIGGER held AFTER INSERT ON pupil.$table"
        . ' DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION'
        . ' public.held()');
}

sub release ($table) { $db->do("DROP TRIGGER held ON pupil.$table") }

sub lock_ ($table, $mode = 'SHARE') {
    return [pupil => "LOCK TABLE pupil.$table IN $mode MODE"];
}

# Each: its name, how it is killed, and how many batches there are then.
my @sealer = $seal->command(qw(audit seal));
my @steps = (
    ['the records', 1, lock_('audit_record', 'ACCESS EXCLUSIVE')],
    ['the tree', 1, lock_('seal_tile', 'ACCESS EXCLUSIVE')],
    ['the tiles', 1, lock_('seal_tile')],
    ['the lists', 1, lock_('audit_subject')],
    ['how far each writer is', 1, lock_('seal_writer')],
    ['the batch', 1, lock_('seal')],
    ['the commit', 2, [pupil => @held]],
    ['the checkpoint', 2, 25, 'prlimit', "--fsize=$whole", @sealer],
    ['a part of the checkpoint', 2, 25, 'prlimit', '--fsize=' . ($whole + 90),
     @sealer],
    ['before it is shipped', 2, 9, @sealer, '--ship', KILLER],
    ['a part is shipped', 2, 9, @sealer, '--ship',
     "head -c 90 \"\$1\" >$away; " . KILLER],
    ['all is shipped', 2, 9, @sealer, '--ship', "$ship; " . KILLER],
);

for my $step (@steps) {
    my ($name, $batches, $how, @words) = @$step;
    again();
    hold('seal') if $name eq 'the commit';

    ok ref $how ? killed_at($site, $how, @sealer[1 .. $#sealer])
                : ended_by($site, $how, @words), "$name: killed";
    is $db->selectrow_array('SELECT count(*) FROM pupil.seal'), $batches,
        "$name: as far as it got";
    release('seal') if $name eq 'the commit';
    my $found = verify();
    $name =~ /a part of/
        ? like $found->{out}, qr/\Aanchor: size 0 byte $whole .*\n\z/,
              "$name: of which verify says where"
        : is $found->{code}, 0, "$name: what is there verifies";

    my $run = $seal->seal('--ship', $ship);
    is $run->{code}, 0, "$name: again" or diag $run->{err};
    ok state_() eq $end, "$name: the same end";
    ok slurp($away) eq slurp($seal->file), "$name: and it is shipped";
    is verify()->{code}, 0, "$name: and verifies";
    is $seal->seal('--ship', $ship)->{code}, 0, "$name: once more";
    ok state_() eq $end, "$name: adds nothing";
}


# ---- and of pupilctl audit index, whose lists were lost

is $seal->seal('--ship', $ship)->{code}, 0, 'all is sealed';
my $lists = lists();
my @index = (qw(audit index), $site->ctl_where);

for my $step (
    ['what is there', '', lock_('audit_subject', 'ACCESS EXCLUSIVE')],
    ['the list', '', lock_('audit_subject')],
    ['its record', '', lock_('audit_record')],
    ['its commit', $lists, [pupil => @held]],
) {
    my ($name, $midst, $how) = @$step;
    $db->do('DELETE FROM pupil.audit_subject');
    hold('audit_subject') if $name eq 'its commit';

    ok killed_at($site, $how, @index), "$name: killed";
    ok lists() eq $midst, "$name: all of it is there, or nothing";
    release('audit_subject') if $name eq 'its commit';
    is $site->ctl(@index)->{code}, 0, "$name: again";
    ok lists() eq $lists, "$name: the same end";
    is verify()->{code}, 0, "$name: and verifies";
}

done_testing;
