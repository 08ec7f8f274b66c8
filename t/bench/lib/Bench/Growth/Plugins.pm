package Bench::Growth::Plugins;

# What categories cost: copies of plugins/example under other names, each with
# its table, loaded by one nginx.

use v5.36;

use Bench::Entrant::Pupil;
use Bench::Growth::Load qw(load);
use Exporter qw(import);
use File::Path qw(make_path);
use List::Util qw(min sum);
use Pupil::Nginx;
use Pupil::Util;
use Time::HiRes qw(time);

our @EXPORT_OK = qw(plugins_up plugins_measure);

# What the endpoints need, and what every school has.
my @own = qw(contact credential enrolment homework identity network progress);


# The names of so many more categories, made and accepted.
sub plugins_up ($school, $count) {
    my $site = $school->site;
    my $root = root_dir();
    my $dir = tmp_dir() . '/categories';
    my @names = map { sprintf 'likes_%02d', $_ } 1 .. $count;

    make_path("$dir/plugins", "$dir/sql/plugins");
    symlink "$root/sql/$_", "$dir/sql/$_" for qw(data keystore);
    for my $name (@names) {
        my ($code, $sql) = map {
            slurp("$root/plugins/example/example.$_") =~ s/\bexample\b/$name/gr
        } qw(c sql);
        make_path("$dir/sql/plugins/$name");
        spew("$dir/sql/plugins/$name/$name.sql", $sql);
        spew("$dir/$name.c", $code);
        my $run = run_cmd(qw(cc -std=gnu11 -O1 -fPIC -shared
            -fvisibility=hidden), "-I$root/include", '-o',
            "$dir/plugins/pupil_$name.so", "$dir/$name.c",
            '-Wl,--version-script=' . build_dir() . '/plugin.map');
        die "cc: $run->{err}" if $run->{code};
    }
    my $started = time;
    $site->ctl_ok('migrate', '--database', $site->pg->conninfo('pupil'),
                  '--plugins', "$dir/plugins", '--sql', "$dir/sql",
                  '--ticket', 'growth', { timeout => 300 });
    return { dir => "$dir/plugins", names => \@names,
             accept_s => (time - $started) / $count };
}


# { config_ms, rss (KiB of a worker), backend (KiB of a backend that has run
# them all), load => { path => ... } }
sub plugins_measure ($school, $made, $total, %opt) {
    my @more = @{ $made->{names} }[0 .. $total - @own - 1];
    my $load = join '', map { "pupil_plugin $made->{dir}/pupil_$_.so;\n" }
                        @more;
    my $name = "plugins-$total";
    my $nginx = $school->site->nginx(workers => 1, log_level => 'warn',
        plugins => \@own, pupil => $load,
        http => 'keepalive_requests 1000000;',
        conf => { access_log => 'off',
                  pupil_session_zone => 'pupil_sessions:16m' });
    my @took = map { config_ms($nginx) } 1 .. 3;

    $nginx->start;
    wait_until(20, 'Pupil to be ready',
               sub { $nginx->http->get('/status/ready')->status == 200 });
    my $entrant = bless { nginx => $nginx, name => $name },
                        'Bench::Entrant::Pupil';
    my $got = { config_ms => min(@took) };

    touch_all($school, $nginx, @more, 'identity', 'enrolment');
    Bench::Growth::Load::warm($school, $entrant);
    for my $round (1 .. $opt{rounds}) {
        push @{ $got->{load}{$_} }, load($school, $_, entrant => $entrant,
            seconds => $opt{seconds}) for qw(homework submit);
    }
    $got->{rss} = $nginx->rss;
    $got->{backend} = backend_kib($school);
    $nginx->quit;
    return $got;
}

# CPU, not time.
sub config_ms ($nginx) {
    my $before = sum((times)[2, 3]);
    my $run = $nginx->test;
    die "nginx -t: $run->{err}" if $run->{code};
    return 1000 * (sum((times)[2, 3]) - $before);
}

# Each category on each connection: so many times that chance misses few.
sub touch_all ($school, $nginx, @names) {
    my ($session) = $school->sessions('pupil');
    my $http = $nginx->http;
    $http->cookies->{'__Host-pupil'} = $session->{token};
    for my $time (1 .. 8) {
        for my $name (@names) {
            my $res = $http->get("/v1/data/$name");
            die "$name: ", $res->text, "\n" if $res->status != 200;
        }
    }
}

# Of the gateway's backends the greatest: memory that is not shared.
sub backend_kib ($school) {
    my $pids = $school->db->selectcol_arrayref('SELECT pid FROM'
        . ' pg_stat_activity WHERE usename = \'pupil_gateway\'');
    my ($most) = sort { $b <=> $a } map {
        (eval { slurp("/proc/$_/status") } // '') =~ /^RssAnon:\s+(\d+)/m
            ? $1 : 0 } @$pids;
    return $most;
}

1;
