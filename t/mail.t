#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# The outbox: a member of staff whose password was changed is told by mail,
# which pupilctl work sends.  It is on record before it leaves (I1), to staff
# alone (M17), over TLS, and a row that was changed or put back sends none.

use lib 't/lib';
use utf8;
use Encode ();
use MIME::QuotedPrint ();
use Pupil::Test;
use Pupil::Day;
use Pupil::Outbox;

use JSON::XS ();

my $site = pupil_up(import => 1);
Pupil::Outbox::addresses($site);        # of teachers

my $day = Pupil::Day->up(site => $site, conf => { pupil_mail => 'sv' },
    server => join '', map {
        "location = /$_ { pupil_password; pupil_mail $_; }\n" } qw(da en off));
my ($db, $nginx) = ($day->db, $day->nginx);
my $from = 'no-reply@pupil.example';
my $ca = test_ca();


# ---- a relay

my %relay;
sub relay ($mode) {
    my $port = free_port();
    my $folder = tmp_dir() . "/relay-$mode";
    mkdir $folder or die;
    open my $log, '>', "$folder/log" or die;
    start_process([root_dir() . '/t/lib/smtpd.py', $port, $folder,
                   @$ca{qw(cert key)}, $mode], stdout => $log, stderr => $log);
    wait_until(60, "the relay $mode", sub {
        IO::Socket::INET->new("127.0.0.1:$port") });
    return $relay{$mode} = { port => $port, folder => $folder, seen => 0 };
}

# What it has said yes to since it was asked the last time, in order.
sub mails ($mode = 'starttls') {
    my $relay = $relay{$mode};
    my @mails;
    while (-f (my $file = "$relay->{folder}/mail" . ($relay->{seen} + 1))) {
        push @mails, JSON::XS::decode_json(slurp($file));
        $relay->{seen}++;
    }
    return @mails;
}

sub told ($name, $text) { spew("$relay{starttls}{folder}/$name", $text) }
sub untold ($name) { unlink "$relay{starttls}{folder}/$name" or die }

sub by ($mode = 'starttls', $host = 'localhost') {
    my $scheme = $mode eq 'tls' ? 'smtps' : 'smtp';
    return ('--mail', "$scheme://$host:$relay{$mode}{port}", '--mail-from',
            $from, '--mail-ca', $ca->{ca});
}

sub work (@more) { $site->ctl('work', @more, $site->ctl_where) }

sub outbox { $db->selectrow_array('SELECT count(*) FROM pupil.outbox') }

# What was put off is due.
sub due { $db->do('UPDATE pupil.outbox SET due = now()') }

sub records ($who) {
    return map { "$_->[0] $_->[1]" } @{ $db->selectall_arrayref(
        "SELECT outcome, regexp_replace(note, '^.* ', '') FROM"
        . " pupil.audit_event WHERE category = 'contact' AND operation ="
        . " 'read' AND role = 'operator' AND ? = ANY (subjects) ORDER BY at",
        {}, $day->person($who)->{id}) };
}

my $count = 0;
sub change ($who, $path = '/v1/me/password') {
    my $person = $day->person($who);
    my $http = $nginx->http;
    my $new = 'a new password, number ' . ++$count;
    is $http->login(@$person{qw(login password)})->status, 200, "$who logs in";
    my $res = $http->post($path, json => { new => $new,
        current => $person->{password} });
    is_status $res, 200, "and changes the password at $path";
    $person->{password} = $new;
    return $res;
}

sub address ($who) { lc $day->person($who)->{login} . '@skolan.example' }

relay('starttls');


# ---- one to a teacher

my $res = change('teacher');
is outbox(), 1, 'it is in the outbox';
unlike join(' ', @{ $day->rows_of('pupil.outbox',
    $day->person('teacher')->{id}) }), qr/skolan|CBeane/i,
    'without an address or a name';
my $before = $day->rows_of('pupil.outbox', $day->person('teacher')->{id});

