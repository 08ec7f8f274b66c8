#!/usr/bin/perl

# The quick start's school web app in a real browser, served as the quick
# start serves it.

use lib 't/lib';
use Pupil::Test;
use Pupil::Qr;
use Pupil::Web;

my $root = root_dir();
my $folder = Pupil::Web->folder;

like +Pupil::Web->location,
    qr/Content-Security-Policy "default-src '(none|self)'/,
    'the quick start serves the web app, under a content policy';
unlike slurp($_), qr{https?://(?!www\.w3\.org/)|\bstyle=|\bon\w+=|innerHTML},
    "$_: nothing from elsewhere, nothing inline" for glob "$folder/*";


# ---- its texts: each in each language, and none that is not there

my %texts = map {
    my ($code) = /words\.(\w+)\.js$/;
    my $text = slurp($_);
    $text =~ s{/\*.*?\*/}{}gs;
    my %keys = map { $_ => 1 }
               $text =~ /^  (?! )'?([\w.-]+)'?:\s/gm,
               $text =~ /', '?([\w.-]+)'?: ['{]/g;
    ($code => \%keys);
} glob "$folder/words.??.js";
is_deeply [sort keys %texts], [qw(da en sv)], 'in three languages';
is_deeply [sort keys $texts{$_}->%*], [sort keys $texts{en}->%*],
    "$_: the texts of en" for qw(da sv);
cmp_ok scalar(keys $texts{en}->%*), '>', 150, 'all of them are looked at';

for my $file (glob "$folder/*.{js,html}") {
    my $code = slurp($file);
    my @used = ($code =~ /\bt\('([\w.-]+)'/g,
                $code =~ /data-t(?:-label)?="([\w.-]+)"/g);
    is_deeply [grep { !$texts{en}{$_} } @used], [], "$file: texts are there";
}

# What is loaded first, as it is sent.
my $first = join '', map { slurp($_) }
    grep { !/words\.(?:sv|da)\.js/ } glob "$folder/*";
open my $gzip, '|-', 'gzip -6 >' . tmp_dir() . '/first.gz' or die "gzip\n";
print $gzip $first;
close $gzip;
cmp_ok -s tmp_dir() . '/first.gz', '<', 60_000, 'less than 60 KB at first';


# ---- a day

my $web = Pupil::Web->up(conf => {
    pupil_second_factor => 'school_admin=required' });
my $site = $web->site;
my %person = map { $_->[0] => $web->person($_->[1]) }
    [teacher => 'CBeane'], [pupil => 'OKlein'],
    [other => (map { (split /,/)[4] } grep { (split /,/)[1] eq '10002' }
               split /\r?\n/, slurp("$root/docs/quickstart/data/sds-100-users/"
                                    . 'Student.csv'))[0]];
my $class = $web->class_of(@person{qw(teacher pupil)});
ok $class, 'teacher and pupil share a class';

# Who administers needs a second factor, and has a token to enrol it.
$person{admin} = $site->person('FFlowers');
chomp($person{admin}{token} = $site->ctl_ok('user', 'token',
    $person{admin}{login}, $site->ctl_where)->{out});

$site->ctl_ok(qw(user add helping.hand support), $site->ctl_where);
$person{support} = $site->person('helping.hand');

# Somebody whose password pupilctl has made.
$person{newcomer} = $site->person('EParker');
chomp($person{newcomer}{password} = $site->ctl_ok('user', 'password',
    '--generate', $person{newcomer}{login}, $site->ctl_where)->{out});

my @checks = $web->browse('school.mjs', 600, { %person, class_id => $class });
cmp_ok scalar(@checks), '>=', 140, 'to the end: ' . @checks . ' checks';
ok $_->{ok}, $_->{name} or diag $_->{detail} for @checks;

# The picture of a key, as a camera reads it off the page.
my $shots = Pupil::Web->shots;
my $key = slurp("$shots/qr.txt");
like $key, qr/^[A-Z2-7]{32}$/, 'a key was shown';
is qr_read("$shots/qr.png"), "otpauth://totp/localhost?secret=$key"
    . '&issuer=localhost', 'and as a QR code, on the page';

# Nothing that was written is in a log.
unlike $web->nginx->log_text . slurp($web->nginx->dir . '/access.log'),
    qr/Bees tell|dancing|How bees/, 'no log holds a text';

done_testing;
