package Pupil::Chroot;

# A bare Debian 12 in a folder, from the mirror that this machine has:
#
#     my $debian = Pupil::Chroot->new;
#     $debian->apt(install => 'nginx');
#     my $run = $debian->run('nginx', '-t');            # as run_cmd's
#     $debian->sh('nginx -t && echo well');
#     $debian->put('/etc/x', "text\n", 0644);
#     my $path = $debian->path('/etc/x');
#
# What debootstrap made is kept for the next time; each test has a copy.  A
# command has mounts and processes of its own, which end with it: nothing of the
# machine is in the folder when it is removed.

use v5.36;

use File::Basename qw(dirname);
use File::Path qw(make_path);
use Pupil::Util;

my $SUITE = 'bookworm';


sub new ($class) {
    my $self = bless { dir => tmp_dir() . '/debian' }, $class;
    my ($mirror, @sources) = sources();

    with_lock('debootstrap', sub { bootstrap($mirror) });
    must(run_cmd('cp', '-a', base(), $self->{dir}));

    $self->put('/etc/apt/sources.list', join '', @sources);
    $self->put('/etc/apt/apt.conf.d/99test', settings());
    $self->put('/etc/resolv.conf', slurp('/etc/resolv.conf'));
    $self->put('/usr/sbin/policy-rc.d', "#!/bin/sh\nexit 101\n", 0755);
    $self->apt('update');
    return $self;
}

sub base () { build_dir() . "/deb/$SUITE" }

sub bootstrap ($mirror) {
    return if -e base() . '/bare';
    run_cmd('rm', '-rf', base());
    make_path(dirname(base()));
    must(run_cmd('debootstrap', '--variant=minbase', $SUITE, base(), $mirror,
                 { timeout => 1800 }));
    spew(base() . '/bare', '');
}

# What this machine has of Debian itself, its security updates included.
sub sources () {
    my $run = must(run_cmd('apt-get', 'indextargets', '--format',
        '$(REPO_URI) $(CODENAME) $(COMPONENT) $(ORIGIN)',
        'Created-By: Packages'));
    my %seen;
    my @of = grep { !$seen{"@$_"}++ }
             grep { $_->[1] =~ /^$SUITE\b/ && ($_->[3] // '') eq 'Debian' }
             map { [split] } split /\n/, $run->{out};
    my ($first) = grep { $_->[1] eq $SUITE } @of;
    die "apt has no source of Debian's $SUITE\n" if !$first;
    return $first->[0], map { "deb @$_[0 .. 2]\n" } @of;
}

# How this machine reaches it.
sub settings () {
    my $run = must(run_cmd('apt-config', 'dump'));
    return join '', "APT::Install-Recommends \"false\";\n",
        "APT::Get::Assume-Yes \"true\";\nDpkg::Use-Pty \"0\";\n",
        map { "$_\n" } $run->{out} =~ /^(Acquire::https?::\S+ ".*";)$/mg;
}

sub must ($run) {
    die "$run->{out}$run->{err}" if $run->{code};
    return $run;
}


sub path ($self, $name) { $self->{dir} . $name }

sub put ($self, $name, $text, $mode = 0644) {
    make_path(dirname($self->path($name)));
    unlink $self->path($name);          # it may be a link, out of here
    return spew($self->path($name), $text, $mode);
}

# /dev is the folder's, with what programs ask for.
sub run ($self, @cmd) {
    my %opt = ref $cmd[-1] eq 'HASH' ? %{ pop @cmd } : ();
    my $enter = <<'END';
cd "$1" && shift
mount -t proc proc proc
mount -t tmpfs -o mode=755 tmpfs dev
mkdir dev/shm && chmod 1777 dev/shm
for name in null zero full random urandom tty; do
    : >dev/$name && mount --bind /dev/$name dev/$name
done
ln -s /proc/self/fd dev/fd
exec chroot . "$@"
END
    return run_cmd('unshare', '--mount', '--pid', '--fork', '--kill-child',
                   'sh', '-euc', $enter, 'enter', $self->{dir}, @cmd,
                   { timeout => 1800, %opt,
                     env => { LC_ALL => 'C.UTF-8', HOME => '/root',
                              DEBIAN_FRONTEND => 'noninteractive',
                              %{ $opt{env} // {} } } });
}

sub sh ($self, $text, %opt) {
    return $self->run('bash', '-euo', 'pipefail', '-c', $text, \%opt);
}

sub apt ($self, $what, @args) {
    return $self->run('apt-get', '--quiet', $what, @args);
}

1;
