#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# pupilctl subject erase (GDPR article 17): what is deleted and what stays, the
# ledger and the receipt, how it shows on two workers, and what is refused.
# What a plugin declares is all that it goes by: the category example is one
# that it knows nothing of.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

use JSON::XS ();

my $day = Pupil::Day->up(workers => 2, conf => {
    pupil_session_zone => 'pupil_sessions:1m valid=5m' })->all_here->work;
my ($db, $keys, $site, $nginx) = ($day->db, $day->site->keystore, $day->site,
                                  $day->nginx);
my %person = map { $_ => $day->person($_) } qw(pupil classmate teacher);
my %id = map { $_ => $person{$_}{id} } keys %person;
my $overview = "/v1/homework/$day->{homework}{id}/progress";
$day->expect(201, $day->classmate->post('/v1/progress',
    json => $day->answer($day->homework, 1)));

$day->expect(200, $day->teacher->put("/v1/homework/$day->{homework}{id}"
    . "/pupils/$id{$_}/assessment", json => { comment => 'Bra' }))
    for qw(pupil classmate);

sub subject (@args) { $site->ctl('subject', @args, $site->ctl_where) }

sub answer (@args) {
    my $run = subject(@args, '--json');
    is $run->{code}, 0, "$args[0]: done" or diag $run->{err};
    return eval { JSON::XS::decode_json($run->{out}) } // {};
}

my @OWNED = qw(data.identity data.contact data.credential data.network
               data.progress data.assessment data.example
               pupil.blind_index pupil.imported pupil.import_image);
my @ABOUT = qw(pupil.role pupil.enrolment pupil.session pupil.outbox
               pupil.support_grant pupil.notice pupil.sign_up pupil.trial
               pupil.breach_found pupil.breach_told
               pupil.request_text);

# How many rows there are of somebody, by table.
sub rows ($who) {
    my %rows;
    for my $table (@OWNED, @ABOUT) {
        my $column = (grep { $_ eq $table } @OWNED) ? 'owner' : 'subject';
        $rows{$table} = 0 + $db->selectrow_array(
            "SELECT count(*) FROM $table WHERE $column = ?", {}, $id{$who});
    }
    return \%rows;
}

sub ledger ($dbh, $schema) {
    return $dbh->selectall_arrayref('SELECT tenant, number, kind, subject,'
        . " at::text, encode(hash, 'hex') FROM $schema.ledger ORDER BY number");
}

sub records ($who) {
    return $db->selectrow_array('SELECT count(*) FROM pupil.audit_record'
        . ' WHERE ? = ANY (subjects) OR actor = ?', {}, @id{$who, $who});
}

