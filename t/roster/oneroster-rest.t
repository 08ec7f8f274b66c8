#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# OneRoster by REST, versions 1.1 and 1.2: a server is asked for what a roster
# needs, page by page, before anything is written; pages that do not fit
# together, and what is not answered whole, change nothing; what is taken of an
# item, and refused, is as of the CSV files.

use lib 't/lib';
use utf8;
use Pupil::Test;
use Pupil::Roster;
use Pupil::OneRoster;
use Encode ();

my $site = pupil_up(schools => 1);
my $ca = test_ca();
my %plain = map { $_ => Pupil::OneRoster->new(version => $_) } qw(v1p1 v1p2);
my $plain = $plain{v1p1};
my $school;

sub fresh { $school = Pupil::Roster::tenant($site, 'rest ' . ++state $n) }

sub import ($peer, @options) {
    my $run = $school->ctl('import', 'oneroster-rest', $peer->url, '--json',
                           @options, $school->ctl_where);
    $run->{json} = eval { JSON::XS::decode_json($run->{out}) } // {};
    $run->{all} = $run->{out} . $run->{err};
    return $run;
}

# From a server without log-in, in one page.
sub imported ($world, @options) {
    $plain->tell($world);
    return import($plain, @options);
}

sub taken ($run, $name) {
    is $run->{code}, 0, $name or diag $run->{all};
}

sub live (@want) {
    is_deeply [Pupil::Roster::live($school)], \@want,
        'live: pupils, teachers, heads, in classes, teaching';
}
my @all = (12, 1, 1, 18, 2);

sub who ($login) { Pupil::Roster::person($school, "$login\@skola.example") }

sub refused ($run) {
    return [map { "$_->{file}:$_->{line}: $_->{reason}" }
            @{ $run->{json}{refused} }];
}

# A school, changed.
sub school ($change = sub { }, $version = 'v1p1') {
    my $world = Pupil::OneRoster::school($version);
    local $_ = $world;
    $change->();
    return $world;
}

sub now { POSIX::strftime('%Y-%m-%dT%H:%M:%SZ', gmtime) }


# ---- a school

for my $version (qw(v1p1 v1p2)) {
    subtest "a school, $version, by client credentials and TLS" => sub {
        fresh();
        my $peer = Pupil::OneRoster->new(tls => 1, login => 'oauth',
                                         version => $version);
        my $file = spew(tmp_dir() . "/credentials-$version",
            JSON::XS::encode_json({ token_url => $peer->token_url,
                client_id => 'pupil test', client_secret => 's:cret/1',
                scope => 'ss12000 read' }), 0600);
        my @how = ('--ca', $ca->{ca}, '--limit', 5, '--credentials', $file);
        $peer->tell(school(sub { }, $version));

        my $run = import($peer, @how);
        taken($run, 'it is taken');
        live(@all);
        is_deeply refused($run), [], 'nothing is refused';
        is who('elev01'), 'pupil 1, in pupil 2', 'a pupil';
        is who('tina'), 'teacher 1, in teacher 2', 'a teacher';
        is who('rut'), 'school_admin 1', 'a head';
        is who($_), 'nobody', "not $_" for qw(xena vera);
        is $run->{json}{users}{not_taken}, 2, 'an aide and a guardian';
        unlike $run->{all}, qr/20130101|07012|Mellan|Elev0|token-|cret/,
            'no value is shown';

        my @asked = grep { $_->[0] ne '/token' } $peer->asked;
        is_deeply [map { "$_->[0] $_->[1]{offset}" }
                   grep { $_->[0] =~ /orgs|users/ } @asked],
            ['orgs 0', map { "users $_" } 0, 5, 10, 15], 'page by page';
        my %fields = map { ($_->[0] => $_->[1]{fields}) } @asked;
        is_deeply [sort keys %fields],
            [qw(academicSessions classes enrollments orgs users)],
            'courses and demographics are not asked for';
        unlike join(',', values %fields),
            qr/phone|sms|middle|agents|password|grades|Identifier|userIds/,
            'nor is what is not needed of anybody';
        is_deeply [grep { $_->[2]{authorization} ne 'Bearer token-1' } @asked],
            [], 'one token is enough';

        taken($run = import($peer, @how), 'once more');
        is $run->{json}{$_}{changed}, 0, "no change of $_"
            for qw(institutions classes users roles enrolments);

        $peer->faults(users => [{}, { status => 401 }]);
        taken(import($peer, @how), 'a token that is over half way');
        $peer->faults(users => [({ status => 401 }) x 2]);
        is import($peer, @how)->{code}, 1, 'and is asked for anew once';
        is $school->ctl('import', 'oneroster-rest', $peer->url,
                        $school->ctl_where)->{code}, 1,
            'an authority that is not known';
    };
}

