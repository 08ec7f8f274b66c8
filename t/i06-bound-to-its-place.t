#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I6: ciphertext is bound to its place.  A superuser turns bits of sealed
# values and moves them between rows, owners, columns, categories and tenants:
# each is refused, shows nothing in clear and is on record as tampering.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

my $day = Pupil::Day->up->all_here->work;
my $db = $day->db;
my $site = $day->site;
my %id = map { $_ => $day->person($_)->{id} } qw(pupil classmate teacher);
my $homework = $day->homework->{id};
my $submission = $day->submission->{id};
my $second = $day->assign(title => 'Ett annat', description => 'Mer att'
                          . ' läsa');
my $other = $day->answer($second, 0, answer => { text => 'Annat' });
$day->expect(201, $day->pupil->post('/v1/progress', json => $other));

# Rows are not authentic: each finding is logged, and that is no alert.
my $PERSONAL = qr/\bOra\b|Klein|Beulah|McMillan|Beane|Craig|Algebra|Contoso
                 |bär|skalbaggar|fråga|Kräft|Astronomi|läsa|Annat/x;

sub bytea ($value) { '\\x' . unpack 'H*', $value }

# A place of a sealed value, and who is shown it: [name, table, column,
# where, who, path].
my $class = $day->class_id;
my ($school) = $db->selectrow_array(
    'SELECT institution FROM pupil.class WHERE class = ?', {}, $class);
my @places = (
    ['a given name', 'data.identity', 'given_name', "owner = '$id{pupil}'",
     pupil => '/v1/data/identity'],
    ['a family name', 'data.identity', 'family_name', "owner = '$id{pupil}'",
     teacher => "/v1/data/identity/$id{pupil}"],
    ['the teacher\'s name', 'data.identity', 'family_name',
     "owner = '$id{teacher}'", pupil => "/v1/homework/$homework"],
    ['the title of a class', 'pupil.class', 'title', "class = '$class'",
     pupil => "/v1/homework/$homework"],
    ['the title of a school', 'pupil.institution', 'title',
     "institution = '$school'", teacher => '/v1/session'],
    ['the title of homework', 'data.homework', 'title',
     "record = '$homework'", pupil => "/v1/homework/$homework"],
    ['its description', 'data.homework', 'description',
     "record = '$homework'", teacher => '/v1/homework'],
    ['its exercises', 'data.homework', 'exercises', "record = '$homework'",
     pupil => "/v1/homework/$homework"],
    ['an answer', 'data.progress', 'answer', "record = '$submission'",
     pupil => '/v1/progress'],
    ['a result', 'data.progress', 'result', "record = '$submission'",
     teacher => "/v1/homework/$homework/progress"],
    ['a preference', 'data.example', 'favourite_subjects',
     "owner = '$id{pupil}'", pupil => '/v1/data/example'],
);

sub get ($who, $path) { $day->as($who)->get($path) }

sub sealed ($table, $column, $where) {
    return $db->selectrow_array("SELECT encode($column, 'hex') FROM $table"
                                . " WHERE $where") =~ s/(..)/chr hex $1/ger;
}

sub put ($table, $column, $where, $value) {
    $db->do("UPDATE $table SET $column = decode(?, 'hex') WHERE $where", {},
            unpack 'H*', $value) == 1 or die "$table: nothing there\n";
}

# One test: refused, silent, on record.
sub is_refused ($name, $who, $path) {
    my $res = get($who, $path);
    my @faults = problem_faults($res, 500, 'integrity');
    push @faults, 'shown: ' . $res->body if $res->body =~ $PERSONAL;
    push @faults, 'the record: ' . join ' ', @{ $day->outcomes($res) }
        if !grep { $_ eq 'tampered' } @{ $day->outcomes($res) };
    ok !@faults, $name or diag join "\n", @faults, $res->text;
}


# A record whose values do not belong together is left out instead.
sub is_left_out ($name, $who, $path) {
    my $res = get($who, $path);
    isnt $res->status, 500, $name;
    unlike $res->body, qr/Kräft|"score":7/, "$name: nothing of it is shown";
    ok((grep { $_ eq 'tampered' } @{ $day->outcomes($res) }),
        "$name: on record");
}


# ---- as it was sealed

for my $place (@places) {
    my ($name, $table, $column, $where, $who, $path) = @$place;
    my $res = get($who, $path);
    is $res->status, 200, "$name is shown";
    like $res->body, $PERSONAL, 'in clear' if $column ne 'result';
}


# ---- any bit

# Offsets into format, algorithm, key version, commitment, nonce, ciphertext
# and tag; see vault.h.
my %bits = (format => 0, algorithm => 1, 'key version' => 5,
            commitment => 6, 'end of the commitment' => 37, nonce => 38,
            ciphertext => 62, tag => -1);

