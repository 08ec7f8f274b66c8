#!/bin/bash
# Copyright (C) the Pupil authors
#
#     coverage.sh DIR
#
# Line coverage by folder from the counters below DIR, then by file; the lines
# that nothing ran are in DIR/uncovered.txt.

set -euo pipefail
cd "$(dirname "$0")/../.."

lcov --quiet --capture --directory "$1/obj" --base-directory . \
    --no-external --output-file "$1/all.info" 2>"$1/lcov.log" \
    || { tail "$1/lcov.log"; exit 1; }
lcov --quiet --extract "$1/all.info" '*/ngx_module/*' '*/plugins/*' \
    --output-file "$1/lines.info" 2>>"$1/lcov.log"

OUT="$1/uncovered.txt" perl -ne '
    BEGIN { use Cwd; $root = getcwd() . "/"; }
    if (/^SF:(.*)/) { ($file = $1) =~ s/^\Q$root\E//; }
    if (/^DA:(\d+),(\d+)/) {
        my ($number, $runs) = ($1, $2);
        ($folder = $file) =~ s{^((?:ngx_module/)?[^/]+)/.*}{$1};
        for my $key ($folder, $file) {
            $all{$key}++;
            $hit{$key}++ if $runs > 0;
        }
        $folders{$folder} = 1;
        push @missed, "$file:$number\n" if $runs == 0;
    }
    END {
        my $line = sub {
            printf "%7.2f %%  %6d of %6d lines  %s\n",
                100 * ($hit{$_[0]} // 0) / $all{$_[0]}, $hit{$_[0]} // 0,
                $all{$_[0]}, $_[0];
        };
        $line->($_) for grep { !$folders{$_} } sort keys %all;
        print "\n";
        $line->($_) for sort keys %folders;
        open my $out, ">", "$ENV{OUT}" or die;
        print $out @missed;
    }
' "$1/lines.info"
