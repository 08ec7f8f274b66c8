#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# The packages of `make deb` in a bare Debian 12: apt installs them, nginx loads
# the module through Debian's link, before and after a security update of nginx;
# a day as docs/operations.md begins it; upgraded, removed, purged.  Nothing of
# ours stays but what an operator or another author has put there.

use lib 't/lib';
use Pupil::Test;
use Pupil::Chroot;
use File::Copy qw(copy);

plan_bail() if !am_root();

my $root = root_dir();
my $debian = Pupil::Chroot->new;
my @names = qw(libnginx-mod-http-pupil pupil-plugins pupilctl libpupil-dev
               pupil-web);
my ($version) = slurp("$root/debian/changelog") =~ /^pupil \((.*?)\)/;
my $plugins = '/usr/lib/pupil/plugins';
my $packaged = '/usr/lib/pupil/packaged';
my $link = '/etc/nginx/modules-enabled/50-mod-http-pupil.conf';


sub plan_bail () { BAIL_OUT('a chroot is made by root') }

# A command that has to succeed; what it says.
sub well ($name, $run) {
    is $run->{code}, 0, $name or diag $run->{out}, $run->{err};
    return $run->{out};
}

# The packages that were made, where apt of the other Debian finds them.
sub packages ($folder) {
    mkdir $debian->path($folder);
    my @files = map { glob build_dir() . "/deb/${_}_*.deb" } @names;
    copy($_, $debian->path($folder)) or die "$_: $!\n" for @files;
    return map { s{.*/}{$folder/}r } @files;
}

sub file ($name, @packages) { (grep { m{/\Q$name\E_} } @packages)[0] }

# Another package of another one, by a change of what is in it.
sub repack ($file, $change) {
    my $dir = tmp_dir() . '/repack';
    well("$file taken apart", run_cmd('dpkg-deb', '-R', $debian->path($file), $dir));
    $change->($dir);
    my $to = $file =~ s/\.deb$/-other.deb/r;
    well('and together', run_cmd('dpkg-deb', '--root-owner-group', '-b', $dir,
                                 $debian->path($to)));
    run_cmd('rm', '-rf', $dir);
    return $to;
}

sub versions () {
    my $run = $debian->run('dpkg-query', '-W', '-f',
                           '${Package} ${db:Status-Status} ${Version}\n', @names);
    return { map { my ($name, $state, $is) = split; ($name => "$state $is") }
             split /\n/, $run->{out} };
}

sub all_are ($is) { return { map { ($_ => "installed $is") } @names } }

# Whatever has our name.
sub ours () {
    my $run = $debian->sh('find / -xdev \( -path /proc -o -path /tmp -o'
        . ' -path /packages -o -path /next \) -prune -o -name "*pupil*" -print');
    return sort split /\n/, $run->{out};
}

sub nginx_t ($name) {
    my $run = $debian->run('nginx', '-t');
    well($name, $run);
}


# ---- apt, with nginx of before its last security update

my @nginx = well('which nginx there are', $debian->sh(
    'apt-cache madison nginx | cut -d"|" -f2')) =~ /(\S+)/g;
well("nginx $nginx[-1]", $debian->apt(install => map { "$_=$nginx[-1]" }
                                              qw(nginx nginx-common)));
my @before = ours();
is_deeply \@before, [], 'nothing is there';

my @first = packages('/packages');
is scalar(@first), scalar(@names), 'five packages';
my ($command) = slurp("$root/docs/operations.md") =~ /^(apt install .*)$/m;
well('apt installs them, as docs/operations.md says',
     $debian->sh("cd /packages && $command"));
well('and what plugins are written against',
     $debian->apt(install => file('libpupil-dev', @first)));
is_deeply versions(), all_are($version), 'all are there';

is readlink($debian->path($link)),
    '/usr/share/nginx/modules-available/mod-http-pupil.conf', 'the link';
nginx_t('nginx -t');
$debian->put('/etc/nginx/conf.d/pupil.conf', "pupil_session_zone sessions:1m;\n");
nginx_t('which knows directives of ours');
like well('what the module asks for', $debian->sh(
    'dpkg-query -W -f "\${Depends}" libnginx-mod-http-pupil')),
    qr/\bnginx-abi-[\d.]+-\d+\b/, 'an nginx that it was built for';

well('the security update', $debian->apt(install => map { "$_=$nginx[0]" }
                                         qw(nginx nginx-common)));
