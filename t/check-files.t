#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# Who runs pupilctl check is root, and may read everything; workers are not,
# and connect with files that they have to read themselves.

use lib 't/lib';
use Pupil::Test;

plan skip_all => 'workers are who we are' if !am_root();

my $site = pupil_up(import => 1);
my $dir = tmp_dir();
my $worker = Pupil::Nginx::user();
my ($uid, $gid) = (getpwnam $worker)[2, 3];

sub findings (%opt) {
    my $nginx = $site->nginx(%opt);
    $nginx->write_conf;
    my $run = $site->ctl('check', $nginx->conf_file, '--database',
                         $site->conninfo('pupil', user => 'pupil_operator'));
    return $run->{out} . $run->{err};
}

sub with (%word) {
    my $conninfo = $site->gateway('pupil', %word);
    return findings(conf => { pupil_database => "\"$conninfo\"" });
}

my $of = qr/pupil_database: user "$worker" of the workers/;
is findings() =~ $of ? 'found' : 'nothing', 'nothing', 'as it should be';


# ---- files

my $passfile = spew("$dir/of-root", slurp("$dir/passfile"), 0600);
like with(passfile => $passfile), qr/$of cannot read passfile \Q$passfile\E/,
    'a password file of root';
chown $uid, $gid, $passfile;
unlike with(passfile => $passfile), $of, 'one of theirs';
chmod 0640, $passfile;
like with(passfile => $passfile),
    qr/pupil_database: passfile \Q$passfile\E .* libpq ignores it/,
    'one that others may read';

my $ca = spew("$dir/ca-of-root", slurp(Pupil::Util::test_ca()->{ca}), 0600);
like with(sslrootcert => $ca), qr/$of cannot read sslrootcert \Q$ca\E/,
    'an authority that only root reads';
chmod 0644, $ca;
unlike with(sslrootcert => $ca), $of, 'one that all read';


# ---- who workers are

chown 0, scalar getgrnam('daemon'), $ca;
chmod 0640, $ca;
my %readable = (conf => { pupil_database => '"'
    . $site->gateway('pupil', sslrootcert => $ca) . '"' });
like findings(%readable), qr/$of cannot read/, 'one of another group';
unlike findings(%readable, user => "user $worker daemon;"), $of,
    'which nginx.conf gives them';

my $plain = Pupil::Nginx->new(load => 0, user => '')->start;
$plain->http->get('/');                 # a worker that answers is who it is
my $own = getpwuid((stat '/proc/' . ($plain->workers)[0])[4]);
chown 0, 0, $passfile;
like findings(user => '', conf => { pupil_database => '"'
        . $site->gateway('pupil', passfile => $passfile) . '"' }),
    qr/pupil_database: user "$own" of the workers cannot read passfile/,
    "where nginx.conf names no user, it is nginx's own, $own";


# ---- sockets

my $closed = "$dir/closed";
my $name = '.s.PGSQL.' . $site->pg->port;
mkdir $closed;
symlink $site->pg->dir . "/$name", "$closed/$name" or die "symlink: $!";
chmod 0700, $closed;
like with(host => $closed), qr/$of cannot reach socket \Q$closed\/$name\E/,
    'a socket in a folder of root';
chmod 0755, $closed;
unlike with(host => $closed), $of, 'in one that is open';

done_testing;
