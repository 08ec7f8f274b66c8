#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# With acceptance by two, whoever made a plan, or met a roster that is held, has
# it done by somebody else: whatever the way, and both are on record.

use lib 't/lib';
use Pupil::Test;
use Pupil::Roster;
use JSON::XS ();

my $site = pupil_up;
my ($db, $keys) = ($site->db, $site->keystore);
my $all = root_dir() . '/t/roster/cases/oneroster';
my ($users, $in) = map { slurp("$all/$_") } 'users.csv', 'enrollments.csv';
my $me = (getpwuid $<)[0];
my @two = ({ env => { PUPIL_ACCEPTANCE => 'two' } });

sub folder (%change) {
    return roster_folder({ name => 'plan-second', format => 'oneroster' }, 1,
                         %change);
}
sub ctl (@words) {
    my $run = $site->ctl(@words, '--json', $site->ctl_where, @two);
    return { %$run, json => eval { JSON::XS::decode_json($run->{out}) } // {} };
}
sub import ($folder, @options) {
    return ctl('import', 'oneroster', $folder, '--close-absent', @options);
}
sub by ($who) {
    $keys->do('UPDATE keystore.import_plan SET made_by = ?', {}, $who);
}
sub record ($note) {
    return 0 + $db->selectrow_array('SELECT count(*) FROM pupil.audit_record'
        . ' WHERE note LIKE ?', {}, "%os=$me%$note%");
}
sub alone ($run, $plan, $what) {
    is $run->{code}, 3, "$what is not one person's";
    like $run->{err}, qr/plan $plan was made by $me: .* another person/,
        "$what: and why";
}

is import(folder())->{code}, 0, 'what nobody has to accept is taken';

my $plan = import(folder('users.csv' => $users =~ s/Alva/Alma/r), '--plan')
    ->{json}{apply} // 'none';
alone ctl('import', 'apply', $plan), $plan, 'a plan';
is record("accept=$plan made_by=$me"), 1, 'on record';
alone import(folder('users.csv' => $users =~ s/Alva/Alma/r), '--apply', $plan),
    $plan, 'with its files, too';
by('another');
is ctl('import', 'apply', $plan)->{code}, 0, 'another person\'s is applied';
is record("apply=$plan made_by=another"), 1, 'and both are on record';

my ($some, $rest) = ($users, $in);
$some =~ s/^p$_,.*\n//m, $rest =~ s/^e-p$_,.*\n//m for 1 .. 6;
my @half = ('users.csv' => $some, 'enrollments.csv' => $rest);
my $run = import(folder(@half));
is $run->{code}, 3, 'half a roster is held';
$plan = $run->{json}{plan} // 'none';
alone import(folder(@half), '--accept', $plan), $plan, 'what is held';
alone ctl('import', 'apply', $plan), $plan, 'without its files, too';
$run = import(folder(@half), '--confirm-removal');
is $run->{code}, 2, 'nor is it confirmed alone';
like $run->{err}, qr/is for --plan/, 'and why';
is import(folder(@half), '--confirm-removal', '--plan')->{code}, 0,
    'but planned';
$keys->do('DELETE FROM keystore.import_plan');
like import(folder(@half), '--accept', $plan)->{err},
    qr/nobody else has made plan $plan/, 'what nobody has planned is not done';
import(folder(@half));
by('another');
$run = import(folder(@half), '--accept', $plan);
is $run->{code}, 0, 'what another person met is accepted' or diag $run->{err};
is $run->{json}{closed}, 6, 'and done';

@two = ({ env => { PUPIL_ACCEPTANCE => 'three' } });
is ctl('import', 'apply', $plan)->{code}, 2, 'one or two';

done_testing;