like well('dpkg', $debian->run('dpkg-query', '-W', 'nginx')), qr/\Q$nginx[0]\E/,
    "nginx $nginx[0]";
nginx_t('the module fits');
is_deeply versions(), all_are($version), 'and nothing had to go';
unlink $debian->path('/etc/nginx/conf.d/pupil.conf');

like well('pupilctl --version', $debian->run('pupilctl', '--version')),
    qr/^pupilctl \d/, 'pupilctl';
like well('pupilctl --help', $debian->run('pupilctl', '--help')), qr/tenant/,
    'its help';
like well('pupilctl plugin show', $debian->run(qw(pupilctl plugin show identity))),
    qr/retention|legal/i, 'it finds the plugins';


# ---- units, folders, users

my $units = '/lib/systemd/system';
my @units = map { s{.*/}{}r } glob $debian->path("$units/pupil*");
cmp_ok scalar(@units), '>=', 10, scalar(@units) . ' units';
is_deeply [glob $debian->path('/etc/systemd/system/*/pupil*')], [],
    'none of which is enabled';
for my $unit (grep { /\.service$/ } @units) {
    my $one = $unit =~ s/\@\./\@one./r;
    unlike well("$unit: systemd reads it", $debian->sh(
        "systemd-analyze verify --man=no $one 2>&1")), qr/^\Q$one\E.*:/m, 'all of it';
    well("$unit: as much as it needs", $debian->sh(
        "cp $units/$unit /tmp/$one && systemd-analyze security --offline=yes"
        . " --threshold=25 --no-pager /tmp/$one"));
}
is join(' ', map { sprintf '%s=%o', $_, (stat $debian->path($_))[2] & 07777 }
        qw(/var/log/pupil /var/log/pupil/access.log /var/log/pupil/error.log
           /var/lib/pupil /var/lib/pupil-seal /var/backups/pupil)),
    '/var/log/pupil=755 /var/log/pupil/access.log=640'
    . ' /var/log/pupil/error.log=640 /var/lib/pupil=700 /var/lib/pupil-seal=700'
    . ' /var/backups/pupil=700', 'folders';
is well('whose backups are', $debian->run(qw(stat -c %U /var/backups/pupil))),
    "pupil-backup\n", 'a user of their own';


# ---- what another author writes

well('a compiler', $debian->apt(install => qw(gcc libc6-dev pkg-config)));
well('the template is compiled', $debian->sh(<<'END'));
cp -r /usr/share/doc/libpupil-dev/examples/example /tmp/mine && cd /tmp/mine
gunzip *.gz 2>/dev/null || true
cc -std=c11 -O2 -fPIC -shared -fvisibility=hidden \
    $(pkg-config --cflags pupil-plugin) -o pupil_example.so example.c
install -m 644 pupil_example.so \
    $(pkg-config --variable=plugindir pupil-plugin)/pupil_example-1.0.0.so
install -D -m 644 -t /usr/share/pupil/sql/plugins/example example.sql
END
$debian->put('/etc/nginx/conf.d/pupil.conf',
             "pupil_plugin $plugins/pupil_example-1.0.0.so;\n");
nginx_t('and nginx takes it');
unlink $debian->path('/etc/nginx/conf.d/pupil.conf');
ok -f $debian->path('/usr/share/pupil/web/app.js'), 'the web app is there';


# ---- the day: two clusters, the first set-up of docs/operations.md, a log-in

well('two clusters', $debian->apt(install => qw(postgresql curl)));
my $operations = slurp("$root/docs/operations.md");
my @blocks = $operations =~ /^```sh run\n(.*?)^```/msg;
my ($ini) = $operations =~ /^```ini\n(database = .*?)^```/ms;
my ($conf) = slurp("$root/README.md") =~ /^((?:    user .*\n)(?:(?:    .*)?\n)+)/m;
my %port = map { $_ => free_port() } qw(data keys https);
my $tls = test_ca();

for my $name (qw(init tenant import)) {
    ok scalar(grep { /^pupilctl $name/m } @blocks), "a block with $name";
}
my ($init, $list, $import) = map { my $name = $_;
    (grep { /^pupilctl $name/m } @blocks)[0] } qw(init tenant import);

