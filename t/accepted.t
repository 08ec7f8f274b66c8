#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I17: a version of a plugin that grants more than the operator has accepted is
# not served: a worker refuses it by what the database says, nginx -t and
# pupilctl check by the file that pupilctl writes, in the same words.

use lib 't/lib';
use Pupil::Test;
use Pupil::Class;

my $class = Pupil::Class->up;
my ($site, $nginx) = ($class->site, $class->nginx);
my $narrow = Pupil::Nginx::plugins() . '/pupil_example.so';
my $wider = build_dir() . '/t/plugins/example_wider.so';
my $good = $site->http_conf;
my $more = $good =~ s/\Q$narrow\E/$wider/r;
my $grant = qr/read chosen_on for teaching through teaches/;

sub homework { $class->teacher->get('/v1/homework') }
sub ready { $nginx->http->get('/status/ready')->status }
sub accept_plugin ($path, @more) {
    $site->ctl_ok('plugin', 'accept', $path, $site->ctl_where, @more);
}


# ---- the worker, by what the database says

is_status homework(), 200, 'what is accepted is served';

$nginx->set(http => $more);
is $nginx->test->{code}, 0, 'nginx -t does not ask the database';
$nginx->reload(wait => 1);
is_problem homework(), 503, 'unavailable',
    name => 'a worker does not serve what nobody accepted';
is ready(), 503, 'and is not ready';
like $nginx->log_text, qr/\[error\].*example 1\.1\.0 grants more.*$grant/,
    'the log says what it grants';
like $nginx->log_text, qr/$grant.*pupilctl plugin accept/, 'and what to do';

accept_plugin($wider);
wait_until(60, 'the worker to serve', sub { ready() == 200 });
is_status homework(), 200, 'once it is accepted, it is served';

accept_plugin($narrow);
$site->pg->restart;
wait_until(60, 'the worker to serve', sub { ready() == 200 });
is_status homework(), 200,
    'a worker that runs goes on, when less is accepted later';


# ---- nginx -t, by the file that pupilctl writes

my $file = tmp_dir() . '/accepted';
$site->ctl_ok('migrate', '--database', $site->pg->conninfo('pupil'),
              '--accepted', $file, '--ticket', 'test');
my $text = slurp($file);
like $text, qr/^example favourite_subjects read teaching teaches$/m,
    'migrate writes what is accepted';
unlike $text, qr/^example chosen_on read teaching/m, 'and nothing else';
is((stat $file)[2] & 0777, 0644, 'for all to read, for the operator to write');

# [code, the line about it] of nginx -t and of pupilctl check.
sub both ($http) {
    $nginx->set(http => "pupil_accepted $file;\n$http");
    my $test = $nginx->test;
    my $check = $site->ctl('check', $nginx->conf_file, $site->ctl_where);
    return map { [$_->{code}, "$_->{err}$_->{out}" =~ /(pupil_accepted: .*?)(?: in \S+:\d+)?$/m] }
           $test, $check;
}
is_deeply [both($good)], [[0], [0]], 'what is accepted passes';

my ($test, $check) = both($more);
is $test->[0], 1, 'nginx -t refuses a version that grants more';
like $test->[1] // '', qr/example 1\.1\.0 .*$grant.*pupilctl plugin accept/,
    'says what, and what to do';
is_deeply $check, $test, 'pupilctl check says the same';

$nginx->allow_log(qr/\[emerg\].*$grant/);
my @before = $nginx->workers;
$nginx->reload;
is_deeply [$nginx->workers], \@before, 'a reload leaves what is there';

accept_plugin($wider, '--accepted', $file);
like slurp($file), qr/^example chosen_on read teaching teaches$/m,
    'plugin accept writes the file anew';
is_deeply [both($more)], [[0], [0]], 'then it passes';


# ---- a file that is not the operator's word

# [what, how it is made, what is said]
my @faults = (
    ['no file', sub { }, qr/No such file/],
    ['an empty file', sub { spew($file, '') }, qr/pupilctl did not write/],
    ['another file', sub { spew($file, "identity read\n") },
     qr/pupilctl did not write/],
    ['a file that others may write', sub { spew($file, $text);
                                           chmod 0666, $file },
     qr/chmod/],
    ['a folder', sub { mkdir $file }, qr/no regular file/],
);
push @faults, ['a file of somebody else', sub {
    spew($file, $text);
    chown 65534, 65534, $file;
}, qr/chown/] if $> == 0;

for my $fault (@faults) {
    my ($name, $make, $says) = @$fault;
    unlink $file;
    $make->();
    ($test, $check) = both($good);
    is $test->[0], 1, "$name: refused";
    like $test->[1] // '', qr/\Q$file\E.*$says/, "$name: and why";
    is_deeply $check, $test, "$name: by pupilctl check, too";
    rmdir $file;
}

done_testing;
