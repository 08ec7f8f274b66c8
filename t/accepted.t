#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I17: a version of a plugin that grants more than the operator has accepted is
# not served: a worker refuses it by what the database says, nginx -t and
# pupilctl check by the file that pupilctl writes, in the same words.

use lib 't/lib';
use Pupil::Test;
use Pupil::Class;
use File::Basename qw(basename);

# Those who install plugins accept them.
my $file = tmp_dir() . '/accepted';
my $class = do {
    local $ENV{PUPIL_ACCEPTED} = $file;
    Pupil::Class->up(site => pupil_up(import => 1, own => 1));
};
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

my $text = slurp($file);

# What the file says, and does not say, against what it said then.
sub changed () {
    my %was = map { $_ => 1 } split /\n/, $text;
    my %is = map { $_ => 1 } split /\n/, slurp($file);
    return sort +(map { "+ $_" } grep { !$was{$_} } keys %is),
                (map { "- $_" } grep { !$is{$_} } keys %was);
}

like $text, qr/^example favourite_subjects read teaching teaches$/m,
    'who installs plugins accepts them';
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

accept_plugin($narrow, '--accepted', $file);
is_deeply [changed()], [], 'and once more for one that grants less';


# ---- the database's word accepts nothing there

sub migrate ($plugins = Pupil::Nginx::plugins()) {
    return $site->ctl_ok('migrate', '--database', $site->pg->conninfo('pupil'),
        '--accepted', $file, '--ticket', 'test',
        { env => { PUPIL_PLUGINS => $plugins } });
}

# As whoever may write pupil.plugin would have it.
accept_plugin($wider);
accept_plugin(Pupil::Nginx::plugins() . '/pupil_identity.so',
              '--accepted', $file);
is_deeply [changed()], [], 'who accepts a plugin accepts no other with it';
migrate();
is_deeply [changed()], [], 'nor does who migrates';

sub unregister () {
    $site->db->do("DELETE FROM pupil.plugin WHERE category = 'example'");
    $site->db->do('DROP TABLE data.example');
}

my $folder = tmp_dir() . '/wider';
mkdir $folder or die "$folder: $!\n";
spew("$folder/" . basename($_), slurp($_))
    for glob Pupil::Nginx::plugins() . '/pupil_*.so';
spew("$folder/pupil_example.so", slurp($wider));
unregister();
migrate($folder);
is_deeply [changed()], [], 'nor who finds a plugin that seems to be new';
($test, $check) = both($more);
like $test->[1] // '', $grant, 'nginx -t does not serve it';
is_deeply $check, $test, 'pupilctl check says the same';

unregister();
unlink $file;
my $said = migrate()->{err};
like slurp($file), qr/^example favourite_subjects read teaching teaches$/m,
    'a plugin that is new to both is accepted';
unlike slurp($file), qr/^identity/m, 'and none that is not';
like $said, qr/plugin identity .*\Q$file\E.*pupilctl plugin accept \S+identity/,
    'which is said, and what to do';
like $site->ctl_ok('plugin', 'list', $site->ctl_where, '--accepted',
    $file)->{out}, qr/^identity .*not accepted/m, 'by plugin list, too';
accept_plugin($_, '--accepted', $file)
    for glob Pupil::Nginx::plugins() . '/pupil_*.so';
is_deeply [changed()], [], 'a file that was lost is made anew, by each plugin';


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

unlink $file;
spew($file, $text);
chmod 0666, $file;
my $run = $site->ctl('plugin', 'accept', $narrow, $site->ctl_where,
                     '--accepted', $file);
is $run->{code}, 1, 'nor does pupilctl write what others may have written';
like $run->{err}, qr/\Q$file\E.*chmod/, 'and says why';

done_testing;
