#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I9: what is sealed of a person is found by that person: the sealer lists each
# event under whom it is about.  The list proves nothing, so whoever takes an
# event out of it, or puts one in, is found, and it can be made again.

use lib 't/lib';
use Pupil::Test;
use Pupil::Chaos;
use Pupil::Seal;

my $chaos = Pupil::Chaos->new(pupils => 3);
my ($site, $nginx) = ($chaos->site, $chaos->nginx);
my $seal = Pupil::Seal->new($site);
my $db = $site->db;

sub work () {
    for my $person ($chaos->{teacher}, $chaos->pupils) {
        my $http = $chaos->client($person);
        $http->get($_) for '/v1/session', '/v1/homework', '/v1/data/identity';
    }
}

# Of each sealed record: its subjects, and its actor where a shape says so.
my $SHOULD = <<'SQL';
SELECT DISTINCT p.subject, r.at, r.writer, r.number
  FROM pupil.audit_record r
  JOIN pupil.seal_writer w USING (tenant, writer)
  JOIN pupil.audit_shape s USING (shape)
 CROSS JOIN LATERAL (
       SELECT unnest(r.subjects) AS subject
        UNION ALL
       SELECT r.actor WHERE r.actor IS NOT NULL AND EXISTS (
              SELECT FROM jsonb_array_elements(s.accesses::jsonb) a
               WHERE a->>'about' = 'actor')) AS p
 WHERE r.number <= w.number
SQL
my $IS = 'SELECT subject, at, writer, number FROM pupil.audit_subject';

sub differ () {
    return $db->selectrow_array("SELECT count(*) FROM (($SHOULD EXCEPT ALL"
        . " $IS) UNION ALL ($IS EXCEPT ALL $SHOULD)) AS d");
}

sub verify () { $seal->ctl(qw(audit verify)) }
sub listed () { $db->selectrow_array("SELECT count(*) FROM ($IS) AS l") }


# ---- what is sealed is listed

for (1 .. 3) { work(); is $seal->seal->{code}, 0, 'what is there is sealed' }
cmp_ok listed(), '>', 30, 'the sealer lists events';
is differ(), 0, 'each under whom it is about, and under nobody else';

my $events = $db->selectall_hashref(<<'SQL', 'id');
SELECT n.writer || ' ' || n.number AS id, row_number() OVER (
       ORDER BY s.batch, u.k, n.number) - 1 AS event
  FROM pupil.seal s
 CROSS JOIN unnest(s.writers, s.firsts, s.lasts) WITH ORDINALITY
       AS u (writer, first, last, k)
 CROSS JOIN LATERAL (SELECT u.writer, generate_series(u.first, u.last)
       AS number) AS n
SQL
my $rows = $db->selectall_arrayref('SELECT * FROM pupil.audit_subject',
                                   { Slice => {} });
is_deeply [grep { $events->{"$_->{writer} $_->{number}"}{event}
                  != $_->{event} } @$rows], [], 'by its number in the log';

my ($shared) = grep { defined $_->{leaf} } @{ $db->selectall_arrayref(<<'SQL',
SELECT l.* FROM pupil.audit_subject l
  JOIN pupil.audit_record r USING (tenant, at, writer, number)
 WHERE cardinality(r.subjects) > 1 AND l.subject = r.subjects[2]
SQL
    { Slice => {} }) };
my $proof = $site->ctl(qw(audit prove), $shared->{event}, '--subject',
                       $shared->{subject}, $site->ctl_where);
like $proof->{out}, qr/^index $shared->{leaf}$/m,
    'and by the leaf that is this person\'s';
my $own = $db->selectrow_hashref(<<'SQL');
SELECT l.* FROM pupil.audit_subject l
  JOIN pupil.audit_record r USING (tenant, at, writer, number)
 WHERE r.subjects = '{}' AND l.subject = r.actor LIMIT 1
SQL
like $site->ctl(qw(audit prove), $own->{event}, $site->ctl_where)->{out},
    qr/^index $own->{leaf}$/m, 'or is nobody\'s beside';
is verify()->{code}, 0, 'verify finds nothing' or diag verify()->{out};


# ---- what is taken out, put in or changed is found

