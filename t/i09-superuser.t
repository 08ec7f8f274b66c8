#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I9 against who administers the data database: whatever a superuser does to the
# log by SQL and DDL, before it is sealed or after, verification with the file
# of checkpoints and the pinned key finds it, and where.  What is done
# (Pupil::Superuser) is written from what the tables are alone.  PUPIL_SUPERUSER
# is how often something is done, or each once; PUPIL_SEED is what random numbers
# begin with.

use lib 't/lib';
use Pupil::Test;
use Pupil::Chaos;
use Pupil::Day;
use Pupil::Later;
use Pupil::Seal;
use Pupil::Superuser;
use JSON::XS ();

my $seed = $ENV{PUPIL_SEED} // int rand 1e9;
srand $seed;
note "PUPIL_SEED=$seed";

my $chaos = Pupil::Chaos->new(pupils => 4);
my ($site, $nginx) = ($chaos->site, $chaos->nginx);
my $seal = Pupil::Seal->new($site);
my $tenant = $site->tenant;
my $pg = $site->pg;
my $db;

sub work ($times) {
    for my $person ($chaos->{teacher}, $chaos->pupils) {
        my $http = $chaos->client($person);
        $http->get($_) for ('/v1/session', '/v1/homework',
            "/v1/homework/$chaos->{homework}{id}/progress",
            '/v1/data/identity') x $times;
    }
}

sub verify () {
    my $run = $seal->ctl(qw(audit verify --json), '--vkey', $main::vkey);
    my $answer = eval { JSON::XS::decode_json($run->{out}) } // {};
    # That some are old and not sealed is so before anything is done.
    $answer->{findings} = [grep { $_->{kind} ne 'unsealed' }
                           @{ $answer->{findings} // [] }];
    return { %$answer, code => $run->{code}, text => "$run->{out}$run->{err}" };
}


# ---- a log of two months, another tenant's beside it, and what is not sealed

my $there = Pupil::Day::neighbour($site);
for (1 .. 2) {
    work(4);
    is $seal->seal->{code}, 0, 'what is there is sealed';
}
chomp(our $vkey = $site->ctl_ok('audit', 'key', $site->ctl_where)->{out});
is $there->ctl(qw(audit seal --checkpoints), $seal->dir, $there->ctl_where)
    ->{code}, 0, 'and another tenant\'s';
$nginx->quit;
later($site, 40);
$nginx->start;
$chaos->{$_} = $chaos->person($chaos->{$_}{login}) for 'teacher';
$chaos->{pupils} = [map { $chaos->person($_->{login}) } $chaos->pupils];
for (1 .. 2) {
    work(4);
    is $seal->seal->{code}, 0, 'the next month, too';
}
work(1);
$nginx->quit;
later($site, 41);
my $run = verify();
is_deeply $run->{findings}, [], 'which verifies'
    or diag substr $run->{text}, 0, 3000;
like $run->{text}, qr/"unsealed"/, 'but that some are not sealed';

my $admin = $pg->dbh('postgres');
sub anew ($from, $to) {
    undef $db;
    $admin->do("DROP DATABASE IF EXISTS $to WITH (FORCE)");
    $admin->do("CREATE DATABASE $to TEMPLATE $from STRATEGY file_copy");
}
for my $name (qw(pupil pupil_kept)) {
    $pg->{dbh}{$name}->disconnect if $pg->{dbh}{$name};
    delete $pg->{dbh}{$name};
}
$admin->do("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    . " WHERE datname = 'pupil'");
anew(pupil => 'pupil_kept');
my $acl = $admin->selectrow_array("SELECT string_agg(format('GRANT %s ON"
    . " DATABASE pupil TO %s', a.privilege_type, CASE a.grantee WHEN 0 THEN"
    . " 'PUBLIC' ELSE a.grantee::regrole::text END), '; ') FROM pg_database d,"
    . " aclexplode(d.datacl) a WHERE datname = 'pupil'");
my $revoke = defined $acl ? 'REVOKE ALL ON DATABASE pupil FROM PUBLIC; ' : '';
my $owner = $admin->selectrow_array("SELECT datdba::regrole FROM pg_database"
    . " WHERE datname = 'pupil'");

sub restore () {
    anew(pupil_kept => 'pupil');
    $admin->do("ALTER DATABASE pupil OWNER TO $owner; $revoke" . ($acl // ''));
    $db = $pg->connect('pupil');
    $db->do('SET client_min_messages = warning');
}
$db = $pg->connect('pupil_kept');
Pupil::Superuser::looks_at($db, $tenant, $there->tenant);
my %counts = Pupil::Superuser::counts();
cmp_ok $counts{sealed}, '>', 150, 'records';
cmp_ok $counts{open}, '>', 10, 'and some that are not sealed';
cmp_ok $counts{high}, '>', 0, 'and whole tiles';
Pupil::Superuser::works_on(undef);
$db->disconnect;


# ---- each is found

my %mutations = Pupil::Superuser::mutations();
my @names = sort keys %mutations;
my $only = $ENV{PUPIL_ONLY};
@names = grep { /$only/ } @names if defined $only;
my $times = $ENV{PUPIL_SUPERUSER} // @names;
my @todo = map { $names[$_ % @names] } 0 .. $times - 1;

for my $name (@todo) {
    restore();
    Pupil::Superuser::works_on($db);
    my $touched = eval { $mutations{$name}->() };
    if (!$touched) { fail "$name: is done"; diag $@; next }
    my $done = verify();
    my @findings = @{ $done->{findings} // [] };
    $_->{_} = JSON::XS->new->canonical->encode($_) for @findings;
    my $said = $done->{code} == 1 && (@findings
        || (defined $touched->{text} && $done->{text} =~ /$touched->{text}/));
    ok $said, "$name: is found" or diag substr $done->{text}, 0, 800;
    next if !$said || !@findings;
    ok scalar(grep { Pupil::Superuser::touches($_, $touched) } @findings),
        "$name: and located"
        or diag(JSON::XS->new->canonical->encode($touched), "\n",
                substr $done->{text}, 0, 1500);
}

done_testing;
