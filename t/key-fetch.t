use lib 't/lib';
use Pupil::Test;
use Pupil::Site;
use Pupil::Volume qw(GROUP);
use JSON::XS ();

# Owner keys leave the key store once they were asked for, which records who
# fetched how many, and stops at a cap a minute; at a cost that does not depend
# on how many were fetched before.  What nobody gets around: t/i07-cap.t.

my $site = Pupil::Site->new(pg => { conf => { autovacuum => 'off' } });
my $volume = Pupil::Volume->new($site)->grow(GROUP);
my ($db, $tenant) = ($site->keystore, $site->tenant);
my @owners = map { $volume->id(subject => $_) } 0 .. GROUP - 1;

sub keeper () {
    my $dbh = $site->pg->connect('pupil_keys');
    $dbh->do('SET SESSION AUTHORIZATION pupil_keeper');
    $dbh->do("SET statement_timeout = '5s'");
    $dbh->do("SELECT set_config('pupil.tenant', '$tenant', false)");
    return $dbh;
}

my $tickets = 0;

# Asks, and fetches: how many keys came, or why none.
sub fetch ($dbh, @ids) {
    my @with = ($volume->id(ticket => ++$tickets), \@ids);
    $dbh->do('SELECT FROM keystore.ask_owner_keys(?, ?::uuid[])', {}, @with);
    my $rows = $dbh->selectcol_arrayref('SELECT refused FROM'
        . ' keystore.fetch_owner_keys(?, ?::uuid[])', {}, @with);
    return $rows->[0] // @$rows;
}

sub recorded () {
    return $db->selectcol_arrayref('SELECT sum(keys) FROM keystore.fetch'
        . " WHERE role = 'pupil_keeper' GROUP BY backend ORDER BY 1");
}

# Whole minutes are counted: all of this happens in one.
sub enough_of_a_minute () { sleep 1 while time % 60 > 35 }


my ($one, $two) = (keeper(), keeper());
enough_of_a_minute();

is fetch($one, @owners[0 .. 4]), 5, 'five keys';
is fetch($one, @owners[0 .. 6]), 7, 'and seven';
is_deeply recorded(), [12], 'are recorded';
is fetch($one, $volume->id(nobody => 1)), 0, 'a key that is not there';
is_deeply recorded(), [13], 'is recorded as asked for';

$one->begin_work;
is fetch($one, $owners[0]), 'ticket', 'while one connection asks';
is fetch($two, @owners[0 .. 1]), 2, 'another does not wait';
$one->commit;
is_deeply recorded(), [2, 14], 'each has its own record';

ok !eval { $one->do('SELECT FROM keystore.fetch'); 1 },
    'the record is not for who fetches';
ok !eval { $one->do('SELECT wrapped FROM keystore.owner_key'); 1 },
    'nor are the keys, past the function';


# ---- the cap

$db->do('INSERT INTO keystore.setting (tenant, keys_a_minute) VALUES (?, 20)',
        {}, $tenant);
is fetch($two, @owners[0 .. 3]), 4, 'up to the cap';
is fetch($two, $owners[0]), 'cap', 'no further';
is fetch($one, $owners[0]), 'cap', 'nor through another connection';
is_deeply recorded(), [6, 14], 'what was refused is not recorded';

sub earlier ($minutes, $keys, $of = $tenant) {
    $db->do('DELETE FROM keystore.fetch');
    $db->do('INSERT INTO keystore.fetch (tenant, minute, backend, role,'
        . " client, keys) SELECT ?, date_bin('1 minute', now(), 'epoch')"
        . " - ? * interval '1 minute', 1,"
        . " 'pupil_keeper', '192.0.2.1', ?", {}, $of, $minutes, $keys);
}

earlier(1, 600);
is fetch($one, $owners[0]), 'cap', 'the last minute counts';
earlier(1, 15);
is fetch($one, @owners[0 .. 4]), 5, 'for the part that is not over';
earlier(2, 1_000_000);
is fetch($one, $owners[0]), 1, 'the one before does not';
earlier(0, 1_000_000, $volume->id(tenant => 2));
is fetch($one, $owners[0]), 1, q{nor does another controller's};


# ---- what it costs

$db->do('UPDATE keystore.setting SET keys_a_minute = 1000000');

sub pages () {
    my ($pages, @with) = (0, $volume->id(ticket => ++$tickets), [$owners[0]]);
    for my $function (qw(ask_owner_keys fetch_owner_keys)) {
        my $plan = $one->selectrow_array('EXPLAIN (ANALYZE, BUFFERS, FORMAT'
            . " JSON) SELECT * FROM keystore.$function(?, ?::uuid[])", {},
            @with);
        $pages += JSON::XS::decode_json($plan)->[0]{Plan}{'Shared Hit Blocks'};
    }
    return $pages;
}

fetch($one, $owners[0]) for 1 .. 10;
my $few = pages();
fetch($one, $owners[0]) for 1 .. 2_000;
my $many = pages();
cmp_ok $many, '<=', $few + 10, "$few pages after ten fetches, $many after"
    . ' two thousand';


# ---- what is over is taken away, by those who come, and little at a time

enough_of_a_minute();
earlier(2 * 24 * 60, 1);
$db->do("INSERT INTO keystore.fetch (tenant, minute, backend, role, client)"
    . " SELECT tenant, minute - n * interval '1 minute', backend, role, client"
    . ' FROM keystore.fetch, generate_series(1, 8) AS n');

sub connections ($n) { fetch(keeper(), $owners[0]) for 1 .. $n }

sub old_minutes () {
    return $db->selectrow_array('SELECT count(*) FROM keystore.fetch'
                                . " WHERE minute < now() - interval '1 hour'");
}

connections(1);
is old_minutes(), 9 - 2, 'two old minutes go with a new one';
connections(4);
is old_minutes(), 0, 'in the end all';
earlier(23 * 60, 1);
connections(2);
is old_minutes(), 1, 'a day is kept';

done_testing;
