#!/usr/bin/perl

# docs/plugin-guide.md, done as it says: its code against the installed header
# alone, loaded by a module that knows nothing of it.

use lib 't/lib';
use Pupil::Test;
use Digest::SHA qw(sha256_hex);
use MIME::Base64 qw(encode_base64);

my $root = root_dir();
my $dest = tmp_dir() . '/dest';
my $work = tmp_dir() . '/work';
my $guide = slurp("$root/docs/plugin-guide.md");

mkdir $_ for $dest, $work;

sub block ($kind, $n = 0) {
    my @found = $guide =~ /^```\Q$kind\E\n(.*?)^```$/msg;
    return $found[$n] // die "no block $kind $n in the guide\n";
}


# ---- the guide's own promises

my @lines = split /\n/, block('c');
cmp_ok scalar(@lines), '<=', 80, 'at most 80 lines of C: ' . @lines;
unlike block('c'), qr/^#include (?!"pupil_plugin\.h"|<std)/m,
    'one header, and the C library';


# ---- install, build

delete @ENV{qw(MAKEFLAGS MFLAGS MAKELEVEL B SAN COV T CFLAGS NGX_SRC
               NGX_OBJS)};
my $variant = $ENV{PUPIL_SANITIZE} || build_dir() =~ m{/cov$};
my $build = $variant ? 'build' : build_dir() =~ s{^\Q$root\E/}{}r;
my $run = run_cmd('make', '-C', $root, '--no-print-directory', "B=$build",
                  "DESTDIR=$dest", 'install', { timeout => 300 });
is $run->{code}, 0, "make install" or diag $run->{out}, $run->{err};

spew("$work/locker.c", block('c'));
spew("$work/locker.sql", block('sql'));
my %where = (PLUGIN_DIR => "$dest/usr/lib/pupil/plugins",
             SQL_DIR => "$dest/usr/share/pupil/sql",
             PKG_CONFIG_PATH => "$dest/usr/share/pkgconfig",
             PKG_CONFIG_SYSROOT_DIR => $dest,
             PKG_CONFIG_ALLOW_SYSTEM_CFLAGS => 1);
$run = run_cmd('sh', '-exc', block('sh'), { dir => $work, env => \%where });
is $run->{code}, 0, 'the commands of the guide build and install it'
    or diag $run->{err};
my $object = "$where{PLUGIN_DIR}/pupil_locker-1.0.0.so";
ok -f $object, 'under a versioned name' or BAIL_OUT($run->{err});
$run = run_cmd('nm', '-D', '--defined-only', $object);
is join(' ', $run->{out} =~ / T (\S+)/g), 'pupil_plugin', 'exporting one symbol';


# ---- migrate, check, load

my $module = Pupil::Nginx::module();
my $before = -f $module ? sha256_hex(slurp($module)) : '';
my $site = pupil_up(import => 1);
my @as_owner = ('--database', $site->pg->conninfo('pupil'),
                '--plugins', $where{PLUGIN_DIR}, '--sql', $where{SQL_DIR},
                '--ticket', 'lockers, version 1');

for my $time ('migrate applies it', 'once more changes nothing') {
    $run = $site->ctl('migrate', @as_owner);
    is $run->{code}, 0, $time or diag $run->{out}, $run->{err};
}
is_deeply $site->db->selectcol_arrayref(
    'SELECT category FROM pupil.plugin WHERE category = ?', undef, 'locker'),
    ['locker'], 'and its grants are noted';

my $newer = block('sql') =~ s/CREATE TABLE/$& IF NOT EXISTS/r
    . "ALTER TABLE data.locker ADD COLUMN IF NOT EXISTS floor bytea;\n";
spew("$where{SQL_DIR}/plugins/locker/locker.sql", $newer);
$run = $site->ctl('migrate', @as_owner);
is $run->{code}, 0, 'a newer file is applied on top'
    or diag $run->{out}, $run->{err};

my $load = block('nginx') =~ s{/usr/lib/pupil/plugins}{$where{PLUGIN_DIR}}r;
my $nginx = $site->nginx(pupil => $load);
is $nginx->test->{code}, 0, 'nginx -t' or diag $nginx->test->{err};
$run = $site->ctl('check', $nginx->conf_file, '--plugins', $where{PLUGIN_DIR},
                  $site->ctl_where);
is $run->{code}, 0, 'pupilctl check' or diag $run->{out}, $run->{err};
$nginx->start;


# ---- who may what

my %person = map { $_->[0] => $site->person($_->[1]) }
    [teacher => 'CBeane'], [pupil => 'OKlein'], [admin => 'FFlowers'];
my %http = map { $_ => $nginx->http } keys %person;
for my $who (sort keys %person) {
    is_status $http{$who}->login(@{ $person{$who} }{qw(login password)}), 200,
        "the $who logs in";
}
my $id = $person{pupil}{id};
my %value = (number => 'Q-8361', remark => 'The hinge squeaks dreadfully.');

my $res = $http{pupil}->patch('/v1/data/locker', json => {
    locker_number => lc $value{number}, remark => $value{remark} });
