#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# An account that has a log-in name for a password has another one beside it, by
# which a national log-in knows it: both ways end in one account, until the name
# is taken away, and then also when old rows are put back (I18).

use lib 't/lib';
use Pupil::Test;
use Pupil::Provider;

my $NAME = 'uni-20481632';
my $idp = Pupil::Provider->new;
my $site = pupil_up(import => 1);
my $db = $site->db;
my $nginx = $site->nginx(conf => { pupil_session_zone => undef },
    server => $idp->server_conf . 'location /v1/login/ { pupil_login; }')
    ->start;
my ($teacher, $pupil) = map { $site->person($_) } qw(CBeane OKlein);

sub link_to ($login, $name) {
    return $site->ctl('user', 'link', $login, $name, $site->ctl_where);
}

sub unlink_from ($login) {
    return $site->ctl('user', 'unlink', $login, $site->ctl_where);
}

sub visit ($name = $NAME) {
    my $http = $nginx->http;
    $idp->tell(claims => { uniid => $name });
    my $res = $idp->visit($http);
    return wantarray ? ($res, $http) : $res;
}

sub is_in ($id, $name) {
    my ($res, $http) = visit();
    is_status $res, 303, "$name: logged in";
    is $http->get('/v1/session')->json->{user}{id}, $id, "$name: as who it is";
    return $http;
}

sub is_out ($name, @as) {
    my $res = visit(@as);
    is_problem $res, 403, 'unknown-account', name => $name;
    return $res;
}

