package Pupil::Qr;

# Copyright (C) the Pupil authors
#
# What a camera reads of a QR code, by programs that know nothing of ours.
#
#     is qr_text($svg), 'otpauth://...';

use v5.36;

use Exporter 'import';
use Pupil::Util;

our @EXPORT = qw(qr_text qr_read);

# Of an SVG, drawn as large as it says it is.
sub qr_text ($svg) {
    my $file = tmp_dir() . '/qr';
    spew("$file.svg", $svg);
    my $drawn = run_cmd('rsvg-convert', '-o', "$file.png", "$file.svg");
    return $drawn->{code} ? "rsvg-convert: $drawn->{err}"
                          : qr_read("$file.png");
}

# Of a picture: the one code that is on it.
sub qr_read ($file) {
    my $run = run_cmd('zbarimg', '--quiet', '--raw', '--nodbus', $file);
    return $run->{code} ? "zbarimg: $run->{err}" : $run->{out} =~ s/\n\z//r;
}

1;
