#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# Two releases of one day that differ by a person would tell what that person
# had: the key store knows that a day's was made.  Where the data database has
# lost it, by a backup or by a hand, nothing is counted again, what was counted
# goes, and that is said.

use lib 't/lib';
use Pupil::Test;
use JSON::XS ();

my $site = pupil_up(import => 1);
my $dir = tmp_dir();
mkdir "$dir/plugins" or die "$dir: $!\n";
for my $object (glob(Pupil::Nginx::plugins() . '/*.so'),
                build_dir() . '/t/plugins/club.so')
{
    my ($name) = $object =~ m{([^/]+)$};
    $name = "pupil_$name" if $name eq 'club.so';
    symlink $object, "$dir/plugins/$name" or die "$object: $!\n";
}
spew("$dir/club.sql", <<'SQL');
CREATE TABLE data.club (
    tenant uuid NOT NULL, owner uuid NOT NULL, record uuid NOT NULL,
    key_version integer NOT NULL, source text NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(), club text, grade text,
    PRIMARY KEY (tenant, owner, record));
SELECT pupil.protect('club');
SQL
my @where = ('--plugins', "$dir/plugins", $site->ctl_where);
$site->ctl_ok('migrate', '--database', $site->pg->conninfo('pupil'),
              '--plugins', "$dir/plugins", '--plugin-sql', "$dir/club.sql",
              '--ticket', 'clubs');

my ($db, $keys) = ($site->db, $site->keystore);
my @ids = @{ $db->selectcol_arrayref('SELECT subject FROM pupil.subject AS s'
    . ' JOIN pupil.tenant AS t USING (tenant) WHERE s.subject <> t.decoy ORDER'
    . ' BY subject LIMIT 24') };
is scalar @ids, 24, 'people';

sub join_club ($club, @whom) {
    $db->do('INSERT INTO data.club (tenant, owner, record, key_version,'
        . ' source, updated_at, club, grade) VALUES (?, ?, gen_random_uuid(),'
        . " 1, 'test', now() - interval '31 days', ?, ?)", {}, $site->tenant,
        $ids[$_], $club, $_ < 14 ? 'A' : 'B') for @whom;
}

# What the run said, and { group => persons } of all releases.
sub release {
    my $run = $site->ctl('retention', 'run', @where);
    is $run->{code}, 0, 'retention run' or diag $run->{err};
    return $run->{err};
}

sub groups {
    my $of = JSON::XS::decode_json($site->ctl_ok('retention', 'statistics',
        'club', '--json', @where)->{out})->{groups};
    return { map { $_->{group} => $_->{persons} } grep { !defined $_->{value} }
             @$of };
}

sub left {
    return 0 + $db->selectrow_array('SELECT count(*) FROM data.club');
}

join_club('chess', 0 .. 23);
$site->pg->dump('pupil', "$dir/data.sql");
release();
is_deeply groups(), { chess => 24 }, 'a release';
is_deeply $keys->selectall_arrayref('SELECT category, released::text FROM'
    . ' keystore.release ORDER BY 1, 2'), $db->selectall_arrayref('SELECT category,'
    . ' released::text FROM pupil.release ORDER BY 1, 2'),
    'both databases know its day';


# ---- a backup from before

$db->disconnect;
$site->pg->replace('pupil', "$dir/data.sql");
$db = $site->db;
$db->do('DELETE FROM data.club WHERE owner = ?', {}, $ids[0]);
is left(), 23, 'it has what was counted, but for one';
like release(), qr/club was released on \S+ already.*not counted again/,
    'that it was made is said';
is_deeply groups(), {}, 'no other release of that day is made';
is left(), 0, 'and what was counted is not there to be counted later';
unlike release(), qr/already/, 'once';


# ---- a hand

join_club('go', 0 .. 23);
$db->do("DELETE FROM pupil.$_") for qw(aggregate release);
like release(), qr/not counted again/, 'nor after its row was deleted';
is_deeply groups(), {}, 'whoever does that';


# ---- killed before the key store knew

$keys->do('REVOKE INSERT ON keystore.release FROM pupil_operator');
$db->do("UPDATE pupil.release SET released = released - interval '1 month'");
$keys->do("UPDATE keystore.release SET released = released - interval '1"
    . " month'");
join_club('judo', 0 .. 23);
is $site->ctl('retention', 'run', @where)->{code}, 1,
    'a key store that is not told is said';
$keys->do('GRANT INSERT ON keystore.release TO pupil_operator');
release();
is_deeply groups(), { judo => 24 }, 'counted once';
is $keys->selectrow_array("SELECT count(*) FROM keystore.release WHERE category"
    . " = 'club'"), 2, 'and the next run tells it';

is $site->ctl('audit', 'verify', @where)->{code}, 0, 'the audit verifies';

done_testing;
