#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# SS 12000: a server is asked for all that it has, page by page, before
# anything is written; what it does not answer whole changes nothing, what it
# says that is not understood is refused by endpoint and item, and nothing but
# what a roster needs is kept or shown.

use lib 't/lib';
use utf8;
use Pupil::Test;
use Pupil::Roster;
use Pupil::Ss12000;
use Time::HiRes qw(time);

my $site = pupil_up(schools => 1);
my $ca = test_ca();
my $plain = Pupil::Ss12000->new;
my ($peer, $school);

sub fresh { $school = Pupil::Roster::tenant($site, 'ss12000 ' . ++state $n) }

sub credentials ($text, $mode = 0600) {
    return spew(tmp_dir() . '/credentials' . ++state $n, $text, $mode);
}

sub import ($peer, @options) {
    my $run = $school->ctl('import', 'ss12000', $peer->url, '--json',
                           @options, $school->ctl_where);
    $run->{json} = eval { JSON::XS::decode_json($run->{out}) } // {};
    $run->{all} = $run->{out} . $run->{err};
    return $run;
}

# From a server without log-in, ten a page.
sub imported ($world, @options) {
    $plain->tell($world);
    return import($plain, '--limit', 10, @options);
}

sub taken ($run, $name) {
    is $run->{code}, 0, $name or diag $run->{all};
}

sub live (@want) {
    is_deeply [Pupil::Roster::live($school)], \@want,
        'live: pupils, teachers, heads, in classes, teaching';
}
my @all = (12, 1, 1, 18, 2);

sub who ($login) { Pupil::Roster::person($school, $login) }

sub refused ($run) {
    return [map { "$_->{file}:$_->{line}: $_->{reason}" }
            @{ $run->{json}{refused} }];
}

# A school, changed.
sub school ($change = sub { }) {
    my $world = Pupil::Ss12000::school();
    local $_ = $world;
    $change->();
    return $world;
}

sub day ($days) { POSIX::strftime('%Y-%m-%d', gmtime(time + 86_400 * $days)) }
sub now ($seconds = 0) {
    return POSIX::strftime('%Y-%m-%dT%H:%M:%SZ', gmtime(time + $seconds));
}



# ---- a school

subtest 'a school, by client credentials and TLS' => sub {
    fresh();
    $peer = Pupil::Ss12000->new(tls => 1, login => 'oauth');
    my %login = (token_url => $peer->token_url, client_id => 'pupil test',
                 client_secret => 's:cret/1', scope => 'ss12000 read');
    my @how = ('--ca', $ca->{ca}, '--limit', 5, '--credentials');
    my $file = credentials(JSON::XS::encode_json(\%login));

    $peer->tell(school());
    my $run = import($peer, @how, $file);
    taken($run, 'it is taken');
    live(@all);
    is_deeply refused($run), [], 'nothing is refused';
    is who('elev1@skola.example'), 'pupil 1, in pupil 2', 'a pupil';
    is who('tina@skola.example'), 'teacher 1, in teacher 2', 'a teacher';
    is who('rut@skola.example'), 'school_admin 1', 'a head';
    is who($_), 'nobody', "not $_"
        for qw(sia@skola.example vera@skola.example);
    is $run->{json}{users}{not_taken}, 2, 'a nurse and a guardian';

    my %column = map { ("$_->{file} $_->{column}" => $_) }
        @{ $run->{json}{columns_not_taken} };
    is $column{'persons civicNo'}{values}, 16, 'national numbers are counted';
    is $column{'persons civicNo'}{reason},
        'national numbers are never taken', 'and why they are not taken';
    ok $column{"persons $_"}, "so is $_" for qw(middleName securityMarking);
    ok $column{'persons/enrolments schoolYear'}, 'so is what is deeper';
    my %rest = map { ($_->{file} => $_->{rows}) }
        @{ $run->{json}{files_not_taken} };
    is $rest{'groups of other types'}, 1, 'a group of staff is no class';
    is $rest{'activities of other types'}, 1, 'a break is no lesson';
    unlike $run->{all}, qr/201301012384|hemma|Mellan|Elev|token-|cret/,
        'no value is shown';

    is $school->db->selectrow_array('SELECT count(*) FROM data.contact AS c'
        . ' JOIN pupil.tenant AS t USING (tenant) WHERE tenant = ? AND email'
        . ' IS NOT NULL AND owner <> t.decoy', undef, $school->tenant), 2,
        'addresses are of staff alone';

    my @asked = grep { $_->[0] ne '/token' } $peer->asked;
    my @pages = grep { $_->[0] eq 'persons' } @asked;
    is @pages, 4, 'sixteen persons are four pages of five';
    is_deeply [sort keys %{ $pages[1][1] }], [qw(limit pageToken)],
        'a page is asked for by its token alone';
    is_deeply [grep { $_->[2]{authorization} ne 'Bearer token-1' } @asked],
        [], 'one token is enough';

    taken($run = import($peer, @how, $file), 'once more');
    is $run->{json}{$_}{changed}, 0, "no change of $_"
        for qw(institutions classes users roles enrolments);

    $peer->faults(persons => [{}, { status => 401 }]);
    taken(import($peer, @how, $file), 'a token that is over half way');
    is scalar(grep { $_->[0] eq '/token' } $peer->asked), 2,
        'is asked for anew';
    $peer->faults(persons => [({ status => 401 }) x 2]);
    is import($peer, @how, $file)->{code}, 1, 'once';

    $login{client_secret} = 's:cret/2';
    $run = import($peer, @how, credentials(JSON::XS::encode_json(\%login)));
    is $run->{code}, 1, 'with another secret';
    like $run->{err}, qr/the token: status 401/, 'it is said';
    unlike $run->{all}, qr/cret/, 'without the secret, which the server says';
};

