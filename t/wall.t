#!/usr/bin/perl

# The wall between nginx and the rest, the order of the rooms, and other rules
# about the sources that a compiler does not know.

use lib 't/lib';
use Pupil::Test;

chdir root_dir() or die;

my @walled = files_below(qr/\.[ch]\z/, qw(include ngx_module/core
                                          ngx_module/ctl plugins));
my @module = files_below(qr/\.[ch]\z/, 'ngx_module');
my @pg = grep { m{^ngx_module/pg/} } @module;
my @core = grep { m{^ngx_module/core/} } @module;
my @c = sort @walled, (grep { m{^ngx_module/(?:pg|http)/} } @module),
    files_below(qr/\.[ch]\z/, qw(t/unit t/fuzz t/pg t/plugins t/lib));
my @text = sort @c, qw(Makefile config), files_below(qr/\.sql\z/, qw(sql plugins)),
    glob('t/*.t t/roster/*.t t/campaigns/*.t'), files_below(qr/\.(?!c\z|h\z)\w+\z/, 't/lib');


# Each rule: its name, how many files it is for at least, so that it cannot
# check nothing, these files, what finds a breach in a text, and a text that
# breaks it.
my @rules = (
    ['no name of nginx', 75, [@walled],
     sub ($text, $) { $text =~ /\b(?:ngx|NGX)_\w*/ ? $& : undef },
     "ngx_int_t x;\n"],
    ['no name of ours in pg', 10, [@pg],
     sub ($text, $) {
         $text =~ s/Copyright \(C\) the Pupil authors//r
             =~ /^.*(?:pupil|pitfall).*$/im ? $& : undef },
     "/* pitfall 5 */\n"],
    ['nothing of libpq in core', 50, [@core],
     sub ($text, $) {
         $text =~ /libpq-fe\.h|\bPG(?:conn|result)\b|\bPQ\w+\(/ ? $& : undef },
     "#include <libpq-fe.h>\n"],
    ['pupilctl waits for a database in one place', 150,
     [grep { $_ ne 'ngx_module/ctl/base/wait.c' }
          files_below(qr/\.c\z/, 'ngx_module/ctl')],
     sub ($text, $) {
         $text =~ /\bPQ(?:exec\w*|prepare|getResult|getCopyData|reset)\(/ ? $&
             : undef },
     "PQexec(conn, sql);\n"],
    ['at most 700 lines', 330, [@text],
     sub ($text, $) { my $n = $text =~ tr/\n//; $n > 700 ? $n : undef },
     "\n" x 701],
    ['guarded against being included twice', 45, [grep { /\.h$/ } @c],
     sub ($text, $) {
         $text =~ m{\A(?:\s|/\*.*?\*/)*\#ifndef\s+(\w+)\s+\#define\s+\1\b
                    .*\#endif[^\n]*\s*\z}xs ? undef : 'no guard' },
     "#ifndef A\n#define B\n#endif\n"],
    ['only /* */ comments', 240, [@c],
     sub ($text, $) {
         my $code = $text =~ s{/\*.*?\*/|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'}
                              {}gsr;
         $code =~ m{//.*} ? $& : undef },
     "int a; // no\n"],
    ['at most 80 columns', 240, [@c],
     sub ($text, $) {
         for my $line (split /\n/, $text) {
             next if $line =~ /^ \* refused: /;      # a message, whole
             utf8::decode(my $copy = $line);
             return $line if length $copy > 80;
         }
         return },
     'x' x 81 . "\n"],
    ['no tab, no blank at a line\'s end', 240, [@c],
     sub ($text, $) { $text =~ /\t|[ ]$/m ? "near '$`'" =~ s/.*\n//sr : undef },
     "a;\tb;\n"],
    ['wiped so that no compiler drops it', 240, [@c],
     sub ($text, $) {
         $text =~ /\b(?:ngx_memzero|memset)\((\w+),\s*(?:0,\s*)?sizeof\(\1\)\);\s+
                   (?:return\b[^;]*;\s+)?^\}/mx ? $& : undef },
     "    ngx_memzero(csrf, sizeof(csrf));\n}\n"],
    ['nothing unfinished', 330, [@text],
     sub ($text, $file) {
         return if $file eq 't/wall.t';
         $text =~ /\b(?:TODO|FIXME|XXX)\b/ ? $& : undef },
     "/* TODO */\n"],
    ['the copyright first', 240, [@c],
     sub ($text, $) {
         $text =~ m{\A/\*\n \* Copyright \(C\) the Pupil authors\n}
             ? undef : 'no copyright' },
     "int a;\n"],
);

for my $rule (@rules) {
    my ($name, $least, $files, $finds, $broken) = @$rule;
    cmp_ok scalar(@$files), '>=', $least, "$name: files are looked at";
    my @breaches = map {
        my $found = $finds->(slurp($_), $_);
        defined $found ? "$_: $found" : ();
    } @$files;

    is join("\n", @breaches), '', $name;
    ok defined $finds->($broken, 'broken'), "$name: a breach is found";
}


# ---- functions under 90 lines, in the layout where { and } stand alone

sub long_functions ($text) {
    my @long;
    while ($text =~ /^(\w+)\([^;{}]*\)\n\{\n(.*?)^\}$/gms) {
        my ($name, $lines) = ($1, ($2 =~ tr/\n//));
        push @long, "$name: $lines" if $lines > 90;
    }
    return @long;
}

is join("\n", map { my $file = $_; map { "$file: $_" }
                    long_functions(slurp($file)) } @c), '',
    'functions under 90 lines';
is scalar(my @long = long_functions("int\nf(void)\n{\n" . "a;\n" x 91 . "}\n")),
    1, 'functions under 90 lines: a breach is found';


# ---- rooms: docs/architecture.md draws them

# The houses, the houses below each, and its rooms, a level a string, the
# lowest first.  A room uses its own files, lower levels of its house, and the
# houses below: so no arrow runs back, rooms of one level do not know of each
# other, and no circle crosses folders.  An endpoint has a room of its name, a
# category one of its own.
my $PLUGINS = join ' ', grep { !/^common$/ } map { m{/(\w+)$} }
              grep { -d } glob 'plugins/*';
my @HOUSES = (
    [include => [], ''],
    [pg => [], ''],
    [core => ['include'],
     qw(base json input vault login plugin policy audit lifecycle roster
        endpoints)],
    [http => ['include', 'pg', 'core'],
     'request', join(' ', Pupil::Site::endpoints(), 'access'),
     'conf'],
    [ctl => ['include', 'core'],
     'base', 'store',
     'setup check people audit roster breach recipient',
     'lifecycle',
     'retention keys offboard requests',
     'report',
     'command'],
    [plugins => ['include'], 'common', $PLUGINS],
);

my (%level, %below);
for my $house (@HOUSES) {
    my ($name, $below, @levels) = @$house;
    $below{$name} = { map { $_ => 1 } @$below };
    for my $i (0 .. $#levels) {
        $level{$name} = $i if $levels[$i] eq '';
        $level{"$name/$_"} = $i for split ' ', $levels[$i];
    }
}

sub room ($file) { $file =~ s{^ngx_module/}{}r =~ s{/?[^/]*$}{}r }

# '' when a room may use the other.
sub forbidden ($from, $to) {
    my ($of, $other) = map { m{^(\w+)} } $from, $to;
    for my $room ($from, $to) {
        return "$room is in no row of the table" if !defined $level{$room};
    }
    return '' if $from eq $to;
    return $below{$of}{$other} ? '' : "$of does not use $other" if $of ne $other;
    return '' if $level{$to} < $level{$from};
    return $level{$to} == $level{$from} ? 'they are on one level'
                                        : "$to is above $from";
}

# Arrows between rooms that must not be: each is [file, file, what].
sub breaches (@arrows) {
    my %bad;
    for my $arrow (@arrows) {
        my ($from, $to, $what) = @$arrow;
        my $why = forbidden(room($from), room($to)) or next;
        $bad{room($from) . ' -> ' . room($to) . ": $from uses $what: $why"} = 1;
    }
    my @bad = sort keys %bad;
    return @bad;
}


# ---- by what files include

# Headers are named from ngx_module/ and include/; a plugin also names those
# beside it.
sub included ($file, $text) {
    my @arrows;
    my $here = $file =~ s{[^/]+$}{}r;
    while ($text =~ /^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)/mg) {
        my $name = $1 // $2;
        my ($to) = grep { -f } "ngx_module/$name", "include/$name",
            $file =~ /^plugins/ ? "$here$name" =~ s{[^/]+/\.\./}{}r : ();
        $to //= "nowhere/$name" if defined $1;
        push @arrows, [$file, $to, qq("$name")] if defined $to;
    }
    return @arrows;
}

my @inside = (@module, files_below(qr/\.[ch]\z/, qw(include plugins)));
my @uses = map { included($_, slurp($_)) } @inside;
cmp_ok scalar(@uses), '>=', 180, 'rooms: includes are looked at';
is join("\n", breaches(@uses)), '',
    'rooms: nobody includes what is above or beside';

for my $case (
    ['ngx_module/pg/pool.c', 'core/base/text.h', 'pg does not use core'],
    ['ngx_module/core/json/json.c', 'core/input/input.h',
     'core/input is above core/json'],
    ['ngx_module/core/vault/vault.c', 'pg/ngx_libpq.h',
     'core does not use pg'],
    ['ngx_module/core/audit/audit.c', 'http/request/ngx_http_pupil.h',
     'core does not use http'],
    ['ngx_module/http/request/ngx_http_pupil_send.c',
     'http/conf/ngx_http_pupil_conf.h', 'http/conf is above http/request'],
    ['ngx_module/http/data/ngx_http_pupil_data.c',
     'http/homework/ngx_http_pupil_homework.h', 'they are on one level'],
    ['ngx_module/http/status/ngx_http_pupil_status.c', 'ctl/base/ctl.h',
     'http does not use ctl'],
    ['ngx_module/ctl/people/user.c', 'ctl/roster/roster.h',
     'they are on one level'],
    ['ngx_module/ctl/base/db.c', 'ctl/roster/roster.h',
     'ctl/roster is above ctl/base'],
    ['ngx_module/ctl/base/db.c', 'pg/ngx_libpq.h', 'ctl does not use pg'],
    ['ngx_module/core/json/json.c', 'json.h', 'nowhere'],
    ['ngx_module/core/misc/misc.c', 'core/base/text.h',
     'core/misc is in no row'],
    ['ngx_module/core/misc.c', 'core/base/text.h', 'core is in no row'],
    ['plugins/contact/contact.c', 'core/base/text.h',
     'plugins does not use core'],
    ['plugins/contact/contact.c', '../network/network.c',
     'they are on one level'],
) {
    my ($file, $header, $why) = @$case;
    like join("\n", breaches(included($file, qq(#include "$header"\n)))),
        qr/: \Q$why\E[^\n]*\z/, "rooms: a breach is found: $file: $why";
}
is join(' ', breaches(map { included(@$_) }
    ['ngx_module/http/data/x.c', qq(#include "core/json/json.h"\n)],
    ['ngx_module/ctl/command/x.c', qq(#include "ctl/roster/roster.h"\n)],
    ['plugins/contact/x.c', qq(#include "../common/text.h"\n)],
    ['ngx_module/pg/x.c', "#include <string.h>\n"])),
    '', 'rooms: what is allowed is no breach';


# ---- by what objects call: a header may declare what lives elsewhere

# What nm says of objects below a folder: {source}{uses}{symbol}, and where
# each symbol is.  Objects whose source has gone are left alone.
sub symbols ($folder) {
    my (%of, %place);
    my @objects = grep { -f s{^\Q$folder\E/}{}r =~ s/o$/c/r }
                  files_below(qr/\.o\z/, "$folder/ngx_module");
    my $run = run_cmd('nm', '-gPA', @objects);
    die "nm: $run->{err}" if $run->{code};
    for my $line (split /\n/, $run->{out}) {
        my ($object, $name, $type) = $line =~ /^(.*?): (\w+) (\w)\b/ or next;
        my $source = $object =~ s{^\Q$folder\E/}{}r =~ s/o$/c/r;
        $of{$source}{uses}{$name} = 1 if $type eq 'U';
        $of{$source}{has}{$name} = 1, $place{$name} = $source
            if $type =~ /[TDBRC]/;
    }
    return \%of, \%place;
}

# nginx finds a module's configuration by the module itself.
my $MODULE = 'ngx_http_pupil_module';

sub called ($of, $place) {
    return map {
        my $file = $_;
        map { [$file, $place->{$_}, $_] }
            grep { $place->{$_} && !($_ eq $MODULE && $file =~ m{/http/}) }
            sort keys %{ $of->{$file}{uses} };
    } sort keys %$of;
}

my ($of, $place) = symbols(build_dir() . '/obj');
is_deeply [grep { !$of->{$_} } grep { /\.c$/ } @module], [],
    'rooms: each source is built';
my @calls = called($of, $place);
cmp_ok scalar(@calls), '>=', 1000, 'rooms: symbols are looked at';
is join("\n", breaches(@calls)), '',
    'rooms: nobody calls what is above or beside';
is join("\n", grep { m{^ngx_module/core/} && grep { /^PQ/ }
                     keys %{ $of->{$_}{uses} } } sort keys %$of), '',
    'core calls nothing of libpq';

# Two objects that declare each other's functions by hand.
my $yard = tmp_dir() . '/yard';
my %yard = ('ngx_module/pg/conn.c' => 'int pupil_x(void);'
                . ' int f(void) { return pupil_x(); }',
            'ngx_module/core/base/text.c' => 'int pupil_x(void);'
                . ' int pupil_x(void) { return 1; }');
for my $file (sort keys %yard) {
    my $object = "$yard/" . $file =~ s/c$/o/r;
    run_cmd('mkdir', '-p', $object =~ s{/[^/]+$}{}r);
    my $c = spew(tmp_dir() . '/yard.c', $yard{$file});
    my $run = run_cmd('gcc', '-c', '-o', $object, $c);
    die "gcc: $run->{err}" if $run->{code};
}
is join(' ', breaches(called(symbols($yard)))), 'pg -> core/base: '
    . 'ngx_module/pg/conn.c uses pupil_x: pg does not use core',
    'rooms: a call without an include is found';


# ---- a public function has one header, in its own room

sub declared (%text) {
    my %in;
    for my $file (sort keys %text) {
        my $text = $text{$file} =~ s{/\*.*?\*/}{}gsr
                                =~ s/^\s*#(?:[^\n]*\\\n)*[^\n]*$//mgr;
        1 while $text =~ s/\{[^{}]*\}/;/g;     # members, inline functions
        $in{$_}{$file} = 1 for $text =~ /\b(\w+)\s*(?=[(;\[])/g;
    }
    return \%in;
}

sub astray ($place, $in) {
    my @bad;
    for my $name (sort keys %$place) {
        my @headers = sort keys %{ $in->{$name} // {} };
        my $room = room($place->{$name});
        push @bad, "$name: $room, declared in " . (join(' ', map {
            s{^ngx_module/}{}r } @headers) || 'no header')
            if @headers != 1 || room($headers[0]) ne $room;
    }
    return @bad;
}

# main is the C library's to find; the module is declared for all of http; the
# endpoints are declared by the list that names them.
my %theirs = map { $_ => 1 } 'main', $MODULE,
    grep { /^(?:ngx_http_)?pupil_\w+_endpoint\z/ } keys %$place;
my %ours = map { $_ => $place->{$_} } grep { !$theirs{$_} } keys %$place;
my $in = declared(map { $_ => slurp($_) } grep { /\.h$/ } @module);
cmp_ok scalar(keys %ours), '>=', 400, 'headers: functions are looked at';
is join("\n", astray(\%ours, $in)), '',
    'headers: a public function is declared once, in its own room';

for my $case (['another room', 'ngx_module/core/json/json.h'],
              ['two', 'ngx_module/core/base/text.h',
               'ngx_module/core/base/pupil.h'],
              ['none']) {
    my ($what, @headers) = @$case;
    my %text = map { $_ => "int pupil_x(int a);\n" } @headers;
    is scalar(astray({ pupil_x => 'ngx_module/core/base/text.c' },
                     declared(%text))), 1, "headers: a breach is found: $what";
}
is scalar(astray({ pupil_x => 'ngx_module/core/base/text.c' }, declared(
    'ngx_module/core/base/text.h' => "int  pupil_x(int a);\n",
    'ngx_module/core/base/pupil.h' => "#define X  pupil_x(1)\n"
        . "/* pupil_x(), above */\nstatic inline int f(void)\n"
        . "{ return pupil_x(2); }\n"))), 0,
    'headers: a use is no declaration';


# ---- a header includes what it needs, of every house

# What gcc says of those that do not compile alone.  In a copy of this tree
# PUPIL_HEADERS are those that are others there.
my $nginx = '/usr/share/nginx/src/src';
my $objs = build_dir() . '/nginx';
my ($pg_include) = run_cmd('pg_config', '--includedir')->{out} =~ /(.*)/;
my @xml = split ' ', run_cmd(qw(pkg-config --cflags libxml-2.0))->{out};

sub lacking (@headers) {
    my $run = run_cmd(qw(gcc -std=gnu11 -fsyntax-only -x c -D_GNU_SOURCE),
        qw(-Wall -Wextra -Wno-unused-parameter -Iinclude -Ingx_module),
        "-I$pg_include", @xml, (map { ('-isystem', "$nginx/$_") } 'core', 'event',
            'event/modules', 'os/unix', 'http', 'http/modules', 'http/v2'),
        '-isystem', $objs, @headers, { timeout => 900 });
    return $run->{err};
}

# What sources begin with has been compiled so, by make.
sub first_of (@sources) {
    return map { /^#include ["<](.*)[">]/m ? "ngx_module/$1" : () }
           map { slurp($_) } @sources;
}

SKIP: {
    skip 'nginx was built elsewhere', 3 if !-f "$objs/ngx_auto_config.h";
    my @headers = grep { /\.h$/ } @inside;
    cmp_ok scalar(@headers), '>=', 100, 'headers: all are compiled';
    my %built = map { $_ => 1 } first_of(grep { /\.c$/ } @module);
    @headers = $ENV{PUPIL_HEADERS} ? split ' ', $ENV{PUPIL_HEADERS}
                                   : grep { !$built{$_} } @headers;
    is lacking(@headers), '', 'headers: each compiles alone';
    isnt lacking(spew(tmp_dir() . '/alone.h', "pupil_str_t  alone;\n")), '',
        'headers: one that does not is found';
}


# ---- names of objects: nginx's own build has them from the last folder and
# the file

sub same_objects (@sources) {
    my %seen;
    return grep { $seen{join '/', (split m{/})[-2, -1]}++ } @sources;
}

my @built = grep { m{^ngx_module/(?:pg|core|http)/.*\.c$} } @module;
cmp_ok scalar(@built), '>=', 80, 'objects: sources are looked at';
is join(' ', same_objects(@built)), '', 'objects: their names are unique';
is join(' ', same_objects(qw(ngx_module/core/login/token.c
                             ngx_module/http/login/token.c))),
    'ngx_module/http/login/token.c', 'objects: a breach is found';


# ---- the public header

my $header = 'include/pupil_plugin.h';
my $probe = tmp_dir() . '/probe';
my $use = "#include \"pupil_plugin.h\"\nint main(void) { return 0; }\n";
spew("$probe.c", $use);
spew("$probe.cc", $use);

for my $cc (['gcc', '-std=c11', "$probe.c"], ['g++', '-std=c++11', "$probe.cc"])
{
    my $run = run_cmd(@$cc, qw(-Wall -Wextra -pedantic -Werror -fsyntax-only),
                      '-I' . root_dir() . '/include');
    is $run->{code}, 0, "the public header compiles: @$cc[0, 1]"
        or diag $run->{err};
}

my @includes = slurp($header) =~ /^#include\s+[<"](.*?)[>"]/mg;
is join(' ', @includes), 'stddef.h stdint.h', 'it needs the C library alone';


# ---- what the shared objects export

sub exports ($file) {
    my $run = run_cmd('nm', '-D', '--defined-only', $file);
    return join ' ', sort map { (split)[2] } split /\n/, $run->{out};
}

my @plugins = sort grep { my ($name) = m{pupil_(\w+)\.so$};
                          -d "plugins/$name" }
              glob build_dir() . '/plugins/pupil_*.so';
cmp_ok scalar(@plugins), '>', 0, 'there are plugins';
is exports($_), 'pupil_plugin', "$_ exports one symbol" for @plugins;
is exports(Pupil::Nginx::module()),
    'ngx_module_names ngx_module_order ngx_modules',
    'the module exports what nginx looks for';
isnt exports('/lib/x86_64-linux-gnu/libc.so.6'), 'pupil_plugin',
    'another object is told apart' if -f '/lib/x86_64-linux-gnu/libc.so.6';

done_testing;
