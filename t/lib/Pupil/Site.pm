package Pupil::Site;

# A whole Pupil: a PostgreSQL cluster with both databases, a key file, a
# tenant, and an nginx.conf with every handler.  The one place of the tests
# that knows pupilctl's command line and the layout of nginx.conf.
#
#     my $site = pupil_up(import => 1);
#     $site->password('anna@example.org', 'a long password');
#     my $nginx = $site->nginx(server => '...')->start;

use v5.36;

use JSON::XS ();
use Pupil::Nginx;
use Pupil::Postgres;
use Pupil::Util;

# Options: pg (a cluster, or a hash of options for one), import (1: the demo's
# rosters), tenant_name, gateway_password.
sub new ($class, %opt) {
    my $pg = ref $opt{pg} eq 'HASH' || !$opt{pg}
             ? Pupil::Postgres->new(%{ $opt{pg} // {} }) : $opt{pg};
    my $self = bless {
        tenant_name => 'Testkommunen', %opt, pg => $pg,
        key => tmp_dir() . '/kek',
    }, $class;

    $pg->start if !$pg->pid;
    $self->init;
    $self->import_demo if $opt{import};
    return $self;
}

sub pg ($self) { $self->{pg} }
sub key ($self) { $self->{key} }
sub tenant ($self) { $self->{tenant} }
sub db ($self) { $self->{pg}->dbh('pupil') }
sub keystore ($self) { $self->{pg}->dbh('pupil_keys') }


# Runs pupilctl: { code, out, err }.
sub ctl ($self, @args) {
    my %opt = ref $args[-1] eq 'HASH' ? %{ pop @args } : ();
    my $env = Pupil::Nginx->sanitizer_env;
    return run_cmd(build_dir() . '/pupilctl', @args,
                   { timeout => 120, %opt,
                     env => { %$env, PUPIL_SQL => root_dir() . '/sql',
                              PUPIL_PLUGINS => Pupil::Nginx::plugins(),
                              %{ $opt{env} // {} } } });
}

# The same; dies with what it said if it fails.
sub ctl_ok ($self, @args) {
    my $run = $self->ctl(@args);
    die "pupilctl @{[grep { !ref } @args]}: code $run->{code}\n"
        . "$run->{out}$run->{err}" if $run->{code};
    return $run;
}


# What most subcommands need to reach the databases and the keys.
sub ctl_where ($self) {
    return ('--database', $self->{pg}->conninfo('pupil'),
            '--keystore', $self->{pg}->conninfo('pupil_keys'),
            '--key', $self->{key},
            $self->{tenant} ? ('--tenant', $self->{tenant}) : ());
}


sub init ($self) {
    my $run = $self->ctl_ok('init', $self->ctl_where, '--same-cluster',
                            '--tenant-name', $self->{tenant_name}, '--json');
    my $answer = eval { JSON::XS::decode_json($run->{out}) }
        // die "pupilctl init: no JSON: $run->{out}\n";
    $self->{tenant} = $answer->{tenant} // $answer->{tenant_id};

    my $roles = $self->{pg}->dbh->selectcol_arrayref(
        q{SELECT rolname FROM pg_roles WHERE rolname ~ '^pupil_'
          AND rolcanlogin ORDER BY 1});
    $self->{roles} = $roles;
    $self->{pg}->dbh->do(qq{ALTER ROLE "$_" PASSWORD 'gateway-only-for-tests'})
        for @$roles;
}


# The conninfo that nginx uses for a database.  Options: those of conninfo().
sub gateway ($self, $db = 'pupil', %opt) {
    return $self->{pg}->conninfo($db,
        user => $db eq 'pupil' ? 'pupil_gateway' : 'pupil_keeper',
        password => 'gateway-only-for-tests', %opt);
}


sub import_demo ($self) {
    my $data = root_dir() . '/docs/quickstart/data';
    $self->ctl_ok('import', 'sds', "$data/sds-100-users", $self->ctl_where);
    $self->ctl_ok('import', 'oneroster', "$data/oneroster-sds-2.1",
                  $self->ctl_where);
}


# Gives an account a password.
sub password ($self, $identifier, $password) {
    $self->ctl_ok('user', 'password', $identifier, $self->ctl_where,
                  { stdin => "$password\n" });
}


my %HANDLERS = (
    login => '/v1/login', session => '/v1/session',
    homework => '/v1/homework', progress => '/v1/progress',
    data => '/v1/data/', status => '/status',
);


# The http{} part.  Options: plugins => [names], pupil => text that is added,
# without => [directives], and every directive's value by its name.
sub http_conf ($self, %opt) {
    my @plugins = @{ $opt{plugins} // [map { m{/pupil_(\w+)\.so$} }
                     sort glob Pupil::Nginx::plugins() . '/pupil_*.so'] };
    my %conf = (
        pupil_database => '"' . $self->gateway('pupil') . '"',
        pupil_keystore => '"' . $self->gateway('pupil_keys')
                          . '" same_cluster',
        pupil_master_key => $self->{key}, pupil_tenant => $self->{tenant},
        pupil_session_zone => 'pupil:1m', %{ $opt{conf} // {} },
    );
    my $dir = Pupil::Nginx::plugins();

    return join '',
        (map { "pupil_plugin $dir/pupil_$_.so;\n" } @plugins),
        (map { defined $conf{$_} ? "$_ $conf{$_};\n" : () } sort keys %conf),
        $opt{pupil} // '';
}


# The server{} part: a location for each handler.
sub server_conf ($self, %opt) {
    return join '', map {
        my $more = $opt{locations}{$_} // '';
        "location $HANDLERS{$_} { pupil_$_; $more }\n"
    } grep { !exists $opt{locations}{$_} || defined $opt{locations}{$_} }
      sort keys %HANDLERS;
}


# An nginx for this site, not started.  Options: those of http_conf() and of
# server_conf(), and those of Pupil::Nginx->new; http and server are added.
sub nginx ($self, %opt) {
    my $http = $self->http_conf(%opt) . ($opt{http} // '');
    my $server = $self->server_conf(%opt) . ($opt{server} // '');
    delete @opt{qw(plugins conf pupil locations)};
    return Pupil::Nginx->new(tls => 1, %opt, http => $http,
                             server => $server);
}

1;