is work()->{code}, 0, 'without a relay';
is outbox(), 1, 'it stays there';
my $run = work(by());
is $run->{code}, 0, 'with one' or diag $run->{err};
my ($mail, @more) = mails();
is scalar(@more), 0, 'one is sent';
is "@{ $mail->{to} }", address('teacher'), 'to the teacher';
is $mail->{from}, $from, 'from whom the operator says';
ok $mail->{tls}, 'over TLS';
my ($head, $body) = map { s/\r\n/\n/gr } split /\r\n\r\n/, $mail->{text}, 2;
like $head, qr/^Message-ID: <[0-9a-f-]{36}\@pupil\.example>$/m,
    'with an id of its own';
like $head, qr/^Auto-Submitted: auto-generated$/m, 'no absence answers it';
is Encode::decode('MIME-Header', ($head =~ /^Subject: (.*)$/m)[0]),
    'Ditt lösenord har ändrats', 'in Swedish';
like Encode::decode_utf8(MIME::QuotedPrint::decode_qp($body)),
    qr/Lösenordet till ditt konto/, 'so is its text';
unlike $head =~ s/^To: .*$//mr . $body,
    qr/Craig|Beane|skolan\.example|\Q${\ $day->person('teacher')->{id} }\E/i,
    'that names nobody';
is outbox(), 0, 'its row is gone';
is join(', ', records('teacher')), 'allowed mail=password_changed',
    'it is on record';
is work(by())->{code}, 0, 'again';
is mails(), 0, 'nothing is sent twice';


# ---- other languages, and none

for my $case ([da => qr/Adgangskoden til din konto/],
              [en => qr/password of your account/])
{
    my ($language, $text) = @$case;
    change('teacher', "/$language");
    is work(by())->{code}, 0, $language;
    like Encode::decode_utf8(MIME::QuotedPrint::decode_qp(
        (mails())[0]{text})), $text, "$language: the text";
}
change('teacher', '/off');
is outbox(), 0, 'where there is no mail, there is no row';


# ---- pupils get none (M17)

change('pupil');
is outbox(), 0, 'a pupil has no row';
my ($school) = $db->selectrow_array('SELECT institution FROM pupil.role WHERE'
    . ' subject = ?', {}, $day->person('colleague')->{id});
change('colleague');
is outbox(), 1, 'a teacher has one';
$site->ctl_ok('user', 'role', 'add', $day->person('colleague')->{login},
              'pupil', '--institution', $school, $site->ctl_where);
is work(by())->{code}, 0, 'who has become a pupil meanwhile';
is mails(), 0, 'gets none';
is outbox(), 0, 'and the row is gone';
is join(', ', records('colleague')), 'refused row=outbox', 'on record';
change('colleague');
is outbox(), 0, 'whoever is a pupil, too, has no row';
$site->ctl_ok('user', 'role', 'remove', $day->person('colleague')->{login},
              'pupil', '--institution', $school, $site->ctl_where);


# ---- nor does who is not of the staff yet

for my $case ([0, 1, 'today', 'allowed mail=password_changed'],
              [2, 0, 'in two days', 'refused row=outbox'])
{
    my ($in, $sent, $when, $outcome) = @$case;
    change('teacher');
    my $id = $day->person('teacher')->{id};
    my $roles = $day->rows_of('pupil.role', $id);
    my ($where, $as, $source, $begins, $days) = $db->selectrow_array('SELECT'
        . ' institution, role, source, d, d - DATE \'1970-01-01\' FROM'
        . ' pupil.role, (SELECT current_date + ?::integer) AS n (d)'
        . ' WHERE subject = ?', {}, $in, $id);
    $db->do('DELETE FROM pupil.role WHERE subject = ?', {}, $id);
    $db->do('INSERT INTO pupil.role (tenant, subject, institution, role,'
        . " valid_from, source, mac) VALUES (?, ?, ?, ?, ?, ?,"
        . " decode(?, 'hex'))", {}, $day->tenant, $id, $where, $as, $begins,
        $source, unpack 'H*',
        $day->mac(role => $id, $where, $as, $days, '-', $source));
    is work(by())->{code}, 0, "whose role begins $when";
    is scalar(my @got = mails()), $sent, "$when: a mail, or none";
    is +(records('teacher'))[-1], $outcome, "$when: on record";
    $day->put_back($roles);
}


# ---- no record, no mail (I1)