# What the documents name, as it is here.
$ini =~ s/host=db1\.example/host=127.0.0.1 port=$port{data}/;
$ini =~ s/host=keys\.example/host=127.0.0.1 port=$port{keys}/;
$conf =~ s/^    //mg;
$conf =~ s{^load_module .*$}{include /etc/nginx/modules-enabled/*.conf;}m;
$conf =~ s/host=db /host=127.0.0.1 port=$port{data} /;
$conf =~ s/host=keys /host=127.0.0.1 port=$port{keys} /;
$conf =~ s/sslmode=verify-full\s+sslrootcert=\S+//g;
$conf =~ s/listen 443/listen 127.0.0.1:$port{https}/;
$debian->put('/root/pupilctl.conf', $ini);
$debian->put('/root/nginx.conf', $conf);
$debian->put('/etc/ssl/school.crt', slurp($tls->{cert}));
$debian->put('/etc/ssl/private/school.key', slurp($tls->{key}), 0600);
run_cmd('cp', '-r', "$root/docs/quickstart/data/sds-100-users",
        $debian->path('/roster'));

my %env = (ROSTER => '/roster', LOGIN => 'CBeane', INIT => $init, LIST => $list,
           IMPORT => $import, %port);
my $start = <<'END';
for cluster in data keys; do pg_ctlcluster 15 $cluster start; done
END
my $stop = <<'END';
for cluster in data keys; do pg_ctlcluster 15 $cluster stop; done
END
my $serve = <<'END';
nginx
for try in $(seq 300); do
    curl -sk -o /dev/null -f https://localhost:$https/status/ready && break
    sleep 0.1
done
curl -sk -w '%{http_code}\n' -H 'Content-Type: application/json' \
    -d "{\"identifier\":\"$LOGIN\",\"password\":\"$(cat /root/password)\"}" \
    https://localhost:$https/v1/login
nginx -s quit
END

my $day = well('the day', $debian->sh(<<"END", env => \%env));
pg_dropcluster 15 main --stop 2>/dev/null || true
pg_createcluster -p \$data 15 data
pg_createcluster -p \$keys 15 keys
$start
for port in \$data \$keys; do
    runuser -u postgres -- psql -q -p \$port -c "ALTER ROLE postgres PASSWORD 'x'"
done
export DATA="host=127.0.0.1 port=\$data dbname=pupil user=postgres password=x"
export KEYS="host=127.0.0.1 port=\$keys dbname=pupil_keys user=postgres password=x"
eval "\$INIT" | tee /root/init
tenant=\$(sed -n 's/^tenant //p' /root/init)
for name in pupilctl nginx; do
    sed "s/6f1c2c4e-[0-9a-f-]*/\$tenant/" /root/\$name.conf >/etc/\$(
        test \$name = nginx && echo nginx || echo pupil)/\$name.conf
done
eval "\$LIST"
eval "\$IMPORT" | tee /root/import
grep -xE '[A-Za-z0-9_-]{16,}' /root/import >/root/password
$serve
$stop
END
like $day, qr/"csrf_token".*200$/s, 'somebody of the roster is let in';


# ---- what runs beside nginx, as its units say

