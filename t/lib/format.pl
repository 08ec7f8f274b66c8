#!/usr/bin/perl

# format.pl [--check] FILE...
#
# clang-format, but with two of nginx's habits that it cannot express: names
# that are aligned two blanks or more after their types, and declarations of
# functions whose further lines are indented by four.  So both texts are cut
# into statements; a statement that says the same, whatever its inner blanks
# and line breaks, stays as the author wrote it.

use v5.36;

my $check = @ARGV && $ARGV[0] eq '--check' && shift;
my $wrong = 0;


# Cuts lines into statements: [key, line...].  A statement goes on while a
# parenthesis, or the braces of an initializer, are open, or its line ends in
# the middle.  A lone brace, a line of a comment and a blank line are
# statements, too, and so is the first line of a function's definition.
sub statements (@lines) {
    my (@all, @now, $code, $comment, $open, $table);

    for my $line (@lines) {
        my $plain = $line;
        if (@now && $line =~ /^\{$/ && !$open && !$table && !$comment) {
            push @all, [key(@now), @now];
            @now = ();
        }
        if (!@now) { ($code, $open, $table) = ('', 0, 0) }

        # what is code on this line, strings and comments blanked
        $plain =~ s/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/""/g;
        $plain =~ s{/\*.*?\*/}{}g;
        my $was = $comment;
        $comment = 1 if $plain =~ s{/\*.*}{}s;
        if ($was) {
            $comment = $plain =~ s{^.*?\*/}{}s ? 0 : 1;
            $plain = '' if $comment;
        }
        push @now, $line;

        if ($now[0] =~ /^\s*#/) {
            next if $line =~ /\\$/;

        } elsif ($plain =~ /\S/) {
            $plain =~ s/^\s*\}// if $code eq '' && $plain =~ /=\s*\{/;
            $code .= " $plain";
            $open += ($plain =~ tr/([//) - ($plain =~ tr/)]//);
            $table = 1 if $code =~ /=\s*\{/;
            $open += ($plain =~ tr/{//) - ($plain =~ tr/}//) if $table;
            next if $open > 0;
            next if $plain !~ /[;{}:]\s*$/ && $code !~ /^ [^(=\s][^(=;]*$/;

        } elsif ($code ne '') {
            next;               # a comment inside a statement
        }

        push @all, [key(@now), @now];
        @now = ();
    }
    push @all, [key(@now), @now] if @now;
    return @all;
}


sub key (@lines) {
    my $text = join "\n", @lines;
    return $text =~ s/[\s\\]+//gr if $text =~ /^\s*#/;

    my ($indent) = $text =~ /^( *)/;
    $text =~ s/\s+/ /g;
    $text =~ s/ ?([|:*]) ?/$1/g;
    $text =~ s/([(\[{]) /$1/g;
    $text =~ s/ ([)\]},;])/$1/g;
    $text =~ s{,(?=/\*)}{, }g;
    return "$indent$text";
}


# The new text with each statement that says the same as an old one replaced
# by it: the longest way through both, by dynamic programming over the part
# between the common head and tail.
sub merge ($old, $new) {
    my (@head, @tail);

    while (@$old && @$new && $old->[0][0] eq $new->[0][0]) {
        push @head, shift @$old;
        shift @$new;
    }
    while (@$old && @$new && $old->[-1][0] eq $new->[-1][0]) {
        unshift @tail, pop @$old;
        pop @$new;
    }

    my @best = map { [(0) x (@$new + 1)] } 0 .. @$old;
    for my $i (reverse 0 .. $#$old) {
        for my $j (reverse 0 .. $#$new) {
            my ($down, $right) = ($best[$i + 1][$j], $best[$i][$j + 1]);
            $best[$i][$j] = $old->[$i][0] eq $new->[$j][0]
                            ? 1 + $best[$i + 1][$j + 1]
                            : $down > $right ? $down : $right;
        }
    }

    my ($i, $j, @middle) = (0, 0);
    while ($j < @$new) {
        if ($i < @$old && $old->[$i][0] eq $new->[$j][0]) {
            push @middle, $old->[$i++];
            $j++;
        } elsif ($i < @$old && $best[$i + 1][$j] >= $best[$i][$j + 1]) {
            $i++;
        } else {
            push @middle, $new->[$j++];
        }
    }

    return map { my (undef, @lines) = @$_; @lines } @head, @middle, @tail;
}


for my $file (@ARGV) {
    open my $in, '<', $file or die "$file: $!\n";
    my @old = <$in>;
    chomp @old;
    open my $pipe, '-|', 'clang-format', '--style=file', $file
        or die "clang-format: $!\n";
    my $new = do { local $/; <$pipe> } // '';
    close $pipe or die "clang-format $file: failed\n";
    $new =~ s{\{ /\* void \*/\n\s*\}}{{ /* void */ }}g;
    my @new = split /\n/, $new;

    my @kept = map { s/\s+$//r } merge([statements(@old)],
                                       [statements(@new)]);
    next if join("\n", @kept) eq join("\n", @old);

    if ($check) {
        for my $i (0 .. ($#kept > $#old ? $#kept : $#old)) {
            next if ($kept[$i] // '') eq ($old[$i] // '');
            print "$file:@{[$i + 1]}: ", $old[$i] // '(end)', "\n",
                '  make format: ', $kept[$i] // '(end)', "\n";
            last;
        }
        $wrong = 1;
    } else {
        open my $out, '>', $file or die "$file: $!\n";
        print {$out} map { "$_\n" } @kept;
        close $out or die "$file: $!\n";
        print "$file\n";
    }
}

exit $wrong;
