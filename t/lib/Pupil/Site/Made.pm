package Pupil::Site::Made;

# A site as pupilctl init and the imports of the demo leave it, made once for
# all test files: its cluster, stopped, with the key and the passwords.  What
# it was made of is part of its name, and so is the day, since rosters are as
# of today.
#
#     my $made = Pupil::Site::Made->take('Pupil::Site', import => 1) or ...;
#     my $pg = $made->cluster;                    # a copy
#     my ($passfile, $tenant) = $made->files($folder);

use v5.36;

use Digest::SHA qw(hmac_sha256 sha256 sha256_hex);
use File::Basename qw(basename);
use File::Path qw(make_path remove_tree);
use MIME::Base64 qw(encode_base64);
use POSIX qw(strftime);
use Pupil::Nginx;
use Pupil::Postgres;
use Pupil::Util;

my @FILES = qw(kek passfile passfile.operator tenant ids spare);

use constant SCHOOLS => 32;    # tenants to spare, of a site that has them

# Of the demo, whom nearly each test has log in: they have their usual passwords.
my @PEOPLE = qw(CBeane OKlein BMcMillan DTodd FFlowers SWilder);


# For the first site of a test file; another one is another tenant, and is made
# by itself.
sub take ($class, $site, %opt) {
    state $taken = 0;
    return if $taken++;

    my $kind = join '-', 'site', $>, ($opt{import} ? 'demo' : 'bare')
                                     . ($opt{schools} ? '_schools' : '');
    my $dir = build_dir() . "/t/$kind-" . made_of(
        build_dir() . '/pupilctl', Pupil::Nginx::plugins(), map {
            root_dir() . "/$_" } qw(docs/quickstart/data plugins sql
                                    t/lib/Pupil));
    with_lock($kind, sub {
        return if -d $dir;
        remove_tree($_, { safe => 0 }) for glob build_dir() . "/t/$kind-*";
        make($site, $dir, %opt);
    });
    return bless { dir => $dir }, $class;
}

sub cluster ($self, %opt) {
    return Pupil::Postgres->new(%opt, from => "$self->{dir}/data");
}

# Its files, in a folder; gives that of the passwords, and the tenant.
sub files ($self, $to) {
    spew("$to/$_", slurp("$self->{dir}/$_"), 0600) for @FILES;
    return ("$to/passfile", slurp("$to/tenant"));
}

# The id of one of @PEOPLE by their user name; undef of others, of a site with
# no demo and of another tenant.
sub id ($self, $tenant, $login) {
    return if $tenant ne slurp("$self->{dir}/tenant");
    $self->{ids} //= { map { split m{ } } split /\n/, slurp("$self->{dir}/ids") };
    return $self->{ids}{$login};
}


# The ids of its tenants to spare.
sub spare ($self) { split ' ', slurp("$self->{dir}/spare") }


# The day, and each file below some paths by its size and time, as make does.
sub made_of (@paths) {
    my @seen = map { join ' ', $_, (stat $_)[7, 9] } files_below(qr/./, @paths);
    return substr sha256_hex(join "\n", strftime('%F', gmtime), @seen), 0, 16;
}

# The passwords of the roles are as init made them; but who has one has it
# hashed once, and not four thousand times for each connection of each test.
sub soon_known ($own) {
    my $roles = $own->{roles};
    for my $role (grep { !/\@/ } sort keys %$roles) {
        my $hash = verifier($roles->{$role},
                            pack 'L4', map { int rand 2**32 } 1 .. 4);
        $own->pg->dbh->do("ALTER ROLE $role PASSWORD '$hash'");
    }
}

# What PostgreSQL keeps of a password (RFC 5803), of one round.
sub verifier ($password, $salt) {
    my $salted = hmac_sha256($salt . pack('N', 1), $password);
    my ($key, $server) = map { encode_base64($_, '') }
        sha256(hmac_sha256('Client Key', $salted)),
        hmac_sha256('Server Key', $salted);
    return 'SCRAM-SHA-256$1:' . encode_base64($salt, '') . "\$$key:$server";
}

sub make ($site, $dir, %opt) {
    my $own = $site->new(own => 1, import => $opt{import}, pg => { conf => {
        wal_recycle => 'off', min_wal_size => '32MB' } });
    my $new = tmp_dir() . '/made';

    my %ids = $opt{import} ? map { $_ => $own->person($_)->{id} } @PEOPLE : ();
    my @spare = $opt{schools} ? map { $own->another("School $_") } 1 .. SCHOOLS
                              : ();
    soon_known($own);
    $own->pg->stop;
    make_path($new);
    spew(tmp_dir() . '/tenant', $own->tenant);
    spew(tmp_dir() . '/spare', "@spare");
    spew(tmp_dir() . '/ids', join '', map { "$_ $ids{$_}\n" } sort keys %ids);
    for my $path ($own->pg->data, map { tmp_dir() . "/$_" } @FILES) {
        rename $path, "$new/" . basename($path) or die "$path: $!\n";
    }
    my $run = run_cmd('mv', '-T', $new, $dir);
    die "$dir: $run->{err}" if $run->{code};
}

1;
