#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# What decides that a key is destroyed is the key store's word: how long recovery
# and periods last, which categories are held, who was closed and when.  Rows and
# functions of the data database alone make nobody go, nor end a hold.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

my $day = Pupil::Day->up(workers => 1)->all_here;
my ($site, $db, $keys) = ($day->site, $day->db, $day->site->keystore);
my $id = $day->person('colleague')->{id};

sub ctl (@args) {
    my $run = $site->ctl(@args, $site->ctl_where);
    is $run->{code}, 0, "@args[0, 1]" or diag $run->{err};
    return $run->{out};
}

sub states {
    return join ' ', $db->selectrow_array('SELECT state FROM pupil.owner WHERE'
        . ' owner = ?', {}, $id), $keys->selectrow_array('SELECT state'
        . ' FROM keystore.owner_key WHERE owner = ?', {}, $id);
}

sub addresses {
    return 0 + $db->selectrow_array('SELECT count(*) FROM data.network');
}

# As the key store has it, too.
sub closed ($days) {
    $db->do("UPDATE pupil.closed SET at = now() - interval '$days days'");
    $keys->do("UPDATE keystore.owner_key SET changed_at = now() - interval"
        . " '$days days' WHERE state = 'recovery'");
}


# ---- when recovery is over

ctl(subject => 'close', $id);
closed(3);

# There is no such table any more: whoever makes one says nothing with it.
my $tenant = $site->tenant;
$db->do('SET client_min_messages = warning');
$db->do('CREATE TABLE IF NOT EXISTS pupil.retention (tenant uuid, name text,'
    . ' days integer, reference text)');
$db->do('GRANT SELECT ON pupil.retention TO pupil_operator');
$db->do("INSERT INTO pupil.retention (tenant, name, days, reference) SELECT"
    . " '$tenant', n, 1, 'A 2020-1' FROM unnest(ARRAY['recovery', 'identity',"
    . " 'credential', 'contact', 'example', 'legal']) AS n");
unlike ctl('retention', 'list'), qr/A 2020-1/,
    'a row of the data database narrows no period';
ctl('retention', 'run');
is states(), 'recovery recovery', 'nobody goes by such a row';

$db->do('CREATE OR REPLACE FUNCTION pupil.recovery_days() RETURNS integer'
    . " LANGUAGE sql AS 'SELECT -1000000'");
ctl('retention', 'run');
is states(), 'recovery recovery', 'nor by a function';
closed(370);
$db->do('DELETE FROM pupil.plugin WHERE category IN'
    . " ('identity', 'credential', 'contact')");
ctl('retention', 'run');
is states(), 'recovery recovery', 'nor early, because the data'
    . ' database does not have a category that counts from it';
closed(3);
my $more = $site->ctl('subject', 'reopen', $id, $site->ctl_where);
is $more->{code}, 0, 'the account can be opened again: that is the key'
    . " store's word, too" or diag $more->{err};


# ---- a category that is held

$db->do("UPDATE data.network SET updated_at = now() - interval '40 days'");
my $held = addresses();
cmp_ok $held, '>', 0, 'there are addresses';
ctl('retention', 'hold', 'network', '--reference', 'A 1');
$db->do('DELETE FROM pupil.retention_hold');
ctl('retention', 'run');
is addresses(), $held, 'a hold whose row is gone from the data database is one';
like ctl('retention', 'upcoming'), qr/^network .*, held: A 1$/m, 'and seen';

ctl('retention', 'confirm', 'network', '--reference', 'A 2');
$db->do('INSERT INTO pupil.retention_hold (tenant, category, reference) VALUES'
    . " (?, 'network', 'A 0')", {}, $site->tenant);
ctl('retention', 'run');
is addresses(), $held, 'either of the two holds, as what was held before does';
ctl('retention', 'confirm', 'network', '--reference', 'A 3');
ctl('retention', 'run');
is addresses(), 0, 'what is confirmed expires';

$keys->do('REVOKE INSERT ON keystore.retention_hold FROM pupil_operator');
is $site->ctl('retention', 'hold', 'progress', '--reference', 'A 4',
              $site->ctl_where)->{code}, 1,
    'that the key store was not told is said';
$keys->do('GRANT INSERT ON keystore.retention_hold TO pupil_operator');

is $site->ctl('audit', 'verify', $site->ctl_where)->{code}, 0,
    'the audit verifies';

done_testing;
