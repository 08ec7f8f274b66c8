#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# /v1/me/audit: people see who looked at what is theirs: all of it, what is
# sealed and what is not yet, and nothing of anybody else.

use lib 't/lib';
use Pupil::Test;
use Pupil::Chaos;
use Pupil::Seal;

my $chaos = Pupil::Chaos->new(pupils => 3);
my ($site, $nginx) = ($chaos->site, $chaos->nginx);
my $seal = Pupil::Seal->new($site);
my ($db, $teacher) = ($site->db, $chaos->{teacher});
my ($pupil, $other) = $chaos->pupils;
my $PATH = '/v1/me/audit';

sub work () {
    for my $person ($teacher, $chaos->pupils) {
        my $http = $chaos->client($person);
        $http->get($_) for '/v1/session', '/v1/homework', '/v1/data/identity';
    }
    $chaos->client($teacher)->get("/v1/data/identity/$pupil->{id}");
}

sub ask ($person, $args = '') {
    my $res = $chaos->client($person)->get("$PATH$args");
    is $res->status, 200, 'who looked is shown' or diag $res->text;
    return $res;
}

# Of the log, what is about somebody, newest first: in the words of the view,
# which is the operator's.  until: a time.
sub about ($person, $until) {
    return $db->selectcol_arrayref(<<'SQL', {}, ($person->{id}) x 2, $until);
SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') || ' '
       || concat_ws(' ', role, coalesce(nullif(institution::text,
          '00000000-0000-0000-0000-000000000000'), '-'),
          coalesce(actor = ?, false)::text,
          category, operation, purpose, outcome,
          array_to_string(fields, ','))
  FROM pupil.audit_event WHERE ? = ANY (subjects) AND category IS NOT NULL
   AND at <= ?::timestamptz
 ORDER BY at DESC, 1 DESC
SQL
}

# With all digits, so that it sorts.
sub at ($event) {
    my ($seconds, $more) = $event->{at} =~ /^([^.Z]*)\.?(\d*)Z\z/;
    return $seconds . '.' . substr("${more}000000", 0, 6) . 'Z';
}

sub told (@events) {
    my @lines = map {
        my $actor = $_->{actor};
        join ' ', at($_), $actor->{role}, $actor->{unit} // '-',
            $actor->{self} ? 'true' : 'false',
            @$_{qw(category operation purpose outcome)},
            join ',', @{ $_->{fields} };
    } @events;
    return [map { $_->[1] } sort { $b->[0] cmp $a->[0] || $b->[1] cmp $a->[1] }
            map { [/^(\S+)/, $_] } @lines];
}

sub now () { $db->selectrow_array('SELECT now()') }

