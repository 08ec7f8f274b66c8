#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I18: pupilctl does not go by a row that was revoked either.  What an account's
# row of before says is no reason to open it, nor to close it; it is shown as
# revoked, and the account is what an officer makes it anew.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

use JSON::XS ();

my $day = Pupil::Day->up(conf => { pupil_session_zone => undef });
my ($db, $keys, $site, $nginx) =
    ($day->db, $day->site->keystore, $day->site, $day->nginx);
my %person = map { $_ => $day->person($_) } qw(classmate colleague teacher);
my %id = map { $_ => $person{$_}{id} } keys %person;

sub ctl (@args) { return $site->ctl(@args, $site->ctl_where) }

sub done (@args) {
    my $run = ctl(@args);
    is $run->{code}, 0, "@args[0, 1]" or diag $run->{err};
    return $run->{out};
}

sub row_of ($who) { return $day->rows_of('pupil.subject', $id{$who}) }

sub log_in ($who) {
    return $nginx->http->login(@{ $person{$who} }{qw(login password)})
                 ->status;
}

sub state_of ($who) {
    return $keys->selectrow_array('SELECT state FROM keystore.owner_key'
        . ' WHERE owner = ?', {}, $id{$who});
}


# ---- closed, which the key store has not heard of; locked before that

done(subject => 'lock', $id{colleague});
my $locked = row_of('colleague');
$keys->do('ALTER FUNCTION keystore.close RENAME TO gone');
is ctl(subject => 'close', $id{colleague})->{code}, 1, 'closed, by half';
$keys->do('ALTER FUNCTION keystore.gone RENAME TO close');
$db->do("UPDATE pupil.owner SET state = 'active' WHERE owner = ?", {},
        $id{colleague});
$day->put_back($locked);
my $run = ctl(subject => 'unlock', $id{colleague});
is $run->{code}, 1, 'the row of a locked account, put back, is not unlocked';
like $run->{err}, qr/revoked.*subject lock or close/, 'with what to do';
is log_in('colleague'), 401, 'nobody logs in';
done(subject => 'close', $id{colleague});
is state_of('colleague'), 'recovery', 'it can be closed';
$run = ctl(subject => 'unlock', $id{colleague});
like $run->{err}, qr/is closed/, 'and is';
done(subject => 'reopen', $id{colleague});
is log_in('colleague'), 200, 'and can be opened again';


# ---- active, put back over locked

my $active = row_of('classmate');
done(subject => 'lock', $id{classmate});
$day->put_back($active);
for my $command ([subject => 'show', $id{classmate}],
                 [user => 'show', $person{classmate}{login}])
{
    my $name = "$command->[0] show";
    like done(@$command), qr/^$id{classmate} .*active, revoked$/m,
        "$name: revoked";
    my $shown = eval { JSON::XS::decode_json(done(@$command, '--json')) } // {};
    ok $shown->{revoked}, "$name: in JSON, too";
}
$run = ctl(subject => 'unlock', $id{classmate});
is $run->{code}, 1, 'it is not taken for one that may be opened';
done(subject => 'lock', $id{classmate});
done(subject => 'unlock', $id{classmate});
is log_in('classmate'), 200, 'locked anew it can be unlocked';
my $shown = eval { JSON::XS::decode_json(
    done(user => 'show', $person{classmate}{login}, '--json')) } // {};
ok defined $shown->{revoked} && !$shown->{revoked}, 'and is not revoked';


# ---- closed, put back over another revocation

done(subject => 'close', $id{teacher});
my $closed = row_of('teacher');
done(subject => 'reopen', $id{teacher});
done(subject => $_, $id{teacher}) for qw(lock unlock);
$day->put_back($closed);
ctl('retention', 'run');
is state_of('teacher'), 'active', 'nobody is closed by a row of before';
done(subject => $_, $id{teacher}) for qw(lock unlock);
is log_in('teacher'), 200, 'and is what an officer says';


# ---- a row that nobody has signed

$db->do("UPDATE pupil.subject SET status = 'locked' WHERE subject = ?", {},
        $id{classmate});
$run = ctl(user => 'show', $person{classmate}{login});
is $run->{code}, 1, 'user show: what somebody changed is not shown';
like $run->{err}, qr/was changed/, 'user show: and is said';

done_testing;
