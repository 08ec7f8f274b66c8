#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# A new plugin with an indexed field: migrate makes the key of its index for
# each tenant that is there; where one is missing all the same, the log says so.

use lib 't/lib';
use Pupil::Test;
use Pupil::Class;

my $class = Pupil::Class->up;
my $site = $class->site;
my $pupil = $class->person('pupil');
my $dir = tmp_dir() . '/new';

mkdir $dir;
run_cmd('cp', '-rT', Pupil::Nginx::plugins(), "$dir/lib");
run_cmd('cp', '-rT', root_dir() . '/sql', "$dir/sql");
run_cmd('cp', '-rT', root_dir() . '/plugins', "$dir/sql/plugins");
run_cmd('cp', build_dir() . '/t/plugins/nickname.so',
        "$dir/lib/pupil_nickname.so");
mkdir "$dir/sql/plugins/nickname";
spew("$dir/sql/plugins/nickname/nickname.sql", <<'');
CREATE TABLE data.nickname (
    tenant uuid NOT NULL, owner uuid NOT NULL, record uuid NOT NULL,
    key_version integer NOT NULL, source text NOT NULL,
    updated_at timestamptz NOT NULL,
    nickname bytea NOT NULL, class_id uuid NOT NULL, used_in uuid[],
    times bigint, PRIMARY KEY (tenant, owner, record));
SELECT pupil.protect('nickname');

my $second = $site->ctl_ok('tenant', 'add', 'Grannkommunen',
    $site->ctl_databases)->{out};
chomp $second;

sub indexes { $site->keystore->selectcol_arrayref('SELECT tenant FROM'
    . q{ keystore.service_key WHERE name = 'index:nickname.nickname'}
    . ' ORDER BY tenant') }

my @migrate = ('migrate', '--database', $site->pg->conninfo('pupil'),
    '--keystore', $site->pg->conninfo('pupil_keys'), '--plugins', "$dir/lib",
    '--sql', "$dir/sql", '--ticket', 'nicknames');


# ---- migrate

my $run = $site->ctl(@migrate);
is $run->{code}, 1, 'without the key file';
like $run->{err}, qr/index.*nickname.*--key/, 'it says what is missing';
is_deeply indexes(), [], 'and makes none';

$run = $site->ctl(@migrate, '--key', $site->key);
is $run->{code}, 0, 'with it' or diag $run->{err};
is_deeply indexes(), [sort $site->tenant, $second],
    'each tenant has the key of the index';
is $site->ctl(@migrate)->{code}, 0, 'nothing is missing the next time';


# ---- and what is missing all the same

sub nginx () {
    my $nginx = $site->nginx(pupil =>
        "pupil_plugin $dir/lib/pupil_nickname.so;\n")->start;
    my $http = $nginx->http;
    is_status $http->login(@$pupil{qw(login password)}), 200, 'a log-in';
    my $res = $http->patch('/v1/data/nickname', json => {
        id => uuid(), nickname => 'Nisse', class_id => $class->class_id });
    return ($nginx, $res);
}

my ($nginx, $res) = nginx();
is_status $res, 200, 'a value with an index is stored';

$site->keystore->do(
    q{DELETE FROM keystore.service_key WHERE name = 'index:nickname.nickname'});
($nginx, $res) = nginx();
is_problem $res, 500, 'internal', name => 'no key for the index';
my ($id, $log) = ($res->request_id, $nginx->log_text);
like $log, qr/\[(?:error|crit)\].*pupil: .*\Q$id\E/,
    'is a line with the id of the request';

done_testing;