subtest 'other ways in' => sub {
    fresh();
    my @ca = ('--ca', $ca->{ca});
    for my $login (['authorization', 'Bearer tok3n', '{"bearer":"tok3n"}'],
                   ['x-api-key', 'k3y', '{"api_key":"k3y"}'],
                   ['ocp-key', 'k3y', '{"api_key":"k3y","header":"Ocp-Key"}'])
    {
        my $one = Pupil::Ss12000->new(tls => 1, login => $login);
        $one->tell(school());
        taken(import($one, @ca, '--plan', '--credentials',
                     credentials($login->[2])), "$login->[0]");
        is import($one, @ca)->{code}, 1, 'and not without';
    }

    for my $bad (['no JSON', '{"bearer":'], ['a number', '{"bearer":1}'],
                 ['two of them', '{"bearer":"a","api_key":"b"}'],
                 ['another name', '{"bearer":"a","password":"b"}'],
                 ['none', '{}'], ['a line break', '{"bearer":"a\nb: c"}'],
                 ['half of it', '{"token_url":"https://localhost/"}'],
                 ['a field that is none',
                  '{"api_key":"a","header":"x: y"}'],
                 ['a token by plain HTTP', '{"token_url":"http://a.example/",'
                  . '"client_id":"a","client_secret":"b"}'])
    {
        $plain->tell(school());
        is imported(school(), '--plan', '--credentials',
                    credentials($bad->[1]))->{code}, 1,
            "credentials: $bad->[0]";
        is_deeply [$plain->asked], [], 'nothing was asked';
    }

    my $run = imported(school(), '--credentials',
                       credentials('{"bearer":"a"}', 0640));
    is $run->{code}, 1, 'a file that others read';
    like $run->{err}, qr/not its owner's alone/, 'is refused';

    for my $url ('http://localhost/', 'http://school.example/', 'school',
                 'ftp://127.0.0.1/', 'https://a:b@school.example/',
                 'https://school.example/?key=1', 'file:///etc/passwd')
    {
        is $school->ctl('import', 'ss12000', $url, $school->ctl_where)
            ->{code}, 1, "not of $url";
    }

    is import($plain, '--limit', $_)->{code}, 1, "not $_ a page"
        for 0, 'x', 100_001;

    my $strange = $school->ctl('import', 'ss12000', $peer->url,
                               $school->ctl_where);
    is $strange->{code}, 1, 'a certificate of an authority that is not known';
    live(0, 0, 0, 0, 0);
};


