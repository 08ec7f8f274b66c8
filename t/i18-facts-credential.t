#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I18: what belongs together in a credential, and that there is one, is
# authentic: nobody takes a second factor or a name away, or puts one there,
# unseen, and log-ins, passwords and imports keep what they do not touch.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

my $day = Pupil::Day->up(conf => { pupil_session_zone => undef });
my ($db, $site, $nginx) = ($day->db, $day->site, $day->nginx);
$nginx->allow_log(qr/\[crit\].* is not authentic/);
my %person = map { $_ => $day->person($_) } qw(teacher pupil classmate);
my $id = $person{pupil}{id};
$db->do('ALTER TABLE data.credential DROP CONSTRAINT IF EXISTS has_facts');

sub log_in ($who = 'pupil', $password = $person{$who}{password}) {
    $db->do('DELETE FROM pupil.login_throttle');
    return $nginx->http->login($person{$who}{login}, $password);
}

sub notes ($res) {
    return join '; ', @{ $db->selectcol_arrayref('SELECT note FROM'
        . " pupil.audit_record WHERE request = ? AND outcome = 'tampered'"
        . ' ORDER BY note', {}, $res->request_id) };
}

sub changed ($set, $code) {
    my ($row) = $db->selectrow_array('SELECT row_to_json(c)::text FROM'
        . ' data.credential AS c WHERE owner = ?', {}, $id);
    my $done = eval { $db->do("UPDATE data.credential SET $set WHERE owner ="
                              . ' ?', {}, $id) } // 0;
    return diag("$set: $done rows") if $done != 1;
    my @found = $code->();
    $db->do('DELETE FROM data.credential WHERE owner = ?', {}, $id);
    $db->do('INSERT INTO data.credential SELECT * FROM json_populate_record('
            . 'NULL::data.credential, ?)', {}, $row);
    return @found;
}


# ---- a log-in

is_status log_in(), 200, 'a credential as it was stored lets in';
for my $case (['login_id = NULL', 'login_id'],
    ['second_factor = password_hash', 'second_factor'],
    ['facts = NULL', 'facts'], ['password_hash = NULL', 'password_hash'])
{
    my ($set, $why) = @$case;
    my ($status, $notes) = changed($set, sub {
        my $res = log_in();
        return $res->status, notes($res) });
    is $status, 401, "$set: nobody is let in";
    is $notes, "data.credential $id of $id: $why", "$set: on record";
}
is_status log_in(), 200, 'as it was, it lets in';
my $res = log_in('pupil', 'not the password');
is_status $res, 401, 'a wrong password';
is notes($res), '', 'is no finding';
$res = $nginx->http->login('nobody-has-this-name', 'no password');
is_status $res, 401, 'an unknown name';
is notes($res), '', 'neither';


# ---- a hash of another cost is made anew, and bound

$nginx->set(http => $site->http_conf(conf => { pupil_session_zone => undef })
    . 'pupil_password_hash memory=32m iterations=3;');
$day->reload;
is_status log_in(), 200, 'a log-in that makes a new hash';
is_status log_in(), 200, 'which lets in, too';


# ---- a password

my $secret = 'Another password, 2026';
sub password { $site->ctl('user', 'password', $person{pupil}{login},
                          $site->ctl_where, { stdin => "$secret\n" }) }
is password()->{code}, 0, 'a new password';
is_status log_in('pupil', $secret), 200, 'lets in';
my ($code, $text) = changed('second_factor = password_hash', sub {
    my $run = password();
    return $run->{code}, $run->{err} });
is $code, 1, 'none is set where somebody changed the credential';
like $text // '', qr/second_factor.* not as it was stored/, 'and it is said';
is_status log_in('pupil', $secret), 200, 'the one that was set lets in';


# ---- an import that changes the name

my $data = root_dir() . '/docs/quickstart/data/sds-100-users';
my $copy = tmp_dir() . '/roster';
run_cmd('cp', '-r', $data, $copy);
sub renamed ($from, $to) {
    my $file = "$copy/Student.csv";
    spew($file, slurp($file) =~ s/\b\Q$from\E\b/$to/gr);
    return $site->ctl('import', 'sds', $copy, '--dates', 'open',
                      $site->ctl_where);
}
is renamed('OKlein', 'OKlein2')->{code}, 0, 'a name changes';
$person{pupil}{login} = 'OKlein2';
is_status log_in('pupil', $secret), 200, 'the password is kept';
($code, $text) = changed('second_factor = password_hash', sub {
    my $run = renamed('OKlein2', 'OKlein3');
    return $run->{code}, $run->{err} });
is $code, 1, 'not where somebody changed the credential';
like $text // '', qr/second_factor.* not as it was stored/, 'and it is said';
is renamed('OKlein2', 'OKlein3')->{code}, 0, 'else it does';
$person{pupil}{login} = 'OKlein3';
is_status log_in('pupil', $secret), 200, 'the password is kept';

done_testing;
