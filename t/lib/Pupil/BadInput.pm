package Pupil::BadInput;

# A school at work, and a table of requests that must be refused.  What holds
# for every refusal (invariants I16 and I1) is checked here, so that a case
# says only what is its own:
#
#     my $school = Pupil::BadInput->new;
#     $school->case('a name', pupil => POST => '/v1/progress',
#         { body => '{"id":"<mark>"}' }, 422, 'invalid',
#         { field => '/id', rule => 'uuid' });
#
# In path, body and headers <mark> is a text found nowhere else: it must not
# come back, nor be in error.log.  <class>, <homework>, <exercise>, <id> (a
# fresh UUID), <pupil>, <other>, <teacher>, <school> are what they say, and
# <nul>, <ff> are bytes.

use v5.36;

use Exporter qw(import);
use Pupil::Test;
use Test::More ();
use Time::HiRes qw(time);

our @EXPORT_OK = qw(flat);

my $count = 0;


# Options: those of Pupil::Site::nginx.
sub new ($class, %opt) {
    my $site = pupil_up(import => 1);
    my $self = bless { site => $site, http => {} }, $class;
    my %login = (teacher => 'CBeane', pupil => 'OKlein',
                 other => other_pupil(), admin => 'FFlowers');

    $self->{person}{$_} = $site->person($login{$_}) for sort keys %login;
    $self->{nginx} = $site->nginx(workers => 1, %opt)->start;
    $self->{http}{anon} = $self->client;
    for my $who (sort keys %login) {
        my $res = $self->log_in($who);
        $res->status == 200 or die "log-in of $who: ", $res->text;
    }

    $self->assign;
    $self->{workers} = join ' ', $self->{nginx}->workers;
    $self->{seen} = 0;
    return $self;
}

sub site ($self) { $self->{site} }
sub nginx ($self) { $self->{nginx} }
sub http ($self, $who = 'pupil') { $self->{http}{$who} }
sub person ($self, $who) { $self->{person}{$who} }


# A pupil of the school that the first pupil is not in.
sub other_pupil () {
    my $roster = slurp(root_dir()
        . '/docs/quickstart/data/sds-100-users/Student.csv');
    return $roster =~ /^\d+,10002,[^,]*,[^,]*,([^,]+),/m ? $1 : die 'roster';
}


sub client ($self) { $self->{nginx}->http }

sub log_in ($self, $who) {
    $self->{http}{$who} = $self->client;
    return $self->{http}{$who}->login(@{ $self->{person}{$who} }
                                      {qw(login password)});
}


# A class that the teacher and the pupil share, and homework for it.
sub assign ($self) {
    my %class = map { $self->records($_) } qw(teacher pupil);
    my ($shared) = grep { $class{teacher}{$_} && $class{pupil}{$_} }
                   sort keys %{ $class{teacher} };
    my $res = $self->http('teacher')->post('/v1/homework', json => {
        class_id => $shared, title => 'Bad weather',
        due_at => rfc3339(time + 86400 * 7),
        exercises => [{ title => 'One', max_score => 10 }] });
    $res->status == 201 or die 'homework: ', $res->text;

    my $homework = $res->json;
    my $me = $self->http('pupil')->get('/v1/session')->json;
    $self->{name} = {
        class => $shared, homework => $homework->{id},
        exercise => $homework->{exercises}[0]{id},
        pupil => $self->person('pupil')->{id},
        other => $self->person('other')->{id},
        teacher => $self->person('teacher')->{id},
        nul => "\0", ff => "\xff", tomorrow => rfc3339(time + 86400),
        past => rfc3339(time - 86400),
    };

    $res = $self->http('pupil')->post('/v1/progress',
                                      json => $self->submission);
    $res->status == 201 or die 'submission: ', $res->text;
    $self->{name}{stored} = $res->json->{id};
}

sub records ($self, $who) {
    my $res = $self->http($who)->get('/v1/data/enrolment');
    $res->status == 200 or die "enrolments of $who: ", $res->text;
    return $who => { map { $_->{class_id} => 1 }
                     grep { $_->{class_id} } @{ $res->json->{records} } };
}

sub submission ($self, %more) {
    return { id => uuid(), homework_id => $self->{name}{homework},
             exercise_id => $self->{name}{exercise}, answer => 'an answer',
             score => { raw => 1, max => 10 }, %more };
}

sub rfc3339 ($time) {
    my @t = gmtime $time;
    return sprintf '%04d-%02d-%02dT%02d:%02d:%02dZ', $t[5] + 1900, $t[4] + 1,
        @t[3, 2, 1, 0];
}