subtest 'organisations under another name, as the standard has them' => sub {
    fresh();
    my $world = school();
    $plain->tell($world);
    $plain->faults(organisations => [{ body => JSON::XS::encode_json({
        data => $world->{organisations}, pageToken => undef }) }]);
    taken(import($plain), 'data');
    live(@all);
};


# ---- a server that fails

my $page = JSON::XS::encode_json({ data => [], pageToken => undef });

subtest 'what is not answered whole changes nothing' => sub {
    fresh();
    taken(imported(school()), 'a school');
    my $gone = school(sub { splice @{ $_->{persons} }, 0, 3 });

    for my $fault (
        ['a refusal', { status => 401 }, qr/status 401/],
        ['another', { status => 403 }, qr/status 403/],
        ['a failure', { status => 500 }, qr/status 500/],
        ['a redirect', { status => 302, head => {
            Location => 'http://127.0.0.1/' } }, qr/status 302/],
        ['a body that was cut', { cut => 100 }, qr/GET persons: /],
        ['no JSON', { body => '{"data":[{"givenName":"Elev' },
         qr/no JSON, or was cut/],
        ['nothing', { body => '' }, qr/no JSON/],
        ['a page', { body => '<html>Elev1</html>' }, qr/no JSON/],
        ['a list', { body => '[]' }, qr/has no data/],
        ['data that is no list', { body => '{"data":{}}' }, qr/has no data/],
        ['Latin-1', { body => "{\"data\":[\"\xe9\"]}" }, qr/no JSON/],
        ['a name that is there twice', { body => '{"data":[],"data":[]}' },
         qr/no JSON/],
        ['a page that repeats', { again => 1, token => 't+16=' },
         qr/page 2: was there before/],
        ['a token that goes round', { token => 't+10=' },
         qr/pageToken was there before/],
        ['a token that is none', { token => 7 }, qr/its pageToken is none/],
        ['a token without end', { token => 'x' x 9000 },
         qr/its pageToken is none/],
        ['a page that is too large', { body => ' ' x (65 << 20) },
         qr/larger than/],
        ['a wait that is too long', { status => 503, head => {
            'Retry-After' => 3600 } }, qr/asked again in 3600/],
        ['a stall', { stall => 40 }, qr/Timeout/])
    {
        my ($name, $what, $says) = @$fault;
        $plain->tell($gone);
        $plain->faults(persons => [{}, $what]);
        my $run = import($plain, '--limit', 10, '--close-absent',
                         '--confirm-removal');
        is $run->{code}, 1, $name or diag $run->{all};
        like $run->{err}, $says, 'is said';
        unlike $run->{all}, qr/Elev|givenName/, 'and not what it said';
    }
    live(@all);
};

subtest 'a server that asks for patience' => sub {
    fresh();
    for my $busy ([429, { 'Retry-After' => 2 }, 2], [503, {}, 1],
                  [502, {}, 1], [504, {}, 1])
    {
        my ($status, $head, $least) = @$busy;
        $plain->tell(school());
        $plain->faults(persons => [{}, { status => $status, head => $head }]);
        my $start = time;
        taken(import($plain, '--limit', 10), "one $status");
        cmp_ok time - $start, '>=', $least, 'it was waited';
    }
    $plain->faults(groups => [({ status => 503, head => {
        'Retry-After' => 1 } }) x 9]);
    is import($plain)->{code}, 1, 'always 503';
    is scalar(grep { $_->[0] eq 'groups' } $plain->asked), 5,
        'it is asked five times';
};


# ---- what is not understood

