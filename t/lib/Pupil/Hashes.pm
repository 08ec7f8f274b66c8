package Pupil::Hashes;

# How often programs that a test starts run Argon2id, as t/lib/hashes.c counts
# it, outside of them.
#
#     my $hashes = Pupil::Hashes->new;
#     $nginx->by($hashes)->start;
#     is $hashes->count, 5;

use v5.36;

use Pupil::Nginx;
use Pupil::Util;

sub new ($class) {
    state $made = 0;
    my $file = tmp_dir() . '/hashes' . ++$made;
    spew($file, pack 'Q', 0);
    chmod 0666, $file or die "$file: $!\n";      # workers are somebody else
    return bless { file => $file }, $class;
}

sub count ($self) { return unpack 'Q', slurp($self->{file}) }

sub env ($self) {
    return Pupil::Nginx->preload_env('hashes.so',
                                     PUPIL_HASHES => $self->{file});
}

1;
