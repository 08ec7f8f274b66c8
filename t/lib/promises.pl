#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# Writes into docs/promises.md which of them are kept, as its evidence says;
# `make promises`.

use v5.36;
use FindBin;
use lib $FindBin::Bin;

use Pupil::Promises qw(promises_written);
use Pupil::Util qw(root_dir slurp spew);

my $file = root_dir() . '/docs/promises.md';
utf8::decode(my $text = slurp($file));
my $written = promises_written($text);

utf8::encode($written);
spew($file, $written);
say $written =~ /^(\d+ rows: .*)$/m;
