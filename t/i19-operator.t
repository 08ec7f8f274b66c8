#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I19: the operator's command obeys I1 and I2 too: what it touches is on
# record, and what it gives before that is written, with the account of the
# operating system, the purpose and the ticket; and without a record it does
# nothing.

use lib 't/lib';
use Pupil::Test;

use JSON::XS ();

my $site = pupil_up;
my $db = $site->db;
my $account = (getpwuid $<)[0];
my $folder = tmp_dir() . '/roster';
my @import = (import => 'sds', $folder, '--dates', 'open');
my $login = 'OKlein';

# A part of the roster is enough.
mkdir $folder or die "$folder: $!\n";
for my $file (glob root_dir() . '/docs/quickstart/data/sds-100-users/*.csv') {
    my ($name) = $file =~ m{([^/]+)$};
    my ($head, @rows) = split /^/, slurp($file);
    my %few = ('Student.csv' => 3, 'StudentEnrollment.csv' => 3);
    splice @rows, $few{$name} if $few{$name};
    spew("$folder/$name", join '', $head, @rows);
}

# The site's tickets end with ours.
sub ctl (@args) {
    my %opt = ref $args[-1] eq 'HASH' ? %{ pop @args } : ();
    my $ticket = delete $opt{ticket} // 'T-4711';
    my @where = $site->ctl_where;
    for my $i (reverse 0 .. $#where - 1) {
        splice @where, $i, 2, $ticket eq '' ? () : ('--ticket', $ticket)
            if $where[$i] eq '--ticket';
    }
    return $site->ctl(@args, @where, \%opt);
}

sub records { $db->selectrow_array('SELECT count(*) FROM pupil.audit_record') }

# What a command leaves behind: audit lines, each with its transaction.
sub events ($since) {
    return @{ $db->selectall_arrayref(<<'SQL', { Slice => {} }, $since) };
SELECT e.*, r.xmin::text AS xid, e.fields::text[] AS names
  FROM (SELECT *, xmin FROM pupil.audit_record) AS r
  JOIN pupil.audit_event AS e ON e.request = r.request AND e.at = r.at
 WHERE r.at > ?::timestamptz ORDER BY r.at, e.category
SQL
}

sub now { $db->selectrow_array('SELECT clock_timestamp()::text') }

# The operator's tables, and whose a row is where it is somebody's.
my %whose = (
    (map { ("data.$_" => 'owner') } qw(identity contact credential)),
    (map { ("pupil.$_" => 'subject') } qw(role enrolment subject)),
    (map { ("pupil.$_" => undef) } qw(class institution import_image)),
);

# Rows of those whom an event names that its transaction, or a later one, wrote.
sub written ($event) {
    my $sum = 0;
    for my $table (sort keys %whose) {
        my $whose = $whose{$table};
        my @whom = @{ $event->{subjects} };
        next if !defined $whose != !@whom;
        $sum += $db->selectrow_array("SELECT count(*) FROM $table WHERE"
            . ' xmin::text::bigint >= ?'
            . (@whom ? " AND $whose = ANY (?::uuid[])" : ''), {},
            $event->{xid}, @whom ? \@whom : ());
    }
    return $sum;
}


# ---- each command is on record

my %purpose = (import => 'rostering', password => 'administration',
               show => 'administration', list => 'administration',
               role => 'administration', audit => 'accountability');
my %command = (
    import => [@import],
    password => [qw(user password), $login, { stdin => "long enough, 1\n" }],
    show => [qw(user show), $login],
    list => [qw(user list)],
    role => [qw(user role add CBeane tenant_admin)],
    audit => [qw(audit list)],
);

my $since;

for my $name (qw(import password show list role audit)) {
    $since = now();
    my $run = ctl(@{ $command{$name} });
    is $run->{code}, 0, "$name works" or diag $run->{err};

    my @events = events($since);
    ok @events > 0, "$name: on record";
    my @off = grep { $_->{role} ne 'operator' || $_->{outcome} ne 'allowed'
                     || $_->{purpose} ne $purpose{$name}
                     || $_->{note} !~ /^os=\Q$account\E ticket=T-4711\b/ }
              @events;
    is scalar(@off), 0, "$name: account, purpose and ticket"
        or diag json_of($off[0]);
    my @whom = map { @{ $_->{subjects} } } @events;
    ok @whom > 0, "$name: and whom it touched" if $name ne 'audit';

    if ($name =~ /^(?:import|password|role)$/) {
        my @alone = grep { !written($_) } @events;
        is scalar(@alone), 0, "$name: no record is without a write"
            or diag json_of($alone[0]);
    }
}

$since = now();
my $run_without = ctl(@{ $command{show} }, { ticket => '' });
is $run_without->{code}, 2, 'without a ticket it is refused';
like $run_without->{err}, qr/--ticket/, 'with what to do';
is_deeply [events($since)], [], 'and nothing was touched';

my @not_recorded = grep {
    my $table = $_;
    $db->selectrow_array("SELECT count(*) FROM $table AS t WHERE NOT EXISTS"
        . " (SELECT FROM pupil.audit_record AS r WHERE t.$whose{$table} ="
        . ' ANY (r.subjects) AND r.xmin::text::bigint < t.xmin::text::bigint)'
        . " AND t.$whose{$table} NOT IN (SELECT decoy FROM pupil.tenant)");
} qw(data.identity data.contact pupil.enrolment);
is "@not_recorded", '', 'every imported row is behind a record of it';