my ($role) = $operations =~ /^```sql\n(CREATE ROLE pupil_backup .*?)^```/ms;
my ($backup) = $operations =~ m{^# /etc/pupil/backup\.conf\n(.*?)^```}ms;
$role =~ s/PASSWORD '.*?'/PASSWORD 'b'/;
$backup =~ s/host=db1\.example/host=127.0.0.1 port=$port{data}/;
$backup =~ s/host=keys\.example/host=127.0.0.1 port=$port{keys}/;
$backup =~ s{^places=.*$}{places="/var/backups/pupil /srv/vault"}m;
$backup =~ s{^files=.*$}{files="/var/lib/pupil-seal /etc/pupil/accepted"}m;
$debian->put('/etc/pupil/backup.conf', $backup);
$debian->put('/etc/pupil/passfile.backup', "*:*:*:pupil_backup:b\n", 0600);
$debian->put('/etc/pupil/migrate.conf', join '', map {
    my ($what, $port, $db) = @$_;
    "$what = host=127.0.0.1 port=$port dbname=$db user=postgres password=x\n"
} ['database', $port{data}, 'pupil'], ['keystore', $port{keys}, 'pupil_keys']);
$debian->put('/etc/pupil/sync/school.conf', "source = sds\nkind = sds\nfrom = /roster\n");
well('age', $debian->apt(install => 'age'));

# A command as systemd runs that of a unit: by its environment, as its user, with
# no capability but the unit's, and where it may write.  No system call is left
# out here.
sub unit ($name, $for = '', $other = undef) {
    my $text = slurp($debian->path("$units/$name.service"));
    my $said = sub ($what) { $text =~ /^$what=-?(.*)$/m ? $1 : '' };
    my $user = $said->('User');
    my ($bound, $ambient) = map { lc $said->($_) =~ s/^CAP_/,+/r }
        qw(CapabilityBoundingSet AmbientCapabilities);
    my $as = "--no-new-privs --bounding-set -all$bound --inh-caps -all$ambient";
    $as .= ' --ambient-caps -all' . $ambient if $ambient;
    $as .= " --reuid $user --regid $user --clear-groups" if $user;

    my @steps = ('mount --rbind / /mnt', 'mount -t tmpfs tmpfs /mnt/tmp');
    push @steps, 'mount -o remount,bind,ro /mnt',
        map {; "mkdir -p $_", "mount --bind $_ /mnt$_" } grep { length }
        $said->('StateDirectory') =~ s{^(?=.)}{/var/lib/}r,
        $said->('ReadWritePaths')
        if $said->('ProtectSystem') eq 'strict';
    push @steps, join ' ', 'exec chroot /mnt env', $said->('Environment'),
        'setpriv', $as, $other // $said->('ExecStart');

    return sprintf "unshare --mount --propagation unchanged bash -euc '%s'",
                   join('; ', @steps) =~ s/%i/$for/r;
}

my $beside = join "\n", $start, map({ "$_ || echo failed: \$LINENO" }
    "psql -q 'host=127.0.0.1 port=$port{data} user=postgres password=x'"
        . " -c \"\$(echo \"\$ROLE\" | grep -v pupil_keys)\"",
    "psql -q 'host=127.0.0.1 port=$port{keys} user=postgres password=x'"
        . " -c \"\$(echo \"\$ROLE\" | grep -v 'DATABASE pupil ')\"",
    'age-keygen 2>/dev/null | age-keygen -y >/etc/pupil/backup.recipients',
    'chmod 600 /etc/pupil/backup.recipients /etc/pupil/backup.conf',
    'install -d -o pupil-backup -m 700 /srv/vault',
    'chown -R nobody /roster && chmod -R u=rwX,go= /roster',
    unit('pupil-partitions'), unit('pupil-sync@', 'school'), unit('pupil-retention'),
    map({ "timeout 10 $_ || test \$? = 124" } unit('pupil-work'), unit('pupil-seal')),
    unit('pupil-backup'),
    map({ '! ' . unit($_, '', 'sh -c "exec >/etc/nginx/nginx.conf"') }
        qw(pupil-work pupil-seal pupil-retention pupil-backup)),
    '! ' . unit('pupil-work', '', 'cat /var/backups/pupil/.clock')), $stop;
my $run = $debian->sh($beside, env => { %env, ROLE => $role });
is join("\n", $run->{out} =~ /^failed: .*$/mg), '', 'each unit does its work'
    or diag $run->{err};
my @archives = glob $debian->path('/{var/backups/pupil,srv/vault}/*/*.age');
is scalar(@archives), 8, 'data, keys, roles and files are in both places'
    or diag $run->{err};
is_deeply [grep { (stat)[4] == (stat $debian->path('/root'))[4] } @archives], [],
    'as nobody that is root has made them';
isnt scalar(glob $debian->path('/var/lib/pupil-seal/*')), undef,
    'checkpoints are there';


# ---- an upgrade: packages that were made anew, and a plugin of another version

my $later = "$version+1";
my $made = run_cmd("$root/debian/make.sh", build_dir() . '/deb', $later,
                   { timeout => 3600 });
well('made anew', $made);
my @next = packages('/next');
run_cmd('sh', '-c', 'rm "$0"/*.deb "$0"/*.changes "$0"/*.buildinfo && cp "$@" "$0"',
        build_dir() . '/deb', map { $debian->path($_) } @first);
my ($kept, $pinned) = map { s{.*/}{}r }
    map { glob $debian->path("$plugins/pupil_$_-*.so") } qw(identity contact);
my $bytes = slurp($debian->path("$plugins/$pinned"));
my $newer = repack(file('pupil-plugins', @next), sub ($dir) {
    rename "$dir$packaged/$kept", "$dir$packaged/pupil_identity-99.0.0.so"
        or die "$kept: $!\n";
    spew("$dir$packaged/$pinned", "$bytes-");
});
my @upgrade = map { m{/pupil-plugins_} ? $newer : $_ } @next;
my $said = well('apt upgrades them', $debian->apt(install => @upgrade));
is_deeply versions(), all_are($later), 'all are newer';
ok -f $debian->path("$plugins/$_"), "$_ is there"
    for 'pupil_identity-99.0.0.so', $kept, 'pupil_example-1.0.0.so';
ok slurp($debian->path("$plugins/$pinned")) eq $bytes,
    'of one version the bytes that may be pinned';
like $said, qr{\Q$plugins/$pinned\E is another build}, 'which is said';
nginx_t('so that what the configuration names is there');
ok -l $debian->path($link), 'the link is';

unlink $debian->path("$plugins/pupil_identity-99.0.0.so");
$day = well('the day after', $debian->sh("$start$serve$stop", env => \%env));
like $day, qr/"csrf_token".*200$/s, 'they are still let in';

# An nginx of another ABI takes no module of before it, and one that was made
# for it.
my ($abi) = $debian->run('dpkg-query', '-W', '-f', '${Depends}',
                         'libnginx-mod-http-pupil')->{out} =~ /(nginx-abi-\S+?),/;
my $nginx = do {
    well('nginx as a file', $debian->sh('cd /next && apt-get download nginx'));
    my ($file) = glob $debian->path('/next/nginx_*.deb');
    repack($file =~ s{.*/}{/next/}r, sub ($dir) {
        my $control = slurp("$dir/DEBIAN/control");
        $control =~ s/\Q$abi\E/nginx-abi-99-1/;
        $control =~ s/^Version: (.*)$/Version: $1+abi/m;
        $control =~ s/^(Depends:.*?), nginx-common[^\n]*/$1/m;
        spew("$dir/DEBIAN/control", $control);
    });
};
my $fits = repack(file('libnginx-mod-http-pupil', @next), sub ($dir) {
    my $control = slurp("$dir/DEBIAN/control");
    $control =~ s/\Q$abi\E/nginx-abi-99-1/;
    $control =~ s/^Version: .*$/Version: $version+2/m;
    spew("$dir/DEBIAN/control", $control);
});
my $alone = $debian->apt(install => '--simulate', $nginx);
ok $alone->{code} || $alone->{out} =~ /^Remv libnginx-mod-http-pupil /m,
    'an nginx of another ABI does not go with it' or diag $alone->{out};
my $both = well('with a module that was made for it it does',
                $debian->apt(install => '--simulate', $nginx, $fits));
like $both, qr/^Inst libnginx-mod-http-pupil /m, 'both';
unlike $both, qr/^Remv libnginx-mod/m, 'and nothing goes';


# ---- removed, and purged

$debian->put('/etc/nginx/nginx.conf', <<'END');
include /etc/nginx/modules-enabled/*.conf;
events { }
END
$debian->put('/var/log/pupil/access.log', "{}\n");
well('removed', $debian->apt(remove => @names));
nginx_t('nginx goes on');
ok !-l $debian->path($link), 'without the module';
ok -f $debian->path('/etc/logrotate.d/pupil'), 'what is configured stays';
is_deeply [map { s{.*/}{}r } glob $debian->path("$plugins/*")],
    ['pupil_example-1.0.0.so'], 'of plugins the one of another author';

well('installed again', $debian->apt(install => @next));
ok -l $debian->path($link), 'the link is back';
nginx_t('with it');

well('purged, with a place where something is mounted', $debian->sh(<<"END"));
mount -t tmpfs none /var/lib/pupil
apt-get --quiet purge @names
umount /var/lib/pupil
rmdir /var/lib/pupil
END
my @operator = qw(/etc/pupil /etc/pupil/pupilctl.conf /root/pupilctl.conf
                  /var/backups/pupil /var/lib/pupil-seal
                  /usr/lib/pupil /usr/share/pupil
                  /usr/lib/pupil/plugins/pupil_example-1.0.0.so);
is_deeply [ours()], [sort @operator], 'what is left is what others have put there';
ok -f $debian->path('/etc/pupil/kek'), 'the keys are';
is $debian->sh('cat /etc/nginx/modules-enabled/* 2>/dev/null')->{out} // '', '',
    'nginx is told of no module';
nginx_t('and goes on');

done_testing;
