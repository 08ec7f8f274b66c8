#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# The end of a tenant, killed with SIGKILL at every step: the same command again,
# or pupilctl work, ends it as if it had not been, and meanwhile pupilctl migrate
# does what it does for the others.

use lib 't/lib';
use Pupil::Test;
use Pupil::Campaign;
use Pupil::Killed;

use JSON::XS ();

my $site = pupil_up(import => 1);
my ($db, $keys, $dir) = ($site->db, $site->keystore, tmp_dir());
mkdir "$dir/checkpoints" or die "$dir: $!\n";
$site->ctl_ok('erasure', 'key', '--key', $site->key);
my @ledger = ('--ledger', "$dir/ledger");
my @databases = $site->ctl_databases;

# A tenant with somebody in it.
sub tenant ($name) {
    my $id = JSON::XS::decode_json($site->ctl_ok('tenant', 'add', $name,
        '--json', @databases)->{out})->{tenant};
    $site->ctl_ok('user', 'add', "officer-$name", 'dpo', '--tenant', $id,
                  @databases);
    return $id;
}

sub words ($id, $name, @more) {
    return ('tenant', 'offboard', $name, '--without-export',
            '--key-backup-days', 5, @ledger, @more, '--tenant', $id, @databases);
}

sub seal { $site->ctl_ok('audit', 'seal', '--checkpoints', "$dir/checkpoints",
                         @databases) }

# The command again, until what it says is that all is done.
sub again ($id, $name) {
    my $run = $site->ctl(words($id, $name));
    if ($run->{err} =~ /is not sealed/) {
        seal();
        $run = $site->ctl(words($id, $name));
    }
    return $run;
}

# All that there is of it: keys, rows of tables, the state of its tables, entries
# of the ledgers, records of its end.
sub left ($id) {
    my %count = map { $_ => 0 + $keys->selectrow_array('SELECT count(*) FROM'
        . " keystore.$_ WHERE tenant = ?", {}, $id) }
        qw(tenant_key service_key owner_key floor gone ledger);
    $count{copies} = 0 + $db->selectrow_array('SELECT count(*) FROM pupil.ledger'
        . ' WHERE tenant = ?', {}, $id);
    for my $table (@{ $db->selectcol_arrayref('SELECT name FROM'
        . ' pupil.offboarded()') })
    {
        my $n = $db->selectrow_array("SELECT count(*) FROM $table WHERE tenant"
            . ' = ?', {}, $id) or next;
        $count{$table} = 0 + $n;
    }
    $count{"erasure $_->[0]"} = $_->[1] for @{ $db->selectall_arrayref('SELECT'
        . ' state, count(*) FROM pupil.erasure WHERE tenant = ? GROUP BY state',
        {}, $id) };
    $count{records} = $db->selectrow_array('SELECT count(*) FROM'
        . " pupil.audit_record WHERE tenant = ? AND note LIKE '%offboard=1%'",
        {}, $id);
    return \%count;
}

my @tables = @{ $db->selectcol_arrayref('SELECT name FROM pupil.offboarded()') };
cmp_ok scalar @tables, '>', 15, 'tables with rows of tenants';
my %end = (tenant_key => 0, service_key => 0, owner_key => 0, floor => 0,
           gone => 1, ledger => 1, copies => 1, records => 1,
           'erasure done' => scalar @tables);


# ---- each step, of a tenant of its own

my @steps = (
    ['the entry', 0, pupil_keys => 'LOCK TABLE keystore.ledger IN SHARE MODE'],
    ['its copy', 0, pupil => 'LOCK TABLE pupil.ledger IN SHARE MODE'],
    ['the record', 0, pupil => 'LOCK TABLE pupil.audit_record IN SHARE MODE'],
    ['the end of its audit', 1, pupil =>
     'LOCK TABLE pupil.seal_retained IN SHARE MODE'],
    ['the mirror', 1],
    ['the end of the keys', 1, pupil_keys =>
     'LOCK TABLE keystore.gone IN SHARE MODE'],
    (map { ["the keys in $_", 1, pupil_keys =>
            "LOCK TABLE keystore.$_ IN SHARE MODE"] }
         qw(owner_key service_key tenant_key)),
    ['the list of tables', 1, pupil => 'LOCK TABLE pupil.erasure IN SHARE MODE'],
);
my $n = 0;

