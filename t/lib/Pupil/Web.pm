package Pupil::Web;

# Copyright (C) the Pupil authors
#
# The quick start's school web app, served as the quick start serves it, and a
# real browser that uses it.
#
#     my $web = Pupil::Web->up;
#     my $teacher = $web->person('CBeane');
#     my @checks = $web->browse('school.mjs', 300, { teacher => $teacher });

use v5.36;

use JSON::XS ();
use Pupil::Test ();
use Pupil::Util;

sub folder ($class = undef) { root_dir() . '/docs/quickstart/web' }

sub location ($class = undef) {
    my ($location) = slurp(root_dir() . '/docs/quickstart/nginx.conf.in')
        =~ /^(        location \/ \{.*?^        \})$/ms;
    return $location // '';
}

# Where the quick start has links in mails lead, by what a directive calls them.
sub link_of ($class, $word, $port) {
    my ($page) = slurp(root_dir() . '/docs/quickstart/nginx.conf.in')
        =~ /\b\Q$word\E=([^\s;]+)/;
    return $page =~ s/\@PORT\@/$port/r;
}

# Options: those of Pupil::Site's nginx, whose server is added to; site, if there
# is one.
sub up ($class, %opt) {
    my $web = tmp_dir() . '/web';
    system('cp', '-r', folder(), $web) == 0 or die "cp\n";
    system('chmod', '-R', 'a+rX', $web) == 0 or die "chmod\n";
    my $location = location() =~ s{\@RUN\@/web}{$web}r
                              =~ s{\@MIME\@}{/etc/nginx/mime.types}r;
    my $site = delete $opt{site} // Pupil::Test::pupil_up(import => 1);
    return bless {
        site => $site,
        nginx => $site->nginx(workers => 2, %opt,
            server => $location . ($opt{server} // ''))->start,
    }, $class;
}

sub site ($self) { $self->{site} }
sub nginx ($self) { $self->{nginx} }

# Somebody who can log in, with the name that the pages show.
sub person ($self, $login) {
    my $person = $self->{site}->person($login);
    my $http = $self->{nginx}->http;
    $http->enter(@$person{qw(login password)});
    $person->{family_name} = $http->get('/v1/data/identity')
        ->json->{records}[0]{family_name};
    return $person;
}

# A class of that teacher and that pupil.
sub class_of ($self, $teacher, $pupil) {
    return $self->{site}->db->selectrow_array(<<'', undef, $teacher->{id},
        SELECT t.class FROM pupil.enrolment t
          JOIN pupil.enrolment p USING (tenant, class)
         WHERE t.subject = ? AND t.role = 'teacher' AND p.subject = ?
               AND p.role = 'pupil'

        $pupil->{id});
}

# Where it leaves its pictures.
sub shots ($class = undef) { $ENV{PUPIL_SHOTS} // tmp_dir() . '/browser' }

# What the script checked: { name, ok, detail } each, the last one that it ran.
sub browse ($self, $script, $timeout, $input) {
    my $shots = shots();
    mkdir $shots;
    my $run = run_cmd('node', root_dir() . "/t/browser/$script", $shots, {
        timeout => $timeout, env => { HOME => tmp_dir() },
        stdin => Pupil::Test::json_of({ %$input, url => $self->{nginx}->url }),
    });
    return ((map { JSON::XS::decode_json($_) }
                grep { /^\{/ } split /\n/, $run->{out}),
            { name => 'the browser ran', ok => !$run->{code},
              detail => $run->{err} });
}

1;