change('teacher');
$db->do('REVOKE INSERT ON pupil.audit_record FROM pupil_operator');
is work(by())->{code}, 1, 'without a record';
is mails(), 0, 'nothing leaves';
$db->do('GRANT INSERT ON pupil.audit_record TO pupil_operator');
due();
is work(by())->{code}, 0, 'with one';
is scalar(my @one = mails()), 1, 'it does';


# ---- refused for now: it waits longer and longer, and others do not

change('teacher');
change('colleague');
told(refuse => address('teacher'));
$run = work(by());
is $run->{code}, 1, 'who is refused by the relay';
unlike $run->{err}, qr/skolan/, 'is said without the address';
is join(' ', map { @{ $_->{to} } } mails()), address('colleague'),
    'the other one is sent';
my $waits = "SELECT round(extract(epoch FROM due - now()) / 300) FROM"
            . ' pupil.outbox';
is $db->selectrow_array($waits), 1, 'it waits';
is work(by())->{code}, 0, 'meanwhile';
due();
is work(by())->{code}, 1, 'refused again';
is $db->selectrow_array($waits), 2, 'it waits twice as long';
untold('refuse');
due();
is work(by())->{code}, 0, 'taken';
is scalar(@one = mails()), 1, 'it is sent';


# ---- killed between the yes of the relay and the end of the row

change('teacher');
told(gone => '');
my $pid = start_process([build_dir() . '/pupilctl', 'work', by(),
                         $site->ctl_where], env => $site->ctl_env);
wait_until(60, 'the relay to have it', sub { ($mail) = mails() });
kill KILL => $pid;
process_ends($pid, 60);
untold('gone');
is outbox(), 1, 'killed: the row is there';
due();
is work(by())->{code}, 0, 'killed: again';
my ($second) = mails();
is +($second->{text} =~ /^(Message-ID: .*)$/m)[0],
   ($mail->{text} =~ /^(Message-ID: .*)$/m)[0], 'under the same id';
is outbox(), 0, 'and the row is gone';


# ---- rows that were changed or put back

for my $case (['to somebody else', "subject = '"
               . $day->person('colleague')->{id} . "'", 'colleague'],
              ['of another kind', "kind = 'password_reset'", 'teacher'],
              ['in another language', "language = 'en'", 'teacher'],
              ['of another time', "created_at = created_at + interval '1 s'",
               'teacher'])
{
    my ($what, $set, $who) = @$case;
    change('teacher');
    $db->do("UPDATE pupil.outbox SET $set");
    is work(by())->{code}, 0, "a row $what";
    is mails(), 0, "a row $what: nothing is sent";
    is outbox(), 0, "a row $what: it is gone";
    is +(records($who))[-1], 'tampered row=outbox', "a row $what: on record";
}

# A genuine row of four days ago, in a database that does not let go of it.
my $row = JSON::XS::decode_json($before->[3]);
my ($then, $micros) = $db->selectrow_array('SELECT t, (extract(epoch FROM t)'
    . " * 1000000)::bigint FROM (SELECT now() - interval '4 days') AS n (t)");
$row->{created_at} = $then;
$row->{mac} = '\x' . unpack 'H*', $day->mac(mail =>
    @$row{qw(mail subject kind language)}, $micros);
$before->[3] = JSON::XS::encode_json($row);
$db->do('CREATE FUNCTION public.kept() RETURNS trigger LANGUAGE plpgsql AS'
    . " 'BEGIN RETURN NULL; END'");
$db->do('CREATE TRIGGER kept BEFORE DELETE ON pupil.outbox FOR EACH ROW'
    . ' EXECUTE FUNCTION public.kept()');
$day->put_back($before);
is work(by())->{code}, 0, 'a row of four days ago, put back';
is mails(), 0, 'nothing is sent';
is +(records('teacher'))[-1], 'refused row=outbox', 'on record';
$db->do('DROP TRIGGER kept ON pupil.outbox');
is work()->{code}, 0, 'what is older than three days';
is outbox(), 0, 'goes, sent or not';


# ---- whoever is erased

change('colleague');
$run = $site->ctl('subject', 'erase', $day->person('colleague')->{id},
    $site->ctl_where);