subtest 'a server that sends more than it was asked for' => sub {
    fresh();
    my $peer = Pupil::OneRoster->new(whole => 1);
    $peer->tell(school(sub {
        $_->{users}[0]{Annabella} = 'x';
        $_->{users}[1]{metadata} = { hobby => 'Annabella' } }));
    my $run = import($peer);
    taken($run, 'it is taken');
    live(@all);
    my %values = map { ("$_->{file} $_->{column}" => $_->{values}) }
        @{ $run->{json}{columns_not_taken} };
    is $values{'users phone'}, 16, 'what is not taken is counted';
    is $values{"users $_"}, 1, "so is $_" for qw(another metadata);
    unlike $run->{all}, qr/0701|Mellan|Annabella|hobby/, 'and not shown';
};

subtest 'the same roster as CSV' => sub {
    fresh();
    taken(imported(school()), 'by REST');
    my $dir = tmp_dir() . '/csv';
    mkdir $dir or die "$!\n";
    my $world = school();
    my %columns = (
        orgs => [qw(sourcedId status dateLastModified name type)],
        academicSessions => [qw(sourcedId status dateLastModified title type
            startDate endDate)],
        classes => [qw(sourcedId status dateLastModified title classType
            schoolSourcedId termSourcedIds)],
        users => [qw(sourcedId status dateLastModified enabledUser
            orgSourcedIds role username givenName familyName email)],
        enrollments => [qw(sourcedId status dateLastModified classSourcedId
            schoolSourcedId userSourcedId role)]);
    for my $name (keys %columns) {
        spew("$dir/$name.csv", Encode::encode('UTF-8', join '', map { "$_\n" }
            join(',', @{ $columns{$name} }), map { my $item = $_;
                join ',', map { /^(\w+)SourcedId$/ ? $item->{$1}{sourcedId}
                    : /^(\w+)SourcedIds$/ ? $item->{"$1s"}[0]{sourcedId}
                    : $item->{$_} } @{ $columns{$name} } } @{ $world->{$name} }));
    }
    my $run = $school->ctl('import', 'oneroster', $dir, '--json', '--source',
                           'oneroster', $school->ctl_where);
    is $run->{code}, 0, 'of files' or diag $run->{err};
    my $json = JSON::XS::decode_json($run->{out});
    is $json->{$_}{changed}, 0, "no change of $_"
        for qw(institutions classes users roles enrolments);
};


# ---- pages

subtest 'what says how many there are' => sub {
    for my $case (['X-Total-Count alone', link => 0],
                  ['Link alone', total => 0],
                  ['neither', total => 0, link => 0],
                  ['fewer a page than asked for', most => 2],
                  ['fewer, and neither', most => 2, total => 0, link => 0])
    {
        my ($name, @how) = @$case;
        fresh();
        my $peer = Pupil::OneRoster->new(@how);
        $peer->tell(school());
        taken(import($peer, '--limit', 5), $name);
        live(@all);
    }
};

subtest 'pages that do not fit together change nothing' => sub {
    fresh();
    taken(imported(school()), 'a school');
    my $gone = school(sub { splice @{ $_->{users} }, 0, 3 });
    my $loose = Pupil::OneRoster->new(total => 0);

    for my $fault (
        ['a page that repeats', { from => 0 }, qr/what was there before/],
        ['one that overlaps', { from => 4 }, qr/what was there before/],
        ['one that is empty', { from => 99 }, qr/is empty, and there are more/],
        ['a total that grows', { total => 20 }, qr/not that of the first/],
        ['one that shrinks', { total => 6 }, qr/not that of the first/],
        ['one that is gone', { total => undef }, qr/not that of the first/],
        ['one that is no number', { total => '13x' }, qr/is no number/],
        ['a negative one', { total => -1 }, qr/is no number/],
        ['one without end', { total => '9' x 30 }, qr/is no number/])
    {
        my ($name, $what, $says) = @$fault;
        $plain->tell($gone);
        $plain->faults(users => [{}, $what]);
        my $run = import($plain, '--limit', 5, '--close-absent',
                         '--confirm-removal');
        is $run->{code}, 1, $name or diag $run->{all};
        like $run->{err}, qr/GET users, page 2: .*$says/, 'is said';
        unlike $run->{all}, qr/Elev|elev|13x/, 'and not what it said';
    }

    $plain->tell($gone);
    $plain->faults(users => [{ total => 3 }]);
    like import($plain, '--limit', 5)->{err},
        qr/more than X-Total-Count says/, 'a total that is too small';

    $loose->tell($gone);
    my $away = 'http://127.0.0.1:1/ims/oneroster/v1p1/users?offset=5';
    $loose->faults(users => [({ from => 0, link => "<$away>; rel=next" }) x 9]);
    like import($loose, '--limit', 5, '--source', 'oneroster')->{err},
        qr/page 2: has what was there before/,
        'a link without end, whose address is not asked';
    live(@all);
};

