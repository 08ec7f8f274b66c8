#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# A configuration that still names a tenant which has ended, or whose end is not
# done: pupilctl check says so before a reload, the others are served through
# one, and the log and /status/ready say what is to be taken out.

use lib 't/lib';
use Pupil::Test;

use JSON::XS ();

my $site = pupil_up;
my ($db, $dir) = ($site->db, tmp_dir());
mkdir "$dir/checkpoints" or die "$dir: $!\n";
my @databases = $site->ctl_databases;
my $gone = JSON::XS::decode_json($site->ctl_ok('tenant', 'add', 'Town', '--json',
    @databases)->{out})->{tenant};
my $nginx = $site->nginx(server => "location /gone { pupil_session;"
    . " pupil_tenant $gone; }\n")->start;

sub ready { $nginx->http->get('/status/ready') }
sub check { $site->ctl('check', $nginx->conf_file, $site->ctl_where) }

sub offboard { $site->ctl('tenant', 'offboard', 'Town', '--without-export',
    '--tenant', $gone, @databases) }

sub seen ($name) {
    ok eval { wait_until(60, 'the answer', sub {
        my $res = $nginx->http->get('/gone');
        $res->status == 404 && $res->text =~ /unknown-tenant/ }) },
        "$name: it is unknown" or diag $@;
    is_problem $nginx->http->get('/v1/session'), 401, 'no-session',
        name => "$name: others are served";
}

wait_until(60, 'it to be ready', sub { ready()->status == 200 });
is check()->{code}, 0, 'two tenants that are there';


# ---- its keys are destroyed, and it is not done

offboard();
$site->ctl_ok('audit', 'seal', '--checkpoints', "$dir/checkpoints",
              '--ship', 'true', @databases);
$db->do('CREATE FUNCTION public.dies() RETURNS trigger LANGUAGE plpgsql AS'
    . " 'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); END'");
$db->do('CREATE TRIGGER dies BEFORE DELETE ON pupil.tenant FOR EACH ROW EXECUTE'
    . ' FUNCTION public.dies()');
is offboard()->{code}, 1, 'its end is not done';
$db->do('DROP TRIGGER dies ON pupil.tenant');
$db->do('DROP FUNCTION public.dies()');
seen('not done');
my $run = check();
is $run->{code}, 1, 'check refuses a tenant without keys';
like $run->{out}, qr/the tenant \Q$gone\E has no key.*ended.*pupilctl work/s,
    'and says what to do';


# ---- and done

is $site->ctl('work', @databases)->{code}, 0, 'work ends it';
$run = check();
is $run->{code}, 1, 'check refuses one that has ended';
like $run->{out}, qr/no tenant \Q$gone\E.*ended.*take it out.*tenant list/s,
    'and says what to do';
is $nginx->test->{code}, 0, 'nginx -t asks no database';
$nginx->reload(wait => 1);
$nginx->wait_log(qr/there is no tenant \Q$gone\E.*ended.*take it out/);
seen('reloaded');
ok eval { wait_until(60, 'the reason', sub {
    my $res = ready();
    $res->status == 503 && ($res->json->{why} // '') =~ /pupil_tenant/ }) },
    'but not ready, which says why' or diag $@;

$nginx->set(server => $nginx->{server} =~ s{^location /gone .*\n}{}mr);
$nginx->reload(wait => 1);
ok eval { wait_until(60, 'it to be ready', sub { ready()->status == 200 }) },
    'taken out: ready' or diag $@;
is check()->{code}, 0, 'and check finds nothing';

done_testing;
