package Pupil::Day;

# A school day for the tests of invariants: a class at work (Pupil::Class)
# whose PostgreSQL, tenant and keys can be chosen and looked into.
#
#     my $day = Pupil::Day->up(pg => { conf => { log_statement => 'all' } });
#     $day->work;
#     for my $ask ($day->requests) { my $res = $day->ask($ask); ... }

use v5.36;

use parent -norequire, 'Pupil::Class';
use DBD::Pg ();
use Pupil::Class;
use Pupil::Test ();
use Pupil::Util;
use Test::More ();


# Options: site, pg => options of a cluster, start (1); the rest is of the
# site's nginx().
sub up ($class, %opt) {
    my $pg = delete $opt{pg};
    my $start = delete $opt{start} // 1;
    my $site = delete $opt{site}
        // Pupil::Test::pupil_up(import => 1, $pg ? (pg => $pg) : ());
    my $self = bless { site => $site, people => {}, http => {} }, $class;

    $self->{nginx} = $site->nginx(%opt);
    $self->{nginx}->start if $start;
    return $start ? $self->ready : $self;
}

# Another tenant in the same databases, with the same people: a site.
sub neighbour ($site) {
    my $there = bless { %$site, tenant => undef }, ref $site;
    my $run = $there->ctl_ok('tenant', 'add', 'Grannkommunen', '--json',
                             $there->ctl_where);
    $there->{tenant} = JSON::XS::decode_json($run->{out})->{tenant};
    $there->import_demo;
    return $there;
}

sub pg ($self) { $self->{site}->pg }
sub db ($self) { $self->{site}->db }
sub tenant ($self) { $self->{site}->tenant }


# Something of everything that is stored: a homework that the pupil has
# begun, and a preference.
sub work ($self) {
    $self->{homework} = $self->assign(title => 'Kapitel Blåbär',
        description => 'Läs om kräftdjur & "skalbaggar" <i hagen>.',
        exercises => [{ title => 'Första frågan', max_score => 10 },
                      { title => 'Andra frågan', max_score => 5 }]);
    $self->{submission} = $self->answer($self->{homework}, 0,
        answer => { text => 'Kräftan är ett tiofotat djur' },
        score => { raw => 7, max => 10 }, completion => \1);
    $self->expect(201, $self->pupil->post('/v1/progress',
        json => $self->{submission}));
    $self->expect(200, $self->pupil->patch('/v1/data/example',
        json => $self->preference));
    return $self;
}

sub preference ($self, $text = 'Astronomi och snickeri') {
    return { favourite_subjects => $text };
}

sub homework ($self) { $self->{homework} }
sub submission ($self) { $self->{submission} }

sub expect ($self, $status, $res) {
    die "status @{[$res->status]}, not $status: @{[$res->text]}\n"
        if $res->status != $status;
    return $res;
}


# The school that the session of those of the class is in.
sub school ($self) {
    return $self->{school} //= do {
        my ($school) = grep { $_->{active} } @{ $self->expect(200,
            $self->as('classmate')->get('/v1/session'))
            ->json->{institutions} };
        $school->{id};
    };
}