# persons:N is the number of the item in all pages.
my @odd = (
    ['a protected identity', sub {
        $_->{persons}[2]{securityMarking} = 'Skyddad folkbokföring' },
     ['persons:3: its identity is protected: such a person is added by hand']],
    ['a mark that nobody knows', sub {
        $_->{persons}[2]{securityMarking} = 'Hemlig' },
     ['persons:3: its identity is protected: such a person is added by hand']],
    ['a mark that is no text', sub {
        $_->{persons}[2]{securityMarking} = JSON::XS::true() },
     ['persons:3: its securityMarking is no text']],
    ['an id twice', sub {
        push @{ $_->{persons} }, { %{ $_->{persons}[0] },
                                   givenName => 'En annan' } },
     ['persons:17: its id is there already, in line 1']],
    ['no id', sub { delete $_->{persons}[2]{id} },
     ['persons:3: its id is empty, longer than 255 bytes or no UTF-8',
      'groups/groupMemberships:1: its user is not in the roster',
      'groups/groupMemberships:2: its user is not in the roster']],
    ['a person who is none', sub { $_->{persons}[13] = 'Elev1' },
     ['persons:14: its id is empty, longer than 255 bytes or no UTF-8',
      'duties:2: its user is not in the roster']],
    ['a name that is none', sub { $_->{persons}[2]{givenName} = ['x'] },
     ['persons:3: its givenName is no text']],
    ['names that are no list', sub {
        $_->{persons}[2]{eduPersonPrincipalNames} = 'x' },
     ['persons:3: its eduPersonPrincipalNames is no list']],
    ['enrolments that are none', sub { $_->{persons}[2]{enrolments} = 'x' },
     ['persons:3: its enrolments is no list']],
    ['an enrolment that is none', sub {
        $_->{persons}[2]{enrolments} = [1] },
     ['persons:3: has a role that is not understood',
      'persons/enrolments:3: is no object']],
    ['an enrolment nowhere', sub {
        delete $_->{persons}[2]{enrolments}[0]{enroledAt} },
     ['persons:3: has a role that is not understood',
      'persons/enrolments:3: its enroledAt.id is missing']],
    ['a school that nobody knows', sub {
        push @{ $_->{persons}[2]{enrolments} },
            Pupil::Ss12000::enrolled(9) },
     ['persons/enrolments:3: its institution is not in the roster']],
    ['a role that nobody knows', sub {
        $_->{duties}[0]{dutyRole} = 'Trollkarl' },
     ['persons:13: has a role that is not understood',
      'duties:1: its dutyRole is none that is known']],
    ['a duty of something else', sub { $_->{duties}[1]{person} = 'x' },
     ['duties:2: its person.id is no text', 'persons:14: has no role',
      'persons:16: has no role']],
    ['a duty without a role', sub { delete $_->{duties}[1]{dutyRole} },
     ['persons:14: has a role that is not understood',
      'duties:2: its dutyRole is missing']],
    ['a type of group that nobody knows', sub {
        $_->{groups}[1]{groupType} = 'Lag' },
     ['groups:2: its groupType is none that is known']],
    ['members that are no list', sub {
        $_->{groups}[1]{groupMemberships} = {} },
     ['groups:2: its groupMemberships is no list']],
    ['a member who is none', sub {
        $_->{groups}[1]{groupMemberships}[0] = { person => 'x' } },
     ['groups/groupMemberships:2: its person.id is no text']],
    ['a day that is none', sub {
        $_->{groups}[1]{groupMemberships}[0]{endDate} =
            '2026-10-15T00:00:00Z' },
     ['groups/groupMemberships:2: its endDate is no date']],
    ['a day that the calendar does not have', sub {
        $_->{groups}[1]{groupMemberships}[0]{endDate} = '2027-02-30' },
     ['groups/groupMemberships:2: its last day is no date']],
    ['an enrolment cancelled by a text', sub {
        $_->{persons}[2]{enrolments}[0]{cancelled} = 'true' },
     ['persons/enrolments:3: its cancelled is neither true nor false']],
    ['an activity of an unknown type', sub {
        $_->{activities}[0]{activityType} = 'Lek' },
     [('activities/teachers:1: its activityType is none that is known') x 2]],
    ['a teacher without a duty', sub {
        $_->{activities}[0]{teachers} = [{ duty => { id => 'x' } }] },
     [('activities/teachers:1: a duty of its teachers is not in the roster')
      x 2]],
    ['an activity of no groups', sub { $_->{activities}[0]{groups} = 'x' },
     ['activities/teachers:1: its groups, or its teachers, are no list']],
    ['a deleted one that is none', sub {
        $_->{deletedEntities}{persons} = [{}] },
     ['deletedEntities/persons:1: its id is empty, longer than 255 bytes or'
      . ' no UTF-8']],
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
        unlike $run->{all}, qr/Elev|En annan|Trollkarl|Hemlig/,
            'and no value is shown';
        is $run->{json}{ended}{$_}, 0, "no $_ ended" for qw(roles enrolments);
    }
    live(@all);
};

