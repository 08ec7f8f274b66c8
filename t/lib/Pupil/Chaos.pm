package Pupil::Chaos;

# Load from several processes, each a pupil of one class, and the books that
# are kept about it: what was acknowledged, what was not, and what came back
# that belonged to somebody else.
#
#     my $chaos = Pupil::Chaos->new(pupils => 4, workers => 2);
#     my $load = $chaos->start;
#     ... something happens ...
#     my $report = $chaos->end($load);
#     $chaos->settled($report, 'a reload');
#
# In $report: statuses (status => how often; 0: the connection ended without
# an answer), acked and open (id => [who, answer]), faults (texts).

use v5.36;

use JSON::XS ();
use POSIX ();
use Pupil::Clock;
use Pupil::Test;
use Test::More ();
use Time::HiRes qw(sleep time);

my $DATA = root_dir() . '/docs/quickstart/data/sds-100-users';


# Options: pupils (how many), slow (1: nginx gives up that much later, as
# Pupil::Clock says), and those of Pupil::Site::nginx.
sub new ($class, %opt) {
    my $pupils = delete $opt{pupils} // 4;
    my $slow = delete $opt{slow};
    my $site = pupil_up(import => 1);
    my $self = bless { site => $site, runs => 0 }, $class;

    $self->{nginx} = $site->nginx(workers => 2, log_level => 'notice',
                                  %opt);
    $self->{nginx}->by(Pupil::Clock->new(slow => $slow)) if $slow;
    $self->{nginx}->start;
    my @logins = class_of_pupils($pupils);
    $self->{teacher} = $self->person('CBeane');
    $self->{pupils} = [map { $self->person($_) } @logins];
    $self->assign;
    return $self;
}

sub site ($self) { $self->{site} }
sub nginx ($self) { $self->{nginx} }
sub pupils ($self) { @{ $self->{pupils} } }


# The first pupils of section 11001, which CBeane teaches.
sub class_of_pupils ($count) {
    my %login = slurp("$DATA/Student.csv")
        =~ /^(\d+),[^,]*,[^,]*,[^,]*,([^,]+),/mg;
    my @ids = slurp("$DATA/StudentEnrollment.csv") =~ /^11001,(\d+)/mg;
    return map { $login{$_} } @ids[0 .. $count - 1];
}


# Somebody who is logged in: id, login, name, cookies, csrf.
sub person ($self, $login) {
    my $person = $self->{site}->person($login);
    my $http = $self->{nginx}->http;
    my $res = $http->enter(@$person{qw(login password)});
    $res->status == 200 or die "log-in of $login: ", $res->text;
    return { %$person, cookies => $http->cookies, csrf => $http->csrf,
             name => $res->json->{user}{display_name} };
}

sub client ($self, $person, %opt) {
    my $http = $self->{nginx}->http(timeout => 120, %opt);
    $http->{cookies} = { %{ $person->{cookies} } };
    $http->csrf($person->{csrf});
    return $http;
}


