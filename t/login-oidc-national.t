#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# Log-in by a national number, as a broker of BankID says it: the account is
# found by a keyed hash, and the number is in no database, log or record (I5,
# I14).  And by which of its schools somebody may come.

use lib 't/lib';
use Pupil::Test;
use Pupil::Provider;

my $NUMBER = '191212121212';
my $idp = Pupil::Provider->new;
my $site = pupil_up(import => 1);
my $db = $site->db;
my $conf = sub ($name, $words) {
    my $conf = $idp->server_conf(name => $name, words => $words);
    $conf =~ s/^(pupil_login_provider.*?;)//ms;
    return "location /$name { pupil_login; $1 } $conf";
};


# ---- what the directive asks for

sub refused ($name, $words, $says) {
    my $test = $site->nginx(server => $conf->(bank => $words))->test;
    isnt $test->{code}, 0, "not without $name";
    like $test->{err}, $says, "$name: as it says";
}
refused('a level of assurance', 'profile=bankid claim=ssn', qr/needs loa=/);
refused('a claim', 'profile=bankid loa=high', qr/needs claim=/);

my $nginx = $site->nginx(server => join '',
    $conf->(bank => 'profile=bankid claim=ssn loa=urn:loa:3,urn:loa:4'
            . ' prefix=bankid:'),
    $conf->(skol => 'profile=eppn loa=http://id.swedenconnect.se/loa/1.0/loa2'
            . ' schools=12345678,23456789'),
    $conf->(uni => 'profile=uni-login schools=101001'))->start;


# ---- a number's name

sub name_of ($number, @more) {
    return $site->ctl('user', 'national', @more, $site->ctl_where,
                      { stdin => $number });
}
my $run = name_of("$NUMBER\n", 'bankid:');
is $run->{code}, 0, 'a national number has a log-in name' or diag $run->{err};
my ($name) = $run->{out} =~ /^(bankid:[0-9a-f]{64})$/;
ok $name, 'which does not tell it' or diag $run->{out};
$name //= 'none';
is name_of("19121212-1212\n$NUMBER\n", 'bankid:')->{out}, "$name\n$name\n",
    'however it is written, for each line';
isnt name_of("191212121213\n", 'bankid:')->{out}, "$name\n", 'another\'s is another';
is name_of("$NUMBER\n")->{out}, $name =~ s/^bankid://r . "\n", 'or without a prefix';
for my $case (['nothing', "\n"], ['too short', "12345\n"],
              ['too long', '1' x 33 . "\n"], ['a name', "Anna \x{c3}\x{a5}\n"],
              ['one of two', "$NUMBER\nx\n"])
{
    $run = name_of($case->[1]);
    isnt $run->{code}, 0, "$case->[0] is no number";
    like $run->{err}, qr/line \d+ is no national number/, 'as it says';
    unlike $run->{err}, qr/1212|1111|Anna/, 'without it';
}
for my $line ('19121212' . ' ' x 55 . "1212\n", '19121212' . ' ' x 56 . '1212',
              "191212121212\0 191212121213\n")
{
    my $cut = name_of($line);
    is $cut->{code}, 1, 'a line of no end is refused';
    is $cut->{out}, '', 'and is not two numbers';
}


# ---- there and back

my $id = $site->ctl_ok('user', 'add', $name, 'dpo', $site->ctl_where)->{out};
chomp $id;

sub visit ($where, %claims) {
    $idp->tell(claims => \%claims);
    my $http = $nginx->http;
    my $back = $idp->authorize($http->get("/$where/$where"));
    return ($http->get($back), $http);
}

my ($res, $http) = visit(bank => ssn => $NUMBER, acr => 'urn:loa:3');
is_status $res, 303, 'whoever has that number is logged in';
is $http->get('/v1/session')->json->{user}{id}, $id, 'as who it is';
is_status +(visit(bank => ssn => '19121212-1212', acr => 'urn:loa:4'))[0], 303,
    'however the broker writes it';
for my $case (['a level that is not enough', acr => 'urn:loa:2', ssn => $NUMBER],
              ['no level', ssn => $NUMBER],
              ['no number', acr => 'urn:loa:3'],
              ['an empty one', acr => 'urn:loa:3', ssn => ''],
              ['one that is none', acr => 'urn:loa:3', ssn => "$NUMBER/../x"],
              ['a number of JSON', acr => 'urn:loa:3', ssn => 191212121212],
              ['several', acr => 'urn:loa:3', ssn => [$NUMBER]])
{
    my ($what, %claims) = @$case;
    is_problem +(visit(bank => %claims))[0], 403, 'login-doubted',
        name => "refused: $what";
}
is_problem +(visit(bank => ssn => '191212121220', acr => 'urn:loa:3'))[0], 403,
    'unknown-account', name => 'another\'s number';
is_problem +(visit(bank => ssn => substr($name, 7), acr => 'urn:loa:3'))[0],
    403, 'login-doubted', name => 'the hash, which is no number';


# ---- it is nowhere

my (@found, $looked);
for my $one ($db, $site->keystore) {
    my $tables = $one->selectcol_arrayref(<<'');
SELECT c.oid::regclass::text FROM pg_class c WHERE c.relkind = 'r'
   AND c.relnamespace::regnamespace::text IN ('pupil', 'data', 'keystore')

    for my $table (@$tables) {
        my $rows = $one->selectcol_arrayref("SELECT t::text FROM $table AS t");
        $looked += @$rows;
        push @found, $table
            if grep { /19?121212-?12|@{[unpack 'H*', $NUMBER]}/ } @$rows;
    }
}
cmp_ok $looked, '>', 100, 'rows are looked at';
is_deeply \@found, [], 'in none is the number';
unlike $nginx->log_text . slurp($nginx->dir . '/access.log'),
    qr/19?121212-?12/, 'nor in a log';


# ---- of which school

my ($pupil, $teacher) = map { $site->person($_) } qw(OKlein CBeane);
my $LOA = 'http://id.swedenconnect.se/loa/1.0/loa2';
sub of_school ($where, $name, $status, %claims) {
    my ($res) = visit($where => %claims);
    return is_status $res, 303, $name if $status == 303;
    return is_problem $res, 403, 'login-doubted', name => $name;
}
my %skol = (eppn => $teacher->{login}, acr => $LOA);
of_school(skol => 'a school unit that is named', 303, %skol,
          sisSchoolUnitCode => '23456789');
of_school(skol => 'one of several', 303, %skol,
          sisSchoolUnitCode => ['99999999', '12345678']);
of_school(skol => 'another school unit', 403, %skol,
          sisSchoolUnitCode => '99999999');
of_school(skol => 'a part of its code', 403, %skol,
          sisSchoolUnitCode => '1234567');
of_school(skol => 'none', 403, %skol);
of_school(skol => 'several of others', 403, %skol,
          sisSchoolUnitCode => [99999999, '99999998', []]);
of_school(skol => 'another level, which is a URI', 403, eppn => $teacher->{login},
          sisSchoolUnitCode => '12345678', acr => "${LOA}x");
my %uni = (uniid => $pupil->{login});
of_school(uni => 'an institution that is named', 303, %uni,
          institution_ids => ['A05001', '101001']);
of_school(uni => 'others', 403, %uni, institution_ids => ['A05001']);

done_testing;