subtest 'what is not answered whole changes nothing' => sub {
    fresh();
    taken(imported(school()), 'a school');
    my $gone = school(sub { splice @{ $_->{users} }, 0, 3 });
    for my $fault (
        ['a refusal', { status => 401 }, qr/status 401/],
        ['another', { status => 403 }, qr/status 403/],
        ['nothing there', { status => 404 }, qr/status 404/],
        ['a failure', { status => 500 }, qr/status 500/],
        ['a redirect', { status => 302, head => {
            Location => 'http://127.0.0.1/' } }, qr/status 302/],
        ['a wait that is too long', { status => 429, head => {
            'Retry-After' => 3600 } }, qr/asked again in 3600/],
        ['a body that was cut', { cut => 100 }, qr/GET users: /],
        ['no JSON', { body => '{"users":[{"givenName":"Elev' },
         qr/no JSON, or was cut/],
        ['a list', { body => '[]' }, qr/has no data/],
        ['another list', { body => '{"orgs":[]}' }, qr/has no data/],
        ['a page that is too large', { body => ' ' x (65 << 20) },
         qr/larger than/])
    {
        my ($name, $what, $says) = @$fault;
        $plain->tell($gone);
        $plain->faults(users => [{}, $what]);
        my $run = import($plain, '--limit', 5, '--close-absent',
                         '--confirm-removal');
        is $run->{code}, 1, $name or diag $run->{all};
        like $run->{err}, $says, 'is said';
        unlike $run->{all}, qr/Elev|elev|givenName/, 'and not what it said';
    }
    $plain->tell(school());
    $plain->faults(users => [{}, { status => 429, head => {
        'Retry-After' => 1 } }]);
    taken(import($plain, '--limit', 5), 'who asks for patience is asked again');

    is imported({ map { ($_ => []) } keys %{ school() } }, '--close-absent')
        ->{code}, 3, 'a source that is empty is held';
    is imported(school(sub { @{ $_->{users} } = () }), '--close-absent')
        ->{code}, 3, 'and one without people';
    live(@all);

    for my $url ('http://127.0.0.1:1/ims/oneroster', 'https://sis.example/v1p3',
                 'http://sis.example/v1p1', 'https://a:b@sis.example/v1p1')
    {
        is $school->ctl('import', 'oneroster-rest', $url, $school->ctl_where)
            ->{code}, 1, "not of $url";
    }
};


# ---- what is not understood

my @odd = (
    ['no id', sub { delete $_->{users}[11]{sourcedId} },
     ['users:12: its id is empty, longer than 255 bytes or no UTF-8',
      'enrollments:12: its user is not in the roster']],
    ['a name that is none', sub { $_->{users}[2]{givenName} = ['Elev'] },
     ['users:3: its givenName is no text']],
    ['a status that nobody knows', sub { $_->{users}[2]{status} = 'Elev' },
     ['users:3: its status is none that is known']],
    ['enabled by a number', sub { $_->{users}[2]{enabledUser} = 1 },
     ['users:3: its enabledUser is no text']],
    ['a protected identity', sub {
        $_->{users}[2]{metadata} = { 'se.skyddadIdentitet' =>
                                     JSON::XS::true() } },
     ['users:3: its identity is protected: such a person is added by hand']],
    ['a school that nobody knows', sub {
        push @{ $_->{users}[2]{orgs} },
            Pupil::OneRoster::ref_to('org', 'o9') },
     ['roles:3: its institution is not in the roster']],
    ['a class of no school', sub { delete $_->{classes}[1]{school} },
     ['classes:2: its institution is not in the roster']],
    ['terms that are no list', sub { $_->{classes}[1]{terms} = 't1' },
     ['classes:2: its terms is no list']],
    ['a term that is none', sub { $_->{classes}[1]{terms} = ['t1'] },
     ['classes:2: its terms have one without an id, or with one of a comma']],
    ['an enrollment of nobody', sub { delete $_->{enrollments}[0]{user} },
     ['enrollments:1: its user.sourcedId is missing']],
    ['an enrollment without a role', sub {
        delete $_->{enrollments}[0]{role} },
     ['enrollments:1: its role is missing']],
    ['an enrollment of no class', sub { delete $_->{enrollments}[0]{class} },
     ['enrollments:1: its class.sourcedId is missing']],
    ['a role at no school', sub { $_->{users}[2]{orgs} = [{}] },
     ['roles:3: its org.sourcedId is no text',
      'users:3: has a role that is not understood']],
    ['a role that is no text', sub { $_->{enrollments}[0]{role} = 1 },
     ['enrollments:1: its role is no text']],
    ['a day with a time', sub {
        $_->{enrollments}[0]{endDate} = '2026-10-15T00:00:00.000Z' },
     ['enrollments:1: its endDate is no date']],
    ['a user who is none', sub { $_->{users}[11] = 'Elev' },
     ['users:12: its id is empty, longer than 255 bytes or no UTF-8',
      'enrollments:12: its user is not in the roster']],
);