for my $step (@steps) {
    my ($name, $sealed, @lock) = @$step;
    my $town = 'town' . ++$n;
    my $id = tenant($town);
    if ($sealed) {
        $site->ctl(words($id, $town));
        seal();
    }
    if (@lock) {
        ok killed_at($site, \@lock, words($id, $town)), "$name: killed";
    } else {
        ok ended_by($site, 9, build_dir() . '/pupilctl', words($id, $town),
                    '--mirror', KILLER), "$name: killed";
    }
    isnt left($id)->{'erasure done'} // 0, scalar @tables, "$name: not done";

    if ($n % 2 && $sealed) {
        my $run = $site->ctl('work', @ledger, '--tenant', $id, @databases);
        is $run->{code}, 0, "$name: work" or diag $run->{err};
    } else {
        my $run = again($id, $town);
        is $run->{code}, 0, "$name: again" or diag $run->{err};
        like $run->{out}, qr/^$id erased, entry 1 of /, "$name: the receipt";
    }
    is_deeply left($id), \%end, "$name: the same end";
}


# ---- each table, of one tenant, one kill behind the other

my $id = tenant('city');
$site->ctl(words($id, 'city'));
seal();
my $migrated = 0;

for my $table (one_in(3, 0, @tables)) {
    ok killed_at($site, [pupil => "LOCK TABLE $table IN SHARE MODE"],
                 words($id, 'city')), "$table: killed";
    is 0 + $db->selectrow_array("SELECT count(*) FROM pupil.erasure WHERE tenant"
        . " = ? AND name = ? AND state = 'open'", {}, $id, $table), 1,
        "$table: open";
    next if $migrated++;

    # its keys are gone and its row is there, while others are migrated
    is left($id)->{tenant_key} . left($id)->{'pupil.tenant'}, '01',
        'without keys, and not done';
    my $run = $site->ctl('migrate', '--database', $site->pg->conninfo('pupil'),
        '--keystore', $site->pg->conninfo('pupil_keys'), '--key', $site->key);
    is $run->{code}, 0, 'migrate while it waits' or diag $run->{err};
    is left($id)->{service_key}, 0, 'which makes no key of it';
}
is $site->ctl('work', @ledger, @databases)->{code}, 0, 'work ends it';
is_deeply left($id), \%end, 'the same end';


# ---- once it has ended

ok killed_at($site, [pupil => 'LOCK TABLE data.contact IN SHARE MODE'],
             words($id, 'city')), 'killed as it ends again';
is_deeply left($id), \%end, 'what is done stays done';

# What a version of before left open.
$db->do("UPDATE pupil.erasure SET state = 'open' WHERE tenant = ? AND name <>"
    . " 'data.contact'", {}, $id);
is $site->ctl('restore', 'replay', @ledger, @databases)->{code}, 0, 'replay';
is_deeply left($id), \%end, 'finds what is open';


# ---- what somebody keeps in a table

my $late = tenant('late');
$site->ctl(words($late, 'late'));
seal();
$db->do($_) for "INSERT INTO pupil.closed (tenant, subject) VALUES ('$late',"
    . ' gen_random_uuid())', 'CREATE FUNCTION public.keep() RETURNS trigger'
    . " LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'", 'CREATE TRIGGER keep'
    . ' BEFORE DELETE ON pupil.closed FOR EACH ROW EXECUTE FUNCTION'
    . ' public.keep()';
my $run = $site->ctl(words($late, 'late'));
is $run->{code}, 1, 'is not done';
like $run->{err}, qr/pupil\.closed has rows of this tenant still/, 'and said';
$db->do('DROP FUNCTION public.keep CASCADE');
is $site->ctl('work', @ledger, @databases)->{code}, 0, 'work';
is_deeply left($late), \%end, 'finds it once nobody does';


# ---- all of them

is $site->ctl('work', @ledger, @databases)->{code}, 0, 'and has nothing to do';
is $site->ctl('audit', 'verify', $site->ctl_where)->{code}, 0,
    'the audit of the others verifies';
is_deeply [sort(slurp("$dir/ledger") =~ /^tenant (\S+)$/mg)],
    $keys->selectcol_arrayref('SELECT tenant FROM keystore.ledger ORDER BY'
    . ' tenant::text'), 'each is in the file, once';

done_testing;
