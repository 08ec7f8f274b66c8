#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I7, the cap of owner keys: whoever has the gateway's role of the key store
# gets no key that is not counted, whatever he does with transactions.  Keys
# are asked for, which is recorded under a ticket, and fetched with it once
# that record is committed.

use lib 't/lib';
use Pupil::Test;
use Pupil::Clock;
use Pupil::Volume qw(GROUP);

my $site = pupil_up();
my $volume = Pupil::Volume->new($site)->grow(2 * GROUP);
my $clock = Pupil::Clock->new;
$site->pg->by($clock)->restart;
my ($db, $tenant) = ($site->keystore, $site->tenant);
my @owners = map { $volume->id(subject => $_) } 0 .. 2 * GROUP - 1;
my $tickets = 0;

sub keeper ($of = $tenant, $role = 'pupil_keeper') {
    my $dbh = $site->pg->connect('pupil_keys');
    $dbh->do("SET SESSION AUTHORIZATION $role");
    $dbh->do("SELECT set_config('pupil.tenant', '$of', false)");
    return $dbh;
}

sub ticket () { $volume->id(ticket => ++$tickets) }

# 'granted', why not, or the SQLSTATE.
sub ask ($dbh, $ticket, @ids) {
    my ($why) = eval { $dbh->selectrow_array(
        'SELECT refused FROM keystore.ask_owner_keys(?, ?::uuid[])', {},
        $ticket, \@ids) };
    return $@ ? $dbh->state : $why // 'granted';
}

# How many keys came, why none, or the SQLSTATE.
sub fetch ($dbh, $ticket, @ids) {
    my $rows = eval { $dbh->selectall_arrayref('SELECT refused, wrapped FROM'
        . ' keystore.fetch_owner_keys(?, ?::uuid[])', {}, $ticket, \@ids) };
    return $@ ? $dbh->state
         : $rows->[0] && defined $rows->[0][0] ? $rows->[0][0] : @$rows;
}

