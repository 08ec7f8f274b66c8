#!/usr/bin/perl

# The quick start's school web app in a real browser, served as the quick
# start serves it.

use lib 't/lib';
use Pupil::Test;

my $root = root_dir();
my $quick = slurp("$root/docs/quickstart/nginx.conf.in");
my $web = tmp_dir() . '/web';
my ($location) = $quick =~ /^(        location \/ \{.*?^        \})$/ms;

ok $location, 'the quick start serves the web app';
like $location, qr/Content-Security-Policy "default-src '(none|self)'/,
    'under a content policy';
unlike slurp($_), qr{https?://(?!www\.w3\.org/)|\bstyle=|\bon\w+=|innerHTML},
    "$_: nothing from elsewhere, nothing inline"
    for glob "$root/docs/quickstart/web/*";

system('cp', '-r', "$root/docs/quickstart/web", $web) == 0 or die "cp\n";
system('chmod', '-R', 'a+rX', $web) == 0 or die "chmod\n";
$location =~ s{\@RUN\@/web}{$web};
$location =~ s{\@MIME\@}{/etc/nginx/mime.types};

my $site = pupil_up(import => 1);
my $nginx = $site->nginx(server => $location, workers => 2)->start;
my %person = map { $_->[0] => $site->person($_->[1]) }
    [teacher => 'CBeane'], [pupil => 'OKlein'], [admin => 'FFlowers'],
    [other => (map { (split /,/)[4] } grep { (split /,/)[1] eq '10002' }
               split /\r?\n/, slurp("$root/docs/quickstart/data/sds-100-users/"
                                    . 'Student.csv'))[0]];

# A class of that teacher and that pupil.
my $class = $site->db->selectrow_array(<<'', undef,
    SELECT t.class FROM pupil.enrolment t
      JOIN pupil.enrolment p USING (tenant, class)
     WHERE t.subject = ? AND t.role = 'teacher' AND p.subject = ?
           AND p.role = 'pupil'

    $person{teacher}{id}, $person{pupil}{id});
ok $class, 'teacher and pupil share a class';

# The name, as the pupil sees it.
my $http = $nginx->http;
$http->login(@{ $person{pupil} }{qw(login password)});
$person{pupil}{family_name}
    = $http->get('/v1/data/identity')->json->{records}[0]{family_name};

# Somebody whose password pupilctl has made.
$person{newcomer} = $site->person('EParker');
chomp($person{newcomer}{password} = $site->ctl_ok('user', 'password',
    '--generate', $person{newcomer}{login}, $site->ctl_where)->{out});

my $shots = $ENV{PUPIL_SHOTS} // tmp_dir() . '/browser';
mkdir $shots;
my $run = run_cmd('node', "$root/t/browser/school.mjs", $shots, {
    timeout => 300, env => { HOME => tmp_dir() },
    stdin => json_of({ %person, url => $nginx->url, class_id => $class }),
});
is $run->{code}, 0, 'the browser ran' or diag $run->{err};

my @checks = map { JSON::XS::decode_json($_) } split /\n/, $run->{out};
cmp_ok scalar(@checks), '>=', 30, 'to the end: ' . @checks . ' checks';
ok $_->{ok}, $_->{name} or diag $_->{detail} for @checks;

# Nothing that was written is in a log.
unlike $nginx->log_text . slurp($nginx->dir . '/access.log'),
    qr/Bees tell|dancing|How bees/, 'no log holds a text';

done_testing;