sub found ($what, $sql, @values) {
    $db->do('CREATE TABLE public.kept AS SELECT * FROM pupil.audit_subject');
    is $db->do($sql, {}, @values), 1, "$what: done";
    my $run = verify();
    is $run->{code}, 1, "$what: is found";
    $db->do('DELETE FROM pupil.audit_subject');
    $db->do('INSERT INTO pupil.audit_subject SELECT * FROM public.kept');
    $db->do('DROP TABLE public.kept');
    return $run->{out};
}

my $where = "WHERE subject = '$shared->{subject}' AND event ="
    . " $shared->{event}";
my $at = qr/batch \d+ event $shared->{event} /;
like found('an event that is taken out',
           "DELETE FROM pupil.audit_subject $where"),
    qr/\Aunlisted: ${at}is not found by each whom it is about\n\z/,
    'it is said which';
like found('an event that is put in', <<"SQL"),
INSERT INTO pupil.audit_subject SELECT tenant, gen_random_uuid(), at, writer,
       number, event, leaf FROM pupil.audit_subject $where
SQL
    qr/\Alisted: ${at}is found by whom it is not about\n\z/,
    'it is said where';
like found("an event with another's leaf",
           "UPDATE pupil.audit_subject SET leaf = leaf + 1 $where"),
    qr/^unlisted: $at.*\nlisted: $at/m, 'it is both';
like found('an event behind the last',
           "UPDATE pupil.audit_subject SET event = 1000000 $where"),
    qr/^listed: batch \d+ event 1000000 /m, 'it is said, too';


# ---- it is made again

is $db->do('DELETE FROM pupil.audit_subject'), scalar(@$rows),
    'a list that is lost';
is verify()->{code}, 1, 'is found';
$db->do(<<'SQL', {}, uuid(), @{ $rows->[0] }{qw(tenant at)});
INSERT INTO pupil.audit_subject (subject, tenant, at, writer, number, event)
VALUES (?, ?, ?, 1, 1, 1000000)
SQL
my $run = $site->ctl(qw(audit index), $site->ctl_where);
is $run->{code}, 0, 'it is written again' or diag $run->{err};
like $run->{err}, qr/\b${\ scalar @$rows} entries/, 'whole';
is differ(), 0, 'as it was';
is_deeply $db->selectall_arrayref('SELECT * FROM pupil.audit_subject ORDER BY'
    . ' subject, event', { Slice => {} }),
    [sort { $a->{subject} cmp $b->{subject} || $a->{event} <=> $b->{event} }
          @$rows], 'to the leaf';
is $db->selectrow_array(q{SELECT count(*) FROM pupil.audit_record WHERE role =
    'operator' AND note LIKE '% index'}), 1, 'which is on record';
is $seal->seal->{code}, 0, 'the sealer goes on';
is differ(), 0, 'and lists what comes';
is verify()->{code}, 0, 'verify finds nothing';


# ---- what is in the way

my $before = slurp($seal->file);
my @tables = qw(seal seal_tile seal_writer);
$db->do("CREATE TABLE public.kept_$_ AS SELECT * FROM pupil.$_") for @tables;
work();
is $seal->seal->{code}, 0, 'more is sealed';
for my $table (@tables) {
    $db->do("DELETE FROM pupil.$table");
    $db->do("INSERT INTO pupil.$table SELECT * FROM public.kept_$table");
}
spew($seal->file, $before);
$run = $seal->seal;
is $run->{code}, 0, 'what a list has of a log that was taken back gives way'
    or diag $run->{err};
is $run->{err} =~ /duplicate/, '', 'without a word';
is differ(), 0, 'to what is sealed now';
is verify()->{code}, 0, 'verify finds nothing';


# ---- who may write it

my $gateway = $site->pg->connect('pupil');
$gateway->do('SET SESSION AUTHORIZATION pupil_gateway');
$gateway->do("SELECT set_config('pupil.tenant', ?, false)", {}, $site->tenant);
ok !eval { $gateway->do($_); 1 }, "nginx's role: $_ is refused"
    for 'SELECT FROM pupil.audit_subject', 'DELETE FROM pupil.audit_subject';

done_testing;