subtest 'what a server calls something may be what somebody is called' => sub {
    fresh();
    my $run = imported(school(sub {
        my $person = $_->{persons}[0];
        @$person{qw(birthDate Annabella ANNA9)} = ('2013-01-01', 1, 1);
        $_->{groups}[0]{Annabella} = { x => 1 };
        $_->{persons}[1]{enrolments}[0]{Annabella} = 'x';
    }));
    taken($run, 'names that the standard does not have');
    unlike $run->{all}, qr/anna/i, 'are not shown';
    my @columns = map { "$_->{file} $_->{column} $_->{values}" }
        @{ $run->{json}{columns_not_taken} };
    ok((grep { $_ eq 'persons birthDate 1' } @columns), 'one that it has is');
    for my $file (qw(persons groups persons/enrolments)) {
        is scalar(grep { /^$file another 1$/ } @columns), 1,
            "and of $file another is counted";
    }
    live(@all);
};


subtest 'a duty that may be anybody\'s ends nobody\'s' => sub {
    fresh();
    my $two = sub { push @{ $_->{duties} },
                        Pupil::Ss12000::duty(4, 20, 'Rektor') };
    taken(imported(school($two)), 'a teacher who is a head as well');
    my $run = imported(school(sub { $two->();
        $_->{duties}[3]{person} = { id => 20 } }));
    is_deeply [grep { /duties/ } @{ refused($run) }],
        ['duties:4: its person.id is no text'], 'of one it is not said whose';
    is who('tina@skola.example'), 'school_admin 1 teacher 1, in teacher 2',
        'both stay';
};


# ---- days, and who leaves

subtest 'days' => sub {
    for my $case (
        ['the last day is a day of it', day(-30), day(0), 'pupil 1, in pupil 1'],
        ['it ended yesterday', day(-30), day(-1), 'pupil 1'],
        ['it begins today', day(0), undef, 'pupil 1, in pupil 1'],
        ['it begins tomorrow', day(1), day(9), 'pupil 1'])
    {
        my ($name, $from, $to, $want) = @$case;
        fresh();
        taken(imported(school(sub {
            $_->{groups}[1]{groupMemberships} = [];
            @{ $_->{groups}[0]{groupMemberships}[0] }{qw(startDate endDate)} =
                ($from, $to);
        })), $name);
        is who('elev1@skola.example'), $want, 'a membership';
    }

    fresh();
    taken(imported(school(sub {
        $_->{persons}[0]{enrolments}[0]{endDate} = day(-1);
        $_->{duties}[0]{endDate} = day(-1);
        $_->{groups}[1]{endDate} = day(-1);
        $_->{persons}[1]{enrolments}[0]{cancelled} = JSON::XS::true();
    })), 'an enrolment, a duty and a group that are over');
    is who('elev1@skola.example'), 'no role, in pupil 1', 'a pupil';
    is who('tina@skola.example'), 'no role, in teacher 1', 'a teacher';
    is who('elev2@skola.example'), 'no role, in pupil 1', 'who never began';
    is who('elev3@skola.example'), 'pupil 1, in pupil 1',
        'who is in a group that is over';
};

