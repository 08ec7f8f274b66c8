#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# Another address of a member of staff: they are told, and so is whoever reads
# the mail of the old one, by a mail that names nobody; and the old one, put back
# by who can write the database, gets no mail any more, and no link.  Of another
# name to log in with they are told, too.

use lib 't/lib';
use utf8;
use Pupil::Test;
use Pupil::Clock;
use Pupil::Day;
use Pupil::Outbox;
use Pupil::Relay;
use Pupil::Util;

my $PAGE = 'https://skolan.example/losenord';

my $site = pupil_up(import => 1);
Pupil::Outbox::addresses($site);
my $relay = Pupil::Relay->new;
my $clock = Pupil::Clock->new;
my $day = Pupil::Day->up(site => $site, start => 0,
    conf => { pupil_mail => "sv forgotten=$PAGE" });
$clock->of_all($day->pg);
my $nginx = $day->nginx;
$nginx->start;
$day->ready;
my $db = $day->db;
my ($teacher, $colleague) = map { $day->person($_) } qw(teacher colleague);
my $old = lc "$teacher->{login}\@skolan.example";
my $new = "new-$old";

sub work { $site->ctl('work', $relay->options, $site->ctl_where) }
sub outbox { $db->selectrow_array('SELECT count(*) FROM pupil.outbox') }
sub forget { $db->do("DELETE FROM pupil.$_") for qw(login_throttle outbox) }
sub told ($who) {
    return join ' ', @{ $db->selectcol_arrayref('SELECT kind FROM pupil.notice'
        . ' WHERE subject = ? ORDER BY at', {}, $who->{id}) };
}
sub forgotten ($who) {
    is_status $nginx->http->post('/v1/login/forgotten', json => {
        identifier => $who->{login} }), 202, "$who->{login} has forgotten";
}
sub records ($note) {
    return join ' ', @{ $db->selectcol_arrayref('SELECT outcome FROM'
        . " pupil.audit_record WHERE role = 'operator' AND note LIKE ?"
        . ' AND ? = ANY (subjects) ORDER BY at', {}, "%$note",
        $teacher->{id}) };
}

# The roster, in which this teacher has another address, and name.
sub roster ($address, $name = $teacher->{login}) {
    my $from = tmp_dir() . '/addresses';
    my $to = tmp_dir() . '/roster';
    mkdir $to if !-d $to;
    for my $file (glob "$from/*.csv") {
        spew($to . $file =~ s{.*(?=/)}{}r, slurp($file)
            =~ s/\Q$old\E/$address/r =~ s/,\Q$teacher->{login}\E,/,$name,/r);
    }
    $site->ctl_ok('import', 'sds', $to, '--dates', 'open', $site->ctl_where);
}


# ---- who is told

$db->do('DELETE FROM pupil.notice');
my @rows = map { $day->rows_of($_, $teacher->{id}) }
    qw(data.contact pupil.blind_index);
roster($old);
is told($teacher) . outbox(), '0', 'the same address: nobody is told';
roster($new);
is told($teacher), 'address_changed', 'another one: they are, at once';
is told($colleague), '', 'and nobody else';
is outbox(), 1, 'there is one mail';
is work()->{code}, 0, 'which is sent';
my ($mail, @more) = $relay->mails;
is scalar(@more), 0, 'one';
is "@{ $mail->{to} }", $old, 'to the old address';
unlike $mail->{body}, qr/\Q$teacher->{login}\E(?!\@)/i, 'and it names nobody';
like $mail->{body}, qr/fått en annan/, 'that there is another';
unlike $mail->{body}, qr/\Q$new\E/, 'and not which';
is records('mail=address_changed'), 'allowed', 'on record';
forget();
roster($new);
is told($teacher), 'address_changed', 'the same again: no more';


# ---- which one has a link

forgotten($teacher);
is work()->{code}, 0, 'it is sent';
($mail) = $relay->mails;
is "@{ $mail->{to} }", $new, 'to the new one';
my @now = map { $day->rows_of($_, $teacher->{id}) }
    qw(data.contact pupil.blind_index);
for my $case ([1, 'the address'], [2, 'it, and the row of the index']) {
    my ($n, $what) = @$case;
    forget();
    $day->put_back($_) for @rows[0 .. $n - 1];
    forgotten($teacher);
    is outbox(), 1, "$what of before, put back";
    is work()->{code}, 0, 'is looked at';
    is scalar(my @none = $relay->mails), 0, 'and nothing is sent';
    is outbox(), 0, 'nor ever is';
    is records('row=outbox'), join(' ', ('tampered') x $n), 'on record';
}
$day->put_back($_) for @now;
forget();
forgotten($teacher);
work();
is join(' ', map { @{ $_->{to} } } $relay->mails), $new,
    'the one that is in force has links';


# ---- a number of its own, of which nobody makes another

$db->do('UPDATE pupil.blind_index SET numbered = set_byte(numbered, 35,'
    . ' get_byte(numbered, 35) + 1) WHERE numbered IS NOT NULL');
forget();
forgotten($teacher);
work();
is scalar(my @none = $relay->mails), 0, 'under another number it does not count';
roster($old);
forget();
forgotten($teacher);
work();
is join(' ', map { @{ $_->{to} } } $relay->mails), $old,
    'what a roster gives back is in force';
forget();
$db->do('DELETE FROM pupil.notice');


# ---- the mail to the old one

roster($new);
is $db->do('UPDATE pupil.outbox SET sealed = set_byte(sealed, 30,'
    . ' get_byte(sealed, 30) # 1)'), 1, 'an address in the outbox';
work();
is scalar(@none = $relay->mails), 0, 'that somebody has changed gets none';
like records('row=outbox'), qr/tampered$/, 'on record';


# ---- another name to log in with

my $name = 'beane.of.the.seventh';
sub status_of ($who) {
    $db->do('DELETE FROM pupil.login_throttle');
    return $nginx->http->login($who, $teacher->{password})->status;
}
is status_of($teacher->{login}), 200, 'the name that there is';
forget();
$db->do('DELETE FROM pupil.notice');
roster($new, $name);
is told($teacher), 'login_name_changed', 'another one: they are told';
is told($colleague), '', 'and nobody else';
work();
($mail, @more) = $relay->mails;
is scalar(@more), 0, 'by one mail';
is "@{ $mail->{to} }", $new, 'to the address that there is';
like $mail->{body}, qr/loggar in .* logger ind .* log in/s, 'of names';
unlike "$mail->{head}$mail->{body}", qr/\Q$name\E|\Q$teacher->{login}\E(?!\@)/i,
    'which it does not say';
is records('mail=login_name_changed'), 'allowed', 'on record';
is_deeply [map { status_of($_) } $name, $teacher->{login}], [200, 401],
    'it is the name, and the other is none';
$db->do('DELETE FROM pupil.notice');
roster($new, $name);
is told($teacher) . outbox(), '0', 'the same again: nobody is told';
forget();

done_testing;
