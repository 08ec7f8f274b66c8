#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# Letters that names and titles are written with: joiners of Persian and of
# Indian scripts, soft hyphens and emoji are taken and come back as sent; other
# format characters, which hide text or turn it round, are refused.

use lib 't/lib';
use Pupil::Test;
use Pupil::Class;

use Encode qw(encode_utf8);
use JSON::XS ();

my $class = Pupil::Class->up;
my $site = $class->site;

my %taken = (
    'a Persian non-joiner' => "\x{645}\x{6cc}\x{200c}\x{631}\x{648}\x{645}",
    'a Sinhala joiner' => "\x{dc1}\x{dca}\x{200d}\x{dbb}\x{dd3}",
    'a soft hyphen' => "Donau\x{ad}schule",
    'a family of emoji' => "\x{1f468}\x{200d}\x{1f469}\x{200d}\x{1f467}",
    'a heart with its variation' => "\x{2764}\x{fe0f}\x{200d}\x{1f525}",
    'an emoji newer than the tables' => "\x{1faef}",
    'a skin tone' => "\x{1f44b}\x{1f3fd}",
    'a flag of two letters' => "\x{1f1ee}\x{1f1f7}",
    'the flag of Wales' => "\x{1f3f4}\x{e0067}\x{e0062}\x{e0077}\x{e006c}"
                           . "\x{e0073}\x{e007f}",
    'an ideograph with its variant' => "\x{845b}\x{e0100}",
);

my %refused = (
    'an override of the direction' => "a\x{202e}b",
    'an isolate' => "a\x{2066}b",
    'a mark of the direction' => "a\x{200f}",
    'a space of no width' => "a\x{200b}b",
    'a byte order mark' => "\x{feff}a",
    'a word joiner' => "a\x{2060}b",
    'a line separator' => "a\x{2028}b",
    'a paragraph separator' => "a\x{2029}b",
    'tags without their flag' => "a\x{e0061}\x{e0062}\x{e007f}",
    'a joiner that nothing comes before' => "\x{200d}a",
    'only a joiner' => "\x{200c}",
    'an annotation' => "a\x{fff9}b",
);


# ---- titles, by the API

sub assign ($title, @exercise) {
    my $body = $class->body(title => $title);
    $body->{exercises}[0]{title} = $exercise[0] if @exercise;
    return $class->teacher->post('/v1/homework', json => $body);
}

for my $what (sort keys %taken) {
    my $res = assign($taken{$what}, $taken{$what});
    is_status $res, 201, "title with $what";
    is $res->json->{title}, $taken{$what}, "$what: as sent";
    is $res->json->{exercises}[0]{title}, $taken{$what},
        "$what: in an exercise, too";
}

for my $what (sort keys %refused) {
    is_problem assign($refused{$what}), 422, 'invalid',
        field => '/title', rule => 'format-character', name => "title: $what";
    is_problem assign('Plain', $refused{$what}), 422, 'invalid',
        field => '/exercises/0/title', rule => 'format-character',
        name => "title of an exercise: $what";
}


# ---- names and titles, by a roster

sub import_roster ($title, $name, $family) {
    my $from = root_dir() . '/docs/quickstart/data/oneroster-sds-2.1';
    my $dir = tmp_dir() . '/roster';
    run_cmd('cp', '-rT', $from, $dir);
    $title = encode_utf8($title);
    spew("$dir/classes.csv", slurp("$dir/classes.csv")
         =~ s/Computer Science 101/$title/r);
    spew("$dir/users.csv", slurp("$dir/users.csv")
         =~ s/,Fred,Hutch,/',' . encode_utf8($name) . ','
                           . encode_utf8($family) . ','/er);
    my $run = $site->ctl_ok('import', 'oneroster', $dir, '--json', '--dates',
                            'open', $site->ctl_where);
    return map { my $of = $_->{what};
                 $_->{reason} =~ /(\w+) breaks/ ? "$of $1" : () }
           @{ JSON::XS::decode_json($run->{out})->{refused} };
}

for my $what (sort keys %taken) {
    is_deeply [import_roster(($taken{$what}) x 3)], [],
        "roster with $what";
}

for my $what (sort keys %refused) {
    is_deeply [sort(import_roster($refused{$what}, 'Fred', 'Hutch'))],
        ['classes class_title'], "title of a class with $what";
    is_deeply [import_roster('Plain', $refused{$what}, 'Hutch')],
        ['users given_name'], "given name with $what";
    is_deeply [import_roster('Plain', 'Fred', $refused{$what})],
        ['users family_name'], "family name with $what";
}

done_testing;
