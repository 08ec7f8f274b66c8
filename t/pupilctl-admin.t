#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# pupilctl beside imports: init and migrate again and again, keys, tenants,
# plugins, passwords, roles, the audit list, check (I17), and what is on
# record of all of it (I19).

use lib 't/lib';
use Pupil::Test;

use JSON::XS qw(decode_json);

my $site = pupil_up(import => 1);
my $pg = $site->pg;
my @where = $site->ctl_where;
my @super = ('--database', $pg->conninfo('pupil'), '--keystore',
             $pg->conninfo('pupil_keys'));
my $plugins = Pupil::Nginx::plugins();


# ---- The line

for my $case ([], ['nothing'], ['user'], ['user', 'show'], ['--what'],
              ['tenant', 'list', 'more'], ['tenant', 'list', '--key'],
              ['tenant', 'list', '--json=1'],
              ['tenant', 'list', '--tenant', 'a', '--tenant', 'b'],
              ['user', 'list', '--limit', '0', @where],
              ['audit', 'list', '--since', 'yesterday', @where],
              ['user', 'role', 'add', 'CBeane', 'king', @where],
              ['import', 'sds', '/', '--dates', 'never', @where])
{
    my $run = $site->ctl(@$case);
    is $run->{code}, 2, "exit 2: @{[grep { !/=/ } @$case]}";
    ok $run->{out} eq '' && $run->{err} =~ /^pupilctl: /, 'said on stderr';
    cmp_ok $run->{err} =~ tr|\n||, '<=', 2, 'in a line or two' if @$case;
}
like $site->ctl->{err}, qr/^Usage: pupilctl/m, 'with help';
like $site->ctl('--help')->{out}, qr/^  import oneroster DIR\|ZIP$/m, '--help';
like $site->ctl('--version')->{out}, qr/^pupilctl \d+\.\d+\.\d+$/,
    '--version';

my $conf = spew(tmp_dir() . '/ctl.conf', <<"", 0600);
# where everything is
database = @{[$site->conninfo('pupil', user => 'pupil_operator')]}
keystore=@{[$site->conninfo('pupil_keys', user => 'pupil_operator')]}
 key = @{[$site->key]}

is $site->ctl('user', 'show', 'CBeane', '--config', $conf,
    '--ticket', 'test')->{code}, 0,
    '--config, and the only tenant';
is $site->ctl('tenant', 'list', { env => { PUPIL_DATABASE => $where[1] } }
    )->{code}, 0, 'the environment';
spew($conf, "colour = red\n");
is $site->ctl('tenant', 'list', '--config', $conf)->{code}, 2,
    'an unknown name in the file';


# ---- init and migrate

my @init = ('init', @super, '--key', $site->key, '--tenant-name',
            'Testkommunen', '--passfile', tmp_dir() . '/passfile', '--json');
my $kek = slurp($site->key);
my $passfile = slurp(tmp_dir() . '/passfile');
my $run = $site->ctl(@init);
is $run->{code}, 1, 'one cluster without --same-cluster is refused';
like $run->{err}, qr/one cluster.*--same-cluster/, 'with what to do';
$run = $site->ctl(@init, '--same-cluster');
is decode_json($run->{out})->{tenant}, $site->tenant, 'init again: the same';
ok $kek eq slurp($site->key) && $passfile eq slurp(tmp_dir() . '/passfile'),
    'key and passwords stay';
is sprintf('%o %o', map { (stat)[2] & 0777 } $site->key,
           tmp_dir() . '/passfile'), '600 600', 'readable by the owner alone';
unlike $passfile, qr/pupil_operator/, 'nginx does not get the operator\'s';
unlike slurp($pg->log_file), qr/PASSWORD '[^S]/, 'no password in the log';

rename $site->key, $site->key . '.away' or die;
$run = $site->ctl(@init, '--same-cluster');
is $run->{code}, 1, 'a lost key file is not replaced';
like $run->{err}, qr/restore the file/, 'with what to do';
ok !-e $site->key, 'nothing is in its place';
rename $site->key . '.away', $site->key or die;

is $site->ctl('migrate', @super)->{code}, 0, 'migrate again';

# pupilctl.conf names the operator, who owns nothing.
my %operator = (env => { PUPIL_CONFIG => spew(tmp_dir() . '/operator.conf',
    <<"", 0600) });
database = @{[$site->conninfo('pupil', user => 'pupil_operator')]}
keystore = @{[$site->conninfo('pupil_keys', user => 'pupil_operator')]}

