#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I9: the file of checkpoints is what nobody can change who has the database.  A
# sealer whose file went away with its disk, was cut, or has what another has
# written, writes nothing to it, ships nothing, and says so; the next one makes
# up for it.

use lib 't/lib';
use Pupil::Test;
use Pupil::Seal;

my $site = pupil_up(import => 1);
my $seal = Pupil::Seal->new($site, speed => 5);
my ($dir, $file) = ($seal->dir, $seal->file);
my $log = tmp_dir() . '/log';
my $away = tmp_dir() . '/away';

sub batches { $site->db->selectrow_array('SELECT count(*) FROM pupil.seal') }
sub notes ($path) { return -e $path ? scalar(() = slurp($path) =~ /^pupil-audit/mg) : 0 }

# A batch more, by a command that is on record.
sub more {
    my $before = batches();
    $site->ctl_ok('user', 'list', $site->ctl_where);
    wait_until(60, 'a batch', sub { batches() > $before });
}

sub said ($what) {
    return eval { wait_until(60, 'a line', sub { slurp($log) =~ $what }); 1 };
}

my $sealer;
sub begin {
    spew($log, '');
    open my $out, '>>', $log or die;
    $sealer = start_process([$seal->command(qw(audit seal --follow --ship),
        "cp \"\$1\" $away")], env => $seal->env, stdout => $out, stderr => $out);
    my $before = notes($away);
    wait_until(60, 'what is shipped', sub { notes($away) == batches()
                                            && notes($away) > 0 });
}

sub finish { kill TERM => $sealer; process_ends($sealer, 60) }

# What is there is whole, with the next sealer.
sub whole ($name) {
    is $seal->seal->{code}, 0, "$name: the next sealer";
    is notes($file), batches(), 'makes up for it';
    unlike slurp($file), qr/\0/, 'in whole';
    my $run = $seal->ctl(qw(audit verify));
    is $run->{code}, 0, 'the log verifies' or diag $run->{out}, $run->{err};
}

begin();
more();
wait_until(60, 'shipped', sub { notes($away) == batches() });


# ---- a disk that goes away

my $kept = slurp($away);
rename $dir, "$dir-real" or die;
mkdir $dir;
more();
ok said(qr/\Q$file\E: No such file/), 'a disk that went away is said'
    or diag slurp($log);
ok !-e $file, 'nothing is made in its place';
is slurp($away), $kept, 'nor shipped over what is whole';
ok alive($sealer), 'the sealer waits for it';
ok said(qr/was there, and is not: is its disk mounted\?/), 'and says what to do';
rmdir $dir;
rename "$dir-real", $dir or die;
finish();
whole('a disk that is back');


# ---- a file that was cut

begin();
my $all = slurp($file);
spew($file, substr $all, 0, -100);
more();
ok said(qr/\Q$file\E has \d+ bytes, and had \d+: is its disk mounted/),
    'a file that was cut is said' or diag slurp($log);
is slurp($file), substr($all, 0, -100), 'and left as it is';
is slurp($away), $all, 'nor is it shipped';
finish();
whole('a file that was cut');


# ---- another sealer's checkpoints

begin();
my $note = (split /(?<=\n\n)(?=pupil-audit)/, slurp($file))[-1];
$all = slurp($file) . $note;
spew($file, $all);
more();
ok said(qr/\Q$file\E has more than this sealer has written: another one is at/),
    'what another sealer has written is said' or diag slurp($log);
is slurp($file), $all, 'and stays';
finish();
spew($file, substr $all, 0, -length $note);
whole('without it');


# ---- what whoever writes the database would have written to the file

$all = slurp($file);
$site->db->do('CREATE TABLE public.kept AS SELECT * FROM pupil.seal');
for (['a long note', "note = repeat('A', 9000), size = 1000000000"],
     ['no note', "note = E'garbage\\n\\nx\\n', size = 1000000000"],
     ['an old note of a new size', 'size = 1000000000'],
     ['a size that is there', 'size = (SELECT max(size) + 1 FROM pupil.seal)'])
{
    my ($what, $set) = @$_;
    $site->db->do("UPDATE pupil.seal SET $set WHERE batch = 1");
    my $run = $seal->seal;
    is $run->{code}, 1, "$what is refused";
    like $run->{err}, qr/is not of its log: run pupilctl audit verify/, 'and said';
    is slurp($file), $all, 'the file is as it was';
    $site->db->do('UPDATE pupil.seal AS s SET note = k.note, size = k.size FROM'
        . ' public.kept AS k WHERE k.batch = s.batch');
}
whole('put back');

done_testing;
