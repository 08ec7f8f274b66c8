#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# With error_log debug each step of a request is a line with the request's id,
# and no line of ours has anything of a person in it (I14).

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

my $day = Pupil::Day->up(workers => 1, log_level => 'debug');
my $nginx = $day->nginx;

plan skip_all => 'this nginx has no debug log'
    if $nginx->log_text !~ /\[debug\]/;

$day->work;

my $pupil = $day->person('pupil');
my $answer = 'Ett svar som ingen annan ska se';

# What our own lines say, in order; of one request: without its id.
sub said () { map { /\[debug\] [^:]*: (?:\*\d+ )?(pupil: .*)/ ? $1 : () }
              split /\n/, $nginx->log_text }

sub steps ($res) {
    my $id = $res->header('X-Request-Id');
    return join "\n", map { /^pupil: \Q$id\E (.*)/ ? $1 : () } said();
}

# Each of these is there, in this order.
sub in_order ($res, $name, @wanted) {
    my $steps = steps($res);
    my $all = join '.*?', map { "^\Q$_\E" } @wanted;
    like $steps, qr/$all/ms, $name;
}


my $http = $nginx->http;
my $login = $http->login(@$pupil{qw(login password)});
is $login->status, 200, 'a log-in';
in_order $login, 'a log-in, step by step',
    'login: routed to POST ""', 'login: body: read', 'login: parse',
    'login: start', 'login: exchange ', 'login: attempt reserved',
    'login: account looked up', 'login: keys: asked for, tenant\'s: 0,'
    . ' owners\': 1', 'login: keys: fetched', 'login: key fetched',
    'login: password hashed', 'login: session written',
    'login: sent with status 200';

my $failed = $nginx->http->login($pupil->{login}, 'ett annat lösenord');
is $failed->status, 401, 'a log-in that fails';
in_order $failed, 'goes the same way', 'login: attempt reserved',
    'login: account looked up', 'login: password hashed', 'login: refused',
    'login: problem: invalid-credentials', 'login: sent with status 401';

my $list = $http->get('/v1/homework');
is $list->status, 200, 'a fetch';
in_order $list, 'a fetch, step by step', 'homework: routed to GET ""',
    'homework: list: parse', 'homework: session: loaded from the ',
    'homework: list: start', 'homework: exchange ',
    'homework: audit: a record, allowed', 'homework: audit: recorded',
    'homework: sent with status 200';

my $submission = $http->post('/v1/progress', json =>
    $day->answer($day->homework, 1, answer => $answer));
is $submission->status, 201, 'a submission';
in_order $submission, 'a submission, step by step',
    'progress: routed to POST ""', 'progress: submit: parse',
    'progress: session: loaded from the ', 'progress: submit: start',
    'progress: exchange ', 'progress: submit: render',
    'progress: sent with status 201';

my $elsewhere = $http->get('/v1/homework/0');
in_order $elsewhere, 'what is no route', 'homework: problem: not-found',
    'homework: sent with status 404';


# ---- all of ours, by whatever else happens on a day

$day->ask($_) for grep { $_->{name} ne 'take back' } $day->requests;

my @said = said();
cmp_ok scalar(@said), '>', 300, 'lines of ours';
my $id = qr/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/;
my $endpoint = qr/login|login_code|password|session|homework|classes|progress
                   |data                   |rights|support|status|imports/x;
my @strange = grep { !/^pupil: $id $endpoint: [\x20-\x7e]+\z/ } @said;
is_deeply \@strange, [], 'each begins with a request and an endpoint';

my $name = $http->get('/v1/session')->json->{user}{display_name};
my @persons = ($answer, split(/ /, $name), 'ett annat',
    map { @{ $day->person($_) }{qw(login password)} } qw(teacher pupil));
my ($any) = map { qr/$_/i } join '|', map { quotemeta } @persons;
is_deeply [grep { $_ =~ $any } @said], [], 'and has nothing of a person';
like "pupil: 0 login: $pupil->{login}", $any, 'which would be found';

done_testing;