subtest 'who is deleted leaves, and who is absent with --close-absent' => sub {
    fresh();
    my $choir = Pupil::Ss12000::group(4, 'Kör', 'Undervisning', 5);
    my $with = sub { push @{ $_->{groups} }, $choir };
    my $without = sub {
        my $world = $_;
        splice @{ $world->{persons} }, 0, 2;
        splice @{ $_->{groupMemberships} }, 0, 2
            for @{ $world->{groups} }[0, 1];
    };

    taken(imported(school($with)), 'a school');
    is who('elev5@skola.example'), 'pupil 1, in pupil 3', 'one of the choir';
    taken(imported(school(sub { $with->(); $without->() })), 'two are absent');
    is who('elev1@skola.example'), 'pupil 1, in pupil 2', 'and stay';
    my $run = imported(school(sub { $with->(); $without->();
        $_->{deletedEntities} = { persons => [Pupil::Ss12000::id('p', 1)] };
    }));
    taken($run, 'one of them was deleted');
    is who('elev1@skola.example'), 'no role', 'and is gone';
    is $run->{json}{closed}, 1, 'the account is closed';
    is who('elev2@skola.example'), 'pupil 1, in pupil 2', 'the other one stays';
    taken(imported(school(sub { $with->(); $without->() }), '--close-absent'),
          'with --close-absent');
    is who('elev2@skola.example'), 'no role', 'nobody does';

    taken(imported(school(sub { $without->();
        $_->{deletedEntities} = { groups => [Pupil::Ss12000::id('g', 4)],
                                  persons => [Pupil::Ss12000::id('p', 3)] };
    })), 'a group was deleted');
    is who('elev5@skola.example'), 'pupil 1, in pupil 2', 'and is gone';
    is who('elev3@skola.example'), 'pupil 1, in pupil 2',
        'who is there as well is there';

    taken(imported(school(sub { $without->();
        delete $_->{deletedEntities} })), 'a server without deletions');
    is imported(school(sub { @{ $_->{persons} } = () }), '--close-absent')
        ->{code}, 3, 'a school without people is held';
};


# ---- what has changed since

subtest 'the last good run' => sub {
    fresh();
    my $state = tmp_dir() . '/state';
    my @how = ('--state', $state);
    taken(imported(school(), @how, '--plan'), 'a plan');
    ok !-e $state, 'is no run';
    taken(imported(school(), @how), 'the first time');
    is((stat $state)[2] & 07777, 0600, 'the state is its owner\'s');
    unlike slurp($state), qr/Elev|Skola/, 'and of nobody';

    my $run = imported(school(), @how);
    taken($run, 'nothing has changed');
    ok $run->{json}{unchanged_since}, 'which it says';
    is_deeply [map { $_->[0] } $plain->asked], [qw(organisations duties persons
        groups activities deletedEntities)], 'one question each';

    $run = imported(school(sub {
        $_->{persons}[0]{meta} = Pupil::Ss12000::meta(now());
        $_->{persons}[0]{familyName} = 'Alm' }), @how);
    taken($run, 'one has another name');
    is $run->{json}{users}{changed}, 1, 'which is taken';
    is $run->{json}{users}{unchanged}, 13, 'and everybody else is there';

    taken($run = imported(school(sub {
        shift @{ $_->{persons} };
        $_->{deletedEntities} = { persons => [Pupil::Ss12000::id('p', 1)] };
    }), @how, '--close-absent'), 'one was deleted');
    is who('elev1@skola.example'), 'no role', 'and leaves';

    my $before = slurp($state);
    $plain->faults(groups => [{}, { status => 500 }]);
    is import($plain, @how, '--close-absent')->{code}, 1, 'a run that fails';
    is imported(school(sub { @{ $_->{persons} } = ();
        $_->{deletedEntities} = { persons => ['x'] } }), @how,
        '--close-absent')->{code}, 3, 'one that is held';
    is slurp($state), $before, 'neither was good';

    is import($plain, @how, '--source', 'another')->{code}, 1,
        'the state of another source';
    spew($state, '{}');
    is import($plain, @how)->{code}, 1, 'a state that is none';
};

subtest 'planned, then applied' => sub {
    fresh();
    my $run = imported(school(), '--plan');
    live(0, 0, 0, 0, 0);
    is $run->{json}{changes}{joins}, 14, 'fourteen would join';
    taken(imported(school(), '--apply', $run->{json}{apply}), 'applied');
    live(@all);
};

done_testing;
