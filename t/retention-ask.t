#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# A category of which nothing goes that nobody has confirmed: it is seen thirty
# days before, stays where nobody looks, and goes once it is confirmed, which is
# good for what was seen.  The key store's word, as keys are destroyed by it.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

use JSON::XS ();

my $day = Pupil::Day->up(workers => 1)->all_here;
my ($site, $db, $keys) = ($day->site, $day->db, $day->site->keystore);
my $id = $day->person('colleague')->{id};

sub ctl (@args) {
    my $run = $site->ctl('retention', @args, $site->ctl_where);
    is $run->{code}, 0, "retention @args[0 .. ($#args > 1 ? 1 : $#args)]"
        or diag $run->{err};
    return $run->{out};
}

# Addresses that have expired, those that have not left aside.
sub expired {
    return 0 + $db->selectrow_array('SELECT count(*) FROM data.network WHERE'
        . " updated_at < now() - interval '30 days'");
}

sub closed { return $db->selectrow_array('SELECT state FROM pupil.owner WHERE'
    . ' owner = ?', {}, $id) }

sub confirmed_before ($days) {
    $keys->do('UPDATE keystore.retention_confirm SET confirmed_at = now() -'
        . " ?::integer * interval '1 day'", {}, $days);
}

# Copies of what there was.
sub more {
    $db->do('INSERT INTO data.network (tenant, owner, record, key_version,'
        . ' source, updated_at, address, seen_at, facts) SELECT tenant, owner,'
        . ' gen_random_uuid(), key_version, source, now() - interval '
        . "'40 days', address, seen_at, facts FROM kept_network");
}
$db->do('CREATE TEMPORARY TABLE kept_network AS SELECT * FROM data.network');


# ---- asked

is $site->ctl('retention', 'ask', 'network', $site->ctl_where)->{code}, 2,
    'by a decision alone';
like $site->ctl('retention', 'ask', 'hobby', '--reference', 'A 1',
                $site->ctl_where)->{err}, qr/no plugin.*hobby/,
    'of a category that there is';
like ctl('ask', 'network', '--reference', 'A 1'),
    qr/^network to be confirmed: A 1$/, 'said';
$db->do("UPDATE data.network SET updated_at = now() - interval '40 days'");
my $all = expired();
cmp_ok $all, '>', 0, 'addresses have expired';
like ctl('upcoming'), qr/^network +$all of \d+, held: A 1, until it is confirmed$/m,
    'seen, with what it waits for';
ctl('run');
is expired(), $all, 'what nobody has confirmed stays';
my ($network) = grep { $_->{category} eq 'network' } @{ JSON::XS::decode_json(
    ctl('upcoming', '--json'))->{upcoming} };
is $network->{held}, 'A 1, until it is confirmed', 'as JSON';

# Nor does anybody go with it.
$site->ctl_ok('subject', 'close', $id, $site->ctl_where);
$db->do("UPDATE pupil.closed SET at = now() - interval '500 days'");
$keys->do("UPDATE keystore.owner_key SET changed_at = now() - interval '500"
    . " days' WHERE state = 'recovery'");
ctl('run');
is closed(), 'recovery', 'nobody is erased with it';


# ---- confirmed

ctl('confirm', 'network', '--reference', 'A 2');
unlike ctl('upcoming'), qr/^network .*held/m, 'confirmed: nothing holds it';
ctl('run');
is expired(), 0, 'it goes';
is closed(), 'erased', 'and whoever waited for it';
is_deeply $keys->selectrow_arrayref('SELECT reference, confirmation FROM'
    . ' keystore.retention_confirm'), ['A 1', 'A 2'], 'by these decisions';

confirmed_before(29);
more();
ctl('run');
is expired(), 0, 'within thirty days so does what was seen with it';
confirmed_before(31);
more();
my $left = expired();
ctl('run');
is expired(), $left, 'what comes later is to be confirmed again';

ctl('confirm', 'network', '--reference', 'A 3');
ctl('hold', 'network', '--reference', 'A 4');
ctl('run');
is expired(), $left, 'what is held since is held';
like ctl('upcoming'), qr/^network .*, held: A 4$/m, 'by that decision';
ctl('confirm', 'network', '--reference', 'A 5');
ctl('run');
is expired(), 0, 'confirmed once more';


# ---- asked again, and no more

confirmed_before(31);
more();
ctl('ask', 'network', '--reference', 'A 6');
ctl('run');
is expired(), $left, 'asked by another decision';
ctl('unask', 'network', '--reference', 'A 7');
ctl('run');
is expired(), 0, 'asked no more: it goes by itself';
my $notes = join "\n", @{ $db->selectcol_arrayref('SELECT note FROM'
    . " pupil.audit_record WHERE note ~ 'retention=network' ORDER BY at") };
like $notes, qr/$_/, "on record: $_" for 'retention=network asked',
    'retention=network confirmed', 'retention=network unasked';


# ---- the key store's word

ctl('ask', 'audit', '--reference', 'A 8');
like ctl('upcoming'), qr/^audit .*, held: A 8, until it is confirmed$/m,
    'the audit, too';
$keys->do('REVOKE INSERT ON keystore.retention_confirm FROM pupil_operator');
is $site->ctl('retention', 'ask', 'progress', '--reference', 'A 9',
              $site->ctl_where)->{code}, 1, 'what it was not told is said';
$keys->do('GRANT INSERT ON keystore.retention_confirm TO pupil_operator');
$keys->begin_work;
$keys->do("SELECT set_config('pupil.tenant', ?, true)", {}, $site->tenant);
$keys->do('INSERT INTO keystore.gone (tenant) VALUES (?)', {}, $site->tenant);
is $keys->selectrow_array('SELECT count(*) FROM keystore.retention_confirm'), 0,
    'and goes with the keys of its tenant';
$keys->rollback;
is $site->ctl('audit', 'verify', $site->ctl_where)->{code}, 0,
    'the audit verifies';

done_testing;