$run = $site->ctl('migrate', @super[0, 1], \%operator);
is $run->{code}, 0, 'one database on the line leaves the other alone'
    or diag $run->{err};
is $site->ctl('migrate', @super[2, 3], \%operator)->{code}, 0,
    'whichever it is';

{
    my $sql = tmp_dir() . '/sql';
    run_cmd('cp', '-r', root_dir() . '/sql', $sql);
    run_cmd('cp', '-r', root_dir() . '/plugins', "$sql/plugins");
    my @migrate = ('migrate', '--sql', $sql, @super);

    my $known = scalar(my @files = glob "$sql/data/*.sql");
    spew("$sql/data/900_two.sql", "-- compatible_from: 2\n"
         . "CREATE TABLE pupil.two AS SELECT 1 AS n FROM pg_sleep(0.3);\n");
    my @runs = map { start_process([build_dir() . '/pupilctl', @migrate],
        env => { PUPIL_PLUGINS => $plugins }) } 1 .. 3;
    my @codes = map { process_ends($_, 60); $? >> 8 } @runs;
    is "@codes", '0 0 0', 'three at once';
    is $site->db->selectrow_array('SELECT count(*) FROM pupil_migration'),
        $known + 1, 'apply it once, behind a gap in the numbers';

    spew("$sql/data/901_bad.sql", "CREATE TABLE pupil.half (n integer);\n"
                                  . "SELECT 1 / 0;\n");
    $run = $site->ctl(@migrate);
    is $run->{code}, 1, 'a migration that fails';
    ok !defined $site->db->selectrow_array(
        q{SELECT to_regclass('pupil.half')}), 'leaves nothing';
    unlink "$sql/data/901_bad.sql";

    my $late = spew("$sql/data/899_late.sql", "SELECT 1;\n");
    like $site->ctl(@migrate)->{err},
        qr/899_late.sql was not applied .* 900 was: give it a number above/,
        'one that comes below what was applied is refused';
    unlink $late;

    rename "$sql/data/002_audit.sql", "$sql/audit" or die;
    like $site->ctl(@migrate)->{err},
        qr/migration 2 \(002_audit.sql\), whose file is not here: restore it/,
        'so is a missing file, by name';
    rename "$sql/audit", "$sql/data/002_audit.sql" or die;

    spew("$sql/data/902_operator.sql", "CREATE TABLE pupil.three ();\n");
    $run = $site->ctl(@migrate[0 .. 4], $where[2], $where[3]);
    is $run->{code}, 1, 'a role that owns no key store';
    like $run->{err}, qr/connect as pupil_keystore_owner/, 'is refused';
    ok !defined $site->db->selectrow_array(
        q{SELECT to_regclass('pupil.three')}), 'before anything is applied';
    unlink "$sql/data/902_operator.sql";

    my $first = slurp("$sql/data/001_schema.sql");
    spew("$sql/data/001_schema.sql", "$first-- edited\n");
    like $site->ctl(@migrate)->{err}, qr/001_schema.sql .* was edited/,
        'an edited one is refused by name';

    $run = $site->ctl('migrate', @super);
    is $run->{code}, 1, 'a database newer than the files is refused';
    like $run->{err}, qr/migration 900 \(900_two.sql\)/, 'saying which';
    is $site->ctl('tenant', 'list', @where)->{code}, 0,
        'yet it serves, by compatible_from';
    $site->db->do('UPDATE pupil_migration SET compatible_from = 900 WHERE'
                  . ' number = 900');
    like $site->ctl('tenant', 'list', @where)->{err}, qr/needs a program .*upgrade/,
        'and does not when it says so';
    $site->db->do('DELETE FROM pupil_migration WHERE number = 900');
    $site->db->do('DROP TABLE pupil.two');
    $site->db->do("DELETE FROM public.pupil_object WHERE name ~ 'pupil.two'");
}

