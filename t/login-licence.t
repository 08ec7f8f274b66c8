#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# UNI-Login says whether a school has a licence, as a text: where the operator
# asks for one, whoever has none gets as far as who is not known, and that is on
# record.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;
use Pupil::Provider;

my $idp = Pupil::Provider->new;
my $site = pupil_up(import => 1);
my $there = Pupil::Day::neighbour($site);
my ($db, $pupil) = ($site->db, $site->person('OKlein'));
my $conf = sub ($name, $words, $more = '') {
    my $conf = $idp->server_conf(name => $name, words => "profile=uni-login $words");
    $conf =~ s/^(pupil_login_provider.*?;)//ms;
    return "location /$name { pupil_login; $1 $more } $conf";
};
my $tenants = join ' ', map { "pupil_login_tenant $_->[0] id=$_->[1]{tenant}"
    . " schools=$_->[2];" } [north => $site, '280321,280322'],
                            [south => $there, '280323'];
my $nginx = $site->nginx(server => join '', $conf->(any => ''),
    $conf->(paid => 'licensed'), $conf->(page => 'licensed failed=/app/'),
    $conf->(many => 'licensed choose=/choose', $tenants))->start;

sub visit ($where, $is, %claims) {
    $idp->tell(mode => 'good', claims => { uniid => $pupil->{login},
        has_license => $is, %claims });
    my $http = $nginx->http;
    my $res = $http->get($idp->authorize($http->get("/$where/$where")));
    return ($res, $http, $db->selectall_arrayref(<<'', {}, $res->request_id));
SELECT outcome, array_to_string(subjects, ' ') FROM pupil.audit_record
 WHERE request = ? AND role <> 'gateway'

}

sub refused ($name, $whom, $res, $http, $records) {
    is_problem $res, 403, 'no-licence', name => $name;
    like $res->json->{detail}, qr/Ask your school/, 'says whom to ask';
    is $http->cookies->{'__Host-pupil'}, undef, 'nobody is logged in';
    is_deeply $records, [['refused', $whom]], 'on record, and of whom';
}


# ---- what is one, and what is not

my ($res, $http, $records) = visit(paid => 'true');
is_status $res, 303, 'whose school has a licence';
is $http->get('/v1/session')->json->{user}{id}, $pupil->{id}, 'is logged in';
for my $case (['says that there is none', 'false'], ['is empty', ''],
              ['is spelt otherwise', 'True'], ['has a blank', 'true '],
              ['goes on', 'true,false'], ['is a boolean', \1],
              ['is a number', 1], ['is a list', ['true']], ['is null', undef])
{
    refused("what $case->[0] is none", $pupil->{id}, visit(paid => $case->[1]));
}
$idp->tell(mode => 'no_license', claims => { uniid => $pupil->{login} });
$http = $nginx->http;
is_problem $http->get($idp->authorize($http->get('/paid/paid'))), 403,
    'no-licence', name => 'nor is what is not there';
is_status +(visit(any => 'false'))[0], 303, 'by default none is asked for';


# ---- a page, and who would not be let in anyway

($res, $http, $records) = visit(page => 'false');
is $res->header('location'), '/app/?login=no-licence', 'a page is told';
is_deeply $records, [['refused', $pupil->{id}]], 'on record as ever';
($res) = visit(paid => 'false', uniid => 'nobody-of-ours');
is_problem $res, 403, 'unknown-account', name => 'who is not known is not that';


# ---- of several tenants

refused('who is of one of them', $pupil->{id},
        visit(many => 'false', institution_ids => ['280322']));
refused('who would choose', '',
        visit(many => 'false', institution_ids => ['280321', '280323']));
($res) = visit(many => 'true', institution_ids => ['280321', '280323']);
is $res->header('location'), '/choose', 'who has one chooses';

done_testing;
