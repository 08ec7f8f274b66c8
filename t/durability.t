#!/usr/bin/perl

# pupil_audit_durability: the synchronous_commit that is in force on the
# gateway's connections when a request's audit is written, whatever the role
# or the server default to; and that what is weaker is said in the log.

use lib 't/lib';
use Pupil::Test;

my $site = pupil_up(import => 1);
my ($pg, $db) = ($site->pg, $site->db);
my $teacher = $site->person('CBeane');

# A trigger of the superuser notes what is in force at each audit record.
$db->do($_) for <<'SQL' =~ /(.+?;)\n\n/sg;
CREATE TABLE public.in_force (request uuid, role name, value text);

GRANT INSERT ON public.in_force TO pupil_gateway;

CREATE FUNCTION public.note_force() RETURNS trigger LANGUAGE plpgsql AS
$$BEGIN
    INSERT INTO public.in_force VALUES
        (NEW.request, current_user, current_setting('synchronous_commit'));
    RETURN NULL;
END$$;

CREATE TRIGGER note_force AFTER INSERT ON pupil.audit_record
    FOR EACH ROW EXECUTE FUNCTION public.note_force();

SQL

my $nginx = $site->nginx->start;
my $http;

# What requests were written with, once each: reads, writes and log-ins.
sub in_force () {
    $http = $nginx->http;
    my @done = ($http->login(@$teacher{qw(login password)}),
                $http->get('/v1/data/identity'), $http->get('/v1/session'),
                $http->get('/v1/homework'),
                $http->patch('/v1/data/example',
                             json => { favourite_subjects => 'Kemi' }),
                $http->login($teacher->{login}, 'wrong'));
    is join(' ', map { $_->status } @done), '200 200 200 200 200 401',
        'all is well';
    my %seen;
    for my $res (@done) {
        my @rows = @{ $db->selectall_arrayref('SELECT role, value FROM'
            . ' public.in_force WHERE request = ?', {}, $res->request_id) };
        $seen{"@$_"}++ for @rows;
        is scalar(@rows) > 0, 1, 'its audit was noted';
    }
    return join ', ', sort keys %seen;
}

sub reload (%conf) {
    my $seen = length $nginx->log_text;
    $nginx->set(http => $site->http_conf(conf => \%conf));
    $nginx->reload(wait => 1);
    wait_until(60, 'ready', sub {
        $nginx->http->get('/status/ready')->status == 200 });
    return substr $nginx->log_text, $seen;
}

sub default_of ($value) {
    $db->do("ALTER ROLE pupil_gateway SET synchronous_commit = $value");
}

wait_until(60, 'ready', sub {
    $nginx->http->get('/status/ready')->status == 200 });
is in_force(), 'pupil_gateway on', 'by default: on';
unlike $nginx->log_text, qr/pupil_audit_durability/, 'worth no line';

# The default is not the role's, nor the server's, to weaken.
default_of('off');
unlike reload(), qr/pupil_audit_durability/, 'a weak role: no line';
is in_force(), 'pupil_gateway on', 'a weak role: on all the same';
$pg->set(synchronous_commit => 'off')->reload;
$db->do('ALTER ROLE pupil_gateway RESET synchronous_commit');
reload(pupil_audit_durability => 'on');
is in_force(), 'pupil_gateway on', 'a weak server: on all the same';
$pg->set(synchronous_commit => undef)->reload;
reload();

# Nor is it of connections that are there already.
$db->do("ALTER SYSTEM SET synchronous_commit = off");
$db->do('SELECT pg_reload_conf()');
wait_until(60, 'the server has read it', sub { $db->selectrow_array(
    "SELECT setting FROM pg_settings WHERE name = 'synchronous_commit'")
    eq 'off' });
is in_force(), 'pupil_gateway on', 'a server that weakens later: on still';
$db->do('ALTER SYSTEM RESET synchronous_commit');
$db->do('SELECT pg_reload_conf()');
default_of('remote_write');
reload();
is in_force(), 'pupil_gateway on', 'remote_write is weaker than on';
default_of('remote_apply');
reload();
is in_force(), 'pupil_gateway remote_apply', 'what is stronger stays';

# What is weaker is the operator's explicit choice, and is said.
my $warned = qr/\[warn\].*pupil_audit_durability is relaxed: .*lost/;
for my $value (qw(local off)) {
    my $log = reload(pupil_audit_durability => $value);
    is in_force(), "pupil_gateway $value", "$value is in force";
    like $log, $warned, "$value: is said in the log";
    like $nginx->test->{err}, $warned, "$value: and by nginx -t";
}

reload();
is in_force(), 'pupil_gateway remote_apply', 'and back';

done_testing;
