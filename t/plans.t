use lib 't/lib';
use Pupil::Test;
use Pupil::Site;
use Pupil::Volume qw(GROUP CLASSES HOMEWORKS TEACHER);
use JSON::XS ();

# What the statements of a school day cost does not depend on how much is
# stored: each is a walk along indexes, with and without statistics, and also
# when it was planned on an empty database.  Every template of the endpoints
# is in %hot, or in %cold with the reason.

use constant { SMALL => 1_200, LARGE => 12_000 };

my $site = Pupil::Site->new(pg => { conf => {
    autovacuum => 'off', shared_buffers => '256MB', max_wal_size => '4GB',
} });
my $volume = Pupil::Volume->new($site);
my ($tenant, $json) = ($site->tenant, JSON::XS->new);
my $SET = "SELECT set_config('pupil.tenant', '$tenant', true),"
    . " set_config('pupil.day', (current_date - DATE '1970-01-01')::text, true)";


# ---- who asks, and what

my $pupil = 7 * GROUP + 5;
my $group = int $pupil / GROUP;
my $teacher = TEACHER + $group;
my $school = $volume->id(institution => int $group / 20);
my ($zero, $last) = map { $_ x 8 . "-$_$_$_$_" x 3 . '-' . $_ x 12 } 0, 'f';
my $homework = $group * CLASSES * HOMEWORKS;
my $class = $volume->id(class => $group * CLASSES);
my @grid = ($class, undef, 'now', 'infinity', $last, 20, 10_000);
my @page = (0, 'now', '-infinity', $zero, 50, undef, 'infinity', $last, undef);
my @done = (1, 'now', '-infinity', $zero, 50, undef, 'infinity', $last, 1);

sub id ($kind, $n) { $volume->id($kind, $n) }
sub key ($kind, $n) { $volume->key($kind, $n) }

my %actor = (
    pupil => [id(subject => $pupil), 'pupil', $school],
    teacher => [id(subject => $teacher), 'teacher', $school],
    nobody => [undef, 'none', undef],
);
my @enrolments = map { $pupil * CLASSES + $_ } 0 .. CLASSES - 1;
my @batch = map { $homework + $_ * HOMEWORKS } 0 .. CLASSES - 1;
my $sealed = '\x' . '5a' x 137;
my @accept = (key(token => 'new'), 'now', 'tomorrow', key(session => 0),
              [key(bucket => $pupil), key(bucket => $pupil + 1)],
              key(bucket => $pupil), id(network => 'new'), $sealed, 1,
              key(subject => $pupil), '2026-01-01T00:00:00Z');
my @bound = (key(credential => $pupil), $sealed);
my @there = (key(provider_session => $pupil), key(provider_subject => $pupil));
my @step_up = (key(token => $pupil), key(token => 'new'), 'now', 'now',
    'tomorrow', key(session => 0), 'now', key(bucket => $pupil),
    key(bucket => $pupil + 1), 1, key(subject => $pupil),
    '2026-01-01T00:00:00Z', $bound[0]);

# Behind the parameters of a statement that writes records: when, by whom, the
# first number, MACs.
my @record = ('now', 1, 1, '\x' . '5a' x 96);

