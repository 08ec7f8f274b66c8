#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I18: a log-in name, or an e-mail address, that passes from one person to
# another is the other's from then on, whatever old row of the blind index is
# put back: its MAC fits, but the sealed value that it stands for is another.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

my $day = Pupil::Day->up(conf => { pupil_session_zone => undef });
my ($db, $site, $nginx) = ($day->db, $day->site, $day->nginx);
$nginx->allow_log(qr/\[crit\].*pupil\.blind_index is not authentic/);
my ($one, $two) = map { $day->person($_) } qw(teacher colleague);

# Imports the roster with a teacher's file that is changed, until all is done:
# a name that somebody has at the beginning is another's only afterwards.
sub import_with ($change) {
    my $folder = tmp_dir() . '/roster';
    mkdir $folder;
    for my $path (glob root_dir() . '/docs/quickstart/data/sds-100-users/*.csv')
    {
        my ($name) = $path =~ m{([^/]+)$};
        my $text = slurp($path);
        $text = $change->($text) if $name eq 'Teacher.csv';
        spew("$folder/$name", $text);
    }
    $site->ctl('import', 'sds', $folder, '--dates', 'open', $site->ctl_where)
        for 1 .. 2;
}

sub row_of ($id, $category, $field) {
    return $db->selectrow_array('SELECT to_json(b)::text FROM'
        . ' pupil.blind_index AS b WHERE owner = ? AND category = ?'
        . ' AND field = ?', {}, $id, $category, $field);
}

sub put_back ($row) {
    $db->do('DELETE FROM pupil.blind_index AS b USING'
        . ' json_populate_record(NULL::pupil.blind_index, ?::json) AS o'
        . ' WHERE b.term = o.term AND b.category = o.category', {}, $row);
    $db->do('INSERT INTO pupil.blind_index SELECT * FROM'
        . ' json_populate_record(NULL::pupil.blind_index, ?::json)', {}, $row);
}

sub logs_in ($as, $who) {
    return $nginx->http->login($as, $who->{password})->status;
}

sub addressed ($first, $second) {
    return sub ($text) {
        $text =~ s/^(.*),CBeane,(.*?,.*?,.*?),,,/$1,CBeane,$2,$first,,/m
            or die "no line of the one\n";
        $text =~ s/^(.*),DTodd,(.*?,.*?,.*?),,,/$1,DTodd,$2,$second,,/m
            or die "no line of the other\n";
        return $text;
    };
}


# ---- an e-mail address

my @mail = map { "$_\@school.example" } qw(office annex);
import_with(addressed(@mail));
is logs_in($mail[0], $one), 200, 'an e-mail address';
my $old = row_of($one->{id}, 'contact', 'email');
import_with(addressed("kept.$mail[0]", $mail[1]));
import_with(addressed("kept.$mail[0]", $mail[0]));
is logs_in($mail[0], $two), 200, q{is another's by now};
put_back($old);
is logs_in($mail[0], $one), 401, 'who had it before does not log in with it';
is logs_in("kept.$mail[0]", $one), 200, 'but with the address of today';


# ---- a log-in name

$old = row_of($one->{id}, 'credential', 'login_id');
import_with(sub ($text) {
    $text =~ s/\bCBeane\b/CBeane2/g;
    return $text =~ s/\bDTodd\b/CBeane/gr;
});
is logs_in('CBeane', $two), 200, q{a log-in name is another's by now};
my $tampered = tampered();
put_back($old);
is logs_in('CBeane', $one), 401, 'who had it before does not log in with it';
is logs_in('CBeane2', $one), 200, 'but with the name of today';
is tampered(), $tampered + 1, 'which is recorded';

for my $command ([qw(user show CBeane)], [qw(user role add CBeane dpo)],
                 [qw(subject lock --login CBeane)])
{
    my $run = $site->ctl(@$command, $site->ctl_where);
    is $run->{code}, 1, "@$command: nobody" or diag $run->{out};
}
is $db->selectrow_array(q{SELECT count(*) FROM pupil.role WHERE role = 'dpo'}
    . ' AND subject = ?', {}, $one->{id}), 0, 'and nothing is given';
is $site->ctl(qw(user show CBeane2), $site->ctl_where)->{code}, 0,
    'by the name of today there is somebody';

sub tampered () {
    return $db->selectrow_array('SELECT count(*) FROM pupil.audit_record'
        . " WHERE outcome = 'tampered'");
}

done_testing;
