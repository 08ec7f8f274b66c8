package Pupil::Site;

# A whole Pupil: a PostgreSQL cluster with both databases, a key file, a
# tenant, and an nginx.conf with every handler.  The one place of the tests
# that knows pupilctl's command line and the layout of nginx.conf.
#
#     my $site = pupil_up(import => 1);
#     my $nginx = $site->nginx(server => '...')->start;
#     my $teacher = $site->person('CBeane');
#     $nginx->http->login(@$teacher{qw(login password)});

use v5.36;

use JSON::XS ();
use Pupil::Nginx;
use Pupil::Postgres;
use Pupil::Site::Made;
use Pupil::Util;

# Options: pg (a cluster, or a hash of options for one), keys (another cluster,
# for the key store), import (1: the demo's rosters), schools (1: tenants to
# spare, for another()), tenant_name, own.
#
# The first site of a test that asks for a usual one is a copy, as
# Pupil::Site::Made says; with own => 1 init and import run in its cluster.
sub new ($class, %opt) {
    my $pg = $opt{pg} // {};
    my $own = ref $pg ne 'HASH' || grep { !/^(?:import|pg|schools)$/ } keys %opt;
    my $made = $own ? undef : Pupil::Site::Made->take($class, %opt);

    $pg = $made ? $made->cluster(%$pg) : Pupil::Postgres->new(%$pg)
        if ref $pg eq 'HASH';
    my $self = bless {
        tenant_name => 'Testkommunen', %opt, pg => $pg,
        key => tmp_dir() . '/kek',
    }, $class;

    for my $cluster ($pg, $self->keys_pg) {
        $cluster->start if !$cluster->pid;
    }
    if ($made) {
        $self->known($made->files(tmp_dir()));
        $self->{spare} = [$made->spare];
        $self->{made} = $made;
    } else {
        $self->init;
        $self->import_demo if $opt{import};
    }
    return $self;
}