sub name ($self, $name) { $self->{name}{$name} }


# What is in the tables, as the superuser sees it.  Not in it: the audit and
# the reserved attempts to log in, which refusals write, the count of key
# fetches, what workers say of themselves, and when a session was last seen.
sub digest ($self) {
    return join ' ', map {
        my $dbh = $self->{site}->$_;
        $self->{digest}{$_} //= digest_sql($dbh);
        $dbh->selectrow_array($self->{digest}{$_});
    } qw(db keystore);
}

sub digest_sql ($dbh) {
    my $tables = $dbh->selectcol_arrayref(<<'SQL');
SELECT format('%I.%I', n.nspname, c.relname)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind = 'r' AND NOT c.relispartition
   AND n.nspname !~ '^(pg_|information_schema)'
   AND c.relname !~ '^(audit|login_throttle|session$|policy$|fetch$|worker$)'
 ORDER BY 1
SQL

    my @parts = map { "SELECT '$_', md5(string_agg(t::text, '|'"
                      . " ORDER BY t::text)) FROM $_ t" } @$tables;
    push @parts, "SELECT 'session', md5(string_agg(ROW(tenant, token_hash,"
        . ' subject, role, institution, created_at, expires_at)::text,'
        . " '|' ORDER BY token_hash)) FROM pupil.session"
        if $dbh->selectrow_array("SELECT to_regclass('pupil.session')");
    return "SELECT string_agg(name || coalesce(sum, '-'), ' ' ORDER BY name)"
        . ' FROM (' . join(' UNION ALL ', @parts) . ') AS x (name, sum)';
}

sub audited ($self) {
    return $self->{site}->db
        ->selectrow_array('SELECT count(*) FROM pupil.audit_record'
            . " WHERE role IS DISTINCT FROM 'gateway'");     # its own numbers
}


