#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# pupilctl user add: somebody whom no roster has, such as a data protection
# officer, gets an account with a role, logs in, and acts in it.

use lib 't/lib';
use JSON::XS qw(decode_json);
use Pupil::Test;
use Pupil::Class;

my $class = Pupil::Class->up;
my ($site, $db) = ($class->site, $class->db);
my ($login, $password) = ('R.Fortune@example', 'A long password, 2026');

sub add ($name, $role, @more) {
    return $site->ctl('user', 'add', $name, $role, @more, $site->ctl_where);
}
sub counts {
    return join ' ', map { $db->selectrow_array("SELECT count(*) FROM $_") }
        qw(pupil.owner pupil.subject pupil.role pupil.blind_index
           data.credential pupil.audit_record);
}


# ---- an account

my $run = add($login, 'dpo', '--json');
is $run->{code}, 0, 'a data protection officer' or diag $run->{err};
my $id = eval { decode_json($run->{out})->{id} } // '';
like $id, qr/^[0-9a-f-]{36}$/, 'its pseudonym';
unlike "$run->{out}$run->{err}", qr/Fortune/, 'and no name';

my $shown = $site->ctl('user', 'show', $login, '--json', $site->ctl_where);
is $shown->{code}, 0, 'is there' or diag $shown->{err};
$shown = eval { decode_json($shown->{out}) } // {};
is $shown->{status}, 'active', 'active';
is_deeply [map { "$_->{role} $_->{source}" } @{ $shown->{roles} // [] }],
    ['dpo operator'], 'with that role, from the operator';
is_deeply $db->selectall_arrayref('SELECT category, fields, purpose,'
    . ' outcome FROM pupil.audit_event WHERE ?::uuid = ANY (subjects)'
    . " AND operation = 'write' ORDER BY category", { Slice => {} },
    $id || uuid()),
    [map { +{ category => $_->[0], fields => $_->[1], outcome => 'allowed',
              purpose => 'administration' } }
     ['credential', ['login_id']],
     ['enrolment', [qw(school_id role from to)]]], 'on record';

my $http = $class->nginx->http;
is_problem $http->login($login, $password), 401, 'invalid-credentials',
    name => 'no password yet';
$site->password($login, $password) if $id;
$http = $class->nginx->http;
my $res = $http->login($login, $password);
is_status $res, 200, 'logs in';
is $res->json->{user}{role}, 'dpo', 'as what it is';
$res = $http->get('/v1/data/identity/' . $class->person('pupil')->{id});
is_status $res, 200, 'and acts';
is eval { $res->json->{relation} }, 'dpo', 'as one';
is_deeply eval { $http->get('/v1/data/credential')->json->{records} },
    [{ id => $id, source => 'operator', login_id => $login }], 'sees what is stored of itself';

my ($school) = @{ $class->teacher->get('/v1/session')->json->{institutions} };
is add('m.head', 'school_admin', '--institution', $school->{id})->{code}, 0,
    'a school administrator';


# ---- refused, and nothing is left

my $folder = tmp_dir() . '/roster';
mkdir $folder or die "$folder: $!\n";
for my $path (glob root_dir() . '/docs/quickstart/data/sds-100-users/*.csv') {
    my ($name) = $path =~ m{([^/]+)$};
    my $text = slurp($path);
    $text =~ s/^(.*,DTodd,.*?,Active,.*?),,/$1,Daisy.Todd\@school.example,/m
        or die "$name: nobody\n" if $name eq 'Teacher.csv';
    spew("$folder/$name", $text);
}
$site->ctl_ok('import', 'sds', $folder, '--dates', 'open', $site->ctl_where);

my $before = counts();
my @refused = (
    ['a name that somebody has', ['CBeane', 'dpo'], qr/already/],
    ['in another spelling', [uc $login, 'dpo'], qr/already/],
    ['an address that somebody logs in with',
     ['daisy.todd@SCHOOL.example', 'dpo'], qr/e-mail address/],
    ['a name that is none', ["a b", 'dpo'], qr/log-in name/],
    ['an empty name', ['', 'dpo'], qr/log-in name/],
    ['no such role', ['x.y', 'headmaster'], qr/roles are/],
    ['a school role without a school', ['x.y', 'teacher'],
     qr/needs --institution/],
    ['a school that is none',
     ['x.y', 'teacher', '--institution', uuid()], qr/no such institution/],
    ['a role of all schools at one',
     ['x.y', 'dpo', '--institution', $school->{id}], qr/whole tenant/],
);
for my $case (@refused) {
    my ($name, $args, $says) = @$case;
    $run = add(@$args);
    isnt $run->{code}, 0, "$name: refused";
    like $run->{err}, $says, "$name: and why";
}
is counts(), $before, 'nothing of them is stored';
is $site->ctl('user', 'add', 'x.y', 'dpo', (grep { $_ ne 'test'
    && $_ ne '--ticket' } $site->ctl_where))->{code}, 2, 'not without a ticket';

done_testing;
