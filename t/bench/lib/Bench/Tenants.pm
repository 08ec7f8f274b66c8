package Bench::Tenants;

# Two tenants behind one nginx, chosen by a header, each with the demo's
# rosters, homework, and pupils of one class who are logged in and have handed
# something in.
#
#     my ($here, $there) = Bench::Tenants::up();
#     my ($alone) = Bench::Tenants::up(alone => 1);
#     $here->get($here->clients, '/v1/homework');      # requests, as bytes
#     $here->submit(($here->clients)[0], 20);

use v5.36;

use Exporter 'import';
use JSON::XS ();
use POSIX qw(strftime);
use Pupil::Site;
use Pupil::Util;
use Time::HiRes qw(sleep);

# In a request of http_load: a new one each time.
use constant NEW_UUID => 'uuiduuid-uuid-uuid-uuid-uuiduuiduuid';
use constant PUPILS => 12;

our @EXPORT_OK = qw(answered done);

my $DATA = root_dir() . '/docs/quickstart/data/sds-100-users';


# Options: server, more of that block; alone: the first tenant, and no other.
sub up (%opt) {
    my $site = Pupil::Site->new(import => 1, pg => { fsync => 1, conf => {
        synchronous_commit => 'on', shared_buffers => '256MB',
        max_wal_size => '4GB', checkpoint_timeout => '30min',
        autovacuum => 'off' } });
    my $there = delete $opt{alone} ? undef : neighbour($site);
    my $nginx = $site->nginx(workers => 2, %opt, $there ? (
        conf => { pupil_tenant => '$school' },
        http => "map \$http_x_school \$school { default @{[$site->tenant]};"
                . " there @{[$there->tenant]}; }\n") : ())->start;

    my @tenants = map { at_work($nginx, @$_) } [$site, {}],
                  $there ? [$there, { 'X-School' => 'there' }] : ();
    $site->db->do('VACUUM ANALYZE');
    return @tenants;
}

sub neighbour ($site) {
    my $there = bless { %$site, tenant => undef }, ref $site;
    my $run = $there->ctl_ok('tenant', 'add', 'Grannkommunen', '--json',
                             $there->ctl_where);
    $there->{tenant} = JSON::XS::decode_json($run->{out})->{tenant};
    $there->import_demo;
    return $there;
}

sub at_work ($nginx, $site, $header) {
    my $self = bless { nginx => $nginx, site => $site, header => $header },
                     __PACKAGE__;
    $self->{homework} = $self->assign;
    for my $login (pupils()) {
        my $http = $self->client($login);
        my $id = new_id();
        done(sub { $http->post('/v1/progress',
            json => { %{ $self->submission(0) }, id => $id }) });
        push @{ $self->{clients} }, $http;
    }
    return $self;
}

sub site ($self) { $self->{site} }
sub nginx ($self) { $self->{nginx} }
sub db ($self) { $self->{site}->db }
sub clients ($self) { @{ $self->{clients} } }


# The pupils of section 11001, which CBeane teaches.
sub pupils () {
    my %login = logins();
    my @ids = slurp("$DATA/StudentEnrollment.csv") =~ /^11001,(\d+)/mg;
    return map { $login{$_} } @ids[0 .. PUPILS - 1];
}

sub logins () {
    return slurp("$DATA/Student.csv")
        =~ /^(\d+),[^,]*,[^,]*,[^,]*,([^,]+),/mg;
}

# All pupils of the roster.
sub students () {
    my %login = logins();
    return map { $login{$_} } sort { $a <=> $b } keys %login;
}

sub client ($self, $login) {
    my $person = $self->{site}->person($login, "At the bench, $login, 2026");
    my $http = $self->{nginx}->http(header => $self->{header});
    done(sub { $http->login(@$person{qw(login password)}) });
    $http->{person} = $person->{id};
    return $http;
}

sub assign ($self) {
    my $teacher = $self->client('CBeane');
    my $of = done(sub { $teacher->get('/v1/data/enrolment') })->{records};
    my ($class) = map { $_->{class_id} }
                  grep { $_->{class_title} =~ /Algebra/ } @$of;
    return done(sub { $teacher->post('/v1/homework', json => {
        class_id => $class, title => 'Chapter one',
        due_at => strftime('%Y-%m-%dT00:00:00Z', gmtime(time + 86400 * 30)),
        exercises => [map { { title => "Part $_", max_score => 10 } } 1 .. 3],
    }) });
}

# Asks; waits as 503 tells it to, as of nginx that has just begun or a machine
# that is full, and asks again: (response, answers 503 before).
sub answered ($ask) {
    my $busy = 0;
    while (1) {
        my $res = $ask->();
        return ($res, $busy) if $res->status != 503;
        $busy++;
        sleep($res->header('retry-after') || 1);
    }
}

sub done ($ask) {
    my ($res) = answered($ask);
    die 'status ', $res->status, ': ', $res->text, "\n"
        if $res->status !~ /^2/;
    return $res->json;
}

sub new_id () {
    return slurp('/proc/sys/kernel/random/uuid') =~ s/\s//r;
}


# ---- requests, as bytes

sub get ($self, $http, $path) { return $http->request_bytes(GET => $path) }

sub submission ($self, $exercise) {
    return { id => NEW_UUID, homework_id => $self->{homework}{id},
             exercise_id => $self->{homework}{exercises}[$exercise]{id},
             answer => { text => 'because' } };
}

sub submit ($self, $http, $n) {
    my @items = map { $self->submission($_ % 3) } 0 .. $n - 1;
    return $http->request_bytes(POST => '/v1/progress',
                                json => $n == 1 ? $items[0] : \@items);
}

1;
