#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I17: a bad plugin, key file or directive is refused by nginx -t, which says
# what to do, and the old configuration goes on serving.  What only the
# database knows pupilctl check finds before a reload; a worker that meets it
# all the same stays up, answers 503 and says why once.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

my $day = Pupil::Day->up;
my ($site, $nginx, $db) = ($day->site, $day->nginx, $day->db);
my $good = $site->http_conf;
my $bad_plugins = build_dir() . '/t/plugins/bad';
my $file = tmp_dir() . '/file';

# A key file with a text, and its mode.
sub key_file ($text, $mode = 0600) {
    state $n = 0;
    return spew("$file.key" . ++$n, $text, $mode);
}

my $key = slurp($site->key);
my $open_key = key_file($key, 0644);
my $not_ours = key_file($key);
chown 65534, 65534, $not_ours;

sub with (%conf) { $site->http_conf(conf => \%conf) }
sub master_key ($path) { with(pupil_master_key => $path) }
sub plugin ($text) { $site->http_conf(pupil => "pupil_plugin $text;\n") }
my $identity = Pupil::Nginx::plugins() . '/pupil_identity.so';
my $no_identity = join '', grep { !/pupil_identity/ } split /^/, $good;

# [what, http{}, what nginx says of the fault, and of what to do]
my @refused = (
    ['a plugin that is not there', plugin('/no/such.so'), qr{/no/such\.so}],
    ['a plugin that is no plugin', plugin('/bin/true'), qr{/bin/true}],
    ['a plugin with another magic', plugin("$bad_plugins/magic.so"),
     qr/magic/],
    ['a plugin of another ABI', plugin("$bad_plugins/major.so"),
     qr/major|ABI/],
    ['a plugin of a later ABI', plugin("$bad_plugins/minor.so"),
     qr/minor|ABI/],
    ['a plugin twice', plugin($identity), qr/"identity" is loaded twice/],
    ['a plugin of another content', "pupil_plugin $identity sha256="
     . 'ab' x 32 . ";\n$no_identity", qr/sha256|SHA-256/i],
    ['a plugin with an unknown option',
     "pupil_plugin $identity colour=red;\n$no_identity", qr/colour/],
    ['no key file', master_key('/no/such/key'), qr{/no/such/key}],
    ['an empty key file', master_key(key_file('')), qr/pupilctl|empty|line/],
    ['a key file of something else', master_key(key_file("secret\n")),
     qr/pupil-kek-v1|pupilctl/],
    ['a key that is cut short', master_key(key_file(substr $key, 0, -9)),
     qr/hex|digits|64|line/],
    ['a key file that all can read', master_key($open_key), qr/chmod|mode/],
    ['a key file of another user', master_key($not_ours), qr/own|chown/],
    ['no database', with(pupil_database => undef),
     qr/add "pupil_database/],
    ['no key store', with(pupil_keystore => undef), qr/add "pupil_keystore/],
    ['no key', with(pupil_master_key => undef), qr/add "pupil_master_key/],
    ['no tenant', with(pupil_tenant => undef), qr/needs pupil_tenant/],
    ['a tenant that is no UUID', with(pupil_tenant => 'school'),
     qr/pupil_tenant.*UUID|UUID.*pupil_tenant/s],
    ['a conninfo that cannot be read', with(pupil_database => '"host"'),
     qr/pupil_database|conninfo|connection string/],
    ['a pool without connections', with(pupil_pool => 'data connections=0'),
     qr/connections/],
    ['a pool that is too deep', with(pupil_pool => 'data depth=100000'),
     qr/depth/],
    ['a zone that is too small', with(pupil_session_zone => 'z:1k'),
     qr/pupil_session_zone is at least|size/],
    ['a directive twice', with(pupil_master_key => $site->key
     . '; pupil_master_key ' . $site->key), qr/duplicate/],
    ['a hash that is too weak', with(pupil_password_hash => 'memory=1m'),
     qr/memory.*19|19.*m/s],
    ['a hash in no thread pool', with(pupil_password_hash => 'pool=none'),
     qr/write "thread_pool none/],
    ['an unknown way to log in', with(pupil_login_password => 'some'),
     qr/some|invalid value/],
);

for my $case (@refused) {
    my ($name, $http, $says) = @$case;
    $nginx->set(http => $http);
    my $run = $nginx->test;
    isnt $run->{code}, 0, "$name: refused";
    my ($line) = grep { /\[emerg\]/ } split /\n/, $run->{err};
    like $line // '', $says, "$name: named" or diag $run->{err};
    like $line // '', qr/nginx\.conf:\d+|location|Pupil|key/,
        "$name: and where";
    unlike $run->{err}, qr/\Q@{[substr $key, 15, 40]}\E|password=/,
        "$name: no secret is told";
}
$nginx->set(http => $good);
is $nginx->test->{code}, 0, 'the good one is accepted';


# ---- the old configuration goes on

$nginx->allow_log(qr/\[emerg\]/);
$day->all_here;
for my $n (0, 8, 17) {
    my ($name, $http) = @{ $refused[$n] };
    my @before = $nginx->workers;
    $nginx->set(http => $http)->reload;
    is_deeply [$nginx->workers], \@before, "$name: the old workers stay";
    my $res = $day->pupil->get('/v1/session');
    is $res->status, 200, 'and serve';
}
$day->reload(http => $good);
is $day->pupil->get('/v1/session')->status, 200, 'a good one replaces it';


# ---- what only the database knows

sub check { $site->ctl('check', $nginx->conf_file, $site->ctl_where) }
my $run = check();
is $run->{code}, 0, 'pupilctl check finds nothing wrong'
    or diag $run->{out}, $run->{err};

# [what, SQL, SQL that mends, what is said, what a worker does: 503 or 200]
my @faults = (
    ['a table that is not there',
     'ALTER TABLE data.example RENAME TO elsewhere',
     'ALTER TABLE data.elsewhere RENAME TO example', qr/example/],
    ['a column that is not there',
     'ALTER TABLE data.identity RENAME given_name TO first_name',
     'ALTER TABLE data.identity RENAME first_name TO given_name',
     qr/given_name/],
    ['a column of another type',
     'ALTER TABLE data.contact ALTER email TYPE text USING NULL',
     "ALTER TABLE data.contact ALTER email TYPE bytea USING NULL",
     qr/email/],
    ['a role that may too much', 'ALTER ROLE pupil_gateway BYPASSRLS',
     'ALTER ROLE pupil_gateway NOBYPASSRLS', qr/BYPASSRLS|row-level|bypass/i],
    ['a privilege that is missing',
     'REVOKE INSERT ON pupil.audit_record FROM pupil_gateway',
     'GRANT INSERT ON pupil.audit_record TO pupil_gateway', qr/audit_record/],
    ['a table without row-level security',
     'ALTER TABLE data.identity DISABLE ROW LEVEL SECURITY',
     'ALTER TABLE data.identity ENABLE ROW LEVEL SECURITY',
     qr/identity/],
);
for my $fault (@faults) {
    my ($name, $break, $mend, $says) = @$fault;
    $db->do($break);
    $run = check();
    isnt $run->{code}, 0, "$name: pupilctl check finds it";
    like "$run->{out}$run->{err}", $says, "$name: and names it";
    $db->do($mend);
}
is check()->{code}, 0, 'mended';

# As a superuser: found in the configuration as well.
$nginx->set(http => with(pupil_database => '"'
    . $site->pg->conninfo('pupil') . '"'));
isnt check()->{code}, 0, 'the wrong role: pupilctl check finds it';


# ---- a worker that meets it all the same

# Goes on with a fault that is there when it starts: 503, said once.
my ($unknown) = $day->unknown;
sub meets ($name, $says, $http = $good) {
    my $seen = length $nginx->log_text;
    $nginx->set(http => $http)->reload(wait => 1);
    $nginx->wait_log($says);
    my @workers = $nginx->workers;
    for my $n (1 .. 20) {
        my $res = $nginx->http->get('/v1/session', header => {
            Cookie => "__Host-pupil=$unknown" });
        is_problem $res, 503, 'unavailable', name => "$name: 503" if $n == 1;
        $res->status == 503 or is $res->status, 503, "$name: 503 again";
    }
    is $nginx->http->get('/status/live')->status, 200, "$name: it lives";
    is $nginx->http->get('/status/ready')->status, 503, "but is not ready";
    is_deeply [$nginx->workers], \@workers, 'the workers stay up';
    my $now = join '|', @workers;       # not those that were replaced
    my @lines = grep { /\[(?:error|crit|alert|emerg)\] (?:$now)#/
                       && $_ =~ $says }
                split /\n/, substr $nginx->log_text, $seen;
    cmp_ok scalar(@lines), '>=', 1, "$name: says why";
    cmp_ok scalar(@lines), '<=', 2, "$name: not for each request"
        or diag @lines[0 .. 2];
}

$db->do('UPDATE pupil_migration SET number = number + 900, compatible_from ='
        . ' number + 900 WHERE number = (SELECT max(number)'
        . ' FROM pupil_migration)');
my ($future) = $db->selectrow_array('SELECT max(number) FROM pupil_migration');
$run = check();
isnt $run->{code}, 0, 'a schema of the future: pupilctl check finds it';
like "$run->{out}$run->{err}", qr/\b$future\b/, 'and says which';
meets('a schema of the future', qr/schema|migration|version/);
$db->do('UPDATE pupil_migration SET number = number - 900, compatible_from ='
        . ' number - 900 WHERE number > 900');
wait_until(60, 'the worker to recover by itself', sub {
    $nginx->http->get('/status/ready')->status == 200
});
is $nginx->http->get('/v1/session')->status, 401, 'mended, it serves';

meets('a superuser', qr/superuser/, with(pupil_database => '"'
    . $site->pg->conninfo('pupil') . '"'));

my $other = key_file($key =~ s/([0-9a-f]{8})$/ reverse $1 /er);
meets('another key', qr/key/, master_key($other))
    if slurp($other) ne $key;

done_testing;