# One request to each route that touches personal data, and refusals:
# { name, who, method, path, json, status (when all is well) }.
sub requests ($self) {
    my $h = $self->{homework};
    my $pupil = $self->person('pupil')->{id};
    my $other = $self->person('other')->{id};
    my $mine = "/v1/homework/$h->{id}";
    my @asks = (
        ['own session', pupil => GET => '/v1/session', 200],
        ['homework of a pupil', pupil => GET => '/v1/homework', 200],
        ['one homework', pupil => GET => $mine, 200],
        ['homework of a teacher', teacher => GET => '/v1/homework', 200],
        ['overview', teacher => GET => "$mine/progress", 200],
        ['assign', teacher => POST => '/v1/homework', 201, $self->body],
        ['a copy', teacher => POST => '/v1/homework', 201, { copy_of => $h->{id},
         class_id => $h->{class}{id}, due_at => Pupil::Class::at(8) }],
        ['change', teacher => PATCH => $mine, 200, { title => 'Ny titel' }],
        ['change of what is answered', teacher => PATCH => $mine, 409,
         { exercises => [{ title => 'Tredje frågan', max_score => 1 }] }],
        ['assess', teacher => PUT => "$mine/pupils/$pupil/assessment", 200,
         { points => 9.5, comment => 'Läs om fjärilar också' }],
        ['an assessment', teacher => GET => "$mine/pupils/$pupil/assessment",
         200],
        ['return', teacher => POST => "$mine/pupils/$pupil/return", 200],
        ['own assessment', pupil => GET => "$mine/assessment", 200],
        ['answers', teacher => GET => "$mine/answers", 200],
        ['classes', teacher => GET => '/v1/classes', 200],
        ['a class', teacher => GET => "/v1/classes/$h->{class}{id}", 200],
        ['a pupil of a class', teacher => GET =>
         "/v1/classes/$h->{class}{id}/pupils/$pupil", 200],
        ['another\'s class', colleague => GET =>
         "/v1/classes/$h->{class}{id}", 404],
        ['own history', pupil => GET => '/v1/progress', 200],
        ['submit', pupil => POST => '/v1/progress', 201,
         $self->answer($h, 1)],
        ['submit some', pupil => POST => '/v1/progress', 200,
         [$self->answer($h, 1), $self->answer($h, 0)]],
        ['own names', pupil => GET => '/v1/data/identity', 200],
        ['own enrolments', teacher => GET => '/v1/data/enrolment', 200],
        ['names of a pupil', teacher => GET => "/v1/data/identity/$pupil",
         200],
        ['a preference', pupil => GET => '/v1/data/example', 200],
        ['another preference', pupil => PATCH => '/v1/data/example', 200,
         $self->preference('Fiske')],
        ['a preference by id', pupil => PATCH => "/v1/data/example/$pupil",
         200, $self->preference('Musik')],
        ['who looked', pupil => GET => '/v1/me/audit', 200],
        ['a proof of nothing', pupil => GET =>
         '/v1/me/audit/' . Pupil::Test::uuid() . '/proof', 404],
        ['own sessions', pupil => GET => '/v1/me/sessions', 200],
        ['no such session', pupil => DELETE =>
         '/v1/me/sessions/' . Pupil::Test::uuid(), 404],
        ['all other sessions', other => DELETE => '/v1/me/sessions', 204],
        ['support is let in', pupil => POST => '/v1/me/support-grants', 201,
         { minutes => 1 }],
        ['whom one lets in', pupil => GET => '/v1/me/support-grants', 200],
        ['notices', pupil => GET => '/v1/me/notices', 200],
        ['no such notice', pupil => POST => '/v1/me/notices/'
         . Pupil::Test::uuid() . '/seen', 404],
        ['a request', pupil => POST => '/v1/me/requests', 201,
         { id => Pupil::Test::uuid(), kind => 'access', text => 'Allt' }],
        ['own requests', pupil => GET => '/v1/me/requests', 200],
        ['no such grant', pupil => DELETE => '/v1/me/support-grants/'
         . Pupil::Test::uuid(), 404],
        ['not in support', teacher => POST => '/v1/support/redeem', 403,
         { code => '0000-0000-0000' }],
        ['no administrator of imports', teacher => GET =>
         '/v1/admin/imports', 403],
        map({ ["no $_ of an import", teacher => POST => '/v1/admin/imports/'
               . Pupil::Test::uuid() . "/$_", 403] } qw(accept undo)),
        ['a code for a pupil', teacher => POST => "/v1/pupils/$pupil/login-code",
         200],
        ['a code for another\'s', colleague => POST =>
         "/v1/pupils/$pupil/login-code", 404],
        ['switch of schools', classmate => POST => '/v1/session/institution',
         200, { institution_id => $self->school }],
        ['no such school', classmate => POST => '/v1/session/institution',
         404, { institution_id => $pupil }],
        ['no teacher', pupil => POST => '/v1/homework', 403, $self->body],
        ['another\'s names', pupil => GET => "/v1/data/identity/$other",
         404],
        ['another\'s homework', other => GET => $mine, 404],
        ['give again', teacher => POST => "$mine/restore", 200],
        ['another\'s overview', colleague => GET => "$mine/progress", 404],
        ['not assigned', other => POST => '/v1/progress', 404,
         $self->answer($h, 0)],
        ['not the present password', pupil => POST => '/v1/me/password', 403,
         { current => 'not the password',
           new => 'a long walk along the shore' }],
        ['step-up', pupil => POST => '/v1/login/step-up', 200,
         { password => $self->person('pupil')->{password} }],
        ['no step-up', teacher => POST => '/v1/login/step-up', 403,
         { password => 'not the password' }],
        ['a good log-in', nobody => POST => '/v1/login', 200,
         $self->credentials('pupil')],
        ['a bad log-in', nobody => POST => '/v1/login', 401,
         { identifier => $self->person('classmate')->{login},
           password => 'not the password' }],
        ['take back', teacher => DELETE => $mine, 204],
    );
    return map {
        my %ask;
        @ask{qw(name who method path status json)} = @$_;
        \%ask;
    } @asks;
}

