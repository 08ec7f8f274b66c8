#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# A category that was written tomorrow, in a folder of its own: it is shown to
# its subject, with who looked, handed back, expired and erased by what its
# plugin declares, without a line for it anywhere else.

use lib 't/lib';
use Pupil::Test;
use Pupil::Badge;
use Pupil::Day;

use JSON::XS qw(decode_json);

my $site = pupil_up(import => 1);
my $dir = tmp_dir();
my $plugins = "$dir/plugins";
mkdir $plugins or die "$plugins: $!\n";
symlink $_, "$plugins/" . (split m{/}, $_)[-1] or die "$_: $!\n"
    for glob Pupil::Nginx::plugins() . '/pupil_*.so';
my $object = badge_add($site, $plugins);
my @where = ($site->ctl_where, '--plugins', $plugins);

my $day = Pupil::Day->up(site => $site, pupil => "pupil_plugin $object;\n");
my ($db, $keys) = ($day->db, $site->keystore);
my %id = map { $_ => $day->person($_)->{id} } qw(pupil classmate);

sub badges ($who) {
    return 0 + $db->selectrow_array('SELECT count(*) FROM data.badge WHERE'
                                    . ' owner = ?', {}, $id{$who});
}

sub ctl (@args) {
    my $run = $site->ctl(@args, @where);
    is $run->{code}, 0, "@args[0, 1]" or diag $run->{err};
    return $run->{out};
}


# ---- shown

for my $who (qw(pupil classmate)) {
    is_status $day->as($who)->patch('/v1/data/badge', json => {
        motto => "Per aspera, $who", points => 3 }), 200, "$who writes";
}
my $shown = $day->pupil->get('/v1/data/badge')->json->{records}[0];
is "$shown->{motto}, $shown->{points}", 'Per aspera, pupil, 3', 'it is shown';
my @looked = grep { $_->{category} eq 'badge' }
             @{ $day->pupil->get('/v1/me/audit?limit=100')->json->{events} };
is join(' ', sort map { $_->{operation} } @looked), 'read write',
    'and who looked';
like ctl(subject => 'show', $id{pupil}), qr/badge\D+1/, 'the officer sees it';


# ---- handed back

run_cmd('age-keygen', '-o', "$dir/identity");
my ($public) = slurp("$dir/identity") =~ /public key: (age1\S+)/;
spew("$dir/recipients", "$public\n");
ctl(tenant => 'export', '--to', "$dir/archive", '--recipients',
    "$dir/recipients");
my $opened = run_cmd('bash', '-o', 'pipefail', '-c',
    "age -d -i '$dir/identity' '$dir/archive' | tar -xO --wildcards"
    . " 'badge/*.json'");
is join(', ', sort map { $_->{motto} } @{
    (eval { decode_json($opened->{out}) } // {})->{badge} // [] }),
    'Per aspera, classmate, Per aspera, pupil', 'it is handed back'
    or diag $opened->{err};


# ---- erased, and expired

ctl(subject => 'erase', $id{classmate});
is badges('classmate'), 0, 'it is erased';
is badges('pupil'), 1, 'and nobody else\'s';

ctl(subject => 'close', $id{pupil});
sub closed ($days) {
    $db->do("UPDATE pupil.closed SET at = now() - interval '$days days'"
        . ' WHERE subject = ?', {}, $id{pupil});
    $keys->do("UPDATE keystore.owner_key SET changed_at = now() - interval"
        . " '$days days' WHERE owner = ? AND state = 'recovery'", {},
        $id{pupil});
    return decode_json(ctl(retention => 'run', '--json'))->{expired}{badge} // 0;
}
is closed(365 + 29), 0, 'its time is not over';
is closed(365 + 31), 1, 'it expires by what its plugin declares';
is badges('pupil'), 0, 'and is gone';

done_testing;