# name => [actor, rows, own parameters]
my %hot = (
    login_reserve => ['nobody', 1,
        [key(bucket => $pupil), key(bucket => 'new')], [5, 5], [60, 60],
        [900, 900], 0],
    login_find => ['nobody', 1, key(term => 'none'), key(term => $pupil),
                   (key(term => 'none')) x 3],
    login_accept => ['pupil', 1, @accept, undef, @bound, @there, 'epoch', [],
                     'now', undef, @record],
    login_renew => ['pupil', 1, @accept, $sealed, @bound, @there, 'epoch', [],
                    'now', undef, @record],
    login_refuse => ['nobody', 1, [id(subject => $pupil)], @record],
    login_half => ['nobody', 1, [id(subject => $pupil)],
        [key(bucket => $pupil), key(bucket => $pupil + 1)],
        key(bucket => $pupil), @record],
    login_again => ['nobody', 1, id(subject => $pupil)],
    login_prove => ['pupil', 1, @accept, undef, @bound, @there, 'epoch', $sealed,
                    undef, undef, undef, @record],
    login_enrol => ['pupil', 1, @accept, $sealed, @bound, @there, 'epoch', $sealed,
                    1, 1, undef, @record],
    login_own => ['pupil', 1],
    login_change => ['pupil', 1, key(token => $pupil), key(token => 'new'),
        'now', 'now', 'tomorrow', key(session => 0), [key(bucket => $pupil)], 1,
        key(subject => $pupil), '2026-01-01T00:00:00Z', @bound[0, 1], $sealed,
        1, 1, 'epoch', @there, 'sv', key(session => 0), undef, @record],
    login_codes => ['pupil', 1, key(token => $pupil), key(token => 'new'),
        'now', 'now', 'tomorrow', key(session => 0), [key(bucket => $pupil)], 1,
        key(subject => $pupil), '2026-01-01T00:00:00Z', @bound[0, 1], $sealed,
        1, 1, 'epoch', @there, $sealed, @record],
    login_step_up => ['pupil', 1, @step_up, undef, undef, @there,
                      @record],
    login_step_up_by_a_code => ['pupil', 1, @step_up, $sealed, $bound[1],
                                @there, @record],
    session_load => ['pupil', 1, key(token => $pupil)],
    access_enter => ['pupil', 1],
    session_touch => ['pupil', 1, key(token => $pupil), 'tomorrow',
                      key(session => 0)],
    session_show => ['pupil', 1],
    session_end => ['pupil', 1, key(token => $pupil)],
    session_list => ['pupil', 1, key(token => $pupil)],
    session_end_these => ['pupil', 1, [key(token => $pupil)],
                          [id(revocation => 1)], @record],
    session_hear => ['nobody', 1, $there[0], 'now', key(bucket => 'new')],
    session_there => ['nobody', 1, @there, key(bucket => 'new')],
    session_open_there => ['nobody', 1, (id(revocation => 1)) x 2],
    session_end_there => ['nobody', 1, [key(token => $pupil)],
        [id(revocation => 1)], [id(subject => $pupil)], 'logged out', @record],
    session_spend => ['nobody', 1, [key(bucket => 'new')], [], 'logged out',
                      @record],
    homework_evidence => ['pupil', CLASSES, undef],
    homework_pupil_list => ['pupil', 2 * CLASSES, @page],
    homework_pupil_list_back => ['pupil', 1, @done],
    homework_pupil_progress => ['pupil', 4, @page],
    homework_pupil_progress_back => ['pupil', 2, @done],
    homework_pupil_feed => ['pupil', CLASSES],
    homework_pupil_definitions => ['pupil', 2 * CLASSES,
        [map { id(class => $group * CLASSES + $_) } 0 .. CLASSES - 1], 'now',
        101],
    homework_pupil_current => ['pupil', 4, 'now'],
    homework_teacher_feed => ['teacher', CLASSES],
    homework_teacher_definitions => ['teacher', 2 * CLASSES,
        [map { id(class => $group * CLASSES + $_) } 0 .. CLASSES - 1], 'now',
        101],
    homework_teacher_list => ['teacher', 2 * CLASSES, @page],
    homework_teacher_list_back => ['teacher', 2 * CLASSES, @page],
    homework_teacher_summary => ['teacher', 2 * CLASSES, @page],
    homework_teacher_summary_back => ['teacher', 2 * CLASSES, @page],
    homework_overview => ['teacher', GROUP, id(homework => $homework)],
    homework_results => ['teacher', 2 * GROUP, id(homework => $homework)],
    homework_answers => ['teacher', 20, id(homework => $homework), undef,
                         $zero, 20, undef],
    homework_given => ['teacher', 40, id(homework => $homework), undef, $zero,
                       20, undef],
    homework_assessed => ['teacher', 1, id(homework => $homework), undef,
                          $zero, 20, undef],
    classes_pupil => ['pupil', CLASSES],
    classes_teacher => ['teacher', CLASSES],
    classes_evidence => ['teacher', 1, $class],
    classes_learners => ['teacher', GROUP, @grid],
    classes_homework => ['teacher', HOMEWORKS, @grid],
    classes_results => ['teacher', 2 * GROUP, @grid],
    classes_assessed => ['teacher', 1, @grid],
    progress_evidence => ['pupil', CLASSES],
    progress_assigned => ['pupil', 4,
        [map { id(homework => $_) } @batch]],
    progress_lock => ['pupil', 1, 1, 2, 3, 4],
    progress_lock_many => ['pupil', 1, 1, 2, [3 .. 6], [4 .. 7]],
    progress_submit => ['pupil', CLASSES,
        [map { id(submission => "new$_") } @batch],
        [map { id(homework => $_) } @batch],
        [map { id(exercise => 2 * $_) } @batch],
        [($sealed) x @batch], [($sealed) x @batch],
        [map { key(fingerprint => $_) } @batch], [(1) x @batch], 1,
        [map { id(enrolment => $_) } @enrolments],
        [map { id(class => $group * CLASSES + $_) } 0 .. CLASSES - 1],
        [(18262) x @enrolments], [(2147483647) x @enrolments],
        [('test') x @enrolments], [map { key(enrolment => $_) } @enrolments],
        [1 .. @batch], [('\x' . '5a' x 32) x @batch],
        [($sealed) x @batch], @record],
    progress_submit_one => ['pupil', 1, id(submission => 'new'),
        id(homework => $homework), id(exercise => 2 * $homework), $sealed,
        $sealed, key(fingerprint => 1), 1, 1, id(enrolment => $enrolments[0]),
        id(class => $group * CLASSES), 18262, 2147483647, 'test',
        key(enrolment => $enrolments[0]), '\x' . '5a' x 32, $sealed, @record],
    rights_audit => ['pupil', 5, 'infinity', 0, 0, 51],
    rights_proof => ['pupil', 1, 1, $pupil * 5 + 1],
    rights_support_list => ['pupil', 1],
    rights_notices => ['pupil', 1, 'infinity', id(notice => 0), 51],
    rights_notice => ['pupil', 1, id(notice => 0)],
    rights_request_look => ['pupil', 1, id(request => 0)],
    rights_requests => ['pupil', 1, 'infinity', id(request => 0), 51],
    progress_history => ['pupil', 5, undef, 'infinity', $last, 50],
    (map { $_ => ['keeper', /ask/ ? 1 : 2, id(ticket => 1),
                  [map { id(subject => $_) } $pupil, $teacher]] }
         qw(owner_keys_ask owner_keys)),
    floors => ['keeper', 1, $tenant, id(subject => $pupil),
               key(token => $pupil)],
    sessions => ['keeper', 1, $tenant, id(subject => $pupil),
                 [key(token => $pupil)]],
    tenant_keys => ['keeper', 1, $tenant, 'now'],
    service_keys => ['keeper', 9, $tenant],
);

