package Pupil::Promises;

# docs/promises.md: its rows, what is wrong with them, and what is made of them.
# Which status a row has follows from its evidence, and is not typed:
#
#     evidence, and nothing is missing    kept
#     evidence, and something is missing  in part
#     no evidence, and why not            no
#
# A row:  | M7 | promise | status | how | shown by | what is missing, or why not |
# Shown by:  `t/x.t`: "said", "said"; `pupilctl plugin show identity`: "said"

use v5.36;

use Exporter qw(import);
use Pupil::Util qw(root_dir slurp);

our @EXPORT_OK = qw(promises_rows promises_faults promises_commands
                    promises_written);

# The list: how many rows each letter has, and which numbers were never given.
my @LIST = ([B => 13], [M => 27], [L => 14, 3, 11], [S => 9], [V => 11],
            [X => 1]);
my @STATUS = ('kept', 'in part', 'no');
my $NOTHING = "\x{2013}";

my $said = qr/"[^"]+"/;
my $evidence = qr/`([^`]+)`(?:: ($said(?:, $said)*))?/;


sub promises_list () {
    return map { my ($letter, $count, @never) = @$_;
                 my %never = map { $_ => 1 } @never;
                 map { "$letter$_" } grep { !$never{$_} } 1 .. $count } @LIST;
}


# Of text that is decoded: those of each row, in the order of the page.
sub promises_rows ($text) {
    my @rows;
    for my $line (grep { /^\| [A-Z]\d+ \|/ } split /\n/, $text) {
        my @cells = split / \| /, $line =~ s/^\| | \|$//gr, -1;
        my %row = (columns => scalar @cells);
        @row{qw(row promise status how shown missing)} = @cells;
        push @rows, \%row;
    }
    return @rows;
}


# [what, said ...] for each piece of evidence; nothing of what is none.
sub evidence_of ($row) {
    my $shown = $row->{shown} // '';
    return () if $shown eq $NOTHING;
    return map {
        my ($what, $quoted) = /\A$evidence\z/;
        [$what, defined $what ? ($quoted // '') =~ /"([^"]+)"/g : $_];
    } split /; /, $shown;
}


# What a file says: of a test the names of its tests, of a plugin that is wrong
# how it is refused.
sub says ($file, $text, $phrase) {
    return $text =~ /^ \* refused: .*\Q$phrase\E/m if $file =~ m{^t/plugins/bad/};
    $text =~ s{^\s*(?:#|\*|/\*).*}{}mg;
    return $text =~ /(['"])(?:(?!\1)[^\n])*\Q$phrase\E/;
}


# The commands that are known: of make, {name => help}; of pupilctl, its words.
sub makes () {
    return { slurp(root_dir() . '/Makefile') =~ /^## ([a-z-]+): (.*)$/mg };
}

sub commands () {
    my $source = slurp(root_dir() . '/ngx_module/ctl/command/commands.c');
    my ($table) = $source =~ /ctl_commands\[\] = \{(.*?)^\};/ms;
    return { map { $_ => 1 } ($table // '') =~ /\.words = "([^"]+)"/g };
}


# Why a piece of evidence is none; nothing if it is one.
sub evidence_faults ($part, $known) {
    my ($what, @said) = @$part;
    return "not as evidence is written: $said[0]" if !defined $what;

    if ($what =~ m{^t/}) {
        my $file = root_dir() . "/$what";
        return "there is no $what" if !-f $file;
        return "$what: by which test of it?" if !@said;
        my @short = grep { length() < 8 } @said;
        return "$what: \"$short[0]\" may be anything" if @short;
        utf8::decode(my $text = slurp($file));
        return map { "$what does not say \"$_\"" }
               grep { !says($what, $text, $_) } @said;
    }
    if ($what =~ /^make ([a-z-]+)$/) {
        my $help = $known->{make}{$1};
        return "make knows no $1" if !defined $help;
        return map { "make help does not say \"$_\" of $1" }
               grep { index($help, $_) < 0 } @said;
    }
    if ($what =~ /^pupilctl ([a-z -]+)/) {
        my @words = split / /, $1;
        return "$what: what does it say?" if !@said;
        return () if grep { $known->{pupilctl}{ join ' ', @words[0 .. $_] } }
                     0 .. $#words;
        return "pupilctl knows no $what";
    }
    return "$what is neither a test nor a command";
}


sub known () { return { make => makes(), pupilctl => commands() } }


sub has_reason ($row) { ($row->{missing} // '') ne $NOTHING }


# The status that a row's evidence gives it; undef: none.
sub status_of ($row, $known) {
    my @parts = evidence_of($row);
    return undef if grep { evidence_faults($_, $known) } @parts;
    return @parts ? has_reason($row) ? 'in part' : 'kept'
                  : has_reason($row) ? 'no' : undef;
}


sub count_of (@statuses) {
    my %count = map { $_ => 0 } @STATUS;
    $count{$_}++ for grep { exists $count{ $_ // '' } } @statuses;
    return sprintf "%d rows: %d kept, %d in part, %d not.", scalar @statuses,
                   @count{@STATUS};
}

my $counted = qr/^\d+ rows: \d+ kept, \d+ in part, \d+ not\.$/m;


# The page with the statuses and counts that its evidence gives it.
sub promises_written ($text) {
    my $known = known();
    my %status = map { $_->{row} => status_of($_, $known) } promises_rows($text);
    my @none = grep { !defined $status{$_} } map { $_->{row} } promises_rows($text);
    die 'no status: ' . join(', ', @none) . "\n" if @none;

    $text =~ s/^(\| ([A-Z]\d+) \| .*? \| ).*?( \| )/$1$status{$2}$3/mg;
    my $count = count_of(map { $status{ $_->{row} } } promises_rows($text));
    $text =~ s/$counted/$count/;
    return $text;
}


# What is wrong with the page.
sub promises_faults ($text) {
    my $known = known();
    my @rows = promises_rows($text);
    my @list = promises_list();
    my @faults;

    my %reason = map { $_->{row} => 1 }
                 grep { has_reason($_) && ($_->{missing} // '') !~ /^as of / }
                 @rows;

    push @faults, 'not each row of the list, once and in order'
        if "@{[map { $_->{row} } @rows]}" ne "@list";
    for my $row (@rows) {
        my $name = $row->{row};
        if ($row->{columns} != 6) {
            push @faults, "$name: $row->{columns} columns";
            next;
        }
        push @faults, "$name: no promise" if length $row->{promise} < 20;
        push @faults, "$name: does not say how"
            if length $row->{how} < 4 && evidence_of($row);
        push @faults, map { "$name: $_" } map { evidence_faults($_, $known) }
                                          evidence_of($row);
        my ($other) = $row->{missing} =~ /^as of ([A-Z]\d+)\b/;
        push @faults, "$name: no reason" if has_reason($row) && (defined $other
            ? !$reason{$other} : length $row->{missing} < 20);
        push @faults, "$name: neither evidence nor a reason"
            if !evidence_of($row) && !has_reason($row);
        my $status = status_of($row, $known) // 'none';
        push @faults, "$name is said to be $row->{status}, and is $status"
            if $row->{status} ne $status;
    }
    my @counts = $text =~ /($counted)/g;
    push @faults, 'no counts' if @counts != 1;
    push @faults, "counted are: $counts[0]"
        if @counts && $counts[0] ne count_of(map { $_->{status} } @rows);
    return @faults;
}


# [row, command, said ...] of pupilctl, each of which can be run.
sub promises_commands ($text) {
    return map { my $row = $_;
                 map { [$row->{row}, @$_] } grep { ($_->[0] // '') =~ /^pupilctl / }
                 evidence_of($row) } promises_rows($text);
}

1;
