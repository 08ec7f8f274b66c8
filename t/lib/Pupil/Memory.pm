package Pupil::Memory;

# The memory of a process in a file, as the kernel would write it of one that
# falls: all of its mappings but those that were left out of dumps; $all:
# these, too.
#
#     my $file = memory_of($pid, 'heap.core') or skip ...;
#
# undef, and a diag, where it may not be looked into.  A debugger cannot look
# into a process whose plugins are copies that have no file.

use v5.36;

use Exporter 'import';
use Test::More ();
use Pupil::Util;

our @EXPORT = qw(memory_of);

my $PIECE = 1 << 20;


sub memory_of ($pid, $name, $all = 0) {
    my $file = tmp_dir() . "/$name";
    my $opened = open my $mem, '<:raw', "/proc/$pid/mem";
    if (!$opened) {
        Test::More::diag("no dump: $!");
        return undef;
    }
    open my $out, '>:raw', $file or die "$file: $!";
    copy($mem, $out, @$_) for mappings($pid, $all);
    close $out or die "$file: $!";
    return $file;
}

# [from, to] of each that is to be read.
sub mappings ($pid, $all) {
    no warnings 'portable';
    return map { [map { hex } /^([0-9a-f]+)-([0-9a-f]+) r/] }
           grep { /^\S+ r/ && !/\[v(?:var|syscall)\b/
                  && ($all || !/^VmFlags:.*\bdd\b/m) }
           split /^(?=[0-9a-f]+-[0-9a-f]+ )/m, slurp("/proc/$pid/smaps");
}

sub copy ($mem, $out, $at, $end) {
    sysseek $mem, $at, 0;
    while ($at < $end) {
        my $left = $end - $at;
        my $n = sysread $mem, my $bytes, $left < $PIECE ? $left : $PIECE;
        last if !$n;            # a page that is not there
        print $out $bytes;
        $at += $n;
    }
}

1;
