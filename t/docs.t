#!/usr/bin/perl

# The documentation tells the truth: every directive of the module is there
# with its contexts, every configuration passes nginx -t, every command runs,
# every path leads somewhere, every room is drawn.

use lib 't/lib';
use Pupil::Test;
use File::Path qw(make_path);

my $root = root_dir();
my @documents = ("$root/README.md", "$root/CONTRIBUTING.md",
                 glob("$root/docs/*.md"));
my %text = map { $_ => slurp($_) } @documents;
my $source = join '', map { slurp($_) }
    files_below(qr/\.c\z/, "$root/ngx_module/http");


# ---- directives

my %CONTEXTS = (MAIN => 'http', SRV => 'server', LOC => 'location',
                LIF => 'if in location');

sub table_of_module () {
    my ($table) = $source =~ /ngx_http_pupil_commands\[\] = \{(.*?)\n\};/s;
    my %found = map { ("pupil_$_" => 'location') } Pupil::Site::endpoints();
    while (($table // '') =~ /ngx_string\("(\w+)"\),\s*([\w|\s]+),/g) {
        my ($name, $flags) = ($1, $2);
        $flags =~ s/NGX_HTTP_PUPIL_ANYWHERE/NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF/;
        $found{$name} = join ', ', map { $CONTEXTS{$_} }
            grep { $flags =~ /NGX_HTTP_${_}_CONF/ } qw(MAIN SRV LOC LIF);
    }
    return \%found;
}

sub table_of_document ($text) {
    my %found;
    while ($text =~ /^### (\w+)\n\n(.*?)(?=^##|\z)/msg) {
        my ($name, $entry) = ($1, $2);
        my ($syntax) = $entry =~ /^\*\*Syntax:\*\* `([^`]+);`/m;
        my ($context) = $entry =~ /^\*\*Context:\*\* (.+)$/m;
        my $default = $entry =~ /^\*\*Default:\*\* \S/m;
        $found{$name} = !$syntax || $syntax !~ /^\Q$name\E\b/ ? 'no syntax'
            : !$default ? 'no default'
            : $entry !~ /\n\n[\w`]/ ? 'no description'
            : ($context // 'no context') =~ s/`//gr;
    }
    return \%found;
}

my $in_module = table_of_module();
my $in_document = table_of_document($text{"$root/docs/directives.md"});
cmp_ok scalar(keys %$in_module), '>=', 17, 'directives of the module';
is_deeply $in_document, $in_module,
    'docs/directives.md: the directives of the module, with their contexts';
my $less = $text{"$root/docs/directives.md"} =~ s/### pupil_deny/### other/r;
ok !eq_hash(table_of_document($less), $in_module), 'a missing one is found';

# ---- cookies

my @cookies = sort keys %{ { map { $_ => 1 } $source
                             =~ /"(__Host-[a-z-]+)=?"/g } };
cmp_ok scalar(@cookies), '>=', 2, 'cookies of the module';
for my $document ('privacy.md', 'openapi.yaml') {
    my $said = slurp("$root/docs/$document");
    is_deeply [grep { $said !~ /\Q$_\E\b(?!-)/ } @cookies], [],
        "docs/$document: every cookie";
}


# ---- promises