sub assign ($self) {
    my $teacher = $self->client($self->{teacher});
    my $pupil = $self->client($self->{pupils}[0]);
    my @of = map { my $res = $_->get('/v1/data/enrolment');
                   $res->status == 200 or die $res->text;
                   +{ map { ($_->{class_id} // '') => 1 }
                      @{ $res->json->{records} } } } $teacher, $pupil;
    my ($class) = grep { $of[1]{$_} } sort keys %{ $of[0] };
    my $res = $teacher->post('/v1/homework', json => {
        class_id => $class, title => 'Storm',
        due_at => POSIX::strftime('%Y-%m-%dT00:00:00Z',
                                  gmtime(time + 86400 * 9)),
        exercises => [map { { title => "E$_", max_score => 9 } } 1 .. 3] });
    $res->status == 201 or die 'homework: ', $res->text;
    $self->{homework} = $res->json;
}

sub submission ($self, $person, $answer, $n = 0) {
    return { id => uuid(), homework_id => $self->{homework}{id},
             exercise_id => $self->{homework}{exercises}[$n % 3]{id},
             answer => $answer, score => { raw => $n % 10, max => 9 } };
}


# ---- load

# Starts a process for each pupil and one for the teacher.
sub start ($self) {
    my $run = ++$self->{runs};
    my $dir = tmp_dir() . "/load$run";
    mkdir $dir or die "$dir: $!\n";

    my @who = (@{ $self->{pupils} }, $self->{teacher});
    my @pids = map { my $person = $_; $self->fork_one(sub {
        my $report = $self->act($person, "$dir/stop");
        spew("$dir/report.$person->{login}",
             JSON::XS->new->utf8->encode($report));
    }) } @who;
    return { dir => $dir, pids => \@pids, stored => $self->stored };
}

sub stored ($self) {
    return $self->{site}->db->selectrow_array('SELECT count(*) FROM'
                                              . ' data.progress');
}

# Waits until pupils have stored some.
sub worked ($self, $load, $many = 12) {
    eval { wait_until(60, 'pupils to work', sub {
        $self->stored >= $load->{stored} + $many }) };
    return $self;
}

# A process of ours that runs $code and ends.
sub fork_one ($self, $code) {
    my $pid = fork // die "fork: $!\n";
    return $pid if $pid;
    open my $random, '<:raw', '/dev/urandom' or die "/dev/urandom: $!\n";
    sysread $random, my $seed, 4;
    srand unpack 'L', $seed;        # ids are of this process alone
    my $done = eval { $code->(); 1 };
    print STDERR "# a process of the load died: $@" if !$done;
    POSIX::_exit($done ? 0 : 1);
}

sub end ($self, $load) {
    spew("$load->{dir}/stop", '');
    my %sum = (statuses => {}, acked => {}, open => {}, faults => [],
               slowest => 0);

    for my $pid (@{ $load->{pids} }) {
        process_ends($pid, 60) && $? == 0
            or push @{ $sum{faults} }, "process $pid did not end well: $?";
    }
    for my $file (glob "$load->{dir}/report.*") {
        my $one = JSON::XS->new->utf8->decode(slurp($file));
        $sum{statuses}{$_} += $one->{statuses}{$_}
            for keys %{ $one->{statuses} };
        $sum{late} += $one->{late} // 0;
        %{ $sum{$_} } = (%{ $sum{$_} }, %{ $one->{$_} }) for qw(acked open);
        push @{ $sum{faults} }, @{ $one->{faults} };
        $sum{slowest} = $one->{slowest} if $one->{slowest} > $sum{slowest};
    }
    return \%sum;
}

# Which statuses are errors where workers are replaced: all but answers,
# connections that were cut, and reads that a new one has held for too long to
# know that nothing was revoked.
sub errors ($self, $report) {
    return join ' ', grep { !/^(?:200|201|0)$/ && !($_ == 503
        && $report->{statuses}{503} <= ($report->{late} // 0)) }
        sort keys %{ $report->{statuses} };
}


# What one person does until the file $stop is there.
sub act ($self, $person, $stop) {
    my $teacher = $person == $self->{teacher};
    my %report = (statuses => {}, acked => {}, open => {}, faults => [],
                  slowest => 0);
    my $http = $self->client($person);
    my @reads = $teacher ? qw(overview session list)
                         : qw(session identity history list);

    for (my $n = 0; !-e $stop; $n++) {
        $self->submit($http, $person, \%report, $n) if !$teacher;
        my $read = $reads[$n % @reads];
        my $res = $self->ask(\%report, $http, GET => $self->path($read));
        if ($res->status == 200) {
            my $fault = eval { $self->foreign($read, $person, $res->json) }
                        // "$read: $@";
            push @{ $report{faults} }, "$person->{login}: $fault" if $fault;
        }
        last if @{ $report{faults} } > 20;
        sleep $res->status == 503 || $res->status == 0 ? 0.05 : 0.005;
    }
    return \%report;
}

sub path ($self, $read) {
    my $homework = "/v1/homework/$self->{homework}{id}";
    return { session => '/v1/session', identity => '/v1/data/identity',
             history => '/v1/progress?limit=20', list => '/v1/homework',
             overview => "$homework/progress" }->{$read};
}


# A new submission, one that is open again, or one that is known again.
sub submit ($self, $http, $person, $report, $n) {
    my ($open) = keys %{ $report->{open} };
    my ($acked) = keys %{ $report->{acked} };
    my $again = $n % 3 == 1 && $open ? $report->{open}{$open}
              : $n % 7 == 5 && $acked ? $report->{acked}{$acked} : undef;
    my $item = $again ? $again->[1]
             : $self->submission($person, "$person->{login} wrote $n", $n);
    my $known = $again && $report->{acked}{ $item->{id} };
    my $res = $self->ask($report, $http, POST => '/v1/progress',
                         json => $item);
    my $status = $res->status;

    if ($status == 200 || $status == 201) {
        push @{ $report->{faults} }, "$person->{login}: $status for a "
            . 'submission that is ' . ($known ? 'known' : 'new')
            if $known && $status == 201 || !$again && $status == 200;
        push @{ $report->{faults} }, "$person->{login}: the answer is about "
            . ($res->json->{id} // 'none') if ($res->json->{id} // '')
            ne $item->{id};
        delete $report->{open}{ $item->{id} };
        $report->{acked}{ $item->{id} } = [$person->{id}, $item];

    } elsif (!$known) {
        $report->{open}{ $item->{id} } = [$person->{id}, $item];
    }
}


# One request, once.  503 is a problem with Retry-After; other errors are none
# of what an outage excuses.  A read that was under way for half a second as its
# worker began to hear of revocations is to come again (I18): how many may be
# such is in late.
sub ask ($self, $report, $http, $method, $path, %opt) {
    my $start = time;
    my $res = eval { $http->request($method, $path, %opt, once => 1) };
    if (!$res) {
        push @{ $report->{faults} }, "$method $path: $@" if $@ =~ /^timeout/;
        $http->close;
        $res = Pupil::HTTP::Response->none;
    }
    my $took = time - $start;
    $report->{slowest} = $took if $took > $report->{slowest};

    my $status = $res->status;
    $report->{statuses}{$status}++;
    $report->{late}++ if $status == 503 && $method eq 'GET' && $took > 0.5;
    if ($status == 503) {
        my $slug = $res->body =~ /problem:busy"/ ? 'busy' : 'unavailable';
        push @{ $report->{faults} }, map { "$method $path 503: $_" }
            problem_faults($res, 503, $slug);
    } elsif ($status && $status != 200 && $status != 201) {
        push @{ $report->{faults} }, "$method $path: " . $res->text;
    }
    return $res;
}


# I12: '' when what came back is this person's own, else what is not.
sub foreign ($self, $read, $person, $data) {
    if ($read eq 'session') {
        return $data->{user}{id} eq $person->{id}
               && $data->{user}{display_name} eq $person->{name}
               && $data->{session}{csrf_token} eq $person->{csrf} ? ''
               : 'the session of ' . json_of($data->{user});
    }
    if ($read eq 'identity') {
        my $names = join ' ', map { $_->{given_name}, $_->{family_name} }
                              @{ $data->{records} };
        return $data->{subject} eq $person->{id} && $names eq $person->{name}
               ? '' : "the name of $names";
    }
    if ($read eq 'history') {
        my @others = grep { $_->{answer} !~ /^\Q$person->{login}\E wrote / }
                     @{ $data->{submissions} };
        return @others ? 'the answer of another: ' . json_of(\@others) : '';
    }
    if ($read eq 'overview') {
        my %name = map { $_->{id} => $_->{name} } $self->pupils;
        my @others = grep { exists $name{ $_->{id} }
                            && $_->{display_name} ne $name{ $_->{id} } }
                     @{ $data->{pupils} };
        my $known = grep { exists $name{ $_->{id} } } @{ $data->{pupils} };
        return @others ? 'names of others: ' . json_of(\@others)
               : $known == keys %name ? '' : "only $known pupils";
    }
    my ($mine) = grep { $_->{id} eq $self->{homework}{id} }
                 @{ $data->{homework} };
    my $side = $person == $self->{teacher} ? 'summary' : 'progress';
    return !$mine || $mine->{title} ne 'Storm' || !$mine->{$side}
           ? 'not our homework: ' . json_of($data) : '';
}


# ---- the books

# Tests after a load: what was acknowledged is stored once, what was not can
# be sent again, each write has its audit record, nobody saw another's.
sub settled ($self, $report, $name) {
    my $books = $self->books($report);
    my $open = keys %{ $report->{open} };
    my $acked = keys %{ $report->{acked} };

    Test::More::is(some(@{ $report->{faults} }), '',
        "$name: no answer was wrong or another's (I12)");
    Test::More::is(some(@{ $books->{lost} }), '',
        "$name: none of $acked acknowledged is lost (I2)");
    Test::More::is(some(@{ $books->{twice} }), '',
        "$name: none is stored twice, or as another's (I15)");
    Test::More::is(some($self->send_again($report, $books->{stored})), '',
        "$name: $open that were open can be sent again (I15)");
    Test::More::is($self->unaudited, 0,
        "$name: each write has an audit record of its transaction (I2)");
    Test::More::is($self->doubled, 0, "$name: one submission of each exercise"
                   . ' counts');
}

sub some (@list) { join "\n", @list[0 .. ($#list < 5 ? $#list : 5)] }

sub books ($self, $report) {
    my %stored = map { $_->[0] => $_ } @{ $self->{site}->db
        ->selectall_arrayref('SELECT record, count(*), min(owner::text)'
                             . ' FROM data.progress GROUP BY record') };
    my $acked = $report->{acked};
    return {
        stored => \%stored,
        lost => [grep { !$stored{$_} } sort keys %$acked],
        twice => [grep { $stored{$_} && ($stored{$_}[1] != 1
                         || $stored{$_}[2] ne $acked->{$_}[0]) }
                  sort keys %$acked],
    };
}

sub send_again ($self, $report, $stored) {
    my %person = map { $_->{id} => $_ } $self->pupils;
    my (%http, @bad);
    for my $id (sort keys %{ $report->{open} }) {
        my ($who, $item) = @{ $report->{open}{$id} };
        $http{$who} //= $self->client($person{$who});
        my $want = $stored->{$id} ? 200 : 201;
        my $res = $http{$who}->post('/v1/progress', json => $item);
        push @bad, "$id: " . $res->status . ", not $want"
            if $res->status != $want;
    }
    return @bad;
}

sub unaudited ($self) {
    return $self->{site}->db->selectrow_array(<<'SQL');
SELECT count(*) FROM data.progress
 WHERE xmin::text NOT IN (SELECT xmin::text FROM pupil.audit_record)
SQL
}

sub doubled ($self) {
    return $self->{site}->db->selectrow_array(<<'SQL');
SELECT count(*) FROM (SELECT FROM data.progress WHERE NOT superseded
 GROUP BY tenant, owner, homework_id, exercise_id HAVING count(*) <> 1) AS x
SQL
}


# ---- workers

# Serves again by itself: a pupil's page is answered.
sub recovers ($self, $seconds, $name) {
    my $start = time;
    my $http = $self->client($self->{pupils}[0]);
    my $ok = eval { wait_until($seconds, 'an answer', sub {
        my $res = eval { $http->get('/v1/homework') };
        $http->close if !$res;
        return $res && $res->status == 200;
    }) };
    Test::More::ok($ok, sprintf '%s: serves again by itself, after %.1f s',
                   $name, time - $start);
}


# Descriptors and memory of the workers against what they were: within 4
# descriptors and $kib KiB a worker (memory is not looked at under sanitizers,
# which keep what was freed); and nothing is under way any more.
sub measure ($self) { [$self->{nginx}->fds, $self->{nginx}->rss] }

# What many needed at one time stays with the allocator until something else is
# freed: where it is more than before, again->() does the same once more, up to
# three times, and what is there then is what the next is measured by.  A leak
# grows each time.
sub flat ($self, $before, $name, $kib = 6144, $again = undef) {
    my $workers = $self->{nginx}{workers};
    for (1 .. ($again ? 3 : 0)) {
        my $now = $self->measure;
        last if $now->[1] <= $before->[1] + $kib * $workers;
        $before = [$before->[0], $now->[1]];
        $again->();
    }
    my $fds = $before->[0] + 4 * $workers;
    my $now;
    my $ok = eval { wait_until(60, 'descriptors', sub {
        $now = $self->measure;
        return $now->[0] <= $fds
               && (my @all = $self->{nginx}->workers) == $workers;
    }) };
    Test::More::ok($ok, "$name: descriptors $before->[0], then $now->[0]");

    SKIP: {
        Test::More::skip('built with sanitizers', 1)
            if $ENV{PUPIL_SANITIZE};
        Test::More::cmp_ok($now->[1], '<=', $before->[1] + $kib * $workers,
            "$name: memory $before->[1] KiB, then $now->[1] KiB");
    }
    Test::More::is($self->under_way, '', "$name: nothing is under way, no"
                   . ' result was taken for another');
}

# What the counters of all workers say that should be zero.
sub under_way ($self) {
    my (%seen, @left);
    for (1 .. 60) {
        my $status = $self->{nginx}->http->get('/status')->json;
        @left = map { my $database = $_;
            map { $status->{$database}{$_} ? "$database.$_ is "
                  . $status->{$database}{$_} : () }
            qw(in_flight queued mismatches) } qw(database_data database_keys);
        $seen{ $status->{worker}{pid} } = "@left";
        return '' if keys %seen >= $self->{nginx}{workers}
                     && !grep { $_ ne '' } values %seen;
        sleep 0.05;
    }
    return join '; ', map { "$_: $seen{$_}" } sort keys %seen;
}


# Lines of error.log since the mark that match, by the worker that wrote them.
sub mark ($self) { $self->{mark} = length $self->{nginx}->log_text }

sub lines ($self, $pattern) {
    my %count;
    for (split /\n/, substr $self->{nginx}->log_text, $self->{mark} // 0) {
        $count{$1}++ if /$pattern/ && / \[\w+\] (\d+)#/;
    }
    return \%count;
}

1;