# Of statements that write: the part that shows whether they found what allows
# it, and how much.
my %part = (
    login_change => [made => 1], login_codes => [made => 1],
    login_accept => [made => 1], login_renew => [made => 1],
    login_prove => [made => 1], login_enrol => [made => 1],
    login_step_up => [made => 1], login_step_up_by_a_code => [made => 1],
    session_touch => [touched => 1], session_end => [gone => 1],
    session_end_these => [gone => 1], session_end_there => [gone => 1],
    session_hear => [heard => 1], session_spend => [used => 1],
    login_reserve => [put => 2], progress_submit => [w => CLASSES],
);

# What has to be committed before.
my %before = (owner_keys => 'owner_keys_ask');

# Seldom asked, and by few; what they read is covered by those above.
my %cold = (
    session_switch => 'a session ends and another begins: once a day',
    login_index => 'the first log-in by a name that has letters with marks',
    session_close => 'once a log-out, by the primary key',
    session_notice => 'behind a log-in, by primary keys',
    rights_request_make => 'seldom, of ten rows at most, by the primary key',
    rights_notice_seen => 'once for each notice, by the primary key',
    rights_support_make => 'once for each support grant',
    rights_support_end => 'the same, by the primary key',
    rights_support_reserve => 'once for each support grant; it is login_reserve',
    rights_support_tell => 'rarer',
    imports_list => 'a few a day: who administers the tenant looks, by pages of'
        . ' an index',
    imports_decide => 'once for each import, by primary keys',
    support_reserve => 'once for each support code; it is login_reserve',
    support_tell => 'rarer',
    support_find => 'the same, by a unique index',
    support_redeem => 'the same, by the primary key',
    login_code_reserve => 'once for each code of a teacher; it is login_reserve',
    login_code_tell => 'rarer',
    login_code_find => 'the same; it is login_again',
    login_code_teaches => 'the same; it is the evidence of /v1/data/',
    login_code_hand => 'the same: its record',
    redeem => 'once for each support code, a function of the key store',
    unspend => 'where what a code is good for cannot be written, the same',
    spend => 'once for each code and choice, a function of the key store',
    end_sessions => 'once a log-out, a function of the key store',
    homework_target => 'before a change, one homework by its key',
    login_back => 'once for each new password, one row by its primary key',
    own_give => 'once for each new password, a function of the key store',
    own_raise => 'the same',
    login_mail => 'seldom, and throttled: one row of the outbox',
    login_forgotten => 'seldom, and throttled: a few rows by primary keys',
    login_sign_up => 'the same',
    login_signed_up => 'the same, by the primary key',
    login_confirm => 'the same',
    login_tell => 'once for each window of a throttled bucket',
    homework_create => 'a few a week and class',
    homework_patch => 'rarer',
    homework_copy => 'the same', homework_source => 'before it, one homework by'
        . ' its key',
    homework_edit => 'rarer', homework_turn => 'the same: no table',
    homework_edit_target => 'before it, one homework by its key, and whether one'
        . ' answer is there, by an index of it',
    homework_delete => 'rarer still',
    homework_restore => 'the same', homework_ever_target => 'the same',
    homework_ever_evidence => 'the same; it is homework_evidence',
    (map { $_ => 'seldom; it is homework_teacher_list over what was withdrawn' }
         qw(homework_withdrawn homework_withdrawn_back)),
    homework_pupil_worth => 'beside an assessment, one homework by its key',
    homework_teacher_worth => 'the same',
    homework_assessment => 'one pupil of one homework, by primary keys',
    homework_own_assessment => 'the same, once it is returned',
    homework_assess => 'once or twice for each pupil and homework, by primary'
        . ' keys',
    homework_return => 'once for each of these',
    audit_probe => 'once a minute a worker',
    audit_end => 'once a second a worker of a tenant that has ended, by its'
        . ' primary key',
    mark_data => 'once a second a worker, one row by its primary key, and an'
        . ' index of what is not shipped',
    mark_keys => 'the same, and an index of tenants with holes',
    report => 'three times a minute a worker, one row by its primary key',
);