sub password ($who, @login) {
    return $nginx->http->login($login[0] // $who->{login}, $who->{password});
}

# What there is to be told of since it was asked last, by notice and by mail.
sub told ($id = $teacher->{id}) {
    my @told = map { @{ $db->selectcol_arrayref("SELECT kind FROM pupil.$_"
        . ' WHERE subject = ?', {}, $id) } } qw(notice outbox);
    $db->do("DELETE FROM pupil.$_") for qw(notice outbox);
    return "@told";
}

sub tampered () {
    return scalar $db->selectrow_array('SELECT count(*) FROM'
        . " pupil.audit_record WHERE outcome = 'tampered'");
}


# ---- two names, one account

is_out('a name that nobody has');
told();
my $run = link_to($teacher->{login}, $NAME);
is $run->{code}, 0, 'an account has it beside its own' or diag $run->{err};
is "$run->{out}$run->{err}", '', 'and nothing is said of it';
is told(), 'login_name_changed login_name_changed', 'but to whose it is';
my $in = is_in($teacher->{id}, 'the provider\'s name');
my $res = password($teacher);
is_status $res, 200, 'its own name, with the password';
is $res->json->{user}{id}, $teacher->{id}, 'is the same account';
is_status password($teacher, $NAME), 401,
    'the provider\'s name and the password: nobody';
is tampered(), 0, 'which is no finding';
is_out('another spelling of it', uc $NAME);
is_deeply $db->selectall_arrayref('SELECT fields, operation, outcome FROM'
    . ' pupil.audit WHERE note = ?', {}, 'user=link'),
    [[['external_id'], 'write', 'allowed']], 'it is on record'
    if $db->selectrow_array("SELECT to_regclass('pupil.audit') IS NOT NULL");
is scalar(grep { /\Q$NAME\E/ } map { @{ $db->selectcol_arrayref(
    "SELECT t::text FROM $_ AS t") } } qw(data.credential pupil.blind_index
    pupil.audit_record)), 0, 'the name itself is in no row';


# ---- whose it is

for my $case (
    ['the same name', $pupil->{login}, $NAME, qr/this name already/],
    ['in another spelling', $pupil->{login}, uc $NAME, qr/this name already/],
    ['the name of somebody\'s password', $pupil->{login}, $teacher->{login},
     qr/this name already/],
    ['one\'s own', $pupil->{login}, $pupil->{login}, qr/this name already/],
    ['a second one', $teacher->{login}, 'uni-2', qr/has a second name already/],
    ['what is no name', $pupil->{login}, 'a b', qr/is no log-in name/],
    ['an account that nobody has', 'nobody', 'uni-2', qr/nobody logs in/])
{
    my ($what, $login, $name, $says) = @$case;
    $run = link_to($login, $name);
    isnt $run->{code}, 0, "refused: $what";
    like $run->{err}, $says, "$what: as it says";
    unlike $run->{err}, qr/$teacher->{id}|$teacher->{login}|\Q$NAME\E/,
        "$what: not whose it is";
}
$site->ctl_ok('user', 'add', 'newcomer', 'dpo', $site->ctl_where);
$run = link_to('newcomer', 'uni-2');
isnt $run->{code}, 0, 'refused: an account without a password';
like $run->{err}, qr/no password that counts/, 'as it says';
$run = $site->ctl('user', 'add', uc $NAME, 'dpo', $site->ctl_where);
isnt $run->{code}, 0, 'nor is there a new account of that name';
like $run->{err}, qr/somebody logs in with this name already/, 'as it says';


# ---- it stays

$site->import_demo;
is_in($teacher->{id}, 'after a roster');
my $roster = tmp_dir() . '/roster';
run_cmd('cp', '-r', root_dir() . '/docs/quickstart/data/sds-100-users', $roster);
spew("$roster/Student.csv",
     slurp("$roster/Student.csv") =~ s/\b\Q$pupil->{login}\E\b/\U$NAME/gr);
$run = $site->ctl('import', 'sds', $roster, '--dates', 'open',
                  $site->ctl_where);
like "$run->{out}$run->{err}", qr/log-in name is linked to another account/,
    'a roster gives it to nobody else';
is_in($teacher->{id}, 'after that one');
$teacher->{password} = 'Another password, 2026';
$site->password(@$teacher{qw(login password)});
is_in($teacher->{id}, 'after a new password');
is_problem $in->get('/v1/session'), 401, 'no-session',
    name => 'which ended the session before';


# ---- it is taken away

my %old = map { $_ => $db->selectcol_arrayref(
    "SELECT row_to_json(t)::text FROM $_ AS t WHERE owner = ?", {},
    $teacher->{id}) } qw(data.credential pupil.blind_index);

# As somebody could who can write the database.
sub put_back ($table, $rows) {
    $db->begin_work;
    $db->do("DELETE FROM $table WHERE owner = ?", {}, $teacher->{id});
    $db->do("INSERT INTO $table SELECT * FROM json_populate_record(NULL::"
        . "$table, ?::json)", {}, $_) for @$rows;
    $db->commit;
}

$in = is_in($teacher->{id}, 'until then');
told();
$run = unlink_from($teacher->{login});
is $run->{code}, 0, 'it is taken away' or diag $run->{err};
is told(), 'login_name_changed login_name_changed', 'and they are told';
is_out('the name is nobody\'s');
is_problem $in->get('/v1/session'), 401, 'no-session',
    name => 'who came by it is logged out';
is_status password($teacher), 200, 'the password is as it was';
is tampered(), 0, 'all of this is as it should be';
my %new = map { $_ => $db->selectcol_arrayref(
    "SELECT row_to_json(t)::text FROM $_ AS t WHERE owner = ?", {},
    $teacher->{id}) } keys %old;

put_back('pupil.blind_index', $old{'pupil.blind_index'});
is_out('its old row of the index');
is tampered(), 1, 'is found, and on record';
put_back('data.credential', $old{'data.credential'});
is_out('and with it the old credential');
is_status password($teacher), 401, 'whose password counts no more, either';
put_back($_, $new{$_}) for keys %new;
is_status password($teacher), 200, 'with what is of now it does';

$run = unlink_from($teacher->{login});
isnt $run->{code}, 0, 'not twice';
like $run->{err}, qr/has no second name/, 'as it says';
is_status password($teacher), 200, 'and nothing has ended';


# ---- and is another's

is link_to($pupil->{login}, $NAME)->{code}, 0, 'another account has it';
is_in($pupil->{id}, 'there');
is unlink_from($pupil->{login})->{code}, 0, 'and no more';
is link_to($teacher->{login}, $NAME)->{code}, 0, 'the first has it again';
is_in($teacher->{id}, 'again');

done_testing;
