package Pupil::Oulad;

# Copyright (C) the Pupil authors
#
# Real results: what t/data/oulad has of the Open University Learning Analytics
# Dataset, as a folder that `pupilctl import oulad` reads, and as rows.

use v5.36;

use Exporter qw(import);
use Pupil::Util;

our @EXPORT = qw(oulad_rows oulad_write);

use constant FILES => qw(courses assessments studentRegistration studentInfo);

# The rows of a file that are of these modules, the names of columns first.
sub oulad_rows ($name, @modules) {
    my $run = run_cmd('gzip', '-dc', root_dir() . "/t/data/oulad/$name.csv.gz");
    $run->{code} == 0 or die "$name: $run->{err}";
    my ($head, @rows) = map { [split /,/] } split /\n/, $run->{out};
    return $head, grep { my $of = $_->[0]; grep { $of eq $_ } @modules } @rows;
}

# Quoted, as the dataset is.  %change: of a file, what is done with its text;
# undef: it is not there.
sub oulad_write ($dir, $modules, %change) {
    mkdir $dir or die "$dir: $!\n";
    for my $name (FILES) {
        my $text = join '', map { join(',', map { qq("$_") } @$_) . "\n" }
                   oulad_rows($name, @$modules);
        $text = $change{$name}->($text) if exists $change{$name};
        spew("$dir/$name.csv", $text) if defined $text;
    }
    return $dir;
}

1;