# Parameters are all its own.
my $request = id(request => 1);
my @group = (1, $tenant, [($request) x 32], [($actor{pupil}[0]) x 32],
             [('pupil') x 32], [($school) x 32], [('192.0.2.0/24') x 32],
             [($sealed) x 32], [($sealed) x 32], [('allowed') x 32],
             [('{}') x 32], [('') x 32], 'now', 1, 1, [0 .. 31], [($sealed) x 32]);


# ---- the statements as they are prepared

sub printed ($what, @plugins) {
    my $run = run_cmd(build_dir() . '/plugin_load', $what,
        map { build_dir() . "/plugins/pupil_$_.so" } @plugins);
    is $run->{code}, 0, "$what: all statements compose" or diag $run->{err};
    return grep { !/^--/ } split /\n/, $run->{out};
}

my @plugins = qw(assessment contact credential enrolment example homework identity network
                 progress);
my @lines = printed('endpoints', @plugins);
my @settings = split /;/, shift @lines;
my %prepare = map { (/^PREPARE (\w+)/)[0] => $_ } @lines, printed('fixed');

# Those of /v1/data/ that a pupil or a teacher asks.
my @data = grep { /^PREPARE (?:read|evidence)_\w+_(?:self|teaches|taught_by) / }
           printed('sql', @plugins);
for my $prepare (@data) {
    my ($name, $what, $category, $relation)
        = $prepare =~ /^PREPARE ((\w+?)_([a-z]+)_(\w+)) /;
    my $about = $category eq 'homework' ? id(class => $group * CLASSES)
                : id(subject => $relation eq 'taught_by' ? $teacher : $pupil);
    $prepare{$name} = $prepare;
    $hot{$name} = [$relation eq 'teaches' ? 'teacher' : 'pupil', undef, $about,
                   $what eq 'read' ? (undef, 50) : ()];
}

my @unlisted = grep { !$hot{$_} && !$cold{$_} && $_ ne 'audit_group' }
               sort keys %prepare;
is "@unlisted", '', 'every statement is listed as hot, or says why not';
is join(' ', grep { !$prepare{$_} } sort keys %hot, keys %cold), '',
    'what is listed exists';

sub quoted ($value) {
    return 'NULL' if !defined $value;
    return "'$value'" if !ref $value;
    my $list = join ',', map { '"' . s/\\/\\\\/gr . '"' } @$value;
    return "'{$list}'";
}

sub arguments ($name) {
    return join ', ', map { quoted($_) } @group if $name eq 'audit_group';
    my ($who, undef, @own) = @{ $hot{$name} };
    return join ', ', map { quoted($_) } 1, @own if $who eq 'keeper';
    return join ', ', map { quoted($_) } 1, $tenant, $request,
        @{ $actor{$who} }, undef, @own;
}


# ---- a connection as the gateway has it

