#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# pupilctl breach scope: by time, account, host, key or backup, whom a breach
# reached, apart what was shown and what could have been: as the raw log and the
# rows of enrolments say, which are read here once more, record by record.

use lib 't/lib';
use Pupil::Test;
use Pupil::Chaos;

use JSON::XS qw(decode_json);

my $chaos = Pupil::Chaos->new(pupils => 3);
my ($site, $db) = ($chaos->site, $chaos->site->db);
my $keys = $site->keystore;
my ($teacher, $pupil, $other, $third) = ($chaos->{teacher}, $chaos->pupils);
my @where = $site->ctl_where;

sub moment {
    return $db->selectrow_array(<<'SQL');
SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC',
               'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
SQL
}

my $begun = moment();
$chaos->client($_)->get('/v1/session') for $teacher, $pupil;
$chaos->client($teacher)->get("/v1/data/identity/$pupil->{id}");
$chaos->client($pupil)->post('/v1/progress', json =>
    $chaos->submission($pupil, { text => 'mine' }));
my $middle = moment();
$chaos->client($teacher)->get("/v1/data/identity/$other->{id}");
$chaos->client($teacher)->get('/v1/homework');
$chaos->client($pupil)->get("/v1/data/identity/$other->{id}");     # refused
$chaos->client($other)->get('/v1/data/identity');
my $ended = moment();

sub breach (@args) { $site->ctl('breach', @args, @where) }

my $file = 0;

# What a scope found: {how => {subject => {category => fields}}}; and its answer.
sub scope (@by) {
    my $to = tmp_dir() . '/found' . ++$file;
    my $run = breach('scope', 1, @by, '--json', '--to', $to);
    is $run->{code}, 0, "scope @by" or diag $run->{err};
    my %found = (shown => {}, changed => {}, could => {});
    for (map { decode_json($_) } split /\n/, -e $to ? slurp($to) : '') {
        $found{ $_->{how} }{ $_->{subject} }{ $_->{category} } =
            join ' ', @{ $_->{fields} };
    }
    return \%found, eval { decode_json($run->{out}) } // {};
}

