package Pupil::Badge;

# The category of t/plugins/badge.c, of which nobody has heard: a plugin out of
# tree, with a table of its own.

use v5.36;

use Exporter qw(import);
use Pupil::Util;

our @EXPORT = qw(badge_add);


# Into a folder of plugins, and into a site's database.  Gives the object.
sub badge_add ($site, $folder) {
    my $object = spew("$folder/pupil_badge.so",
                      slurp(build_dir() . '/t/plugins/badge.so'));
    my $sql = spew(tmp_dir() . '/badge.sql', <<'SQL');
CREATE TABLE data.badge (
    tenant uuid NOT NULL, owner uuid NOT NULL,
    record uuid NOT NULL CHECK (record = owner),
    key_version integer NOT NULL, source text NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(),
    motto bytea NOT NULL, remark bytea, colour text, points bigint,
    valid boolean, given_by uuid, given_on date, ends_at timestamptz,
    for_work uuid[], place bigint, PRIMARY KEY (tenant, owner, record));
SELECT pupil.protect('badge');
SQL
    $site->ctl_ok('migrate', '--database', $site->pg->conninfo('pupil'),
                  '--plugins', $folder, '--plugin-sql', $sql,
                  '--ticket', 'badges');
    return $object;
}

1;
