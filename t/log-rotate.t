#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# What Debian's package has rotate nginx's logs: nothing that was logged is there
# for 90 days, whether anything was logged since or not, and what an error
# was is there for weeks.

use lib 't/lib';
use Pupil::Test;

use IO::Uncompress::Gunzip ();
use POSIX ();

my $recipe = slurp(root_dir() . '/debian/libnginx-mod-http-pupil.pupil.logrotate');
my $day = 24 * 3600;


# A folder of logs that a recipe rotates, and what there is of a word in them.
sub logs ($name, $recipe) {
    my $dir = tmp_dir() . "/$name";
    mkdir $dir, 0755;
    my $owner = join ' ', am_root() ? qw(www-data adm)
                        : (scalar getpwuid $>, scalar getgrgid $));
    $recipe =~ s{/var/log/pupil}{$dir};
    $recipe =~ s{www-data adm}{$owner};
    $recipe =~ s{invoke-rc.d nginx rotate}{touch $dir/opened};
    spew("$dir.conf", $recipe);
    return $dir;
}

# Another day: everything is a day older, files and what logrotate has noted.
sub tomorrow ($dir) {
    for my $file (glob("$dir/*")) {
        my $at = (stat $file)[9] - $day;
        utime $at, $at, $file;
    }

    my $state = -e "$dir.state" ? slurp("$dir.state") : '';
    $state =~ s{ (\d+)-(\d+)-(\d+)-[\d:]+$}{
        my @at = localtime(POSIX::mktime(0, 0, 12, $3, $2 - 1, $1 - 1900) - $day);
        sprintf ' %d-%d-%d-12:0:0', $at[5] + 1900, $at[4] + 1, $at[3]
    }gme;
    spew("$dir.state", $state, 0600);

    return run_cmd('/usr/sbin/logrotate', '--state', "$dir.state", "$dir.conf");
}

sub holds ($dir, $word) {
    return grep { text($_) =~ /\Q$word\E/ } grep { !/opened$/ } glob("$dir/*");
}

sub text ($file) {
    my $text;
    IO::Uncompress::Gunzip::gunzip($file => \$text)
        or die "$file: $IO::Uncompress::Gunzip::GunzipError\n";
    return $text;
}

# For how many days a word that was logged on the first is there; nothing is
# logged behind it, or a line each day.
sub kept ($dir, $quiet) {
    spew("$dir/$_.log", "the first\n") for qw(access error);
    tomorrow($dir);

    for my $days (1 .. 100) {
        my $run = tomorrow($dir);
        die "logrotate: $run->{err}" if $run->{code};
        return $days if !holds($dir, 'the first');
        next if $quiet;
        open my $out, '>>', "$dir/access.log" or die $!;
        print {$out} "day $days\n";
    }
    return 'ever';
}


for my $quiet (0, 1) {
    my $dir = logs($quiet ? 'quiet' : 'busy', $recipe);
    my $kept = kept($dir, $quiet);
    my $when = $quiet ? 'where nothing is logged any more' : 'in use';
    cmp_ok $kept, '<=', 32, "$when: $kept days";
    cmp_ok $kept, '>=', 14, 'and for weeks';
    ok -e "$dir/opened", 'nginx opens its logs again';
}

is kept(logs('idle', $recipe =~ s/\n\tifempty//r =~ s/daily/daily\n\tnotifempty/r), 1),
    'ever', 'one that leaves them is found';

done_testing;