is_status $res, 200, 'a pupil writes';

$res = $http{pupil}->get('/v1/data/locker');
is_status $res, 200, 'and reads';
is_deeply $res->json, {
    category => 'locker', subject => $id, relation => 'self',
    purpose => 'subject_access', next => undef,
    records => [{ id => $id, source => 'user', locker_number => $value{number} }],
}, 'the number, normalised, and no remark: it is not granted'
    or diag $res->text;

$res = $http{teacher}->get("/v1/data/locker/$id");
is_status $res, 200, 'the teacher reads';
is_deeply $res->json->{records}, [{ id => $id,
    locker_number => $value{number} }], 'the number alone' or diag $res->text;
is $res->json->{purpose}, 'teaching', 'for teaching';
is_problem $http{teacher}->patch("/v1/data/locker/$id",
    json => { remark => 'x' }), 403, 'not-granted', name => 'and cannot write';

$res = $http{admin}->get("/v1/data/locker/$id");
is_status $res, 200, 'the administrator of the school reads';
is_deeply $res->json->{records}, [{ id => $id, remark => $value{remark},
    locker_number => $value{number} }], 'both' or diag $res->text;

is_problem $http{pupil}->get("/v1/data/locker/$person{teacher}{id}"), 403,
    'not-granted', name => 'a pupil reads nobody else\'s';
is_problem $http{pupil}->patch('/v1/data/locker',
    json => { locker_number => '8361' }), 422, 'invalid',
    field => '/locker_number', rule => 'pattern', body_lacks => ['8361'],
    name => 'the pattern of the plugin';
is_problem $http{pupil}->patch('/v1/data/locker',
    json => { locker_number => 'A-1', size => 3 }), 422, 'invalid',
    field => '/size', name => 'a field that it has not';
is_problem $http{pupil}->patch('/v1/data/locker',
    json => { remark => 'x' x 201 }), 422, 'invalid', field => '/remark',
    rule => 'maxLength', name => 'the size of the plugin';

$res = $http{pupil}->get('/v1/data/');
like $res->body, qr/"locker"/, 'it is in the list of categories';


# ---- sealed

my $row = $site->db->selectrow_hashref('SELECT locker_number, remark FROM '
    . 'data.locker WHERE owner = ?', undef, $id);
cmp_ok length $row->{$_}, '>=', 64, "$_ is sealed" for sort keys %$row;
my $dump = run_cmd('pg_dump', $site->pg->conninfo('pupil'),
                   { timeout => 300 });
is $dump->{code}, 0, 'pg_dump' or diag $dump->{err};
like $dump->{out}, qr/COPY data\.locker .*\n.*\b\Q$id\E\b/,
    'the dump holds the record';
for my $name (sort keys %value) {
    my $base64 = encode_base64($value{$name}, '') =~ s/.{0,3}=*$//r;
    for my $form ($value{$name}, lc $value{$name}, unpack('H*', $value{$name}),
                  $base64)
    {
        is index($dump->{out}, $form), -1, "no $name in it";
    }
}


# ---- audited

sub audited ($who, $operation) {
    return $site->db->selectrow_hashref(<<'', undef, $person{$who}{id},
        SELECT array_to_string(ARRAY(SELECT unnest(fields) ORDER BY 1), ' ')
               AS fields, purpose, relation, outcome,
               array_to_string(subjects, ' ') AS subjects, count(*)
          FROM pupil.audit_event
         WHERE category = 'locker' AND actor = ? AND operation = ?
               AND outcome = 'allowed'
         GROUP BY 1, 2, 3, 4, 5

        $operation);
}

my %common = (outcome => 'allowed', subjects => $id, count => 1);
is_deeply audited(pupil => 'write'), { %common, relation => 'self',
    fields => 'locker_number remark', purpose => 'subject_access' },
    'the write is audited';
is_deeply audited(teacher => 'read'), { %common, relation => 'teaches',
    fields => 'locker_number', purpose => 'teaching' },
    'the teacher\'s read, with the one field';
is_deeply audited(admin => 'read'), { %common, relation => 'school_admin',
    fields => 'locker_number remark', purpose => 'administration' },
    'the administrator\'s';
cmp_ok $site->db->selectrow_array(<<"", undef, $person{teacher}{id}), '>=', 1,
    SELECT count(*) FROM pupil.audit_event
     WHERE category = 'locker' AND outcome = 'not_granted' AND actor = ?

    'and the refusal';


# ---- narrowed

$nginx->set(server => $nginx->{server} =~ s{(pupil_data; )}
    {$1 pupil_deny locker.locker_number relation=teaches; }r);
$nginx->reload(wait => 1);
is_problem $http{teacher}->get("/v1/data/locker/$id"), 403, 'not-granted',
    name => 'pupil_deny takes the teacher\'s grant away';
is $http{pupil}->get('/v1/data/locker')->json->{records}[0]{locker_number},
    $value{number}, 'and leaves the pupil\'s';

is -f $module ? sha256_hex(slurp($module)) : '', $before,
    'the module is the one that was there before';

done_testing;
