#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# Upgrades leave the versions of plugins that nginx.conf may still name: of each
# category pupilctl takes the newest, and older ones, whatever they are, are in
# the way of nothing.

use lib 't/lib';
use Pupil::Test;
use File::Copy qw(copy);

my $old = build_dir() . '/t/plugins/bad/major.so';

# What pupilctl shows of identity, of a folder with the built plugins and these.
sub shown (%more) {
    my $dir = tmp_dir() . '/plugins';
    run_cmd('rm', '-rf', $dir);
    mkdir $dir or die "$dir: $!\n";

    my %files = ((map { (s{.*/(\w+)\.so}{$1-1.5.0.so}r => $_) }
                  glob build_dir() . '/plugins/*.so'), %more);
    copy($files{$_}, "$dir/$_") or die "$_: $!\n" for keys %files;

    return run_cmd(build_dir() . '/pupilctl', qw(plugin show identity --plugins), $dir);
}

my $run = shown();
is $run->{code}, 0, 'one version of each' or diag $run->{err};
my $text = $run->{out};

# One that this pupilctl cannot load, as no nginx of now can.
$run = shown('pupil_identity-0.9.0.so' => $old, 'pupil_contact-1.4.12.so' => $old);
is $run->{code}, 0, 'what is older is not looked at' or diag $run->{err};
is $run->{out}, $text, 'and the newest is shown';

$run = shown('pupil_identity-1.10.0.so' => $old);
isnt $run->{code}, 0, 'what is newest counts';
like $run->{err}, qr{pupil_identity-1\.10\.0\.so.*abi_major}, 'and is named';

# A name that begins as another one's is another one's.
$run = shown('pupil_identity_more-0.1.0.so' => $old);
like $run->{err}, qr/pupil_identity_more-0\.1\.0\.so/,
    'no file of another name is taken for an older version';

done_testing;
