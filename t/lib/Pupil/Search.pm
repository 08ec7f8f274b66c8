package Pupil::Search;

# Looks for values where they must not be: in files of any kind, as bytes, as
# hex, as base64 at any of its three alignments, and as JSON with escapes.
#
#     my $search = Pupil::Search->new('a name', 'an address', ...);
#     my @found = $search->files(@paths);    # "value as hex in path"
#     is_deeply \@found, [];
#
# Values of 8 bytes or more are found anywhere, shorter ones as words; see
# t/lib/search.c, which does it.

use v5.36;

use File::Find ();
use MIME::Base64 qw(encode_base64);
use Pupil::Util;

my $LONG = 8;

# base64 letters that depend on the value alone, for each alignment.
my @HEAD = (0, 2, 3);


# Values shorter than three bytes are left out.
sub new ($class, @values) {
    state $count = 0;
    my $self = bless { file => tmp_dir() . '/needles' . ++$count,
                       what => [], bytes => 0 }, $class;
    my (%seen, @lines);

    for my $value (grep { length >= 3 && !$seen{$_}++ } @values) {
        my @forms = length $value < $LONG
            ? ([word => $value, 'a word'])
            : map { [any => @$_] } forms($value);
        my %once;
        for my $form (grep { !$once{ $_->[1] }++ } @forms) {
            push @lines, "$form->[0] " . unpack('H*', $form->[1]) . "\n";
            push @{ $self->{what} }, [$value, $form->[2]];
        }
    }

    $self->{values} = [sort keys %seen];
    spew($self->{file}, join '', @lines);
    return $self;
}

sub values ($self) { @{ $self->{values} } }


# Pairs of bytes and what they are.
sub forms ($value) {
    my @forms = ([$value, 'it is'], [unpack('H*', $value), 'hex'],
                 [uc unpack('H*', $value), 'hex']);

    for my $shift (0 .. 2) {
        my $text = encode_base64("\0" x $shift . $value, '');
        my $left = (length($value) + $shift) % 3;
        my $whole = length($text) - ($left ? 4 - $left : 0);
        $text = substr $text, $HEAD[$shift], $whole - $HEAD[$shift];
        push @forms, [$text, 'base64'], [$text =~ tr{+/}{-_}r, 'base64url'];
    }

    my $chars = $value;
    return @forms if !utf8::decode($chars);
    for my $how ('%04x', '%04X') {
        push @forms, [join('', map { json_char($_, $how, 1) }
                               split //, $chars), 'JSON'],
            [join('', map { json_char($_, $how, 0) } split //, $chars),
             'JSON'];
    }
    return @forms;
}

# With all escaped, or those alone that are not ASCII or must be.
sub json_char ($char, $how, $all) {
    my $n = ord $char;
    return "\\$char" if !$all && $char =~ m{["\\]};
    return $char if !$all && $n >= 32 && $n < 127;
    return sprintf "\\u$how", $n if $n < 0x10000;
    $n -= 0x10000;
    return sprintf "\\u$how\\u$how", 0xd800 + ($n >> 10), 0xdc00 + ($n & 1023);
}


# Every file, or every file below a folder: [value, how, path] for each find.
sub hits ($self, @paths) {
    my @all;
    for my $path (@paths) {
        -d $path ? File::Find::find({ no_chdir => 1, wanted => sub {
                       push @all, $_ if -f && !-l }}, $path)
                 : push @all, $path;
    }

    my $run = run_cmd(build_dir() . '/search', $self->{file}, @all);
    die "search: $run->{err}\n" if $run->{code};
    ($self->{bytes}) = $run->{out} =~ /^bytes (\d+)$/m;
    return map { /^(\d+) (.*)$/ ? [@{ $self->{what}[$1] }, $2] : () }
           split /\n/, $run->{out};
}

sub files ($self, @paths) {
    return sort map { "$_->[0] as $_->[1] in $_->[2]" } $self->hits(@paths);
}

# How many bytes the last call has read.
sub bytes ($self) { $self->{bytes} }


# A search for those values that are not found there: what is in an empty
# installation says nothing.  And those that are.
sub beside ($self, @paths) {
    my %common = map { $_->[0] => 1 } $self->hits(@paths);
    return ref($self)->new(grep { !$common{$_} } $self->values),
        sort keys %common;
}

1;
