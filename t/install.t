#!/usr/bin/perl

# make install DESTDIR=, and make uninstall.

use lib 't/lib';
use Pupil::Test;
use File::Find;

my $root = root_dir();
my $dest = tmp_dir() . '/dest';

# The variables of the make that runs this test are not for this one.  A
# variant is not installed, and must not be rebuilt under its tests: B is
# spelt as `make` itself does, or flags would seem to have changed.
delete @ENV{qw(MAKEFLAGS MFLAGS MAKELEVEL B SAN COV T CFLAGS NGX_SRC
               NGX_OBJS)};
my $variant = $ENV{PUPIL_SANITIZE} || build_dir() =~ m{/cov$};
my $build = $variant ? 'build' : build_dir() =~ s{^\Q$root\E/}{}r;

sub make (@args) {
    return run_cmd('make', '-C', $root, '--no-print-directory', "B=$build",
                   "DESTDIR=$dest", @args, { timeout => 300 });
}

sub installed () {
    return () if !-d $dest;
    my @files;
    find({ no_chdir => 1,
           wanted => sub { push @files, $_ if -f } }, $dest);
    return sort map { s/^\Q$dest\E//r } @files;
}


my $run = make('install');
is $run->{code}, 0, 'make install' or diag $run->{out}, $run->{err};

my @categories = grep { $_ ne 'example' }
                 map { m{plugins/(\w+)/} } glob "$root/plugins/*/*.sql";
my %have = map { $_ => 1 } installed();
my @want = (qw(/usr/bin/pupilctl /usr/include/pupil_plugin.h
               /usr/lib/nginx/modules/ngx_http_pupil_module.so
               /usr/share/man/man1/pupilctl.1
               /usr/share/pkgconfig/pupil-plugin.pc),
    '/usr/share/pupil/common-passwords.txt',
    (map { s{^\Q$root\E/sql}{/usr/share/pupil/sql}r } glob "$root/sql/*/*.sql"),
    (map { s{^\Q$root\E/plugins}{/usr/share/pupil/sql/plugins}r }
     map { glob "$root/plugins/$_/*.sql" } @categories));

ok $have{$_}, $_ for @want;
for my $category (@categories) {
    is scalar(grep { m{^/usr/lib/pupil/plugins/pupil_$category-\d+\.\d+\.\d+\.so$} }
              keys %have), 1, "pupil_$category under a versioned name";
}
is scalar(grep { /example/ } keys %have), 0, 'the template is not installed';
is scalar(keys %have), @want + @categories, 'and nothing else'
    or diag join "\n", sort keys %have;

my $pc = run_cmd('pkg-config', '--cflags', 'pupil-plugin',
    { env => { PKG_CONFIG_PATH => "$dest/usr/share/pkgconfig",
               PKG_CONFIG_SYSROOT_DIR => $dest,
               PKG_CONFIG_ALLOW_SYSTEM_CFLAGS => 1 } });
like $pc->{out}, qr{-I\Q$dest\E/usr/include}, 'pkg-config finds the header';

# One number for all of it, which nothing else in the tree spells.
my ($version) = slurp("$root/ngx_module/core/base/pupil.h")
                =~ /^#define PUPIL_VERSION +"(\d+\.\d+\.\d+)"/m;
my %pc = (env => { PKG_CONFIG_PATH => "$dest/usr/share/pkgconfig" });
is run_cmd('pkg-config', '--modversion', 'pupil-plugin', \%pc)->{out},
    "$version\n", 'the version of the package';
is run_cmd('pkg-config', '--variable=abi', 'pupil-plugin', \%pc)->{out},
    "1.2\n", 'and the ABI of its plugins';
is run_cmd("$dest/usr/bin/pupilctl", '--version')->{out},
    "pupilctl $version\n", 'pupilctl says the same';
is join(' ', map { s/^\Q$root\E\///r }
        grep { slurp($_) =~ /"\Q$version\E"/ }
        files_below(qr/\.[ch]\z/, "$root/ngx_module")), 'ngx_module/core/base/pupil.h',
    'one place in the sources has it';

# A plugin of somebody else brings its migrations along.
mkdir "$dest/usr/share/pupil/sql/plugins/other" or die $!;
my @other = map { spew("$dest/usr/$_", '') }
    qw(lib/pupil/plugins/pupil_other-1.0.0.so
       share/pupil/sql/plugins/other/001-init.sql);
is make('uninstall')->{code}, 0, 'make uninstall';
is join(' ', installed()), join(' ', map { s/^\Q$dest\E//r } @other),
    'leaves only what others put there';

my ($of) = slurp(root_dir() . '/ngx_module/core/base/pupil.h')
    =~ /#define PUPIL_VERSION\s+"([\d.]+)"/;
like slurp(root_dir() . '/debian/changelog'), qr/\Apupil \(\Q$of\E\) /,
    'the packages of Debian are of this version';

done_testing;
