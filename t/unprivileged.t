#!/usr/bin/perl

# The whole path without root: PostgreSQL, pupilctl, nginx's master and its
# workers belong to one plain user, who may lock what Debian 12 lets everybody
# lock.  Run by root, this file runs itself again as nobody.

use lib 't/lib';
use Pupil::Test;
use Pupil::Class;

my $MEMLOCK = 8 << 20;      # bytes, RLIMIT_MEMLOCK of Debian 12

if (am_root()) {
    SKIP: {
        skip 'nobody may not read this folder', 2
            if run_cmd('test', '-r', root_dir() . '/Makefile',
                       { as => 'nobody' })->{code};
        as_nobody();
    }
    done_testing;
    exit;
}


# ---- set up by the operator

my $class = Pupil::Class->up(workers => 2, conf => {
    pupil_session_zone => 'pupil_sessions:1m valid=15s' },
    wrap => ['prlimit', "--memlock=$MEMLOCK:$MEMLOCK"]);
my ($site, $nginx) = ($class->site, $class->nginx);

my @key = stat $site->key;
is $key[4], $>, 'the key file is mine';
is sprintf('%03o', $key[2] & 0777) =~ s/^[46]00$/owner/r, 'owner',
    'and nobody else reads it';
unlike $nginx->conf_text, qr/^user /m, 'nginx changes no user';

# Processes of ours and of whom; a worker that is not dumpable is shown by
# its status.
sub owners (@pids) {
    my %user = map { slurp("/proc/$_/status") =~ /^Uid:\s+(\d+)/m
                     ? ($1 => 1) : () } @pids;
    return join ' ', sort keys %user;
}

is owners($nginx->pid, $nginx->workers, $site->pg->pid), $>,
    'master, workers and PostgreSQL are mine';

sub locked ($name) {
    for my $pid ($nginx->workers) {
        my ($kib) = slurp("/proc/$pid/status") =~ /^VmLck:\s+(\d+) kB/m;
        # sanitizers lock nothing
        ok $kib > ($ENV{PUPIL_SANITIZE} ? -1 : 4096)
            && $kib * 1024 <= $MEMLOCK, "$name: a worker has locked $kib KiB";
    }
    unlike $nginx->log_text, qr/LimitMEMLOCK|cannot lock|core dumps of/,
        "$name: nothing to say about it";
}

$nginx->wait_ready;
locked('start');


# ---- a day

is_status $class->teacher->get('/v1/session'), 200, 'a teacher';
my $homework = $class->assign(title => 'Without root');
my $res = $class->pupil->get("/v1/homework/$homework->{id}");
is_status $res, 200, 'the pupil has the homework';
is $res->json->{title}, 'Without root', 'with its title';
my $answer = $class->answer($homework, 0, score => { raw => 3, max => 10 });
is_status $class->pupil->post('/v1/progress', json => $answer), 201,
    'an answer is stored';
is_status $class->pupil->post('/v1/progress', json => $answer), 200, 'once';
is_problem $class->other->get("/v1/homework/$homework->{id}"), 404,
    'not-found';
$res = $class->teacher->get("/v1/homework/$homework->{id}/progress");
is_status $res, 200, 'the overview';
like $res->body, qr/"score":3,"exercises_done":1\b/, 'has the score';

my $check = $site->ctl('check', $nginx->conf_file);
is $check->{code}, 0, 'pupilctl check finds nothing'
    or diag $check->{out}, $check->{err};


# ---- a reload reads key and plugins again

$nginx->reload(wait => 1);
$nginx->wait_ready;
locked('reload');
$_->close for values %{ $class->{http} };
is_status $class->pupil->get('/v1/progress'), 200, 'sessions live on';
is_status $class->pupil->logout, 204, 'and end';

done_testing;


# The programs stay where they are; what tests make goes into a folder of
# nobody's.
sub as_nobody () {
    my $dir = tmp_dir() . '/nobody';
    my ($uid, $gid) = (getpwnam 'nobody')[2, 3];
    mkdir $_ or die "$_: $!\n" for $dir, "$dir/build";
    for my $path (glob build_dir() . '/*') {
        my $name = $path =~ s{.*/}{}r;
        symlink $path, "$dir/build/$name" or die "$name: $!\n"
            if $name ne 't';
    }
    chown $uid, $gid, $dir, "$dir/build";

    my $run = run_cmd($^X, '-I', root_dir() . '/t/lib',
        root_dir() . '/t/unprivileged.t', { as => 'nobody', timeout => 300,
        env => { TMPDIR => $dir, PUPIL_BUILD => "$dir/build" } });
    is $run->{code}, 0, 'all of it, as nobody'
        or diag $run->{out}, $run->{err};
    my $count = () = $run->{out} =~ /^ok /mg;
    cmp_ok $count, '>', 20, "$count tests";
}
