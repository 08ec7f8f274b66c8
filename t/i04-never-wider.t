#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I4: configuration can narrow a plugin's grants, never widen them.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

my $day = Pupil::Day->up(start => 0);
my $site = $day->site;


# ---- nothing but what plugins declare can be named

my @refused = (
    ['an unknown category', 'pupil_deny nosuch;', qr/nosuch/],
    ['an unknown field', 'pupil_deny identity.nosuch;', qr/nosuch/],
    ['an unknown purpose', 'pupil_deny identity purpose=advertising;',
     qr/advertising.*(?:teaching|learning)/s],
    ['an unknown relation', 'pupil_deny identity relation=friend;',
     qr/friend.*teaches/s],
    ['an unknown word', 'pupil_deny identity role=pupil;', qr/role/],
    ['a negation', 'pupil_deny !identity;', qr/!identity/],
    ['a sign', 'pupil_deny -identity.family_name;', qr/-identity/],
    ['everything', 'pupil_deny *;', qr/\*/],
    ['none', 'pupil_deny off;', qr/off/],
    ['nothing', 'pupil_deny;', qr/pupil_deny/],
    ['a grant', 'pupil_grant identity purpose=teaching;',
     qr/unknown directive "pupil_grant"/],
    ['a permission', 'pupil_allow identity;',
     qr/unknown directive "pupil_allow"/],
    ['all that an endpoint has', 'pupil_deny progress;',
     qr{/v1/progress.*pupil_deny}],
    ['what a log-in needs', 'pupil_deny credential.password_hash;',
     qr/password_hash/],
);

for my $case (@refused) {
    my ($name, $text, $says) = @$case;
    my $run = $day->nginx->set(http => $site->http_conf(pupil => $text))
                  ->test;
    isnt $run->{code}, 0, "$name: refused";
    like $run->{err}, $says, 'and named' or diag $run->{err};
}

my $missing = $day->nginx->set(http => $site->http_conf(plugins => [qw(contact
    enrolment credential identity network progress)]))->test;
isnt $missing->{code}, 0, 'a plugin that a handler cannot do without';
like $missing->{err}, qr/homework/, 'is named' or diag $missing->{err};


# ---- levels add up

my $wide = Pupil::Day->up(site => $site);
my $class = $wide->class_id;
$day->{class_id} = $class;
$day->nginx->set(
    http => $site->http_conf(pupil => "pupil_deny identity.family_name"
        . " relation=taught_by;\n"),
    server => "pupil_deny enrolment.class_title;\n"
        . $site->server_conf(locations => {
            homework => 'pupil_deny homework.description;'
                . ' pupil_deny identity relation=self;',
            progress => 'pupil_deny progress.answer;',
            session => 'pupil_deny identity.given_name;' }));
is $day->nginx->test->{code}, 0, 'denials on three levels';
$day->nginx->start;
my $homework = $day->assign(description => 'Läs boken.');
my $res = $day->pupil->get('/v1/homework');
is $res->status, 200, 'homework';
unlike $res->body, qr/Beane/, 'the outermost level holds';
unlike $res->body, qr/Algebra/, 'the middle one does';
unlike $res->body, qr/Läs boken/, 'and the innermost';
like $res->body, qr/Craig/, 'what none denies is shown';
like $day->pupil->get('/v1/session')->body, qr/Klein/,
    'a location\'s own denials stay with it';
unlike $day->pupil->get('/v1/session')->body, qr/\bOra\b/, 'and hold';
$res = $day->pupil->post('/v1/progress', json => $day->answer($homework));
is_problem $res, 403, 'not-granted', name => 'what cannot work is refused';
is_deeply $day->outcomes($res), ['not_granted'], 'on record';
is $day->pupil->get('/v1/progress')->status, 200, 'what can, works';
unlike $day->pupil->get('/v1/data/enrolment')->body, qr/Algebra/,
    'a location without its own has those of its server';


# ---- no policy in force grants what no plugin does

my $documents = $day->db->selectcol_arrayref(
    'SELECT document FROM pupil.policy');

# What a policy lets through, one line for each field.
sub grants ($text) {
    my $policy = JSON::XS->new->decode($text);
    my %all;
    for my $category (@{ $policy->{categories} }) {
        my $name = $category->{category} // $category->{name};
        for my $grant (@{ $category->{grants} }) {
            for my $field (@{ $grant->{fields} }) {
                $all{ join ' ', $name, $field, map { $grant->{$_} // '' }
                      qw(purpose relation operation) } = 1;
            }
        }
    }
    return \%all;
}

my @policies = map { grants($_) } @$documents;
my ($widest) = sort { keys %$b <=> keys %$a } @policies;
cmp_ok scalar(keys %$widest), '>', 20, 'a policy has grants';
my @wider = map { my $p = $_; grep { !$widest->{$_} } keys %$p } @policies;
is_deeply \@wider, [], 'each policy in force is part of the plugins\' own';
cmp_ok scalar(grep { keys %$_ < keys %$widest } @policies), '>=', 3,
    'and narrowed ones are narrower';

done_testing;
