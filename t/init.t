#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# pupilctl init looks before it does anything: what is there stays as it is,
# the passwords of a running installation above all, and what would fail at the
# end fails at the beginning.

use lib 't/lib';
use Pupil::Test;

my $pg = Pupil::Postgres->new->start;
my $dir = tmp_dir();


# A host's own files, in a folder of this name.
sub host ($name) {
    mkdir "$dir/$name";
    return { key => "$dir/$name/kek", passfile => "$dir/$name/passfile" };
}

sub init ($host, %opt) {
    my @passfile = exists $opt{passfile} ? () : ('--passfile',
                                                 $host->{passfile});
    return run_cmd(build_dir() . '/pupilctl', 'init', '--same-cluster',
        '--database', $pg->conninfo('pupil'), '--keystore',
        $pg->conninfo('pupil_keys'), '--key', $host->{key}, @passfile,
        '--tenant-name', 'Sample', '--ticket', 'test',
        { env => { PUPIL_PLUGINS => Pupil::Nginx::plugins(),
                   PUPIL_SQL => root_dir() . '/sql', %{ $opt{env} // {} } } });
}

# Roles with what is stored of their passwords, and databases.
sub there {
    return [map { "@$_" } @{ $pg->dbh->selectall_arrayref(<<~'') }];
        SELECT rolname, coalesce(rolpassword, '-') FROM pg_authid
        WHERE rolname LIKE 'pupil%'
        UNION ALL SELECT 'database', datname FROM pg_database
        WHERE datname LIKE 'pupil%' ORDER BY 1, 2

}

# Those who cannot log in with what a host's files say.
sub locked_out ($host) {
    my @lines = map { split /\n/, slurp($_) }
                $host->{passfile}, "$host->{passfile}.operator";
    return grep {
        my ($db, $role, $secret) = (split /:/)[2 .. 4];
        !eval { DBI->connect("dbi:Pg:dbname=" . ($db eq '*' ? 'pupil' : $db)
            . ";host=localhost;port=" . $pg->port, $role, $secret,
            { RaiseError => 1, PrintError => 0 }) }
    } @lines;
}


# ---- nothing is made where the end would fail

my $first = host('first');

spew($first->{passfile}, '', 0644);
my $run = init($first);
is $run->{code}, 1, 'a passfile that others can read';
like $run->{err}, qr/passfile is readable by others/, 'is named';
is_deeply there(), [], 'and nothing was made before it was looked at';
unlink $first->{passfile};

$run = init({ %$first, passfile => "$dir/none/passfile" });
is $run->{code}, 1, 'a passfile in no folder';
is_deeply there(), [], 'nothing was made';

$run = init({ %$first, key => "$dir/none/kek" });
is $run->{code}, 1, 'a key file in no folder';
is_deeply there(), [], 'nothing was made';

$run = init($first, env => { PUPIL_ACCEPTED => "$dir/none/accepted" });
is $run->{code}, 1, 'a list of what is accepted in no folder';
is_deeply there(), [], 'nothing was made';

spew($first->{key}, "what is no key\n", 0600);
$run = init($first);
is $run->{code}, 1, 'a key file that is none';
is_deeply there(), [], 'nothing was made';
unlink $first->{key};


# ---- interrupted, and again

$run = init($first, env => { PUPIL_SQL => "$dir/none" });
is $run->{code}, 1, 'migrations that are not there';
$run = init($first);
is $run->{code}, 0, 'init goes on where it was interrupted' or diag $run->{err};
is_deeply [locked_out($first)], [], 'and its passwords are those of the file';

my $tenant = $run->{out};
my $there = there();
$run = init($first);
is $run->{code}, 0, 'init again' or diag $run->{err};
is $run->{out}, $tenant, 'the same tenant';
is $pg->dbh('pupil')->selectrow_array('SELECT count(*) FROM pupil.subject AS s'
    . ' WHERE s.subject NOT IN (SELECT decoy FROM pupil.tenant)'), 0,
    'there is no account that nobody has asked for';
is_deeply there(), $there, 'no password is made anew';
like $run->{err}, qr/^\Q$_\E$/m, "says: $_"
    for 'data database: role pupil_gateway is there',
        'data database: database pupil is there',
        'key store: role pupil_keeper is there',
        "key: $first->{key} is there", 'tenant: Sample is there';


# ---- a second host

my $second = host('second');
$run = init($second);
is $run->{code}, 1, 'a host that has neither file';
is_deeply there(), $there, 'leaves the passwords of the first';
like $run->{err}, qr/role pupil_gateway is there.*no line.*second\/passfile/,
    'says what is missing';
ok !-e $second->{passfile} && !-e $second->{key}, 'and makes no file';

spew($second->{key}, slurp($first->{key}), 0600);
$run = init($second);
is $run->{code}, 1, 'a host with the key file alone';
is_deeply there(), $there, 'leaves the passwords of the first, too';

unlink $second->{key};
spew($second->{passfile}, slurp($first->{passfile}), 0600);
spew("$second->{passfile}.operator", slurp("$first->{passfile}.operator"),
     0600);
$run = init($second);
is $run->{code}, 1, 'a host with the passwords alone';
like $run->{err}, qr/key store has keys under it/, 'needs the key file';
is_deeply there(), $there, 'nothing has changed';

spew($second->{key}, slurp($first->{key}), 0600);
$run = init($second);
is $run->{code}, 0, 'a host with the files of the first' or diag $run->{err};
is_deeply there(), $there, 'shares what is there';
is_deeply [locked_out($second)], [], 'and logs in';

is init($second, passfile => undef)->{code}, 0, 'init without a passfile';
is_deeply there(), $there, 'touches no password';

done_testing;
