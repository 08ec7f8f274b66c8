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

done_testing;
