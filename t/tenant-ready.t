#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# A tenant that the configuration names and nobody has made: /status/ready is
# red, the log names it once, others are served, and it is seen when it comes.

use lib 't/lib';
use Pupil::Test;
use JSON::XS qw(decode_json);

my $site = pupil_up;
my ($other) = $site->ctl_ok('tenant', 'add', 'Another', '--json',
                            $site->ctl_databases)->{out};
$other = decode_json($other)->{tenant};
my $nobody = uuid();

sub at ($path, $tenant) {
    return "location $path { pupil_session; pupil_tenant $tenant; }\n";
}
my $nginx = $site->nginx(server => at('/other', $other))->start;
sub ready { $nginx->http->get('/status/ready') }
sub wait_ready { wait_until(60, 'it to be ready', sub {
    ready()->status == 200 }) }

wait_ready();
pass 'two tenants that are there';


# ---- one that is not

$nginx->set(server => $nginx->{server} . at('/nobody', $nobody));
$nginx->reload(wait => 1);
eval { wait_until(60, 'it to be red', sub {
    $nginx->log_text =~ /there is no tenant/ }) };
my $res = ready();
is $res->status, 503, 'one that is not: not ready';
like $nginx->log_text, qr/pupil: .*there is no tenant \Q$nobody\E/,
    'the log names it';
like $res->json->{why} // '', qr/pupil_tenant/, 'the answer says why';
is_problem $nginx->http->get('/nobody'), 404, 'unknown-tenant',
    name => 'it is unknown';
is_problem $nginx->http->get('/other'), 401, 'no-session',
    name => 'others are served';
ready() for 1 .. 5;
sleep 3;
is scalar(() = $nginx->log_text =~ /there is no tenant/g), 1,
    'the log says it once';
unlike $nginx->log_text, qr/there is no tenant (?!\Q$nobody\E)/,
    'and of no other';


# ---- one that comes later

my $keys = $site->keystore;
$keys->do('CREATE TABLE public.kept AS SELECT * FROM keystore.tenant_key'
    . ' WHERE tenant = ?', {}, $other);
$keys->do('ALTER TABLE keystore.tenant_key DISABLE TRIGGER ALL');
$keys->do('DELETE FROM keystore.tenant_key WHERE tenant = ?', {}, $other);
$nginx->set(server => $nginx->{server} =~ s/\Q$nobody\E/$other/r);
$nginx->reload(wait => 1);
$nginx->wait_log(qr/there is no tenant \Q$other\E/);
is ready()->status, 503, 'not ready';
$keys->do('INSERT INTO keystore.tenant_key SELECT * FROM public.kept');
wait_ready();
pass 'it was made: ready, without a reload';

done_testing;