sub pg ($self) { $self->{pg} }
sub keys_pg ($self) { $self->{keys} // $self->{pg} }
sub key ($self) { $self->{key} }
sub tenant ($self) { $self->{tenant} }
sub db ($self) { $self->{pg}->dbh('pupil') }
sub keystore ($self) { $self->keys_pg->dbh('pupil_keys') }


# Runs pupilctl: { code, out, err }.
sub ctl ($self, @args) {
    my %opt = ref $args[-1] eq 'HASH' ? %{ pop @args } : ();
    return run_cmd(build_dir() . '/pupilctl', @args,
                   { %opt, env => { %{ ctl_env() }, %{ $opt{env} // {} } } });
}

# What pupilctl finds of this tree by its environment, whoever starts it.
sub ctl_env ($class = undef) {
    return { %{ Pupil::Nginx->sanitizer_env },
             PUPIL_SQL => root_dir() . '/sql',
             PUPIL_PLUGINS => Pupil::Nginx::plugins() };
}

# The same; dies with what it said if it fails.
sub ctl_ok ($self, @args) {
    my $run = $self->ctl(@args);
    die "pupilctl @{[grep { !ref } @args]}: code $run->{code}\n"
        . "$run->{out}$run->{err}" if $run->{code};
    return $run;
}


# What most subcommands need to reach the databases and the keys: as the
# operator, once there is one.
sub ctl_where ($self) {
    return ($self->ctl_databases,
            $self->{tenant} ? ('--tenant', $self->{tenant}) : ());
}

# The same of no tenant: what a new one is made with.
sub ctl_databases ($self) {
    my @role = $self->{roles} ? (user => 'pupil_operator') : ();
    return ('--database', $self->conninfo('pupil', @role),
            '--keystore', $self->conninfo('pupil_keys', @role),
            '--key', $self->{key}, '--ticket', 'test');
}


sub init ($self) {
    my $passfile = tmp_dir() . '/passfile';
    my $run = $self->ctl_ok('init', $self->ctl_where,
        $self->{keys} ? () : '--same-cluster', '--passfile', $passfile,
        '--tenant-name', $self->{tenant_name}, '--json');
    my $answer = eval { JSON::XS::decode_json($run->{out}) }
        // die "pupilctl init: no JSON: $run->{out}\n";

    $self->known($passfile, $answer->{tenant});
}

# What init gave: the passwords of the roles, by their files, and the tenant.
sub known ($self, $passfile, $tenant) {
    $self->{tenant} = $tenant;
    $self->{roles} = { map { my ($db, $role, $secret) = (split /:/)[2 .. 4];
                             ($role => $secret, "$role\@$db" => $secret) }
                       map { split /\n/, slurp($_) }
                       $passfile, "$passfile.operator" };
}


# The id of another tenant: one that it has to spare, or else a new one of this
# name.
sub another ($self, $name) {
    my $spare = shift @{ $self->{spare} // [] };
    return $spare if $spare;
    my $run = $self->ctl_ok('tenant', 'add', $name, '--json',
                            $self->ctl_databases);
    return JSON::XS::decode_json($run->{out})->{tenant};
}


# A conninfo with the password of its role, as init wrote it.  Options: those
# of Pupil::Postgres::conninfo().
sub conninfo ($self, $db, %opt) {
    my ($roles, $user) = ($self->{roles} // {}, $opt{user} // '');
    my $password = $roles->{"$user\@$db"} // $roles->{$user};
    my $pg = $db eq 'pupil_keys' ? $self->keys_pg : $self->{pg};
    return $pg->conninfo($db,
        defined $password ? (password => $password) : (), %opt);
}


# The conninfo that nginx uses for a database.
sub gateway ($self, $db = 'pupil', %opt) {
    return $self->conninfo($db,
        user => $db eq 'pupil' ? 'pupil_gateway' : 'pupil_keeper', %opt);
}


sub import_demo ($self) {
    my $data = root_dir() . '/docs/quickstart/data';
    for my $import ([sds => 'sds-100-users'],
                    [oneroster => 'oneroster-sds-2.1'])
    {
        my ($kind, $folder) = @$import;
        $self->ctl_ok('import', $kind, "$data/$folder", '--dates', 'open',
                      $self->ctl_where);
    }
}


# Gives an account a password.
sub password ($self, $login, $password) {
    $self->ctl_ok('user', 'password', $login, $self->ctl_where,
                  { stdin => "$password\n" });
}


# An imported account that can log in: { id, login, password }.  Whom a made
# site knows has the usual password there already.
sub person ($self, $login, $password = usual_password($login)) {
    my $id = $self->{made} && $self->{made}->id($self->tenant, $login);
    $self->password($login, $password)
        if !$id || $self->{asked}{$login}++
           || $password ne usual_password($login);
    return { id => $id // $self->id_of($login), login => $login,
             password => $password };
}

sub usual_password ($login) { "A long password of $login, 2026" }

sub id_of ($self, $login) {
    my $run = $self->ctl_ok('user', 'show', $login, '--json',
                            $self->ctl_where);
    return JSON::XS::decode_json($run->{out})->{id};
}


# The endpoints of the module, by name: core's list, and what serves the
# operator.
sub endpoints () {
    my ($list) = slurp(root_dir() . '/ngx_module/core/endpoints/endpoints.h')
        =~ /^#define PUPIL_ENDPOINTS\(row\)(.*?[^\\])\n/ms;
    my @names = ($list // '') =~ /row\([A-Z_]+, ([a-z_]+)\)/g;
    die "no endpoint in the list of core\n" if !@names;
    return sort @names, 'status';
}

# Where the handlers are that are not at /v1/ and their name.
my %PATHS = (data => '/v1/data/',
             rights => '/v1/me/', password => '= /v1/me/password',
             login_code => '/v1/pupils',
             imports => '/v1/admin/imports', status => '/status');

sub path ($name) { $PATHS{$name} // "/v1/$name" }


# The http{} part.  Options: plugins => [names], pupil => text that is added,
# conf => { directive => value, or undef for none }.
sub http_conf ($self, %opt) {
    my @plugins = @{ $opt{plugins} // [map { m{/pupil_(\w+)\.so$} }
                     sort glob Pupil::Nginx::plugins() . '/pupil_*.so'] };
    my %conf = (
        pupil_database => '"' . $self->gateway('pupil') . '"',
        pupil_keystore => '"' . $self->gateway('pupil_keys') . '"'
                          . ($self->{keys} ? '' : ' same_cluster'),
        pupil_master_key => $self->{key}, pupil_tenant => $self->{tenant},
        pupil_session_zone => 'pupil_sessions:1m',
        pupil_login_password => 'all',
        (grep { $_ eq 'password' } endpoints())
        ? (pupil_password_new => root_dir()
            . '/ngx_module/core/login/common-passwords.txt') : (), %{ $opt{conf} // {} },
    );
    my $dir = Pupil::Nginx::plugins();

    return join '',
        (map { "pupil_plugin $dir/pupil_$_.so;\n" } @plugins),
        (map { defined $conf{$_} ? "$_ $conf{$_};\n" : () } sort keys %conf),
        $opt{pupil} // '';
}


# The server{} part: a location for each handler.  Options: locations =>
# { handler => text that is added, or undef for none }.
sub server_conf ($self, %opt) {
    return join '', map {
        my $more = $opt{locations}{$_} // '';
        my $path = path($_);
        "location $path { pupil_$_; $more }\n"
    } grep { !exists $opt{locations}{$_} || defined $opt{locations}{$_} }
      endpoints();
}


# An nginx for this site, not started.  Options: those of http_conf() and of
# server_conf(), and those of Pupil::Nginx->new; http and server are added.
sub nginx ($self, %opt) {
    my $http = $self->http_conf(%opt) . ($opt{http} // '');
    my $server = $self->server_conf(%opt) . ($opt{server} // '');
    my $main = "thread_pool pupil threads=1 max_queue=32;\n"
               . ($opt{main} // '');
    delete @opt{qw(plugins conf pupil locations)};
    return Pupil::Nginx->new(tls => 1, %opt, main => $main, http => $http,
                             server => $server);
}

1;