sub names ($http) {
    return { map { $_->{id} => $_->{display_name} // 'none' }
             @{ $http->get($overview)->json->{pupils} } };
}


# ---- refused before anything is begun

my %kept = map { $_ => rows($_) } keys %id;
my $some = tmp_dir() . '/plugins';
mkdir $some;
symlink $_, "$some/" . s{.*/}{}r
    for grep { !/pupil_example/ } glob Pupil::Nginx::plugins() . '/pupil_*.so';
my $run = $site->ctl('subject', 'erase', $id{pupil}, $site->ctl_where,
                     '--plugins', $some);
is $run->{code}, 1, 'a category whose plugin is not there is refused';
like $run->{err}, qr/plugin of example is not in .*--waive example/,
    'by name, with what to do';
is scalar(@{ ledger($keys, 'keystore') // [] }), 0, 'nothing is begun';
is_deeply rows('pupil'), $kept{pupil}, 'and nothing gone';
like +($db->selectrow_array('SELECT outcome || note FROM pupil.audit_record'
    . ' WHERE ? = ANY (subjects) ORDER BY at DESC LIMIT 1', {}, $id{pupil})),
    qr/^refused.* erasure$/, 'it is on record';


# ---- one is erased

my @teacher = $day->on_each($day->teacher);
my @pupil = $day->on_each($day->pupil);
is names($_)->{ $id{pupil} } =~ /Klein/, 1, 'a name before' for @teacher;
my $wrong = $nginx->http->login('nobody.knows', 'this is not it')->body;
my $before = records('pupil');

my $receipt = answer('erase', $id{pupil});
is_deeply rows('pupil'), { map { $_ => 0 } @OWNED, @ABOUT },
    'no row of theirs is left';
$day->soon(401, 'their sessions are over', sub ($http) {
    $http->get('/v1/session')->status }, @pupil);
$day->soon('none', 'they have no name', sub ($http) {
    names($http)->{ $id{pupil} } // 'none' }, @teacher);
my $res = $nginx->http->login(@{ $person{pupil} }{qw(login password)});
is_problem $res, 401, 'invalid-credentials', name => 'nobody logs in as them';
is $res->body =~ s/"instance":"[^"]*"//r, $wrong =~ s/"instance":"[^"]*"//r,
    'with the bytes of an unknown account';

is join(' ', $keys->selectrow_array('SELECT state, wrapped IS NULL'
    . ' FROM keystore.owner_key WHERE owner = ?', {}, $id{pupil})),
    'erased 1', 'the key is destroyed';
is join(' ', $db->selectrow_array('SELECT o.state, s.status FROM pupil.owner'
    . ' AS o JOIN pupil.subject AS s ON s.subject = o.owner WHERE o.owner = ?',
    {}, $id{pupil})), 'erased closed', 'the pseudonym stays, closed';
is answer('show', $id{pupil})->{state}, 'erased', 'show says so';


# ---- the others, and what is on record

is_deeply rows($_), $kept{$_}, "nothing of the $_ is gone"
    for qw(classmate teacher);
is names($teacher[0])->{ $id{classmate} } =~ /McMillan/, 1, 'they are shown';
is $day->classmate->get('/v1/homework')->status, 200, 'and work';
like $day->teacher->get("/v1/homework/$day->{homework}{id}")->body,
    qr/Kapitel/, 'the homework of the class stays';
cmp_ok records('pupil'), '>', $before, 'records of them stay, and more come';
my @tables = sort @{ $db->selectcol_arrayref("SELECT substring(note FROM"
    . " 'table=(.*)') FROM pupil.audit_record WHERE note LIKE"
    . " '%erasure=1 table=%' AND outcome = 'allowed'") };
is join(' ', @tables), join(' ', sort @OWNED, @ABOUT),
    'each table that was emptied is on record';
is $site->ctl('audit', 'verify', $site->ctl_where)->{code}, 0,
    'and the audit verifies';


# ---- the ledger, the receipt

my $entries = ledger($keys, 'keystore');
is join(' ', @{ $entries->[0] // [] }[0 .. 3]),
    join(' ', $site->tenant, 1, 'erasure', $id{pupil}), 'the ledger says it';
is_deeply ledger($db, 'pupil'), $entries, 'the data database has a copy';
for my $change ('UPDATE %s.ledger SET number = 7', 'DELETE FROM %s.ledger') {
    for my $where ([$keys, 'keystore'], [$db, 'pupil']) {
        my ($dbh, $schema) = @$where;
        ok !eval { $dbh->do(sprintf $change, $schema); 1 },
            sprintf("$change: refused", $schema);
    }
}
is "$receipt->{id} $receipt->{number} $receipt->{state}",
    "$id{pupil} 1 erased", 'the receipt says who and which entry';
is $receipt->{hash}, $entries->[0][5], 'with its hash';
like $receipt->{key_destroyed_at}, qr/^\d{4}-\d\d-\d\dT[\d:]+Z$/,
    'and when the key was destroyed';
my %told = map { $_->{table} => $_ } @{ $receipt->{tables} // [] };
is_deeply { map { $_ => $told{$_}{records} } keys %told },
    { %{ $kept{pupil} }, 'pupil.session' => 0 },
    'how many records of each table there were; sessions had ended';
is join(' ', grep { $told{$_}{state} ne 'done' } sort keys %told), '',
    'all is done';
is_deeply answer('erase', $id{pupil}), $receipt, 'again: the same receipt';
is scalar(@{ ledger($keys, 'keystore') }), 1, 'and no other entry';
like subject('erase', $id{pupil})->{out},
    qr/^\Q$id{pupil}\E erased, entry 1 /, 'as text';
for my $command (qw(restrict unrestrict lock unlock close)) {
    my $no = subject($command, $id{pupil});
    is $no->{code}, 1, "$command is refused then";
    like $no->{err}, qr/erased/, 'with the reason';
}


# ---- the next, without one category

$run = $site->ctl('subject', 'erase', '--login', $person{classmate}{login},
    '--waive', 'example', '--reference', 'T 1', '--json', $site->ctl_where, '--plugins', $some);
is $run->{code}, 0, 'a category is waived by name' or diag $run->{err};
my $waived = eval { JSON::XS::decode_json($run->{out}) } // { tables => [] };
is $waived->{number}, 2, 'the next number';
is join(' ', map { $_->{table} } grep { $_->{state} eq 'waived' }
    @{ $waived->{tables} }), 'data.example', 'the receipt says which';
$waived = answer('erase', $id{classmate});
is join(' ', grep { $_ ne 'done' } map { $_->{state} } @{ $waived->{tables} }),
    '', 'with the plugin it is done, too';

# A teacher: what a class owns stays, without a name.
answer('erase', $id{teacher});
is_deeply rows('teacher'), { map { $_ => 0 } @OWNED, @ABOUT },
    'nothing of a teacher is left';
is $db->selectrow_array('SELECT count(*) FROM data.homework WHERE record = ?',
    {}, $day->{homework}{id}), 1, 'but what they gave a class to do';

$entries = ledger($keys, 'keystore');
is join(' ', map { $_->[1] } @$entries), '1 2 3', 'numbers have no gap';


# ---- a ledger that somebody has changed

for my $change ([$keys, 'keystore', "subject = '" . uuid() . "'"],
                [$keys, 'keystore', "at = at - interval '1 day'"])
{
    my ($dbh, $schema, $set) = @$change;
    $dbh->do("ALTER TABLE $schema.ledger DISABLE TRIGGER never_back");
    my ($old) = $dbh->selectrow_array("SELECT row_to_json(l) FROM"
        . " $schema.ledger AS l WHERE number = 2");
    $dbh->do("UPDATE $schema.ledger SET $set WHERE number = 2");
    my $no = subject('erase', $day->person('colleague')->{id});
    is $no->{code}, 1, "no erasure while the ledger is changed: $set";
    like $no->{err}, qr/entry 2 of the erasure ledger was changed/,
        'and which entry it is';
    $dbh->do("DELETE FROM $schema.ledger WHERE number = 2");
    $dbh->do("INSERT INTO $schema.ledger SELECT * FROM json_populate_record("
        . "NULL::$schema.ledger, ?::json)", {}, $old);
    $dbh->do("ALTER TABLE $schema.ledger ENABLE TRIGGER never_back");
}
is answer('erase', $day->person('colleague')->{id})->{number}, 4,
    'with the old one it goes on';

done_testing;
