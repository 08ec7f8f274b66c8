#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I17: the file of a loaded plugin is anybody's to overwrite.  What was loaded
# goes on, the next reload serves what is there by then, also when that was
# there before, and a file that is cut short is refused.

use lib 't/lib';
use Digest::SHA qw(sha256_hex);
use Pupil::Test;

my $file = tmp_dir() . '/pupil_example.so';
my $built = slurp(Pupil::Nginx::plugins() . '/pupil_example.so');

# The next version takes digits alone.  As long as the first, so that
# overwriting it moves nothing.
my $letters = '[\p{L}\p{N} ,-]+';
cmp_ok index($built, $letters), '>', 0, 'the pattern that is to change';
my $next = $built =~ s/\Q$letters\E/[\\p{N}\\p{N} ,-]+/r;

# As cp does: the same inode, emptied and filled.
sub overwrite ($content) { spew($file, $content) }

overwrite($built);
chmod 0755, tmp_dir();
my $site = pupil_up(import => 1);
my $others = $site->http_conf =~ s/^.*pupil_example\.so;\n//mr;
my $nginx = $site->nginx->set(http => "pupil_plugin $file;\n$others")->start;
my $http = $nginx->http;
is_status $http->login(@{ $site->person('OKlein') }{qw(login password)}), 200,
    'a pupil logs in';
my @mine = ($nginx->pid, $nginx->workers);

sub says ($name, $text, $status) {
    my $res = $http->patch('/v1/data/example',
                           json => { favourite_subjects => $text });
    is $res->status, $status, $name or diag $res->text;
}
sub first_version ($when) {
    says("$when: letters are taken", 'maths, history', 200);
}
sub next_version ($when) {
    says("$when: letters are refused", 'maths, history', 422);
    says("$when: digits are taken", '1, 2', 200);
}
sub reload ($when) {
    my @before = $nginx->workers;
    $nginx->reload(wait => 1);
    my %old = map { $_ => 1 } @before;
    is_deeply [grep { $old{$_} } $nginx->workers], [], "$when: reloaded";
    is kill(0, $nginx->pid), 1, "$when: the master lives";
}
first_version('loaded');


# ---- overwritten in place

overwrite($next);
is kill(0, $_), 1, "overwritten: $_ lives" for @mine;
first_version('overwritten');
is_deeply [$nginx->pid, $nginx->workers], \@mine, 'nobody died';

reload('the next version');
next_version('reloaded');

overwrite($built);
next_version('the first is put back');
reload('put back');
first_version('put back, reloaded');


# ---- the same bytes, as another file

unlink $file or die "$file: $!\n";
overwrite($built);
reload('installed again');
first_version('installed again');

spew("$file.new", $next);
rename "$file.new", $file or die "$file: $!\n";
my $pinned = sha256_hex($next);
$nginx->set(http => "pupil_plugin $file sha256=$pinned;\n$others");
reload('renamed and pinned');
next_version('renamed and pinned');


# ---- a copy that is under way

for my $part (0.9, 0.5, 0.01) {
    overwrite(substr $next, 0, $part * length $next);
    $nginx->set(http => "pupil_plugin $file;\n$others");
    my $run = $nginx->test;
    is $run->{code}, 1, "$part of it: nginx -t refuses it";
    like $run->{err}, qr/\[emerg\].*\Q$file\E/, "$part of it: by name";
}
like $nginx->test->{err}, qr/cut short/, 'and says what is wrong';
$nginx->allow_log(qr/\[emerg\].*\Q$file\E/);
my @before = $nginx->workers;
$nginx->reload;
is_deeply [$nginx->workers], \@before, 'a reload leaves what is there';
next_version('cut short');

overwrite($next);
reload('whole again');
next_version('whole again');

done_testing;