$since = now();
isnt ctl(qw(user show nobody-at-all))->{code}, 0, 'an unknown name';
is_deeply [map { $_->{outcome} } events($since)], ['not_found'],
    'is on record as well';


# ---- sudo does not hide who it was

SKIP: {
    skip 'no root here', 1 if !am_root();
    skip 'no log-in uid in this container', 1
        if (eval { slurp('/proc/self/loginuid') } // '4294967295')
           =~ /^4294967295/;
    my $who = getpwuid(0 + slurp('/proc/self/loginuid'));
    like +(events('1970-01-01'))[-1]{note}, qr/^os=\Q$who\E /,
        'the account that logged in';
}


# ---- without a record: nothing done, nothing shown

sub state_of () {
    return join ' ', map { $db->selectrow_array("SELECT md5(coalesce("
        . "string_agg(t::text, '|' ORDER BY t::text), '')) FROM $_ AS t") }
        qw(data.identity data.contact data.credential pupil.role
           pupil.enrolment pupil.subject pupil.class pupil.institution
           pupil.blind_index pupil.imported);
}

# One name is another: the import has something to write.
my $students = slurp("$folder/Student.csv");
spew("$folder/Student.csv", $students =~ s/\bOra\b/Orabella/r);

my $month = $db->selectrow_array(
    q{SELECT to_char(now() AT TIME ZONE 'UTC', '"audit_record_"YYYY_MM')});
my %breaks = (
    'no privilege' => ['REVOKE INSERT ON pupil.audit_record'
                       . ' FROM pupil_operator',
                       'GRANT INSERT ON pupil.audit_record'
                       . ' TO pupil_operator'],
    'a row that no check lets in' =>
        ['ALTER TABLE pupil.audit_record ADD CONSTRAINT no CHECK (false)'
         . ' NOT VALID',
         'ALTER TABLE pupil.audit_record DROP CONSTRAINT no'],
    'records that are dropped' => [<<"SQL", "DROP TRIGGER no ON pupil.$month"],
CREATE OR REPLACE FUNCTION pupil.no() RETURNS trigger LANGUAGE plpgsql AS
    \$\$ BEGIN RETURN NULL; END \$\$;
CREATE TRIGGER no BEFORE INSERT ON pupil.$month
    FOR EACH ROW EXECUTE FUNCTION pupil.no();
SQL
);

for my $how (sort keys %breaks) {
    my ($break, $mend) = @{ $breaks{$how} };
    my $before = state_of();
    my $count = records();
    $db->do($break);
    for my $name (qw(import password show list role audit)) {
        my @args = @{ $command{$name} };
        @args = (qw(user role remove CBeane tenant_admin)) if $name eq 'role';
        my $run = ctl(@args);
        is $run->{code}, 1, "$how: $name fails";
        unlike $run->{out}, qr/[0-9a-f]{8}-[0-9a-f]{4}-|Orabella/,
            "$how: $name shows nothing";
    }
    $db->do($mend);
    is state_of(), $before, "$how: nothing was written";
    is records(), $count, "$how: nothing was recorded";
}

is ctl(@import)->{code}, 0, 'with a record again the import works';

# ---- what the database says does not number what a run writes

# Another name for some, and of a class: records of several transactions.
sub renamed ($by) {
    for my $file (qw(Student Section)) {
        my ($head, @rows) = split /^/, slurp("$folder/$file.csv");
        s/\b(Ora\w*|Math\w*|English\w*)\b/$1$by/ for @rows;
        spew("$folder/$file.csv", join '', $head, @rows);
    }
}

# The numbers of each writer since then.
sub numbers ($since) {
    return map { $_->[0] } @{ $db->selectall_arrayref(<<'SQL', {}, $since) };
SELECT string_agg(number::text, ' ' ORDER BY number)
  FROM pupil.audit_record WHERE at > ?::timestamptz GROUP BY writer
SQL
}

for my $number ('0', 'NEW.number - 1', '1000000') {
    renamed('x');
    $since = now();
    $db->do(<<"SQL");
CREATE OR REPLACE FUNCTION public.bend() RETURNS trigger LANGUAGE plpgsql AS
    \$\$ BEGIN PERFORM set_config('pupil.audit_number',
    NEW.writer || ' ' || ($number), false); RETURN NEW; END \$\$;
CREATE TRIGGER bend BEFORE INSERT ON pupil.$month
    FOR EACH ROW EXECUTE FUNCTION public.bend();
SQL
    is ctl(@import)->{code}, 0, 'an import while a trigger sets the last'
        . " number to $number";
    $db->do("DROP TRIGGER bend ON pupil.$month");
    my ($numbers, @others) = numbers($since);
    my $count = () = $numbers =~ /\d+/g;
    cmp_ok $count, '>', 1, 'has more than one record';
    is $numbers, join(' ', 1 .. $count), 'and its own numbers, without a gap';
    is scalar(@others), 0, 'as one writer';
}

done_testing;
