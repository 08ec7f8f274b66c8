#!/usr/bin/perl

# The add-on build file, by nginx's own configure: the module that it makes is
# accepted by Debian's nginx.  (make test-static links it into nginx.)

use lib 't/lib';
use Pupil::Test;

my $source = '/usr/share/nginx/src';
my $objs = tmp_dir() . '/objs';
my $root = root_dir();
mkdir $objs;

plan_skip('nginx is not the one that nginx-dev is for')
    if $ENV{PUPIL_SANITIZE} || $ENV{PUPIL_STATIC};

sub plan_skip ($why) {
    note "skipped: $why";
    pass $why;
    done_testing;
    exit 0;
}

sub configure ($flags) {
    return run_cmd('bash', '-c', ". ./conf_flags && ./configure $flags "
        . "--with-cc-opt='-fPIC -O0 -g0' --add-dynamic-module=$root "
        . "--builddir=$objs", { dir => $source, timeout => 600 });
}


my $run = configure('"${NGX_CONF_FLAGS[@]}"');
is $run->{code}, 0, 'configure accepts the module' or diag $run->{out};

$run = run_cmd('nice', 'make', '-f', "$objs/Makefile", '-C', $source, '-j2',
               'modules', { timeout => 900 });
is $run->{code}, 0, 'it compiles' or diag substr $run->{err}, 0, 4000;

my $module = "$objs/ngx_http_pupil_module.so";
my $nginx = do {
    local $ENV{PUPIL_MODULE} = $module;
    Pupil::Nginx->new(tls => 1);
};
is $nginx->test->{code}, 0, 'nginx loads it' or diag $nginx->test->{err};

my $own = Pupil::Nginx->new(tls => 1)->test;
is $own->{code}, 0, 'and that of the Makefile' or diag $own->{err};

# Refused before anything is compiled: a compiler that has every feature, and
# whose programs say the size of every type, will do.
my $yes = spew(tmp_dir() . '/cc', <<'END', 0755);
#!/bin/sh
while [ $# -gt 0 ]; do test "$1" = -o && out=$2; shift; done
test -z "$out" || { printf '#!/bin/sh\necho 8\n' >"$out" && chmod +x "$out"; }
END
my ($without) = configure("--with-http_ssl_module --with-compat --with-cc=$yes");
isnt $without->{code}, 0, 'without threads it is refused';
like $without->{out}, qr/add --with-threads/, 'and told why';

done_testing;
