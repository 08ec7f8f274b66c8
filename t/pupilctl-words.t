#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# What pupilctl says to whoever sits before it: what was done, of what a column
# is, how many, and what to do about what is missing.

use lib 't/lib';
use Pupil::Test;

my $site = pupil_up(import => 1);
my $pg = $site->pg;
my @where = $site->ctl_where;
my @super = ('--database', $pg->conninfo('pupil'), '--keystore',
             $pg->conninfo('pupil_keys'));
my $conf = spew(tmp_dir() . '/nginx.conf', "events { }\nhttp { }\n");

sub says (@args) { $site->ctl(@args)->{out} }

# The same before a terminal.
sub shows (@args) {
    return run_cmd('script', '-qec', join(' ', map { "'$_'" }
        build_dir() . '/pupilctl', @args), '/dev/null',
        { env => Pupil::Site->ctl_env })
        ->{out} =~ s/\r//gr;
}


# ---- what was done

$site->ctl_ok('key', 'generate', @where);
is says('key', 'register', @where), "epoch 1: in force\nepoch 2: registered\n",
    'key register says which are new';
is says('key', 'register', @where), "epoch 1: in force\nepoch 2: in force\n",
    'and that none is';

my $id = JSON::XS::decode_json(says('user', 'show', 'CBeane', '--json',
                                    @where))->{id};
my @role = ('CBeane', 'support', @where);
is says('user', 'role', 'add', @role), "$id support added\n", 'user role add';
is says('user', 'role', 'remove', @role), "$id support removed\n",
    'user role remove';
is says('user', 'password', 'CBeane', @where, { stdin => "long enough\n" }),
    "the password is set\n", 'user password';
is $site->ctl('restore', 'replay', @where)->{err}, "done\n", 'restore replay';
is $site->ctl('work', @where)->{err}, "done\n", 'work';
is $site->ctl('migrate', @super)->{err}, <<"", 'migrate';
data database: at migration @{[newest('data')]}
key store: at migration @{[newest('keystore')]}

sub newest ($folder) {
    return (sort map { m{([^/]+)$} } glob root_dir() . "/sql/$folder/*")[-1];
}


# ---- what the columns are, and that there is nothing

like shows('tenant', 'list', @where),
    qr/^tenant  created_at  name\n\S{36}  \S+Z  Testkommunen\n/,
    'tenant list has a header for a terminal';
like shows('plugin', 'list', @where),
    qr/^category +version +grants\n(?:\w+ +1\.\d\.\d +accepted\n)+\z/,
    'so has plugin list';
my @empty = ('list', '--since', '2999-01-01T00:00:00Z', @where);
like shows('audit', @empty), qr/^at  actor  [^\n]*  note\n\(none\)\n\z/,
    'an empty list says so';
is says('audit', @empty), '', 'and is empty for a pipe';
like says('audit', 'list', '--limit', 1, @where),
    qr/^\S+Z  -  operator  -  audit  -  accountability  /,
    'what is not there has a place';


# ---- one is not many

is says('check', $conf), <<"", 'check';
$conf: no location has a handler of Pupil
$conf: 0 locations, 0 statements, 1 finding

$site->db->do(<<'');
DELETE FROM pupil.audit_record WHERE request = (SELECT request
    FROM pupil.audit_record ORDER BY at OFFSET 3 LIMIT 1)

like $site->ctl('audit', 'verify', @where)->{err},
    qr/^\d\d records of \d\d writers, .*: 1 finding$/, 'audit verify';


# ---- what to do

my $none = tmp_dir() . '/none';
my $run = $site->ctl('init', @super, '--same-cluster', '--key', $site->key,
                     '--tenant-name', 'Testkommunen', '--passfile',
                     "$none/passfile");
like $run->{err}, qr{^pupilctl: $none/passfile: .* folder $none/: make it},
    'init where there is no folder';

$run = $site->ctl('tenant', 'list', '--database',
                  "host=$none dbname=pupil user=pupil_operator");
unlike $run->{err}, qr/\n\n/, 'no empty line behind what libpq says';

$site->db->do('DROP TABLE data.example');
$site->db->do(q{DELETE FROM pupil.plugin WHERE category = 'example'});
my $example = Pupil::Nginx::plugins() . '/pupil_example.so';
$run = $site->ctl('plugin', 'accept', $example, @where);
is $run->{code}, 1, 'a plugin whose table is not there is not accepted';
like $run->{err}, qr/has no table data\.example: run pupilctl migrate/,
    'but migrated';
is $site->db->selectrow_array(
    q{SELECT count(*) FROM pupil.plugin WHERE category = 'example'}), 0,
    'and nothing is noted';
$site->ctl_ok('migrate', @super[0, 1]);
is $site->ctl('plugin', 'accept', $example, @where)->{code}, 0,
    'once it is, it is accepted';

done_testing;