$site->db->do('DROP TABLE pupil.' . $site->db->selectrow_array(
    q{SELECT max(inhrelid::regclass::text COLLATE "C") FROM pg_inherits
      WHERE inhparent = 'pupil.audit_record'::regclass})
    =~ s/^pupil\.//r);
is $site->ctl('migrate', @super)->{code}, 0, 'migrate';
is $site->db->selectrow_array('SELECT pupil.audit_covered_until() > now()'
    . q{ + interval '390 days'}), 1, 'makes audit partitions ahead';


# ---- Tenants and keys

$run = $site->ctl('tenant', 'add', 'Grannkommunen', '--json',
                  $site->ctl_databases);
my $second = decode_json($run->{out})->{tenant};
isnt $second, $site->tenant, 'a second tenant';

# With the tenant of pupilctl.conf in force another one was not made, and the
# first one's id was given for it.
$run = $site->ctl('tenant', 'add', 'Tredje kommunen', @where);
is $run->{code}, 1, 'another name under the id of one that is there';
like $run->{err}, qr/"Testkommunen", and not "Tredje kommunen".*--tenant/,
    'is refused, with what to do';
is $run->{out}, '', 'and no id is given';
is $site->ctl('tenant', 'add', 'Testkommunen', @where)->{code}, 0,
    'its own name is that of the same';
is $pg->dbh('pupil_keys')->selectrow_array(
    'SELECT count(*) FROM keystore.service_key WHERE tenant = ?', undef,
    $second), 10, 'with keys of its own';
is $site->db->selectrow_array('SELECT s.status FROM pupil.tenant t JOIN'
    . ' pupil.subject s ON s.subject = t.decoy JOIN data.credential c ON'
    . ' c.owner = t.decoy WHERE t.tenant = ? AND c.password_hash IS NOT NULL',
    undef, $second), 'locked', 'and a decoy that cannot log in';
like $site->ctl('tenant', 'list', @where[0, 1])->{out},
    qr/Testkommunen\n.*Grannkommunen\n/, 'tenant list';
like $site->ctl('user', 'show', 'CBeane', $site->ctl_databases)->{err},
    qr/--tenant is needed/, 'of several, one must be named';
is $site->ctl('user', 'show', 'CBeane', '--tenant', $second,
    $site->ctl_databases)->{code}, 1,
    'I10: in the other, nobody is known';

is $site->ctl('key', 'generate', @where)->{code}, 0, 'key generate';
is scalar(() = slurp($site->key) =~ /^pupil-kek-v1 \d+ [0-9a-f]{64}$/mg), 2,
    'appends an epoch';
is $site->ctl('key', 'register', @where)->{code}, 0, 'key register';
is $site->ctl('key', 'status', @where)->{out},
    "epoch 1: in force\nepoch 2: in force\n", 'key status';
is $site->ctl('user', 'show', 'CBeane', @where)->{code}, 0,
    'what the first wrapped opens';

my $good = slurp($site->key);
spew($site->key, 'pupil-kek-v1 1 ' . '0f' x 32 . "\n", 0600);
is $site->ctl('key', 'status', @where)->{code}, 1, 'another key is found';
$run = $site->ctl('user', 'show', 'CBeane', @where);
is $run->{code}, 1, 'and opens nothing';
like $run->{err}, qr/wrong file/, 'with what it may be';
spew($site->key, $good, 0600);


# ---- People

my $password = 'correct horse battery';
is $site->ctl('user', 'password', 'OKlein', @where,
              { stdin => "$password\n" })->{code}, 0, 'user password';
my $id = decode_json($site->ctl('user', 'show', 'oklein', '--json', @where)
                     ->{out})->{id};
my $sealed = $site->db->selectrow_array('SELECT password_hash FROM'
    . ' data.credential WHERE owner = ?', undef, $id);
ok defined $sealed && index($sealed, 'argon2') < 0, 'sealed, hash and all';
$run = $site->ctl('user', 'password', 'OKlein', '--generate', @where);
like $run->{out}, qr/^[\w-]{22}\n$/, '--generate prints one';
for my $case (['short', "short\n", 'OKlein'], ['none', '', 'OKlein'],
              ['1,100 bytes', 'x' x 1100, 'OKlein'],
              ['no UTF-8', "\xff" x 12 . "\n", 'OKlein'],
              ['nobody', "$password\n", 'Nobody'])
{
    $run = $site->ctl('user', 'password', $case->[2], @where,
                      { stdin => $case->[1] });
    is $run->{code}, 1, "refused: $case->[0]";
    unlike $run->{err}, qr/\Q$password/, 'without the value';
}

my $show = decode_json($site->ctl('user', 'show', 'FFlowers', '--json',
                                  @where)->{out});
is_deeply [map { $_->{role} } @{ $show->{roles} }],
    ['school_admin', 'teacher'], 'a principal is school_admin';
my $school = $show->{roles}[0]{institution};

my @role = ('CBeane', 'school_admin', '--institution', $school, @where);
is $site->ctl('user', 'role', 'add', @role)->{code}, 0, 'user role add';
like $site->ctl('user', 'show', 'CBeane', @where)->{out},
    qr/school_admin +$school/, 'is shown';
my $cbeane = decode_json($site->ctl('user', 'show', 'CBeane', '--json',
                                    @where)->{out})->{id};
$site->db->do(q{UPDATE pupil.role SET role = 'dpo' WHERE subject = ? AND
    role = 'school_admin'}, undef, $cbeane);
unlike $site->ctl('user', 'show', 'CBeane', @where)->{out}, qr/dpo/,
    'I18: an edited role is not';
is $site->db->selectrow_array(q{SELECT count(*) FROM pupil.audit_event WHERE
    outcome = 'tampered' AND subjects = ARRAY[?::uuid]}, undef, $cbeane), 1,
    'I18: and is on record as tampering';
$site->db->do(q{UPDATE pupil.role SET role = 'school_admin' WHERE
    role = 'dpo'});
is $site->ctl('user', 'role', 'remove', @role)->{code}, 0, 'user role remove';
is $site->ctl('user', 'role', 'remove', @role)->{code}, 1, 'once';
is $site->ctl('user', 'role', 'add', 'CBeane', 'school_admin',
              '--institution', uuid(), @where)->{code}, 1,
    'a school that is not there';

my $list = decode_json($site->ctl('user', 'list', '--role', 'teacher',
                                  '--json', @where)->{out});
is_deeply [sort keys %{ $list->{users}[0] }], [qw(id institution role)],
    'user list shows pseudonyms and roles only';


# ---- I19

my $events = decode_json($site->ctl('audit', 'list', '--subject', $id,
                                    '--json', @where)->{out})->{events};
my @own = grep { $_->{category} eq 'credential'
                 && $_->{fields} eq 'password_hash' } @$events;
is scalar(@own), 3, 'I19: two passwords set, and that of the site: as many'
    . ' events';
my ($account) = eval { chomp(my $n = slurp('/proc/self/loginuid'));
                       $n > 0 && $n < 4294967295 ? getpwuid $n : () };
$account //= getpwuid $<;
is $own[0]{note}, "os=$account ticket=test password=first",
    'I19: account and ticket';
is "$own[0]{role} $own[0]{purpose} $own[0]{operation}",
    'operator administration write', 'I19: role and purpose';
$events = decode_json($site->ctl('audit', 'list', '--json', '--limit', 1,
                                 @where)->{out})->{events};
is "$events->[0]{category} $events->[0]{purpose}", 'audit accountability',
    'I19: reading the audit is on record';
is_deeply decode_json($site->ctl('audit', 'list', '--since',
    '2999-01-01T00:00:00Z', '--json', @where)->{out}), { events => [] },
    '--since';

$site->ctl_ok('user', 'list', '--limit', 50, '--json', @where);
my $lines = $site->ctl_ok('audit', 'list', '--limit', 2, @where)->{out};
like $lines, qr/  (?:[4-9]|\d\d) subjects  /, 'many subjects are a number';
unlike $lines, qr/\Q$id\E/, '... and no lines of ids';
like $site->ctl_ok('audit', 'list', '--subject', $id, @where)->{out},
    qr/  \Q$id\E  /, 'a few are shown';
is((split /\n/, $lines)[0] =~ /^\d{4}-/, 1, 'no header for a pipe');
my $tty = run_cmd('script', '-qec', join(' ', map { "'$_'" }
    build_dir() . '/pupilctl', 'audit', 'list', '--limit', 1, @where),
    '/dev/null', { env => { PUPIL_PLUGINS => $plugins } });
like $tty->{out}, qr/^at  actor  role  [^\n]*  note\r?\n\d{4}-/,
    'a header for a terminal';

$site->db->do('REVOKE INSERT ON pupil.audit_record FROM pupil_operator');
for my $case (['user', 'show', 'CBeane'], ['user', 'list'],
              ['audit', 'list'], ['user', 'password', 'OKlein', '--generate'])
{
    $run = $site->ctl(@$case, @where);
    ok $run->{code} == 1 && $run->{out} eq '',
        "I1: no audit, no answer: @$case";
}
$site->db->do('GRANT INSERT ON pupil.audit_record TO pupil_operator');


# ---- Plugins and check

my $folder = tmp_dir() . '/conf';
mkdir $folder;

sub check (%opt) {
    my $http = $site->http_conf(%opt);
    spew("$folder/pupil.inc", $site->server_conf(%opt));
    spew("$folder/nginx.conf", $opt{whole} // <<~"");
        # a comment with { and "
        events { }
        http {
            log_format main '\$remote_addr "\$request" {\${status}}';
            $http
            server { listen 1; include *.inc; location ~ "^/a{2}\$" { } }
        }

    return $site->ctl('check', "$folder/nginx.conf");
}

$run = check();
is $run->{code}, 0, 'check finds nothing' or diag $run->{out}, $run->{err};
like $run->{out}, qr/11 locations, \d\d+ statements, 0 findings/,
    'and says what it did';
is decode_json($site->ctl('check', "$folder/nginx.conf", '--json')->{out})
    ->{ok}, 1, '--json';

sub finds ($name, $like, %opt) {
    $run = check(%opt);
    is $run->{code}, 1, "I17: $name";
    like $run->{out} . $run->{err}, $like, "I17: $name: says so";
}

sub meanwhile ($do, $undo, $name, $like) {
    $site->db->do($do);
    finds($name, $like);
    $site->db->do($undo);
}

finds('a superuser', qr/is a superuser.*use pupil_gateway/, conf => {
    pupil_database => '"' . $pg->conninfo('pupil') . '"' });
finds('the operator in the key store', qr/reads keystore.owner_key past/,
    conf => { pupil_keystore => '"' . $site->conninfo('pupil_keys',
              user => 'pupil_operator') . '" same_cluster' });
finds('one cluster', qr/in the same cluster.*same_cluster/, conf => {
    pupil_keystore => '"' . $site->gateway('pupil_keys') . '"' });
finds('no database', qr/add "pupil_database /, conf => {
    pupil_database => undef });
finds('a database that is away', qr/pupil_database: no connection/, conf => {
    pupil_database => '"host=/nowhere dbname=pupil user=pupil_gateway"' });
finds('no key file', qr/pupil_master_key/, conf => {
    pupil_master_key => '/nowhere' });
my $wrong = spew(tmp_dir() . '/wrong', 'pupil-kek-v1 1 ' . '0a' x 32 . "\n",
                 0600);
finds('the wrong key file', qr/epoch 1 .* another installation/, conf => {
    pupil_master_key => $wrong });
finds('no plugin for a location', qr/homework/, plugins => [
    qw(contact credential enrolment identity network)]);
finds('a denied field that is needed', qr/login_id/,
    pupil => "pupil_deny credential.login_id;\n");
finds('a denied field that is unknown', qr/shoe_size/,
    pupil => "pupil_deny identity.shoe_size;\n");
finds('no plugin file', qr/none\.so/, pupil => "pupil_plugin none.so;\n");
finds('a brace too few', qr/nginx.conf:\d+: unexpected end/,
    whole => "http {\n");
finds('an open quote', qr/a quote is not closed/, whole => "http { a 'b; }");
finds('blocks without an end', qr/too many blocks/, whole => 'a { ' x 40);
finds('an include of itself', qr/too many includes/,
    whole => "include nginx.conf;");

is check(pupil => "pupil_deny identity.family_name relation=taught_by;\n")
    ->{code}, 0, 'a denied field that is not needed is no finding'
    or diag $run->{out};

meanwhile('ALTER TABLE data.identity NO FORCE ROW LEVEL SECURITY',
    'ALTER TABLE data.identity FORCE ROW LEVEL SECURITY',
    'row security not forced', qr/not on and forced on data.identity/);
meanwhile('ALTER VIEW data.enrolment SET (security_invoker = false)',
    'ALTER VIEW data.enrolment SET (security_invoker = true)',
    'a view with its owner\'s rights', qr/data.enrolment is not security_inv/);
meanwhile('GRANT SELECT ON pupil.audit_record TO pupil_gateway',
    'REVOKE SELECT ON pupil.audit_record FROM pupil_gateway',
    'an audit that can be read', qr/SELECT on pupil.audit_record/);
meanwhile('REVOKE INSERT ON pupil.audit_record FROM pupil_gateway',
    'GRANT INSERT ON pupil.audit_record TO pupil_gateway',
    'an audit that cannot be written', qr/lacks INSERT/);
meanwhile('GRANT pupil_owner TO pupil_gateway',
    'REVOKE pupil_owner FROM pupil_gateway', 'a member of the owner',
    qr/owns the schema, or a member/);
meanwhile('ALTER ROLE pupil_gateway BYPASSRLS',
    'ALTER ROLE pupil_gateway NOBYPASSRLS', 'a role that bypasses',
    qr/bypasses row-level/);
meanwhile('ALTER TABLE data.identity RENAME given_name TO name',
    'ALTER TABLE data.identity RENAME name TO given_name',
    'a missing column', qr/data.identity has no column given_name/);
meanwhile('ALTER TABLE data.progress ALTER done TYPE text',
    'ALTER TABLE data.progress ALTER done TYPE boolean USING done::boolean',
    'a column of another type', qr/data.progress.done is of type text/);
meanwhile('ALTER TABLE data.example RENAME TO gone',
    'ALTER TABLE data.gone RENAME TO example', 'a missing table',
    qr/example has no table/);
meanwhile('ALTER TABLE pupil.session RENAME seen_at TO seen',
    'ALTER TABLE pupil.session RENAME seen TO seen_at',
    'a statement that does not fit', qr/does not fit.*42703/);
meanwhile('UPDATE pupil_migration SET compatible_from = 999 WHERE number = 2',
    'UPDATE pupil_migration SET compatible_from = 2 WHERE number = 2',
    'a schema of the future', qr/a program that knows 999/);
meanwhile('UPDATE pupil_migration SET number = -number WHERE number > 1',
    'UPDATE pupil_migration SET number = -number WHERE number < 0',
    'a schema of the past', qr/at migration 1, and this program needs \d+/);
meanwhile('REVOKE UPDATE (seen_at) ON pupil.session FROM pupil_gateway',
    'GRANT UPDATE (seen_at) ON pupil.session TO pupil_gateway',
    'a privilege that is not there', qr/denied for table session.*42501/);
meanwhile(q{UPDATE pupil.plugin SET grants = grants - 0 WHERE category =
    'contact'}, q{UPDATE pupil.plugin SET grants = '[]' WHERE category =
    'contact'}, 'a grant that nobody accepted',
    qr/contact .* grants more than was accepted.*plugin accept/);

$run = $site->ctl('plugin', 'show', 'enrolment');
is $run->{code}, 0, 'plugin show, without any database';
like $run->{out}, qr/^  class_title: text, sealed by class_id\n +Pupils and/m,
    'a field, and why it is there';
like $run->{out}, qr/^  class_id: uuid, plain, required$/m, 'one that is plain';
my $flat = join ' ', split ' ', $run->{out};
like $flat, qr/ read for learning through self, on the basis of public_task /
    , 'a grant';
like $flat, qr/through self, on the basis of public_task class_id class_title/
    , '... and its fields';
like $flat, qr/Kept: 365 days after the school or class was left, then erased/
    , 'how long it is kept';
like $run->{out}, qr/^Source: The roster of the school\.\nRecipients: none$/m,
    'source and recipients';
my $record = decode_json($site->ctl('plugin', 'show', 'credential', '--json')
                         ->{out});
my %field = map { $_->{name} => $_ } @{ $record->{fields} };
ok $field{login_id}{indexed} && !$field{login_id}{internal}
    && $field{password_hash}{internal} && $field{password_hash}{sealed},
    '--json: what fields are';
is_deeply $record->{retention}, { from => 'account_closed', days => 1,
    then => 'erase' }, '--json: retention';
is_deeply [grep { $_->{relation} eq 'self' } @{ $record->{grants} }],
    [{ purpose => 'subject_access', relation => 'self', operation => 'read',
       basis => 'legal_obligation', projected => JSON::XS::false,
       fields => ['login_id', 'external_id'] }], '--json: grants';
is $site->ctl('plugin', 'show', 'shoes')->{code}, 1, 'no such category';

like $site->ctl('plugin', 'list', @where)->{out}, qr/contact .*not accepted/,
    'plugin list says so';
is $site->ctl('plugin', 'accept', "$plugins/pupil_contact.so", @where)
    ->{code}, 0, 'plugin accept';
like $site->db->selectrow_array(q{SELECT accepted_by FROM pupil.plugin WHERE
    category = 'contact'}), qr/^$account ticket=test$/, 'by whom and why';
is check()->{code}, 0, 'check finds nothing at last' or diag $run->{out};

my $last = $site->db->selectcol_arrayref(
    q{SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent =
      'pupil.audit_record'::regclass ORDER BY 1 OFFSET 1});
$site->db->do("DROP TABLE $_") for @$last;
finds('partitions that end soon', qr/less than 35 days.*pupilctl migrate/)
    if $site->db->selectrow_array(q{SELECT pupil.audit_covered_until() <
        now() + interval '35 days'});
is $site->ctl('migrate', @super)->{code}, 0, 'migrate';
is check()->{code}, 0, 'as it says' or diag $run->{out};

done_testing;