for my $place (@places) {
    my ($name, $table, $column, $where, $who, $path) = @$place;
    my $value = sealed($table, $column, $where);
    # All parts of one value; of the others, two.
    for my $part ($place == $places[0] ? sort keys %bits
                                       : qw(ciphertext tag))
    {
        my $turned = $value;
        substr($turned, $bits{$part}, 1) ^.= chr(1 << int rand 8);
        put($table, $column, $where, $turned);
        is_refused("$name: a bit of $part", $who, $path);
    }
    if ($place == $places[0]) {
        put($table, $column, $where, substr $value, 0, -1);
        is_refused("$name: cut short", $who, $path);
        put($table, $column, $where, '');
        is_refused("$name: nothing of it", $who, $path);
        put($table, $column, $where, "$value\0");
        is_refused("$name: longer", $who, $path);
        put($table, $column, $where, 'Orabella');
        is_refused("$name: in clear", $who, $path);
    }
    put($table, $column, $where, $value);
    is get($who, $path)->status, 200, "$name: as it was, shown again";
}


# ---- any move

# A second tenant with the same people.
my $neighbour = Pupil::Day::neighbour($site)->tenant;
my ($twin) = $db->selectrow_array('SELECT owner FROM data.identity'
    . ' WHERE tenant = ? LIMIT 1', {}, $neighbour);
my ($another_class) = $db->selectrow_array('SELECT class FROM pupil.class'
    . ' WHERE tenant = ? AND class <> ? LIMIT 1', {}, $day->tenant, $class);

# From where: [name, table, column, where], onto which of the places above.
my @moves = (
    ['another owner\'s', 'data.identity', 'given_name',
     "owner = '$id{classmate}'", 0],
    ['another column\'s', 'data.identity', 'family_name',
     "owner = '$id{pupil}'", 0],
    ['another tenant\'s', 'data.identity', 'given_name', "owner = '$twin'",
     0],
    ['another category\'s', 'data.example', 'favourite_subjects',
     "owner = '$id{pupil}'", 0],
    ['another class\'s', 'pupil.class', 'title',
     "class = '$another_class'", 3],
    ['its school\'s', 'pupil.institution', 'title',
     "institution = '$school'", 3],
    ['another record\'s', 'data.homework', 'title',
     "record = '$second->{id}'", 5],
    ['its own description', 'data.homework', 'description',
     "record = '$homework'", 5],
    ['its class\'s title', 'pupil.class', 'title', "class = '$class'", 5],
    ['another submission\'s', 'data.progress', 'answer',
     "record = '$other->{id}'", 8],
    ['its own result', 'data.progress', 'result',
     "record = '$submission'", 8],
    ['its own answer', 'data.progress', 'answer',
     "record = '$submission'", 9],
);

for my $move (@moves) {
    my ($from, $t, $c, $w, $n) = @$move;
    my ($name, $table, $column, $where, $who, $path) = @{ $places[$n] };
    my $value = sealed($table, $column, $where);
    put($table, $column, $where, sealed($t, $c, $w));
    my $is = $table =~ /homework|progress/ ? \&is_left_out : \&is_refused;
    $is->("$name is $from", $who, $path);
    put($table, $column, $where, $value);
}
is get('pupil', '/v1/data/identity')->status, 200, 'all is as it was';

# A whole row, ids and all, is another record.
$db->do('UPDATE data.progress SET record = ? WHERE record = ?', {}, uuid(),
        $submission);
is_left_out('a submission under another id', pupil => '/v1/progress');
$db->do("UPDATE data.progress SET record = '$submission' WHERE homework_id ="
        . " '$homework'");
is get('pupil', '/v1/progress')->status, 200, 'under its own id, shown';
$db->do('UPDATE data.progress SET owner = ? WHERE record = ?', {},
        $id{classmate}, $submission);
is_left_out('a submission of somebody else', classmate => '/v1/progress');
$db->do('UPDATE data.progress SET owner = ? WHERE record = ?', {},
        $id{pupil}, $submission);


# ---- what a log-in reads

my @hash = ('data.credential', 'password_hash', "owner = '$id{pupil}'");
my $value = sealed(@hash);
my $theirs = sealed('data.credential', 'password_hash',
                    "owner = '$id{classmate}'");
put(@hash, $theirs);
my $res = $day->nginx->http->login($day->person('pupil')->{login},
                                   $day->person('classmate')->{password});
is_problem $res, 401, 'invalid-credentials',
    name => 'another\'s password hash does not let in';
is_deeply [grep { $_ eq 'tampered' } @{ $day->outcomes($res) }],
    ['tampered'], 'and is on record';
put(@hash, $value);
is $day->nginx->http->login(@{ $day->person('pupil') }{qw(login password)})
       ->status, 200, 'their own does';


# ---- wrapped keys

my $keys = $site->keystore;
my ($mine, $hers) = map { $keys->selectrow_array("SELECT"
    . " encode(wrapped, 'hex') FROM keystore.owner_key WHERE owner = ?", {},
    $_) } @id{qw(pupil classmate)};

sub key_put ($hex) {
    $keys->do("UPDATE keystore.owner_key SET wrapped = decode(?, 'hex')"
              . ' WHERE owner = ?', {}, $hex, $id{pupil});
    $day->reload;
}
key_put($hers);
is_refused('another\'s wrapped key', pupil => '/v1/data/identity');
key_put($mine =~ s/(.)$/sprintf '%x', 1 ^ hex $1/er);
is_refused('a bit of the wrapped key', pupil => '/v1/data/identity');
key_put($mine);
is get('pupil', '/v1/data/identity')->status, 200, 'the key as it was';

done_testing;
