#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I18: the enrolment of a pupil who has left a class does not come back for
# the teacher either, when a superuser puts the old row back: not in the list
# of the class, and not for the pupil's data.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

my $day = Pupil::Day->up;
my $site = $day->site;
$day->all_here->work;
my %id = map { $_ => $day->person($_)->{id} } qw(pupil classmate);
my $homework = $day->homework->{id};

sub class_list {
    my $res = $day->teacher->get("/v1/homework/$homework/progress");
    die 'overview: ' . $res->text if $res->status != 200;
    return { map { $_->{id} => 1 } @{ $res->json->{pupils} } };
}

sub name_of ($who) { $day->teacher->get("/v1/data/identity/$id{$who}") }

# Within a second, and some for the machine.
sub soon ($code) {
    my $until = Time::HiRes::time() + 2;
    my $done;
    select undef, undef, undef, 0.05
        while !($done = $code->()) && Time::HiRes::time() < $until;
    return $done;
}

# A roster in which this pupil is in no class.
sub roster_without ($sis) {
    my $from = root_dir() . '/docs/quickstart/data/sds-100-users';
    my $dir = tmp_dir() . '/roster';
    mkdir $dir or die "$dir: $!\n";
    for my $path (glob "$from/*.csv") {
        my ($name) = $path =~ m{([^/]+)$};
        my $text = slurp($path);
        $text =~ s/^\d+,$sis\r?\n//mg if $name eq 'StudentEnrollment.csv';
        spew("$dir/$name", $text);
    }
    return $dir;
}

ok class_list()->{$id{pupil}}, 'a pupil in the list of the class';
is name_of('pupil')->status, 200, 'whose name the teacher sees';

my $rows = $day->rows_of('pupil.enrolment', $id{pupil});
$site->ctl_ok('import', 'sds', roster_without('13001'), '--dates', 'open',
              '--close-absent', $site->ctl_where);
ok !class_list()->{$id{pupil}}, 'who has left is not in the list';
is name_of('pupil')->status, 404, 'nor is the name shown';
$day->put_back($rows);
ok soon(sub { !class_list()->{$id{pupil}} }),
    'nor when the enrolment is put back';
ok soon(sub { name_of('pupil')->status == 404 }), 'nor is the name';
ok class_list()->{$id{classmate}}, 'who stayed is';
is name_of('classmate')->status, 200, 'with the name';



# ---- many at once, as an import does, are told of in one word

my $keys = $site->keystore;
my @many = ($id{classmate}, map { uuid() } 1 .. 100);
$day->take_numbers(authority => @many);
$keys->begin_work;
$keys->do("SELECT set_config('pupil.tenant', ?, true)", {}, $site->tenant);
$keys->do(q{SELECT keystore.raise(?::uuid[], 'authority',
    array_fill(1, ARRAY[101]))}, {}, \@many);
$keys->commit;
ok soon(sub { !class_list()->{$id{classmate}} }),
    'one of many whose floor was raised is not in the list';

done_testing;