# The same of the raw log, record by record.
sub logged ($keep) {
    my (%shape, %found);
    $found{$_} = {} for qw(shown changed);
    for my $record (@{ $db->selectall_arrayref(<<'SQL', { Slice => {} }) }) {
SELECT to_char(r.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at,
       r.actor, lpad(to_hex(r.writer), 16, '0') AS writer, r.outcome,
       r.subjects::text AS subjects, s.accesses
  FROM pupil.audit_record AS r JOIN pupil.audit_shape AS s ON s.shape = r.shape
 WHERE r.tenant = (SELECT tenant FROM pupil.tenant LIMIT 1)
SQL
        next if $record->{outcome} ne 'allowed' || !$keep->($record);
        for my $access (@{ decode_json($record->{accesses}) }) {
            my @whom = $access->{about} eq 'actor' ? $record->{actor}
                     : $access->{about} eq 'subjects'
                     ? $record->{subjects} =~ /[0-9a-f-]{36}/g : ();
            my $of = $found{ $access->{operation} eq 'read' ? 'shown' : 'changed' };
            for my $who (grep { defined } @whom) {
                $of->{$who}{ $access->{category} }{$_} = 1
                    for @{ $access->{fields} }, '';
            }
        }
    }
    for my $of (values %found) {
        for my $by (values %$of) {
            $_ = join ' ', grep { length } sort keys %$_ for values %$by;
        }
    }
    return \%found;
}

sub between ($since, $until) {
    return sub ($record) { $record->{at} ge $since && $record->{at} lt $until };
}

# Of all of the answer, that its counts are those of whom it named.
sub counted ($found, $answer, $name) {
    for my $how (grep { defined $answer->{found}{$_} } qw(shown changed could)) {
        my %category;
        for my $by (values %{ $found->{$how} }) { $category{$_}++ for keys %$by }
        is $answer->{found}{$how}{subjects}, keys %{ $found->{$how} },
            "$name: how many people, $how";
        is_deeply { map { $_->{category} => $_->{subjects} }
                    @{ $answer->{found}{$how}{categories} } }, \%category,
            'and of each category';
    }
    my %all = map { %{ $found->{$_} } } qw(shown changed could);
    is $answer->{found}{subjects}, keys %all, "$name: and in all";
}

$site->ctl_ok(qw(breach open), 'Somebody had a session', '--since', $begun,
              '--until', $ended, '--reference', 'I-1', @where);


# ---- by time

for my $case (['its own time', [], $begun, $ended],
              ['a part of it', ['--until', $middle], $begun, $middle],
              ['another part', ['--since', $middle], $middle, $ended])
{
    my ($name, $by, $since, $until) = @$case;
    my ($found, $answer) = scope(@$by);
    my $logged = logged(between($since, $until));
    cmp_ok scalar(keys %{ $logged->{shown} }), '>', 1, "$name: some are shown";
    is_deeply $found->{$_}, $logged->{$_}, "$name: whom and what was $_, as the"
        . ' log says' for qw(shown changed);
    is_deeply $found->{could}, {}, 'no more is counted';
    ok exists $answer->{found}{could} && !defined $answer->{found}{could},
        'as nobody has looked for what could have been';
    counted($found, $answer, $name);
}
is((scope('--until', $middle))[0]{changed}{ $pupil->{id} }{progress} ? 1 : 0, 1,
   'what was changed is told apart');


# ---- by account

my %grants;                 # {relation}{category}{field}, of who may read
for my $category (qw(identity contact credential enrolment network progress
                     assessment example))
{
    my $shown = decode_json($site->ctl_ok('plugin', 'show', $category,
                                          '--json')->{out});
    for my $grant (grep { $_->{operation} eq 'read' } @{ $shown->{grants} }) {
        $grants{ $grant->{relation} }{$category}{$_} = 1
            for @{ $grant->{fields} };
    }
}

sub held ($category) {
    return { map { $_ => 1 } @{ $db->selectcol_arrayref(
        "SELECT DISTINCT owner FROM data.$category") } };
}
my %held = map { $_ => held($_) } keys %{ { map { %$_ } values %grants } };

# Who is reached by which relation, and what is granted by it of what is held.
sub reached (%relations) {
    my %found;
    for my $relation (keys %relations) {
        for my $who (@{ $relations{$relation} }) {
            for my $category (grep { $held{$_}{$who} } keys %{ $grants{$relation} }) {
                $found{$who}{$category}{$_} = 1
                    for keys %{ $grants{$relation}{$category} };
            }
        }
    }
    for my $by (values %found) { $_ = join ' ', sort keys %$_ for values %$by }
    return \%found;
}

sub column ($sql, @values) { $db->selectcol_arrayref($sql, {}, @values) }

my @mine = @{ column("SELECT class FROM pupil.enrolment WHERE subject = ? AND role"
    . " = 'teacher'", $teacher->{id}) };
my $pupils = column("SELECT DISTINCT subject FROM pupil.enrolment WHERE role ="
    . " 'pupil' AND class = ANY (?)", \@mine);
my ($found, $answer) = scope('--account', $teacher->{id});
my $logged = logged(sub ($record) {
    ($record->{actor} // '') eq $teacher->{id}
        && between($begun, $ended)->($record) });
is_deeply $found->{shown}, $logged->{shown},
    'what an account was shown, as the log says';
isnt json_of($logged->{shown}), json_of(logged(between($begun, $ended))->{shown}),
    'which is not all that was';
is_deeply $found->{could}, reached(teaches => $pupils, self => [$teacher->{id}]),
    'and what it could have been, by its classes and grants';
cmp_ok scalar(keys %{ $found->{could} }), '>', keys %{ $found->{shown} },
    'which is more';
counted($found, $answer, 'by account');

my $school = column("SELECT institution FROM pupil.role WHERE subject = ? AND role"
    . " = 'teacher' ORDER BY institution LIMIT 1", $teacher->{id})->[0];
$site->ctl_ok(qw(user add head@school.example school_admin --institution), $school,
              @where);
my $head = decode_json($site->ctl_ok(qw(user show head@school.example --json),
                                     @where)->{out})->{id};
%held = map { $_ => held($_) } keys %held;
($found) = scope('--account', $head);
is_deeply $found->{shown}, {}, 'who has not been there was shown nothing';
is_deeply $found->{could}, reached(self => [$head], school_admin =>
    column('SELECT DISTINCT subject FROM pupil.role WHERE institution = ?',
           $school)), 'and could have been all of a school';
($found) = scope('--account', "$head,$teacher->{id}");
is_deeply $found->{shown}, $logged->{shown}, 'two accounts are looked at as one';


# ---- by worker and host

my ($writer) = @{ column("SELECT lpad(to_hex(r.writer), 16, '0') FROM"
    . ' pupil.audit_record AS r WHERE r.actor = ? AND r.at >= ?::timestamptz'
    . ' LIMIT 1', $teacher->{id}, $begun) };
($found) = scope('--worker', $writer);
is_deeply $found->{shown}, logged(sub ($record) {
    $record->{writer} eq $writer && between($begun, $ended)->($record) })->{shown},
    'what a worker showed, by its number in the log';

my $clients = $keys->selectall_arrayref('SELECT host(client), sum(keys) FROM'
    . ' keystore.fetch GROUP BY client');
is scalar(@$clients), 1, 'keys were fetched, from one address';
my $persons = column('SELECT subject FROM pupil.subject WHERE subject <>'
    . ' (SELECT decoy FROM pupil.tenant LIMIT 1) AND created_at < ?::timestamptz',
    $ended);
($found, $answer) = scope('--host', $clients->[0][0]);
is $answer->{found}{keys}, $clients->[0][1],
    'how many keys a host fetched, by the key store';
is_deeply [sort keys %{ $found->{could} }], [sort @$persons],
    'so that it could be any of them';
like $found->{could}{ $pupil->{id} }{credential}, qr/\bpassword_hash\b/,
    'and all that a key opens, whatever is granted';
($found, $answer) = scope('--host', '192.0.2.7');
is $answer->{found}{keys}, 0, 'another host fetched none';
is_deeply $found->{could}, {}, 'and could open nothing';
$keys->do("UPDATE keystore.fetch SET keys = 0");
($found, $answer) = scope('--host', $clients->[0][0], '--since',
                          '2026-01-01T00:00:00Z');
is $answer->{found}{keys}, undef, 'of more than a day ago nobody knows';
is_deeply [sort keys %{ $found->{could} }], [sort @$persons], 'and it could be any';


# ---- by key, and by backup

($found) = scope('--epoch', 1);
is_deeply $found->{shown}, {}, 'what was stolen is in no log';
like breach('scope', 1, '--epoch', 1)->{out}, qr/^what was shown, by the log was not/m,
    'where nobody has looked';
my $wrapped = $keys->selectcol_arrayref('SELECT owner FROM keystore.owner_key'
    . ' WHERE wrapped IS NOT NULL');
my %person = map { $_ => 1 } @{ column('SELECT subject FROM pupil.subject WHERE'
    . ' subject <> (SELECT decoy FROM pupil.tenant LIMIT 1)') };
is_deeply [sort keys %{ $found->{could} }],
    [sort grep { $person{$_} } @$wrapped], 'a key opens all that it wraps';
my $before = moment();
$site->ctl_ok(qw(subject erase), $third->{id}, @where);
$site->ctl_ok(qw(user add later@school.example dpo), @where);
my $later = decode_json($site->ctl_ok(qw(user show later@school.example --json),
                                      @where)->{out})->{id};
($found) = scope('--epoch', 1);
ok !$found->{could}{ $third->{id} }, 'but of nobody who was erased';
ok $found->{could}{$later}, 'and of who came since';
(undef, $answer) = scope('--account', $teacher->{id});
like "@{ $answer->{found}{notes} }", qr/erased since the breach began.*: 1\./,
    'how many may be missing of whom an account stood to';

($found) = scope('--host', $clients->[0][0], '--since', '2026-01-01T00:00:00Z');
ok $found->{could}{ $third->{id} }, 'a host had the key of who was erased since';

($found, $answer) = scope('--backup', $before);
ok $found->{could}{ $third->{id} }, 'a backup has who was erased since';
is $answer->{found}{erased}, 1, 'whose key is destroyed, which is said';
ok !$found->{could}{$later}, 'and nobody who came since';
is_deeply [grep { /given_name|password_hash|login_id/ }
           map { values %$_ } values %{ $found->{could} }], [],
    'and nothing that is sealed can be read of it';
like breach('scope', 1, '--backup', $before)->{out},
    qr/opens nothing that is sealed without a key-encryption key/, 'which is said';
($found) = scope('--backup', $before, '--epoch', 1);
like $found->{could}{ $third->{id} }{identity}, qr/given_name/,
    'with the key it can, also of who was erased since';
my $after = moment();
($found, $answer) = scope('--backup', $after, '--epoch', 1);
ok !$found->{could}{ $third->{id} }, 'but not of who was erased before';

$chaos->nginx->quit;
$keys->do(q{DELETE FROM keystore.worker});    # after a day of silence
$site->ctl_ok(qw(key generate), @where);
$site->ctl_ok(qw(key register), @where);
$site->ctl_ok(qw(key rotate), @where);
$site->ctl_ok(qw(user add latest@school.example dpo), @where);
my $latest = decode_json($site->ctl_ok(qw(user show latest@school.example --json),
                                       @where)->{out})->{id};
($found, $answer) = scope('--epoch', 1);
ok $found->{could}{$later} && !$found->{could}{$latest},
    'an epoch that wraps nothing any more opens backups of before';
like json_of($answer->{found}{notes}), qr/wraps no key of this tenant any more/,
    'which is said';
($found) = scope('--epoch', 2);
ok $found->{could}{$latest}, 'the newest all';


# ---- a category whose plugin is not there

my $some = tmp_dir() . '/plugins';
mkdir $some or die "$some: $!\n";
symlink $_, "$some/" . s{.*/}{}r
    for grep { !/pupil_example/ } glob Pupil::Nginx::plugins() . '/pupil_*.so';
(undef, $answer) = scope('--epoch', 2, '--plugins', $some);
like json_of($answer->{found}{notes}), qr/The plugin of example is not in --plugins/,
    'is not counted, which is said';


# ---- remembered

($found, $answer) = scope();
my ($again, $same) = scope();
is_deeply $again, $found, 'the same once more';
is $same->{found}{hash}, $answer->{found}{hash}, 'has the same hash';
is "$same->{found}{came} $same->{found}{went}", '0 0', 'nobody came or went';
is $same->{scope}, $answer->{scope} + 1, 'and is the next scope of the breach';
my ($fewer, $less) = scope('--account', $pupil->{id}, '--until', $middle);
isnt $less->{found}{hash}, $answer->{found}{hash}, 'another has another hash';
my %first = map { %{ $found->{$_} } } qw(shown changed could);
my %last = map { %{ $fewer->{$_} } } qw(shown changed could);
is $less->{found}{went}, scalar(grep { !$last{$_} } keys %first),
    'and says who went';
is $less->{found}{came}, scalar(grep { !$first{$_} } keys %last), 'and came';
my $shown = decode_json($site->ctl_ok(qw(breach show 1 --json), @where)->{out});
is scalar @{ $shown->{scopes} }, $less->{scope}, 'each is shown with the breach';
is_deeply $shown->{scopes}[-1]{asked}{account}, $pupil->{id}, 'by what it was';
is $shown->{scopes}[-1]{found}{hash}, $less->{found}{hash}, 'and what was found';

my $recorded = $db->selectrow_array("SELECT count(*) FROM pupil.audit_event WHERE"
    . " category = 'breach' AND note LIKE '% breach=1 scope%'");
is $recorded, $less->{scope} + 0, 'each is on record' or diag $recorded;
my $taken = tmp_dir() . '/found1';
my $run = breach('scope', 1, '--to', $taken);
is $run->{code}, 1, 'a file that is there is not written over';
is sprintf('%04o', (stat $taken)[2] & 07777), '0600',
    'and one is for its owner alone';

for my $case (['--account', 'CBeane'], ['--worker', '12'], ['--epoch', 'one'],
              ['--backup', 'monday'], ['--host', 'gateway1'], ['--since', 'noon'])
{
    $run = breach('scope', 1, @$case);
    is $run->{code}, 2, "@$case is refused";
    like $run->{err}, qr/\Q$case->[0]\E/, 'by name';
}
is breach('scope', 1, '--epoch', 9)->{code}, 1, 'as is an epoch that is not there';
is breach('scope', 7)->{code}, 1, 'and a breach';
like breach('scope', 1, '--since', $ended, '--until', $begun)->{err},
    qr/--until is after --since/, 'and a time that ends before it begins';

my $left = "SELECT count(*) FROM pupil.breach_found WHERE subject = ?";
scope();
cmp_ok $db->selectrow_array($left, {}, $other->{id}), '>', 0, 'whom it reached';
$site->ctl_ok(qw(subject erase), $other->{id}, @where);
is $db->selectrow_array($left, {}, $other->{id}), 0, 'goes with an erasure';
$site->ctl_ok(qw(breach close 1 --reason), 'It is over', @where);
is $db->selectrow_array('SELECT count(*) FROM pupil.breach_found'), 0,
    'and all once it is closed';
is breach('scope', 1)->{code}, 1, 'after which there is no scope';

done_testing;