subtest 'what is not understood is refused by item, and keeps what was there'
    => sub {
    fresh();
    taken(imported(school()), 'a school');
    for my $odd (@odd) {
        my ($name, $change, $want) = @$odd;
        my $run = imported(school($change), '--close-absent',
                           '--confirm-removal');
        is $run->{code}, 0, $name or diag $run->{all};
        is_deeply [sort @{ refused($run) }], [sort @$want], 'what is refused'
            or diag $run->{all};
        unlike $run->{all}, qr/Elev|elev|skyddad/, 'and no value is shown';
        is $run->{json}{ended}{$_}, 0, "no $_ ended" for qw(roles enrolments);
    }
    live(@all);
};

subtest 'one id twice gives nobody another\'s role' => sub {
    fresh();
    my $run = imported(school(sub {
        $_->{users}[1] = Pupil::OneRoster::user('v1p1', 'elev01', 'teacher')
    }));
    is_deeply refused($run), ['users:2: its id is there already, in line 1',
        'enrollments:2: its user is not in the roster',
        'enrollments:14: its user is not in the roster'], 'it is refused';
    is who('elev01'), 'pupil 1, in pupil 2', 'and the first one counts';
};


# ---- who leaves

subtest 'who is to be deleted leaves, and who is absent with --close-absent'
    => sub {
    fresh();
    taken(imported(school()), 'a school');
    my $run = imported(school(sub {
        $_->{users}[0]{status} = 'tobedeleted';
        $_->{users}[7]{enabledUser} = JSON::XS::false();
        $_->{enrollments}[2]{status} = 'tobedeleted';
        splice @{ $_->{users} }, 3, 1;
    }));
    taken($run, 'two leave, and one is absent');
    is who($_), 'no role', "$_ is gone" for qw(elev01 elev08);
    is who('elev03'), 'pupil 1, in pupil 1', 'one of a class alone';
    is who('elev04'), 'pupil 1, in pupil 2', 'who is absent stays';
    is $run->{json}{closed}, 2, 'two accounts are closed';
};


# ---- what has changed since

subtest 'the last good run' => sub {
    fresh();
    my $state = tmp_dir() . '/state';
    my @how = ('--state', $state);
    taken(imported(school(), @how), 'the first time');
    my $run = imported(school(), @how);
    taken($run, 'nothing has changed');
    ok $run->{json}{unchanged_since}, 'which it says';
    is_deeply [map { "$_->[0] $_->[1]{fields}" } $plain->asked],
        [map { "$_ sourcedId" } qw(orgs academicSessions classes users
         enrollments)], 'one question each, of no person\'s data';

    $run = imported(school(sub {
        $_->{users}[0]{dateLastModified} = now();
        $_->{users}[0]{status} = 'tobedeleted' }), @how);
    taken($run, 'one is to be deleted');
    is who('elev01'), 'no role', 'and leaves';

    my $before = slurp($state);
    $plain->faults(users => [{}, { status => 500 }]);
    is import($plain, @how)->{code}, 1, 'a run that fails';
    is slurp($state), $before, 'was not good';
    is $school->ctl('import', 'oneroster-rest', $plain{v1p2}->url, @how,
                    $school->ctl_where)->{code}, 1,
        'the state of another server';
};

subtest 'by a timer' => sub {
    fresh();
    my $conf = tmp_dir() . '/sync.conf';
    spew($conf, join "\n", 'source = skola', 'kind = oneroster-rest',
         'from = ' . $plain->url, 'state = ' . tmp_dir() . '/sync-state',
         'limit = 5', '');
    my $sync = sub { $school->ctl('sync', $conf, '--json',
                                  $school->ctl_where) };
    my $good = sub { $school->db->selectrow_array('SELECT good_at FROM'
        . ' pupil.source WHERE tenant = ?', {}, $school->tenant) };
    $plain->tell(school());
    my $run = $sync->();
    is $run->{code}, 0, 'a roster' or diag $run->{err};
    live(@all);
    $school->db->do("UPDATE pupil.source SET good_at = now() - interval '5"
        . " hours' WHERE tenant = ?", {}, $school->tenant);
    my $before = $good->();
    $run = $sync->();
    is $run->{code}, 0, 'the same again' or diag $run->{err};
    like $run->{out}, qr/unchanged_since/, 'is not fetched';
    isnt $good->(), $before, 'and is known to be good';
};

done_testing;
