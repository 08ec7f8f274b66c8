#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I1, I20: what was stored of the audit and answered cannot be taken away,
# changed, made up, moved in time or suppressed behind the count without
# `pupilctl audit verify` finding it; and what merely breaks (a killed worker,
# lost connections, a reload) is not taken for that.

use lib 't/lib';
use Pupil::Test;
use Pupil::Chaos;
use Pupil::Clock;
use JSON::XS ();
use Time::HiRes qw(sleep);

my $chaos = Pupil::Chaos->new(pupils => 3);
my ($site, $nginx) = ($chaos->site, $chaos->nginx);
my $db = $site->db;
my $log = 'pupil.audit_record';
my $month = $db->selectrow_array(
    q{SELECT to_char(now() AT TIME ZONE 'UTC', '"audit_record_"YYYY_MM')});

# What it finds, by kind; what it counts goes to standard error.  It looks
# again, second by second, for what is missing.
my $fast = Pupil::Clock->new(speed => 5)->env;
sub verify (@options) {
    my $run = $site->ctl(qw(audit verify --json), @options, $site->ctl_where,
                         { env => $fast });
    my $answer = eval { JSON::XS::decode_json($run->{out}) } // {};
    return { code => $run->{code}, text => "$run->{out}$run->{err}",
             kinds => join(' ', map { $_->{kind} }
                           @{ $answer->{findings} // [] }), %$answer };
}

sub findings () { JSON::XS->new->canonical->encode(verify()->{findings}) }

# Whoever works is on record with a few of each kind.
sub work ($times = 1) {
    for my $person ($chaos->{teacher}, $chaos->pupils) {
        my $http = $chaos->client($person);
        $http->get($_) for ('/v1/session', '/v1/homework',
                            '/v1/data/identity') x $times;
        next if $person == $chaos->{teacher};
        $http->post('/v1/progress',
                    json => $chaos->submission($person,
                                                "$person->{login} wrote this"));
        $http->get('/v1/data/identity/' . $chaos->{teacher}{id});
    }
}

work();
my $run = verify();
is $run->{code}, 0, 'what is whole is found whole' or diag $run->{text};
is $run->{kinds}, '', 'there is nothing to be found' or diag $run->{text};
cmp_ok $run->{records} // 0, '>', 20, 'and there was something to look at';


# ---- what somebody does with SQL, and takes back

# A request with one record, since then, which is not the last of its writer:
# what a writer that lives writes next shows that it is missing.
sub inner ($since) {
    return eval { $db->selectrow_array(<<"SQL", {}, $since) } // uuid();
SELECT request FROM (
    SELECT *, count(*) OVER (PARTITION BY request) AS records,
           max(number) OVER (PARTITION BY writer) AS last FROM $log) AS r
 WHERE outcome = 'allowed' AND role = 'pupil' AND at > ? AND records = 1
   AND number < last ORDER BY at LIMIT 1
SQL
}

my $where = 'WHERE request = ' . $db->quote(inner('-infinity'));

my %by_hand = (
    'a record that is deleted' => ['missing', "DELETE FROM $log $where"],
    'another outcome' => ['changed', "UPDATE $log SET outcome = 'refused'"
        . " $where"],
    'another actor' => ['changed', "UPDATE $log SET actor ="
        . " gen_random_uuid() $where"],
    'another role' => ['changed', "UPDATE $log SET role = 'teacher' $where"],
    'another school' => ['changed', "UPDATE $log SET institution = NULL"
        . " $where"],
    'another network' => ['changed', "UPDATE $log SET network = '10.0.0.0/24'"
        . " $where"],
    'another shape' => ['changed', "UPDATE $log SET shape = (SELECT shape FROM"
        . " pupil.audit_shape AS s WHERE s.shape <> $log.shape LIMIT 1)"
        =~ s/\Q$log.\E/audit_record./r . " $where"],
    'another policy' => ['changed', "UPDATE $log SET policy = sha256('')"
        . " $where"],
    'another subject' => ['changed', "UPDATE $log SET subjects ="
        . " ARRAY[gen_random_uuid()] $where"],
    'a note' => ['changed', "UPDATE $log SET note = 'all well' $where"],
    'another request' => ['changed', "UPDATE $log SET request ="
        . " gen_random_uuid() $where"],
    'another time' => ['changed', "UPDATE $log SET at = at - interval"
        . " '2 minutes' $where"],
    'another number' => ['changed missing', "UPDATE $log SET number = number"
        . " + 1000000 $where"],
    'another writer' => ['changed missing', "UPDATE $log SET writer = writer"
        . " + 1 $where"],
    'no number' => ['missing unnumbered', "UPDATE $log SET number = NULL,"
        . " writer = NULL, mac = NULL $where"],
    'a copy' => ['twice', "INSERT INTO $log SELECT * FROM $log $where"],
    'a copy in another place' => ['changed', "INSERT INTO $log (at, tenant,"
        . ' request, actor, role, institution, shape, policy, outcome,'
        . ' network, subjects, writer, number, mac) SELECT at, tenant,'
        . ' request, actor, role, institution, shape, policy, outcome,'
        . " network, subjects, writer + 1, 1, mac FROM $log $where"],
    'a record that was made up' => ['unnumbered', "INSERT INTO $log (tenant,"
        . ' request, actor, role, institution, shape, policy, outcome)'
        . ' SELECT tenant, gen_random_uuid(), actor, role, institution,'
        . " shape, policy, outcome FROM $log $where"],
);

# What is found of a log that is changed, and then as it was. What a worker
# writes meanwhile (the end of another one, say) stays.
sub changed ($sql) {
    $db->begin_work;
    $db->do("LOCK TABLE $log IN EXCLUSIVE MODE");
    $db->do("CREATE TEMP TABLE kept AS SELECT * FROM $log");
    eval { $db->do("SAVEPOINT change"); $db->do($sql); 1 }
        or $db->do("ROLLBACK TO change");
    $db->do("CREATE TEMP TABLE bent AS SELECT * FROM $log");
    $db->commit;
    my $found = verify();
    $db->begin_work;
    $db->do("LOCK TABLE $log IN EXCLUSIVE MODE");
    $db->do("INSERT INTO kept SELECT * FROM $log EXCEPT ALL TABLE bent");
    $db->do("DELETE FROM $log");
    $db->do("INSERT INTO $log SELECT * FROM kept");
    $db->do('DROP TABLE kept, bent');
    $db->commit;
    return $found;
}

for my $name (sort keys %by_hand) {
    my ($kinds, $sql) = @{ $by_hand{$name} };
    my $found = changed($sql);
    is $found->{code}, 1, "$name: verify says so by its exit code"
        or diag $found->{text};
    my %kind = map { $_ => 1 } split / /, $found->{kinds};
    is join(' ', sort keys %kind), $kinds, "$name is found"
        or diag $found->{text};
}
is verify()->{kinds}, '', 'what was taken back is no longer found';


# ---- the last record of a worker that was replaced

$nginx->reload(wait => 1);
my $last = $db->selectrow_array("SELECT request FROM $log r WHERE role ="
    . " 'pupil' AND NOT EXISTS (SELECT FROM $log n WHERE n.writer = r.writer"
    . ' AND n.number > r.number) LIMIT 1');
my $missed;
for (1 .. 20) {           # its end is declared within seconds
    work();
    $missed = changed("DELETE FROM $log WHERE request = '$last'");
    last if $missed->{kinds};
    sleep 0.5;
}
is $missed->{kinds}, 'missing', 'the last record of a worker that was replaced'
    . ' is missed' or diag $missed->{text};
is verify()->{kinds}, '', 'and nothing once it is back';


# ---- what records refer to, and mean by it

my @refer = (
    'a shape that says something else' => ['shape', 'UPDATE pupil.audit_shape'
        . " SET accesses = replace(accesses, 'identity', 'example')"],
    'a shape that is gone' => ['shape', 'DELETE FROM pupil.audit_shape'
        . " WHERE shape = (SELECT shape FROM $log $where)"],
    'a shape of another hash' => ['shape', 'UPDATE pupil.audit_shape SET'
        . " shape = sha256('') WHERE shape = (SELECT shape FROM $log $where)"],
    'a policy that says something else' => ['policy', 'UPDATE pupil.policy SET'
        . q{ document = document || ' '}],
    'a policy that is gone' => ['policy', 'DELETE FROM pupil.policy'
        . " WHERE policy = (SELECT policy FROM $log $where)"],
);

while (my ($name, $how) = splice @refer, 0, 2) {
    my ($kind, $sql) = @$how;
    my $table = $kind eq 'shape' ? 'pupil.audit_shape' : 'pupil.policy';
    my $checks = $db->selectall_arrayref('SELECT conname,'
        . ' pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = '
        . " 'c' AND conrelid = ?::regclass", {}, $table);
    $db->do("CREATE TEMP TABLE kept AS SELECT * FROM $table");
    $db->do("ALTER TABLE $table DROP CONSTRAINT $_->[0]") for @$checks;
    $db->do($sql);
    my $hour = $db->selectrow_array("SELECT to_char(now() - interval '1 hour',"
        . q{ 'YYYY-MM-DD"T"HH24:MI:SS"Z"')});
    my @found = (verify(), verify('--since', $hour));
    $db->do($sql);       # pupilctl stores again what its records refer to
    my $text = $site->ctl(qw(audit verify), $site->ctl_where)->{out};
    $db->begin_work;
    $db->do("DELETE FROM $table");
    $db->do("INSERT INTO $table SELECT * FROM kept");
    $db->do("ALTER TABLE $table ADD CONSTRAINT $_->[0] $_->[1]") for @$checks;
    $db->commit;
    $db->do('DROP TABLE kept');
    my %kinds = map { $_ => 1 } split / /, $found[0]{kinds};
    is join(q( ), sort keys %kinds), "object $kind", "$name is found, and whose"
        or diag $found[0]{text};
    is $found[0]{code}, 1, "$name: verify says so by its exit code";
    like $found[0]{findings}[0]{hash} // '', qr/^[0-9a-f]{64}$/,
        "$name: which one it is";
    like $text, qr/^$kind: [0-9a-f]{64} /m, "$name: in words, too";
}
is verify()->{kinds}, '', 'shapes and policies that are back are not found';


# ---- what the database does behind the count

my %bent = (
    'a trigger that swaps a column' => ['changed', <<"SQL",
CREATE FUNCTION pupil.bend() RETURNS trigger LANGUAGE plpgsql AS \$\$
    BEGIN NEW.subjects := '{}'; NEW.actor := gen_random_uuid(); RETURN NEW; END
    \$\$;
CREATE TRIGGER bend BEFORE INSERT ON pupil.$month FOR EACH ROW
    EXECUTE FUNCTION pupil.bend();
SQL
        "DROP TRIGGER bend ON pupil.$month"],
    'a trigger that deletes after the count' => ['missing', <<"SQL",
CREATE FUNCTION pupil.bend() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    AS \$\$ BEGIN DELETE FROM pupil.$month WHERE request = NEW.request;
    RETURN NULL; END \$\$;
CREATE CONSTRAINT TRIGGER bend AFTER INSERT ON pupil.$month
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    EXECUTE FUNCTION pupil.bend();
SQL
        "DROP TRIGGER bend ON pupil.$month"],
);

for my $name (sort keys %bent) {
    my ($kind, $bend, $mend) = @{ $bent{$name} };
    $db->do($bend);
    is $chaos->client(($chaos->pupils)[0])->get('/v1/session')->status, 200,
        "$name: the answer is given";
    $db->do($mend);
    $db->do('DROP FUNCTION pupil.bend()');
    my $found;
    for (1 .. 10) {       # until the same worker has written again
        work();
        $found = verify();
        last if $found->{kinds} =~ /\b$kind\b/;
    }
    is $found->{code}, 1, "$name: verify says so";
    like $found->{kinds}, qr/\b$kind\b/, "$name is found"
        or diag $found->{text};
    my $since = $db->selectrow_array("SELECT to_char(clock_timestamp() AT TIME"
        . q{ ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')});
    is verify('--since', $since)->{kinds}, '',
        "$name: it is found where it is, and nowhere else";
    sleep 1.1;
}


# ---- what merely breaks

my $since = $db->selectrow_array("SELECT to_char(clock_timestamp() AT TIME"
    . q{ ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')});
my $before = verify()->{kinds};

sub backends () {
    return @{ $db->selectcol_arrayref('SELECT pid FROM pg_stat_activity WHERE'
        . " usename = 'pupil_gateway' AND datname = 'pupil'") };
}

my %faults = (
    'a killed worker' => sub { $nginx->kill_worker },
    'a reload' => sub { $nginx->reload(wait => 1) },
    'a stop and a start' => sub { $nginx->quit; $nginx->start },
    'terminated backends' => sub {
        $db->do("SELECT pg_terminate_backend($_)") for backends();
    },
    'a log that fails' => sub {
        $db->do("ALTER TABLE $log ADD CONSTRAINT no CHECK (outcome <>"
                . " 'allowed') NOT VALID");
        sleep 0.5;
        $db->do("ALTER TABLE $log DROP CONSTRAINT no");
    },
);

for my $name (sort keys %faults) {
    my $load = $chaos->start;
    for (1 .. 3) {
        sleep 0.7;
        $faults{$name}->();
    }
    sleep 0.7;
    is "@{ $chaos->end($load)->{faults} }", '', "$name: all clients ended";
    my $found;
    for (1 .. 20) {       # what is left is declared within seconds
        work();
        $found = verify();
        last if $found->{kinds} eq $before;
        sleep 0.5;
    }
    is $found->{kinds}, $before, "$name is no finding" or diag $found->{text};
}

# The gaps that are declared hide no other: the comparison can fail.
my $whole = findings();
$db->do("DELETE FROM $log WHERE request = ?", {}, inner($since));
isnt findings(), $whole, 'one that is deleted then is found';

$nginx->allow_log(qr/an answer did not carry|worker process \d+ exited/);
done_testing;