# Those of docs/privacy.md that name nothing that shows them, or what is not
# there.
sub unshown ($said) {
    my @bad;
    while ($said =~ /^## (What \w.*? promises?)\n(.*?)(?=^## |\z)/msg) {
        my ($section, $promised) = ($1, $2);
        $promised =~ s/^Not promised .*?(?=^[A-Z]|\z)//ms;
        my @items = $promised =~ /^- (.*?)(?=^- |^$)/msg;
        push @bad, "$section: nothing" if @items < 4;
        push @bad, map { "$section: " . substr $_, 0, 40 }
            grep { !/`(?:t\/|pupilctl )/ } @items;
        push @bad, map { "$section: no $_" } grep { !-e "$root/$_" }
            $promised =~ m{`(t/[^`]+)`}g;
    }
    return @bad;
}

my $promises = $text{"$root/docs/privacy.md"};
is scalar(() = $promises =~ /^## What .* promises?$/mg), 3,
    'docs/privacy.md: what is promised of audit, revocation and keys';
is_deeply [unshown($promises)], [], 'each promise says what shows it';
isnt scalar(unshown($promises =~ s/`t\/i01-shown\.t`/some day/r)), 0,
    'one that does not is found';
isnt scalar(unshown($promises =~ s/key-epochs\.t/key-days.t/r)), 0,
    'and a test that is not there';


# A configuration that is copied names plugins as they are installed.
is_deeply [grep {
    my ($plugin, $version) = /^pupil_(\w+)-(.*)\.so$/;
    slurp("$root/plugins/$plugin/$plugin.c") !~ /\.version = "\Q$version\E"/
} map { slurp($_) =~ m{plugins/(pupil_(?!locker)\w+-[\d.]+\.so)}g }
    "$root/README.md", glob "$root/docs/*.md"], [],
    'the versions of plugins that documents name';

# Second factor, step-up and providers are below the location of the log-in.
is_deeply [grep { !m{^/v1/login +\{} } map {
    slurp($_) =~ m/^\s*location (.*(?:\n\s*)?pupil_login;)/mg
} "$root/README.md", "$root/docs/quickstart/nginx.conf.in",
    glob "$root/docs/*.md"], [], 'log-ins of documents reach what is below them';

my ($variables) = $source
    =~ /ngx_http_variable_t\s+ngx_http_pupil_\w+\[\] = \{(.*?)\n\};/s;
is_deeply [sort +($variables // '') =~ /ngx_string\("(\w+)"\)/g],
    [sort $text{"$root/docs/directives.md"} =~ /^\| `\$(\w+)` \|/mg],
    'and its variables';


# ---- a place to stand on

my $etc = tmp_dir() . '/etc';
my $data = Pupil::Postgres->new->start;
my $keys = another_cluster()->start;
my $tls = test_ca();
my $nginx = Pupil::Nginx->new(tls => 1);
my $plugins = Pupil::Nginx::plugins();
my $port = $nginx->port;
make_path($etc);


# The tests' clusters are copies of one, and so share its identifier.
sub another_cluster () {
    my $pg = Pupil::Postgres->new;
    my $run = run_cmd('rm', '-rf', $pg->data);
    $run = run_cmd('/usr/lib/postgresql/15/bin/initdb', '-D', $pg->data, '-N',
        '-U', 'postgres', '--encoding=UTF8', '--locale=C.UTF-8',
        { as => Pupil::Postgres::account(), env => { TZ => 'UTC' } });
    die "initdb: $run->{err}" if $run->{code};
    $pg->configure;
    return $pg;
}


# What the documents name, as it is here.
sub here ($text) {
    my %path = ('/etc/ssl/school.crt' => $tls->{cert},
                '/etc/ssl/private/school.key' => $tls->{key},
                '/etc/ssl/computers.crt' => $tls->{ca},
                '/etc/nginx/nginx.conf' => $nginx->conf_file,
                '/var/tmp/audit.jsonl' => "$etc/audit.jsonl",
                '/var/tmp/record.html' => "$etc/record.html",
                '/var/tmp/breach.jsonl' => "$etc/breach.jsonl",
                '/var/tmp/drafts' => "$etc/drafts",
                '/var/log/pupil' => $etc,
                '/etc/pupil' => $etc);
    my $any = join '|', map { quotemeta } sort { length $b <=> length $a }
                        keys %path;
    return $text =~ s/($any)/$path{$1}/gr
                 =~ s{/usr/lib/pupil/plugins/pupil_(\w+)-[\d.]+\.so}
                     {$plugins/pupil_$1.so}gr
                 =~ s/\blisten 443\b/listen 127.0.0.1:$port/r
                 =~ s/\s+sha256=0{64}//r
                 =~ s{modules/ngx_http_pupil_module\.so}
                     {Pupil::Nginx::module()}er;
}


# ---- commands

# Every line of a shell block that is not marked "run", and every make in the
# text: where it is run instead, or why not at all.
my %ELSEWHERE = (
    'make demo' => 't/demo.t',
    'make' => 'what is under test', 'sudo make install' => 't/install.t',
    'make deb' => 't/deb/packages.t',
    'apt install ./libnginx-mod-http-pupil_*.deb ./pupil-plugins_*.deb'
        . ' ./pupilctl_*.deb ./pupil-web_*.deb' => 't/deb/packages.t',
    'make test' => 'this', 'make test T=t/harness.t' => 'this',
    'make lint' => 'needs more packages: by hand, before a commit',
    'make format' => 't/lint/format.t',
    'restore' => 't/backup.t',
    'pupilctl tenant export --to /var/tmp/tenant.age --recipients controller.pub'
        . ' --ticket "T-1042"' => 't/tenant-export.t',
    'pupilctl tenant offboard "Another town" --tenant "$TENANT" --ticket "T-1043"'
        => 't/tenant-offboard.t',
    'pupilctl tenant moved "Another town" --to eu2.example --tenant "$TENANT"'
        . ' --ticket "T-1044"' => 't/tenant-moved.t',
    'docs/plugin-guide.md' => 't/plugin-guide.t',
);

sub commands ($text) {
    $text =~ s/\\\n\s*/ /g;
    return map { s/\s+#.*//r =~ s/^\s+|\s+$//gr =~ s/\Aage --decrypt .*/restore/r }
        split /\n/, $text;
}

# Where the file of pupilctl says a tenant, a new one is given a UUID of its own.
my @made = map { $text{$_} =~ /`(pupilctl tenant add "[^`]*)`/g } @documents;
cmp_ok scalar(@made), '>=', 2, 'tenants that are made';
is_deeply [grep { !/ --tenant\s\$\(uuidgen\)$/ } @made], [],
    'have a UUID of their own';

my (%used, @unknown, @run);
for my $document (@documents) {
    my $name = $document =~ s{^\Q$root\E/}{}r;
    push @run, map { [$name, $_] } $text{$document} =~ /^```sh run\n(.*?)^```/msg;

    my @other = (map { commands($_) } $text{$document}
                     =~ /^```(?:sh|bash|shell|console)\n(.*?)^```/msg);
    push @other, map { commands($_) }
        $text{$document} =~ /^    ((?:sudo )?make(?: .*)?)$/mg;
    for my $command (grep { length } @other) {
        my ($known) = grep { exists $ELSEWHERE{$_} } $name, $command;
        $known ? $used{$known}++ : push @unknown, "$name: $command";
    }
}
is_deeply \@unknown, [], 'every command is run, or it is said where';
is_deeply [grep { !$used{$_} } sort keys %ELSEWHERE], [],
    'and the list has none too many';
ok -f "$root/$_", "$_ is there"
    for grep { m{^t/.*\.t$} } map { $ELSEWHERE{$_} } sort keys %used;

cmp_ok scalar(@run), '>=', 4, 'blocks to run';
my ($ini) = $text{"$root/docs/operations.md"}
    =~ /^```ini\n(database = .*?)^```/ms;
my %conninfo = (DATA => $data->conninfo('pupil'),
                KEYS => $keys->conninfo('pupil_keys'));
my %env = (
    %conninfo, PATH => build_dir() . ":/usr/sbin:$ENV{PATH}",
    PUPIL_SQL => "$root/sql", PUPIL_PLUGINS => $plugins,
    ROSTER => "$root/docs/quickstart/data/sds-100-users", LOGIN => 'CBeane',
    %{ $nginx->sanitizer_env(leaks => 0) },
);
my ($tenant, $password);

# The files that the text tells to write, once there are passwords for them.
sub write_files () {
    my $conf = here($ini) =~ s/[0-9a-f-]{36}$/$tenant/mr;
    for my $server ([db1 => $data], [keys => $keys]) {
        my ($host, $pg) = @$server;
        my $to = "host=127.0.0.1 port=" . $pg->port;
        $conf =~ s/host=\Q$host\E\.example/$to/;
    }
    spew("$etc/pupilctl.conf", $conf, 0600);
    spew("$etc/uni.secret", "a secret\n", 0600);
    spew("$etc/agreement.pdf", "an agreement, signed\n");

    my $main = "thread_pool pupil threads=1 max_queue=32;\n";
    my $text = join '',
        (map { "pupil_plugin $plugins/pupil_$_.so;\n" }
         qw(identity contact credential enrolment network homework progress)),
        (map { my ($directive, $pg, $db, $user) = @$_;
               my $port = $pg->port;
               "$directive \"host=127.0.0.1 port=$port dbname=$db user=$user"
               . " passfile=$etc/passfile\";\n" }
         ['pupil_database', $data, 'pupil', 'pupil_gateway'],
         ['pupil_keystore', $keys, 'pupil_keys', 'pupil_keeper']),
        "pupil_master_key $etc/kek;\npupil_tenant $tenant;\n";
    $nginx->set(main => $main, http => $text, server => join '',
        "location /status { pupil_status; }\n",
        map { "location /v1/$_ { pupil_$_; }\n" }
        qw(login session homework progress data));
}

for my $block (@run) {
    my ($name, $commands) = @$block;
    $commands =~ s/^chown .*\n//mg if !am_root();
    my $run = run_cmd('bash', '-euo', 'pipefail', '-xc', here($commands)
        =~ s/^nginx -t$/@{[join ' ', $nginx->command]} -e stderr -t/mr,
        { env => \%env, timeout => 300, dir => tmp_dir() });
    my ($first) = $commands =~ /^(?:install|export)?.*?(pupilctl [\w-]+(?: \w+)?)/s;
    is $run->{code}, 0, "$name: $first ..." or diag $run->{out}, $run->{err};

    $password = $1 if $commands =~ /--generate/
                      && $run->{out} =~ /^([\w-]{16,})$/m;
    if ($commands =~ /pupilctl init/) {
        ($tenant) = $run->{out} =~ /^tenant ([0-9a-f-]{36})$/m;
        ok $tenant, 'init prints the tenant' or BAIL_OUT($run->{err});
        write_files();
        $env{PUPIL_CONFIG} = "$etc/pupilctl.conf";
    }
}

# What was set up serves.
$nginx->start;
my $http = $nginx->http;
ok wait_until(60, 'nginx to be ready', sub {
    $http->get('/status/ready')->status == 200;
}), 'nginx is ready, with the password file of its own';
is_status $http->login($env{LOGIN}, $password // ''), 200,
    'and lets somebody of the roster in';
my $metrics = $http->get('/status?format=prometheus')->body;
like $metrics, qr/^\Q$_\E\{/m, "$_ is a metric"
    for $text{"$root/docs/operations.md"} =~ /`(pupil_\w+(?:_total|_left|_queued|_ready))`/g;


# ---- configurations

# A text as a whole nginx.conf, by what is in it.
sub whole ($text) {
    my $base = $nginx->conf_text;
    my $dir = $nginx->dir;
    my %role = $base =~ /^(pupil_\w+) ([^;]+);/mg;

    if ($text =~ /^\s*http \{/m) {
        return "error_log $dir/error.log; pid $dir/nginx.pid;\n"
            . (am_root() ? 'user ' . Pupil::Nginx::user() . ";\n" : '')
            . ($ENV{PUPIL_STATIC} ? $text =~ s/^\s*load_module .*$//mr
                                  : $text);
    }
    return $base =~ s/^thread_pool .*$/$text/mr if $text =~ /^\s*thread_pool/;
    return $base =~ s/(\n    server \{)/\n$text$1/r
        if $text =~ /^\s*(?:log_format|map|pupil_deny|pupil_allowed|limit_req_zone
                           |server[ ]\{)/x;

    for my $name ($text =~ /^\s*(pupil_\w+)/mg) {     # in place of ours
        my ($which) = $text =~ /\Q$name\E\s+([^\s;]+)/;
        $name eq 'pupil_plugin' ? $base =~ s{^\s*pupil_plugin \Q$which\E;$}{}m
                                : $base =~ s{^\s*$name [^;]+;$}{}m;
    }
    return $base =~ s/(\n    server \{)/\n$text$1/r;
}

my %SKIP = ('docs/plugin-guide.md' => 't/plugin-guide.t');
my $blocks = 0;
for my $document (@documents) {
    my $name = $document =~ s{^\Q$root\E/}{}r;
    next if $SKIP{$name};
    my @blocks = $text{$document} =~ /^```nginx\n(.*?)^```/msg;
    push @blocks, $text{$document} =~ /^((?:    load_module .*\n)(?:(?:    .*)?\n)+)/mg;
    for my $block (@blocks) {
        my $test = Pupil::Nginx->new(conf => whole(here($block)))->test;
        is $test->{code}, 0, "$name: a configuration passes nginx -t"
            or diag $block, $test->{err};
        $blocks++;
    }
}
cmp_ok $blocks, '>=', 5, "$blocks of them";
isnt(Pupil::Nginx->new(conf => whole("pupil_deny nothing.there;\n"))
     ->test->{code}, 0, 'and a wrong one does not');


# ---- paths

# What is between backquotes and looks like a source: a path from the top, one
# below ngx_module/, or a file's name alone.  <any> stands for a name that the
# reader puts in: the folder before it must be there.  What a document gives the
# text of is there for who follows it.
my %somewhere = map { s{.*/}{}r => 1 }
    files_below(qr/\.(?:[ch]|sql|t|p[lm])\z/,
                map { "$root/$_" } qw(include ngx_module plugins sql t));

sub paths ($text) {
    return grep { m{^(?:include|ngx_module|plugins|sql|t|docs|pg|core|http|ctl)/
                    [\w./*<>{},-]*$ | ^\w+\.(?:[ch]|sql|t|p[lm])$}x }
           $text =~ /`([^`\n]+)`/g;
}

sub leads ($path) {
    return $somewhere{$path} if $path !~ m{/};
    my $there = $path =~ s{[^/]*<.*}{}r;
    return grep { my @all = glob "$_/$there"; @all && !grep { !-e } @all }
           $root, "$root/ngx_module";
}

my $paths = 0;
for my $document (@documents) {
    my $name = $document =~ s{^\Q$root\E/}{}r;
    my @made = $SKIP{$name} ? qw(locker.c locker.sql)
             : $text{$document} =~ /^`([^`\n]+)`:\n\n```/mg;
    my @paths = grep { my $path = $_; !grep { $_ eq $path } @made }
                paths($text{$document});
    $paths += @paths;
    is_deeply [grep { !leads($_) } @paths], [], "$name: paths";
}
cmp_ok $paths, '>=', 200, "$paths of them";
is_deeply [grep { !leads($_) } paths(
    '`core/statement.c` `t/wall.t` `wall.c` `core/policy/sql.{c,h}` `a/b`'
    . ' `core/policy/sql.{c,x}` `t/none/<x>.t` `t/unit/test_<x>.c`')],
    ['core/statement.c', 'wall.c', 'core/policy/sql.{c,x}', 't/none/<x>.t'],
    'one that has moved is found';


# ---- rooms

# The folders of the module and those that are drawn, indented by house.
sub drawn ($text) {
    my ($drawing) = $text =~ /^    ngx_module\/\n(.*?)(?=^    \w|^\n)/ms;
    my ($house, @rooms);
    for my $line (split /\n/, $drawing // '') {
        my ($indent, $room) = $line =~ m{^( +)(\w+)/} or next;
        $house = $room if length $indent == 6;
        push @rooms, length $indent == 6 ? $room : "$house/$room";
    }
    return @rooms;
}

my %drawn = map { $_ => 1 } drawn($text{"$root/docs/architecture.md"});
my @rooms = sort map { s{^\Q$root\E/ngx_module/}{}r } grep { -d }
            glob("$root/ngx_module/* $root/ngx_module/*/*");
cmp_ok scalar(@rooms), '>=', 25, scalar(@rooms) . ' rooms';
is_deeply [grep { !$drawn{$_} } @rooms], [], 'docs/architecture.md draws all';
is_deeply [drawn("    ngx_module/\n      pg/  a\n        b/  c\n    t/\n")],
    ['pg', 'pg/b'], 'a drawing is read';


# ---- links

for my $document (@documents) {
    my $folder = $document =~ s{/[^/]+$}{}r;
    my @broken = grep { !m{^https?://} && !-e "$folder/" . s/#.*//r }
                 $text{$document} =~ /\]\(([^)#]+)(?:#[^)]*)?\)/g;
    is_deeply \@broken, [], $document =~ s{^\Q$root\E/}{}r . ': links';
}

done_testing;