sub counted ($what) {
    return 0 + (eval { $db->selectrow_array(
        "SELECT sum($what) FROM keystore.fetch") } // 0);
}

# Whole minutes are counted: what belongs together happens in one.  This is the
# database's next, at its tenth second.
sub next_minute () {
    $clock->forward(70 - $db->selectrow_array(
        'SELECT extract(second FROM clock_timestamp())::int'));
}


# ---- whatever gives keys, in a transaction that is rolled back

my $functions = $db->selectcol_arrayref(<<'SQL');
SELECT p.oid::regprocedure FROM pg_proc p
 WHERE p.pronamespace = 'keystore'::regnamespace
   AND has_function_privilege('pupil_keeper', p.oid, 'EXECUTE')
   AND 'wrapped' = ANY (p.proargnames)
SQL
cmp_ok scalar(@$functions), '>=', 1, 'there is what gives keys';

my $taken = 0;
my $thief = keeper();
for my $function (@$functions) {
    my ($name, $types) = $function =~ /^(.+)\((.*)\)$/;
    my @types = split /,/, $types;
    for my $n (0 .. 9) {
        my @some = @owners[6 * $n .. 6 * $n + 5];
        my $ticket = ticket();
        $thief->begin_work;
        $thief->pg_savepoint('within');
        if (ask($thief, $ticket, @some) eq 'granted') {
            $thief->pg_release('within');
        } else {
            $thief->pg_rollback_to('within');
        }
        my $call = "SELECT wrapped FROM $name("
                   . join(', ', map { "?::$_" } @types) . ')';
        my $keys = eval { $thief->selectcol_arrayref($call, {},
            map { $_ eq 'uuid' ? $ticket : \@some } @types) };
        $taken += grep { defined } @{ $keys // [] };
        $thief->rollback;
    }
}
is $taken, 0, 'no key comes out of a transaction that is rolled back';
is counted('keys'), 0, 'which would not be counted';


# ---- types that a session makes, which run what it likes

# pupilctl init takes this away; a database may have been made by hand.
$db->do('GRANT TEMPORARY ON DATABASE pupil_keys TO pupil_keeper');
my $crafty = keeper();
$crafty->do($_) for 'CREATE TABLE pg_temp.seen (who pg_catalog.name)',
    'GRANT ALL ON pg_temp.seen TO PUBLIC',
    q{CREATE FUNCTION pg_temp.look(pg_catalog.text) RETURNS pg_catalog.bool
      LANGUAGE plpgsql AS 'BEGIN INSERT INTO pg_temp.seen SELECT current_user;
      RETURN true; END'},
    map { "CREATE DOMAIN pg_temp.$_ AS pg_catalog.$_"
          . ' CHECK (pg_temp.look(VALUE::pg_catalog.text))' }
    qw(bytea float8 int4 int8 interval name numeric text timestamptz uuid);
for my $function ('keystore.ask_owner_keys(uuid,uuid[])', @$functions) {
    my ($name, $types) = $function =~ /^(.+)\((.*)\)$/;
    eval { $crafty->do("SELECT * FROM $name(" . join(', ', map {
        $_ eq 'uuid' ? "'$owners[0]'" : "'{$owners[0]}'" } split /,/, $types)
        . ')') };
}
is_deeply $crafty->selectcol_arrayref('SELECT DISTINCT who FROM pg_temp.seen'
    . q{ WHERE who <> 'pupil_keeper'}), [],
    'nothing of a session runs with the rights of these functions';
$crafty->disconnect;
$db->do('DELETE FROM keystore.fetch');


# ---- tickets

my ($one, $two) = (keeper(), keeper());
next_minute();

my $ticket = ticket();
is ask($one, $ticket, @owners[0 .. 4]), 'granted', 'asked for five';
is fetch($one, $ticket, @owners[0 .. 4]), 5, 'five come';
is counted('keys'), 5, 'and are counted';
is counted('refused'), 0, 'none is refused';

# What: ask, perhaps break something, and fetch.  Each is refused.
my @refused = (
    ['that was used', sub { fetch($one, $ticket, @owners[0 .. 4]) }],
    ['that nobody made', sub { fetch($one, ticket(), $owners[0]) }],
    ['of other owners', sub {
        my $mine = ticket();
        ask($one, $mine, @owners[0 .. 4]);
        return fetch($one, $mine, @owners[5 .. 9]);
    }],
    ['of fewer owners', sub {
        my $mine = ticket();
        ask($one, $mine, $owners[0]);
        return fetch($one, $mine, @owners[0 .. 1]);
    }],
    ['of another connection', sub {
        my $mine = ticket();
        ask($one, $mine, $owners[0]);
        return fetch($two, $mine, $owners[0]);
    }],
    ['of another tenant', sub {
        my $mine = ticket();
        ask($one, $mine, $owners[0]);
        return fetch(keeper($volume->id(tenant => 2)), $mine, $owners[0]);
    }],
    ['of another role', sub {
        $db->do('DROP ROLE IF EXISTS other_keeper');
        $db->do('CREATE ROLE other_keeper IN ROLE pupil_keeper');
        my $mine = ticket();
        ask($one, $mine, $owners[0]);
        return fetch(keeper($tenant, 'other_keeper'), $mine, $owners[0]);
    }],
    ['of this transaction', sub {
        my $mine = ticket();
        $one->begin_work;
        ask($one, $mine, $owners[0]);
        my $got = fetch($one, $mine, $owners[0]);
        $one->commit;
        return $got;
    }],
    ['of a savepoint of this transaction', sub {
        my $mine = ticket();
        $one->begin_work;
        $one->pg_savepoint('within');
        ask($one, $mine, $owners[0]);
        $one->pg_release('within');
        my $got = fetch($one, $mine, $owners[0]);
        $one->commit;
        return $got;
    }],
    ['of a savepoint that is rolled back', sub {
        my $mine = ticket();
        $one->begin_work;
        $one->pg_savepoint('within');
        ask($one, $mine, $owners[0]);
        $one->pg_rollback_to('within');
        $one->commit;
        return fetch($one, $mine, $owners[0]);
    }],
    ['that is minutes old', sub {
        my $mine = ticket();
        ask($one, $mine, $owners[0]);
        $db->do("UPDATE keystore.fetch SET minute = minute - interval '3 min'");
        return fetch($one, $mine, $owners[0]);
    }],
);

my $refusals = 0;
for my $case (@refused) {
    my ($name, $fetch) = @$case;
    is eval { $fetch->() } // $@, 'ticket', "a ticket $name is refused";
    is counted('refused'), ++$refusals, 'which is recorded';
}
like slurp($site->pg->log_file), qr/owner keys were refused to pupil_keeper/,
    q{and stands in the server's log, which no transaction takes back};

is fetch($one, $ticket, $owners[0]), 'ticket', 'a refusal';
my $mine = ticket();
is ask($one, $mine, $owners[0]), 'granted', 'stops nobody from asking anew';
is fetch($one, $mine, $owners[0]), 1, 'and from getting it';


# ---- what a session sets

$one->do('SET synchronous_commit = off');
$one->begin_work;
is ask($one, $mine = ticket(), $owners[0]), 'granted', 'asked for without sync';
is $one->selectrow_array('SHOW synchronous_commit'), 'on',
    'what is counted outlives a crash all the same';
$one->commit;
$one->do('RESET synchronous_commit');


# ---- the cap

next_minute();
$db->do('DELETE FROM keystore.fetch');
$db->do('INSERT INTO keystore.setting (tenant, keys_a_minute) VALUES (?, 20)',
        {}, $tenant);

my ($mine_1, $mine_2) = (ticket(), ticket());
$_->begin_work for $one, $two;
is ask($one, $mine_1, @owners[0 .. 14]), 'granted', 'asked, not committed';
is ask($two, $mine_2, @owners[15 .. 29]), 'granted', 'by two who do not meet';
$_->commit for $one, $two;
is fetch($one, $mine_1, @owners[0 .. 14]), 'cap', 'together over the cap';
is fetch($two, $mine_2, @owners[15 .. 29]), 'cap', 'neither gets a key';
is counted('capped'), 2, 'both are recorded';

# Of the last minute less and less counts; but not of what the ticket is one of.
next_minute();
$db->do('DELETE FROM keystore.fetch');
$_->begin_work for $one, $two;
is ask($one, $mine_1 = ticket(), @owners[0 .. 10]), 'granted', 'asked again,';
is ask($two, $mine_2 = ticket(), @owners[11 .. 21]), 'granted', 'by both';
$_->commit for $one, $two;
$db->do("UPDATE keystore.fetch SET minute = minute - interval '1 minute'");
is fetch($one, $mine_1, @owners[0 .. 10]), 'cap',
    'who waits for the next minute gets no more';
is fetch($two, $mine_2, @owners[11 .. 21]), 'cap', 'nor does the other';
is counted('capped'), 2, 'and both are recorded';

$db->do('DELETE FROM keystore.fetch');
is ask($one, $mine = ticket(), @owners[0 .. 19]), 'granted', 'up to the cap';
is fetch($one, $mine, @owners[0 .. 19]), 20, 'keys come';
is ask($one, $mine = ticket(), $owners[0]), 'cap', 'no further';
is fetch($one, $mine, $owners[0]), 'cap', 'whoever fetches all the same';
is ask($two, ticket(), $owners[0]), 'cap', 'nor through another connection';
is counted('capped'), 2, 'what the cap refused is recorded';
is counted('refused'), 0, 'as that';
is counted('keys'), 20, 'and not counted as keys';

# A transaction that began long ago.
$db->do('DELETE FROM keystore.fetch');
$one->begin_work;
my $begun = $one->selectrow_array("SELECT date_bin('1 minute', now(), 'epoch')");
next_minute();
is ask($one, ticket(), @owners[0 .. 9]), 'granted', 'a transaction that waits';
$one->commit;
is $db->selectrow_array('SELECT count(*) FROM keystore.fetch WHERE minute > ?',
    {}, $begun), 1, 'is counted in the minute in which it asks';


# ---- the cap that nobody has set

$db->do('DELETE FROM keystore.setting');
my $size = $db->selectrow_array('SELECT count(*) FROM keystore.owner_key');
cmp_ok $size, '>', 2 * GROUP, 'there are some owners';
is eval { $db->selectrow_array('SELECT owners FROM keystore.size WHERE tenant ='
    . ' ?', {}, $tenant) } // $@, $size, 'owners are counted as they come';

sub share_of ($spent) {
    next_minute();
    $db->do('DELETE FROM keystore.fetch');
    $db->do('INSERT INTO keystore.fetch (tenant, minute, backend, role,'
        . " client, keys) SELECT ?, date_bin('1 minute', now(), 'epoch'), 1,"
        . " 'pupil_keeper', '192.0.2.1', ?", {}, $tenant, $spent);
    my ($why, $share) = eval { $one->selectrow_array('SELECT refused, share'
        . ' FROM keystore.ask_owner_keys(?, ?::uuid[])', {}, ticket(),
        [$owners[0]]) };
    return $@ || ($why // sprintf '%.2f', $share);
}

my $cap = 10_000 + 4 * $size;
is share_of($cap / 2 - 1), '0.50', 'and the cap follows them: half of it';
is share_of($cap - 1), '1.00', 'all of it';
is share_of($cap), 'cap', 'one more';
$db->do('UPDATE keystore.size SET owners = 97500');
is share_of($cap), '0.03', 'where there are more, there is more';

done_testing;