is $run->{code}, 0, 'erased' or diag $run->{err};
is outbox(), 0, 'with what is in the outbox';


# ---- what a relay has to be

change('teacher');
my $plain = relay('plain');
is work(by('plain'))->{code}, 1, 'a relay without TLS';
is mails('plain'), 0, 'gets nothing';
for my $host (qw(localhost 192.0.2.1)) {
    $run = work(by('plain', $host), '--mail-plain');
    is $run->{code}, 2, "--mail-plain, and $host";
    like $run->{err}, qr/127\.0\.0\.1/, 'says what it is for';
}
due();
is work('--mail', "smtp://localhost:$relay{starttls}{port}", '--mail-from',
        $from)->{code}, 1, 'whose certificate nobody vouches for';
is mails(), 0, 'gets nothing';
due();
is work(by('plain', '127.0.0.1'), '--mail-plain')->{code}, 0,
    'on this host, where it is asked for';
is scalar(@one = mails('plain')), 1, 'it gets it in clear';

# smtps:// is TLS from its first byte, and by a certificate that fits.
relay('tls');
change('teacher');
for my $case (['that nobody vouches for', '--mail', "smtps://localhost:"
               . $relay{tls}{port}, '--mail-from', $from],
              ['of another name', by('tls', 'relay.localhost')])
{
    my ($what, @to) = @$case;
    $run = work(@to);
    is $run->{code}, 1, "smtps: a certificate $what";
    like $run->{err}, qr/certificate/, "smtps: $what, it says so";
    is mails('tls'), 0, "smtps: $what, it gets nothing";
    due();
}
is work('--mail', "smtps://localhost:$relay{starttls}{port}", '--mail-from',
        $from, '--mail-ca', $ca->{ca})->{code}, 1,
    'smtps: a relay that begins in clear';
is mails(), 0, 'smtps: it gets nothing';
due();
is work(by('tls'))->{code}, 0, 'smtps: the right one';
($mail, @more) = mails('tls');
is scalar(@more), 0, 'smtps: gets it';
ok $mail->{tls}, 'smtps: over TLS';
is "@{ $mail->{to} }", address('teacher'), 'smtps: to the teacher';
is outbox(), 0, 'smtps: and the row is gone';

relay('login');
my $login = tmp_dir() . '/login';
spew($login, "machine localhost login mailer password wrong\n", 0600);
change('teacher');
is work(by('login'), '--mail-login', $login)->{code}, 1, 'a wrong login';
spew($login, "machine localhost login mailer password a-secret\n", 0600);
due();
is work(by('login'), '--mail-login', $login)->{code}, 0, 'the right one';
is +(mails('login'))[0]{login}, JSON::XS::true, 'lets it be sent';

for my $case (['no URL', '--mail', 'a b', '--mail-from', $from],
              ['no relay', '--mail', 'https://a.example', '--mail-from', $from],
              ['a password', '--mail', 'smtp://a:b@a.example', '--mail-from',
               $from],
              ['no sender', '--mail', 'smtp://a.example'],
              ['a field more', '--mail', 'smtp://a.example', '--mail-from',
               "a\@b\r\nBcc: c\@d"])
{
    my ($what, @options) = @$case;
    is work(@options)->{code}, 2, "--mail: $what";
}


# ---- to whom that went is counted (article 19)

my $disclosed = JSON::XS::decode_json($site->ctl_ok('recipient', 'disclosures',
    '--json', $site->ctl_where)->{out});
my @mailed = grep { $_->{way} eq 'mail' } @{ $disclosed->{disclosures} };
is_deeply [map { [$_->{category}, @{ $_->{fields} }, @$_{qw(accesses subjects)}] } @mailed],
    [['contact', 'email', $db->selectrow_array('SELECT count(*), count(DISTINCT'
      . " subjects) FROM pupil.audit_event WHERE outcome = 'allowed' AND"
      . " category = 'contact' AND note LIKE '% mail=%'")]],
    'each address that was opened for a mail is a disclosure';
is_deeply [grep { $_ eq 'mail' } @{ $disclosed->{unregistered} }], ['mail'],
    'to nobody who is in the register';

done_testing;