sub gateway ($db, $role, @prepare) {
    my $dbh = $site->pg->connect($db);
    $dbh->do($_) for @settings, "SET SESSION AUTHORIZATION $role";
    $dbh->do($_) for @prepare;
    return $dbh;
}

# The plan as it ran, after a first time.  Nothing is kept, but what comes
# before.
sub executed ($dbh, $call, $before = undef) {
    my $plan;
    if ($before) {
        $dbh->begin_work;
        $dbh->do($SET);
        $dbh->do($before);
        $dbh->commit;
    }
    for (1 .. 2) {
        $dbh->begin_work;
        $dbh->do($SET);
        $plan = $dbh->selectrow_array(
            "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) $call");
        $dbh->rollback;
    }
    return $json->decode($plan)->[0]{Plan};
}

# A part that writes is run for itself: what is above it does not count it.
sub buffers ($plan) {
    my $sum = 0;
    for my $part ($plan, grep { $_->{'Node Type'} eq 'ModifyTable' }
                         @{ $plan->{Plans} // [] })
    {
        $sum += $part->{"$_ Blocks"} for 'Shared Hit', 'Shared Read';
    }
    return $sum;
}

# What reads a table, or joins, without an index.
sub blunders ($plan) {
    my $type = $plan->{'Node Type'};
    return (
        $type eq 'Seq Scan' ? "Seq Scan on $plan->{'Relation Name'}"
        : $type =~ /^(?:Hash|Merge) Join$/ ? $type : (),
        map { blunders($_) } @{ $plan->{Plans} // [] },
    );
}

# The rows of a statement, or of a part of it.
sub rows_of ($plan, $part = undef) {
    return $plan->{'Actual Rows'}
        if !$part || ($plan->{'Subplan Name'} // '') eq "CTE $part";
    my ($rows) = grep { defined } map { rows_of($_, $part) }
                 @{ $plan->{Plans} // [] };
    return $rows;
}

# buffers by name; tests of the plans.
sub look ($dbh, $when, @names) {
    my (%buffers, @bad, @few);
    for my $name (@names) {
        my ($call, $before) = map { "EXECUTE $_(" . arguments($_) . ')' }
                              $name, $before{$name} // ();
        my $plan = executed($dbh, $call, $before);
        $buffers{$name} = buffers($plan);
        push @bad, map { "$name: $_" } blunders($plan);
        next if !$volume->pupils;
        for my $want ([undef, $hot{$name} ? $hot{$name}[1] : 1],
                      $part{$name} // ())
        {
            next if !defined $want->[1];
            my $rows = rows_of($plan, $want->[0]) // 'none';
            push @few, "$name: $rows, not $want->[1]" if $rows ne $want->[1];
        }
    }
    is "@bad", '', "$when: only indexes";
    is "@few", '', "$when: what is stored is found";
    return \%buffers;
}

# Ten times the volume is one level of an index more, at most.  Two kinds may
# read more without statistics, which is no matter of volume either: the open
# homework of a class is found by one of two indexes, perhaps through all
# homework of the class, and who shares a class perhaps through its pupils.
my %of_class = (
    (map { ("homework_$_" => CLASSES * HOMEWORKS) }
         qw(pupil_current pupil_definitions teacher_definitions)),
    (map { ("read_enrolment_$_" => CLASSES * GROUP) } qw(teaches taught_by)),
);

sub grown ($small, $large, $name) {
    return $large->{$name} > 1.4 * $small->{$name} + 8
                             + ($large->{unsure} ? $of_class{$name} // 0 : 0);
}

sub no_growth ($small, $large, $when) {
    local $large->{unsure} = $when eq 'no statistics';
    my @grown = map { "$_: $small->{$_} to $large->{$_} pages" }
                grep { grown($small, $large, $_) } sort keys %$small;
    is "@grown", '', "$when: no more pages at ten times the volume";
}


my @keys = grep { $hot{$_}[0] eq 'keeper' } sort keys %hot;
my %of_keys = map { $_ => 1 } @keys;
my @names = sort 'audit_group', grep { !$of_keys{$_} } keys %hot;
my @prepare = @prepare{@names};
my $first = gateway(pupil => 'pupil_gateway', @prepare);
look($first, 'an empty database', @names);

$volume->grow(SMALL);
my $small = look(gateway(pupil => 'pupil_gateway', @prepare),
                 'no statistics, few', @names);
my $early = look($first, 'planned when it was empty, few', @names);

$volume->grow(LARGE);
my $many = gateway(pupil => 'pupil_gateway', @prepare);
no_growth($small, look($many, 'no statistics, many', @names),
          'no statistics');
no_growth($early, look($first, 'planned when it was empty, many', @names),
          'planned when it was empty');

$site->db->do('ANALYZE');
$many = gateway(pupil => 'pupil_gateway', @prepare);
my $few = look($many, 'statistics', @names);
no_growth($small, $few, 'statistics');


# ---- a pupil who has answered much

my @own = qw(progress_submit progress_submit_one homework_pupil_current);
$early = look($first, 'planned when it was empty, a few answers', @own);
$volume->answer($pupil, 3000);
no_growth($early, look($first, 'planned when it was empty, answers', @own),
          'planned when it was empty, answers');
no_growth({ map { $_ => $few->{$_} } @own },
          look($many, 'statistics, answers', @own), 'statistics, answers');

$many->begin_work;
$many->do($SET);
is $many->selectrow_arrayref('EXECUTE progress_submit_one('
    . arguments('progress_submit_one') . ')')->[-1], 'stored',
    'a submission alone finds what allows it';
$many->rollback;


# ---- the key store

my @prepare_keys = @prepare{@keys};
my $keeper = gateway(pupil_keys => 'pupil_keeper', @prepare_keys);
my $fresh = look($keeper, 'keys, many', @keys);
$site->keystore->do('DELETE FROM keystore.fetch');  # a ticket is of one asking
$site->keystore->do(<<"SQL");
INSERT INTO keystore.fetch (tenant, minute, backend, role, client, keys)
SELECT '$tenant', date_bin('1 minute', now() - n * interval '1 minute',
       'epoch'), n % 10, 'pupil_keeper', '192.0.2.1', 5
  FROM generate_series(1, 20000) AS n
SQL
$site->keystore->do('ANALYZE');
no_growth($fresh, look($keeper, 'keys, after many fetches', @keys), 'keys');
no_growth($fresh, look(gateway(pupil_keys => 'pupil_keeper', @prepare_keys),
                       'keys, planned then', @keys), 'keys, planned then');


# ---- rows that are updated in place: no index is touched

sub updates ($table, $times, $run) {
    my $count = sub {
        $site->db->do('SELECT pg_stat_force_next_flush()');
        $many->do('SELECT pg_stat_force_next_flush()');
        return @{ $site->db->selectrow_arrayref('SELECT n_tup_upd,'
            . ' n_tup_hot_upd FROM pg_stat_user_tables WHERE relid ='
            . " '$table'::regclass") };
    };
    my ($all, $hot) = $count->();
    for my $n (1 .. $times) {
        $many->begin_work;
        $many->do($SET);
        $run->($n);
        $many->commit;
    }
    my ($all_now, $hot_now) = $count->();
    is $all_now - $all, $times, "$table: updates";
    is $hot_now - $hot, $times, "$table: all of them heap-only";
}

updates('pupil.session', 60, sub ($n) {
    local $hot{session_touch}[3] = sprintf '2100-01-01T00:%02d:00Z', $n - 1;
    $many->do('EXECUTE session_touch(' . arguments('session_touch') . ')');
});
updates('pupil.login_throttle', 60, sub ($n) {
    local @{ $hot{login_reserve} }[2 .. 5]
        = ([key(bucket => $pupil)], [1000], [60], [900]);
    $many->do('EXECUTE login_reserve(' . arguments('login_reserve') . ')');
});


# ---- what an insert would have to read and plan anew each time

is_deeply $site->db->selectcol_arrayref("SELECT attrelid::regclass || '.'"
    . " || attname FROM pg_attribute WHERE attgenerated <> ''"), [],
    'no column is generated';


# ---- the detectors detect

my $scan = executed($many, "SELECT FROM pupil.plugin WHERE version = ''");
is join(' ', blunders($scan)), 'Seq Scan on plugin',
    'a scan of a table is seen';
my $whole = executed($many, "SELECT FROM data.homework WHERE tenant = '$tenant'"
    . " AND due_at = '2000-01-01' AND deleted_at IS NULL");
is_deeply [blunders($whole)], [], 'an index entered by the tenant alone';
ok grown({ a => 10 }, { a => buffers($whole) }, 'a'), 'is seen by its pages';
$many->do('SET enable_hashjoin = on');
$many->do('SET enable_nestloop = off');
is join(' ', (blunders(executed($many, 'SELECT FROM data.homework AS h JOIN'
    . ' pupil.class AS c ON c.class = h.owner')))[0]), 'Hash Join',
    'so is a join of tables';

done_testing;
