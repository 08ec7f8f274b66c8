#!/usr/bin/perl

# docs/openapi.yaml by itself: it is sound, and leaves out no problem.  What the
# server answers: t/openapi.t.

use lib 't/lib';
use Pupil::Test;

my $root = root_dir();
my $document = "$root/docs/openapi.yaml";
my @node = ('node', "$root/t/browser/openapi.mjs");

my $run = run_cmd(@node, 'lint', $document);
is $run->{code}, 0, 'the document can be read' or diag $run->{err};
is $run->{out}, '', 'and is sound';

my $broken = slurp($document) =~ s/operationId: logOut/operationId: logIn/r
             =~ s{responses/NoSession' \}\n}{responses/NoSuch' \}\n}r;
$run = run_cmd(@node, 'lint', spew(tmp_dir() . '/broken.yaml', $broken));
like $run->{out}, qr/logIn is there twice/, 'faults are found: a name';
like $run->{out}, qr/NoSuch leads nowhere/, 'a reference';

my ($slugs) = slurp("$root/ngx_module/http/request/ngx_http_pupil_problem.c")
    =~ /ngx_http_pupil_problems\[\] = \{(.*?)\n\};/s;
my ($schema) = slurp($document)
    =~ /^    Problem:\n      description: RFC(.*?)^    Login:/ms;
is_deeply [sort $schema =~ /urn:pupil:problem:([a-z-]+)/g],
    [sort $slugs =~ /^        \d+, "([a-z-]+)"/mg],
    'the problems are those of the server';


# ---- what is compared with it

my $good = { operation => 'GET /v1/session', status => 200, name => 'a session',
    headers => { 'content-type' => 'application/json; charset=utf-8',
                 'cache-control' => 'no-store', 'x-request-id' => uuid(),
                 'x-content-type-options' => 'nosniff' },
    body => json_of({ status => 'ok', user => { id => uuid(),
        role => 'teacher', display_name => 'Craig Beane' }, session => {
            csrf_token => 'a' x 43, expires_at => '2026-11-28T16:36:17Z',
            idle_timeout => 7200, time_zone => 'Europe/Stockholm' },
        institutions => [{ id => uuid(),
        title => 'Contoso High School', role => 'teacher', active => \1,
        roles => ['teacher'] }] }) };
my %bad = (
    'a member too many' => { %$good, body => $good->{body} =~ s/^\{/{"x":1,/r },
    'a member less' => { %$good, body => $good->{body}
                         =~ s/"display_name":"[^"]*"/"id":"x"/r },
    'no request id' => { %$good, headers => { %{ $good->{headers} },
                         'x-request-id' => 'none' } },
    'another status' => { %$good, status => 202 },
    'another type' => { %$good, headers => { %{ $good->{headers} },
                        'content-type' => 'text/html' } },
);
my @bad = sort keys %bad;
$run = run_cmd(@node, 'check', $document,
    { stdin => join '', map { json_of($_) . "\n" } @bad{@bad}, $good });
my @verdicts = split /\n/, $run->{out};
is pop @verdicts, '[]', 'an answer as it says';
isnt $verdicts[$_], '[]', "$bad[$_] would be found" for 0 .. $#bad;

done_testing;