sub credentials ($self, $who) {
    my $person = $self->person($who);
    return { identifier => $person->{login},
             password => $person->{password} };
}

# nobody: a client without a session.
sub ask ($self, $ask) {
    my $http = $ask->{who} eq 'nobody' ? $self->{nginx}->http
                                       : $self->as($ask->{who});
    return $http->request($ask->{method}, $ask->{path},
        defined $ask->{json} ? (json => $ask->{json}) : ());
}

# Everybody logs in, once.
sub all_here ($self) {
    $self->as($_) for qw(teacher pupil classmate colleague other);
    return $self;
}


# Reloads, and waits until the new workers can serve.
sub reload ($self, %conf) {
    $self->{nginx}->set(%conf) if %conf;
    $self->{nginx}->reload(wait => 1);
    return $self->ready;
}

sub ready ($self) {
    $self->{nginx}->wait_ready;
    $_->close for values %{ $self->{http} };
    return $self;
}


# The session of a client, once for each worker.
sub on_each ($self, $http) {
    my %of = $self->{nginx}->client_of_each;
    for my $other (values %of) {
        $other->{cookies} = { %{ $http->cookies } };
        $other->csrf($http->csrf);
    }
    return values %of;
}

# A test: soon the same on both.
sub soon ($self, $is, $name, $code, @clients) {
    my $want = join ' ', ($is) x 2;
    my $last;
    eval { wait_until(60, $name, sub {
        $last = join ' ', map { $code->($_) } @clients;
        return $last eq $want }) };
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    Test::More::is($last, $want, "$name, on two workers");
}

# The rows of a person in a table, as they are now; put_back() makes them so
# again, as somebody could who can write the database.
sub rows_of ($self, $table, $id) {
    my $key = $table =~ /^data[.]|index$/ ? 'owner' : 'subject';
    return [$table, $key, $id, @{ $self->db->selectcol_arrayref(
        "SELECT row_to_json(t)::text FROM $table AS t WHERE $key = ?", {},
        $id) }];
}

sub put_back ($self, $rows) {
    my ($table, $key, $id, @rows) = @$rows;
    my $db = $self->db;
    $db->begin_work;
    $db->do("DELETE FROM $table WHERE $key = ?", {}, $id);
    $db->do("INSERT INTO $table SELECT * FROM json_populate_record(NULL::"
        . "$table, ?::json)", {}, $_) for @rows;
    $db->commit;
}

# A number of a floor for each of these people, as the key store gives one to a
# run of pupilctl.
sub take_numbers ($self, $floor, @ids) {
    my $keys = $self->{site}->keystore;
    $keys->begin_work;
    $keys->do("SELECT set_config('pupil.tenant', ?, true)", {}, $self->tenant);
    $keys->do('SELECT keystore.give_numbers(?::uuid[], ?)', {}, \@ids, $floor);
    $keys->commit;
}


# Rows of everything that requests write, but for the audit.
sub stored ($self) {
    return join ' ', map {
        "$_=" . $self->db->selectrow_array("SELECT md5(coalesce(string_agg("
            . "t::text, '|' ORDER BY t::text), '')) FROM $_ AS t");
    } qw(data.homework data.progress data.assessment data.example data.identity
         data.network pupil.session);
}

# Records, but of numbers that a worker declares when it likes.
sub audited ($self) {
    return $self->db->selectrow_array('SELECT count(*) FROM'
        . " pupil.audit_record WHERE role <> 'gateway'");
}


# Commands to keytool; its lines.
sub keytool ($self, @lines) {
    my $run = run_cmd(build_dir() . '/keytool', $self->{site}->key,
                      { stdin => join "\n", @lines, '' });
    die "keytool: $run->{err}\n" if $run->{code};
    return split /\n/, $run->{out};
}

# What the key store has, as commands to keytool.
sub key_rows ($self) {
    my $keys = $self->{site}->keystore;
    my $rows = sub ($kind, $columns, $from) {
        map { join ' ', $kind, @$_ } @{ $keys->selectall_arrayref(
            "SELECT $columns, encode(wrapped, 'hex') FROM keystore.$from"
            . ' WHERE wrapped IS NOT NULL') };
    };
    return $rows->('tenant', 'tenant, version, epoch', 'tenant_key'),
        $rows->('service', 'tenant, name, tenant_version', 'service_key'),
        $rows->('owner', 'tenant, owner, version, tenant_version',
                'owner_key');
}

# Every key, in hex, with what it is: hex => what.
sub keys_of ($self) {
    my @categories = map { "category $_" } qw(identity contact credential
        enrolment network homework progress assessment example);
    return map { /^key (\S+) (\S+)$/ ? ($2 => $1) : () }
           $self->keytool(@categories, $self->key_rows);
}