sub fill ($self, $text, $mark) {
    return $text if !defined $text;
    my %name = (%{ $self->{name} }, mark => $mark, id => uuid());
    return $text =~ s{<(\w+)>}{
        $name{$1} // die "no name $1 for a case\n" }ger;
}


# The counters of /status: the first worker's, which is the only one.
sub counters ($self) {
    my $http = $self->{http}{status} //= $self->client;
    my $status = $http->get('/status')->json;
    my %count = %{ $status->{refused} };
    for my $endpoint (values %{ $status->{requests} }) {
        $count{$_} += $endpoint->{$_} for keys %$endpoint;
    }
    return \%count;
}

# What a refusal adds to them (I1: the malformed are counted).
sub counter_faults ($self, $before, $status, $slug, $want) {
    return if $want->{nginx};
    my %by = ('4xx' => 1, '5xx' => 0);
    $by{bad_request} = $status =~ /^(?:400|413|415|422)$/ ? 1 : 0;
    $by{unauthorized} = $status == 401 ? 1 : 0;
    $by{csrf} = $slug =~ /^(?:csrf|origin)$/ ? 1 : 0;

    my $after = $self->counters;
    return map { my $added = $after->{$_} - $before->{$_};
                 $added == $by{$_} ? () : "/status: $_ grew by $added" }
           sort keys %by;
}


# One request that must be refused.  $opt: body, type, header, chunked,
# csrf, cookies as Pupil::HTTP has them; raw: the bytes of the whole request;
# curl: by HTTP/2.  $want: field, rule, allow, audit (how many records it
# writes: 0), log (0: the mark may be in error.log), nginx (1: the answer is
# nginx's own page, from before a location was found), keep (0: the
# connection may end).
sub case ($self, $name, @case) {
    my ($res, @faults) = $self->faults(@case);
    my ($status, $slug) = @case[4, 5];

    Test::More::ok(!@faults, "$name: $status $slug")
        or Test::More::diag(join "\n", @faults, $res ? $res->text : ());
    return $res;
}

# The answer, and what is wrong with it or with what it did.
sub faults ($self, $who, $method, $path, $opt, $status, $slug, $want = {}) {
    my $mark = sprintf 'MARK%05dkram', ++$count;
    my $before = $self->{before} //= $self->digest;
    my $audited = $self->audited;
    my $counters = $self->counters;
    my $http = $self->{http}{$who} // die "who is $who?";

    my $res = eval { $self->request($http, $method, $path, $opt, $mark) };
    my @faults = $res ? $self->answer_faults($res, $method, $status, $slug,
                                             $want, $mark)
                      : ("no answer: $@");

    push @faults, $self->log_faults($mark, $want);
    my $written = $self->audited - $audited;
    push @faults, "$written audit records, not " . ($want->{audit} // 0)
        if $written != ($want->{audit} // 0);
    $self->{before} = $self->digest;
    push @faults, "the tables changed: " . changes($before, $self->{before})
        if $before ne $self->{before};
    push @faults, $self->counter_faults($counters, $status, $slug, $want);
    push @faults, $self->alive_faults($http, $who, $want);
    return $res, @faults;
}

sub changes ($before, $after) {
    my @old = split ' ', $before;
    return join ' ', grep { shift(@old) ne $_ } split ' ', $after;
}


sub request ($self, $http, $method, $path, $opt, $mark) {
    my %opt = %$opt;
    $opt{body} = $self->fill($opt{body}, $mark) if exists $opt{body};
    $opt{header} = { map { $_ => $self->fill($opt{header}{$_}, $mark) }
                     keys %{ $opt{header} } } if $opt{header};
    $path = $self->fill($path, $mark);

    if (defined(my $raw = delete $opt{raw})) {
        $http->connect;
        my $text = $self->fill($raw, $mark);
        my $cookie = join '; ', map { "$_=$http->{cookies}{$_}" }
                                sort keys %{ $http->cookies };
        my $csrf = $http->csrf // '';
        $text =~ s/\{cookie\}/$cookie/g;
        $text =~ s/\{csrf\}/$csrf/g;
        $http->send_raw($text);
        return $http->read_response($method) // die "connection ended\n";
    }
    return $http->curl($method, $path, %opt) if delete $opt{curl};
    return $http->request($method, $path, %opt);
}


sub answer_faults ($self, $res, $method, $status, $slug, $want, $mark) {
    my @faults;

    if ($want->{nginx}) {
        push @faults, 'status ' . $res->status . ", not $status"
            if $res->status != $status;

    } elsif ($method eq 'HEAD') {
        push @faults, 'status ' . $res->status . ", not $status"
            if $res->status != $status;
        push @faults, 'HEAD has a body' if $res->body ne '';
        push @faults, 'no problem document announced'
            if ($res->header('content-type') // '') !~ m{^application/problem};

    } else {
        push @faults, problem_faults($res, $status, $slug,
            map { exists $want->{$_} ? ($_ => $want->{$_}) : () }
            qw(field rule));
        my $doc = eval { $res->json } // {};
        push @faults, 'names no rule'
            if $status == 422 && !@{ $doc->{errors} // [] };
    }

    push @faults, 'Allow: ' . ($res->header('allow') // '') . ", not "
        . "$want->{allow}" if defined $want->{allow}
        && ($res->header('allow') // '') ne $want->{allow};
    push @faults, 'a cookie is set' if $res->headers('set-cookie');
    push @faults, 'the value is shown' if index($res->text, $mark) >= 0
        || index($res->body, $mark) >= 0;
    return @faults;
}


# Only what this case added to error.log.
sub log_faults ($self, $mark, $want) {
    my $log = $self->{nginx}->log_text;
    my $new = substr $log, $self->{seen};
    $self->{seen} = length $log;

    my @faults;
    push @faults, "the value is logged: $new"
        if ($want->{log} // 1) && index($new, $mark) >= 0;
    push @faults, "logged: $new" if $new =~ /\[(?:alert|emerg|crit)\]/;
    return @faults;
}


# The same workers, and the next good request is answered, on the same
# connection if it was kept.
sub alive_faults ($self, $http, $who, $want) {
    my @faults;
    my $workers = join ' ', $self->{nginx}->workers;

    push @faults, "workers $workers, not $self->{workers}"
        if $workers ne $self->{workers};
    $http->close if exists $want->{keep} && !$want->{keep};

    my $res = eval {
        $who eq 'anon' ? $http->get('/status/live')
                       : $http->get('/v1/session');
    };
    push @faults, 'the next good request: ' . ($res ? $res->text : $@)
        if !$res || $res->status != 200;
    $self->{seen} = length $self->{nginx}->log_text;
    return @faults;
}


# Many cases of one endpoint: rows of [name, body, status, field, rule].
sub bodies ($self, $who, $method, $path, @rows) {
    my %slug = (400 => 'malformed', 413 => 'too-large', 422 => 'invalid');
    for my $row (@rows) {
        my ($name, $body, $status, $field, $rule) = @$row;
        $self->case("$method $path, $name", $who, $method, $path,
            { body => $body }, $status, $slug{$status},
            { defined $field ? (field => $field) : (),
              defined $rule ? (rule => $rule) : () });
    }
}

1;