# since: a time; what is older is not compared.
sub shows_all ($person, $what, $since = '') {
    my $until = now();
    my @lines = map { s/ $//r } @{ about($person, $until) };
    my $events = ask($person, '?limit=100')->json->{events};
    my ($should, $is) = map { [grep { $_ ge $since } @$_] } \@lines,
                        [map { s/ $//r } @{ told(@$events) }];
    is_deeply $is, $should, $what;
    return $events;
}


# ---- what is not sealed yet

# Of what is older than a minute, such as the import, none has to be shown.
my $since = $db->selectrow_array('SELECT to_char(min(at) AT TIME ZONE'
    . q{ 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') FROM pupil.audit_record}
    . q{ WHERE role NOT IN ('operator', 'gateway')});
work();
my $first = shows_all($pupil, 'what is not sealed is shown', $since);
cmp_ok scalar(grep { $_->{actor}{role} eq 'teacher' } @$first), '>', 0,
    'a teacher looked';
is_deeply [grep { $_->{actor}{self} xor $_->{actor}{role} eq 'pupil' }
           @$first], [], 'and whoever asks';
my $whole = ask($pupil);
is_deeply [sort keys %{ $whole->json->{unlisted} }], [qw(from to)],
    'without a sealer it is said what may be left out';
is $whole->json->{unlisted}{from}, undef, 'all that is older than a minute';
my @ids = map { $_->{id} } $teacher, $chaos->pupils;
my $ids = join '|', @ids,
    @{ $db->selectcol_arrayref('SELECT DISTINCT request FROM'
                               . ' pupil.audit_record') };
unlike $whole->body, qr/$ids/, 'nobody\'s id, and no request\'s, is in it';
unlike $whole->body, qr{127\.0\.0|/24|display_name}, 'nor an address or a name';


# ---- what is

sub identify ($events) {
    return join ' ', sort map { "$_->{id} $_->{category}" } @$events;
}

is $seal->seal->{code}, 0, 'it is sealed';
my $sealed = shows_all($pupil, 'what is sealed is shown');
like identify($sealed), qr/\Q${\ $first->[-1]{id} }\E/, 'by the same id';
work();
shows_all($_, 'both are, of everybody') for $pupil, $other, $teacher;
is $seal->seal->{code}, 0, 'more is sealed';
shows_all($_, 'all of it') for $pupil, $other, $teacher;
is $site->ctl(qw(audit seal), '--checkpoints', $seal->dir,
              $site->ctl_databases)->{code}, 0, 'a sealer of all tenants';
is ask($pupil)->json->{unlisted}, undef, 'with it nothing is left out';
$db->do("UPDATE pupil.sealer SET until = now() - interval '2 minutes'");
like ask($pupil)->json->{unlisted}{from}, qr/^\d{4}-/,
    'with one that stands still it is said since when';
$db->do("UPDATE pupil.sealer SET until = now() + interval '1 year'");
work();
shows_all($_, 'by a time that is not yet nothing is hidden')
    for $pupil, $other, $teacher;
is_deeply [sort keys %{ ask($pupil)->json->{unlisted} // {} }], [qw(from to)],
    'and it says of which time something may be';
is $seal->seal->{code}, 0, 'it is sealed, too';
$db->do('UPDATE pupil.sealer SET until = now()');


# ---- pages

my (@pages, $next);
do {
    my $page = ask($pupil, '?limit=3' . ($next ? "&cursor=$next" : ''))->json;
    my %records = map { $_->{id} => 1 } @{ $page->{events} };
    cmp_ok scalar(keys %records), '<=', 3, 'a page has no more than was asked';
    push @pages, $page->{events};
    $next = $page->{next};
} while ($next);
cmp_ok scalar(@pages), '>', 5, 'there are pages';

# Each page that is asked for is on record, too.
my $others = sub ($lines) { [map { s/ $//r } grep { !/ audit read / }
                             @$lines] };
is_deeply $others->(told(map { @$_ } @pages)), $others->(about($pupil, now())),
    'which have everything once';
my @times = map { at($_) } map { @$_ } @pages;
is_deeply \@times, [reverse sort @times], 'newest first';


# ---- it is on record itself

my $before = $db->selectrow_array('SELECT count(*) FROM pupil.audit_event'
    . " WHERE category = 'audit' AND actor = ?", {}, $other->{id});
my $read = ask($other);
my $records = $db->selectall_arrayref('SELECT * FROM pupil.audit_event WHERE'
    . " category = 'audit' AND actor = ? ORDER BY at DESC", { Slice => {} },
    $other->{id});
is scalar(@$records), $before + 1, 'that somebody read it is on record';
is $records->[0]{purpose}, 'subject_access', 'as an access of their own';
is $records->[0]{request}, $read->header('X-Request-Id'), 'by this request';
is ask($other)->json->{events}[0]{category}, 'audit', 'and they see it next';


# ---- whose data are restricted, who is not logged in, what is no request

$site->ctl_ok('subject', 'restrict', $other->{id}, $site->ctl_where);
is $db->selectrow_array('SELECT state FROM pupil.owner WHERE owner = ?', {},
                        $other->{id}), 'restricted', 'somebody is restricted';
shows_all($other, 'restricted or not');
is $nginx->http->get($PATH)->status, 401, 'not without a session';
my $http = $chaos->client($pupil);
is $http->get("$PATH?subject=$other->{id}")->status, 422,
    'nor of somebody else';
is $http->get("$PATH?limit=101")->status, 422, 'nor more than a page';
is $http->request(DELETE => $PATH)->status, 405, 'it is only read';


# ---- a database that was changed

is $seal->seal->{code}, 0, 'all is sealed';
my $row = $db->selectrow_hashref(<<'SQL', {}, $pupil->{id});
SELECT l.*, r.request, r.role FROM pupil.audit_subject l
  JOIN pupil.audit_record r USING (tenant, at, writer, number)
 WHERE l.subject = ? AND r.outcome = 'allowed' ORDER BY l.at DESC LIMIT 1
SQL
my $where = "WHERE writer = $row->{writer} AND number = $row->{number}";
my $id = sprintf('%016x%016x', @$row{qw(writer number)})
    =~ s/(.{8})(.{4})(.{4})(.{4})/$1-$2-$3-$4-/r;
my $text = ask($pupil, '?limit=100')->body;
like $text, qr/"\Q$id\E"/, 'an event is shown';
$db->do("UPDATE pupil.audit_record SET role = 'operator' $where");
$nginx->allow_log(qr/not authentic|tampered/);
unlike ask($pupil, '?limit=100')->body, qr/"\Q$id\E"/, 'that somebody changed is not';
is $db->selectrow_array(q{SELECT count(*) FROM pupil.audit_record WHERE
    outcome = 'tampered' AND note LIKE ?}, {}, "%$row->{request}%"), 1,
    'which is on record';
$db->do("UPDATE pupil.audit_record SET role = '$row->{role}' $where");
like ask($pupil, '?limit=100')->body, qr/"\Q$id\E"/, 'as it was it is shown again';

$db->do("INSERT INTO pupil.audit_subject SELECT tenant, ?, at, writer, number,"
    . " event, leaf FROM pupil.audit_subject $where AND subject = ?", {},
    $other->{id}, $pupil->{id});
unlike ask($other, '?limit=100')->body, qr/"\Q$id\E"/,
    'what is listed under somebody else shows nothing';

done_testing;