# The MAC that pupilctl would give a row; arguments as of keytool, without
# the tenant.
sub mac ($self, $table, @columns) {
    my ($mac) = grep { s/^mac // } $self->keytool(
        (grep { /^(?:tenant|service) / } $self->key_rows),
        join ' ', $table, $self->tenant, @columns);
    return pack 'H*', $mac;
}

# Sessions of a person as a log-in would have made them, without one: the
# cookies' values.  Options: n (1), and seconds from now: created, seen (0),
# expires (3600), proved (as it was created).
sub sessions ($self, $id, %at) {
    my $n = $at{n} // 1;
    my $now = int time;
    my ($role, $school) = $self->db->selectrow_array('SELECT role, institution'
        . ' FROM pupil.role WHERE subject = ? ORDER BY 2, 1 LIMIT 1', {}, $id);
    my $floor = $self->{site}->keystore->selectrow_array('SELECT session FROM'
        . ' keystore.floor WHERE subject = ?', {}, $id) // 0;
    my @at = map { ($now + $_) * 1_000_000 } $at{created} // 0, $at{seen} // 0,
        $at{expires} // 3600;
    my $proved = defined $at{proved} ? ($now + $at{proved}) * 1_000_000 : 0;
    my @said = $self->keytool((grep { /^(?:tenant|service) / } $self->key_rows),
        (join ' ', 'session', $self->tenant, $id, $role, $school, @at, $floor,
        $proved)
        x $n);
    my $put = $self->db->prepare('INSERT INTO pupil.session VALUES (?, ?, ?, ?,'
        . ' ?' . (q{, 'epoch'::timestamptz + ? * interval '1 microsecond'} x 3)
        . q{, ?, NULL, NULL, 'epoch'::timestamptz + ? * interval}
        . q{ '1 microsecond')});
    my %row;
    my @tokens;

    for my $line (@said) {
        my ($what, $value) = split / /, $line;
        push @tokens, $value if $what eq 'token';
        $row{$what} = pack 'H*', $value if $what eq 'hash';
        next if $what ne 'mac';
        my @row = ($self->tenant, $row{hash}, $id, $role, $school, @at,
                   pack('H*', $value), $proved);
        $put->bind_param($_ + 1, $row[$_], $_ == 1 || $_ == 8
            ? { pg_type => DBD::Pg::PG_BYTEA() } : ()) for 0 .. 9;
        $put->execute;
    }
    return @tokens;
}

# Tokens that the tenant's key makes, and no session has.  Options: n (1), and
# tenants: one of each.
sub unknown ($self, %of) {
    my @of = $of{tenants} ? @{ $of{tenants} }
        : ($self->tenant) x ($of{n} // 1);
    return map { /^token (.*)/ } $self->keytool(
        (grep { /^(?:tenant|service) / } $self->key_rows),
        map { "session $_ $_ pupil $_ 0 0 0 0 0" } @of);
}

# As an operator would set it, MAC included.
sub set_status ($self, $subject, $status) {
    my ($source) = $self->db->selectrow_array(
        'SELECT source FROM pupil.subject WHERE subject = ?', {}, $subject);
    my $set = $self->db->prepare('UPDATE pupil.subject SET status = ?,'
        . ' mac = ? WHERE subject = ?');
    $set->bind_param(1, $status);
    $set->bind_param(2, $self->mac('subject', $subject, $status, $source),
                     { pg_type => DBD::Pg::PG_BYTEA() });
    $set->bind_param(3, $subject);
    $set->execute;
}

# Ends an enrolment yesterday, as an operator would.
sub end_enrolment ($self, $subject, $class) {
    my $row = $self->db->selectrow_hashref(
        "SELECT *, valid_from - DATE '1970-01-01' AS since"
        . ' FROM pupil.enrolment WHERE subject = ? AND class = ?', {},
        $subject, $class);
    my $day = int(time / 86400) - 1;
    my $since = $row->{since} > $day ? $day : $row->{since};
    my $set = $self->db->prepare("UPDATE pupil.enrolment SET"
        . " valid_from = DATE '1970-01-01' + ?::int,"
        . " valid_to = DATE '1970-01-01' + ?::int, mac = ?"
        . ' WHERE enrolment = ?');
    $set->bind_param(1, $since);
    $set->bind_param(2, $day);
    $set->bind_param(3, $self->mac('enrolment', @$row{qw(enrolment subject
        class institution role)}, $since, $day, $row->{source}),
        { pg_type => DBD::Pg::PG_BYTEA() });
    $set->bind_param(4, $row->{enrolment});
    $set->execute;
}

1;
